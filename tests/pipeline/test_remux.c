/* Media and records: what goes in comes out, and hostile bytes are refused without harm. */
#include "pipeline/remux.h"

#include "filters/format.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include <libavutil/dict.h>
#include <libavutil/mastering_display_metadata.h>
#include <libavutil/mem.h>

static const uint8_t extradata[7] = { 1, 2, 3, 4, 5, 6, 7 };

static void add_video(struct fw_media_stream *stream)
{
    stream->par = avcodec_parameters_alloc();
    stream->par->codec_type = AVMEDIA_TYPE_VIDEO;
    stream->par->codec_id = AV_CODEC_ID_H264;
    stream->par->width = 64;
    stream->par->height = 48;
    stream->par->color_trc = AVCOL_TRC_SMPTE2084;
    stream->par->extradata = av_mallocz(sizeof(extradata) + AV_INPUT_BUFFER_PADDING_SIZE);
    memcpy(stream->par->extradata, extradata, sizeof(extradata));
    stream->par->extradata_size = sizeof(extradata);
    stream->time_base = (AVRational){ 1, 90000 };
    stream->avg_frame_rate = (AVRational){ 30000, 1001 };
    stream->duration = 12345;
    stream->disposition = AV_DISPOSITION_DEFAULT;
    stream->usable = true;
    (void)av_dict_set(&stream->metadata, "language", "deu", 0);
    stream->side_data = av_calloc(1, sizeof(*stream->side_data));
    stream->side_data[0].type = AV_PKT_DATA_DISPLAYMATRIX;
    stream->side_data[0].data = av_mallocz(36 + AV_INPUT_BUFFER_PADDING_SIZE);
    stream->side_data[0].data[3] = 9;
    stream->side_data[0].size = 36;
    stream->nb_side_data = 1;
}

static void add_audio(struct fw_media_stream *stream)
{
    stream->par = avcodec_parameters_alloc();
    stream->par->codec_type = AVMEDIA_TYPE_AUDIO;
    stream->par->codec_id = AV_CODEC_ID_AAC;
    stream->par->sample_rate = 48000;
    av_channel_layout_default(&stream->par->ch_layout, 6);
    stream->time_base = (AVRational){ 1, 48000 };
}

static struct fw_media *make_media(void)
{
    struct fw_media *media = calloc(1, sizeof(*media));
    strcpy(media->format_name, "matroska,webm");
    media->start_time = AV_NOPTS_VALUE;
    media->duration = 5000000;
    media->stream_count = 2;
    add_video(&media->streams[0]);
    add_audio(&media->streams[1]);
    media->chapters = av_calloc(1, sizeof(*media->chapters));
    media->chapters[0].time_base = (AVRational){ 1, 1000 };
    media->chapters[0].end = 2000;
    (void)av_dict_set(&media->chapters[0].metadata, "title", "One", 0);
    media->chapter_count = 1;
    (void)av_dict_set(&media->metadata, "title", "A film", 0);
    media->video_params.format = fw_format_find("yuv420p10le");
    media->video_params.width = 64;
    media->video_params.height = 48;
    media->video_params.time_base = (struct fw_rational){ 1, 90000 };
    media->streams[1].subtitle_header = av_strdup("[Script Info]");
    media->rotation = 270;
    media->flip_h = true;
    media->frames_estimate = 77;
    media->time_offset_us = -5;
    return media;
}

static void add_frame_side(struct fw_media *media)
{
    AVFrame *frame = av_frame_alloc();
    (void)av_mastering_display_metadata_create_side_data(frame);
    media->frame_side = frame->side_data;
    media->frame_side_count = 1;
    frame->side_data = NULL;
    frame->nb_side_data = 0;
    av_frame_free(&frame);
}

static void free_media(struct fw_media *media)
{
    fw_media_deinit(media);
    free(media);
}

