/* A process of the image pool: takes files by descriptor, one after the other. */
#include "image_wire.h"

#include "avlog.h"
#include "control.h"
#include "fault.h"
#include "loader.h"
#include "read_paths.h"
#include "sandbox.h"
#include "sink_codecs.h"

#include "filters/plugin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Pictures that a worker may hold beside what its code takes: read, filtered, written, twice for
 * linear light. */
#define PICTURES_HELD 6u
#define TASK_FILES 8u /* two of each task that may wait */

/* A task that came while the worker waited for something else. */
struct waiting {
    bool there;
    uint32_t flags;
    uint32_t still;
    uint64_t id;
    int fds[2];
};

struct working {
    const struct fw_image_worker *worker;
    const struct fw_batch_settings *settings;
    struct fw_plugins *plugins;
    struct fw_image_task *task;
    struct waiting next;
    struct fw_wire wire; /* large: not on the stack of every call */
};

static uint64_t address_space(const struct fw_batch_settings *settings)
{
    return FW_ADDRESS_SPACE_BASE + PICTURES_HELD * settings->job.max_slot;
}

static int lock(struct working *working, uint32_t *layers, struct fw_error *err)
{
    const struct fw_settings *job = &working->settings->job;
    struct fw_read_paths paths = { 0 };
    struct fw_sandbox_options options = { .role = FW_SANDBOX_IMAGES,
                                          .mode = job->sandbox,
                                          .address_space = address_space(working->settings),
                                          .spare_files = TASK_FILES };
    if (working->worker->options->reads_files) {
        fw_read_paths_collect(&paths, job);
        options.read_paths = paths.items;
        options.read_path_count = paths.count;
    }
    int status = fw_sandbox_enter(&options, layers, err);
    fw_read_paths_deinit(&paths);
    return status;
}

/* What grant() of a task is here: the pool keeps the account. The next task may be there already.
 */
static int ask_pool(void *user, uint64_t bytes, uint32_t *threads_out, struct fw_error *err)
{
    struct working *working = user;
    struct fw_wire wire = { .kind = FW_WIRE_WANT, .number = bytes };
    bool gone = false;
    int status = fw_wire_send(working->worker->socket, &wire, NULL, 0, err);
    while (status == FW_OK && wire.kind != FW_WIRE_GRANT) {
        int fds[2] = { -1, -1 };
        status = fw_wire_receive(working->worker->socket, false, &wire, fds, 2, &gone, err);
        if (status == FW_END)
            return fw_fail(err, FW_ERR_CANCELLED, "interrupted");
        if (status == FW_OK && wire.kind == FW_WIRE_TASK)
            working->next =
                (struct waiting){ true, wire.flags, wire.still, wire.id, { fds[0], fds[1] } };
    }
    *threads_out = wire.number > 0 ? (uint32_t)wire.number : 1;
    return status;
}

static int open_working(struct working *working, struct fw_error *err)
{
    const struct fw_settings *job = &working->settings->job;
    struct fw_wire ready = { .kind = FW_WIRE_READY };
    uint32_t layers = 0;
    int status = FW_OK;
    fw_sink_silence();
    fw_avlog_limit_memory();
    if (fw_settings_has_plugins(job))
        status = fw_loader_lock(job, address_space(working->settings), err);
    if (status == FW_OK)
        status = fw_loader_open(job, &working->plugins, err);
    if (status == FW_OK)
        status = lock(working, &layers, err);
    const struct fw_image_task_options options = { .settings = working->settings,
                                                   .plugins = working->plugins,
                                                   .free_bytes = working->worker->free_bytes,
                                                   .grant = ask_pool,
                                                   .user = working };
    if (status == FW_OK)
        status = fw_image_task_create(&working->task, &options, err);
    ready.number = layers;
    if (err->status != FW_OK)
        ready.err = *err;
    int sent = fw_wire_send(working->worker->socket, &ready, NULL, 0, NULL);
    return status == FW_OK ? sent : status;
}

static uint64_t cpu_now(void)
{
    struct timespec used;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0)
        return 0;
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

static int run_task(struct working *working, int source_fd, int output_fd, bool sync,
                    struct fw_losses *losses, struct fw_error *err)
{
    struct fw_wire *wire = &working->wire;
    int status = fw_image_task_run(working->task, source_fd, output_fd,
                                   (enum fw_still_kind)wire->still, &wire->outcome, losses, err);
    if (status == FW_OK && sync && fsync(output_fd) < 0)
        status = fw_fail(err, FW_ERR_OUTPUT, "cannot make it durable: %s", strerrordesc_np(errno));
    return status;
}

/* One file; what became of it goes into working->wire. */
static void do_task(struct working *working, int source_fd, int output_fd)
{
    struct fw_wire *wire = &working->wire;
    struct fw_losses losses = { 0 };
    struct fw_error err = { 0 };
    const uint64_t before = cpu_now();
    const char *fault = working->settings->job.fault;
    fw_fault_point(fault, "image", "task", wire->id);
    int status = wire->still < FW_STILL_KINDS
                     ? run_task(working, source_fd, output_fd, wire->flags & FW_WIRE_SYNC, &losses,
                                &err)
                     : fw_fail(&err, FW_ERR_INTERNAL, "no such kind of picture");
    fw_fault_point(fault, "image", "done", wire->id);
    wire->kind = FW_WIRE_DONE;
    wire->err = err;
    wire->err.status = status;
    wire->cpu_ns = cpu_now() - before;
    wire->loss_count = losses.count < FW_WIRE_LOSSES_MAX ? losses.count : FW_WIRE_LOSSES_MAX;
    if (wire->loss_count > 0)
        memcpy(wire->losses, losses.items, wire->loss_count * sizeof(losses.items[0]));
    if (losses.count > FW_WIRE_LOSSES_MAX) {
        struct fw_loss *last = &wire->losses[FW_WIRE_LOSSES_MAX - 1];
        (void)snprintf(last->detail, sizeof(last->detail), "this and %u more: %.150s",
                       losses.count - FW_WIRE_LOSSES_MAX,
                       losses.items[FW_WIRE_LOSSES_MAX - 1].detail);
    }
    fw_losses_deinit(&losses);
}

static int next_task(struct working *working, int fds[2], struct fw_error *err)
{
    bool gone = false;
    if (!working->next.there) {
        int status = fw_wire_receive(working->worker->socket, false, &working->wire, fds, 2, &gone,
                                     err);
        return status == FW_OK && working->wire.kind != FW_WIRE_TASK ? FW_END : status;
    }
    working->wire = (struct fw_wire){ .kind = FW_WIRE_TASK,
                                      .flags = working->next.flags,
                                      .id = working->next.id,
                                      .still = working->next.still };
    memcpy(fds, working->next.fds, sizeof(working->next.fds));
    working->next.there = false;
    return FW_OK;
}

int fw_image_worker_run(void *argument)
{
    struct working *working = calloc(1, sizeof(*working));
    struct fw_error err = { 0 };
    if (!working)
        return 1;
    working->worker = argument;
    working->settings = working->worker->options->settings;
    int status = open_working(working, &err);
    while (status == FW_OK) {
        int fds[2] = { -1, -1 };
        status = next_task(working, fds, &err);
        if (status != FW_OK)
            break;
        do_task(working, fds[0], fds[1]);
        (void)close(fds[0]);
        (void)close(fds[1]);
        status = fw_wire_send(working->worker->socket, &working->wire, NULL, 0, &err);
    }
    fw_image_task_destroy(working->task);
    fw_plugins_destroy(working->plugins);
    free(working);
    return status == FW_END ? 0 : 1;
}
