/* An encoder and a muxer of libavformat over one descriptor. */
#include "sink_lavf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/mathematics.h>
#include <libavutil/opt.h>

#include "avlog.h"
#include "bell.h"
#include "encoder_options.h"
#include "sink_audio.h"
#include "sink_format.h"

#include "filters/check.h"

/* What FFmpeg's command gives program and transport streams: players fill their buffers in it. */
#define MUX_DELAY_US 700000
#define SHIFT_NAMED 0.002 /* seconds: more than the rounding of a millisecond */

int fw_lavf_failure(const struct fw_lavf *lavf, int code, const char *doing, struct fw_error *err)
{
    int status = fw_sink_bytes_status(&lavf->sink->output, err);
    if (status < 0)
        return status;
    return fw_fail(err, FW_ERR_OUTPUT, "%s: %s failed: %s", lavf->sink->target.name, doing,
                   fw_av_text(code).text);
}

/* Muxers that rewrite their own output read it again through a second view of the same file;
 * nothing else is ever opened. */
static int open_again(AVFormatContext *muxer, AVIOContext **avio, const char *url, int flags,
                      AVDictionary **options)
{
    (void)options;
    struct fw_lavf *lavf = muxer->opaque;
    *avio = NULL;
    if ((flags & AVIO_FLAG_WRITE) || !lavf->sink->output.seekable || !muxer->url ||
        strcmp(url, muxer->url) != 0)
        return AVERROR(EPERM);
    *avio = fw_sink_bytes_reader_create(&lavf->sink->output);
    return *avio ? 0 : AVERROR(ENOMEM);
}

static int close_again(AVFormatContext *muxer, AVIOContext *avio)
{
    (void)muxer;
    fw_sink_bytes_avio_destroy(avio);
    return 0;
}

static void close_again_old(AVFormatContext *muxer, AVIOContext *avio)
{
    (void)close_again(muxer, avio);
}

static int create_muxer(struct fw_lavf *lavf, struct fw_error *err)
{
    struct fw_sink *sink = lavf->sink;
    int code = avformat_alloc_output_context2(&lavf->muxer, sink->target.format, NULL, "output");
    if (code < 0)
        return fw_lavf_failure(lavf, code, "setting up", err);
    AVFormatContext *muxer = lavf->muxer;
    lavf->avio = fw_sink_bytes_avio_create(&sink->output);
    lavf->scratch = av_packet_alloc();
    if (!lavf->avio || !lavf->scratch)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the output");
    muxer->pb = lavf->avio;
    muxer->opaque = lavf;
    muxer->io_open = open_again;
    muxer->io_close = close_again_old;
    muxer->io_close2 = close_again;
    muxer->flags |= AVFMT_FLAG_BITEXACT | AVFMT_FLAG_CUSTOM_IO;
    muxer->max_interleave_delta = 0;
    muxer->strict_std_compliance = sink->target.strictness;
    const char *name = sink->target.format->name;
    if (strcmp(name, "mpegts") == 0 || strcmp(name, "mpeg") == 0 || strcmp(name, "vob") == 0 ||
        strcmp(name, "dvd") == 0 || strcmp(name, "svcd") == 0)
        muxer->max_delay = MUX_DELAY_US;
    if (fw_lavf_counts(lavf))
        muxer->avoid_negative_ts = 0;
    lavf->native_order = strncmp(name, "mxf", 3) == 0 || strcmp(name, "gxf") == 0 ||
                         strcmp(name, "dv") == 0;
    return FW_OK;
}

/* A movie's own ticks, for edit lists: as fine as the video's, so that a start is kept exactly. */
static int refine_movie_ticks(struct fw_lavf *lavf, struct fw_error *err)
{
    void *private = lavf->muxer->priv_data;
    if (!private || !lavf->muxer->oformat->priv_class ||
        !av_opt_find(private, "movie_timescale", NULL, 0, 0))
        return FW_OK;
    const struct fw_settings *settings = lavf->sink->options.settings;
    if (fw_av_option_value(settings, "movie_timescale", 0))
        return FW_OK;
    int64_t ticks = lavf->main->stream->time_base.den;
    while (ticks > 0 && ticks < 10000)
        ticks *= 2;
    int code = av_opt_set_int(private, "movie_timescale", ticks, 0);
    return code < 0 ? fw_lavf_failure(lavf, code, "setting the time scale", err) : FW_OK;
}

