#include "sink_queue.h"

#include <stdlib.h>
#include <string.h>

#include <libavutil/avutil.h>
#include <libavutil/mathematics.h>

#define BYTES_MAX ((size_t)128 << 20)

struct fw_queue_entry {
    struct fw_queue_entry *next;
    AVPacket *packet;
};

void fw_queue_init(struct fw_queue *queue, fw_queue_write_fn write, void *opaque)
{
    memset(queue, 0, sizeof(*queue));
    queue->bytes_max = BYTES_MAX;
    queue->write = write;
    queue->opaque = opaque;
}

void fw_queue_lane(struct fw_queue *queue, uint32_t lane, AVRational base, bool flows)
{
    if (lane >= FW_QUEUE_STREAMS)
        return;
    queue->lanes[lane].base = base;
    queue->lanes[lane].flows = flows;
    if (lane >= queue->lane_count)
        queue->lane_count = lane + 1;
}

static void entry_destroy(struct fw_queue_entry *entry)
{
    if (!entry)
        return;
    av_packet_free(&entry->packet);
    free(entry);
}

static struct fw_queue_entry *take(struct fw_queue *queue, struct fw_queue_lane *lane)
{
    struct fw_queue_entry *entry = lane->first;
    lane->first = entry->next;
    if (!lane->first)
        lane->last = NULL;
    queue->bytes -= (size_t)entry->packet->size + sizeof(*entry);
    return entry;
}

void fw_queue_deinit(struct fw_queue *queue)
{
    for (uint32_t i = 0; i < queue->lane_count; i++)
        while (queue->lanes[i].first)
            entry_destroy(take(queue, &queue->lanes[i]));
}

/* Packets without a decoding time come first. */
static bool before(const struct fw_queue_lane *a, const struct fw_queue_lane *b)
{
    int64_t first = a->first->packet->dts;
    int64_t second = b->first->packet->dts;
    if (first == AV_NOPTS_VALUE || second == AV_NOPTS_VALUE)
        return first == AV_NOPTS_VALUE && second != AV_NOPTS_VALUE;
    return av_compare_ts(first, a->base, second, b->base) < 0;
}

/* The lane whose head is earliest; *waits: a stream that flows has nothing queued. */
static struct fw_queue_lane *earliest(struct fw_queue *queue, bool *waits)
{
    struct fw_queue_lane *best = NULL;
    *waits = false;
    for (uint32_t i = 0; i < queue->lane_count; i++) {
        struct fw_queue_lane *lane = &queue->lanes[i];
        if (!lane->first)
            *waits = *waits || lane->flows;
        else if (!best || before(lane, best))
            best = lane;
    }
    return best;
}

static int leave(struct fw_queue *queue, bool all, struct fw_error *err)
{
    for (;;) {
        bool waits;
        struct fw_queue_lane *lane = earliest(queue, &waits);
        if (!lane || (waits && !all && queue->bytes <= queue->bytes_max))
            return FW_OK;
        struct fw_queue_entry *entry = take(queue, lane);
        int status = queue->write(queue->opaque, entry->packet, err);
        entry_destroy(entry);
        if (status < 0)
            return status;
    }
}

int fw_queue_push(struct fw_queue *queue, AVPacket *packet, struct fw_error *err)
{
    struct fw_queue_lane *lane = &queue->lanes[packet->stream_index];
    struct fw_queue_entry *entry = calloc(1, sizeof(*entry));
    if (entry)
        entry->packet = av_packet_alloc();
    if (!entry || !entry->packet || av_packet_make_refcounted(packet) < 0) {
        entry_destroy(entry);
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a packet");
    }
    av_packet_move_ref(entry->packet, packet);
    if (lane->last)
        lane->last->next = entry;
    else
        lane->first = entry;
    lane->last = entry;
    queue->bytes += (size_t)entry->packet->size + sizeof(*entry);
    return leave(queue, false, err);
}

int fw_queue_flush(struct fw_queue *queue, struct fw_error *err)
{
    return leave(queue, true, err);
}
