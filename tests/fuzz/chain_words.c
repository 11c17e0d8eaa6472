/* Calls of filters from the option tables: values inside and outside of their ranges, expressions,
 * quoting. */
#include "chain_words.h"

#include "check.h"
#include "format.h"
#include "registry.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PICK(random, words) (words)[fuzz_below(random, FW_COUNT(words))]

uint32_t fuzz_next(struct fuzz_random *random)
{
    random->state = random->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint64_t mixed = random->state ^ random->state >> 29;
    return (uint32_t)(mixed * UINT64_C(0x9E3779B97F4A7C15) >> 32);
}

uint32_t fuzz_below(struct fuzz_random *random, uint32_t count)
{
    return count ? fuzz_next(random) % count : 0;
}

void fuzz_add(struct fuzz_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int bytes = vsnprintf(text->at + text->bytes, text->room - text->bytes, format, args);
    va_end(args);
    if (bytes > 0)
        text->bytes += (size_t)bytes;
    if (text->bytes >= text->room)
        text->bytes = text->room - 1;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* A word of a list separated by spaces. */
static void add_word_of(struct fuzz_text *text, const char *list, struct fuzz_random *random)
{
    uint32_t count = 1;
    for (const char *at = list; *at; at++)
        count += *at == ' ';
    uint32_t skip = fuzz_below(random, count);
    while (skip > 0)
        skip -= *list++ == ' ';
    fuzz_add(text, "%.*s", (int)strcspn(list, " "), list);
}

static void add_atom(struct fuzz_text *text, const char *variables, struct fuzz_random *random)
{
    static const char *const numbers[] = { "0",   "1",   "2",    "-1",  "0.5", "16", "255",
                                           "1e9", "nan", "-0.1", "NAN", "3",   "PI", "7" };
    if (variables && *variables && fuzz_below(random, 2))
        add_word_of(text, variables, random);
    else
        fuzz_add(text, "%s", PICK(random, numbers));
}

static void add_expression(struct fuzz_text *text, const char *variables,
                           struct fuzz_random *random)
{
    static const char *const before[] = { "sin(",   "-(",     "abs(",   "mod(7,", "if(1,", "lt(0,",
                                          "gte(1,", "max(2,", "floor(", "min(2,", "not(",  "trunc(",
                                          "(",      "exp(",   "sqrt(",  "lt(",    "bogus(" };
    uint32_t kinds = FW_COUNT(before) - (random->wild ? 0 : 2);
    static const char *const joins[] = { "+", "-", "*", "/", "^", "+2*", ";", "," };
    uint32_t opened = fuzz_below(random, 3);
    for (uint32_t i = 0; i < opened; i++)
        fuzz_add(text, "%s", before[fuzz_below(random, kinds)]);
    add_atom(text, variables, random);
    for (uint32_t i = 0; i < opened; i++) {
        if (fuzz_below(random, 2)) {
            fuzz_add(text, "%s", joins[fuzz_below(random, random->wild ? 8 : 6)]);
            add_atom(text, variables, random);
        }
        if (!random->wild || fuzz_below(random, 20))
            fuzz_add(text, ")");
    }
}

static void add_number(struct fuzz_text *text, const struct fw_option *option,
                       struct fuzz_random *random)
{
    static const char *const others[] = {
        "nan", "inf", "-inf", "1+1", "1k", "0x10", "1e3", "", "x"
    };
    bool whole = option->type == FW_OPTION_INT;
    double low = fmax(option->min, -4096);
    double high = fmin(option->max, 4096);
    double part = (double)fuzz_below(random, 1001) / 1000;
    switch (random->wild ? fuzz_below(random, 12) : 2 + fuzz_below(random, 10)) {
    case 0:
        fuzz_add(text, "%s", PICK(random, others));
        break;
    case 1:
        fuzz_add(text, "%.17g", fuzz_below(random, 2) ? option->min - 1 : option->max + 1);
        break;
    case 2:
        fuzz_add(text, "%.17g", fuzz_below(random, 2) ? option->min : option->max);
        break;
    case 3:
        fuzz_add(text, "%g", fmin(fmax(fuzz_below(random, 10), low), high));
        break;
    case 4:
        add_expression(text, NULL, random);
        break;
    default: /* more small ones than large ones */
        part = fuzz_below(random, 3) ? part * part * part : part;
        part = low + (high - low) * part;
        fuzz_add(text, "%.6g", whole ? floor(part) : part);
    }
}

static void add_choice(struct fuzz_text *text, const struct fw_choice *choices,
                       struct fuzz_random *random)
{
    uint32_t count = 0;
    while (choices && choices[count].name)
        count++;
    uint32_t pick = fuzz_below(random, count + (random->wild ? 2 : 0));
    if (pick < count)
        fuzz_add(text, "%s", choices[pick].name);
    else
        fuzz_add(text, "%d", (int)fuzz_below(random, 12) - 2);
}

static void add_color(struct fuzz_text *text, struct fuzz_random *random)
{
    static const char *const words[] = {
        "red",        "Black@0.5", "white@0x80", "green", "random",
        "0x12345678", "#ff0080",   "none",       "0x",    "blue@2"
    };
    fuzz_add(text, "%s", words[fuzz_below(random, random->wild ? 10 : 7)]);
}

static void add_string(struct fuzz_text *text, const struct fw_option *option,
                       struct fuzz_random *random)
{
    static const char *const words[] = { "0/0 0.5/0.3 1/1",
                                         "0/0.1 1/0.9",
                                         "0.5/0.5",
                                         "1/1 0/0",
                                         "invert",
                                         "none",
                                         "hd720",
                                         "vga",
                                         "yuv420p|rgb24",
                                         "gray",
                                         "gbrp10le",
                                         "30x20",
                                         "-1",
                                         "-2",
                                         "aspect",
                                         "iw/2",
                                         "16/9",
                                         "red@0.3",
                                         "bilinear",
                                         "lanczos",
                                         "fill",
                                         "w/2",
                                         "0",
                                         "1",
                                         "9",
                                         "bogus",
                                         "logo.png",
                                         "a.cube" };
    uint32_t pick = fuzz_below(random, 8);
    if (pick == 0 && option->default_text)
        fuzz_add(text, "%s", option->default_text);
    else if (pick < 4) { /* a list of numbers: a matrix, weights */
        static const uint32_t counts[] = { 9, 25, 3, 49, 5, 1, 8, 11 };
        uint32_t count = PICK(random, counts);
        for (uint32_t i = 0; i < count; i++)
            fuzz_add(text, "%s%d", i ? " " : "", (int)fuzz_below(random, 9) - 3);
    } else
        fuzz_add(text, "%s", PICK(random, words));
}

static void add_value(struct fuzz_text *text, const struct fw_option *option,
                      struct fuzz_random *random)
{
    static const char *const switches[] = { "0", "1", "true", "no", "2", "-1" };
    static const char *const times[] = { "0.04", "1", "00:00:01.5", "40ms", "0", "-1", "1:2:3:4" };
    switch (option->type) {
    case FW_OPTION_BOOL:
        fuzz_add(text, "%s", switches[fuzz_below(random, random->wild ? 6 : 4)]);
        break;
    case FW_OPTION_INT:
    case FW_OPTION_FLOAT:
        add_number(text, option, random);
        break;
    case FW_OPTION_FLAGS:
        add_choice(text, option->choices, random);
        fuzz_add(text, "%s", fuzz_below(random, 2) ? "+" : "-");
        add_choice(text, option->choices, random);
        break;
    case FW_OPTION_ENUM:
        add_choice(text, option->choices, random);
        break;
    case FW_OPTION_COLOR:
        add_color(text, random);
        break;
    case FW_OPTION_EXPR:
        add_expression(text, option->variables, random);
        break;
    case FW_OPTION_DURATION:
        fuzz_add(text, "%s", times[fuzz_below(random, random->wild ? 7 : 5)]);
        break;
    default:
        add_string(text, option, random);
    }
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* In quotes, with backslashes, or as it is. */
static void add_quoted(struct fuzz_text *text, const char *value, struct fuzz_random *random)
{
    bool special = strpbrk(value, ",:;[]'\\ ") != NULL;
    uint32_t pick = fuzz_below(random, 16);
    if (special ? pick < 12 : pick < 2) {
        fuzz_add(text, "'%s'", value);
    } else if (special ? pick < 15 : pick < 3) {
        for (; *value; value++)
            fuzz_add(text, "%s%c", strchr(",:;[]'\\", *value) ? "\\" : "", *value);
    } else {
        fuzz_add(text, "%s", value);
    }
}

static void add_option(struct fuzz_text *text, const struct fw_option *option, bool named,
                       struct fuzz_random *random)
{
    char words[1024];
    struct fuzz_text value = { words, sizeof(words), 0 };
    words[0] = '\0';
    add_value(&value, option, random);
    if (named)
        fuzz_add(text, "%s=", option->name);
    add_quoted(text, words, random);
}

static void add_enable(struct fuzz_text *text, struct fuzz_random *random)
{
    fuzz_add(text, "enable='");
    add_expression(text, "n t w h pos", random);
    fuzz_add(text, "'");
}

static void add_built_in(struct fuzz_text *text, struct fuzz_random *random)
{
    const struct fw_filter *filter = fw_filter_at(fuzz_below(random, fw_filter_count()));
    uint32_t options = 0;
    while (filter->options && filter->options[options].name)
        options++;
    fuzz_add(text, "%s", filter->name);
    uint32_t mode = fuzz_below(random, 8);
    uint32_t positional = options && mode < 2 ? 1 + fuzz_below(random, options) : 0;
    uint32_t named = options && mode > 1 ? fuzz_below(random, 5) : 0;
    const char *join = "=";
    for (uint32_t i = 0; i < positional + named; i++) {
        const struct fw_option *option =
            &filter->options[i < positional ? i : fuzz_below(random, options)];
        fuzz_add(text, "%s", join);
        add_option(text, option, i >= positional, random);
        join = ":";
    }
    if (fuzz_below(random, 6) == 0) {
        fuzz_add(text, "%s", join);
        add_enable(text, random);
    }
}

/* The next of libavfilter's filters behind a random place. */
static void add_foreign(struct fuzz_text *text, struct fuzz_random *random)
{
    struct fw_foreign foreign;
    void *state = NULL;
    uint32_t skip = fuzz_below(random, 200);
    while (fw_foreign_next(&state, &foreign)) {
        bool usable = !foreign.refusal && foreign.filter_class != FW_CLASS_SEQUENTIAL;
        if (usable && skip-- == 0) {
            fuzz_add(text, "lavfi.%s", foreign.name);
            return;
        }
    }
    fuzz_add(text, "vflip");
}

void fuzz_add_call(struct fuzz_text *text, struct fuzz_random *random)
{
    if (fuzz_below(random, 16) == 0)
        add_foreign(text, random);
    else
        add_built_in(text, random);
}

void fuzz_add_input(struct fuzz_text *text, struct fuzz_random *random)
{
    static const char *const usual[] = { "yuv420p",     "yuv422p10le", "yuv444p", "gray",
                                         "gbrp",        "rgb24",       "rgba",    "yuva420p",
                                         "yuv420p16le", "gbrap12le",   "gray16le" };
    static const uint32_t sides[] = { 1, 2, 3, 5, 16, 17, 31, 32, 33, 47, 64, 65, 70 };
    if (fuzz_below(random, 3) == 0)
        fuzz_add(text, "%s", fw_format_at(fuzz_below(random, fw_format_count()))->name);
    else
        fuzz_add(text, "%s", PICK(random, usual));
    fuzz_add(text, " %ux%u %u%s", PICK(random, sides), PICK(random, sides),
             fuzz_below(random, 8) == 0 ? 0 : 1 + fuzz_below(random, 3),
             fuzz_below(random, 6) == 0 ? " wild" : "");
}

/* ---- what ran -------------------------------------------------------------------------------- */

bool fuzz_foreign_runs(const char *name)
{
    static const char *const sequences[] = { "hqdn3d", "lagfun", "mpdecimate", "deflicker" };
    struct fw_foreign foreign;
    void *state = NULL;
    for (size_t i = 0; i < FW_COUNT(sequences); i++)
        if (strcmp(name, sequences[i]) == 0)
            return true;
    while (fw_foreign_next(&state, &foreign))
        if (strcmp(name, foreign.name) == 0)
            return !foreign.refusal && foreign.filter_class != FW_CLASS_SEQUENTIAL;
    return false;
}

static uint64_t *counts_of(uint32_t filter)
{
    static uint64_t counts[256][2];
    FW_CHECK(filter < FW_COUNT(counts));
    return counts[filter];
}

void fuzz_tally(const struct fw_chain *chain, bool ok)
{
    for (uint32_t i = 0; i < fw_chain_step_count(chain); i++) {
        struct fw_chain_step step;
        fw_chain_step_at(chain, i, &step);
        for (uint32_t k = 0; k < fw_filter_count(); k++)
            if (strcmp(step.name, fw_filter_at(k)->name) == 0 && !step.inserted)
                counts_of(k)[ok]++;
    }
}

void fuzz_print_tally(void)
{
    for (uint32_t k = 0; k < fw_filter_count(); k++)
        (void)printf("%-20s ran %8llu, refused %8llu\n", fw_filter_at(k)->name,
                     (unsigned long long)counts_of(k)[1], (unsigned long long)counts_of(k)[0]);
}
