/* YUV4MPEG2 straight from the slots: a line of text, then per frame a word and the planes' rows. */
#include "sink_impl.h"
#include "sink_y4m.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/mathematics.h>

#include "filters/check.h"
#include "filters/format.h"

#define FRAME_WORD "FRAME\n"

struct y4m {
    uint8_t *rows; /* one packed frame */
    size_t frame_bytes;
    uint64_t head_bytes;
    uint64_t off_grid;
    bool rate_known;
};

struct tag {
    const char *format;
    const char *tag;
};

static const struct tag tags[] = {
    { "gray", "mono" },
    { "gray9le", "mono9" },
    { "gray10le", "mono10" },
    { "gray12le", "mono12" },
    { "gray16le", "mono16" },
    { "yuv411p", "411 XYSCSS=411" },
    { "yuv420p", "420" },
    { "yuvj420p", "420" },
    { "yuv422p", "422 XYSCSS=422" },
    { "yuvj422p", "422 XYSCSS=422" },
    { "yuv444p", "444 XYSCSS=444" },
    { "yuvj444p", "444 XYSCSS=444" },
    { "yuva444p", "444alpha XYSCSS=444" },
    { "yuv420p9le", "420p9 XYSCSS=420P9" },
    { "yuv422p9le", "422p9 XYSCSS=422P9" },
    { "yuv444p9le", "444p9 XYSCSS=444P9" },
    { "yuv420p10le", "420p10 XYSCSS=420P10" },
    { "yuv422p10le", "422p10 XYSCSS=422P10" },
    { "yuv444p10le", "444p10 XYSCSS=444P10" },
    { "yuv420p12le", "420p12 XYSCSS=420P12" },
    { "yuv422p12le", "422p12 XYSCSS=422P12" },
    { "yuv444p12le", "444p12 XYSCSS=444P12" },
    { "yuv420p14le", "420p14 XYSCSS=420P14" },
    { "yuv422p14le", "422p14 XYSCSS=422P14" },
    { "yuv444p14le", "444p14 XYSCSS=444P14" },
    { "yuv420p16le", "420p16 XYSCSS=420P16" },
    { "yuv422p16le", "422p16 XYSCSS=422P16" },
    { "yuv444p16le", "444p16 XYSCSS=444P16" },
};

const char *fw_y4m_format_at(uint32_t index)
{
    return index < FW_COUNT(tags) ? tags[index].format : NULL;
}

static const char *tag_of(const struct fw_video *video)
{
    for (size_t i = 0; i < FW_COUNT(tags); i++) {
        if (strcmp(tags[i].format, video->format->name) != 0)
            continue;
        if (strcmp(tags[i].tag, "420") != 0)
            return tags[i].tag;
        switch (video->color.chroma_location) {
        case 1:
            return "420mpeg2 XYSCSS=420MPEG2";
        case 3:
            return "420paldv XYSCSS=420PALDV";
        default:
            return "420jpeg XYSCSS=420JPEG";
        }
    }
    return NULL;
}

static char field_letter(const struct fw_sink *sink)
{
    uint32_t flags = sink->first_flags;
    if (!(flags & FW_FRAME_INTERLACED))
        return 'p';
    return flags & FW_FRAME_TOP_FIRST ? 't' : 'b';
}

static const char *range_words(const struct fw_video *video)
{
    if (video->color.range == 2 || (video->format->flags & FW_FORMAT_FULL_RANGE))
        return " XCOLORRANGE=FULL";
    return video->color.range == 1 ? " XCOLORRANGE=LIMITED" : "";
}

static int write_head(struct fw_sink *sink, struct fw_error *err)
{
    const struct fw_video *video = &sink->video;
    struct y4m *y4m = sink->state;
    const char *tag = tag_of(video);
    if (!tag)
        return fw_fail(err, FW_ERR_USAGE, "y4m cannot hold %s; give -pix_fmt yuv444p or -f nut",
                       video->format->name);
    struct fw_rational rate = video->frame_rate;
    y4m->rate_known = rate.num > 0 && rate.den > 0;
    if (!y4m->rate_known)
        rate = (struct fw_rational){ 25, 1 };
    struct fw_rational aspect = video->sample_aspect;
    if (aspect.num <= 0 || aspect.den <= 0)
        aspect = (struct fw_rational){ 0, 0 };
    char head[256];
    int bytes = snprintf(head, sizeof(head), "YUV4MPEG2 W%d H%d F%d:%d I%c A%d:%d C%s%s\n",
                         video->width, video->height, rate.num, rate.den, field_letter(sink),
                         aspect.num, aspect.den, tag, range_words(video));
    y4m->head_bytes = (uint64_t)bytes;
    return fw_sink_bytes_write(&sink->output, head, (size_t)bytes, err);
}

