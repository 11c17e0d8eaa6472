/* What counts as damage, and where it is said to be. */
#include "source_lavf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/error.h>

#define SHORT_SECONDS 1.0
#define LEADING_FAILURES FW_LAVF_THREADS /* a decoder's threads tell that many packets late */

struct fw_damage_place fw_lavf_place(const struct fw_lavf *lavf, int64_t pts)
{
    struct fw_damage_place place = { .frame = lavf->base.stats.frames + lavf->have_frame,
                                     .seconds = NAN };
    if (pts == AV_NOPTS_VALUE && lavf->last_pts != AV_NOPTS_VALUE)
        pts = lavf->last_pts + lavf->last_duration;
    if (pts != AV_NOPTS_VALUE)
        place.seconds = (double)pts * av_q2d(lavf->stream->time_base);
    return place;
}

int fw_lavf_check_demuxer(struct fw_lavf *lavf, struct fw_error *err)
{
    char text[FW_AVLOG_TEXT];
    if (!fw_avlog_take_format(&lavf->log, text))
        return FW_OK;
    if (!lavf->base.input.seekable && strstr(text, "partial file"))
        return fw_fail(err, FW_ERR_INPUT,
                       "this file's data cannot be read in order from a pipe: give it as a file");
    return fw_source_damage(&lavf->base, fw_lavf_place(lavf, AV_NOPTS_VALUE), text, err);
}

int fw_lavf_check_frame(struct fw_lavf *lavf, const AVFrame *frame, struct fw_error *err)
{
    char text[FW_AVLOG_TEXT];
    bool said = fw_avlog_take_packet(&lavf->log, frame->reordered_opaque, text);
    bool flagged = (frame->flags & AV_FRAME_FLAG_CORRUPT) || frame->decode_error_flags;
    lavf->frame_damaged = said || flagged;
    if (!lavf->frame_damaged)
        return FW_OK;
    const char *what = text[0] ? text : "the decoder had to conceal damage";
    int status = fw_source_damage(&lavf->base, fw_lavf_place(lavf, frame->pts), what, err);
    if (status == FW_OK && lavf->base.settings->on_error == FW_ON_ERROR_SKIP) {
        lavf->base.stats.skipped++;
        return FW_DROP;
    }
    return status;
}

int fw_lavf_check_failure(struct fw_lavf *lavf, int code, struct fw_error *err)
{
    char text[FW_AVLOG_TEXT];
    char what[AV_ERROR_MAX_STRING_SIZE];
    if (code == AVERROR(ENOMEM))
        return fw_fail(err, FW_ERR_MEMORY, "the decoder ran out of memory");
    (void)fw_avlog_take_packet(&lavf->log, lavf->packet_number, text);
    /* What -ss leaves out may refer to pictures before the key frame it jumped to. */
    if (lavf->cut.from_zero && lavf->cut.kept == 0)
        return FW_OK;
    bool leading = lavf->timeline.discontinuous && lavf->base.stats.frames_decoded == 0 &&
                   lavf->packet_number - lavf->first_key <= LEADING_FAILURES;
    if (leading || (lavf->timeline.discontinuous && !lavf->first_key))
        return FW_OK;
    if (av_strerror(code, what, sizeof(what)) < 0)
        (void)snprintf(what, sizeof(what), "error %d", code);
    return fw_source_damage(&lavf->base, fw_lavf_place(lavf, AV_NOPTS_VALUE), text[0] ? text : what,
                            err);
}

/* Where the header says that the video ends, in seconds on the file's own clock; NAN: it does not
 * say. A length that was estimated from the data itself proves nothing. */
static double promised_end(const struct fw_lavf *lavf)
{
    const AVStream *stream = lavf->stream;
    const AVFormatContext *format = lavf->format;
    int64_t start = stream->start_time != AV_NOPTS_VALUE ? stream->start_time : 0;
    double time_base = av_q2d(stream->time_base);
    if (format->duration_estimation_method != AVFMT_DURATION_FROM_STREAM)
        return NAN;
    const AVDictionaryEntry *tag = av_dict_get(stream->metadata, "DURATION", NULL, 0);
    int hours = 0;
    int minutes = 0;
    double seconds = 0;
    if (tag && sscanf(tag->value, "%d:%d:%lf", &hours, &minutes, &seconds) == 3)
        return hours * 3600.0 + minutes * 60.0 + seconds;
    if (stream->duration > 0)
        return (double)(start + stream->duration) * time_base;
    if (format->duration <= 0 || format->nb_streams != 1)
        return NAN;
    return (double)format->duration / AV_TIME_BASE;
}

static int check_length(struct fw_lavf *lavf, struct fw_error *err)
{
    if (lavf->cut_ended || lavf->end_pts == AV_NOPTS_VALUE || lavf->base.input.drained)
        return FW_OK;
    double promised = promised_end(lavf);
    double start = lavf->stream->start_time != AV_NOPTS_VALUE
                       ? (double)lavf->stream->start_time * av_q2d(lavf->stream->time_base)
                       : 0;
    double end = (double)lavf->end_pts * av_q2d(lavf->stream->time_base) +
                 (double)lavf->offset_us / AV_TIME_BASE;
    double least = promised - SHORT_SECONDS;
    if (isnan(promised) || end >= least || end - start >= least)
        return FW_OK;
    char text[120];
    (void)snprintf(text, sizeof(text), "the video ends at %.3f s, its header says %.3f s",
                   end - start, promised - start);
    return fw_source_damage(&lavf->base, fw_lavf_place(lavf, AV_NOPTS_VALUE), text, err);
}

int fw_lavf_check_end(struct fw_lavf *lavf, struct fw_error *err)
{
    char text[FW_AVLOG_TEXT];
    int status = fw_lavf_check_demuxer(lavf, err);
    bool said = fw_avlog_take_rest(&lavf->log, text) > 0;
    if (status == FW_OK && said && !lavf->cut_ended && lavf->base.stats.damaged == 0 &&
        !lavf->cut.from_zero)
        status = fw_source_damage(&lavf->base, fw_lavf_place(lavf, AV_NOPTS_VALUE), text, err);
    return status == FW_OK ? check_length(lavf, err) : status;
}
