/*
 * A hop: the shared memory between two single processes, with workers in between.
 *
 *   writer (decoder)  --publish-->  descriptors + IN pool   --lease-->  workers
 *   workers           --done----->  descriptors + OUT pool  --take--->  reader (encoder)
 *
 * The writer alone allocates IN slots. The reader alone binds OUT slots to sequence numbers, in
 * order. Workers own nothing but a lease on a range, so a killed worker strands no slot. Claim is
 * one CAS that writes the owner. There is no lock in shared memory.
 *
 * A sequence number is an output asked for. Where filters make `fanout` frames of one, each input
 * is published as that many of them, which share its IN slot: input i is read for outputs
 * i * fanout and up. A `direct` hop has no workers: what is published is settled as ALIAS.
 *
 * Every value read from shared memory is copied, checked against this process's own copy of the
 * geometry, then used. Every wait ends on the job's abort, and wakes at least every 250 ms to beat.
 */
#ifndef FW_PIPELINE_RING_H
#define FW_PIPELINE_RING_H

#include "control.h"
#include "frame_info.h"

struct fw_hop_shared; /* layouts private to ring_shared.h */
struct fw_descriptor;
struct fw_range;

/* Sizes of a hop. Immutable once the memory is formatted. */
struct fw_hop_geometry {
    uint32_t ring_len;  /* descriptors, a power of two */
    uint32_t range_len; /* outputs of a range, 1..FW_RANGE_MAX */
    uint32_t in_slots;
    uint32_t out_slots;     /* 0 in a direct hop */
    uint32_t fanout;        /* outputs of one input, 1..FW_FANOUT_MAX */
    uint32_t direct;        /* no workers, no window, no fanout */
    uint64_t in_slot_bytes; /* stride of the IN pool, a multiple of the page size */
    uint64_t out_slot_bytes;
    int32_t before;   /* inputs that an output reads before its own, */
    int32_t after;    /* and after it */
    uint32_t in_cap;  /* slots that the writer's codec may hold (direct rendering) */
    uint32_t out_cap; /* slots that the reader's codec may hold */
};

/* Says FW_ERR_MEMORY with the broken bound when C1 to C3 do not hold for `workers`, 0 of which make
 * sense in a direct hop alone. */
int fw_hop_geometry_check(const struct fw_hop_geometry *geometry, uint32_t workers,
                          struct fw_error *err) FW_MUST_CHECK;
/* The smallest sound geometry for these needs: fills ring_len, in_slots and out_slots. */
void fw_hop_geometry_fit(struct fw_hop_geometry *geometry, uint32_t workers);
/* Bytes of the descriptors, range table and bells of a hop. */
size_t fw_hop_footprint(const struct fw_hop_geometry *geometry);
/* Supervisor, once, before any process uses the hop. `mem` is zeroed. */
void fw_hop_format(void *mem, const struct fw_hop_geometry *geometry);

/* A process's own view. The pools are where this process mapped them: NULL where it has no
 * right. */
struct fw_hop {
    struct fw_hop_shared *shared;
    struct fw_hop_geometry geometry;
    struct fw_control *control;
    struct fw_proc *self; /* beats and wait reasons go here; NULL in the supervisor */
    uint32_t self_index;
    uint8_t *in;
    uint8_t *out;
    struct fw_descriptor *descriptors; /* in shared */
    struct fw_range *ranges;           /* in shared */
    uint32_t range_count;
    uint64_t out_touched[FW_SLOTS_MAX / 64]; /* OUT slots this process has populated */
};

/* Checks magic, version and geometry of formatted memory. `self_index` is the process's place in
 * control->procs, below control->proc_count, which is set by now: only those are rung.
 * FW_PROCS_MAX: a view that is no process's, whose `self` is NULL. */
int fw_hop_join(struct fw_hop *hop, void *mem, const struct fw_hop_geometry *geometry,
                struct fw_control *control, uint32_t self_index, void *in, void *out,
                struct fw_error *err) FW_MUST_CHECK;

/* ---- writer: one process ------------------------------------------------------------------ */

/* The allocator of IN slots: private to the writer, derivable from the descriptors. */
struct fw_hop_writer;
int fw_hop_writer_create(struct fw_hop_writer **writer_out, struct fw_hop *hop,
                         struct fw_error *err) FW_MUST_CHECK;
void fw_hop_writer_destroy(struct fw_hop_writer *writer);
/* The writer goes on in a drain: it stands behind another hop, and what was read is finished. */
void fw_hop_writer_follow(struct fw_hop_writer *writer);
/* Waits for a descriptor and a free IN slot, populated on its first use. A slot that was reserved
 * and not published is handed out again. FW_OK; FW_END when the
 * job is to end early (drain); FW_ERR_CANCELLED on abort; FW_ERR_MEMORY when the slot cannot be
 * populated; FW_ERR_INTERNAL when the shared cursors make no sense. Bounded by the readers'
 * progress, which the supervisor enforces. */
int fw_hop_reserve(struct fw_hop_writer *writer, uint32_t *slot_out,
                   struct fw_error *err) FW_MUST_CHECK;
/* Base of an IN slot, in_slot_bytes long. */
uint8_t *fw_hop_in_slot(const struct fw_hop *hop, uint32_t slot);
/* Makes the reserved slot visible as the next `fanout` sequence numbers, the first of which it
 * returns. */
uint64_t fw_hop_publish(struct fw_hop_writer *writer, uint32_t slot,
                        const struct fw_frame_info *info);
/* No frame follows. Idempotent. */
void fw_hop_end(struct fw_hop_writer *writer);

/* ---- worker: many processes --------------------------------------------------------------- */

