/* Times, sizes, rates: parsed by hand, because strtod reads another decimal point in other locales.
 */
#include "settings_parse.h"

#include <string.h>
#include <strings.h>

#include "filters/check.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits at *cursor; false when there is none or too many. */
static bool read_digits(const char **cursor, uint64_t *out)
{
    const char *at = *cursor;
    uint64_t value = 0;
    if (!is_digit(*at))
        return false;
    for (; is_digit(*at); at++) {
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
            return false;
    }
    *cursor = at;
    *out = value;
    return true;
}

/* Reads ".123" as 123000 in millionths; nothing there is 0. Digits past the sixth are cut. */
static uint32_t read_millionths(const char **cursor)
{
    const char *at = *cursor;
    uint32_t value = 0;
    if (*at != '.')
        return 0;
    uint32_t unit = 100000;
    for (at++; is_digit(*at); at++) {
        value += unit * (uint32_t)(*at - '0');
        unit /= 10;
    }
    *cursor = at;
    return value;
}

bool fw_parse_u64(const char *text, uint64_t *out)
{
    uint64_t value;
    const char *at = text;
    if (!read_digits(&at, &value) || *at)
        return false;
    *out = value;
    return true;
}

/* whole + millionths/1e6, times `unit`; false on overflow. */
static bool scale_decimal(uint64_t whole, uint32_t millionths, uint64_t unit, uint64_t *out)
{
    uint64_t value;
    unsigned __int128 part = (unsigned __int128)millionths * unit / 1000000u;
    if (__builtin_mul_overflow(whole, unit, &value) ||
        __builtin_add_overflow(value, (uint64_t)part, &value))
        return false;
    *out = value;
    return true;
}

/* [[HH:]MM:]SS up to the fraction, in seconds. *parts_out counts the colons. */
static bool read_clock(const char **cursor, uint64_t *seconds_out, int *colons_out)
{
    uint64_t total = 0;
    int colons = 0;
    for (;;) {
        uint64_t part;
        if (!read_digits(cursor, &part) || (colons > 0 && part > 59) ||
            __builtin_mul_overflow(total, 60u, &total) ||
            __builtin_add_overflow(total, part, &total))
            return false;
        if (**cursor != ':' || colons == 2)
            break;
        colons++;
        (*cursor)++;
    }
    *seconds_out = total;
    *colons_out = colons;
    return true;
}

bool fw_parse_time(const char *text, int64_t *us_out)
{
    const char *at = text;
    bool negative = *at == '-';
    uint64_t whole = 0;
    uint64_t us;
    int colons = 0;
    if (negative)
        at++;
    bool leading_point = at[0] == '.' && is_digit(at[1]);
    if (!leading_point && !read_clock(&at, &whole, &colons))
        return false;
    uint32_t millionths = read_millionths(&at);
    uint64_t unit = 1000000;
    if (colons == 0 && strcmp(at, "ms") == 0)
        unit = 1000;
    else if (colons == 0 && strcmp(at, "us") == 0)
        unit = 1;
    else if (*at && !(colons == 0 && strcmp(at, "s") == 0))
        return false;
    if (!scale_decimal(whole, millionths, unit, &us) || us > INT64_MAX)
        return false;
    *us_out = negative ? -(int64_t)us : (int64_t)us;
    return true;
}

bool fw_parse_size(const char *text, uint64_t *bytes_out)
{
    static const char letters[] = "KMGT";
    const char *at = text;
    uint64_t whole;
    if (!read_digits(&at, &whole))
        return false;
    uint32_t millionths = read_millionths(&at);
    uint64_t unit = 1;
    const char *letter = *at ? strchr(letters, *at == 'k' ? 'K' : *at) : NULL;
    if (letter) {
        at++;
        uint64_t base = strcmp(at, "B") == 0 ? 1000 : 1024;
        for (const char *step = letters; step <= letter; step++)
            unit *= base;
    }
    if (*at && strcmp(at, "B") != 0 && !(letter && strcmp(at, "iB") == 0))
        return false;
    return scale_decimal(whole, millionths, unit, bytes_out);
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static bool reduce(uint64_t num, uint64_t den, struct fw_rational *out)
{
    if (num == 0 || den == 0)
        return false;
    uint64_t divisor = common_divisor(num, den);
    num /= divisor;
    den /= divisor;
    if (num > INT32_MAX || den > INT32_MAX)
        return false;
    out->num = (int32_t)num;
    out->den = (int32_t)den;
    return true;
}

bool fw_parse_rate(const char *text, struct fw_rational *out)
{
    static const struct {
        const char *name;
        struct fw_rational rate;
    } names[] = {
        { "ntsc", { 30000, 1001 } },  { "pal", { 25, 1 } },
        { "qntsc", { 30000, 1001 } }, { "qpal", { 25, 1 } },
        { "sntsc", { 30000, 1001 } }, { "spal", { 25, 1 } },
        { "film", { 24, 1 } },        { "ntsc-film", { 24000, 1001 } },
    };
    for (size_t i = 0; i < FW_COUNT(names); i++) {
        if (strcasecmp(names[i].name, text) == 0) {
            *out = names[i].rate;
            return true;
        }
    }
    const char *at = text;
    uint64_t num;
    uint64_t den = 1;
    if (!read_digits(&at, &num))
        return false;
    if (*at == '/' || *at == ':') {
        at++;
        return read_digits(&at, &den) && !*at && reduce(num, den, out);
    }
    uint32_t millionths = read_millionths(&at);
    return !*at && num < INT32_MAX && reduce(num * 1000000 + millionths, 1000000, out);
}

bool fw_parse_pixels(const char *text, uint64_t *out)
{
    const char *at = text;
    uint64_t width;
    uint64_t height = 1;
    if (!read_digits(&at, &width))
        return false;
    if (*at == 'x' || *at == 'X') {
        at++;
        if (!read_digits(&at, &height))
            return false;
    }
    return !*at && !__builtin_mul_overflow(width, height, out);
}