static int write_queued(void *opaque, AVPacket *packet, struct fw_error *err)
{
    struct fw_lavf *lavf = opaque;
    fw_proc_beat(lavf->sink->options.proc);
    uint32_t lane = (uint32_t)packet->stream_index;
    bool start = packet->dts != AV_NOPTS_VALUE && packet->dts < 0;
    bool holds = (lavf->muxer->oformat->flags & (AVFMT_TS_NEGATIVE | AVFMT_NOTIMESTAMPS)) != 0;
    if (start && !holds && !fw_lavf_counts(lavf) && packet->pts < 0)
        lavf->shifted = true;
    int code = fw_lavf_counts(lavf) ? fw_lavf_count_packet(lavf, packet) : 0;
    if (code >= 0)
        code = lavf->native_order ? av_interleaved_write_frame(lavf->muxer, packet)
                                  : av_write_frame(lavf->muxer, packet);
    if (code >= 0)
        code = lavf->avio->error;
    if (code >= 0)
        return FW_OK;
    char doing[64];
    (void)snprintf(doing, sizeof(doing), "writing a packet of stream %u", lane);
    return fw_lavf_failure(lavf, code, doing, err);
}

/* Some muxers only complain of pictures that no reader will know again. */
static int write_header(struct fw_lavf *lavf, struct fw_error *err)
{
    struct fw_avlog log;
    char said[FW_AVLOG_TEXT];
    fw_avlog_init(&log, lavf->muxer);
    int code = avformat_write_header(lavf->muxer, NULL);
    bool complained = fw_avlog_take_format(&log, said) > 0;
    fw_avlog_deinit(&log);
    if (code >= 0 && !complained)
        return FW_OK;
    int status = fw_sink_bytes_status(&lavf->sink->output, err);
    if (status < 0)
        return status;
    bool movie = lavf->muxer->priv_data && lavf->muxer->oformat->priv_class &&
                 av_opt_find(lavf->muxer->priv_data, "movflags", NULL, 0, 0);
    if (movie && complained && strstr(said, "non seekable"))
        return fw_fail(err, FW_ERR_USAGE,
                       "%s needs a file that it can seek in; write one, or add -movflags "
                       "frag_keyframe+empty_moov",
                       lavf->sink->target.name);
    return fw_fail(err, FW_ERR_USAGE, "%s refuses these streams or options: %s",
                   lavf->sink->target.name, complained ? said : fw_av_text(code).text);
}

