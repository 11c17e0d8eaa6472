/* The pool's account: who is at which file since when, who waits for memory, who died. */
#include "image_pool.h"

#include "control.h"
#include "image_wire.h"
#include "process.h"

#include "filters/check.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUE_MAX 2 /* files given to a worker: one in work, one so that it need not wait */
#define PACKETS_MAX 3 /* unread of one task: ready, want, done */
#define STARTS_FAILED_MAX 4
#define START_NS UINT64_C(120000000000) /* for loading plugins and entering the lock */
#define WANT_MAX (UINT64_C(1) << 46)
#define FREE_BYTES_MIN (UINT64_C(64) << 20)

struct entry {
    uint64_t id;
    bool alone;
    bool late; /* its worker was ended for it */
};

struct worker {
    struct fw_process process;
    int socket; /* the pool's end */
    bool ready;
    struct entry queue[QUEUE_MAX];
    uint32_t count;
    uint64_t start_ns;   /* of queue[0]; 0: it waits for memory */
    uint64_t want_bytes; /* asked for and not granted yet */
    uint64_t held_bytes; /* granted */
    uint64_t asked_ns;   /* when it asked */
    uint64_t born_ns;
    bool begun; /* it may be at queue[0] */
};

struct fw_image_pool {
    struct fw_pool_options options;
    struct fw_image_worker body; /* what a worker's process gets */
    struct worker workers[FW_WORKERS_MAX];
    struct fw_pool_result ready[FW_WORKERS_MAX * QUEUE_MAX]; /* of dead workers, to be told */
    uint32_t ready_count;
    uint32_t starts_failed;
    uint64_t held_bytes; /* granted, of all */
    bool freed;          /* some of it came back: somebody may be waiting for it */
    uint32_t turn;       /* where the next look begins, so that none is served last for ever */
    struct fw_wire wire;
    struct fw_pool_stats stats;
    struct fw_error start_error;
};

/* ---- starting ----------------------------------------------------------------------------- */

static int start_worker(struct fw_image_pool *pool, uint32_t index, struct fw_error *err)
{
    struct worker *worker = &pool->workers[index];
    char title[32];
    int pair[2];
    memset(worker, 0, sizeof(*worker));
    worker->socket = -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return fw_fail(err, FW_ERR_SYSTEM, "cannot make a socket: %s", strerrordesc_np(errno));
    (void)snprintf(title, sizeof(title), "worker %u", index + 1);
    pool->body.socket = pair[1];
    const struct fw_process_plan plan = { .title = title,
                                          .body = pool->options.body ? pool->options.body
                                                                     : fw_image_worker_run,
                                          .arg = &pool->body,
                                          .keep_fds = &pair[1],
                                          .keep_count = 1 };
    int status = fw_process_start(&worker->process, &plan, err);
    (void)close(pair[1]);
    if (status < 0) {
        (void)close(pair[0]);
        return status;
    }
    worker->socket = pair[0];
    worker->born_ns = fw_now_ns();
    return FW_OK;
}

int fw_image_pool_create(struct fw_image_pool **pool_out, const struct fw_pool_options *options,
                         struct fw_error *err)
{
    struct fw_image_pool *pool = calloc(1, sizeof(*pool));
    int status = FW_OK;
    if (!pool)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for workers");
    FW_CHECK(options->workers > 0 && options->workers <= FW_WORKERS_MAX);
    pool->options = *options;
    pool->body.options = &pool->options;
    pool->body.free_bytes = options->memory_bytes / options->workers;
    if (pool->body.free_bytes < FREE_BYTES_MIN)
        pool->body.free_bytes = FREE_BYTES_MIN;
    pool->stats.workers = options->workers;
    pool->stats.layers = UINT32_MAX;
    for (uint32_t i = 0; i < options->workers; i++)
        pool->workers[i].socket = -1;
    for (uint32_t i = 0; i < options->workers && status == FW_OK; i++)
        status = start_worker(pool, i, err);
    if (status < 0) {
        fw_image_pool_destroy(pool);
        return status;
    }
    *pool_out = pool;
    return FW_OK;
}

