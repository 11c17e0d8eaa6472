#include "sink_video.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/mathematics.h>

#include "avframe.h"
#include "encoder_options.h"

#include "filters/check.h"

/* More frames than any encoder holds back. */
#define DELAY_MAX 4096u

/* A frame inside the encoder. */
struct pending {
    int64_t key;      /* pts given to the encoder */
    int64_t pts;      /* in times.out */
    int64_t duration; /* in times.out */
};

struct fw_video_encoder {
    AVCodecContext *context;
    AVFrame *frame;
    AVPacket *packet;
    struct fw_video_times times;
    bool takes_copy;
    bool any_time; /* raw pictures: repeated times are no error */
    bool no_gaps;  /* the bitstream tells of one rate: a place left free would be filled */
    struct pending *pending;
    uint32_t pending_count;
    uint32_t pending_room;
    int64_t first_pts; /* of the first frame, and its place on the grid */
    int64_t first_key;
    int64_t last_key;
    int64_t last_dts;
    uint64_t moved;
    uint32_t fields; /* enum fw_frame_flags that it was opened for */
    uint64_t frames;
    uint64_t shown; /* packets, without those that show nothing */
    fw_video_packet_fn give;
    void *opaque;
};

const AVCodecContext *fw_video_encoder_context(const struct fw_video_encoder *encoder)
{
    return encoder->context;
}

const struct fw_video_times *fw_video_encoder_times(const struct fw_video_encoder *encoder)
{
    return &encoder->times;
}

uint64_t fw_video_encoder_shown(const struct fw_video_encoder *encoder)
{
    return encoder->shown;
}

uint64_t fw_video_encoder_moved(const struct fw_video_encoder *encoder)
{
    return encoder->moved;
}

double fw_video_encoder_shift(const struct fw_video_encoder *encoder)
{
    const struct fw_video_times *times = &encoder->times;
    if (!times->grid || !encoder->frames)
        return 0;
    return (double)encoder->first_key * av_q2d(times->encoder) -
           (double)encoder->first_pts * av_q2d(times->in);
}

int fw_video_encoder_create(struct fw_video_encoder **encoder_out,
                            const struct fw_video_request *request, fw_video_packet_fn packet,
                            void *opaque, struct fw_error *err)
{
    *encoder_out = NULL;
    struct fw_video_encoder *encoder = calloc(1, sizeof(*encoder));
    if (!encoder)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for an encoder");
    encoder->give = packet;
    encoder->opaque = opaque;
    encoder->fields = request->first_flags;
    encoder->last_key = INT64_MIN;
    encoder->last_dts = INT64_MIN;
    encoder->takes_copy = fw_encoder_traits(request->target->encoder)->takes_copy;
    encoder->any_time = fw_target_is_hash(request->target) || fw_target_is_raw(request->target);
    /* Who has frames left out wants the gaps. */
    encoder->no_gaps = fw_encoder_fixed_rate(request->target->encoder) &&
                       request->settings->on_error != FW_ON_ERROR_SKIP &&
                       request->settings->on_poison != FW_ON_POISON_SKIP;
    encoder->frame = av_frame_alloc();
    encoder->packet = av_packet_alloc();
    int code = 0;
    int status = FW_OK;
    if (!encoder->frame || !encoder->packet)
        status = fw_fail(err, FW_ERR_MEMORY, "no memory for an encoder");
    if (status == FW_OK)
        status = fw_video_times_choose(&encoder->times, request->target, &request->video, err);
    if (status == FW_OK)
        status = fw_video_context_open(&encoder->context, request, &code, err);
    if (status < 0) {
        fw_video_encoder_destroy(encoder);
        return status;
    }
    *encoder_out = encoder;
    return FW_OK;
}

void fw_video_encoder_fields(struct fw_video_encoder *encoder, uint32_t flags)
{
    const uint32_t bits = FW_FRAME_INTERLACED | FW_FRAME_TOP_FIRST;
    if ((flags ^ encoder->fields) & bits)
        fw_video_context_fields(encoder->context, flags);
}

void fw_video_encoder_destroy(struct fw_video_encoder *encoder)
{
    if (!encoder)
        return;
    avcodec_free_context(&encoder->context);
    av_frame_free(&encoder->frame);
    av_packet_free(&encoder->packet);
    free(encoder->pending);
    free(encoder);
}

