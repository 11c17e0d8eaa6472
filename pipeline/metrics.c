/* Two videos compared frame by frame, read in one locked process. */
#include "avlog.h"
#include "child.h"
#include "document.h"
#include "input.h"
#include "remux.h"
#include "sandbox.h"
#include "sink_codecs.h"
#include "source.h"

#include "filters/format.h"
#include "filters/image.h"
#include "filters/metrics.h"

#include <framewheel/framewheel.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STALL_MS 120000 /* without progress */

/* One of the two videos. */
struct side {
    int fd;
    struct fw_settings settings;
    struct fw_source *source;
    struct fw_media media;
    void *slot;
    size_t bytes;
    struct fw_image image;
};

struct request {
    struct side sides[2];
    struct fw_control *control; /* shared: the child beats here */
};

/* What all frames together come to. */
struct totals {
    uint64_t frames;
    struct fw_metrics sum;
    double error_min;
    double error_max;
};

/* ---- in the child ------------------------------------------------------------------------- */

static int open_side(const struct request *request, struct side *side, struct fw_error *err)
{
    const struct fw_source_options options = { .fd = side->fd,
                                               .name = side->settings.input,
                                               .settings = &side->settings,
                                               .control = request->control,
                                               .proc = &request->control->procs[0] };
    struct fw_stream_plan plan[FW_STREAMS_MAX] = { 0 };
    struct fw_buffer packed = { 0 };
    struct fw_image_layout layout;
    int status = fw_source_open(&side->source, &options, err);
    if (status == FW_OK)
        status = fw_source_media(side->source, &packed, err);
    if (status == FW_OK)
        status = fw_media_unpack(&side->media, packed.data, packed.bytes, err);
    fw_buffer_deinit(&packed);
    if (status < 0)
        return status;
    for (uint32_t i = 0; i < FW_STREAMS_MAX; i++)
        plan[i].output = -1;
    plan[side->media.video] = (struct fw_stream_plan){ .action = FW_STREAM_VIDEO };
    status = fw_source_plan(side->source, plan, err);
    if (status < 0)
        return status;
    const struct fw_video *video = &side->media.video_params;
    if (fw_image_layout(&layout, video->format, video->width, video->height) < 0)
        return fw_fail(err, FW_ERR_INPUT, "frames of %dx%d", video->width, video->height);
    side->bytes = layout.bytes + FW_BLOB_MAX;
    side->slot = aligned_alloc(FW_IMAGE_ALIGN, side->bytes);
    if (!side->slot)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a frame of %zu bytes", side->bytes);
    fw_image_map(&side->image, &layout, video->format, video->width, video->height, side->slot);
    return FW_OK;
}

static int check_pair(const struct request *request, struct fw_error *err)
{
    const struct fw_video *a = &request->sides[0].media.video_params;
    const struct fw_video *b = &request->sides[1].media.video_params;
    if (a->width != b->width || a->height != b->height)
        return fw_fail(err, FW_ERR_USAGE, "their sizes differ: %dx%d and %dx%d", a->width,
                       a->height, b->width, b->height);
    if (a->format != b->format)
        return fw_fail(err, FW_ERR_USAGE,
                       "their pixel formats differ: %s and %s\n"
                       "hint: convert one of them with --vf format=%s",
                       a->format->name, b->format->name, a->format->name);
    return FW_OK;
}

/* FW_END after the last frame. */
static int next_frame(const struct request *request, struct side *side, struct fw_error *err)
{
    struct fw_event event = { .kind = FW_EVENT_RECORD };
    struct fw_frame_info info;
    int status = FW_OK;
    while (status == FW_OK && event.kind != FW_EVENT_FRAME) {
        atomic_fetch_add(&request->control->procs[0].beat, 1);
        status = fw_source_next(side->source, &event, err);
    }
    return status == FW_OK ? fw_source_fill(side->source, side->slot, side->bytes, &info, err)
                           : status;
}

static void add(struct totals *totals, const struct fw_metrics *frame)
{
    struct fw_metrics *sum = &totals->sum;
    sum->parts = frame->parts;
    for (uint32_t i = 0; i < frame->parts; i++) {
        sum->error[i] += frame->error[i];
        sum->similarity[i] += frame->similarity[i];
    }
    sum->error_all += frame->error_all;
    sum->similarity_all += frame->similarity_all;
    if (totals->frames == 0 || frame->error_all < totals->error_min)
        totals->error_min = frame->error_all;
    if (totals->frames == 0 || frame->error_all > totals->error_max)
        totals->error_max = frame->error_all;
    totals->frames++;
}

static int compare_frames(struct request *request, struct totals *totals, struct fw_error *err)
{
    for (;;) {
        struct fw_metrics frame;
        int one = next_frame(request, &request->sides[0], err);
        int other = one < 0 ? one : next_frame(request, &request->sides[1], err);
        if (one < 0 || other < 0)
            return one < 0 ? one : other;
        if (one == FW_END && other == FW_END)
            return FW_OK;
        if (one == FW_END || other == FW_END)
            return fw_fail(err, FW_ERR_INPUT, "the %s video ends after %llu frames, the other not",
                           one == FW_END ? "first" : "second", (unsigned long long)totals->frames);
        int status = fw_metrics_of(&frame, &request->sides[0].image, &request->sides[1].image, err);
        if (status < 0)
            return status;
        add(totals, &frame);
    }
}