void fw_image_pool_destroy(struct fw_image_pool *pool)
{
    struct fw_process_end end;
    if (!pool)
        return;
    for (uint32_t i = 0; i < pool->options.workers; i++) {
        struct worker *worker = &pool->workers[i];
        if (worker->socket >= 0)
            (void)close(worker->socket);
        fw_process_signal(&worker->process, SIGKILL);
        (void)fw_process_reap(&worker->process, true, &end);
    }
    free(pool);
}

/* ---- giving ------------------------------------------------------------------------------- */

static bool may_take(const struct worker *worker, bool alone)
{
    if (worker->socket < 0 || worker->count >= (alone ? 1u : QUEUE_MAX))
        return false;
    return worker->count == 0 ||
           (!worker->queue[0].alone && worker->want_bytes == 0 && worker->held_bytes == 0);
}

static struct worker *find_worker(const struct fw_image_pool *pool, bool alone)
{
    const struct worker *best = NULL;
    for (uint32_t i = 0; i < pool->options.workers; i++) {
        const struct worker *worker = &pool->workers[i];
        if (may_take(worker, alone) && (!best || worker->count < best->count))
            best = worker;
    }
    return (struct worker *)(uintptr_t)best;
}

bool fw_image_pool_has_room(const struct fw_image_pool *pool, bool alone)
{
    return find_worker(pool, alone) != NULL;
}

uint32_t fw_image_pool_busy(const struct fw_image_pool *pool)
{
    uint32_t count = pool->ready_count;
    for (uint32_t i = 0; i < pool->options.workers; i++)
        count += pool->workers[i].count;
    return count;
}

int fw_image_pool_give(struct fw_image_pool *pool, const struct fw_pool_task *task,
                       struct fw_error *err)
{
    struct worker *worker = find_worker(pool, task->alone);
    const int fds[2] = { task->source_fd, task->output_fd };
    FW_CHECK(worker);
    pool->wire = (struct fw_wire){ .kind = FW_WIRE_TASK,
                                   .flags = task->sync ? FW_WIRE_SYNC : 0,
                                   .id = task->id,
                                   .still = task->kind };
    worker->queue[worker->count++] = (struct entry){ task->id, task->alone, false };
    if (worker->count == 1) {
        worker->start_ns = fw_now_ns();
        worker->begun = true;
    }
    /* A worker that is gone is mourned in its turn, and the task comes back then. */
    int status = fw_wire_send(worker->socket, &pool->wire, fds, 2, err);
    return status == FW_END ? FW_OK : status;
}

/* ---- memory ------------------------------------------------------------------------------- */

/* The one that has waited longest; NULL: nobody waits. */
static struct worker *first_in_line(struct fw_image_pool *pool)
{
    struct worker *first = NULL;
    for (uint32_t i = 0; i < pool->options.workers; i++) {
        struct worker *worker = &pool->workers[i];
        if (worker->want_bytes > 0 && (!first || worker->asked_ns < first->asked_ns))
            first = worker;
    }
    return first;
}

/* In the order they asked, so that a large picture is not passed by small ones for ever. One that
 * fits nowhere gets its turn when nobody else was granted any. */
static void grant_waiting(struct fw_image_pool *pool)
{
    struct worker *worker = first_in_line(pool);
    for (; worker; worker = first_in_line(pool)) {
        bool only = pool->held_bytes == 0;
        uint64_t left = pool->options.memory_bytes > pool->held_bytes
                            ? pool->options.memory_bytes - pool->held_bytes
                            : 0;
        if (!only && worker->want_bytes > left)
            return;
        pool->held_bytes = only ? worker->want_bytes : pool->held_bytes + worker->want_bytes;
        worker->held_bytes = worker->want_bytes;
        worker->want_bytes = 0;
        worker->start_ns = fw_now_ns();
        pool->wire = (struct fw_wire){ .kind = FW_WIRE_GRANT,
                                       .number = only ? pool->options.workers : 1 };
        (void)!fw_wire_send(worker->socket, &pool->wire, NULL, 0, NULL);
    }
}

static void release_memory(struct fw_image_pool *pool, struct worker *worker)
{
    bool held = worker->held_bytes > 0;
    pool->held_bytes -= worker->held_bytes;
    worker->held_bytes = 0;
    worker->want_bytes = 0;
    pool->freed = pool->freed || held;
}

