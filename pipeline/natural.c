/*
 * A name is a row of tokens, each a byte or a number. Rows compare token by token; the numbers of
 * leading zeros are a second row that decides between equal ones. Both are orders of rows, so the
 * whole is a total order.
 */
#include "natural.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A run of digits: its leading zeros, and what follows them. */
struct run {
    const char *digits;
    size_t zeros;
    size_t length;
};

static struct run read_run(const char **cursor)
{
    struct run run = { 0 };
    for (; **cursor == '0'; (*cursor)++)
        run.zeros++;
    run.digits = *cursor;
    for (; is_digit(**cursor); (*cursor)++)
        run.length++;
    return run;
}

static int compare_numbers(const struct run *a, const struct run *b)
{
    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    return memcmp(a->digits, b->digits, a->length);
}

int fw_natural_compare(const char *a, const char *b)
{
    int zeros = 0;
    while (*a != '\0' || *b != '\0') {
        if (is_digit(*a) && is_digit(*b)) {
            struct run run_a = read_run(&a);
            struct run run_b = read_run(&b);
            int order = compare_numbers(&run_a, &run_b);
            if (order != 0)
                return order;
            if (zeros == 0 && run_a.zeros != run_b.zeros)
                zeros = run_a.zeros < run_b.zeros ? -1 : 1;
            continue;
        }
        if (*a != *b)
            return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
        a++;
        b++;
    }
    return zeros;
}
