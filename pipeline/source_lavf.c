/* Media files through libavformat and libavcodec. Start with step() in source_lavf_decode.c. */
#include "source_lavf.h"

#include <stdlib.h>
#include <string.h>

#include "avframe.h"
#include "sink_target.h"

#include "filters/check.h"

static void lavf_close(struct fw_source *source)
{
    struct fw_lavf *lavf = (struct fw_lavf *)source;
    /* The decoder's threads report to the log: they end first. */
    avcodec_free_context(&lavf->codec);
    fw_lavf_other_deinit(lavf);
    avformat_close_input(&lavf->format);
    if (lavf->listening)
        fw_avlog_deinit(&lavf->log);
    fw_input_close_avio(&lavf->avio);
    sws_freeContext(lavf->scaler);
    av_packet_free(&lavf->packet);
    av_frame_free(&lavf->decoded);
    av_frame_free(&lavf->waiting);
    av_frame_free(&lavf->first_frame);
    av_frame_free(&lavf->scaled);
    free(lavf->flush_dts);
    free(lavf);
}

static int lavf_media(struct fw_source *source, struct fw_buffer *out, struct fw_error *err)
{
    return fw_lavf_media((struct fw_lavf *)source, out, err);
}

static int lavf_plan(struct fw_source *source, const struct fw_stream_plan *streams,
                     struct fw_error *err)
{
    return fw_lavf_other_plan((struct fw_lavf *)source, streams, err);
}

static bool take_pending(struct fw_lavf *lavf, struct fw_event *event)
{
    struct fw_pending *pending = lavf->pending;
    if (!pending)
        return false;
    fw_buffer_deinit(&lavf->record);
    lavf->record = pending->record;
    lavf->pending = pending->next;
    if (!lavf->pending)
        lavf->pending_end = &lavf->pending;
    free(pending);
    *event = (struct fw_event){ .kind = FW_EVENT_RECORD,
                                .record = lavf->record.data,
                                .record_bytes = lavf->record.bytes };
    return true;
}

static int lavf_next(struct fw_source *source, struct fw_event *event, struct fw_error *err)
{
    struct fw_lavf *lavf = (struct fw_lavf *)source;
    /* A caller that never made a plan wants the video alone. */
    if (!lavf->planned) {
        static const struct fw_stream_plan none[FW_STREAMS_MAX];
        int status = fw_lavf_other_plan(lavf, none, err);
        if (status != FW_OK)
            return status;
    }
    for (;;) {
        if (take_pending(lavf, event))
            return FW_OK;
        if (lavf->have_frame) {
            *event = (struct fw_event){ .kind = FW_EVENT_FRAME };
            return FW_OK;
        }
        if (lavf->stage == FW_LAVF_ENDED)
            return FW_END;
        int status = fw_lavf_step(lavf, err);
        if (status != FW_OK)
            return status;
    }
}

static int lavf_fill(struct fw_source *source, void *slot, size_t bytes, struct fw_frame_info *info,
                     struct fw_error *err)
{
    struct fw_lavf *lavf = (struct fw_lavf *)source;
    const AVFrame *frame = NULL;
    uint32_t lost = 0;
    if (!lavf->have_frame)
        return fw_fail(err, FW_ERR_INTERNAL, "no frame waits to be taken");
    int status = fw_lavf_convert(lavf, lavf->waiting, &frame, err);
    if (status == FW_OK)
        status = fw_avframe_store(frame, slot, bytes - FW_BLOB_MAX, err);
    if (status != FW_OK)
        return status;
    fw_frame_info_from_av(info, frame);
    if (lavf->frame_damaged)
        info->flags |= FW_FRAME_CORRUPT;
    info->blob_bytes = fw_avframe_store_side(frame, (uint8_t *)slot + bytes - FW_BLOB_MAX,
                                             FW_BLOB_MAX, &lost);
    source->stats.side_lost += lost;
    source->stats.frames++;
    av_frame_unref(lavf->waiting);
    if (lavf->scaled)
        av_frame_unref(lavf->scaled);
    lavf->have_frame = false;
    return FW_OK;
}

static const struct fw_source_ops lavf_ops = {
    .close = lavf_close,
    .media = lavf_media,
    .plan = lavf_plan,
    .next = lavf_next,
    .fill = lavf_fill,
};

/* Whether the output, as far as the settings tell, holds the video alone. Settings that name no
 * output ask about the input. */
static bool video_alone(const struct fw_settings *settings)
{
    struct fw_target target;
    struct fw_error fault = { 0 };
    if (!settings->output && !settings->format)
        return settings->null_output;
    return fw_target_choose(&target, settings, &fault) == FW_OK &&
           (target.kind != FW_TARGET_LAVF || fw_target_is_hash(&target) ||
            fw_target_is_raw(&target));
}

static bool is_none(const char *codec)
{
    return codec && !strcmp(codec, "none");
}

