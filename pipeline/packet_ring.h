/*
 * A byte ring of records from one writer to one reader: packets that are not filtered video.
 *
 * The reader drains it at all times with a thread of its own, so a full ring never waits for video
 * and cannot close a cycle with it. Records are opaque here.
 */
#ifndef FW_PIPELINE_PACKET_RING_H
#define FW_PIPELINE_PACKET_RING_H

#include "control.h"

struct fw_packet_ring_shared;

struct fw_packet_ring {
    struct fw_packet_ring_shared *shared;
    uint32_t bytes; /* of the data area, a power of two */
    struct fw_control *control;
    struct fw_proc *self;
};

size_t fw_packet_ring_footprint(uint32_t bytes);
void fw_packet_ring_format(void *mem, uint32_t bytes);
int fw_packet_ring_join(struct fw_packet_ring *ring, void *mem, uint32_t bytes,
                        struct fw_control *control, struct fw_proc *self,
                        struct fw_error *err) FW_MUST_CHECK;

/* Writer. Appends one record of any size (larger ones than the ring pass through in pieces).
 * FW_OK or FW_ERR_CANCELLED. */
int fw_packet_ring_write(struct fw_packet_ring *ring, const void *record, size_t bytes,
                         struct fw_error *err) FW_MUST_CHECK;
/* Writer: no record follows. */
void fw_packet_ring_end(struct fw_packet_ring *ring);

/* Reader. Waits for a record and returns it in memory from malloc that the caller frees.
 * FW_OK, FW_END, FW_ERR_CANCELLED, FW_ERR_INTERNAL when the ring holds nonsense (a record over
 * `bytes_max`). */
int fw_packet_ring_read(struct fw_packet_ring *ring, size_t bytes_max, void **record_out,
                        size_t *bytes_out, struct fw_error *err) FW_MUST_CHECK;
/* Wakes both ends: abort. */
void fw_packet_ring_broadcast(struct fw_packet_ring *ring);

#endif
