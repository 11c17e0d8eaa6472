/* Numbered names: parsed, written, read back. */
#include "pipeline/pattern.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct fw_pattern pattern;
static struct fw_error err;

static int parse(const char *name)
{
    err = (struct fw_error){ 0 };
    return fw_pattern_parse(&pattern, name, &err);
}

Test(pattern, fields)
{
    static const struct {
        const char *text;
        const char *seventh;
    } rows[] = {
        { "f%d.png", "f7.png" },
        { "f%05d.png", "f00007.png" },
        { "f{n}.png", "f7.png" },
        { "f{n:06}.png", "f000007.png" },
        { "%03d", "007" },
        { "100%%-%02d%%.png", "100%-07%.png" },
        { "{x}%d{n:6}{", "{x}7{n:6}{" },
        { "%s%d%", "%s7%" },
        { "%5d-%d", "%5d-7" },
        { "\xff\n%01d", "\xff\n7" },
        { "%0d", "7" },
        { "%%d%d", "%d7" },
    };
    char name[256];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t number = 0;
        cr_assert_eq(parse(rows[i].text), FW_OK, "%s", rows[i].text);
        cr_expect_eq(fw_pattern_format(&pattern, 7, name, sizeof(name), &err), FW_OK);
        cr_expect_str_eq(name, rows[i].seventh);
        cr_expect(fw_pattern_match(&pattern, name, &number));
        cr_expect_eq(number, 7);
    }
}

Test(pattern, plain_names_and_mistakes)
{
    static const char *const plain[] = {
        "", "a.png", "%", "%%d", "{n", "{n:}", "{n:6}", "%5d", "%s"
    };
    static const char *const wrong[] = { "%d%d", "{n}{n}", "%d-{n:02}", "%019d",
                                         "{n:0999999999999}" };
    char longest[258];
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        cr_expect_eq(parse(plain[i]), FW_END, "%s", plain[i]);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        cr_expect_eq(parse(wrong[i]), FW_ERR_USAGE, "%s", wrong[i]);
    memset(longest, 'x', sizeof(longest));
    longest[256] = '\0';
    cr_expect_eq(parse(longest), FW_ERR_USAGE);
    memcpy(longest, "%d", 2);
    longest[255] = '\0';
    char name[512];
    cr_expect_eq(parse(longest), FW_OK);
    cr_expect_eq(fw_pattern_format(&pattern, 12, name, sizeof(name), &err), FW_OK);
    cr_expect_eq(fw_pattern_format(&pattern, 123, name, sizeof(name), &err), FW_ERR_USAGE);
    cr_expect_eq(fw_pattern_format(&pattern, 1, name, 8, NULL), FW_ERR_USAGE);
}

Test(pattern, matches_only_what_it_writes)
{
    uint64_t number;
    static const char *const no[] = { "f7.png",    "f0007.png", "f00a.png",
                                      "f.png",     "f123.pn",   "g123.png",
                                      "f-12.png",  "f+12.png",  "f 12.png",
                                      "f123.pngx", "",          "f99999999999999999999999.png" };
    cr_assert_eq(parse("f%03d.png"), FW_OK);
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        cr_expect_not(fw_pattern_match(&pattern, no[i], &number), "%s", no[i]);
    cr_expect(fw_pattern_match(&pattern, "f18446744073709551615.png", &number));
    cr_expect_eq(number, UINT64_MAX);
    cr_expect_not(fw_pattern_match(&pattern, "f18446744073709551616.png", &number));
    /* The number must not be read out of what stands around it. */
    cr_assert_eq(parse("1%d1"), FW_OK);
    cr_expect_not(fw_pattern_match(&pattern, "11", &number));
    cr_expect(fw_pattern_match(&pattern, "111", &number));
    cr_expect_eq(number, 1);
}
