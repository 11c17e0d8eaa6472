/* Progress as texts. */
#include "progress_text.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "term.h"

#define SCHEMA "framewheel-progress/1"

static double speed(const struct fw_progress *p)
{
    return p->elapsed_s > 0 && p->media_s > 0 ? p->media_s / p->elapsed_s : 0;
}

/* What one line holds, in its order. */
enum field { CLOCK, SHARE, COUNT, RATE, SPEED, ETA, SIZE, RING, LIMIT, ERRORS, FIELDS };

static void fill_fields(struct fw_fields *fields, const struct fw_progress *p)
{
    char buffer[32];
    char(*text)[64] = fields->text;
    size_t bytes = sizeof(text[0]);
    unsigned long long frames = p->frames;
    unsigned long long total = p->frames_total;
    memset(fields, 0, sizeof(*fields));
    (void)snprintf(text[CLOCK], bytes, "[%s]", fw_clock_text(p->elapsed_s, buffer, sizeof(buffer)));
    if (total > 0) {
        double share = (double)frames / (double)total;
        (void)snprintf(text[SHARE], bytes, "%s%.0f%%", p->frames_total_exact ? "" : "~",
                       share < 1 ? share * 100 : 100);
        (void)snprintf(text[COUNT], bytes, "%llu/%llu", frames, total);
    } else {
        (void)snprintf(text[COUNT], bytes, "%llu frames", frames);
    }
    if (p->fps >= 0.001 && p->fps < 1)
        (void)snprintf(text[RATE], bytes, "%.1fs/frame", 1 / p->fps);
    else
        (void)snprintf(text[RATE], bytes, "%.1ffps", p->fps);
    (void)snprintf(text[SPEED], bytes, "%.2fx", speed(p));
    (void)snprintf(text[ETA], bytes, "eta=%s", fw_clock_text(p->eta_s, buffer, sizeof(buffer)));
    (void)snprintf(text[SIZE], bytes, "size=%s",
                   fw_bytes_text((double)p->bytes, buffer, sizeof(buffer)));
    /* "38.1MB" as one word, for those who split at spaces. */
    char *space = strchr(text[SIZE], ' ');
    if (space)
        memmove(space, space + 1, strlen(space));
    (void)snprintf(text[RING], bytes, "ring=%u/%u", p->ring_used, p->ring_slots);
    (void)snprintf(text[LIMIT], bytes, "limit=%.15s", p->limit && p->limit[0] ? p->limit : "-");
    (void)snprintf(text[ERRORS], bytes, "errors=%llu", (unsigned long long)p->damaged);
}

static size_t fields_width(const struct fw_fields *fields)
{
    size_t width = 0;
    for (size_t i = 0; i < FW_FIELDS_MAX; i++) {
        if (fields->text[i][0])
            width += strlen(fields->text[i]) + (width > 0);
    }
    return width;
}

void fw_fields_join(struct fw_fields *fields, const uint8_t *dispensable, uint32_t count,
                    size_t width, char *text, size_t bytes)
{
    size_t used = 0;
    for (size_t i = 0; width > 0 && i < count && fields_width(fields) > width; i++)
        fields->text[dispensable[i]][0] = '\0';
    text[0] = '\0';
    for (size_t i = 0; i < FW_FIELDS_MAX && used < bytes; i++) {
        if (fields->text[i][0])
            used += (size_t)snprintf(text + used, bytes - used, "%s%s", used ? " " : "",
                                     fields->text[i]);
    }
}

static void run_line(const void *progress, size_t width, char *text, size_t bytes)
{
    static const uint8_t dispensable[] = { RING,  SIZE, SPEED,  LIMIT, COUNT,
                                           CLOCK, RATE, ERRORS, ETA,   SHARE };
    struct fw_fields fields;
    fill_fields(&fields, progress);
    fw_fields_join(&fields, dispensable, FIELDS, width, text, bytes);
}