static int lavf_begin(struct fw_sink *sink, struct fw_error *err)
{
    struct fw_lavf *lavf = sink->state;
    fw_video_encoder_fields(lavf->video, sink->first_flags);
    lavf->main->stream->codecpar->field_order = fw_video_encoder_context(lavf->video)->field_order;
    const char *hint;
    if (fw_video_context_loses_fields(fw_video_encoder_context(lavf->video), sink->first_flags,
                                      &hint))
        fw_losses_add(&sink->losses, "field-order", (int32_t)(lavf->main - lavf->by_input),
                      "interlaced pictures that %s calls progressive; %s keeps the fields",
                      sink->target.encoder->name, hint);
    int status = fw_muxer_options_apply(sink->options.settings, lavf->muxer, err);
    if (status == FW_OK)
        status = refine_movie_ticks(lavf, err);
    if (status == FW_OK)
        status = write_header(lavf, err);
    if (status < 0)
        return status;
    lavf->head_written = true;
    fw_queue_init(&lavf->queue, write_queued, lavf);
    for (uint32_t i = 0; i < lavf->muxer->nb_streams; i++) {
        const AVStream *stream = lavf->muxer->streams[i];
        enum AVMediaType kind = stream->codecpar->codec_type;
        bool cover = (stream->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
        bool flows = (kind == AVMEDIA_TYPE_VIDEO && !cover) || kind == AVMEDIA_TYPE_AUDIO;
        fw_queue_lane(&lavf->queue, i, stream->time_base, flows);
    }
    return fw_lavf_write_covers(lavf, err);
}

int fw_lavf_queue(struct fw_lavf *lavf, struct fw_lavf_stream *stream, AVPacket *packet,
                  AVRational from, struct fw_error *err)
{
    AVRational to = stream->stream->time_base;
    int64_t pts = packet->pts;
    int64_t dts = packet->dts;
    av_packet_rescale_ts(packet, from, to);
    if (pts != AV_NOPTS_VALUE && av_compare_ts(pts, from, packet->pts, to) != 0)
        stream->rounded++;
    bool strict = !(lavf->muxer->oformat->flags & (AVFMT_TS_NONSTRICT | AVFMT_NOTIMESTAMPS));
    if (dts != AV_NOPTS_VALUE && stream->last_dts != AV_NOPTS_VALUE &&
        packet->dts < stream->last_dts + (strict ? 1 : 0)) {
        packet->dts = stream->last_dts + (strict ? 1 : 0);
        if (packet->pts != AV_NOPTS_VALUE && packet->pts < packet->dts)
            packet->pts = packet->dts;
        stream->moved++;
    }
    if (packet->dts != AV_NOPTS_VALUE)
        stream->last_dts = packet->dts;
    packet->stream_index = stream->stream->index;
    packet->pos = -1;
    stream->packets++;
    return fw_queue_push(&lavf->queue, packet, err);
}

static int take_video(void *opaque, AVPacket *packet, struct fw_error *err)
{
    struct fw_lavf *lavf = opaque;
    /* An encoder that is flushed gives many packets with no frame between them. */
    fw_proc_beat(lavf->sink->options.proc);
    AVRational from = fw_video_encoder_times(lavf->video)->out;
    int64_t first = av_rescale_q(packet->pts, from, AV_TIME_BASE_Q);
    int64_t end = av_rescale_q(packet->pts + packet->duration, from, AV_TIME_BASE_Q);
    if (lavf->video_first == FW_NOPTS || first < lavf->video_first)
        lavf->video_first = first;
    if (lavf->video_end == FW_NOPTS || end > lavf->video_end)
        lavf->video_end = end;
    fw_sink_count_packet(lavf->sink);
    return fw_lavf_queue(lavf, lavf->main, packet, from, err);
}

static int open_video(struct fw_lavf *lavf, struct fw_error *err)
{
    struct fw_sink *sink = lavf->sink;
    struct fw_hdr_params params;
    fw_hdr_params(&params, sink);
    const struct fw_video_request request = {
        .settings = sink->options.settings,
        .target = &sink->target,
        .video = sink->video,
        .first_flags = sink->options.media->first_flags,
        .extra = params.text[0] ? params.text : NULL,
    };
    lavf->video_first = FW_NOPTS;
    lavf->video_end = FW_NOPTS;
    return fw_video_encoder_create(&lavf->video, &request, take_video, lavf, err);
}

static int lavf_open(struct fw_sink *sink, struct fw_error *err)
{
    struct fw_lavf *lavf = calloc(1, sizeof(*lavf));
    sink->state = lavf;
    if (!lavf)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the output");
    lavf->sink = sink;
    int status = create_muxer(lavf, err);
    if (status == FW_OK)
        status = open_video(lavf, err);
    if (status == FW_OK)
        status = fw_lavf_add_streams(lavf, err);
    if (status == FW_OK)
        status = fw_lavf_add_tags(lavf, err);
    return status;
}

static int lavf_frame(struct fw_sink *sink, const struct fw_frame_info *info, const void *base,
                      const void *blob, struct fw_error *err)
{
    struct fw_lavf *lavf = sink->state;
    return fw_video_encoder_send(lavf->video, info, base, blob, err);
}

static int lavf_record(struct fw_sink *sink, struct fw_record *record, struct fw_error *err)
{
    return fw_lavf_record(sink->state, record, err);
}

/* Sound whose times had holes, jumps or overlaps. */
static void tell_breaks(struct fw_losses *losses, int32_t input,
                        const struct fw_audio_encoder *audio)
{
    struct fw_audio_breaks breaks = fw_audio_encoder_breaks(audio);
    if (breaks.filled)
        fw_losses_add(losses, "timestamps", input,
                      "%llu holes in the sound filled with %.3f s of silence",
                      (unsigned long long)breaks.filled, breaks.filled_seconds);
    if (breaks.jumps)
        fw_losses_add(losses, "timestamps", input,
                      "%llu jumps of the clock: the sound goes on without them",
                      (unsigned long long)breaks.jumps);
    if (breaks.overlaps)
        fw_losses_add(losses, "timestamps", input,
                      "%llu overlaps in the sound: all of it is kept, so what follows is later",
                      (unsigned long long)breaks.overlaps);
}

/* What the container could not hold of the times. */
static void tell_time_losses(struct fw_lavf *lavf)
{
    struct fw_losses *losses = &lavf->sink->losses;
    uint64_t moved = fw_video_encoder_moved(lavf->video);
    bool known = fw_sink_rounds_times(lavf->sink->options.settings, &lavf->sink->target,
                                      &lavf->sink->video);
    for (int32_t i = 0; i < FW_STREAMS_MAX; i++) {
        const struct fw_lavf_stream *stream = &lavf->by_input[i];
        if (!stream->stream)
            continue;
        AVRational tick = stream->stream->time_base;
        if (stream->audio)
            tell_breaks(losses, i, stream->audio);
        if (stream->rounded && stream->action == FW_STREAM_VIDEO && !known)
            fw_losses_add(losses, "timestamps", i, "%llu of %llu rounded to %d/%d s",
                          (unsigned long long)stream->rounded, (unsigned long long)stream->packets,
                          tick.num, tick.den);
        uint64_t all = stream->moved + (stream == lavf->main ? moved : 0);
        if (all)
            fw_losses_add(losses, "timestamps", i, "%llu packets moved: their times did not rise",
                          (unsigned long long)all);
    }
    double shift = fw_video_encoder_shift(lavf->video);
    if (shift > SHIFT_NAMED || shift < -SHIFT_NAMED)
        fw_losses_add(losses, "timestamps", (int32_t)(lavf->main - lavf->by_input),
                      "the picture starts %.3f s %s: its start has no place at a fixed rate",
                      shift > 0 ? shift : -shift, shift > 0 ? "later" : "earlier");
    fw_lavf_tell_counts(lavf);
    if (lavf->muxer->max_delay == MUX_DELAY_US)
        fw_losses_add(losses, "timestamps", -1,
                      "every stream starts %.1f s later: the container cannot hold the start",
                      2e-6 * MUX_DELAY_US);
    else if (lavf->shifted)
        fw_losses_add(losses, "timestamps", -1,
                      "every stream starts later by the same time: the container has no negative "
                      "times");
}

static int lavf_commit(struct fw_sink *sink, struct fw_error *err)
{
    struct fw_lavf *lavf = sink->state;
    int status = fw_video_encoder_flush(lavf->video, err);
    if (status == FW_OK)
        status = fw_lavf_finish_streams(lavf, err);
    if (status == FW_OK)
        status = fw_queue_flush(&lavf->queue, err);
    if (status < 0)
        return status;
    int code = av_write_trailer(lavf->muxer);
    lavf->head_written = false;
    avio_flush(lavf->avio);
    if (code >= 0)
        code = lavf->avio->error;
    if (code < 0)
        return fw_lavf_failure(lavf, code, "finishing", err);
    tell_time_losses(lavf);
    fw_sink_side_tell(sink, fw_video_encoder_context(lavf->video), lavf->main->stream);
    return fw_sink_bytes_status(&sink->output, err);
}

static void lavf_close(struct fw_sink *sink)
{
    struct fw_lavf *lavf = sink->state;
    fw_queue_deinit(&lavf->queue);
    fw_lavf_close_streams(lavf);
    fw_video_encoder_destroy(lavf->video);
    av_packet_free(&lavf->scratch);
    if (lavf->muxer) {
        /* Nothing may be written any more: an output that was not committed is thrown away. */
        lavf->muxer->pb = NULL;
        avformat_free_context(lavf->muxer);
    }
    fw_sink_bytes_avio_destroy(lavf->avio);
    free(lavf);
}

const struct fw_sink_kind fw_sink_lavf = {
    .open = lavf_open,
    .begin = lavf_begin,
    .frame = lavf_frame,
    .record = lavf_record,
    .commit = lavf_commit,
    .verify = fw_lavf_verify,
    .close = lavf_close,
};
