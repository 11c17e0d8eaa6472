/* Packets in, frames out: one step at a time, so that records and frames leave in order. */
#include "source_lavf.h"

#include <stdio.h>
#include <stdlib.h>

#include <libavutil/error.h>
#include <libavutil/mathematics.h>

#define FLUSH_ERRORS_MAX 100
#define LEADING_MAX 600 /* packets before a first key packet is no longer waited for */

/* The size of the picture, not of the coded frame; what the container says of its pixels wins. */
static void complete_frame(struct fw_lavf *lavf, AVFrame *frame)
{
    AVRational aspect = lavf->stream->sample_aspect_ratio;
    if (aspect.num > 0 && aspect.den > 0)
        frame->sample_aspect_ratio = aspect;
}

static void note_end(struct fw_lavf *lavf, const AVFrame *frame)
{
    if (frame->pts == AV_NOPTS_VALUE)
        return;
    int64_t end = frame->pts + (frame->pkt_duration > 0 ? frame->pkt_duration : 0);
    if (lavf->end_pts == AV_NOPTS_VALUE || end > lavf->end_pts)
        lavf->end_pts = end;
}

static void end_video(struct fw_lavf *lavf)
{
    lavf->cut_ended = true;
    if (lavf->cut.frames_max && lavf->cut.kept >= lavf->cut.frames_max) {
        int64_t end = av_rescale_q(lavf->last_pts + lavf->last_duration, lavf->stream->time_base,
                                   AV_TIME_BASE_Q);
        if (lavf->others_end_us == FW_NOPTS || end < lavf->others_end_us)
            lavf->others_end_us = end;
    }
    lavf->stage = FW_LAVF_READ;
}

/* Decides about a decoded frame whose time is known. */
static int take_frame(struct fw_lavf *lavf, AVFrame *frame, struct fw_error *err)
{
    char text[FW_AVLOG_TEXT];
    lavf->base.stats.frames_decoded++;
    complete_frame(lavf, frame);
    if (frame->pts == AV_NOPTS_VALUE)
        frame->pts = lavf->last_pts == AV_NOPTS_VALUE ? 0 : lavf->last_pts + lavf->last_duration;
    note_end(lavf, frame);
    enum fw_cut_verdict verdict = fw_cut_frame(&lavf->cut, frame->pts);
    if (verdict != FW_CUT_KEEP) {
        (void)fw_avlog_take_packet(&lavf->log, frame->reordered_opaque, text);
        lavf->base.stats.frames_cut++;
        av_frame_unref(frame);
        if (verdict == FW_CUT_END)
            end_video(lavf);
        return FW_OK;
    }
    if (lavf->last_pts != AV_NOPTS_VALUE && frame->pts < lavf->last_pts)
        frame->pts = lavf->last_pts;
    int status = fw_lavf_check_frame(lavf, frame, err);
    if (status == FW_OK || status == FW_DROP) {
        lavf->last_pts = frame->pts;
        lavf->last_duration = frame->pkt_duration > 0 ? frame->pkt_duration : lavf->last_duration;
    }
    if (status == FW_DROP) {
        lavf->cut.kept--;
        av_frame_unref(frame);
        return FW_OK;
    }
    if (status != FW_OK)
        return status;
    av_frame_move_ref(lavf->waiting, frame);
    lavf->have_frame = true;
    if (lavf->cut.frames_max && lavf->cut.kept >= lavf->cut.frames_max)
        end_video(lavf);
    return FW_OK;
}

static int64_t take_flush_guess(struct fw_lavf *lavf)
{
    int64_t guess = lavf->flush_dts[0];
    lavf->flush_count--;
    for (uint32_t i = 0; i < lavf->flush_count; i++)
        lavf->flush_dts[i] = lavf->flush_dts[i + 1];
    return guess;
}

/* Asks the decoder for a frame. `counts`: this call's packet moves the clock even without one. */
static int receive(struct fw_lavf *lavf, bool counts, struct fw_error *err)
{
    AVFrame *frame = lavf->decoded;
    int code = avcodec_receive_frame(lavf->codec, frame);
    if (code < 0) {
        fw_clock_decoded(lavf, counts, lavf->packet_duration, NULL);
        bool flushing = lavf->stage == FW_LAVF_FLUSH;
        if (code == AVERROR_EOF || (flushing && ++lavf->flush_errors > FLUSH_ERRORS_MAX))
            return FW_END;
        if (!flushing)
            lavf->stage = FW_LAVF_READ;
        return code == AVERROR(EAGAIN) ? FW_OK : fw_lavf_check_failure(lavf, code, err);
    }
    frame->pts = frame->best_effort_timestamp;
    if (frame->pts == AV_NOPTS_VALUE && lavf->stage == FW_LAVF_FLUSH && lavf->flush_count)
        frame->pts = take_flush_guess(lavf);
    fw_clock_decoded(lavf, counts, lavf->packet_duration, frame);
    lavf->flush_errors = 0;
    return take_frame(lavf, frame, err);
}

/* A recording of a broadcast may begin anywhere: what comes before its first key packet cannot be
 * decoded, and that is no damage. */
static void note_key(struct fw_lavf *lavf, const AVPacket *packet)
{
    if (!lavf->timeline.discontinuous || lavf->first_key)
        return;
    bool key = (packet->flags & AV_PKT_FLAG_KEY) || lavf->packet_number > LEADING_MAX;
    lavf->first_key = key ? lavf->packet_number : 0;
    fw_avlog_begin_at(&lavf->log, key ? lavf->packet_number : INT64_MAX);
}

