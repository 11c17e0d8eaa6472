#include "sink.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <libavutil/mathematics.h>

#include "control.h"
#include "limits.h"
#include "sink_impl.h"

#include "filters/format.h"

/* Records that wait for the first frame; beyond that the input's own fields have to do. */
#define EARLY_BYTES_MAX (64u << 20)
#define EARLY_MAX 65536u

void fw_sink_pace(struct fw_video *video, const struct fw_settings *settings)
{
    const struct fw_rational rate = fw_settings_pace(settings);
    if (rate.num <= 0)
        return;
    video->frame_rate = rate;
    video->time_base = (struct fw_rational){ rate.den, rate.num };
}

static const struct fw_sink_kind *kind_of(const struct fw_target *target)
{
    switch (target->kind) {
    case FW_TARGET_NULL:
        return &fw_sink_null;
    case FW_TARGET_Y4M:
        return &fw_sink_y4m;
    case FW_TARGET_PICTURES:
        return &fw_sink_pictures;
    case FW_TARGET_LAVF:
    default:
        return &fw_sink_lavf;
    }
}

static int prepare(struct fw_sink *sink, const struct fw_sink_options *options,
                   struct fw_error *err)
{
    sink->options = *options;
    int status = fw_target_choose(&sink->target, options->settings, err);
    if (status < 0)
        return status;
    sink->kind = kind_of(&sink->target);
    if (!fw_link_to_video(&options->video, &sink->video))
        return fw_fail(err, FW_ERR_INTERNAL, "the encoder was given pictures that cannot be");
    sink->base_in = (AVRational){ sink->video.time_base.num, sink->video.time_base.den };
    const struct fw_rational rate = fw_settings_pace(options->settings);
    sink->paced = rate.num > 0;
    /* Lists of two chains can be compared only when both count in the input's time. */
    if (!sink->paced && options->media)
        sink->target.hash_base = (AVRational){ options->media->video_params.time_base.num,
                                               options->media->video_params.time_base.den };
    if (sink->paced)
        fw_cadence_init(&sink->cadence, sink->video.time_base, rate);
    fw_sink_pace(&sink->video, options->settings);
    /* Numbered pictures have files of their own: the descriptor only leads to them. */
    bool leads = sink->target.kind == FW_TARGET_PICTURES && !sink->target.single;
    fw_sink_bytes_init(&sink->output, leads ? -1 : options->fd, options->seekable, options->control,
                       options->proc);
    return sink->kind->open(sink, err);
}

int fw_sink_open(struct fw_sink **sink_out, const struct fw_sink_options *options,
                 struct fw_error *err)
{
    *sink_out = NULL;
    struct fw_sink *sink = calloc(1, sizeof(*sink));
    if (!sink)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the output");
    int status = prepare(sink, options, err);
    if (status < 0) {
        fw_sink_close(sink);
        return status;
    }
    *sink_out = sink;
    return FW_OK;
}

void fw_sink_close(struct fw_sink *sink)
{
    if (!sink)
        return;
    if (sink->kind && sink->state)
        sink->kind->close(sink);
    for (uint32_t i = 0; i < sink->early_count; i++)
        fw_record_deinit(&sink->early[i]);
    free(sink->early);
    fw_losses_deinit(&sink->losses);
    free(sink->held);
    free(sink->held_blob);
    free(sink);
}

/* The header, and the records that waited for it. */
static int begin(struct fw_sink *sink, uint32_t flags, struct fw_error *err)
{
    if (sink->begun)
        return FW_OK;
    sink->begun = true;
    sink->first_flags = flags;
    int status = sink->kind->begin ? sink->kind->begin(sink, err) : FW_OK;
    for (uint32_t i = 0; i < sink->early_count; i++) {
        if (status == FW_OK && sink->kind->record)
            status = sink->kind->record(sink, &sink->early[i], err);
        fw_record_deinit(&sink->early[i]);
    }
    sink->early_count = 0;
    return status;
}

static uint32_t input_flags(const struct fw_sink *sink)
{
    return sink->options.media ? sink->options.media->first_flags : 0;
}

