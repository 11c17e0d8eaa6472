/* Failures grouped by cause. */
#include "pipeline/causes.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct fw_causes *causes;
static struct fw_error err;
static struct fw_cause cause;

static void set_up(void)
{
    memset(&err, 0, sizeof(err));
    cr_assert_eq(fw_causes_create(&causes, &err), FW_OK);
}

static void tear_down(void)
{
    fw_causes_destroy(causes);
}

TestSuite(causes, .init = set_up, .fini = tear_down);

static void add(const char *message, const char *name)
{
    cr_assert_eq(fw_causes_add(causes, message, name, &err), FW_OK);
}

static void expect_cause(uint32_t index, const char *text, uint64_t count)
{
    cr_assert(fw_causes_at(causes, index, &cause));
    cr_expect_str_eq(cause.text, text);
    cr_expect_eq(cause.count, count, "%s: %llu", text, (unsigned long long)cause.count);
}

Test(causes, names_and_numbers_do_not_count)
{
    add("/in/a b.png: row 12 of 100 is cut\nhint: none", "a b.png");
    add("c.png: row 7 of 9 is cut", "/in/c.png");
    add("cannot read /in/d.png: 0xff", "/in/d.png");
    add("cannot read '/in/e.png': 0x1", "/in/e.png");
    add("cannot read /in/f.png: 0x0", "/in/f.png");
    add("/in/g.png: row 1 of 1 is cut", "/in/g.png");
    cr_expect_eq(fw_causes_count(causes), 3);
    expect_cause(0, "row N of N is cut", 3);
    cr_expect_eq(cause.name_count, 3);
    cr_expect_str_eq(cause.names[0], "a b.png");
    cr_expect_str_eq(cause.names[2], "/in/g.png");
    expect_cause(1, "cannot read ...: N", 2);
    expect_cause(2, "cannot read '...': 0x1", 1);
    cr_expect_not(fw_causes_at(causes, 3, &cause));
}

Test(causes, what_never_differs_stays_as_it_is)
{
    add("a: h264 level 5 is not known", "a");
    add("b: h264 level 5 is not known", "b");
    expect_cause(0, "h264 level 5 is not known", 2);
    add("c: h264 level 6 is not known", "c");
    expect_cause(0, "h264 level N is not known", 3);
    add("d: h265 level 6 is not known", "d");
    expect_cause(0, "h264 level N is not known", 3);
    expect_cause(1, "h265 level 6 is not known", 1);
}

Test(causes, strange_names_and_messages)
{
    add("/x/\\xff\\x0a.png: cut", "/x/\xff\n.png");
    add("y.png: cut", "y.png");
    expect_cause(0, "cut", 2);
    add(NULL, NULL);
    add("", "");
    add("z: ", "z");
    expect_cause(0, "unknown cause", 3);
    cr_expect_eq(cause.name_count, 2);
}

Test(causes, memory_is_bounded)
{
    char message[2048];
    char name[32];
    for (int i = 0; i < 20000; i++) {
        (void)snprintf(name, sizeof(name), "f%d", i);
        (void)snprintf(message, sizeof(message), "f%d: word%c%c%c", i, 'a' + i % 26,
                       'a' + i / 26 % 26, 'a' + i / 676 % 26);
        add(message, name);
    }
    memset(message, 'q', sizeof(message) - 1);
    message[sizeof(message) - 1] = '\0';
    add(message, "name");
    cr_expect_eq(fw_causes_count(causes), FW_CAUSES_MAX + 1);
    cr_assert(fw_causes_at(causes, 0, &cause));
    cr_expect_str_eq(cause.text, "other causes");
    cr_expect_eq(cause.name_count, FW_CAUSE_NAMES_MAX);
    uint64_t total = 0;
    for (uint32_t i = 0; fw_causes_at(causes, i, &cause); i++)
        total += cause.count;
    cr_expect_eq(total, 20001);
}