bool fw_lavf_other_wanted(const struct fw_lavf *lavf, AVStream *stream)
{
    const struct fw_settings *settings = lavf->base.settings;
    if (lavf->video_alone || (stream->disposition & AV_DISPOSITION_ATTACHED_PIC))
        return false;
    switch (stream->codecpar->codec_type) {
    case AVMEDIA_TYPE_AUDIO:
        if (settings->no_audio || is_none(settings->audio_codec))
            return false;
        break;
    case AVMEDIA_TYPE_SUBTITLE:
        if (settings->no_subtitles || is_none(settings->subtitle_codec))
            return false;
        break;
    case AVMEDIA_TYPE_DATA:
        if (settings->no_data)
            return false;
        break;
    case AVMEDIA_TYPE_VIDEO:
        break;
    default:
        return false;
    }
    return fw_lavf_mapped(lavf, stream);
}

/* Other streams that may be wanted are read from the start, beside the first frame's packets. */
static void read_others(struct fw_lavf *lavf)
{
    lavf->video_alone = video_alone(lavf->base.settings);
    for (uint32_t i = 0; i < lavf->stream_count; i++) {
        AVStream *stream = lavf->format->streams[i];
        if (fw_lavf_other_wanted(lavf, stream))
            stream->discard = AVDISCARD_NONE;
    }
}

static int decode_first(struct fw_lavf *lavf, struct fw_error *err)
{
    int status = FW_OK;
    while (status == FW_OK && !lavf->have_frame && lavf->stage != FW_LAVF_ENDED && !lavf->cut_ended)
        status = fw_lavf_step(lavf, err);
    if (status != FW_OK)
        return status;
    if (!lavf->have_frame)
        return lavf->retry ? FW_END : fw_fail(err, FW_ERR_INPUT, "no video frame");
    fw_lavf_note_first(lavf);
    if (!lavf->video.format)
        return fw_fail(err, FW_ERR_INPUT, "frames of pixel format %d are not known here",
                       lavf->waiting->format);
    return FW_OK;
}

static int open_all(struct fw_lavf *lavf, struct fw_error *err)
{
    lavf->packet = av_packet_alloc();
    lavf->decoded = av_frame_alloc();
    lavf->waiting = av_frame_alloc();
    lavf->first_frame = av_frame_alloc();
    if (!lavf->packet || !lavf->decoded || !lavf->waiting || !lavf->first_frame)
        return fw_fail(err, FW_ERR_MEMORY, "no memory to read the input");
    int status = fw_lavf_open_format(lavf, err);
    if (status == FW_OK)
        status = fw_lavf_choose_video(lavf, err);
    if (status == FW_OK)
        status = fw_lavf_seek_start(lavf, err);
    if (status == FW_OK)
        status = fw_lavf_open_decoder(lavf, err);
    if (status != FW_OK)
        return status;
    read_others(lavf);
    fw_lavf_correct_start(lavf);
    const struct fw_rational time_base = { lavf->stream->time_base.num,
                                           lavf->stream->time_base.den };
    lavf->others_end_us = fw_cut_length_us(lavf->base.settings);
    status = fw_cut_init(&lavf->cut, lavf->base.settings, time_base, err);
    return status == FW_OK ? decode_first(lavf, err) : status;
}

static int open_once(struct fw_source **source_out, const struct fw_settings *settings,
                     const struct fw_input *input, bool jump, struct fw_error *err)
{
    struct fw_lavf *lavf = calloc(1, sizeof(*lavf));
    if (!lavf)
        return fw_fail(err, FW_ERR_MEMORY, "no memory to read the input");
    lavf->base.ops = &lavf_ops;
    lavf->base.settings = settings;
    lavf->base.input = *input;
    lavf->retry = jump && input->seekable && settings->seek_us != FW_NOPTS;
    lavf->last_pts = AV_NOPTS_VALUE;
    lavf->end_pts = AV_NOPTS_VALUE;
    lavf->early_end = &lavf->early;
    lavf->pending_end = &lavf->pending;
    for (uint32_t i = 0; i < FW_STREAMS_MAX; i++)
        fw_clock_init(&lavf->streams[i].clock);
    /* What is read from its start begins that long before the cut, time stamps or none. */
    for (uint32_t i = 0; i < FW_STREAMS_MAX && !lavf->retry; i++)
        lavf->streams[i].clock.begin_us = settings->seek_us != FW_NOPTS ? -settings->seek_us : 0;
    fw_avlog_silence();
    int status = open_all(lavf, err);
    if (status == FW_OK)
        *source_out = &lavf->base;
    else
        lavf_close(&lavf->base);
    return status;
}

int fw_source_open_lavf(struct fw_source **source_out, const struct fw_settings *settings,
                        const struct fw_input *input, struct fw_error *err)
{
    int status = open_once(source_out, settings, input, true, err);
    /* -ss into a file that cannot be entered there (raw streams, one key frame): from its start. */
    if (status == FW_END)
        status = open_once(source_out, settings, input, false, err);
    return status;
}