static size_t bytes_of(const struct fw_record *record)
{
    size_t bytes = sizeof(*record);
    bytes += record->packet ? (size_t)record->packet->size : 0;
    bytes += record->ass ? strlen(record->ass) : 0;
    for (int i = 0; record->audio && i < AV_NUM_DATA_POINTERS && record->audio->buf[i]; i++)
        bytes += record->audio->buf[i]->size;
    return bytes;
}

static int keep_early(struct fw_sink *sink, struct fw_record *record, struct fw_error *err)
{
    if (sink->early_count == sink->early_room) {
        uint32_t room = sink->early_room ? sink->early_room * 2 : 64;
        struct fw_record *grown = realloc(sink->early, room * sizeof(*grown));
        if (!grown)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for packets before the first frame");
        sink->early = grown;
        sink->early_room = room;
    }
    sink->early_bytes += bytes_of(record);
    sink->early[sink->early_count++] = *record;
    memset(record, 0, sizeof(*record));
    if (sink->early_count < EARLY_MAX && sink->early_bytes < EARLY_BYTES_MAX)
        return FW_OK;
    return begin(sink, input_flags(sink), err);
}

static void beat(const struct fw_sink *sink)
{
    if (sink->options.proc)
        atomic_fetch_add_explicit(&sink->options.proc->beat, 1, memory_order_relaxed);
}

static int give(struct fw_sink *sink, const struct fw_frame_info *info, const void *base,
                const void *blob, struct fw_error *err)
{
    AVRational unit = { sink->video.time_base.num, sink->video.time_base.den };
    int status = sink->kind->frame(sink, info, base, blob, err);
    if (status < 0)
        return status;
    sink->stats.frames++;
    sink->stats.bytes = sink->output.bytes;
    int64_t end = av_rescale_q(info->pts + info->duration, unit, AV_TIME_BASE_Q);
    if (end > sink->stats.end_us)
        sink->stats.end_us = end;
    return FW_OK;
}

/* Writes the kept frame at each tick of the run. */
static int show(struct fw_sink *sink, struct fw_cadence_run run, struct fw_error *err)
{
    const struct fw_control *control = sink->options.control;
    for (int64_t i = 0; i < run.count; i++) {
        if (control && atomic_load_explicit(&control->run_state, memory_order_acquire) == FW_ABORT)
            return fw_fail(err, FW_ERR_CANCELLED, "cancelled");
        struct fw_frame_info info = sink->held_info;
        info.pts = run.first + i;
        info.duration = 1;
        int status = give(sink, &info, sink->held, sink->held_blob, err);
        if (status < 0)
            return status;
        beat(sink);
    }
    return FW_OK;
}

/* Keeps a copy until it is known how long the frame is shown. */
static int hold(struct fw_sink *sink, const struct fw_frame_info *info, const void *base,
                const void *blob, struct fw_error *err)
{
    struct fw_image_layout layout;
    const struct fw_format *format = fw_format_at(info->format);
    if (!format || fw_image_layout(&layout, format, info->width, info->height) < 0)
        return fw_fail(err, FW_ERR_INTERNAL, "a frame that cannot be");
    if (layout.bytes > sink->held_bytes) {
        free(sink->held);
        sink->held = aligned_alloc(FW_IMAGE_ALIGN, layout.bytes);
        sink->held_bytes = sink->held ? layout.bytes : 0;
    }
    if (!sink->held_blob)
        sink->held_blob = malloc(FW_BLOB_MAX);
    if (!sink->held || !sink->held_blob)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a frame of %zu bytes", layout.bytes);
    memcpy(sink->held, base, layout.bytes);
    uint32_t bytes = blob && info->blob_bytes <= FW_BLOB_MAX ? info->blob_bytes : 0;
    if (bytes)
        memcpy(sink->held_blob, blob, bytes);
    sink->held_info = *info;
    sink->held_info.blob_bytes = bytes;
    return FW_OK;
}