/* ---- listening ---------------------------------------------------------------------------- */

static void pop(struct worker *worker)
{
    worker->count--;
    worker->queue[0] = worker->queue[1];
    worker->begun = true;
    worker->start_ns = worker->count > 0 ? fw_now_ns() : 0;
}

static int take_done(struct fw_image_pool *pool, struct worker *worker,
                     struct fw_pool_result *result)
{
    struct fw_wire *wire = &pool->wire;
    for (uint32_t i = 0; i < wire->loss_count; i++) {
        wire->losses[i].kind[sizeof(wire->losses[i].kind) - 1] = '\0';
        wire->losses[i].detail[sizeof(wire->losses[i].detail) - 1] = '\0';
    }
    *result = (struct fw_pool_result){ .id = wire->id,
                                       .status = wire->err.status,
                                       .err = wire->err,
                                       .outcome = wire->outcome,
                                       .cpu_ns = wire->cpu_ns,
                                       .loss_count = wire->loss_count,
                                       .losses = wire->loss_count > 0 ? pool->wire.losses : NULL };
    result->err.text[sizeof(result->err.text) - 1] = '\0';
    result->wall_s = (double)(fw_now_ns() - worker->start_ns) * 1e-9;
    release_memory(pool, worker);
    pop(worker);
    return FW_OK;
}

static void take_ready(struct fw_image_pool *pool, struct worker *worker)
{
    worker->ready = true;
    pool->stats.layers &= (uint32_t)pool->wire.number;
    if (pool->wire.err.status != FW_OK && pool->start_error.status == FW_OK)
        pool->start_error = pool->wire.err;
    pool->start_error.text[sizeof(pool->start_error.text) - 1] = '\0';
    if (pool->wire.err.status == FW_OK)
        pool->starts_failed = 0;
}

/* A worker's packet, hostile as its files may be: it speaks for the file it was given alone.
 * FW_OK: a result; FW_END: none. */
static int take_packet(struct fw_image_pool *pool, struct worker *worker,
                       struct fw_pool_result *result)
{
    struct fw_error broken = { 0 };
    bool gone = false;
    int status = fw_wire_receive(worker->socket, true, &pool->wire, NULL, 0, &gone, &broken);
    if (status < 0) {
        fw_process_signal(&worker->process, SIGKILL);
        return FW_END;
    }
    if (status == FW_END)
        return FW_END;
    bool fine = pool->wire.err.status <= FW_OK && pool->wire.err.status >= FW_ERR_LIMIT;
    switch (pool->wire.kind) {
    case FW_WIRE_READY:
        if (worker->ready || !fine)
            break;
        take_ready(pool, worker);
        return FW_END;
    case FW_WIRE_WANT:
        if (worker->count == 0 || worker->held_bytes > 0 || worker->want_bytes > 0 ||
            pool->wire.number == 0 || pool->wire.number > WANT_MAX)
            break;
        worker->want_bytes = pool->wire.number;
        worker->asked_ns = fw_now_ns();
        worker->start_ns = 0;
        grant_waiting(pool);
        return FW_END;
    case FW_WIRE_DONE:
        if (worker->ready && worker->count > 0 && pool->wire.id == worker->queue[0].id && fine)
            return take_done(pool, worker, result);
        break;
    default:
        break;
    }
    fw_process_signal(&worker->process, SIGKILL);
    return FW_END;
}

