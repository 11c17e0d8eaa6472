/*
 * Keeps the packet ring empty: a thread that moves every record to the heap as it comes, so that
 * the decoder never waits for the encoder's video and the two cannot wait for each other.
 */
#ifndef FW_PIPELINE_DRAIN_H
#define FW_PIPELINE_DRAIN_H

#include "packet_ring.h"

struct fw_drain;

/* Starts the thread. `ring` must outlive it. When it fails, FW_ERR_MEMORY for more than 1 GiB in
 * the queue included, it aborts the job, so that nobody waits for room in the ring. */
int fw_drain_start(struct fw_drain **drain_out, struct fw_packet_ring *ring,
                   struct fw_error *err) FW_MUST_CHECK;
/* Waits for the next record, beating for `self` (may be NULL), in memory that the caller frees.
 * FW_OK; FW_END when none will come; FW_ERR_CANCELLED. */
int fw_drain_next(struct fw_drain *drain, struct fw_proc *self, void **record_out,
                  size_t *bytes_out, struct fw_error *err) FW_MUST_CHECK;
/* Why the thread gave up, in *err: for whoever was cancelled by that. FW_OK when it did not;
 * FW_ERR_CANCELLED, and *err is left alone, when it was told to. */
int fw_drain_failure(struct fw_drain *drain, struct fw_error *err) FW_MUST_CHECK;
/* Ends the thread; the job must be aborted or the ring ended. NULL ok. */
void fw_drain_stop(struct fw_drain *drain);

#endif
