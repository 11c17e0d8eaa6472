#include "drain.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* A hostile decoder can send a record of any size up to this. */
#define RECORD_MAX (512u << 20)
/* Waiting for the frames that they belong to: more is no file that anybody plays. */
#define QUEUE_MAX (1ull << 30)
#define WAIT_NS 250000000

struct queued {
    struct queued *next;
    void *record;
    size_t bytes;
};

struct fw_drain {
    struct fw_packet_ring *ring;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct queued *first;
    struct queued **last;
    uint64_t waiting; /* bytes of all that is queued */
    int status;       /* FW_OK while records may come */
    struct fw_error error;
};

static int drain_one(struct fw_drain *drain, struct fw_error *err)
{
    struct queued *queued = calloc(1, sizeof(*queued));
    if (queued == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the packets beside the video");
    int status = fw_packet_ring_read(drain->ring, RECORD_MAX, &queued->record, &queued->bytes, err);
    if (status != FW_OK) {
        free(queued);
        return status;
    }
    pthread_mutex_lock(&drain->lock);
    *drain->last = queued;
    drain->last = &queued->next;
    drain->waiting += queued->bytes;
    bool full = drain->waiting > QUEUE_MAX;
    pthread_cond_signal(&drain->changed);
    pthread_mutex_unlock(&drain->lock);
    if (full)
        return fw_fail(err, FW_ERR_MEMORY,
                       "more than %llu MiB of packets beside the video wait for its frames\n"
                       "hint: the streams are interleaved too coarsely: remux the input, or leave "
                       "streams out with -map, -an or -sn",
                       QUEUE_MAX >> 20);
    return FW_OK;
}

static void *drain_all(void *argument)
{
    struct fw_drain *drain = argument;
    struct fw_error err = { 0 };
    int status = FW_OK;
    while (status == FW_OK)
        status = drain_one(drain, &err);
    pthread_mutex_lock(&drain->lock);
    drain->status = status;
    drain->error = err;
    pthread_cond_signal(&drain->changed);
    pthread_mutex_unlock(&drain->lock);
    /* The main thread may wait for a frame, which waits for room in a ring that nobody empties. */
    if (status < 0)
        atomic_store(&drain->ring->control->run_state, FW_ABORT);
    return NULL;
}

int fw_drain_start(struct fw_drain **drain_out, struct fw_packet_ring *ring, struct fw_error *err)
{
    struct fw_drain *drain = calloc(1, sizeof(*drain));
    if (drain == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the drain");
    drain->ring = ring;
    drain->last = &drain->first;
    pthread_mutex_init(&drain->lock, NULL);
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&drain->changed, &clock);
    pthread_condattr_destroy(&clock);
    if (pthread_create(&drain->thread, NULL, drain_all, drain) != 0) {
        free(drain);
        return fw_fail(err, FW_ERR_SYSTEM, "cannot start the thread that drains the packet ring");
    }
    *drain_out = drain;
    return FW_OK;
}

/* With the lock held. A wait for an input that pauses is a sign of life, not a hang. */
static void await_change(struct fw_drain *drain, struct fw_proc *self)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WAIT_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&drain->changed, &drain->lock, &until);
    if (self != NULL)
        atomic_fetch_add_explicit(&self->beat, 1, memory_order_relaxed);
}

int fw_drain_next(struct fw_drain *drain, struct fw_proc *self, void **record_out,
                  size_t *bytes_out, struct fw_error *err)
{
    pthread_mutex_lock(&drain->lock);
    while (drain->first == NULL && drain->status == FW_OK)
        await_change(drain, self);
    struct queued *queued = drain->first;
    int status = FW_END;
    if (queued != NULL) {
        drain->first = queued->next;
        drain->waiting -= queued->bytes;
        if (drain->first == NULL)
            drain->last = &drain->first;
        status = FW_OK;
    } else if (drain->status < 0) {
        status = fw_fail(err, drain->status, "%s", drain->error.text);
    }
    pthread_mutex_unlock(&drain->lock);
    if (queued != NULL) {
        *record_out = queued->record;
        *bytes_out = queued->bytes;
        free(queued);
    }
    return status;
}

int fw_drain_failure(struct fw_drain *drain, struct fw_error *err)
{
    pthread_mutex_lock(&drain->lock);
    int status = drain->status < 0 ? drain->status : FW_OK;
    if (status != FW_OK && status != FW_ERR_CANCELLED)
        *err = drain->error;
    pthread_mutex_unlock(&drain->lock);
    return status;
}

void fw_drain_stop(struct fw_drain *drain)
{
    if (drain == NULL)
        return;
    pthread_join(drain->thread, NULL);
    while (drain->first != NULL) {
        struct queued *queued = drain->first;
        drain->first = queued->next;
        free(queued->record);
        free(queued);
    }
    pthread_cond_destroy(&drain->changed);
    pthread_mutex_destroy(&drain->lock);
    free(drain);
}
