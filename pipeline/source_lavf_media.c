/* What the container and the first frame say, for the planner and the encoder. */
#include "source_lavf.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <libavutil/display.h>
#include <libavutil/mathematics.h>
#include <libavutil/mem.h>

#include "avframe.h"

#include "filters/check.h"
#include "filters/format.h"

/* Stream side data that stands for the same kind with every frame. */
static const struct {
    enum AVPacketSideDataType stream;
    enum AVFrameSideDataType frame;
} shared_kinds[] = {
    { AV_PKT_DATA_MASTERING_DISPLAY_METADATA, AV_FRAME_DATA_MASTERING_DISPLAY_METADATA },
    { AV_PKT_DATA_CONTENT_LIGHT_LEVEL, AV_FRAME_DATA_CONTENT_LIGHT_LEVEL },
    { AV_PKT_DATA_ICC_PROFILE, AV_FRAME_DATA_ICC_PROFILE },
    { AV_PKT_DATA_SPHERICAL, AV_FRAME_DATA_SPHERICAL },
    { AV_PKT_DATA_STEREO3D, AV_FRAME_DATA_STEREO3D },
};

static void add_stream_side(struct fw_lavf *lavf)
{
    AVFrame *frame = lavf->first_frame;
    for (size_t i = 0; i < FW_COUNT(shared_kinds); i++) {
        size_t bytes = 0;
        const uint8_t *data = av_stream_get_side_data(lavf->stream, shared_kinds[i].stream, &bytes);
        if (!data || !bytes || av_frame_get_side_data(frame, shared_kinds[i].frame))
            continue;
        AVFrameSideData *side = av_frame_new_side_data(frame, shared_kinds[i].frame, bytes);
        if (side)
            memcpy(side->data, data, bytes);
    }
}

/* A frame's own display matrix wins over the container's, also for those who keep the tag. */
static void prefer_frame_matrix(struct fw_lavf *lavf)
{
    const AVFrameSideData *side = av_frame_get_side_data(lavf->first_frame,
                                                         AV_FRAME_DATA_DISPLAYMATRIX);
    uint8_t *data = NULL;
    if (side)
        data = av_stream_new_side_data(lavf->stream, AV_PKT_DATA_DISPLAYMATRIX, side->size);
    if (data)
        memcpy(data, side->data, side->size);
}

static uint8_t or_else(uint8_t value, uint8_t unknown, int fallback)
{
    return value != unknown ? value : (uint8_t)fallback;
}

void fw_lavf_note_first(struct fw_lavf *lavf)
{
    const AVCodecParameters *par = lavf->stream->codecpar;
    struct fw_video *video = &lavf->video;
    fw_frame_info_from_av(&lavf->first, lavf->waiting);
    AVRational rate = av_guess_frame_rate(lavf->format, lavf->stream, lavf->waiting);
    video->format = fw_format_at(lavf->first.format);
    video->width = lavf->first.width;
    video->height = lavf->first.height;
    video->sample_aspect = lavf->first.sample_aspect;
    if (video->sample_aspect.num <= 0 || video->sample_aspect.den <= 0)
        video->sample_aspect = (struct fw_rational){ 0, 1 };
    video->time_base = (struct fw_rational){ lavf->stream->time_base.num,
                                             lavf->stream->time_base.den };
    video->frame_rate = rate.num > 0 && rate.den > 0 ? (struct fw_rational){ rate.num, rate.den }
                                                     : (struct fw_rational){ 0, 1 };
    struct fw_color *color = &video->color;
    *color = lavf->first.color;
    color->range = or_else(color->range, AVCOL_RANGE_UNSPECIFIED, par->color_range);
    color->matrix = or_else(color->matrix, AVCOL_SPC_UNSPECIFIED, par->color_space);
    color->primaries = or_else(color->primaries, AVCOL_PRI_UNSPECIFIED, par->color_primaries);
    color->transfer = or_else(color->transfer, AVCOL_TRC_UNSPECIFIED, par->color_trc);
    color->chroma_location = or_else(color->chroma_location, AVCHROMA_LOC_UNSPECIFIED,
                                     par->chroma_location);
    if (av_frame_copy_props(lavf->first_frame, lavf->waiting) == 0) {
        add_stream_side(lavf);
        prefer_frame_matrix(lavf);
    }
}

