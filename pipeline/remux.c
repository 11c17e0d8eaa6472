/* An input's streams, chapters and tags as one flat block. */
#include "remux.h"

#include <string.h>

#include <libavutil/avutil.h>
#include <libavutil/frame.h>
#include <libavutil/mem.h>

#include "link.h"
#include "remux_wire.h"

#define MEDIA_MAGIC 0x6677646du
#define CHAPTERS_MAX 65536
#define SIDE_MAX 64

static void put_parameters(struct fw_wire_writer *out, const AVCodecParameters *par)
{
    fw_wire_put_i32(out, par->codec_type);
    fw_wire_put_i32(out, (int32_t)par->codec_id);
    fw_wire_put_u32(out, par->codec_tag);
    fw_wire_put_block(out, par->extradata, (size_t)par->extradata_size);
    fw_wire_put_i32(out, par->format);
    fw_wire_put_i64(out, par->bit_rate);
    fw_wire_put_i32(out, par->bits_per_coded_sample);
    fw_wire_put_i32(out, par->bits_per_raw_sample);
    fw_wire_put_i32(out, par->profile);
    fw_wire_put_i32(out, par->level);
    fw_wire_put_i32(out, par->width > 0 ? par->width : 0);
    fw_wire_put_i32(out, par->height > 0 ? par->height : 0);
    fw_wire_put_rational(out, par->sample_aspect_ratio);
    fw_wire_put_i32(out, (int32_t)par->field_order);
    fw_wire_put_i32(out, (int32_t)par->color_range);
    fw_wire_put_i32(out, (int32_t)par->color_primaries);
    fw_wire_put_i32(out, (int32_t)par->color_trc);
    fw_wire_put_i32(out, (int32_t)par->color_space);
    fw_wire_put_i32(out, (int32_t)par->chroma_location);
    fw_wire_put_i32(out, par->video_delay);
    fw_wire_put_layout(out, &par->ch_layout);
    fw_wire_put_i32(out, par->sample_rate > 0 ? par->sample_rate : 0);
    fw_wire_put_i32(out, par->block_align);
    fw_wire_put_i32(out, par->frame_size);
    fw_wire_put_i32(out, par->initial_padding);
    fw_wire_put_i32(out, par->trailing_padding);
    fw_wire_put_i32(out, par->seek_preroll);
}

static void get_extradata(struct fw_wire_reader *in, AVCodecParameters *par)
{
    size_t bytes;
    const uint8_t *block = fw_wire_get_block(in, &bytes);
    if (!bytes || bytes > INT32_MAX - AV_INPUT_BUFFER_PADDING_SIZE) {
        in->bad = in->bad || bytes != 0;
        return;
    }
    par->extradata = av_mallocz(bytes + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!par->extradata) {
        in->bad = true;
        return;
    }
    memcpy(par->extradata, block, bytes);
    par->extradata_size = (int)bytes;
}

