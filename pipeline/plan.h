/*
 * The plan of a job: everything that is decided once the input's head is known and before the first
 * frame. Made by fw_plan_make in a locked process, since it reads what the input said of itself and
 * may configure libavfilter graphs.
 */
#ifndef FW_PIPELINE_PLAN_H
#define FW_PIPELINE_PLAN_H

#include "link.h"
#include "ring.h"
#include "settings.h"
#include "stream_plan.h"

struct fw_losses;

#define FW_PLAN_PREFIX 96
#define FW_PLAN_NAME 48
#define FW_PLAN_STEPS 64

/* One hop of the line from decoder to encoder: its memory and who works on it. */
struct fw_hop_plan {
    struct fw_hop_geometry geometry;
    struct fw_link in;   /* the frames of its IN slots, */
    struct fw_link out;  /* and of its OUT slots */
    uint32_t step_first; /* filters that its workers run */
    uint32_t step_count;
    uint32_t decimation;     /* one of so many inputs has an output */
    uint32_t range_best;     /* outputs of a range so that filters repeat little work */
    uint32_t range_multiple; /* outputs of a range are a multiple of it */
    uint32_t workers;
    uint32_t first_proc; /* processes [first_proc, first_proc + workers) work here */
    uint64_t in_pool_bytes;
    uint64_t out_pool_bytes;
    uint64_t scratch_bytes; /* of one worker */
    double cost_ns;         /* rough, of one input on one core; 0: unknown */
};

/* The sequential process between hop i and hop i + 1. Without steps it hands frames over, so that
 * what lies before it is not done again for each window behind it. */
struct fw_joint_plan {
    uint32_t step_first;
    uint32_t step_count;
    uint64_t scratch_bytes;
    double cost_ns;
    struct fw_rational rate; /* outputs of its inputs; 0/0: as many as the pixels say */
};

/* Flat, so that it can be sent. */
struct fw_plan {
    struct fw_link source;                /* the decoder's frames */
    struct fw_link output;                /* what the encoder gets */
    struct fw_hop_plan hops[FW_HOPS_MAX]; /* in line: a single process joins two neighbours */
    struct fw_joint_plan joints[FW_HOPS_MAX - 1];
    uint32_t hop_count;     /* one more than joints */
    uint32_t workers;       /* of all hops */
    uint32_t output_format; /* id to convert to at the chain's end; UINT32_MAX: none */
    uint32_t given_format;  /* id of what the chain gives before that */
    uint64_t budget_bytes;
    uint32_t chain_flags;        /* enum fw_caps_flags */
    uint32_t rotated;            /* the tag's rotation is part of the chain */
    char prefix[FW_PLAN_PREFIX]; /* filters in front of the user's chain: rotation */
    char encoder[FW_PLAN_NAME];
    uint32_t step_count;   /* filters of the chain, conversions included */
    uint32_t prefix_steps; /* of them in front of the user's */
    char steps[FW_PLAN_STEPS][FW_PLAN_NAME];
    uint64_t frames_total; /* that come out; 0: unknown */
    uint32_t frames_exact;
    uint32_t cores;          /* usable ones of this machine */
    uint64_t files_stamp;    /* of the files that the chain names, before the first was read */
    int64_t output_estimate; /* bytes; -1: unknown */
    struct fw_stream_plan streams[FW_STREAMS_MAX];
};

/* A plan and what comes with it. */
struct fw_planned {
    struct fw_plan plan;
    struct fw_loss *losses; /* from malloc */
    uint32_t loss_count;
    char *document; /* "framewheel-plan/1" as JSON text, from malloc; NULL unless asked for */
};

struct fw_plan_request {
    const struct fw_settings *settings;
    const void *media; /* packed struct fw_media */
    size_t media_bytes;
    uint64_t budget_bytes; /* of all pools and scratch */
    uint32_t cores;
    int cancel_fd; /* readable: FW_ERR_CANCELLED; 0: none */
    bool want_document;
};

/* Plans in a locked child process (in this one with --isolation=threads). */
int fw_plan_make(struct fw_planned *planned, const struct fw_plan_request *request,
                 struct fw_error *err) FW_MUST_CHECK;
void fw_planned_deinit(struct fw_planned *planned);

/* The whole chain text of a plan: prefix and the user's. From malloc; NULL when out of memory. */
char *fw_plan_chain_text(const struct fw_plan *plan, const struct fw_settings *settings);

/* Whether anything but video goes from decoder to encoder while the job runs. */
bool fw_plan_has_records(const struct fw_plan *plan);
/* Slots of all pools. */
uint32_t fw_plan_slots(const struct fw_plan *plan);
/* Of the first hop that has workers. */
uint32_t fw_plan_range(const struct fw_plan *plan);
/* The hop that a worker, by its process index, works on, or that a sequential process reads. */
uint32_t fw_plan_hop_of(const struct fw_plan *plan, uint32_t proc_index);

/* What runs side by side or one behind the other, in line: decoder, the filters of hops that have
 * workers, sequential processes, encoder. */
struct fw_plan_stage {
    char name[24]; /* "decode", "filter" or "filter 2", "sequential 1", "encode" */
    bool parallel;
    uint32_t first_proc;
    uint32_t proc_count;
    uint32_t step_first;
    uint32_t step_count;
    double cost_ns; /* of one input on one core; 0: unknown */
};
uint32_t fw_plan_stages(const struct fw_plan *plan,
                        struct fw_plan_stage stages[2 * FW_HOPS_MAX + 1]);

/* Usable cores: affinity and cgroup quota. */
uint32_t fw_usable_cores(void);
/* Bytes of memory that this process may count on: MemAvailable and the cgroup's limit. */
uint64_t fw_available_memory(void);

#endif