static int decode_packet(struct fw_lavf *lavf, struct fw_error *err)
{
    AVPacket *packet = lavf->packet;
    struct fw_clock *clock = &lavf->streams[lavf->stream->index].clock;
    fw_clock_begin(clock, lavf->stream, lavf->codec, packet);
    int64_t guess = fw_clock_step(clock, lavf->stream);
    lavf->packet_duration = packet->duration;
    lavf->packet_repeating = false;
    lavf->packet_number++;
    note_key(lavf, packet);
    if (packet->flags & AV_PKT_FLAG_CORRUPT)
        fw_avlog_note_packet(&lavf->log, lavf->packet_number, "the container marks it as corrupt");
    if (packet->size == 0) {
        fw_clock_decoded(lavf, true, lavf->packet_duration, NULL);
        return FW_OK;
    }
    packet->dts = guess;
    lavf->codec->reordered_opaque = lavf->packet_number;
    int code = avcodec_send_packet(lavf->codec, packet);
    if (code < 0 && code != AVERROR_EOF) {
        fw_clock_decoded(lavf, true, lavf->packet_duration, NULL);
        return fw_lavf_check_failure(lavf, code, err);
    }
    lavf->stage = FW_LAVF_RECEIVE;
    return FW_OK;
}

static int step_receive(struct fw_lavf *lavf, struct fw_error *err)
{
    bool first = !lavf->packet_repeating;
    if (!first)
        (void)fw_clock_step(&lavf->streams[lavf->stream->index].clock, lavf->stream);
    lavf->packet_repeating = true;
    int status = receive(lavf, first, err);
    if (status == FW_END) {
        lavf->stage = FW_LAVF_READ;
        status = FW_OK;
    }
    return status;
}

static int step_flush(struct fw_lavf *lavf, struct fw_error *err)
{
    struct fw_clock *clock = &lavf->streams[lavf->stream->index].clock;
    fw_clock_begin(clock, lavf->stream, lavf->codec, NULL);
    int64_t guess = fw_clock_step(clock, lavf->stream);
    int64_t *grown = realloc(lavf->flush_dts, (lavf->flush_count + 1) * sizeof(*grown));
    if (!grown)
        return fw_fail(err, FW_ERR_MEMORY, "no memory to end the decoding");
    lavf->flush_dts = grown;
    lavf->flush_dts[lavf->flush_count++] = guess;
    lavf->packet_duration = 0;
    /* Only the first call says that no more packets come; the rest are refused without harm. */
    (void)avcodec_send_packet(lavf->codec, NULL);
    return receive(lavf, true, err);
}

static int end_of_file(struct fw_lavf *lavf, int code, struct fw_error *err)
{
    char what[AV_ERROR_MAX_STRING_SIZE];
    int status = fw_input_status(&lavf->base.input, err);
    if (status != FW_OK)
        return status;
    if (code != AVERROR_EOF) {
        if (av_strerror(code, what, sizeof(what)) < 0)
            (void)snprintf(what, sizeof(what), "error %d", code);
        status = fw_source_damage(&lavf->base, fw_lavf_place(lavf, AV_NOPTS_VALUE), what, err);
    }
    lavf->stage = FW_LAVF_FLUSH;
    return status;
}

static int finish(struct fw_lavf *lavf, struct fw_error *err)
{
    lavf->stage = FW_LAVF_ENDED;
    int status = fw_lavf_other_flush(lavf, err);
    return status == FW_OK ? fw_lavf_check_end(lavf, err) : status;
}

/* The output's streams are settled by now: one that begins only here cannot have a place there. */
static void note_late(struct fw_lavf *lavf, AVStream *stream)
{
    if (stream->discard == AVDISCARD_ALL)
        return;
    stream->discard = AVDISCARD_ALL;
    lavf->base.stats.late_streams += fw_lavf_other_wanted(lavf, stream);
}

static int step_read(struct fw_lavf *lavf, struct fw_error *err)
{
    if (lavf->cut_ended && lavf->planned && !fw_lavf_others_wanted(lavf))
        return finish(lavf, err);
    int code = av_read_frame(lavf->format, lavf->packet);
    int status = fw_lavf_check_demuxer(lavf, err);
    if (status != FW_OK || fw_input_aborted(&lavf->base.input)) {
        av_packet_unref(lavf->packet);
        return status != FW_OK ? status : fw_fail(err, FW_ERR_CANCELLED, "cancelled");
    }
    if (code == AVERROR(EAGAIN))
        return FW_OK;
    if (code < 0)
        return end_of_file(lavf, code, err);
    AVPacket *packet = lavf->packet;
    bool main = packet->stream_index == lavf->stream->index;
    if ((uint32_t)packet->stream_index >= lavf->probed_count)
        note_late(lavf, lavf->format->streams[packet->stream_index]);
    if ((uint32_t)packet->stream_index < lavf->stream_count && !(main && lavf->cut_ended)) {
        uint32_t action = lavf->streams[packet->stream_index].action;
        fw_lavf_packet_times(lavf, packet, main || (lavf->planned && action != FW_STREAM_DROP));
        status = main ? decode_packet(lavf, err) : fw_lavf_other_packet(lavf, packet, err);
    }
    av_packet_unref(packet);
    return status;
}

int fw_lavf_step(struct fw_lavf *lavf, struct fw_error *err)
{
    int status = FW_OK;
    switch (lavf->stage) {
    case FW_LAVF_READ:
        return step_read(lavf, err);
    case FW_LAVF_RECEIVE:
        return step_receive(lavf, err);
    case FW_LAVF_FLUSH:
        status = lavf->cut_ended ? FW_END : step_flush(lavf, err);
        return status == FW_END ? finish(lavf, err) : status;
    default:
        return FW_OK;
    }
}