/* Clockwise turn and mirror that make the picture upright. */
static void read_matrix(const int32_t *matrix, struct fw_media *media)
{
    double angle = av_display_rotation_get(matrix);
    if (isnan(angle)) {
        media->matrix_odd = true;
        return;
    }
    double turn = fmod(-round(angle) + 720.0, 360.0);
    if (fabs(turn - 90) < 1) {
        media->rotation = 90;
        media->flip_h = matrix[3] > 0;
    } else if (fabs(turn - 180) < 1) {
        bool both = matrix[0] < 0 && matrix[4] < 0;
        media->rotation = both ? 180 : 0;
        media->flip_h = !both && matrix[0] < 0;
        media->flip_v = !both && matrix[4] < 0;
    } else if (fabs(turn - 270) < 1) {
        media->rotation = 270;
        media->flip_h = matrix[3] < 0;
    } else if (turn > 1 && turn < 359) {
        media->matrix_odd = true;
    } else {
        media->flip_v = matrix[4] < 0;
    }
}

static void find_matrix(const struct fw_lavf *lavf, struct fw_media *media)
{
    int32_t matrix[9];
    size_t bytes = 0;
    const uint8_t *data = av_stream_get_side_data(lavf->stream, AV_PKT_DATA_DISPLAYMATRIX, &bytes);
    if (!data || bytes < sizeof(matrix))
        return;
    memcpy(matrix, data, sizeof(matrix));
    read_matrix(matrix, media);
}

/* Frames of the whole stream: counted by its index where that is complete, else estimated. */
static int64_t count_frames(const struct fw_lavf *lavf, bool *exact)
{
    const AVStream *stream = lavf->stream;
    int entries = avformat_index_get_entries_count(stream);
    *exact = false;
    if (stream->nb_frames > 0 && entries > 0 && strstr(lavf->format->iformat->name, "mov")) {
        int64_t shown = 0;
        for (int i = 0; i < entries; i++) {
            const AVIndexEntry *entry = avformat_index_get_entry(lavf->stream, i);
            shown += entry && !(entry->flags & AVINDEX_DISCARD_FRAME);
        }
        *exact = entries >= stream->nb_frames;
        return shown;
    }
    if (stream->nb_frames > 0)
        return stream->nb_frames;
    double seconds = -1;
    if (stream->duration > 0)
        seconds = (double)stream->duration * av_q2d(stream->time_base);
    else if (lavf->format->duration > 0)
        seconds = (double)lavf->format->duration / AV_TIME_BASE;
    if (seconds < 0 || lavf->video.frame_rate.num <= 0)
        return -1;
    return llround(seconds * lavf->video.frame_rate.num / lavf->video.frame_rate.den);
}

static void estimate(const struct fw_lavf *lavf, struct fw_media *media)
{
    const struct fw_settings *settings = lavf->base.settings;
    const struct fw_rational rate = lavf->video.frame_rate;
    int64_t length = fw_cut_length_us(settings);
    int64_t frames = count_frames(lavf, &media->frames_exact);
    if (settings->seek_us != FW_NOPTS && settings->seek_us > 0) {
        media->frames_exact = false;
        if (frames >= 0 && rate.num > 0) {
            frames -= av_rescale(settings->seek_us, rate.num, (int64_t)rate.den * AV_TIME_BASE);
            frames = frames > 1 ? frames : 1;
        }
    }
    if (length != FW_NOPTS && rate.num > 0) {
        int64_t most = av_rescale_rnd(length, rate.num, (int64_t)rate.den * AV_TIME_BASE,
                                      AV_ROUND_UP);
        media->frames_exact = media->frames_exact && frames < most;
        frames = frames < 0 || most < frames ? most : frames;
    }
    if (settings->frames_max && (frames < 0 || (uint64_t)frames > settings->frames_max))
        frames = (int64_t)settings->frames_max;
    media->frames_estimate = frames;
}

/* The head that the decoder gives to the texts it makes: styles may come from its stream. */
static char *subtitle_header(struct fw_lavf *lavf, uint32_t index)
{
    const AVCodecParameters *par = lavf->format->streams[index]->codecpar;
    const AVCodecDescriptor *row = avcodec_descriptor_get(par->codec_id);
    struct fw_error ignored = { 0 };
    if (par->codec_type != AVMEDIA_TYPE_SUBTITLE || !row || !(row->props & AV_CODEC_PROP_TEXT_SUB))
        return NULL;
    if (fw_lavf_other_open(lavf, index, &ignored) != FW_OK)
        return NULL;
    return (char *)lavf->streams[index].codec->subtitle_header;
}