Test(remux, media_round_trip)
{
    struct fw_error err = { 0 };
    struct fw_buffer packed = { 0 };
    struct fw_media *media = make_media();
    struct fw_media *back = calloc(1, sizeof(*back));
    add_frame_side(media);
    cr_assert_eq(fw_media_pack(media, &packed, &err), FW_OK);
    cr_assert_eq(fw_media_unpack(back, packed.data, packed.bytes, &err), FW_OK, "%s", err.text);
    const struct fw_media_stream *video = &back->streams[0];
    cr_assert_eq(back->stream_count, 2);
    cr_expect_str_eq(back->streams[1].subtitle_header, "[Script Info]");
    cr_expect_null(video->subtitle_header);
    cr_assert_str_eq(back->format_name, "matroska,webm");
    cr_assert_eq(back->start_time, AV_NOPTS_VALUE);
    cr_assert_eq(video->par->color_trc, AVCOL_TRC_SMPTE2084);
    cr_assert_eq(video->par->extradata_size, (int)sizeof(extradata));
    cr_assert_arr_eq(video->par->extradata, extradata, sizeof(extradata));
    cr_assert_eq(video->avg_frame_rate.den, 1001);
    cr_assert_eq(video->nb_side_data, 1);
    cr_assert_eq(video->side_data[0].data[3], 9);
    cr_assert_str_eq(av_dict_get(video->metadata, "language", NULL, 0)->value, "deu");
    cr_assert_eq(av_channel_layout_compare(&back->streams[1].par->ch_layout,
                                           &media->streams[1].par->ch_layout),
                 0);
    cr_assert_eq(back->chapter_count, 1);
    cr_assert_str_eq(av_dict_get(back->chapters[0].metadata, "title", NULL, 0)->value, "One");
    cr_assert_eq(back->video_params.format, fw_format_find("yuv420p10le"));
    cr_assert_eq(back->rotation, 270);
    cr_assert(back->flip_h && !back->flip_v);
    cr_assert_eq(back->frame_side_count, 1);
    cr_assert_eq(back->frames_estimate, 77);
    cr_assert_eq(back->time_offset_us, -5);
    free_media(media);
    free_media(back);
    fw_buffer_deinit(&packed);
}

Test(remux, media_refuses_every_short_length)
{
    struct fw_error err = { 0 };
    struct fw_buffer packed = { 0 };
    struct fw_media *media = make_media();
    struct fw_media *back = calloc(1, sizeof(*back));
    add_frame_side(media);
    cr_assert_eq(fw_media_pack(media, &packed, &err), FW_OK);
    for (size_t bytes = 0; bytes < packed.bytes; bytes++) {
        uint8_t *exact = malloc(bytes + 1);
        memcpy(exact, packed.data, bytes);
        err.status = 0;
        cr_assert_eq(fw_media_unpack(back, exact, bytes, &err), FW_ERR_INTERNAL, "%zu", bytes);
        free(exact);
    }
    free_media(media);
    free_media(back);
    fw_buffer_deinit(&packed);
}

