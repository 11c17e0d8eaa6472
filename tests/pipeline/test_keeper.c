/* The processes that open and make files for others: what they give, refuse and clean up. */
#include "pipeline/file_wire.h"
#include "pipeline/input.h"
#include "pipeline/publish.h"
#include "pipeline/sequence.h"
#include "tests/support/tree.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_file(const char *name, const char *bytes)
{
    int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0644);
    cr_assert_eq(write(fd, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
    close(fd);
}

static bool holds(const char *name, const char *bytes)
{
    char found[64] = "";
    int fd = open(name, O_RDONLY);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, found, sizeof(found) - 1);
    close(fd);
    return got >= 0 && strcmp(found, bytes) == 0;
}

static int files_here(void)
{
    FILE *pipe = popen("ls -A | wc -l", "r");
    int count = -1;
    cr_assert_eq(fscanf(pipe, "%d", &count), 1);
    (void)pclose(pipe);
    return count;
}

static int ask(int socket, uint32_t kind, uint64_t number, struct fw_file_answer *answer)
{
    const struct fw_file_ask question = { .kind = kind, .number = number };
    int fd = -1;
    cr_assert_eq(fw_file_ask(socket, &question, answer, &fd, NULL), FW_OK);
    return fd;
}

Test(opener, opens_what_it_lists, .init = tree_enter, .fini = tree_leave)
{
    struct fw_settings settings;
    struct fw_opened opened;
    struct fw_file_answer answer;
    char found[8] = "";
    write_file("1.png", "one");
    write_file("3.png", "three");
    fw_settings_init(&settings);
    cr_assert_eq(fw_settings_set(&settings, "input", "%d.png", NULL), FW_OK);
    cr_assert_eq(fw_settings_set(&settings, "gaps", "hold", NULL), FW_OK);
    cr_assert_eq(fw_sequence_recognize(&settings, NULL), FW_OK);
    cr_assert_eq(fw_opened_open(&opened, &settings, NULL), FW_OK);
    cr_assert_eq(ask(opened.fd, FW_FILE_COUNT, 0, &answer), -1);
    cr_assert_eq(answer.count, 3);
    int fd = ask(opened.fd, FW_FILE_OPEN, 2, &answer);
    cr_assert_geq(fd, 0);
    cr_assert_eq(read(fd, found, 5), 5);
    cr_assert_str_eq(found, "three");
    cr_assert_str_eq(answer.name, "3.png");
    cr_assert_lt(write(fd, "x", 1), 0, "it can be written");
    close(fd);
    cr_assert_eq(ask(opened.fd, FW_FILE_OPEN, 1, &answer), -1);
    cr_assert_eq(answer.flags, FW_FILE_REPEAT);
    cr_assert_eq(ask(opened.fd, FW_FILE_OPEN, 3, &answer), -1);
    cr_assert_eq(answer.err.status, FW_ERR_INTERNAL);
    cr_assert_eq(ask(opened.fd, FW_FILE_MAKE, 0, &answer), -1);
    cr_assert_eq(answer.err.status, FW_ERR_INTERNAL);
    cr_assert_eq(unlink("1.png"), 0);
    cr_assert_eq(ask(opened.fd, FW_FILE_OPEN, 0, &answer), -1);
    cr_assert_eq(answer.err.status, FW_ERR_INPUT);
    fw_process_signal(&opened.opener, 9);
    const struct fw_file_ask question = { .kind = FW_FILE_COUNT };
    while (fw_file_ask(opened.fd, &question, &answer, &fd, NULL) == FW_OK)
        continue;
    cr_assert_eq(fw_file_ask(opened.fd, &question, &answer, &fd, NULL), FW_ERR_DIED);
    fw_opened_close(&opened);
    fw_settings_deinit(&settings);
}

