/* Which files an input of pictures consists of, and what an output's name means. */
#include "pipeline/sequence.h"
#include "tests/support/tree.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char text[512];

static void touch(const char *name)
{
    int fd = open(name, O_CREAT | O_WRONLY, 0644);
    cr_assert_geq(fd, 0, "%s", name);
    close(fd);
}

static void touch_numbers(const int *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(text, sizeof(text), "f%d.png", numbers[i]);
        touch(text);
    }
}

/* Settings of an input and output. */
static struct fw_settings settings_of(const char *input, const char *output)
{
    struct fw_settings settings;
    fw_settings_init(&settings);
    if (input)
        cr_assert_eq(fw_settings_set(&settings, "input", input, NULL), FW_OK);
    if (output)
        cr_assert_eq(fw_settings_set(&settings, "output", output, NULL), FW_OK);
    return settings;
}

static int recognize(const char *input, const char *option, const char *value, bool *pictures)
{
    struct fw_settings settings = settings_of(input, "out.mkv");
    if (option)
        cr_assert_eq(fw_settings_set(&settings, option, value, NULL), FW_OK);
    int status = fw_sequence_recognize(&settings, NULL);
    *pictures = settings.pictures;
    fw_settings_deinit(&settings);
    return status;
}

Test(sequence, recognized_by_name_alone, .init = tree_enter, .fini = tree_leave)
{
    bool pictures = false;
    cr_assert_eq(mkdir("d", 0755), 0);
    touch("odd%03d.png");
    cr_assert_eq(symlink("nowhere", "link%03d.png"), 0);
    const struct {
        const char *name;
        bool pictures;
    } rows[] = {
        { "d", true },
        { "d/", true },
        { "f%d.png", true },
        { "f{n:03}.png", true },
        { "odd%03d.png", false },
        { "f.png", false },
        { "-", false },
        { "link%03d.png", false },
        { "f%%.png", false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_assert_eq(recognize(rows[i].name, NULL, NULL, &pictures), FW_OK, "%s", rows[i].name);
        cr_assert_eq(pictures, rows[i].pictures, "%s", rows[i].name);
    }
    cr_assert_eq(recognize("f%d-%d.png", NULL, NULL, &pictures), FW_ERR_USAGE);
    cr_assert_eq(recognize("f.png", "gaps", "hold", &pictures), FW_ERR_USAGE);
    cr_assert_eq(recognize("f.png", "start_number", "3", &pictures), FW_ERR_USAGE);
    cr_assert_eq(recognize("f%d.png", "start_number", "3", &pictures), FW_OK);
    cr_assert_eq(recognize("f%d.png", "framerate", "fast", &pictures), FW_ERR_USAGE);
}

Test(sequence, the_rate, .init = tree_enter, .fini = tree_leave)
{
    struct fw_settings settings = settings_of("f%d.png", "out.mkv");
    cr_assert_eq(fw_sequence_recognize(&settings, NULL), FW_OK);
    cr_assert_eq(settings.picture_rate.num, 25);
    cr_assert_eq(fw_settings_set(&settings, "framerate", "12", NULL), FW_OK);
    cr_assert_eq(fw_sequence_recognize(&settings, NULL), FW_OK);
    cr_assert_eq(settings.picture_rate.num, 12);
    cr_assert_eq(fw_settings_set(&settings, "r", "ntsc", NULL), FW_OK);
    cr_assert_eq(fw_sequence_recognize(&settings, NULL), FW_OK);
    cr_assert_eq(settings.picture_rate.num, 30000);
    cr_assert_eq(fw_settings_pace(&settings).num, 0, "the output keeps the input's");
    fw_settings_deinit(&settings);
}

/* The names in order, joined by spaces, '=' for one that is repeated; the status when it fails. */
static int list(const struct fw_settings *settings, char *names, size_t bytes)
{
    struct fw_sequence sequence;
    char name[FW_PATTERN_BYTES + 1];
    bool repeat = false;
    int status = fw_sequence_open(&sequence, settings, NULL);
    names[0] = '\0';
    if (status < 0)
        return status;
    for (uint64_t i = 0; fw_sequence_name(&sequence, i, name, &repeat) == FW_OK; i++) {
        size_t used = strlen(names);
        (void)snprintf(names + used, bytes - used, "%s%s", used ? " " : "", repeat ? "=" : name);
    }
    (void)snprintf(name, sizeof(name), " +%llu", (unsigned long long)sequence.left_out);
    if (sequence.left_out > 0)
        strcat(names, name);
    fw_sequence_close(&sequence);
    return FW_OK;
}

Test(sequence, lists, .init = tree_enter, .fini = tree_leave)
{
    const int numbers[] = { 10, 2, 9, 3 };
    touch_numbers(numbers, 4);
    touch("f03.png");
    touch("f3.jpg");
    touch(".framewheel-1.tmp");
    touch("notes");
    cr_assert_eq(mkdir("f4.png", 0755), 0);
    struct fw_settings settings = settings_of("f%d.png", "out.mkv");
    cr_assert_eq(list(&settings, text, sizeof(text)), FW_ERR_INPUT);
    settings.gaps = FW_GAPS_HOLD;
    cr_assert_eq(list(&settings, text, sizeof(text)), FW_OK);
    cr_assert_str_eq(text, "f2.png f3.png = = = = = f9.png f10.png");
    settings.start_number_plus1 = 10;
    settings.gaps = FW_GAPS_ERROR;
    cr_assert_eq(list(&settings, text, sizeof(text)), FW_OK);
    cr_assert_str_eq(text, "f9.png f10.png");
    settings.start_number_plus1 = 9;
    cr_assert_eq(list(&settings, text, sizeof(text)), FW_ERR_INPUT);
    fw_settings_deinit(&settings);
    settings = settings_of(".", "out.mkv");
    cr_assert_eq(list(&settings, text, sizeof(text)), FW_OK);
    cr_assert_str_eq(text, "f2.png f3.jpg f3.png f03.png f9.png f10.png +1");
    settings.gaps = FW_GAPS_HOLD;
    cr_assert_eq(list(&settings, text, sizeof(text)), FW_ERR_USAGE);
    fw_settings_deinit(&settings);
}

Test(sequence, numbers_far_apart, .init = tree_enter, .fini = tree_leave)
{
    touch("1.png");
    touch("999999999999999999.png");
    struct fw_settings settings = settings_of("%d.png", "out.mkv");
    settings.gaps = FW_GAPS_HOLD;
    cr_assert_eq(list(&settings, text, sizeof(text)), FW_ERR_LIMIT);
    fw_settings_deinit(&settings);
}

static int spare(const char *input, const char *output)
{
    struct fw_sequence sequence;
    struct fw_settings settings = settings_of(input, output);
    cr_assert_eq(fw_sequence_open(&sequence, &settings, NULL), FW_OK);
    int status = fw_sequence_spare(&sequence, &settings, NULL);
    fw_sequence_close(&sequence);
    fw_settings_deinit(&settings);
    return status;
}

Test(sequence, pictures_are_not_overwritten, .init = tree_enter, .fini = tree_leave)
{
    const int numbers[] = { 1, 2 };
    touch_numbers(numbers, 2);
    cr_assert_eq(mkdir("d", 0755), 0);
    cr_assert_eq(spare("f%d.png", "f%d.png"), FW_ERR_USAGE);
    cr_assert_eq(spare("f%d.png", "./f{n}.png"), FW_ERR_USAGE);
    cr_assert_eq(spare(".", "f%d.png"), FW_ERR_USAGE);
    cr_assert_eq(spare(".", "f2.png"), FW_ERR_USAGE);
    cr_assert_eq(spare("f%d.png", "d/../f1.png"), FW_ERR_USAGE);
    cr_assert_eq(spare("f%d.png", "f%03d.png"), FW_OK);
    cr_assert_eq(spare("f%d.png", "d/f%d.png"), FW_OK);
    cr_assert_eq(spare("f%d.png", "f3.png"), FW_OK);
    cr_assert_eq(spare("f%d.png", "-"), FW_OK);
}

static int output(const char *name, const char *format, enum fw_still_kind *kind)
{
    struct fw_pattern pattern;
    struct fw_settings settings = settings_of(NULL, name);
    if (format)
        cr_assert_eq(fw_settings_set(&settings, "f", format, NULL), FW_OK);
    int status = fw_sequence_output(&settings, &pattern, kind, NULL);
    fw_settings_deinit(&settings);
    return status;
}

Test(sequence, outputs)
{
    enum fw_still_kind kind = FW_STILL_NONE;
    cr_assert_eq(output("a/%05d.png", NULL, &kind), FW_OK);
    cr_assert_eq(kind, FW_STILL_PNG);
    cr_assert_eq(output("{n}.JPG", "image2", &kind), FW_OK);
    cr_assert_eq(kind, FW_STILL_JPEG);
    cr_assert_eq(output("a%d/b.png", NULL, &kind), FW_END);
    cr_assert_eq(output("%d.mp4", NULL, &kind), FW_END);
    cr_assert_eq(output("%d.png", "mp4", &kind), FW_END);
    cr_assert_eq(output("-", NULL, &kind), FW_END);
    cr_assert_eq(output("%d%d.png", NULL, &kind), FW_ERR_USAGE);
}