static void get_parameters(struct fw_wire_reader *in, AVCodecParameters *par)
{
    par->codec_type = fw_wire_get_i32(in);
    par->codec_id = (enum AVCodecID)fw_wire_get_i32(in);
    par->codec_tag = fw_wire_get_u32(in);
    get_extradata(in, par);
    par->format = fw_wire_get_i32(in);
    par->bit_rate = fw_wire_get_i64(in);
    par->bits_per_coded_sample = fw_wire_get_i32(in);
    par->bits_per_raw_sample = fw_wire_get_i32(in);
    par->profile = fw_wire_get_i32(in);
    par->level = fw_wire_get_i32(in);
    par->width = fw_wire_get_i32(in);
    par->height = fw_wire_get_i32(in);
    par->sample_aspect_ratio = fw_wire_get_rational(in);
    par->field_order = (enum AVFieldOrder)fw_wire_get_i32(in);
    par->color_range = (enum AVColorRange)fw_wire_get_i32(in);
    par->color_primaries = (enum AVColorPrimaries)fw_wire_get_i32(in);
    par->color_trc = (enum AVColorTransferCharacteristic)fw_wire_get_i32(in);
    par->color_space = (enum AVColorSpace)fw_wire_get_i32(in);
    par->chroma_location = (enum AVChromaLocation)fw_wire_get_i32(in);
    par->video_delay = fw_wire_get_i32(in);
    fw_wire_get_layout(in, &par->ch_layout);
    par->sample_rate = fw_wire_get_i32(in);
    par->block_align = fw_wire_get_i32(in);
    par->frame_size = fw_wire_get_i32(in);
    par->initial_padding = fw_wire_get_i32(in);
    par->trailing_padding = fw_wire_get_i32(in);
    par->seek_preroll = fw_wire_get_i32(in);
    /* A packet of wrapped_avframe is a pointer: such a codec never crosses. */
    if (par->codec_type < AVMEDIA_TYPE_UNKNOWN || par->codec_type >= AVMEDIA_TYPE_NB ||
        par->codec_id == AV_CODEC_ID_WRAPPED_AVFRAME || par->width < 0 || par->height < 0 ||
        par->sample_rate < 0)
        in->bad = true;
}

static void put_stream_side(struct fw_wire_writer *out, const struct fw_media_stream *stream)
{
    uint32_t count = 0;
    for (int i = 0; i < stream->nb_side_data && count < SIDE_MAX; i++)
        count += fw_wire_packet_side_fits((int)stream->side_data[i].type,
                                          stream->side_data[i].size);
    fw_wire_put_u32(out, count);
    for (int i = 0; i < stream->nb_side_data && count; i++) {
        const AVPacketSideData *side = &stream->side_data[i];
        if (!fw_wire_packet_side_fits((int)side->type, side->size))
            continue;
        fw_wire_put_i32(out, (int32_t)side->type);
        fw_wire_put_block(out, side->data, side->size);
        count--;
    }
}

static void get_stream_side(struct fw_wire_reader *in, struct fw_media_stream *stream)
{
    uint32_t count = fw_wire_get_count(in, 2 * sizeof(uint32_t), SIDE_MAX);
    if (!count)
        return;
    stream->side_data = av_calloc(count, sizeof(*stream->side_data));
    if (!stream->side_data)
        in->bad = true;
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        size_t bytes;
        int type = fw_wire_get_i32(in);
        const uint8_t *block = fw_wire_get_block(in, &bytes);
        if (in->bad || !fw_wire_packet_side_fits(type, bytes)) {
            in->bad = true;
            return;
        }
        AVPacketSideData *side = &stream->side_data[stream->nb_side_data];
        side->data = av_mallocz(bytes + AV_INPUT_BUFFER_PADDING_SIZE);
        if (!side->data) {
            in->bad = true;
            return;
        }
        memcpy(side->data, block, bytes);
        side->size = bytes;
        side->type = (enum AVPacketSideDataType)type;
        stream->nb_side_data++;
    }
}

static void put_cover(struct fw_wire_writer *out, const struct fw_media_stream *stream)
{
    bool there = stream->attached_pic && stream->cover && stream->cover->size > 0;
    fw_wire_put_u32(out, stream->attached_pic);
    fw_wire_put_block(out, there ? stream->cover->data : NULL,
                      there ? (size_t)stream->cover->size : 0);
    fw_wire_put_i32(out, there ? stream->cover->flags & AV_PKT_FLAG_KEY : 0);
}

static void get_cover(struct fw_wire_reader *in, struct fw_media_stream *stream)
{
    size_t bytes;
    stream->attached_pic = fw_wire_get_u32(in) != 0;
    const uint8_t *block = fw_wire_get_block(in, &bytes);
    int flags = fw_wire_get_i32(in) & AV_PKT_FLAG_KEY;
    if (!bytes || in->bad)
        return;
    stream->cover = av_packet_alloc();
    if (!stream->cover || bytes > INT32_MAX / 2 || av_new_packet(stream->cover, (int)bytes) < 0) {
        in->bad = true;
        return;
    }
    memcpy(stream->cover->data, block, bytes);
    stream->cover->flags = flags;
}

