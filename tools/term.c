/* Texts for people. */
#include "term.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int fw_write_all(int fd, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes > 0) {
        ssize_t written = write(fd, at, bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        at += written;
        bytes -= (size_t)written;
    }
    return 0;
}

size_t fw_utf8_bytes(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    if (at[0] < 0x80)
        return at[0] ? 1 : 0;
    if (at[0] < 0xc2 || at[0] > 0xf4)
        return 0;
    size_t bytes = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    for (size_t i = 1; i < bytes; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    }
    /* C1 controls, overlong forms, surrogates and what lies above U+10FFFF. */
    if ((at[0] == 0xc2 && at[1] < 0xa0) || (at[0] == 0xe0 && at[1] < 0xa0) ||
        (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
        (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return bytes;
}

const char *fw_escape(const char *in, char *out, size_t bytes, int lines)
{
    size_t used = 0;
    while (*in && used + 8 < bytes) {
        unsigned char byte = (unsigned char)*in;
        size_t length = byte < 0x20 || byte == 0x7f ? 0 : fw_utf8_bytes(in);
        if (lines && byte == '\n')
            length = 1;
        if (length > 0) {
            memcpy(out + used, in, length);
            used += length;
            in += length;
        } else {
            used += (size_t)snprintf(out + used, bytes - used, "\\x%02x", byte);
            in++;
        }
    }
    out[used] = '\0';
    return out;
}

const char *fw_clock_text(double seconds, char *out, size_t bytes)
{
    if (!(seconds >= 0 && seconds < 3.6e6)) {
        (void)snprintf(out, bytes, "--:--:--");
        return out;
    }
    long whole = (long)seconds;
    (void)snprintf(out, bytes, "%02ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    return out;
}

const char *fw_duration_text(double seconds, char *out, size_t bytes)
{
    if (!(seconds >= 0 && seconds < 1e9)) {
        (void)snprintf(out, bytes, "?");
        return out;
    }
    long whole = (long)(seconds + 0.5);
    if (seconds < 10)
        (void)snprintf(out, bytes, "%.2f s", seconds);
    else if (whole < 3600)
        (void)snprintf(out, bytes, "%ld:%02ld", whole / 60, whole % 60);
    else
        (void)snprintf(out, bytes, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    return out;
}

const char *fw_bytes_text(double count, char *out, size_t bytes)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
    size_t unit = 0;
    while (count >= 999.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        count /= 1000;
        unit++;
    }
    (void)snprintf(out, bytes, unit ? "%.1f %s" : "%.0f %s", count, units[unit]);
    return out;
}

static void quote(FILE *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "@%_+=:,./-";
    bool bare = word[0] && strspn(word, plain) == strlen(word);
    fputs(bare ? " " : " '", out);
    for (; *word; word++) {
        if (*word == '\'')
            fputs("'\\''", out);
        else
            fputc(*word, out);
    }
    if (!bare)
        fputc('\'', out);
}

char *fw_shell_words(int count, char **words)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (!out)
        return NULL;
    for (int i = 0; i < count; i++)
        quote(out, words[i]);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    size_t room = 4 * bytes + 16;
    char *shown = malloc(room);
    if (shown)
        (void)fw_escape(text, shown, room, 0);
    free(text);
    return shown;
}

void fw_complain_to_user(const char *verb, const char *text)
{
    char shown[4 * FW_ERROR_TEXT];
    char line[4 * FW_ERROR_TEXT + 64];
    (void)fw_escape(text, shown, sizeof(shown), 1);
    int bytes = snprintf(line, sizeof(line), "framewheel%s%s: %s\n", verb ? " " : "",
                         verb ? verb : "", shown);
    if (bytes > 0)
        (void)fw_write_all(STDERR_FILENO, line, strlen(line));
}

int fw_print_data(const char *verb, const char *text)
{
    size_t bytes = strlen(text);
    bool ended = bytes == 0 || text[bytes - 1] == '\n';
    if (fw_write_all(STDOUT_FILENO, text, bytes) == 0 &&
        (ended || fw_write_all(STDOUT_FILENO, "\n", 1) == 0))
        return 0;
    if (errno == EPIPE)
        fw_die_by(SIGPIPE);
    char message[128];
    (void)snprintf(message, sizeof(message), "cannot write to standard output: %s",
                   strerrordesc_np(errno));
    fw_complain_to_user(verb, message);
    return 5;
}

_Noreturn void fw_die_by(int signal_number)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, signal_number);
    (void)signal(signal_number, SIG_DFL);
    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
    (void)raise(signal_number);
    _exit(128 + signal_number);
}

char *fw_base64(const void *data, size_t bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *in = data;
    char *text = malloc((bytes + 2) / 3 * 4 + 1);
    char *out = text;
    for (size_t i = 0; text && i < bytes; i += 3) {
        size_t left = bytes - i;
        uint32_t group = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
                         (left > 2 ? in[i + 2] : 0);
        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        *out++ = left > 1 ? digits[group >> 6 & 63] : '=';
        *out++ = left > 2 ? digits[group & 63] : '=';
    }
    if (text)
        *out = '\0';
    return text;
}
