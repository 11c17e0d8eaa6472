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

void fw_progress_line(const struct fw_progress *p, char *text, size_t bytes)
{
    char clock[32];
    char eta[32];
    char size[32];
    char part[96] = "";
    char rate[48];
    if (p->frames_total > 0) {
        double share = (double)p->frames / (double)p->frames_total;
        (void)snprintf(part, sizeof(part), " %s%.0f%% %llu/%llu", p->frames_total_exact ? "" : "~",
                       share < 1 ? share * 100 : 100, (unsigned long long)p->frames,
                       (unsigned long long)p->frames_total);
    } else {
        (void)snprintf(part, sizeof(part), " %llu frames", (unsigned long long)p->frames);
    }
    if (p->fps >= 0.001 && p->fps < 1)
        (void)snprintf(rate, sizeof(rate), "%.1fs/frame", 1 / p->fps);
    else
        (void)snprintf(rate, sizeof(rate), "%.1ffps", p->fps);
    (void)snprintf(text, bytes, "[%s]%s %s %.2fx eta=%s size=%s ring=%u/%u limit=%s errors=%llu",
                   fw_clock_text(p->elapsed_s, clock, sizeof(clock)), part, rate, speed(p),
                   fw_clock_text(p->eta_s, eta, sizeof(eta)),
                   fw_bytes_text((double)p->bytes, size, sizeof(size)), p->ring_used, p->ring_slots,
                   p->limit && p->limit[0] ? p->limit : "-", (unsigned long long)p->damaged);
    char *space = strstr(text, "size=");
    space = space ? strchr(space, ' ') : NULL;
    /* "38.1 MB" as one word, for those who split at spaces. */
    if (space && strncmp(space + 1, "ring=", 5) != 0)
        memmove(space, space + 1, strlen(space));
}

void fw_progress_json(const struct fw_progress *p, char *text, size_t bytes)
{
    char eta[32] = "null";
    char total[32] = "null";
    if (p->eta_s >= 0)
        (void)snprintf(eta, sizeof(eta), "%.1f", p->eta_s);
    if (p->frames_total > 0)
        (void)snprintf(total, sizeof(total), "%llu", (unsigned long long)p->frames_total);
    (void)snprintf(text, bytes,
                   "{\"schema\":\"" SCHEMA "\",\"type\":\"progress\",\"t\":%.3f,\"frames\":%llu,"
                   "\"frames_total\":%s,\"frames_exact\":%s,\"fps\":%.3f,\"fps_avg\":%.3f,"
                   "\"eta_s\":%s,\"media_s\":%.6f,\"bytes\":%llu,\"ring\":[%u,%u],"
                   "\"duplicated\":%llu,\"dropped\":%llu,\"damaged\":%llu,\"workers\":%u,"
                   "\"busy\":{\"decoder\":%.3f,\"workers\":%.3f,\"encoder\":%.3f},"
                   "\"limit\":\"%s\"}\n",
                   p->elapsed_s, (unsigned long long)p->frames, total,
                   p->frames_total_exact ? "true" : "false", p->fps, p->fps_mean, eta, p->media_s,
                   (unsigned long long)p->bytes, p->ring_used, p->ring_slots,
                   (unsigned long long)p->duplicated, (unsigned long long)p->dropped,
                   (unsigned long long)p->damaged, p->workers, p->busy_decoder, p->busy_workers,
                   p->busy_encoder, p->limit ? p->limit : "");
}

void fw_progress_ffmpeg(const struct fw_progress *p, bool last, char *text, size_t bytes)
{
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

char *fw_progress_end(const char *status, int exit_code, const char *error_text,
                      const char *report_json, double elapsed_s)
{
    static const char *const keys[] = { "frames", "published", "verified",
                                        "losses", "deaths",    "bytes" };
    char shown[4 * FW_ERROR_TEXT];
    json_t *report = report_json ? json_loads(report_json, 0, NULL) : NULL;
    json_t *record = json_pack("{s:s,s:s,s:f,s:s,s:i}", "schema", SCHEMA, "type", "end", "t",
                               elapsed_s, "status", status, "exit", exit_code);
    char *line = NULL;
    if (record && error_text)
        (void)json_object_set_new(record, "error",
                                  json_string(fw_escape(error_text, shown, sizeof(shown), 1)));
    for (size_t i = 0; record && i < sizeof(keys) / sizeof(keys[0]); i++) {
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