static void get_header(struct fw_wire_reader *in, struct fw_media_stream *stream)
{
    size_t bytes;
    const uint8_t *block = fw_wire_get_block(in, &bytes);
    if (!bytes || in->bad)
        return;
    stream->subtitle_header = av_mallocz(bytes + 1);
    if (stream->subtitle_header)
        memcpy(stream->subtitle_header, block, bytes);
    else
        in->bad = true;
}

static void put_stream(struct fw_wire_writer *out, const struct fw_media_stream *stream)
{
    put_parameters(out, stream->par);
    fw_wire_put_rational(out, stream->time_base);
    fw_wire_put_rational(out, stream->avg_frame_rate);
    fw_wire_put_rational(out, stream->r_frame_rate);
    fw_wire_put_rational(out, stream->sample_aspect_ratio);
    fw_wire_put_i64(out, stream->start_time);
    fw_wire_put_i64(out, stream->duration);
    fw_wire_put_i64(out, stream->nb_frames);
    fw_wire_put_i32(out, stream->id);
    fw_wire_put_i32(out, stream->disposition);
    fw_wire_put_u32(out, stream->usable);
    fw_wire_put_dict(out, stream->metadata);
    put_stream_side(out, stream);
    put_cover(out, stream);
    const char *header = stream->subtitle_header;
    fw_wire_put_block(out, header, header ? strlen(header) : 0);
}

static void get_stream(struct fw_wire_reader *in, struct fw_media_stream *stream)
{
    stream->par = avcodec_parameters_alloc();
    if (!stream->par) {
        in->bad = true;
        return;
    }
    get_parameters(in, stream->par);
    stream->time_base = fw_wire_get_rational(in);
    stream->avg_frame_rate = fw_wire_get_rational(in);
    stream->r_frame_rate = fw_wire_get_rational(in);
    stream->sample_aspect_ratio = fw_wire_get_rational(in);
    stream->start_time = fw_wire_get_i64(in);
    stream->duration = fw_wire_get_i64(in);
    stream->nb_frames = fw_wire_get_i64(in);
    stream->id = fw_wire_get_i32(in);
    stream->disposition = fw_wire_get_i32(in);
    stream->usable = fw_wire_get_u32(in) != 0;
    fw_wire_get_dict(in, &stream->metadata);
    get_stream_side(in, stream);
    get_cover(in, stream);
    get_header(in, stream);
    if (stream->time_base.num < 1 || stream->time_base.den < 1)
        in->bad = true;
}

static void put_chapters(struct fw_wire_writer *out, const struct fw_media *media)
{
    uint32_t count = media->chapter_count < CHAPTERS_MAX ? media->chapter_count : CHAPTERS_MAX;
    fw_wire_put_u32(out, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct fw_media_chapter *chapter = &media->chapters[i];
        fw_wire_put_i64(out, chapter->id);
        fw_wire_put_rational(out, chapter->time_base);
        fw_wire_put_i64(out, chapter->start);
        fw_wire_put_i64(out, chapter->end);
        fw_wire_put_dict(out, chapter->metadata);
    }
}

static void get_chapters(struct fw_wire_reader *in, struct fw_media *media)
{
    uint32_t count = fw_wire_get_count(in, 36, CHAPTERS_MAX);
    if (!count)
        return;
    media->chapters = av_calloc(count, sizeof(*media->chapters));
    if (!media->chapters)
        in->bad = true;
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct fw_media_chapter *chapter = &media->chapters[media->chapter_count++];
        chapter->id = fw_wire_get_i64(in);
        chapter->time_base = fw_wire_get_rational(in);
        chapter->start = fw_wire_get_i64(in);
        chapter->end = fw_wire_get_i64(in);
        fw_wire_get_dict(in, &chapter->metadata);
        if (chapter->time_base.num < 1 || chapter->time_base.den < 1)
            in->bad = true;
    }
}

