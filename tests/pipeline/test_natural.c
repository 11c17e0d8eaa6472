/* Natural order: what people expect, and that it is an order at all. */
#include "pipeline/natural.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

Test(natural, rows_are_in_order)
{
    static const char *const rows[] = {
        "",
        "\x01",
        " ",
        "-1",
        "0",
        "00",
        "000",
        "0a",
        "1",
        "01",
        "1a1",
        "1a01",
        "01a1",
        "2",
        "10",
        "99999999999999999999",
        "100000000000000000000",
        "A",
        "a",
        "a-b",
        "a1",
        "a1b",
        "a01b",
        "a2",
        "a10",
        "a10.1",
        "a010.1",
        "ab",
        "img2.png",
        "img2a.png",
        "img10.png",
        "img010.png",
        "v1.2",
        "v1.10",
        "\x7f",
        "\xc3\xa9",
        "\xff",
    };
    enum { COUNT = sizeof(rows) / sizeof(rows[0]) };
    for (int i = 0; i < COUNT; i++) {
        for (int j = 0; j < COUNT; j++)
            cr_expect_eq(sign(fw_natural_compare(rows[i], rows[j])), sign(i - j), "%s and %s",
                         rows[i], rows[j]);
    }
}

static uint64_t state = 88172645463325252u;

static uint32_t next(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % below;
}

/* Few letters make near misses likely. */
static void make(char *name)
{
    static const char letters[] = "00112a/-z\xff";
    uint32_t length = next(7);
    for (uint32_t i = 0; i < length; i++)
        name[i] = letters[next(sizeof(letters) - 1)];
    name[length] = '\0';
}

Test(natural, is_a_strict_total_order)
{
    char a[8];
    char b[8];
    char c[8];
    int wrong = 0;
    int equal = 0;
    int chains = 0;
    for (int i = 0; i < 1000000; i++) {
        make(a);
        make(b);
        make(c);
        int ab = sign(fw_natural_compare(a, b));
        int bc = sign(fw_natural_compare(b, c));
        int ac = sign(fw_natural_compare(a, c));
        wrong += ab != -sign(fw_natural_compare(b, a));
        wrong += (ab == 0) != (strcmp(a, b) == 0);
        wrong += ab < 0 && bc < 0 && ac >= 0;
        wrong += ab > 0 && bc > 0 && ac <= 0;
        wrong += ab == 0 && bc != ac;
        equal += ab == 0;
        chains += ab < 0 && bc < 0;
    }
    cr_expect_eq(wrong, 0);
    cr_expect_gt(equal, 100);
    cr_expect_gt(chains, 100000);
}
