/*
 * The control memory: one block per process, the job's run state, and behind them the hops.
 *
 * Each fw_proc has a single writer, its process, except `generation`, which is the supervisor's.
 * The supervisor reads all of it and trusts none of it.
 */
#ifndef FW_PIPELINE_CONTROL_H
#define FW_PIPELINE_CONTROL_H

#include "limits.h"

#include "filters/filter.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define FW_CONTROL_MAGIC 0x66776374u
#define FW_PROCS_MAX (2 + FW_HOPS_MAX - 1 + FW_WORKERS_MAX)

/* Indices in fw_control.procs. Places of sequential processes that a job has not stay empty. */
enum {
    FW_PROC_DECODER = 0,
    FW_PROC_ENCODER = 1,
    FW_PROC_SEQUENTIAL = 2,                                 /* reads hop 0, and writes hop 1 */
    FW_PROC_WORKERS = FW_PROC_SEQUENTIAL + FW_HOPS_MAX - 1, /* of all hops, hop by hop */
};

enum fw_run_state {
    FW_RUN = 0,
    FW_DRAIN = 1, /* the writer ends at its current frame; everything in flight is finished */
    FW_ABORT = 2  /* every wait returns FW_ERR_CANCELLED */
};

enum fw_wait_kind {
    FW_WAIT_NONE = 0, /* working */
    FW_WAIT_START,    /* for go */
    FW_WAIT_IN_SLOT,  /* writer: for a free slot or descriptors */
    FW_WAIT_RANGE,    /* worker: for a range */
    FW_WAIT_INPUT,    /* worker: for a frame of its range */
    FW_WAIT_OUT_SLOT, /* worker: for an OUT slot */
    FW_WAIT_HEAD,     /* reader: for the next frame */
    FW_WAIT_READ,     /* decoder: for bytes of a pipe */
    FW_WAIT_WRITE,    /* encoder: for room in a pipe */
    FW_WAIT_PACKET,   /* decoder: for room in the packet ring */
    FW_WAIT_SYNC      /* encoder: for the disk to have all of it */
};

/* What a role counts beside frames and bytes, for progress. */
enum fw_encoder_aux {
    FW_AUX_END_US = 0, /* end of the last written frame in the output's time, microseconds */
    FW_AUX_DUPLICATED = 1,
    FW_AUX_DROPPED = 2, /* by the sink */
    FW_AUX_WRITTEN = 3  /* frames that the encoder gave back as packets */
};
enum fw_decoder_aux { FW_AUX_DAMAGED = 0 };
enum fw_sequential_aux {
    FW_AUX_PUSHED = 0,  /* frames given to the filters */
    FW_AUX_REMOVED = 1, /* left out by the filters before */
    FW_AUX_SKIPPED = 2  /* left out by the poison policy */
};

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t fw_now_ns(void);

/* Clocks are CLOCK_MONOTONIC nanoseconds; durations are nanoseconds. */
struct fw_proc {
    alignas(FW_LINE) _Atomic uint32_t generation;
    _Atomic uint32_t wait_kind; /* enum fw_wait_kind */
    _Atomic uint64_t wait_seq;
    _Atomic uint64_t beat;    /* counts up whenever the process does anything, waits included */
    _Atomic uint64_t current; /* sequence number + 1 of the frame in work; 0: none */
    volatile uint32_t step;   /* filter of the chain in work */
    uint32_t reserved;
    _Atomic uint64_t frames; /* finished by this process, all generations */
    _Atomic uint64_t bytes;  /* read or written */
    _Atomic uint64_t busy_ns;
    _Atomic uint64_t starved_ns; /* waited for input */
    _Atomic uint64_t blocked_ns; /* waited for room */
    _Atomic uint64_t wakes;
    _Atomic uint64_t lost_wakeups;
    _Atomic uint64_t pss_peak; /* bytes, sampled by the process itself */
    _Atomic uint64_t aux[8];   /* enum fw_encoder_aux, enum fw_decoder_aux */
    struct fw_error error;     /* why the process ended, written before it exits */
};

struct fw_control {
    uint32_t magic;
    uint32_t abi;
    uint32_t bytes;
    uint32_t proc_count;
    alignas(FW_LINE) _Atomic uint32_t run_state;
    struct fw_proc procs[FW_PROCS_MAX];
};

#endif
