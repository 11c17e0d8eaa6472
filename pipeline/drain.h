/*
 * Keeps the packet ring empty: a thread that moves every record to the heap as it comes, so that the
 * decoder never waits for the encoder's video and the two cannot wait for each other.
 */
#ifndef FW_PIPELINE_DRAIN_H
#define FW_PIPELINE_DRAIN_H

#include "packet_ring.h"

struct fw_drain;

/* Starts the thread. `ring` must outlive it. */
int fw_drain_start(struct fw_drain **drain_out, struct fw_packet_ring *ring,
                   struct fw_error *err) FW_MUST_CHECK;
/* Waits for the next record, in memory that the caller frees. FW_OK; FW_END when none will come;
 * FW_ERR_CANCELLED. */
int fw_drain_next(struct fw_drain *drain, void **record_out, size_t *bytes_out,
                  struct fw_error *err) FW_MUST_CHECK;
/* Ends the thread; the job must be aborted or the ring ended. NULL ok. */
void fw_drain_stop(struct fw_drain *drain);

#endif
