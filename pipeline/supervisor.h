/*
 * Starts the processes of a job, watches them, replaces workers that die or hang, ends all of them.
 *
 * Single-threaded; parses no media and maps no pixels. A dead worker's ranges are taken back only
 * after it was reaped, so nothing of it can still write.
 */
#ifndef FW_PIPELINE_SUPERVISOR_H
#define FW_PIPELINE_SUPERVISOR_H

#include "message.h"
#include "ring.h"
#include "role.h"

#include <pthread.h>
#include <sys/types.h>

enum fw_child_state { FW_CHILD_NONE, FW_CHILD_STARTED, FW_CHILD_READY, FW_CHILD_ENDED };

struct fw_child {
    enum fw_child_state state;
    struct fw_station station;
    pid_t pid;
    int pidfd;       /* readable when the child has ended; an eventfd in --isolation=threads */
    int socket;      /* the supervisor's end */
    int lifeline[2]; /* closes with the supervisor; the child keeps the end to read */
    pthread_t thread;
    int thread_status;
    uint64_t thread_ns; /* CPU time of the thread, written before it ends */
    struct fw_message_inbox inbox;
    uint32_t layers; /* of the sandbox, from READY */
    uint64_t beat;   /* last seen, and when it changed */
    uint64_t beat_ns;
    uint64_t look_ns;            /* of a quiet child: when it was last looked at, 0: not yet, */
    uint64_t look_wanted_ns;     /* and its fw_spawn_wanted_ns then */
    bool stalled;                /* killed by us for making no progress */
    uint64_t user_ns, system_ns; /* of all generations, once reaped */
    uint64_t ended_ns;           /* when it was reaped; 0 while it runs */
    uint64_t respawn_ns;         /* when to start the next generation; 0: not due */
    uint32_t deaths;
    uint32_t kills;     /* by somebody else's SIGKILL, one soon after the other */
    uint64_t killed_ns; /* the last of them */
    uint32_t logs;      /* texts that it sent */
};

/* Exit codes of a child that did not do its work: by an error of its own, or told to end. */
#define FW_CHILD_FAILED 1
#define FW_CHILD_CANCELLED 3

/* A process that died before its work was done. */
struct fw_death {
    uint32_t proc_index;
    int signal; /* 0 when it exited by itself */
    bool stalled;
    bool had_frame;
    uint64_t seq;
    int64_t pts;
    uint32_t step;   /* filter of the chain */
    char action[24]; /* "restarted", "passed", "skipped", "held", "failed", "retired" */
};
#define FW_DEATHS_MAX 64

/* What a frame has done so far to the workers that were in it. */
struct fw_blame {
    uint32_t hop;
    uint64_t seq;
    uint32_t crashes; /* its own doing: crashes and hangs */
    uint32_t kills;   /* somebody else's */
};
#define FW_BLAMES_MAX 128

/* One hop of the line: its pools, and the supervisor's view for requeue and progress. */
struct fw_crew_hop {
    struct fw_hop view;
    struct fw_arena in, out;
};

struct fw_supervisor {
    const struct fw_settings *settings;
    const struct fw_events *events;
    struct fw_control *control;
    struct fw_arena control_arena, hops;
    struct fw_crew_hop line[FW_HOPS_MAX];
    uint64_t pool_virtual_bytes;
    bool joined; /* the views of the line */
    const struct fw_plan *plan;
    const void *media;
    size_t media_bytes;
    int input_fd;
    int output_fd;
    bool output_seekable;
    int null_fd;
    int cancel_fd;
    int end_fd; /* readable: end everything at once; 0: none */
    bool threads;
    bool abandoned; /* a thread is still at work: its memory must stay */
    uint32_t proc_count;
    struct fw_child children[FW_PROCS_MAX];
    struct fw_death deaths[FW_DEATHS_MAX];
    uint32_t death_count;
    struct fw_blame blames[FW_BLAMES_MAX];
    uint32_t blame_count;
    uint32_t poisoned;
    uint64_t budget_seq;    /* crash budget: where the reader stood, */
    uint64_t budget_ns;     /* since when, */
    uint32_t budget_deaths; /* and the deaths since */
    uint32_t interrupts;    /* calls of cancel that were seen */
    bool running;           /* GO was sent */
    bool draining;
    bool aborted;
    uint64_t cancelled_ns; /* the first child that was told to end, and not by us; 0: none */
    uint64_t flow;         /* a sum that changes while frames or packets move, */
    uint64_t flow_ns;      /* and since when it did not while all waited */
    uint64_t tick_ns;
    uint64_t start_ns;     /* when GO was sent */
    uint64_t gauge_ns;     /* progress: when it was last reported, */
    uint64_t rate_ns;      /* when the rate was last taken, */
    uint64_t gauge_frames; /* the frames then, */
    double gauge_fps;      /* and the smoothed rate */
    const char *limit;     /* what bounded the run, by its last progress; static */
    struct fw_role_result decoder_result, encoder_result;
    bool decoder_done, encoder_done;
    struct fw_loss *losses;
    uint32_t loss_count;
    struct fw_error failure; /* the first one */
};

/* Memory files, pipes. `crew` is zeroed. */
int fw_supervisor_init(struct fw_supervisor *crew, const struct fw_settings *settings,
                       const struct fw_events *events, uint64_t pool_virtual_bytes, int cancel_fd,
                       struct fw_error *err) FW_MUST_CHECK;