/* Its files are told of one by one; a new worker takes its place. */
static int bury(struct fw_image_pool *pool, uint32_t index, const struct fw_process_end *end,
                struct fw_error *err)
{
    struct worker *worker = &pool->workers[index];
    pool->stats.deaths++;
    release_memory(pool, worker);
    for (uint32_t i = 0; i < worker->count; i++) {
        struct fw_pool_result *result = &pool->ready[pool->ready_count++];
        *result = (struct fw_pool_result){ .id = worker->queue[i].id,
                                           .fate = FW_POOL_UNTOUCHED,
                                           .signal = end->signal };
        if (i == 0 && worker->ready && worker->begun)
            result->fate = worker->queue[0].late ? FW_POOL_LATE : FW_POOL_DIED;
        if (i == 0 && worker->start_ns > 0)
            result->wall_s = (double)(fw_now_ns() - worker->start_ns) * 1e-9;
    }
    if (!worker->ready)
        pool->starts_failed++;
    (void)close(worker->socket);
    worker->socket = -1;
    if (pool->start_error.status != FW_OK)
        return fw_fail(err, pool->start_error.status, "%s", pool->start_error.text);
    if (pool->starts_failed > STARTS_FAILED_MAX)
        return fw_fail(err, FW_ERR_DIED, "workers die before they take a file (signal %d)",
                       end->signal);
    return start_worker(pool, index, err);
}

static void end_late(const struct fw_image_pool *pool, struct worker *worker, uint64_t now)
{
    uint64_t limit = (uint64_t)pool->options.settings->image_time_ms * 1000000u;
    if (!worker->ready && worker->socket >= 0 && now > worker->born_ns &&
        now - worker->born_ns > START_NS)
        fw_process_signal(&worker->process, SIGKILL); /* hung before its first file */
    if (worker->count == 0 || worker->start_ns == 0 || worker->queue[0].late || !worker->ready ||
        now < worker->start_ns || now - worker->start_ns < limit)
        return;
    worker->queue[0].late = true;
    fw_process_signal(&worker->process, SIGKILL);
}

/* What one look at all workers finds first: FW_OK with a result, FW_END without. */
static int look(struct fw_image_pool *pool, struct fw_pool_result *result, struct fw_error *err)
{
    struct fw_process_end end;
    const uint64_t now = fw_now_ns();
    if (pool->freed)
        grant_waiting(pool);
    pool->freed = false;
    for (uint32_t i = 0; i < pool->options.workers; i++) {
        uint32_t index = (pool->turn + i) % pool->options.workers;
        struct worker *worker = &pool->workers[index];
        int status = take_packet(pool, worker, result);
        if (status == FW_OK) {
            pool->turn = index + 1;
            return FW_OK;
        }
        end_late(pool, worker, now);
        if (!fw_process_reap(&worker->process, false, &end))
            continue;
        /* What it said before it ended still counts; what moves up then was never begun. */
        for (int packet = 0; packet < PACKETS_MAX && status == FW_END; packet++)
            status = take_packet(pool, worker, result);
        if (status == FW_OK)
            worker->begun = false;
        int buried = bury(pool, index, &end, err);
        if (buried < 0 || status == FW_OK)
            return buried < 0 ? buried : FW_OK;
    }
    return FW_END;
}

static bool wait_for_any(const struct fw_image_pool *pool, int cancel_fd, int wait_ms)
{
    struct pollfd polls[2 * FW_WORKERS_MAX + 1];
    nfds_t count = 0;
    polls[count++] = (struct pollfd){ .fd = cancel_fd, .events = POLLIN };
    for (uint32_t i = 0; i < pool->options.workers; i++) {
        const struct worker *worker = &pool->workers[i];
        polls[count++] = (struct pollfd){ .fd = worker->socket, .events = POLLIN };
        polls[count++] = (struct pollfd){ .fd = worker->process.pidfd, .events = POLLIN };
    }
    return poll(polls, count, wait_ms) > 0 && polls[0].revents == 0;
}

int fw_image_pool_wait(struct fw_image_pool *pool, int cancel_fd, int wait_ms,
                       struct fw_pool_result *result_out, struct fw_error *err)
{
    if (pool->ready_count == 0) {
        int status = look(pool, result_out, err);
        if (status == FW_END && pool->ready_count == 0 && wait_for_any(pool, cancel_fd, wait_ms))
            status = look(pool, result_out, err);
        if (status != FW_END)
            return status;
    }
    if (pool->ready_count == 0)
        return FW_END;
    *result_out = pool->ready[--pool->ready_count];
    return FW_OK;
}

void fw_image_pool_stats(const struct fw_image_pool *pool, struct fw_pool_stats *stats_out)
{
    *stats_out = pool->stats;
    if (stats_out->layers == UINT32_MAX)
        stats_out->layers = 0;
}