/* A duration for a frame that has none: one frame of the nominal rate. */
static int64_t likely_duration(const struct fw_sink *sink, AVRational rate)
{
    if (rate.num <= 0 || rate.den <= 0)
        return 0;
    return av_rescale_q(1, av_inv_q(rate), sink->base_in);
}

int fw_sink_frame(struct fw_sink *sink, const struct fw_frame_info *info, const void *base,
                  const void *blob, struct fw_error *err)
{
    struct fw_frame_info own = *info;
    int status = FW_OK;
    if ((int)own.format != (int)sink->video.format->id || own.width != sink->video.width ||
        own.height != sink->video.height)
        return fw_fail(err, FW_ERR_INTERNAL, "a frame of %dx%d arrived where %dx%d was agreed",
                       own.width, own.height, sink->video.width, sink->video.height);
    status = begin(sink, own.flags, err);
    if (status < 0)
        return status;
    fw_sink_side_note(sink, &own, blob);
    const struct fw_rational rate = sink->options.video.frame_rate;
    if (own.pts == FW_NOPTS)
        own.pts = sink->next_pts;
    if (own.duration <= 0)
        own.duration = likely_duration(sink, (AVRational){ rate.num, rate.den });
    sink->next_pts = own.pts + (own.duration > 0 ? own.duration : 1);
    if (!sink->paced)
        return give(sink, &own, base, blob, err);
    status = show(sink, fw_cadence_push(&sink->cadence, own.pts), err);
    return status < 0 ? status : hold(sink, &own, base, blob, err);
}

int fw_sink_record(struct fw_sink *sink, struct fw_record *record, struct fw_error *err)
{
    beat(sink);
    if (!sink->kind->record)
        return FW_OK;
    return sink->begun ? sink->kind->record(sink, record, err) : keep_early(sink, record, err);
}

int fw_sink_commit(struct fw_sink *sink, struct fw_error *err)
{
    int status = begin(sink, input_flags(sink), err);
    if (status == FW_OK && sink->paced)
        status = show(sink, fw_cadence_finish(&sink->cadence, sink->next_pts), err);
    if (status == FW_OK && sink->kind->commit)
        status = sink->kind->commit(sink, err);
    if (status == FW_OK)
        status = sink->options.settings->unsynced ? fw_sink_bytes_status(&sink->output, err)
                                                  : fw_sink_bytes_sync(&sink->output, err);
    sink->stats.bytes = sink->output.bytes;
    sink->committed = status == FW_OK;
    return status;
}

int fw_sink_verify(struct fw_sink *sink, char what[32], struct fw_error *err)
{
    what[0] = '\0';
    if (!sink->committed)
        return fw_fail(err, FW_ERR_INTERNAL, "an output is verified before it is finished");
    bool readable = sink->output.seekable || sink->target.kind == FW_TARGET_PICTURES;
    if (!readable || !sink->kind->verify || sink->options.settings->verify == FW_VERIFY_NONE)
        return FW_OK;
    return sink->kind->verify(sink, what, err);
}

int fw_sink_verify_bytes(const struct fw_sink *sink, uint64_t expected, struct fw_error *err)
{
    struct stat info;
    if (fstat(sink->output.fd, &info) != 0)
        return fw_fail(err, FW_ERR_VERIFY, "the written file cannot be looked at");
    if ((uint64_t)info.st_size != expected)
        return fw_fail(err, FW_ERR_VERIFY, "expected a file of %llu bytes, got %llu",
                       (unsigned long long)expected, (unsigned long long)info.st_size);
    return FW_OK;
}

void fw_sink_count_packet(struct fw_sink *sink)
{
    sink->stats.packets++;
    if (sink->options.proc != NULL)
        atomic_store_explicit(&sink->options.proc->aux[FW_AUX_WRITTEN], sink->stats.packets,
                              memory_order_relaxed);
}

void fw_sink_stats(const struct fw_sink *sink, struct fw_sink_stats *stats_out)
{
    *stats_out = sink->stats;
    stats_out->duplicated = sink->cadence.duplicated;
    stats_out->dropped = sink->cadence.dropped;
}

const struct fw_losses *fw_sink_losses(const struct fw_sink *sink)
{
    return &sink->losses;
}
