/* Progress of batches as texts. */
#include "progress_text.h"

#include <stdio.h>
#include <string.h>

#include "term.h"

/* What one line holds, in its order. */
enum field { CLOCK, SHARE, COUNT, RATE, FPS, ETA, SIZE, RUNNING, SKIPPED, FAILED, FIELDS };

static uint64_t settled(const struct fw_batch_progress *p)
{
    return p->done + p->unchanged + p->skipped + p->failed;
}

static void fill_fields(struct fw_fields *fields, const struct fw_batch_progress *p)
{
    char buffer[32];
    char(*text)[64] = fields->text;
    size_t bytes = sizeof(text[0]);
    memset(fields, 0, sizeof(*fields));
    (void)snprintf(text[CLOCK], bytes, "[%s]", fw_clock_text(p->elapsed_s, buffer, sizeof(buffer)));
    if (p->items > 0)
        (void)snprintf(text[SHARE], bytes, "%.0f%%", 100.0 * (double)settled(p) / (double)p->items);
    (void)snprintf(text[COUNT], bytes, "%llu/%llu", (unsigned long long)settled(p),
                   (unsigned long long)p->items);
    (void)snprintf(text[RATE], bytes, "%.1f/s", p->rate);
    if (p->fps > 0)
        (void)snprintf(text[FPS], bytes, "%.1ffps", p->fps);
    (void)snprintf(text[ETA], bytes, "eta=%s", fw_clock_text(p->eta_s, buffer, sizeof(buffer)));
    (void)snprintf(text[SIZE], bytes, "out=%s",
                   fw_bytes_text((double)p->bytes_out, buffer, sizeof(buffer)));
    char *space = strchr(text[SIZE], ' ');
    if (space)
        memmove(space, space + 1, strlen(space));
    (void)snprintf(text[RUNNING], bytes, "running=%u", p->running);
    if (p->skipped + p->unchanged > 0)
        (void)snprintf(text[SKIPPED], bytes, "skipped=%llu",
                       (unsigned long long)(p->skipped + p->unchanged));
    (void)snprintf(text[FAILED], bytes, "failed=%llu", (unsigned long long)p->failed);
}

static void batch_line(const void *progress, size_t width, char *text, size_t bytes)
{
    static const uint8_t dispensable[] = { RUNNING, SIZE,  SKIPPED, FPS, CLOCK,
                                           RATE,    COUNT, FAILED,  ETA, SHARE };
    struct fw_fields fields;
    fill_fields(&fields, progress);
    fw_fields_join(&fields, dispensable, FIELDS, width, text, bytes);
}

static void batch_json(const void *progress, char *text, size_t bytes)
{
    const struct fw_batch_progress *p = progress;
    char eta[32] = "null";
    if (p->eta_s >= 0)
        (void)snprintf(eta, sizeof(eta), "%.1f", p->eta_s);
    (void)snprintf(text, bytes,
                   "{\"schema\":\"framewheel-batch-progress/1\",\"type\":\"progress\",\"t\":%.3f,"
                   "\"items\":%llu,\"done\":%llu,\"unchanged\":%llu,\"skipped\":%llu,"
                   "\"failed\":%llu,\"running\":%u,\"bytes_in\":%llu,\"bytes_out\":%llu,"
                   "\"rate\":%.3f,\"rate_avg\":%.3f,\"fps\":%.3f,\"eta_s\":%s}\n",
                   p->elapsed_s, (unsigned long long)p->items, (unsigned long long)p->done,
                   (unsigned long long)p->unchanged, (unsigned long long)p->skipped,
                   (unsigned long long)p->failed, p->running, (unsigned long long)p->bytes_in,
                   (unsigned long long)p->bytes_out, p->rate, p->rate_mean, p->fps, eta);
}

/* FFmpeg's keys, with files for frames: what reads them shows a count and an end. */
static void batch_ffmpeg(const void *progress, bool last, char *text, size_t bytes)
{
    const struct fw_batch_progress *p = progress;
    (void)snprintf(text, bytes, "frame=%llu\nfps=%.2f\ntotal_size=%llu\nprogress=%s\n",
                   (unsigned long long)p->done, p->rate_mean, (unsigned long long)p->bytes_out,
                   last ? "end" : "continue");
}

static const char *const batch_keys[] = { "counts", "bytes", "causes", NULL };

const struct fw_look fw_look_batch = { .bytes = sizeof(struct fw_batch_progress),
                                       .line = batch_line,
                                       .json = batch_json,
                                       .ffmpeg = batch_ffmpeg,
                                       .end_keys = batch_keys };