static int remember(struct fw_video_encoder *encoder, const struct pending *entry,
                    struct fw_error *err)
{
    if (encoder->pending_count == encoder->pending_room) {
        uint32_t room = encoder->pending_room ? encoder->pending_room * 2 : 64;
        if (room > DELAY_MAX) {
            /* Some encoder drops frames without a word: the oldest cannot come any more. */
            encoder->pending_count--;
            memmove(encoder->pending, encoder->pending + 1,
                    encoder->pending_count * sizeof(*encoder->pending));
        } else {
            struct pending *grown = realloc(encoder->pending, room * sizeof(*grown));
            if (!grown)
                return fw_fail(err, FW_ERR_MEMORY, "no memory for time stamps");
            encoder->pending = grown;
            encoder->pending_room = room;
        }
    }
    encoder->pending[encoder->pending_count++] = *entry;
    return FW_OK;
}

static bool recall(struct fw_video_encoder *encoder, int64_t key, struct pending *entry_out)
{
    for (uint32_t i = 0; i < encoder->pending_count; i++) {
        if (encoder->pending[i].key != key)
            continue;
        *entry_out = encoder->pending[i];
        encoder->pending_count--;
        memmove(encoder->pending + i, encoder->pending + i + 1,
                (encoder->pending_count - i) * sizeof(*encoder->pending));
        return true;
    }
    return false;
}

/* From the encoder's count of time to the output's. */
static void retime(struct fw_video_encoder *encoder, AVPacket *packet)
{
    struct pending entry;
    int64_t dts = packet->dts;
    bool same = packet->dts == packet->pts;
    bool exact = av_cmp_q(encoder->times.encoder, encoder->times.out) == 0;
    if (packet->pts != AV_NOPTS_VALUE && recall(encoder, packet->pts, &entry)) {
        packet->pts = entry.pts;
        packet->duration = entry.duration;
    } else {
        packet->pts = av_rescale_q(packet->pts, encoder->times.encoder, encoder->times.out);
        packet->duration = 0;
    }
    if (dts == AV_NOPTS_VALUE || same) {
        packet->dts = packet->pts;
    } else if (!exact) {
        dts = av_rescale_q_rnd(dts, encoder->times.encoder, encoder->times.out, AV_ROUND_DOWN);
        if (encoder->last_dts != INT64_MIN && dts <= encoder->last_dts)
            dts = encoder->last_dts + 1;
        packet->dts = dts <= packet->pts ? dts : packet->pts;
    }
    encoder->last_dts = packet->dts;
}

/* VP8 stores its hidden references as packets of their own, where others pack them with the next
 * picture: bit 4 of its first byte says which. */
static bool shows_picture(const struct fw_video_encoder *encoder, const AVPacket *packet)
{
    return encoder->context->codec_id != AV_CODEC_ID_VP8 || packet->size < 1 ||
           (packet->data[0] & 0x10);
}

static int drain(struct fw_video_encoder *encoder, struct fw_error *err)
{
    for (;;) {
        int code = avcodec_receive_packet(encoder->context, encoder->packet);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return FW_OK;
        if (code < 0)
            return fw_fail(err, FW_ERR_OUTPUT, "%s failed after frame %llu: %s",
                           encoder->context->codec->name, (unsigned long long)encoder->frames,
                           fw_av_text(code).text);
        retime(encoder, encoder->packet);
        encoder->shown += shows_picture(encoder, encoder->packet);
        int status = encoder->give(encoder->opaque, encoder->packet, err);
        av_packet_unref(encoder->packet);
        if (status < 0)
            return status;
    }
}

/* Frames of a fixed rate stand within a slack of the grid that the first one begins: container
 * ticks of a millisecond round. */
