/* Choosing a kind of source by content, and what all kinds do alike. */
#include "source.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <libavutil/mathematics.h>

#include "source_impl.h"

static const char y4m_magic[] = "YUV4MPEG2";

static int open_file(struct fw_source **source_out, const struct fw_source_options *options,
                     struct fw_error *err)
{
    struct fw_input input;
    uint8_t head[FW_INPUT_HEAD];
    const struct fw_settings *settings = options->settings;
    int status = fw_input_init(&input, options->fd, options->control, options->proc, err);
    if (status == FW_OK) {
        size_t bytes = fw_input_peek(&input, head);
        bool y4m = bytes > sizeof(y4m_magic) && !memcmp(head, y4m_magic, sizeof(y4m_magic) - 1);
        bool forced = settings->input_format && strcmp(settings->input_format, "yuv4mpegpipe");
        status = fw_input_status(&input, err);
        if (status == FW_OK && bytes == 0)
            status = fw_fail(err, FW_ERR_INPUT, "the input is empty");
        else if (status == FW_OK && y4m && !forced)
            status = fw_source_open_y4m(source_out, settings, &input, err);
        else if (status == FW_OK)
            status = fw_source_open_lavf(source_out, settings, &input, err);
    }
    return status;
}

int fw_source_open(struct fw_source **source_out, const struct fw_source_options *options,
                   struct fw_error *err)
{
    *source_out = NULL;
    int status = options->settings->pictures ? fw_source_open_pictures(source_out, options, err)
                                             : open_file(source_out, options, err);
    if (status < 0 && options->name)
        fw_error_prefix(err, "%s", options->name);
    return status;
}

void fw_source_close(struct fw_source *source)
{
    if (source)
        source->ops->close(source);
}

int fw_source_media(struct fw_source *source, struct fw_buffer *out, struct fw_error *err)
{
    return source->ops->media(source, out, err);
}

int fw_source_plan(struct fw_source *source, const struct fw_stream_plan *streams,
                   struct fw_error *err)
{
    return source->ops->plan(source, streams, err);
}

int fw_source_next(struct fw_source *source, struct fw_event *event, struct fw_error *err)
{
    return source->ops->next(source, event, err);
}

int fw_source_fill(struct fw_source *source, void *slot, size_t bytes, struct fw_frame_info *info,
                   struct fw_error *err)
{
    if (bytes <= FW_BLOB_MAX)
        return fw_fail(err, FW_ERR_INTERNAL, "a slot of %zu bytes is too small", bytes);
    return source->ops->fill(source, slot, bytes, info, err);
}

void fw_source_stats(const struct fw_source *source, struct fw_source_stats *stats_out)
{
    *stats_out = source->stats;
    stats_out->bytes_read = source->input.bytes_read;
}

int64_t fw_cut_length_us(const struct fw_settings *settings)
{
    if (settings->length_us != FW_NOPTS)
        return settings->length_us;
    if (settings->to_us == FW_NOPTS)
        return FW_NOPTS;
    return settings->to_us - (settings->seek_us != FW_NOPTS ? settings->seek_us : 0);
}

int fw_cut_init(struct fw_cut *cut, const struct fw_settings *settings,
                struct fw_rational time_base, struct fw_error *err)
{
    int64_t length = fw_cut_length_us(settings);
    memset(cut, 0, sizeof(*cut));
    cut->from_zero = settings->seek_us != FW_NOPTS;
    cut->length = FW_NOPTS;
    cut->first = FW_NOPTS;
    cut->frames_max = settings->frames_max;
    if (length == FW_NOPTS)
        return FW_OK;
    if (length <= 0)
        return fw_fail(err, FW_ERR_USAGE, "the end asked for is not after the start");
    const AVRational ticks = { time_base.num, time_base.den };
    cut->length = av_rescale_q(length, AV_TIME_BASE_Q, ticks);
    return FW_OK;
}

enum fw_cut_verdict fw_cut_frame(struct fw_cut *cut, int64_t pts)
{
    if (cut->frames_max && cut->kept >= cut->frames_max)
        return FW_CUT_END;
    if (cut->from_zero && (pts == FW_NOPTS || pts < 0))
        return FW_CUT_SKIP;
    if (cut->first == FW_NOPTS)
        cut->first = pts;
    if (cut->length != FW_NOPTS && (pts == FW_NOPTS || pts - cut->first >= cut->length))
        return FW_CUT_END;
    cut->kept++;
    return FW_CUT_KEEP;
}

static void place_text(struct fw_damage_place place, char *text, size_t room)
{
    if (isnan(place.seconds))
        (void)snprintf(text, room, "frame %llu", (unsigned long long)place.frame);
    else
        (void)snprintf(text, room, "frame %llu (%.3f s)", (unsigned long long)place.frame,
                       place.seconds);
}

int fw_source_damage(struct fw_source *source, struct fw_damage_place place, const char *what,
                     struct fw_error *err)
{
    char where[64];
    struct fw_source_stats *stats = &source->stats;
    place_text(place, where, sizeof(where));
    stats->damaged++;
    if (!stats->first_damage[0])
        (void)snprintf(stats->first_damage, sizeof(stats->first_damage), "%s: %.160s", where, what);
    if (source->settings->on_error != FW_ON_ERROR_STOP)
        return FW_OK;
    return fw_fail(
        err, FW_ERR_INPUT,
        "damaged at %s: %s\nhint: --on-error conceal keeps such frames, skip leaves them out",
        where, what);
}

int fw_source_changed(struct fw_source *source, struct fw_damage_place place, const char *from,
                      const char *to, struct fw_error *err)
{
    char where[64];
    struct fw_source_stats *stats = &source->stats;
    place_text(place, where, sizeof(where));
    if (source->settings->on_change == FW_ON_CHANGE_ERROR)
        return fw_fail(err, FW_ERR_INPUT,
                       "%s changes from %s to %s\nhint: --on-change scale goes on as %s", where,
                       from, to, from);
    stats->changed++;
    if (!stats->first_change[0])
        (void)snprintf(stats->first_change, sizeof(stats->first_change), "%.40s: %.36s to %.36s",
                       where, from, to);
    return FW_OK;
}
