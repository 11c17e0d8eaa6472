/* When and where progress is shown. What it looks like is in progress_text.c. */
#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "log.h"
#include "progress_text.h"
#include "signals.h"
#include "term.h"

static const char *const mode_names[] = { "none", "line", "tty", "json", "ffmpeg" };

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value && value[0];
}

/* A terminal that can take a line back, with a person before it. */
static bool good_terminal(int fd)
{
    const char *term = getenv("TERM");
    return isatty(fd) && term && term[0] && strcmp(term, "dumb") != 0 && !is_set("CI");
}

static int find_mode(struct fw_view *view, const struct fw_view_options *options,
                     struct fw_error *err)
{
    const char *name = options->mode ? options->mode : "auto";
    char shown[128];
    view->mode = options->verbosity < 0 && !options->mode ? FW_VIEW_NONE
                 : good_terminal(STDERR_FILENO)           ? FW_VIEW_TTY
                                                          : FW_VIEW_LINE;
    if (strcmp(name, "auto") == 0)
        return FW_OK;
    for (size_t i = 0; i < sizeof(mode_names) / sizeof(mode_names[0]); i++) {
        if (strcmp(name, mode_names[i]) == 0) {
            view->mode = (enum fw_view_mode)i;
            return FW_OK;
        }
    }
    return fw_fail(err, FW_ERR_USAGE,
                   "--progress '%s': the value is one of auto|tty|line|json|ffmpeg|none",
                   fw_escape(name, shown, sizeof(shown), 0));
}

/* "0.5", "500ms", "2s": seconds; -1 when it is none of that. */
static double parse_interval(const char *text)
{
    double value = 0;
    double unit = 1;
    if (!text[0] || !strchr("0123456789.", text[0]))
        return -1;
    for (; *text >= '0' && *text <= '9' && value < 1e9; text++)
        value = value * 10 + (*text - '0');
    if (*text == '.') {
        for (text++; *text >= '0' && *text <= '9'; text++) {
            unit /= 10;
            value += unit * (*text - '0');
        }
    }
    if (strcmp(text, "ms") == 0)
        value /= 1000;
    else if (*text && strcmp(text, "s") != 0)
        return -1;
    return value >= 0.01 && value <= 86400 ? value : -1;
}

/* A number behind "fd:" or "pipe:"; -1 when it is none. */
static int fd_number(const char *to)
{
    const char *digits = strncmp(to, "fd:", 3) == 0     ? to + 3
                         : strncmp(to, "pipe:", 5) == 0 ? to + 5
                                                        : NULL;
    if (to[0] == '-' && !to[1])
        return STDOUT_FILENO;
    if (!digits || !digits[0] || strlen(digits) > 6 || digits[strspn(digits, "0123456789")])
        return -1;
    return atoi(digits);
}

static int open_sink(struct fw_view *view, const char *to, bool stdout_is_data,
                     struct fw_error *err)
{
    char shown[256];
    int fd = fd_number(to);
    (void)fw_escape(to, shown, sizeof(shown), 0);
    if (fd >= 0) {
        if (fcntl(fd, F_GETFD) < 0)
            return fw_fail(err, FW_ERR_USAGE, "--progress-to %s: this descriptor is not open",
                           shown);
        if (fd == STDOUT_FILENO && stdout_is_data)
            return fw_fail(err, FW_ERR_USAGE,
                           "--progress-to %s: standard output is taken\n"
                           "hint: --progress-to fd:2, or a file",
                           shown);
        view->fd = fd;
        return FW_OK;
    }
    fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
    if (fd < 0)
        return fw_fail(err, FW_ERR_OUTPUT, "--progress-to %s: %s", shown, strerrordesc_np(errno));
    (void)fcntl(fd, F_SETFL, 0);
    view->fd = fd;
    view->own_fd = true;
    return FW_OK;
}

int fw_view_open(struct fw_view *view, const char *verb, const struct fw_view_options *options,
                 struct fw_error *err)
{
    memset(view, 0, sizeof(*view));
    view->verb = verb;
    view->fd = STDERR_FILENO;
    view->log_fd = -1;
    view->shown_s = -1;
    view->logged_s = -1;
    view->look = &fw_look_run;
    view->verbosity = options->verbosity;
    (void)clock_gettime(CLOCK_MONOTONIC, &view->started);
    int status = find_mode(view, options, err);
    bool for_programs = view->mode == FW_VIEW_JSON || view->mode == FW_VIEW_FFMPEG;
    if (for_programs && !options->stdout_is_data)
        view->fd = STDOUT_FILENO;
    if (options->to && open_sink(view, options->to, options->stdout_is_data, err) < 0)
        status = err->status;
    if (options->interval) {
        view->interval_s = parse_interval(options->interval);
        if (view->interval_s < 0) {
            view->interval_s = 0;
            status = fw_fail(err, FW_ERR_USAGE,
                             "--progress-interval: a time from 0.01 to 86400 seconds is wanted");
        }
    }
    if (options->log_file && fw_log_open(&view->log_fd, options->log_file, err) < 0)
        status = err->status;
    return status;
}

static double now_s(const struct fw_view *view)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - view->started.tv_sec) +
           (double)(now.tv_nsec - view->started.tv_nsec) / 1e9;
}

static void emit(struct fw_view *view, const char *text)
{
    if (view->broken)
        return;
    if (fw_write_all(view->fd, text, strlen(text)) < 0)
        view->broken = true;
}

