/* Containers that count packets from zero instead of timing them: avi. */
#include "sink_lavf.h"

#include <string.h>

#include <libavutil/mathematics.h>

/* The muxer gives up at 60000 places without a picture. */
#define LEAD_MAX 50000
#define OFF_NAMED_US 2000 /* more than the rounding of a millisecond */

bool fw_lavf_counts(const struct fw_lavf *lavf)
{
    return strcmp(lavf->sink->target.name, "avi") == 0;
}

static struct fw_lavf_stream *stream_at(struct fw_lavf *lavf, int index)
{
    for (uint32_t i = 0; i < FW_STREAMS_MAX; i++)
        if (lavf->by_input[i].stream && lavf->by_input[i].stream->index == index)
            return &lavf->by_input[i];
    return lavf->main;
}

/* Whole pictures by which all streams move, so that the earliest one begins within one of zero. */
static int64_t choose_shift(const struct fw_lavf *lavf, const AVPacket *packet, AVRational base)
{
    int64_t first = av_rescale_q_rnd(packet->dts, base, lavf->main->stream->time_base,
                                     AV_ROUND_UP | AV_ROUND_PASS_MINMAX);
    return first < 0 || first > LEAD_MAX ? -first : 0;
}

/* The muxer fills places from the second packet on, so the first one must stand at zero. */
static int write_lead(struct fw_lavf *lavf, const AVPacket *packet)
{
    static uint8_t nothing[AV_INPUT_BUFFER_PADDING_SIZE];
    AVPacket *empty = lavf->scratch;
    av_packet_unref(empty);
    empty->data = nothing;
    empty->stream_index = packet->stream_index;
    empty->pts = 0;
    empty->dts = 0;
    int code = av_write_frame(lavf->muxer, empty);
    empty->data = NULL;
    av_packet_unref(empty);
    return code;
}

int fw_lavf_count_packet(struct fw_lavf *lavf, AVPacket *packet)
{
    struct fw_lavf_stream *own = stream_at(lavf, packet->stream_index);
    AVRational base = own->stream->time_base;
    if (packet->dts == AV_NOPTS_VALUE)
        return 0;
    if (!lavf->placed)
        lavf->count_shift = choose_shift(lavf, packet, base);
    lavf->placed = true;
    int64_t shift = av_rescale_q(lavf->count_shift, lavf->main->stream->time_base, base);
    packet->dts += shift;
    packet->pts += packet->pts == AV_NOPTS_VALUE ? 0 : shift;
    if (own->counted)
        return 0;
    own->counted = true;
    bool picture = own->stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
    if (picture && packet->dts > 0)
        return write_lead(lavf, packet);
    own->off_us = -av_rescale_q(packet->dts, base, AV_TIME_BASE_Q);
    return 0;
}

void fw_lavf_tell_counts(struct fw_lavf *lavf)
{
    struct fw_losses *losses = &lavf->sink->losses;
    double shift = (double)lavf->count_shift * av_q2d(lavf->main->stream->time_base);
    if (lavf->count_shift)
        fw_losses_add(losses, "timestamps", -1, "every stream starts %.3f s %s: %s counts from 0",
                      shift > 0 ? shift : -shift, shift > 0 ? "later" : "earlier",
                      lavf->sink->target.name);
    for (int32_t i = 0; i < FW_STREAMS_MAX; i++) {
        int64_t off = lavf->by_input[i].off_us;
        if (off > OFF_NAMED_US || off < -OFF_NAMED_US)
            fw_losses_add(losses, "timestamps", i,
                          "starts %.3f s %s against the picture: %s counts from 0",
                          1e-6 * (double)(off > 0 ? off : -off), off > 0 ? "later" : "earlier",
                          lavf->sink->target.name);
    }
}