static int y4m_open(struct fw_sink *sink, struct fw_error *err)
{
    struct y4m *y4m = calloc(1, sizeof(*y4m));
    sink->state = y4m;
    if (!y4m)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the output");
    const struct fw_video *video = &sink->video;
    y4m->frame_bytes = strlen(FRAME_WORD);
    for (uint32_t plane = 0; plane < video->format->plane_count; plane++)
        y4m->frame_bytes += fw_format_row_bytes(video->format, plane, video->width) *
                            (size_t)fw_format_plane_height(video->format, plane, video->height);
    y4m->rows = malloc(y4m->frame_bytes);
    if (!y4m->rows)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a frame");
    memcpy(y4m->rows, FRAME_WORD, strlen(FRAME_WORD));
    return FW_OK;
}

/* y4m counts frames: a time that is not the count's is lost. */
static void watch_time(struct fw_sink *sink, int64_t pts)
{
    struct y4m *y4m = sink->state;
    if (!y4m->rate_known) {
        y4m->off_grid++;
        return;
    }
    AVRational base = { sink->video.time_base.num, sink->video.time_base.den };
    AVRational tick = { sink->video.frame_rate.den, sink->video.frame_rate.num };
    if (av_rescale_q(pts, base, tick) != (int64_t)sink->stats.frames)
        y4m->off_grid++;
}

static int y4m_frame(struct fw_sink *sink, const struct fw_frame_info *info, const void *base,
                     const void *blob, struct fw_error *err)
{
    (void)blob;
    struct y4m *y4m = sink->state;
    const struct fw_format *format = sink->video.format;
    struct fw_image_layout layout;
    if (fw_image_layout(&layout, format, info->width, info->height) < 0)
        return fw_fail(err, FW_ERR_INTERNAL, "a frame that cannot be");
    uint8_t *to = y4m->rows + strlen(FRAME_WORD);
    for (uint32_t plane = 0; plane < format->plane_count; plane++) {
        const uint8_t *from = (const uint8_t *)base + layout.offset[plane];
        size_t bytes = fw_format_row_bytes(format, plane, info->width);
        int32_t rows = fw_format_plane_height(format, plane, info->height);
        for (int32_t row = 0; row < rows; row++, to += bytes, from += layout.stride[plane])
            memcpy(to, from, bytes);
    }
    watch_time(sink, info->pts);
    fw_sink_count_packet(sink);
    return fw_sink_bytes_write(&sink->output, y4m->rows, y4m->frame_bytes, err);
}

static int y4m_commit(struct fw_sink *sink, struct fw_error *err)
{
    fw_sink_side_tell(sink, NULL, NULL);
    const struct y4m *y4m = sink->state;
    if (y4m->off_grid)
        fw_losses_add(&sink->losses, "timestamps",
                      sink->options.media ? sink->options.media->video : -1,
                      "y4m has no time stamps: %llu frames stand elsewhere than at the fixed rate",
                      (unsigned long long)y4m->off_grid);
    return fw_sink_bytes_status(&sink->output, err);
}

static int y4m_verify(struct fw_sink *sink, char what[32], struct fw_error *err)
{
    const struct y4m *y4m = sink->state;
    (void)snprintf(what, 32, "count");
    return fw_sink_verify_bytes(sink, y4m->head_bytes + sink->stats.frames * y4m->frame_bytes, err);
}

static void y4m_close(struct fw_sink *sink)
{
    struct y4m *y4m = sink->state;
    free(y4m->rows);
    free(y4m);
}

const struct fw_sink_kind fw_sink_y4m = {
    .open = y4m_open,
    .begin = write_head,
    .frame = y4m_frame,
    .commit = y4m_commit,
    .verify = y4m_verify,
    .close = y4m_close,
};
