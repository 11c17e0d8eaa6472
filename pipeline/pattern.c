/* One number in one name, written and read back. */
#include "pattern.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "publish_path.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads "0N" at *cursor; a width without its zero would mean blanks, and is none. */
static bool read_width(const char **cursor, uint32_t *width)
{
    const char *at = *cursor;
    uint32_t value = 0;
    if (*at != '0')
        return false;
    for (; is_digit(*at); at++) {
        if (value <= FW_PATTERN_WIDTH)
            value = value * 10 + (uint32_t)(*at - '0');
    }
    *cursor = at;
    *width = value > 0 ? value : 1;
    return true;
}

/* Length of the number field that starts at `at`, 0 when none does. */
static size_t field_bytes(const char *at, uint32_t *width)
{
    const char *cursor = at;
    *width = 1;
    if (at[0] == '%') {
        cursor++;
        (void)read_width(&cursor, width);
        return *cursor == 'd' ? (size_t)(cursor + 1 - at) : 0;
    }
    if (strncmp(at, "{n", 2) != 0)
        return 0;
    cursor += 2;
    if (*cursor == ':') {
        cursor++;
        if (!read_width(&cursor, width))
            return 0;
    }
    return *cursor == '}' ? (size_t)(cursor + 1 - at) : 0;
}

static int fail_pattern(const char *name, const char *what, struct fw_error *err)
{
    char shown[FW_SHOWN_BYTES];
    return fw_fail(err, FW_ERR_USAGE, "%s: %s", fw_path_shown(name, shown, sizeof(shown)), what);
}

int fw_pattern_parse(struct fw_pattern *pattern, const char *name, struct fw_error *err)
{
    char *out = pattern->before;
    size_t used = 0;
    bool found = false;
    *pattern = (struct fw_pattern){ .width = 1 };
    if (strlen(name) > FW_PATTERN_BYTES)
        return fail_pattern(name, "a file name has at most 255 bytes", err);
    for (const char *at = name; *at != '\0';) {
        uint32_t width;
        size_t field = field_bytes(at, &width);
        if (field > 0 && found)
            return fail_pattern(name, "a name takes one number\nhint: write a percent sign as %%",
                                err);
        if (field > 0 && width > FW_PATTERN_WIDTH)
            return fail_pattern(name, "a number takes at most 18 digits", err);
        if (field > 0) {
            found = true;
            pattern->width = width;
            out = pattern->after;
            used = 0;
            at += field;
            continue;
        }
        out[used++] = *at;
        at += at[0] == '%' && at[1] == '%' ? 2 : 1;
    }
    return found ? FW_OK : FW_END;
}

int fw_pattern_format(const struct fw_pattern *pattern, uint64_t number, char *name, size_t bytes,
                      struct fw_error *err)
{
    int length = snprintf(name, bytes, "%s%0*" PRIu64 "%s", pattern->before, (int)pattern->width,
                          number, pattern->after);
    if (length < 0 || length > FW_PATTERN_BYTES || (size_t)length >= bytes)
        return fail_pattern(pattern->before, "with its number the name has more than 255 bytes",
                            err);
    return FW_OK;
}

bool fw_pattern_match(const struct fw_pattern *pattern, const char *name, uint64_t *number_out)
{
    size_t before = strlen(pattern->before);
    size_t after = strlen(pattern->after);
    size_t length = strlen(name);
    uint64_t number = 0;
    if (length <= before + after || memcmp(name, pattern->before, before) != 0 ||
        memcmp(name + length - after, pattern->after, after) != 0)
        return false;
    size_t digits = length - before - after;
    if (digits < pattern->width || (digits > pattern->width && name[before] == '0'))
        return false;
    for (const char *at = name + before; at < name + before + digits; at++) {
        if (!is_digit(*at) || __builtin_mul_overflow(number, 10u, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number))
            return false;
    }
    *number_out = number;
    return true;
}