/* JSON has no infinity. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static const char *part_name(const struct fw_format *format, uint32_t part)
{
    static const char *const names[2][4] = { { "y", "u", "v", "a" }, { "r", "g", "b", "a" } };
    bool alpha = (format->flags & FW_FORMAT_ALPHA) && part + 1u == format->component_count;
    return names[(format->flags & FW_FORMAT_RGB) != 0][alpha ? 3 : part];
}

static json_t *document_of(const struct request *request, const struct totals *totals)
{
    const struct fw_format *format = request->sides[0].image.format;
    int32_t max = (1 << fw_format_depth(format)) - 1;
    double frames = (double)totals->frames;
    json_t *document = json_object();
    json_t *psnr = json_object();
    json_t *ssim = json_object();
    json_object_set_new(document, "schema", json_string("framewheel-metrics/1"));
    json_object_set_new(document, "before", fw_json_text(request->sides[0].settings.input));
    json_object_set_new(document, "after", fw_json_text(request->sides[1].settings.input));
    json_object_set_new(document, "pixel_format", json_string(format->name));
    json_object_set_new(document, "frames", json_integer((json_int_t)totals->frames));
    for (uint32_t i = 0; i < totals->sum.parts; i++) {
        const char *name = part_name(format, i);
        json_object_set_new(psnr, name,
                            number(fw_metrics_psnr(totals->sum.error[i] / frames, max)));
        json_object_set_new(ssim, name, number(totals->sum.similarity[i] / frames));
    }
    json_object_set_new(psnr, "average",
                        number(fw_metrics_psnr(totals->sum.error_all / frames, max)));
    json_object_set_new(psnr, "min", number(fw_metrics_psnr(totals->error_max, max)));
    json_object_set_new(psnr, "max", number(fw_metrics_psnr(totals->error_min, max)));
    double all = totals->sum.similarity_all / frames;
    json_object_set_new(ssim, "all", number(all));
    json_object_set_new(ssim, "all_db", number(fw_metrics_decibels(all)));
    json_object_set_new(document, "psnr", psnr);
    json_object_set_new(document, "ssim", ssim);
    return document;
}

static int compare_in_child(void *argument, int result_fd, struct fw_error *err)
{
    struct request *request = argument;
    const struct fw_sandbox_options lock = { .role = FW_SANDBOX_DECODER,
                                             .mode = FW_SANDBOX_AUTO,
                                             .address_space = FW_ADDRESS_SPACE_BASE };
    struct totals totals = { 0 };
    char *text = NULL;
    uint32_t layers = 0;
    fw_sink_silence();
    fw_avlog_limit_memory();
    int status = fw_sandbox_enter(&lock, &layers, err);
    for (int i = 0; i < 2 && status == FW_OK; i++) {
        status = open_side(request, &request->sides[i], err);
        if (status < 0)
            fw_error_prefix(err, "the %s video", i ? "second" : "first");
    }
    if (status == FW_OK)
        status = check_pair(request, err);
    if (status == FW_OK)
        status = compare_frames(request, &totals, err);
    if (status == FW_OK)
        status = fw_json_finish(document_of(request, &totals), &text, err);
    if (status == FW_OK)
        status = fw_child_answer(result_fd, text, strlen(text), err);
    free(text);
    for (int i = 0; i < 2; i++) {
        free(request->sides[i].slot);
        fw_media_deinit(&request->sides[i].media);
        fw_source_close(request->sides[i].source);
    }
    return status;
}

/* ---- in the caller ------------------------------------------------------------------------ */

static int ask(struct request *request, char **json_out, struct fw_error *err)
{
    const int fds[] = { request->sides[0].fd, request->sides[1].fd };
    void *bytes = NULL;
    size_t count = 0;
    request->control = fw_child_map_control();
    if (!request->control)
        return fw_fail(err, FW_ERR_MEMORY, "no memory to share with a process");
    const struct fw_child_question question = { .body = compare_in_child,
                                                .arg = request,
                                                .keep_fds = fds,
                                                .keep_count = 2,
                                                .timeout_ms = STALL_MS,
                                                .proc = &request->control->procs[0] };
    int status = fw_child_call(&question, &bytes, &count, err);
    fw_child_unmap_control(request->control);
    if (status == FW_OK)
        *json_out = bytes;
    else
        free(bytes);
    return status;
}

int fw_compare_metrics(const char *before, const char *after, char **json_out, struct fw_error *err)
{
    struct request request = { .sides = { { .fd = -1 }, { .fd = -1 } } };
    const char *const paths[] = { before, after };
    int status = fw_child_check_threads(err);
    for (int i = 0; i < 2; i++) {
        struct side *side = &request.sides[i];
        fw_settings_init(&side->settings);
        if (status == FW_OK)
            status = fw_settings_set(&side->settings, "input", paths[i], err);
        if (status == FW_OK)
            status = fw_settings_set(&side->settings, "on-error", "conceal", err);
        if (status == FW_OK)
            status = fw_input_open(&side->fd, paths[i], err);
    }
    if (status == FW_OK)
        status = ask(&request, json_out, err);
    for (int i = 0; i < 2; i++) {
        if (request.sides[i].fd >= 0)
            close(request.sides[i].fd);
        fw_settings_deinit(&request.sides[i].settings);
    }
    return status;
}