/* An output of `count` pictures, made and filled with their numbers. */
static void open_output(struct fw_output *output, enum fw_exists exists, uint64_t count)
{
    struct fw_settings settings;
    struct fw_file_answer answer;
    fw_settings_init(&settings);
    settings.exists = exists;
    cr_assert_eq(fw_settings_set(&settings, "output", "o%d.png", NULL), FW_OK);
    cr_assert_eq(fw_output_open(output, &settings, count, NULL), FW_OK);
    cr_assert_eq(output->kind, FW_OUTPUT_PICTURES);
    for (uint64_t i = 0; i < count; i++) {
        char bytes[2] = { (char)('1' + (int)i), '\0' };
        int fd = ask(output->fd, FW_FILE_MAKE, i, &answer);
        cr_assert_geq(fd, 0);
        cr_assert_eq(write(fd, bytes, 1), 1);
        close(fd);
    }
    output->file_count = count;
    fw_settings_deinit(&settings);
}

Test(keeper, files_get_names_together, .init = tree_enter, .fini = tree_leave)
{
    struct fw_output output;
    struct fw_file_answer answer;
    char name[4096];
    open_output(&output, FW_EXISTS_FAIL, 3);
    cr_assert_eq(access("o1.png", F_OK), -1);
    cr_assert_eq(ask(output.fd, FW_FILE_MAKE, 1, &answer), -1);
    cr_assert_eq(answer.err.status, FW_ERR_INTERNAL, "a number twice");
    cr_assert_eq(ask(output.fd, FW_FILE_OPEN, 0, &answer), -1);
    cr_assert_eq(answer.err.status, FW_ERR_INTERNAL);
    cr_assert_eq(fw_output_commit(&output, false, name, sizeof(name), NULL), FW_OK);
    cr_assert_str_eq(name, "o%d.png");
    fw_output_close(&output);
    cr_assert(holds("o1.png", "1") && holds("o2.png", "2") && holds("o3.png", "3"));
    cr_assert_eq(files_here(), 3);
}

Test(keeper, without_commit_nothing_is_left, .init = tree_enter, .fini = tree_leave)
{
    struct fw_output output;
    open_output(&output, FW_EXISTS_FAIL, 2);
    fw_output_close(&output);
    cr_assert_eq(files_here(), 0);
}

Test(keeper, nothing_is_replaced_unless_asked, .init = tree_enter, .fini = tree_leave)
{
    struct fw_output output;
    struct fw_error err = { 0 };
    char name[4096];
    open_output(&output, FW_EXISTS_FAIL, 3);
    write_file("o3.png", "old");
    cr_assert_eq(fw_output_commit(&output, false, name, sizeof(name), &err), FW_ERR_OUTPUT);
    cr_assert_not_null(strstr(err.text, "o3.png appeared"));
    fw_output_close(&output);
    cr_assert(holds("o3.png", "old"));
    cr_assert_eq(files_here(), 1);
    open_output(&output, FW_EXISTS_REPLACE, 3);
    cr_assert_eq(fw_output_commit(&output, false, name, sizeof(name), NULL), FW_OK);
    fw_output_close(&output);
    cr_assert(holds("o3.png", "3"));
    cr_assert_eq(files_here(), 3);
}

Test(keeper, a_lost_picture_takes_all_names_back, .init = tree_enter, .fini = tree_leave)
{
    struct fw_output output;
    char name[4096];
    open_output(&output, FW_EXISTS_FAIL, 2);
    output.file_count = 3;
    cr_assert_eq(fw_output_commit(&output, false, name, sizeof(name), NULL), FW_ERR_VERIFY);
    fw_output_close(&output);
    cr_assert_eq(files_here(), 0);
}

Test(keeper, interrupted_names, .init = tree_enter, .fini = tree_leave)
{
    struct fw_output output;
    char name[4096];
    write_file("o2.interrupted.png", "old");
    open_output(&output, FW_EXISTS_FAIL, 2);
    cr_assert_eq(fw_output_commit(&output, true, name, sizeof(name), NULL), FW_OK);
    cr_assert_str_eq(name, "o%d.interrupted-2.png");
    fw_output_close(&output);
    cr_assert(holds("o1.interrupted-2.png", "1") && holds("o2.interrupted.png", "old"));
    cr_assert_eq(files_here(), 3);
}