static bool frame_side_goes(const AVFrameSideData *side)
{
    return side->size && fw_wire_frame_side_fits((int)side->type, side->size);
}

static void put_frame_side(struct fw_wire_writer *out, const struct fw_media *media)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < media->frame_side_count && count < SIDE_MAX; i++)
        count += frame_side_goes(media->frame_side[i]);
    fw_wire_put_u32(out, count);
    for (uint32_t i = 0; i < media->frame_side_count && count; i++) {
        const AVFrameSideData *side = media->frame_side[i];
        if (!frame_side_goes(side))
            continue;
        fw_wire_put_i32(out, (int32_t)side->type);
        fw_wire_put_block(out, side->data, side->size);
        count--;
    }
}

/* Entries are made by a frame of libav, which alone knows how large they are, and taken from it. */
static void get_frame_side(struct fw_wire_reader *in, struct fw_media *media)
{
    uint32_t count = fw_wire_get_count(in, 2 * sizeof(uint32_t), SIDE_MAX);
    AVFrame *frame = count ? av_frame_alloc() : NULL;
    if (!frame) {
        in->bad = in->bad || count != 0;
        return;
    }
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        size_t bytes;
        int type = fw_wire_get_i32(in);
        const uint8_t *block = fw_wire_get_block(in, &bytes);
        AVFrameSideData *side = NULL;
        if (!in->bad && bytes && fw_wire_frame_side_fits(type, bytes))
            side = av_frame_new_side_data(frame, (enum AVFrameSideDataType)type, bytes);
        if (side)
            memcpy(side->data, block, bytes);
        else
            in->bad = true;
    }
    media->frame_side = frame->side_data;
    media->frame_side_count = (uint32_t)frame->nb_side_data;
    frame->side_data = NULL;
    frame->nb_side_data = 0;
    av_frame_free(&frame);
}

static void put_video(struct fw_wire_writer *out, const struct fw_media *media)
{
    struct fw_link link;
    fw_link_from_video(&link, &media->video_params);
    fw_wire_put(out, &link, sizeof(link));
    fw_wire_put_u32(out, media->first_flags);
    fw_wire_put_i32(out, media->field_order);
    fw_wire_put_i32(out, media->rotation);
    fw_wire_put_u32(out, media->flip_h);
    fw_wire_put_u32(out, media->flip_v);
    fw_wire_put_u32(out, media->matrix_odd);
    put_frame_side(out, media);
    fw_wire_put_i64(out, media->frames_estimate);
    fw_wire_put_u32(out, media->frames_exact);
    fw_wire_put_i64(out, (int64_t)media->files_left_out);
    fw_wire_put_i64(out, media->time_offset_us);
}

static void get_video(struct fw_wire_reader *in, struct fw_media *media)
{
    struct fw_link link;
    fw_wire_get(in, &link, sizeof(link));
    if (in->bad || !fw_link_to_video(&link, &media->video_params)) {
        in->bad = true;
        return;
    }
    media->first_flags = fw_wire_get_u32(in);
    media->field_order = fw_wire_get_i32(in);
    media->rotation = fw_wire_get_i32(in);
    media->flip_h = fw_wire_get_u32(in) != 0;
    media->flip_v = fw_wire_get_u32(in) != 0;
    media->matrix_odd = fw_wire_get_u32(in) != 0;
    get_frame_side(in, media);
    media->frames_estimate = fw_wire_get_i64(in);
    media->frames_exact = fw_wire_get_u32(in) != 0;
    media->files_left_out = (uint64_t)fw_wire_get_i64(in);
    media->time_offset_us = fw_wire_get_i64(in);
    if (media->rotation < 0 || media->rotation > 270 || media->rotation % 90 ||
        media->frames_estimate < -1)
        in->bad = true;
}