static int on_grid(const struct fw_video_encoder *encoder, int64_t pts, int64_t key,
                   struct fw_error *err)
{
    const struct fw_video_times *times = &encoder->times;
    double at = (double)pts * av_q2d(times->in);
    double since = ((double)pts - (double)encoder->first_pts) * av_q2d(times->in);
    double off = fabs(since - (double)(key - encoder->first_key) * av_q2d(times->encoder));
    double slack = av_q2d(times->in) > 0.002 ? av_q2d(times->in) : 0.002;
    bool gap = encoder->frames && encoder->no_gaps && key > encoder->last_key + 1;
    if (off <= slack && key > encoder->last_key && !gap)
        return FW_OK;
    return fw_fail(err, FW_ERR_USAGE,
                   "frame %llu at %.6f s does not stand on a fixed rate of %.6g frames a second, "
                   "which %s needs; give -r RATE, or use .mp4, .mkv or .nut with another encoder",
                   (unsigned long long)encoder->frames, at, 1 / av_q2d(times->encoder),
                   encoder->context->codec->name);
}

static int place(struct fw_video_encoder *encoder, const struct fw_frame_info *info,
                 struct pending *entry_out, struct fw_error *err)
{
    const struct fw_video_times *times = &encoder->times;
    int64_t key = av_rescale_q(info->pts, times->in, times->encoder);
    if (!encoder->frames) {
        encoder->first_pts = info->pts;
        encoder->first_key = key;
    }
    int64_t since;
    if (times->grid && !__builtin_sub_overflow(info->pts, encoder->first_pts, &since))
        key = encoder->first_key + av_rescale_q(since, times->in, times->encoder);
    int64_t duration = info->duration > 0 ? info->duration : 0;
    struct pending entry = { key, av_rescale_q(info->pts, times->in, times->out),
                             av_rescale_q(duration, times->in, times->out) };
    if (times->grid) {
        int status = on_grid(encoder, info->pts, key, err);
        if (status < 0)
            return status;
        entry.pts = key;
        entry.duration = 1;
    }
    if (!encoder->any_time && encoder->last_key != INT64_MIN && key <= encoder->last_key) {
        entry.key = encoder->last_key + 1;
        if (av_cmp_q(times->encoder, times->out) == 0) {
            entry.pts = entry.key;
            encoder->moved++;
        }
    }
    encoder->last_key = entry.key;
    *entry_out = entry;
    return remember(encoder, &entry, err);
}

int fw_video_encoder_send(struct fw_video_encoder *encoder, const struct fw_frame_info *info,
                          const void *base, const void *blob, struct fw_error *err)
{
    struct pending entry;
    int status = place(encoder, info, &entry, err);
    if (status < 0)
        return status;
    status = encoder->takes_copy ? fw_avframe_wrap(encoder->frame, info, base, blob, err)
                                 : fw_avframe_load(encoder->frame, info, base, blob, err);
    if (status < 0)
        return status;
    AVFrame *frame = encoder->frame;
    frame->pts = entry.key;
    frame->pkt_duration = 0;
    frame->pict_type = AV_PICTURE_TYPE_NONE;
    frame->quality = encoder->context->global_quality;
    int code = avcodec_send_frame(encoder->context, frame);
    if (code == AVERROR(EAGAIN)) {
        status = drain(encoder, err);
        code = status < 0 ? 0 : avcodec_send_frame(encoder->context, frame);
    }
    if (code < 0)
        status = fw_fail(err, FW_ERR_OUTPUT, "%s refuses frame %llu: %s",
                         encoder->context->codec->name, (unsigned long long)encoder->frames,
                         fw_av_text(code).text);
    encoder->frames++;
    if (status == FW_OK)
        status = drain(encoder, err);
    av_frame_unref(frame);
    return status;
}

int fw_video_encoder_flush(struct fw_video_encoder *encoder, struct fw_error *err)
{
    int code = avcodec_send_frame(encoder->context, NULL);
    if (code < 0 && code != AVERROR_EOF)
        return fw_fail(err, FW_ERR_OUTPUT, "%s cannot be finished: %s",
                       encoder->context->codec->name, fw_av_text(code).text);
    int status = drain(encoder, err);
    if (status < 0 || encoder->shown == encoder->frames)
        return status;
    return fw_fail(
        err, FW_ERR_VERIFY,
        "%s was given %llu frames and wrote %llu: leave out its options that drop frames",
        encoder->context->codec->name, (unsigned long long)encoder->frames,
        (unsigned long long)encoder->shown);
}
