/*
 * What a process of a job is handed (struct fw_station) and what it must provide (struct fw_role).
 *
 * A role's run() opens what it needs, locks itself, says READY and then only touches what it was
 * handed. It returns FW_OK, or a failure with *err filled; FW_ERR_CANCELLED means that it was told
 * to stop and has nothing to add.
 */
#ifndef FW_PIPELINE_ROLE_H
#define FW_PIPELINE_ROLE_H

#include "arena.h"
#include "control.h"
#include "plan.h"
#include "settings.h"
#include "sink.h"
#include "source.h"

enum fw_role_kind { FW_ROLE_DECODER, FW_ROLE_ENCODER, FW_ROLE_SEQUENTIAL, FW_ROLE_WORKER };

struct fw_station {
    enum fw_role_kind role;
    uint32_t proc_index;
    const struct fw_settings *settings;
    const struct fw_plan *plan; /* NULL for the decoder, which gets it with GO */
    const void *media;          /* packed struct fw_media; NULL for the decoder */
    size_t media_bytes;
    struct fw_control *control;
    struct fw_proc *self;
    struct fw_arena hops; /* hop and packet ring; mapped */
    struct fw_arena in;   /* slot pools: mapped by the role with its own rights, */
    struct fw_arena out;  /* or already there in --isolation=threads */
    struct fw_arena next; /* sequential: the IN pool of the hop that it writes */
    int socket;           /* to the supervisor */
    int input_fd;
    int output_fd;
    int memory_fd; /* /proc/self/smaps_rollup, opened before the lock; -1 */
    bool output_seekable;
    bool threads;
    uint64_t sampled_ns; /* when memory was last sampled */
};

/* The last message of a role. */
struct fw_role_result {
    struct fw_source_stats source;
    struct fw_sink_stats sink;
    uint64_t frames;  /* given to the sink, held ones included */
    uint64_t dropped; /* by the poison policy */
    uint64_t removed; /* by filters of the last hop */
    char verified[32];
};

struct fw_role {
    const char *name;
    int (*run)(struct fw_station *station, struct fw_error *err);
};

int fw_decoder_run(struct fw_station *station, struct fw_error *err) FW_MUST_CHECK;
int fw_worker_run(struct fw_station *station, struct fw_error *err) FW_MUST_CHECK;
int fw_encoder_run(struct fw_station *station, struct fw_error *err) FW_MUST_CHECK;
int fw_sequential_run(struct fw_station *station, struct fw_error *err) FW_MUST_CHECK;

/* "decoder", "sequential 1", "worker 1", "encoder". */
void fw_station_name(uint32_t proc_index, char *text, size_t bytes);
/* Maps the pools with the given rights unless they are there already. */
int fw_station_map(struct fw_station *station, bool in_writable, bool out_writable,
                   struct fw_error *err) FW_MUST_CHECK;
/* Joins the hop that this process works on or reads, and the packet ring. `ring` may be NULL. */
struct fw_packet_ring;
int fw_station_join(struct fw_station *station, const struct fw_plan *plan, struct fw_hop *hop,
                    struct fw_packet_ring *ring, struct fw_error *err) FW_MUST_CHECK;
/* Joins the hop behind it, which a sequential process writes. */
int fw_station_join_next(struct fw_station *station, const struct fw_plan *plan, struct fw_hop *hop,
                         struct fw_error *err) FW_MUST_CHECK;
/* Where a hop and, behind the last one, the packet ring lie; the bytes of all. */
size_t fw_station_hop_offset(const struct fw_plan *plan, uint32_t hop);
size_t fw_station_ring_offset(const struct fw_plan *plan);
size_t fw_station_hops_bytes(const struct fw_plan *plan);
/* Before plugins are loaded, if the job has any: the rights that loading takes, and no others. */
int fw_station_lock_loading(struct fw_station *station, struct fw_error *err) FW_MUST_CHECK;
/* Gives up all rights that the role does not need, and says READY. `read_paths` may be NULL. */
int fw_station_lock(struct fw_station *station, const char *const *read_paths, uint32_t count,
                    struct fw_error *err) FW_MUST_CHECK;
/* Samples this process's memory, at most twice a second unless `now`. */
void fw_station_sample(struct fw_station *station, bool now);

#endif
