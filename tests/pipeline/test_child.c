/* One question to one process: answers, errors, deaths, and what a child still holds. */
#include "pipeline/child.h"

#include <criterion/criterion.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum question {
    ANSWER,
    NOTHING,
    REFUSE,
    LIE,
    ODD,
    SIGNAL,
    HANG,
    WAIT,
    BEAT,
    LEAVE,
    DESCRIPTORS,
    KEYBOARD
};

struct asked {
    enum question question;
    struct fw_control *control;
};

static int cancel_fd;

#define ANSWER_BYTES 3000000u

static int answer_long(int result_fd, struct fw_error *err)
{
    char block[1000];
    memset(block, 'x', sizeof(block));
    for (uint32_t i = 0; i < ANSWER_BYTES / sizeof(block); i++) {
        if (fw_child_answer(result_fd, block, sizeof(block), err) < 0)
            return err->status;
    }
    return FW_OK;
}

static int answer_descriptors(int result_fd)
{
    DIR *folder = opendir("/proc/self/fd");
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && fd != dirfd(folder) && fd != result_fd)
            (void)dprintf(result_fd, "%d ", fd);
    }
    (void)closedir(folder);
    return FW_OK;
}

static int body(void *arg, int result_fd, struct fw_error *err)
{
    const struct asked *asked = arg;
    switch (asked->question) {
    case ANSWER:
        return answer_long(result_fd, err);
    case REFUSE:
        return fw_fail(err, FW_ERR_INPUT, "no media");
    case LIE:
        memset(err->text, 'x', sizeof(err->text));
        return -1000;
    case ODD:
        return FW_END;
    case BEAT:
        for (int i = 0; i < 12; i++) {
            atomic_fetch_add(&asked->control->procs[0].beat, 1);
            (void)usleep(50000);
        }
        return FW_OK;
    case KEYBOARD:
        (void)raise(SIGINT);
        (void)raise(SIGTERM);
        (void)raise(SIGHUP);
        (void)!write(STDERR_FILENO, "\033]0;x\007", 6);
        return FW_OK;
    case SIGNAL: {
        const struct rlimit none = { 0, 0 };
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)signal(SIGSEGV, SIG_DFL); /* a sanitizer would turn it into an exit */
        (void)raise(SIGSEGV);
        return FW_OK;
    }
    case HANG:
    case WAIT:
        (void)pause();
        return FW_OK;
    case LEAVE:
        _exit(3);
    case DESCRIPTORS:
        return answer_descriptors(result_fd);
    default:
        return FW_OK;
    }
}

static int ask(enum question question, const int *keep, uint32_t count, char **text_out,
               size_t *bytes_out, struct fw_error *err)
{
    void *bytes = NULL;
    struct fw_control *control = fw_child_map_control();
    struct asked asked = { question, control };
    const struct fw_child_question call = { .body = body,
                                            .arg = &asked,
                                            .keep_fds = keep,
                                            .keep_count = count,
                                            .timeout_ms = question == HANG || question == BEAT
                                                              ? 300
                                                              : 10000,
                                            .cancel_fd = question == WAIT ? cancel_fd : 0,
                                            .proc = &control->procs[0] };
    int status = fw_child_call(&call, &bytes, bytes_out, err);
    fw_child_unmap_control(control);
    *text_out = bytes;
    cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1, "a child is left");
    return status;
}

Test(child, gives_back_a_long_answer)
{
    struct fw_error err = { 0 };
    char *text;
    size_t bytes;
    cr_assert_eq(ask(ANSWER, NULL, 0, &text, &bytes, &err), FW_OK, "%s", err.text);
    cr_assert_eq(bytes, ANSWER_BYTES);
    cr_expect_eq(text[ANSWER_BYTES], '\0');
    cr_expect_eq(strspn(text, "x"), bytes);
    free(text);
    cr_assert_eq(ask(NOTHING, NULL, 0, &text, &bytes, &err), FW_OK);
    cr_expect_eq(bytes, 0);
    free(text);
}