void fw_supervisor_deinit(struct fw_supervisor *crew);
/* Sizes, seals and formats the shared memory for a plan, which must outlive the crew. */
int fw_supervisor_arrange(struct fw_supervisor *crew, const struct fw_plan *plan,
                          struct fw_error *err) FW_MUST_CHECK;
/* Frames published by the decoder and consumed by the encoder, at both ends of the line. Where
 * filters change how many there are, the two count different frames. */
void fw_supervisor_observe(const struct fw_supervisor *crew, struct fw_hop_state *state_out);
/* Forks (or starts a thread for) one role. */
int fw_supervisor_start(struct fw_supervisor *crew, enum fw_role_kind role, uint32_t proc_index,
                        struct fw_error *err) FW_MUST_CHECK;
/* Waits until a child says READY, or for the decoder's MEDIA (from malloc), while watching all
 * children: a failure of any is returned as it is. Bounded by the stall time, counted as in watch.
 */
int fw_supervisor_expect_ready(struct fw_supervisor *crew, uint32_t proc_index,
                               struct fw_error *err) FW_MUST_CHECK;
int fw_supervisor_expect_media(struct fw_supervisor *crew, void **media_out, size_t *bytes_out,
                               struct fw_error *err) FW_MUST_CHECK;
/* Lets the decoder begin. */
int fw_supervisor_go(struct fw_supervisor *crew, struct fw_error *err) FW_MUST_CHECK;
/* Until decoder and encoder are done, or the first failure. Calls events->progress. */
int fw_supervisor_watch(struct fw_supervisor *crew, struct fw_error *err) FW_MUST_CHECK;
/* No process outlives this call. A thread cannot be ended: one that does not end by itself sets
 * `abandoned`, and keeps what it uses. Idempotent. */
void fw_supervisor_stop(struct fw_supervisor *crew);
/* Sends a text to the events, if anybody listens. */
void fw_supervisor_say(const struct fw_supervisor *crew, int level, const char *format, ...)
    FW_PRINTF(3, 4);

/* spawn.c: one process or thread. */
int fw_spawn(struct fw_supervisor *crew, struct fw_child *child,
             struct fw_error *err) FW_MUST_CHECK;
/* Reaps an ended child and adds up its CPU time. False while it runs. */
bool fw_spawn_reap(struct fw_child *child, int *wait_status_out);
void fw_spawn_kill(struct fw_child *child);
/* CPU time used so far, in ns; 0 when unknown. */
uint64_t fw_spawn_cpu_ns(const struct fw_child *child);
/* Time for which all threads of a process ran or waited for a core, in ns; 0 when unknown. And
 * whether one of them runs or waits for a core just now. */
uint64_t fw_spawn_wanted_ns(const struct fw_child *child, bool *ready_out);
/* As in proc(5): 'T' when it was stopped, 't' when it is traced; 0 when unknown. */
char fw_spawn_state(const struct fw_child *child);

/* watch.c: what a running job says. */
bool fw_child_alive(const struct fw_child *child);
/* A bounded number of whole messages but MEDIA, which waits for fw_supervisor_expect_media. */
int fw_watch_messages(struct fw_supervisor *crew, struct fw_child *child,
                      struct fw_error *err) FW_MUST_CHECK;
/* Until something happens, at most a tenth of a second. */
void fw_watch_wait(struct fw_supervisor *crew);
/* Counts the calls of cancel. */
void fw_watch_interrupts(struct fw_supervisor *crew);
/* Wakes all who wait, after a change of the run state. */
void fw_watch_broadcast(struct fw_supervisor *crew);

/* stall.c: who does nothing. */
/* Kills a child that hangs; its death is mourned as any other. */
void fw_stall_check(struct fw_supervisor *crew, struct fw_child *child, uint64_t now);
/* FW_ERR_STALLED when nothing moves because all wait for each other. */
int fw_stall_check_flow(struct fw_supervisor *crew, uint64_t now,
                        struct fw_error *err) FW_MUST_CHECK;
/* All clocks from now on: the supervisor did not look for a while. */
void fw_stall_restart(struct fw_supervisor *crew, uint64_t now);

/* mourn.c: what a death means. */
int fw_mourn_worker(struct fw_supervisor *crew, uint32_t proc_index, int signal,
                    struct fw_error *err) FW_MUST_CHECK;
/* A sequential process cannot be replaced: records its death, and fails with its filter and frame.
 */
int fw_mourn_sequential(struct fw_supervisor *crew, uint32_t proc_index, int signal,
                        struct fw_error *err) FW_MUST_CHECK;
void fw_mourn_note(struct fw_supervisor *crew, const struct fw_death *death);
/* Whether another worker of the same hop is alive, or due to be. */
bool fw_mourn_others(const struct fw_supervisor *crew, uint32_t proc_index);
/* The unit of a death's pts. */
struct fw_rational fw_death_base(const struct fw_supervisor *crew, const struct fw_death *death);
void fw_mourn_text(const struct fw_supervisor *crew, const struct fw_death *death, char *text,
                   size_t bytes);

/* gauge.c: progress from counters. */
void fw_gauge_progress(struct fw_supervisor *crew, bool last);

#endif
