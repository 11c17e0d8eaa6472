/* Error texts with carets. */
#include "complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define INDENT "  -vf \""
#define WINDOW 84 /* bytes of the chain that one line shows */

struct window {
    uint32_t first;
    uint32_t end;
    char text[WINDOW + 8];
    uint32_t lead; /* columns before the first byte of the window: an ellipsis or nothing */
};

static int is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* Cuts out the part of a long chain around the error, on character borders. */
static void cut_window(struct window *window, const char *text, uint32_t first)
{
    uint32_t bytes = (uint32_t)strlen(text);
    window->first = 0;
    if (bytes > WINDOW && first > WINDOW / 2) {
        window->first = first - WINDOW / 2;
        if (bytes - window->first < WINDOW)
            window->first = bytes - WINDOW;
    }
    while (window->first > 0 && is_continuation(text[window->first]))
        window->first--;
    window->end = bytes - window->first > WINDOW ? window->first + WINDOW : bytes;
    while (window->end < bytes && is_continuation(text[window->end]))
        window->end--;
    window->lead = window->first > 0 ? 3 : 0;
    char *out = window->text;
    for (uint32_t i = 0; i < window->lead; i++)
        *out++ = '.';
    for (uint32_t i = window->first; i < window->end; i++)
        *out++ = (unsigned char)text[i] < 0x20 || text[i] == 0x7F ? ' ' : text[i];
    *out = '\0';
}

static void write_carets(char *line, size_t room, const struct window *window, const char *text,
                         uint32_t first, uint32_t end)
{
    size_t used = strlen(INDENT) + window->lead;
    memset(line, ' ', used);
    for (uint32_t i = window->first; i < window->end && used + 2 < room && i < end; i++) {
        if (!is_continuation(text[i]))
            line[used++] = i < first ? ' ' : (i == first ? '^' : '~');
    }
    if (first >= window->end || first == end)
        line[used++] = '^';
    line[used] = '\0';
}

void fw_complain(struct fw_complaints *complaints, uint32_t first, uint32_t end, const char *hint,
                 const char *format, ...)
{
    complaints->count++;
    struct fw_error *err = complaints->err;
    if (!err)
        return;
    char message[512];
    char carets[WINDOW + 64];
    char whole[1600];
    struct window window;
    va_list list;
    va_start(list, format);
    (void)vsnprintf(message, sizeof(message), format, list);
    va_end(list);
    cut_window(&window, complaints->text, first);
    write_carets(carets, sizeof(carets), &window, complaints->text, first, end);
    int written = snprintf(whole, sizeof(whole), "%s\n" INDENT "%s%s\"\n%s%s%s", message,
                           window.text, complaints->text[window.end] ? "..." : "", carets,
                           hint && *hint ? "\n  " : "", hint ? hint : "");
    size_t bytes = written < 0 ? 0 : strnlen(whole, sizeof(whole));
    if (complaints->count == 1) {
        (void)fw_fail(err, FW_ERR_USAGE, "%s", whole);
        return;
    }
    static const char more[] = "\n(more errors follow)";
    size_t old = strnlen(err->text, sizeof(err->text));
    if (old + bytes + 1 + sizeof(more) < sizeof(err->text)) {
        err->text[old] = '\n';
        memcpy(err->text + old + 1, whole, bytes + 1);
    } else if (old + sizeof(more) <= sizeof(err->text) &&
               (old < sizeof(more) || strcmp(err->text + old + 1 - sizeof(more), more) != 0)) {
        memcpy(err->text + old, more, sizeof(more));
    }
}