struct fw_lease {
    uint64_t start; /* sequence numbers [start, end) */
    uint64_t end;
    uint64_t next;     /* the frame to work on */
    uint32_t range;    /* index in the range table */
    uint64_t word;     /* the range's word as claimed */
    uint32_t attempts; /* on the frame to work on, before this one */
};

/* Waits for the lowest ready range and claims it. FW_OK, FW_END after the last frame,
 * FW_ERR_CANCELLED. */
int fw_lease_claim(struct fw_hop *hop, struct fw_lease *lease, struct fw_error *err) FW_MUST_CHECK;
/* Moves to the next unfinished frame of the lease: waits until it (and `after` neighbours) is
 * published and its OUT slot is bound. FW_OK with the frame to do; FW_END when the lease is over
 * (done, or yielded because a lower range became ready): claim again; FW_ERR_CANCELLED;
 * FW_ERR_INTERNAL when the shared memory lies; FW_ERR_MEMORY when the OUT slot cannot be had. */
struct fw_work {
    uint64_t seq;
    uint64_t input;            /* its own, seq / fanout */
    struct fw_frame_info info; /* a checked copy */
    const uint8_t *in;         /* read-only */
    uint8_t *out;              /* populated on its first use by this process */
    uint32_t out_slot;
};
int fw_lease_next(struct fw_hop *hop, struct fw_lease *lease, struct fw_work *work,
                  struct fw_error *err) FW_MUST_CHECK;
/* A neighbour of the input in work, -before <= offset <= after: a checked copy of its info, and its
 * pixels, valid until the work is finished. FW_OK; FW_END when it lies outside the stream;
 * FW_ERR_INTERNAL when the shared memory lies. */
int fw_lease_neighbour(const struct fw_hop *hop, const struct fw_work *work, int32_t offset,
                       struct fw_frame_info *info_out, const uint8_t **pixels_out) FW_MUST_CHECK;
/* What became of a frame. */
enum fw_outcome {
    FW_OUTCOME_DONE,  /* pixels are in the OUT slot */
    FW_OUTCOME_ALIAS, /* the output is the IN slot, untouched */
    FW_OUTCOME_DROP,  /* no output */
    FW_OUTCOME_HOLD   /* the reader repeats its last output (poison policy) */
};
/* Ends work on a frame. `info` describes the output; not read for DROP and HOLD. A lease that was
 * taken back meanwhile is noticed and nothing happens. */
void fw_lease_finish(struct fw_hop *hop, struct fw_lease *lease, enum fw_outcome outcome,
                     const struct fw_frame_info *info);

/* ---- reader: one process ------------------------------------------------------------------ */

struct fw_hop_reader;
int fw_hop_reader_create(struct fw_hop_reader **reader_out, struct fw_hop *hop,
                         struct fw_error *err) FW_MUST_CHECK;
void fw_hop_reader_destroy(struct fw_hop_reader *reader);
struct fw_taken {
    uint64_t seq;
    enum fw_outcome outcome;
    bool poisoned;             /* the outcome is the poison policy's, not the filters' */
    struct fw_frame_info info; /* of the output; of the input for DROP and HOLD. A checked copy */
    const uint8_t *pixels;     /* slot base for DONE (OUT pool) and ALIAS (IN pool), else NULL */
    const uint8_t *blob;       /* side data, info.blob_bytes long; NULL when none. Another process
                                * may still write it: copy, check, use */
};
/* Binds what can be bound, then waits for the next frame in order. FW_OK, FW_END after the last,
 * FW_ERR_CANCELLED, FW_ERR_INTERNAL when the shared memory lies. The pixels are valid until
 * fw_hop_consume. */
int fw_hop_take(struct fw_hop_reader *reader, struct fw_taken *taken,
                struct fw_error *err) FW_MUST_CHECK;
/* Gives the frame just taken back. */
void fw_hop_consume(struct fw_hop_reader *reader);

/* ---- supervisor --------------------------------------------------------------------------- */

/* After the worker at control->procs[worker_index] was reaped: returns its leases to READY under a
 * new generation. Counts one attempt on the frame it was in, if any, which it reports. */
struct fw_requeue {
    bool had_frame;
    uint64_t seq;
    uint32_t attempts; /* on that frame, this one included */
    struct fw_frame_info info;
};
void fw_hop_requeue(struct fw_hop *hop, uint32_t worker_index, struct fw_requeue *requeue_out);
/* The first half alone: counts the attempt, and the ranges stay with the dead. For who decides
 * about the frame before anybody else may try it; fw_hop_requeue then does the rest. */
void fw_hop_blame(struct fw_hop *hop, uint32_t worker_index, struct fw_requeue *requeue_out);
/* Ends a poison frame by policy: ALIAS, DROP or HOLD. Carried out by the worker that comes to the
 * frame next, or is in it: it is not read again, and an ALIAS has the input's info. False when that
 * was decided before, or the frame was finished meanwhile. */
bool fw_hop_poison(struct fw_hop *hop, uint64_t seq, enum fw_outcome outcome);
/* What a frame that is not consumed is known to be; false when it is not there. */
bool fw_hop_look(const struct fw_hop *hop, uint64_t seq, struct fw_frame_info *info_out);
/* Wakes everybody: after an abort or a drain. Requeue and poison do it themselves. */
void fw_hop_broadcast(struct fw_hop *hop);
/* Counters for progress; each may lag. */
struct fw_hop_state {
    uint64_t published;
    uint64_t consumed;
    uint64_t end; /* UINT64_MAX until the writer said so */
};
void fw_hop_observe(const struct fw_hop *hop, struct fw_hop_state *state_out);

#endif
