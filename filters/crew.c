/* Threads for the planes of a frame. Each takes the next plane that nobody has, the caller too. */
#include "crew.h"

#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define STACK_BYTES ((size_t)256 << 10)

struct work {
    const struct fw_filter *filter;
    void *self;
    const struct fw_frame *in;
    struct fw_frame *out;
};

struct fw_crew {
    pthread_mutex_t lock;
    pthread_cond_t wanted; /* there is a plane to take, or it is over */
    pthread_cond_t done;   /* the last plane of a frame is */
    struct work work;
    uint32_t taken; /* planes of it */
    uint32_t left;  /* planes that are not done */
    uint32_t count; /* planes; 0 before the first frame */
    bool over;
    uint32_t thread_count;
    pthread_t threads[FW_CREW_MAX - 1];
    struct fw_error errors[FW_PLANES_MAX];
};

/* Takes planes until there are none; called and left with the lock. */
static void take_planes(struct fw_crew *crew)
{
    while (crew->taken < crew->count) {
        const struct work work = crew->work;
        uint32_t plane = crew->taken++;
        struct fw_error *err = &crew->errors[plane];
        pthread_mutex_unlock(&crew->lock);
        int status = work.filter->plane(work.self, work.in, work.out, plane, NULL, err);
        pthread_mutex_lock(&crew->lock);
        if (status < 0)
            err->status = status;
        if (--crew->left == 0)
            pthread_cond_signal(&crew->done);
    }
}

static void *run_thread(void *argument)
{
    struct fw_crew *crew = argument;
    pthread_mutex_lock(&crew->lock);
    while (!crew->over) {
        take_planes(crew);
        if (!crew->over)
            pthread_cond_wait(&crew->wanted, &crew->lock);
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

static uint32_t useful_threads(uint32_t plane_count)
{
    cpu_set_t set;
    uint32_t most = plane_count < FW_CREW_MAX ? plane_count : FW_CREW_MAX;
    uint32_t cores = sched_getaffinity(0, sizeof(set), &set) == 0 ? (uint32_t)CPU_COUNT(&set) : 1;
    return cores < most ? cores : most;
}

/* A thread less is slower and nothing else. */
static void start_threads(struct fw_crew *crew, uint32_t wanted)
{
    sigset_t all, old;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return;
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    while (crew->thread_count + 1 < wanted &&
           pthread_create(&crew->threads[crew->thread_count], &attributes, run_thread, crew) == 0)
        crew->thread_count++;
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    (void)pthread_attr_destroy(&attributes);
}

int fw_crew_open(struct fw_crew **crew_out, uint32_t plane_count, struct fw_error *err)
{
    struct fw_crew *crew = calloc(1, sizeof(*crew));
    *crew_out = crew;
    if (!crew)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for threads of planes");
    FW_CHECK(pthread_mutex_init(&crew->lock, NULL) == 0);
    FW_CHECK(pthread_cond_init(&crew->wanted, NULL) == 0);
    FW_CHECK(pthread_cond_init(&crew->done, NULL) == 0);
    start_threads(crew, useful_threads(plane_count));
    return FW_OK;
}

void fw_crew_close(struct fw_crew *crew)
{
    if (!crew)
        return;
    pthread_mutex_lock(&crew->lock);
    crew->over = true;
    pthread_cond_broadcast(&crew->wanted);
    pthread_mutex_unlock(&crew->lock);
    for (uint32_t i = 0; i < crew->thread_count; i++)
        (void)pthread_join(crew->threads[i], NULL);
    (void)pthread_cond_destroy(&crew->done);
    (void)pthread_cond_destroy(&crew->wanted);
    (void)pthread_mutex_destroy(&crew->lock);
    free(crew);
}

int fw_crew_run(struct fw_crew *crew, const struct fw_filter *filter, void *self,
                const struct fw_frame *in, struct fw_frame *out, struct fw_error *err)
{
    const uint32_t count = out->image.format->plane_count;
    pthread_mutex_lock(&crew->lock);
    crew->work = (struct work){ filter, self, in, out };
    memset(crew->errors, 0, sizeof(crew->errors));
    crew->count = count;
    crew->taken = 0;
    crew->left = count;
    if (crew->thread_count > 0 && count > 1)
        pthread_cond_broadcast(&crew->wanted);
    take_planes(crew);
    while (crew->left > 0)
        pthread_cond_wait(&crew->done, &crew->lock);
    pthread_mutex_unlock(&crew->lock);
    for (uint32_t i = 0; i < count; i++)
        if (crew->errors[i].status < 0)
            return fw_fail(err, crew->errors[i].status, "%s", crew->errors[i].text);
    return FW_OK;
}