/* Everything is borrowed from demuxer and decoders: packed at once and never freed from here. */
static void describe_stream(struct fw_lavf *lavf, uint32_t index, struct fw_media_stream *out)
{
    AVStream *stream = lavf->format->streams[index];
    out->par = stream->codecpar;
    out->time_base = stream->time_base;
    out->avg_frame_rate = stream->avg_frame_rate;
    out->r_frame_rate = stream->r_frame_rate;
    out->sample_aspect_ratio = stream->sample_aspect_ratio;
    out->start_time = stream->start_time;
    out->duration = stream->duration;
    out->nb_frames = stream->nb_frames;
    out->id = stream->id;
    out->disposition = stream->disposition;
    out->metadata = stream->metadata;
    out->side_data = stream->side_data;
    out->nb_side_data = stream->nb_side_data;
    out->attached_pic = (stream->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
    out->cover = out->attached_pic ? &stream->attached_pic : NULL;
    out->usable = fw_lavf_find_decoder(stream) != NULL;
    out->subtitle_header = subtitle_header(lavf, index);
}

/* Brings a chapter to the output's time; false: none of it is left. A chapter without a length of
 * its own stays one where it lies inside. */
static bool cut_chapter(const struct fw_lavf *lavf, struct fw_media_chapter *chapter)
{
    int64_t length = fw_cut_length_us(lavf->base.settings);
    int64_t offset = av_rescale_q(lavf->offset_us, AV_TIME_BASE_Q, chapter->time_base);
    int64_t end = INT64_MAX;
    if (length != FW_NOPTS)
        end = av_rescale_q(length, AV_TIME_BASE_Q, chapter->time_base);
    bool point = chapter->start >= chapter->end;
    if (__builtin_sub_overflow(chapter->start, offset, &chapter->start) ||
        __builtin_sub_overflow(chapter->end, offset, &chapter->end))
        return false;
    if (point)
        return chapter->start >= 0 && chapter->start < end;
    chapter->start = chapter->start > 0 ? chapter->start : 0;
    chapter->end = chapter->end < end ? chapter->end : end;
    return chapter->start < chapter->end;
}

static int describe_chapters(const struct fw_lavf *lavf, struct fw_media *media,
                             struct fw_error *err)
{
    const AVFormatContext *format = lavf->format;
    if (!format->nb_chapters)
        return FW_OK;
    media->chapters = av_calloc(format->nb_chapters, sizeof(*media->chapters));
    if (!media->chapters)
        return fw_fail(err, FW_ERR_MEMORY, "no memory to describe the input");
    for (unsigned i = 0; i < format->nb_chapters; i++) {
        const AVChapter *chapter = format->chapters[i];
        struct fw_media_chapter *out = &media->chapters[media->chapter_count];
        if (chapter->time_base.num < 1 || chapter->time_base.den < 1)
            continue;
        *out = (struct fw_media_chapter){ .id = chapter->id,
                                          .time_base = chapter->time_base,
                                          .start = chapter->start,
                                          .end = chapter->end,
                                          .metadata = chapter->metadata };
        media->chapter_count += cut_chapter(lavf, out);
    }
    return FW_OK;
}

int fw_lavf_media(struct fw_lavf *lavf, struct fw_buffer *out, struct fw_error *err)
{
    const AVFormatContext *format = lavf->format;
    struct fw_media *media = av_mallocz(sizeof(*media));
    if (!media)
        return fw_fail(err, FW_ERR_MEMORY, "no memory to describe the input");
    (void)snprintf(media->format_name, sizeof(media->format_name), "%s", format->iformat->name);
    media->start_time = format->start_time;
    media->duration = format->duration;
    media->bit_rate = format->bit_rate;
    media->input_bytes = lavf->base.input.bytes;
    media->video = lavf->stream->index;
    media->stream_count = lavf->stream_count;
    media->streams_ignored = format->nb_streams - lavf->stream_count;
    for (uint32_t i = 0; i < lavf->stream_count; i++)
        describe_stream(lavf, i, &media->streams[i]);
    media->metadata = format->metadata;
    media->video_params = lavf->video;
    media->first_flags = lavf->first.flags;
    media->field_order = (int)lavf->stream->codecpar->field_order;
    find_matrix(lavf, media);
    media->frame_side = lavf->first_frame->side_data;
    media->frame_side_count = (uint32_t)lavf->first_frame->nb_side_data;
    media->time_offset_us = lavf->offset_us;
    estimate(lavf, media);
    int status = describe_chapters(lavf, media, err);
    if (status == FW_OK)
        status = fw_media_pack(media, out, err);
    av_freep(&media->chapters);
    av_free(media);
    return status;
}