int fw_media_pack(const struct fw_media *media, struct fw_buffer *out, struct fw_error *err)
{
    struct fw_wire_writer writer = { .buffer = out, .err = err, .status = FW_OK };
    out->bytes = 0;
    fw_wire_put_u32(&writer, MEDIA_MAGIC);
    fw_wire_put(&writer, media->format_name, sizeof(media->format_name));
    fw_wire_put_i64(&writer, media->start_time);
    fw_wire_put_i64(&writer, media->duration);
    fw_wire_put_i64(&writer, media->bit_rate);
    fw_wire_put_i64(&writer, media->input_bytes);
    fw_wire_put_i32(&writer, media->video);
    fw_wire_put_u32(&writer, media->streams_ignored);
    fw_wire_put_u32(&writer, media->stream_count);
    for (uint32_t i = 0; i < media->stream_count; i++)
        put_stream(&writer, &media->streams[i]);
    put_chapters(&writer, media);
    fw_wire_put_dict(&writer, media->metadata);
    put_video(&writer, media);
    return writer.status;
}

int fw_media_unpack(struct fw_media *media, const void *bytes, size_t count, struct fw_error *err)
{
    struct fw_wire_reader in = { .at = bytes, .left = count, .bad = false };
    memset(media, 0, sizeof(*media));
    if (fw_wire_get_u32(&in) != MEDIA_MAGIC)
        in.bad = true;
    fw_wire_get(&in, media->format_name, sizeof(media->format_name));
    media->format_name[sizeof(media->format_name) - 1] = '\0';
    media->start_time = fw_wire_get_i64(&in);
    media->duration = fw_wire_get_i64(&in);
    media->bit_rate = fw_wire_get_i64(&in);
    media->input_bytes = fw_wire_get_i64(&in);
    media->video = fw_wire_get_i32(&in);
    media->streams_ignored = fw_wire_get_u32(&in);
    uint32_t streams = fw_wire_get_count(&in, 100, FW_STREAMS_MAX);
    for (uint32_t i = 0; i < streams && !in.bad; i++)
        get_stream(&in, &media->streams[media->stream_count++]);
    get_chapters(&in, media);
    fw_wire_get_dict(&in, &media->metadata);
    if (!in.bad)
        get_video(&in, media);
    if (media->video < 0 || (uint32_t)media->video >= media->stream_count || in.left)
        in.bad = true;
    if (!in.bad)
        return FW_OK;
    fw_media_deinit(media);
    return fw_fail(err, FW_ERR_INTERNAL, "the decoder's description of the input is malformed");
}

static void deinit_stream(struct fw_media_stream *stream)
{
    avcodec_parameters_free(&stream->par);
    av_dict_free(&stream->metadata);
    for (int i = 0; i < stream->nb_side_data; i++)
        av_freep(&stream->side_data[i].data);
    av_freep(&stream->side_data);
    av_packet_free(&stream->cover);
    av_freep(&stream->subtitle_header);
}

void fw_media_deinit(struct fw_media *media)
{
    for (uint32_t i = 0; i < FW_STREAMS_MAX; i++)
        deinit_stream(&media->streams[i]);
    for (uint32_t i = 0; i < media->chapter_count; i++)
        av_dict_free(&media->chapters[i].metadata);
    av_freep(&media->chapters);
    av_dict_free(&media->metadata);
    for (uint32_t i = 0; i < media->frame_side_count; i++) {
        av_buffer_unref(&media->frame_side[i]->buf);
        av_dict_free(&media->frame_side[i]->metadata);
        av_freep(&media->frame_side[i]);
    }
    av_freep(&media->frame_side);
    memset(media, 0, sizeof(*media));
}