/* Seconds until the next line; `last`: when there was one. */
static double line_pause_s(const struct fw_view *view, double last, double now)
{
    if (view->interval_s > 0)
        return view->interval_s;
    return last < 0 ? 2 : now < 60 ? 10 : 30;
}

/* Seconds until the next report. */
static double pause_s(const struct fw_view *view, double now)
{
    if (view->mode == FW_VIEW_LINE)
        return line_pause_s(view, view->shown_s, now);
    if (view->interval_s > 0)
        return view->interval_s;
    if (view->mode == FW_VIEW_TTY)
        return is_set("SSH_CONNECTION") ? 0.5 : 0.2;
    return 0.5;
}

static size_t terminal_width(int fd)
{
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

static void draw(struct fw_view *view)
{
    char line[512];
    char text[640];
    /* Room for the cursor, and for the ^C of a terminal, which must not wrap. */
    size_t width = terminal_width(view->fd);
    view->look->line(&view->last, width > 3 ? width - 3 : 1, line, sizeof(line));
    (void)snprintf(text, sizeof(text), "\r%s\033[K", line);
    emit(view, text);
    view->line_shown = true;
}

/* Takes the drawn line back, so that a message can go there. */
static void undraw(struct fw_view *view)
{
    if (view->line_shown)
        emit(view, "\r\033[K");
    view->line_shown = false;
}

static void show(struct fw_view *view, bool last)
{
    char text[2048];
    switch (view->mode) {
    case FW_VIEW_NONE:
        return;
    case FW_VIEW_TTY:
        draw(view);
        return;
    case FW_VIEW_LINE:
        view->look->line(&view->last, 0, text, sizeof(text) - 1);
        strcat(text, "\n");
        break;
    case FW_VIEW_JSON:
        view->look->json(&view->last, text, sizeof(text));
        break;
    case FW_VIEW_FFMPEG:
        view->look->ffmpeg(&view->last, last, text, sizeof(text));
        break;
    }
    emit(view, text);
}

static void log_progress(struct fw_view *view, double now)
{
    char text[600];
    double last = view->logged_s < 0 ? 0 : view->logged_s;
    if (view->log_fd < 0 || now - last < line_pause_s(view, view->logged_s, now))
        return;
    view->logged_s = now;
    view->look->line(&view->last, 0, text, sizeof(text));
    fw_log_line(view->log_fd, now, "progress", text);
}

/* The last progress was renewed: shows it, when it is time. */
static void renew(struct fw_view *view)
{
    double now = now_s(view);
    log_progress(view, now);
    if (now - (view->shown_s < 0 ? 0 : view->shown_s) < pause_s(view, now))
        return;
    view->shown_s = now;
    show(view, false);
}

/* A caller may know a shorter struct than we do. */
static void keep(struct fw_view *view, const void *progress, size_t struct_size)
{
    memset(&view->last, 0, sizeof(view->last));
    memcpy(&view->last, progress,
           struct_size < view->look->bytes ? struct_size : view->look->bytes);
}

void fw_view_update(struct fw_view *view, const struct fw_progress *progress)
{
    keep(view, progress, progress->struct_size);
    /* The text is borrowed for this call alone. */
    const char *limit = view->last.run.limit;
    (void)snprintf(view->limit, sizeof(view->limit), "%s", limit ? limit : "");
    view->last.run.limit = view->limit;
    renew(view);
}

void fw_view_update_batch(struct fw_view *view, const struct fw_batch_progress *progress)
{
    keep(view, progress, progress->struct_size);
    renew(view);
}

void fw_view_interrupt(struct fw_view *view)
{
    if (!view->interrupted && view->line_shown) {
        emit(view, "\n");
        view->line_shown = false;
    }
    view->interrupted = true;
}

void fw_view_line_now(struct fw_view *view)
{
    char text[600];
    undraw(view);
    view->look->line(&view->last, 0, text, sizeof(text) - 1);
    strcat(text, "\n");
    (void)fw_write_all(STDERR_FILENO, text, strlen(text));
}

void fw_view_message(struct fw_view *view, enum fw_message_level level, const char *text)
{
    fw_log_message(view->log_fd, now_s(view), level, text);
    if ((int)level - (int)FW_MESSAGE_WARNING > view->verbosity)
        return;
    undraw(view);
    fw_complain_to_user(view->verb, text);
}

void fw_view_hear(void *view, enum fw_message_level level, const char *text)
{
    if (fw_signals_caught())
        fw_view_interrupt(view);
    fw_view_message(view, level, text);
}

void fw_view_log(struct fw_view *view, const char *word, const char *text)
{
    fw_log_line(view->log_fd, now_s(view), word, text);
}

void fw_view_end(struct fw_view *view, const char *status, int exit_code, const char *error_text,
                 const char *report_json)
{
    char *text = NULL;
    char word[64];
    undraw(view);
    (void)snprintf(word, sizeof(word), "%s, exit %d", status, exit_code);
    fw_view_log(view, "end", word);
    if (view->mode == FW_VIEW_JSON)
        text = fw_progress_end(view->look, status, exit_code, error_text, report_json, now_s(view));
    else if (view->mode == FW_VIEW_FFMPEG)
        show(view, true);
    if (text)
        emit(view, text);
    free(text);
}

void fw_view_close(struct fw_view *view)
{
    undraw(view);
    if (view->own_fd)
        close(view->fd);
    if (view->log_fd >= 0)
        close(view->log_fd);
}