Test(child, carries_errors_and_doubts_them)
{
    struct fw_error err = { 0 };
    char *text;
    size_t bytes;
    cr_assert_eq(ask(REFUSE, NULL, 0, &text, &bytes, &err), FW_ERR_INPUT);
    cr_expect_str_eq(err.text, "no media");
    cr_expect_null(text);
    err = (struct fw_error){ 0 };
    cr_assert_eq(ask(LIE, NULL, 0, &text, &bytes, &err), FW_ERR_INTERNAL);
    cr_expect_lt(strlen(err.text), sizeof(err.text));
    err = (struct fw_error){ 0 };
    cr_assert_eq(ask(ODD, NULL, 0, &text, &bytes, &err), FW_ERR_INTERNAL);
}

Test(child, has_time_as_long_as_it_beats)
{
    struct fw_error err = { 0 };
    char *text;
    size_t bytes;
    cr_assert_eq(ask(BEAT, NULL, 0, &text, &bytes, &err), FW_OK, "%s", err.text);
    free(text);
}

Test(child, is_ended_when_the_caller_is_told_to_stop)
{
    struct fw_error err = { 0 };
    char *text;
    size_t bytes;
    cancel_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    cr_assert_eq(ask(WAIT, NULL, 0, &text, &bytes, &err), FW_ERR_CANCELLED, "%s", err.text);
    cr_expect_eq(close(cancel_fd), 0);
}

Test(child, leaves_the_keyboard_and_the_terminal_to_the_caller)
{
    struct fw_error err = { 0 };
    char *text;
    size_t bytes;
    int seen[2];
    cr_assert_eq(pipe2(seen, O_CLOEXEC | O_NONBLOCK), 0);
    int old = dup(STDERR_FILENO);
    (void)dup2(seen[1], STDERR_FILENO);
    int status = ask(KEYBOARD, NULL, 0, &text, &bytes, &err);
    (void)dup2(old, STDERR_FILENO);
    cr_expect_eq(status, FW_OK, "%s", err.text);
    char byte;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    cr_expect_eq(read(seen[0], &byte, 1), -1, "a locked process wrote to the terminal");
#else
    (void)byte;
#endif
    free(text);
}

Test(child, names_how_a_child_ended)
{
    struct fw_error err = { 0 };
    char *text;
    size_t bytes;
    cr_assert_eq(ask(SIGNAL, NULL, 0, &text, &bytes, &err), FW_ERR_DIED);
    cr_expect_not_null(strstr(err.text, "SIGSEGV"), "%s", err.text);
    err = (struct fw_error){ 0 };
    cr_assert_eq(ask(LEAVE, NULL, 0, &text, &bytes, &err), FW_ERR_DIED);
    cr_expect_not_null(strstr(err.text, "code 3"), "%s", err.text);
    err = (struct fw_error){ 0 };
    cr_assert_eq(ask(HANG, NULL, 0, &text, &bytes, &err), FW_ERR_STALLED);
}

Test(child, keeps_only_what_is_named)
{
    struct fw_error err = { 0 };
    char *text;
    size_t bytes;
    const int keep[] = { 40, 30 };
    int open_fd = open("/dev/null", O_RDONLY);
    cr_assert(dup2(open_fd, 30) == 30 && dup2(open_fd, 40) == 40 && dup2(open_fd, 41) == 41);
    cr_assert_eq(ask(DESCRIPTORS, keep, 2, &text, &bytes, &err), FW_OK, "%s", err.text);
    int zero, one, two, first, second, third, more;
    int found = sscanf(text, "%d %d %d %d %d %d %d", &zero, &one, &two, &first, &second, &third,
                       &more);
    /* 0, 1, 2, the pipe for errors, and the two. */
    cr_expect_eq(found, 6, "%s", text);
    cr_expect(second == 30 && third == 40, "%s", text);
    free(text);
    uint32_t too_many = FW_CHILD_KEEP_MAX + 1;
    cr_expect_eq(ask(NOTHING, keep, too_many, &text, &bytes, &err), FW_ERR_INTERNAL);
}