static void run_json(const void *progress, char *text, size_t bytes)
{
    const struct fw_progress *p = progress;
    char eta[32] = "null";
    char total[32] = "null";
    if (p->eta_s >= 0)
        (void)snprintf(eta, sizeof(eta), "%.1f", p->eta_s);
    if (p->frames_total > 0)
        (void)snprintf(total, sizeof(total), "%llu", (unsigned long long)p->frames_total);
    (void)snprintf(
        text, bytes,
        "{\"schema\":\"" SCHEMA "\",\"type\":\"progress\",\"t\":%.3f,\"frames\":%llu,"
        "\"frames_total\":%s,\"frames_exact\":%s,\"fps\":%.3f,\"fps_avg\":%.3f,"
        "\"eta_s\":%s,\"media_s\":%.6f,\"bytes\":%llu,\"ring\":[%u,%u],"
        "\"duplicated\":%llu,\"dropped\":%llu,\"damaged\":%llu,\"workers\":%u,"
        "\"busy\":{\"decoder\":%.3f,\"workers\":%.3f,\"sequential\":%.3f,\"encoder\":%.3f},"
        "\"limit\":\"%s\"}\n",
        p->elapsed_s, (unsigned long long)p->frames, total,
        p->frames_total_exact ? "true" : "false", p->fps, p->fps_mean, eta, p->media_s,
        (unsigned long long)p->bytes, p->ring_used, p->ring_slots,
        (unsigned long long)p->duplicated, (unsigned long long)p->dropped,
        (unsigned long long)p->damaged, p->workers, p->busy_decoder, p->busy_workers,
        p->busy_sequential, p->busy_encoder, p->limit ? p->limit : "");
}

static void run_ffmpeg(const void *progress, bool last, char *text, size_t bytes)
{
    const struct fw_progress *p = progress;
    long long us = p->media_s > 0 ? (long long)(p->media_s * 1e6 + 0.5) : 0;
    long long seconds = us / 1000000;
    char rate[48] = "N/A";
    char fast[48] = "N/A";
    if (p->media_s > 0)
        (void)snprintf(rate, sizeof(rate), "%6.1fkbits/s",
                       (double)p->bytes * 8 / p->media_s / 1000);
    if (speed(p) > 0)
        (void)snprintf(fast, sizeof(fast), "%4.3gx", speed(p));
    /* out_time_ms holds microseconds there too, and programs count on it. */
    (void)snprintf(text, bytes,
                   "frame=%llu\nfps=%.2f\nstream_0_0_q=-1.0\nbitrate=%s\ntotal_size=%llu\n"
                   "out_time_us=%lld\nout_time_ms=%lld\nout_time=%02lld:%02lld:%02lld.%06lld\n"
                   "dup_frames=%llu\ndrop_frames=%llu\nspeed=%s\nprogress=%s\n",
                   (unsigned long long)p->frames, p->fps_mean, rate, (unsigned long long)p->bytes,
                   us, us, seconds / 3600, seconds / 60 % 60, seconds % 60, us % 1000000,
                   (unsigned long long)p->duplicated, (unsigned long long)p->dropped, fast,
                   last ? "end" : "continue");
}

static const char *const run_keys[] = { "frames", "published", "verified", "losses",
                                        "deaths", "bytes",     NULL };

const struct fw_look fw_look_run = { .bytes = sizeof(struct fw_progress),
                                     .line = run_line,
                                     .json = run_json,
                                     .ffmpeg = run_ffmpeg,
                                     .end_keys = run_keys };

char *fw_progress_end(const struct fw_look *look, const char *status, int exit_code,
                      const char *error_text, const char *report_json, double elapsed_s)
{
    const char *const *keys = look->end_keys;
    char shown[4 * FW_ERROR_TEXT];
    json_t *report = report_json ? json_loads(report_json, 0, NULL) : NULL;
    json_t *record = json_pack("{s:s,s:s,s:f,s:s,s:i}", "schema", SCHEMA, "type", "end", "t",
                               elapsed_s, "status", status, "exit", exit_code);
    char *line = NULL;
    if (record && error_text)
        (void)json_object_set_new(record, "error",
                                  json_string(fw_escape(error_text, shown, sizeof(shown), 1)));
    for (size_t i = 0; record && keys[i]; i++) {
        json_t *value = json_object_get(report, keys[i]);
        if (value)
            (void)json_object_set(record, keys[i], value);
    }
    char *text = record ? json_dumps(record, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
    if (text && asprintf(&line, "%s\n", text) < 0)
        line = NULL;
    free(text);
    json_decref(record);
    json_decref(report);
    return line;
}