/* The same pseudo-random bytes in every run. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

Test(remux, media_survives_changed_bytes)
{
    struct fw_error err = { 0 };
    struct fw_buffer packed = { 0 };
    struct fw_media *media = make_media();
    struct fw_media *back = calloc(1, sizeof(*back));
    uint32_t state = 7;
    add_frame_side(media);
    cr_assert_eq(fw_media_pack(media, &packed, &err), FW_OK);
    uint8_t *copy = malloc(packed.bytes);
    for (int round = 0; round < 20000; round++) {
        memcpy(copy, packed.data, packed.bytes);
        for (int i = 0; i < 1 + round % 4; i++)
            copy[next_random(&state) % packed.bytes] = (uint8_t)next_random(&state);
        err.status = 0;
        if (fw_media_unpack(back, copy, packed.bytes, &err) == FW_OK)
            fw_media_deinit(back);
    }
    free(copy);
    free_media(media);
    free(back);
    fw_buffer_deinit(&packed);
}

Test(remux, codecs_of_pointers_are_refused)
{
    struct fw_error err = { 0 };
    struct fw_buffer packed = { 0 };
    struct fw_media *media = make_media();
    struct fw_media *back = calloc(1, sizeof(*back));
    media->streams[1].par->codec_id = AV_CODEC_ID_WRAPPED_AVFRAME;
    cr_assert_eq(fw_media_pack(media, &packed, &err), FW_OK);
    cr_assert_eq(fw_media_unpack(back, packed.data, packed.bytes, &err), FW_ERR_INTERNAL);
    free_media(media);
    free_media(back);
    fw_buffer_deinit(&packed);
}

static void make_packet(struct fw_buffer *record)
{
    struct fw_error err = { 0 };
    AVPacket *packet = av_packet_alloc();
    cr_assert_eq(av_new_packet(packet, 100), 0);
    memset(packet->data, 42, 100);
    packet->pts = 7;
    packet->dts = AV_NOPTS_VALUE;
    packet->duration = 3;
    packet->time_base = (AVRational){ 1, 1000 };
    packet->flags = AV_PKT_FLAG_KEY | AV_PKT_FLAG_TRUSTED;
    uint8_t *side = av_packet_new_side_data(packet, AV_PKT_DATA_SKIP_SAMPLES, 10);
    memset(side, 5, 10);
    cr_assert_eq(fw_record_from_packet(record, 3, packet, &err), FW_OK);
    av_packet_free(&packet);
}

Test(remux, packet_round_trip)
{
    struct fw_error err = { 0 };
    struct fw_buffer packed = { 0 };
    struct fw_record record;
    make_packet(&packed);
    cr_assert_eq(fw_record_unpack(&record, packed.data, packed.bytes, &err), FW_OK);
    cr_assert_eq(record.kind, FW_RECORD_PACKET);
    cr_assert_eq(record.stream, 3);
    cr_assert_eq(record.packet->size, 100);
    cr_assert_eq(record.packet->data[99], 42);
    cr_assert_eq(record.packet->pts, 7);
    cr_assert_eq(record.packet->dts, AV_NOPTS_VALUE);
    cr_assert_eq(record.packet->flags, AV_PKT_FLAG_KEY, "a trusted packet holds pointers");
    cr_assert_eq(record.packet->side_data_elems, 1);
    fw_record_deinit(&record);
    fw_buffer_deinit(&packed);
}

static void make_audio(struct fw_buffer *record, enum AVSampleFormat format)
{
    struct fw_error err = { 0 };
    AVFrame *frame = av_frame_alloc();
    frame->format = format;
    frame->sample_rate = 44100;
    frame->nb_samples = 33;
    frame->pts = 900;
    av_channel_layout_default(&frame->ch_layout, 2);
    cr_assert_eq(av_frame_get_buffer(frame, 0), 0);
    for (int i = 0; i < (format == AV_SAMPLE_FMT_FLTP ? 2 : 1); i++)
        memset(frame->extended_data[i], 11 + i, 33 * 4);
    cr_assert_eq(fw_record_from_audio(record, 1, frame, &err), FW_OK);
    av_frame_free(&frame);
}

Test(remux, audio_round_trip)
{
    struct fw_error err = { 0 };
    struct fw_buffer packed = { 0 };
    struct fw_record record;
    make_audio(&packed, AV_SAMPLE_FMT_FLTP);
    cr_assert_eq(fw_record_unpack(&record, packed.data, packed.bytes, &err), FW_OK);
    cr_assert_eq(record.audio->nb_samples, 33);
    cr_assert_eq(record.audio->extended_data[1][131], 12);
    fw_record_deinit(&record);
    make_audio(&packed, AV_SAMPLE_FMT_S16);
    cr_assert_eq(fw_record_unpack(&record, packed.data, packed.bytes, &err), FW_OK);
    cr_assert_eq(record.audio->extended_data[0][131], 11);
    cr_assert_eq(record.audio->pts, 900);
    fw_record_deinit(&record);
    fw_buffer_deinit(&packed);
}

Test(remux, subtitle_round_trip)
{
    struct fw_error err = { 0 };
    struct fw_buffer packed = { 0 };
    struct fw_record record;
    cr_assert_eq(fw_record_from_subtitle(&packed, 2, "0,0,Default,,0,0,0,,hi", -1, 5, &err), FW_OK);
    cr_assert_eq(fw_record_unpack(&record, packed.data, packed.bytes, &err), FW_OK);
    cr_assert_str_eq(record.ass, "0,0,Default,,0,0,0,,hi");
    cr_assert_eq(record.start_us, -1);
    cr_assert_eq(record.length_us, 5);
    fw_record_deinit(&record);
    fw_buffer_deinit(&packed);
}

static void attack(const struct fw_buffer *packed)
{
    struct fw_record record;
    struct fw_error err = { 0 };
    uint32_t state = 99;
    uint8_t *copy = malloc(packed->bytes);
    for (size_t bytes = 0; bytes < packed->bytes; bytes++) {
        err.status = 0;
        cr_assert_eq(fw_record_unpack(&record, packed->data, bytes, &err), FW_ERR_INTERNAL);
    }
    for (int round = 0; round < 20000; round++) {
        memcpy(copy, packed->data, packed->bytes);
        for (int i = 0; i < 1 + round % 3; i++)
            copy[next_random(&state) % packed->bytes] = (uint8_t)next_random(&state);
        err.status = 0;
        if (fw_record_unpack(&record, copy, packed->bytes, &err) == FW_OK)
            fw_record_deinit(&record);
    }
    free(copy);
}

Test(remux, records_survive_hostile_bytes)
{
    struct fw_error err = { 0 };
    struct fw_buffer packed = { 0 };
    make_packet(&packed);
    attack(&packed);
    make_audio(&packed, AV_SAMPLE_FMT_FLTP);
    attack(&packed);
    cr_assert_eq(fw_record_from_subtitle(&packed, 2, "text", 0, 5, &err), FW_OK);
    attack(&packed);
    fw_buffer_deinit(&packed);
}
