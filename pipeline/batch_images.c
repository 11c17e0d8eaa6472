/* Picture files to the pool of image workers, and what comes back. */
#include "batch.h"

#include "budget.h"
#include "child.h"
#include "control.h"
#include "image_pool.h"
#include "losses_document.h"
#include "publish_path.h"
#include "read_paths.h"

#include "filters/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 100
#define TICK_S 0.012 /* the longest there are take 10 ms */
#define TICKS_MAX 4  /* somebody may write without end */

/* An item that is with a worker. */
struct flight {
    struct fw_item *item; /* NULL: free */
    int source_fd;
    struct fw_output output;
    struct stat source;
    uint64_t source_xxh3;
    double started;
};

struct flying {
    struct fw_batch *batch;
    struct fw_image_pool *pool;
    struct flight flights[2 * FW_WORKERS_MAX];
    uint32_t next;                             /* item to look at */
    struct fw_item *again[2 * FW_WORKERS_MAX]; /* to be given once more, first of all */
    uint32_t again_count;
};

static struct flight *free_flight(struct flying *flying)
{
    for (size_t i = 0; i < FW_COUNT(flying->flights); i++) {
        if (!flying->flights[i].item)
            return &flying->flights[i];
    }
    return NULL;
}

static struct flight *find_flight(struct flying *flying, uint64_t id)
{
    for (size_t i = 0; i < FW_COUNT(flying->flights); i++) {
        struct flight *flight = &flying->flights[i];
        if (flight->item && (uint64_t)(flight->item - flying->batch->items) == id)
            return flight;
    }
    return NULL;
}

static void close_flight(struct flight *flight)
{
    if (flight->source_fd >= 0)
        (void)close(flight->source_fd);
    fw_output_close(&flight->output);
    memset(flight, 0, sizeof(*flight));
    flight->source_fd = -1;
}

/* ---- giving ------------------------------------------------------------------------------- */

/* File systems count time in ticks: a file that is written twice within one looks the same. Waits
 * until the tick of the last write is over, so that a later one shows. */
static int outlive_tick(struct flight *flight)
{
    int result = fstat(flight->source_fd, &flight->source);
    for (uint32_t i = 0; i < TICKS_MAX && result == 0; i++) {
        const struct timespec *written = &flight->source.st_mtim;
        double age = fw_unix_time() - ((double)written->tv_sec + (double)written->tv_nsec * 1e-9);
        if (age < 0 || age >= TICK_S)
            break;
        (void)usleep((useconds_t)((TICK_S - age) * 1e6) + 1);
        result = fstat(flight->source_fd, &flight->source);
    }
    return result;
}

/* A source may have become anything since it was found: nothing here blocks on it. */
static int open_source(struct flying *flying, struct flight *flight, struct fw_error *err)
{
    const char *path = fw_item_source(flying->batch, flight->item);
    flight->source_fd = fw_path_open_long(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (flight->source_fd < 0)
        return fw_fail(err, FW_ERR_INPUT, "cannot open: %s", strerrordesc_np(errno));
    if (outlive_tick(flight) < 0 || !S_ISREG(flight->source.st_mode))
        return fw_fail(err, FW_ERR_INPUT, "it is no file any more");
    struct fw_identity identity;
    int status = fw_identity_take(&identity, flight->source_fd, true, err);
    flight->source_xxh3 = identity.xxh3;
    return status;
}

static int open_output(struct flying *flying, struct flight *flight, struct fw_error *err)
{
    struct fw_batch *batch = flying->batch;
    const char *name = NULL;
    int dir_fd = -1;
    int status = fw_item_place(batch, flight->item, &dir_fd, &name, err);
    if (status < 0)
        return status;
    bool replaces = flight->item->replaces || batch->settings.job.exists == FW_EXISTS_REPLACE;
    return fw_output_open_in(&flight->output, dir_fd, name, name,
                             replaces ? FW_EXISTS_REPLACE : FW_EXISTS_FAIL, err);
}

/* A template or --to may have made another kind of the name; a mirrored name keeps the content's.
 */
static enum fw_still_kind kind_of(struct fw_batch *batch, const struct fw_item *item)
{
    if (batch->settings.to)
        return fw_still_kind_of_word(batch->settings.to);
    const char *output = fw_item_output(batch, item);
    const char *source_dot = strrchr(fw_path_name(fw_item_source(batch, item)), '.');
    const char *output_dot = strrchr(fw_path_name(output), '.');
    if (source_dot && output_dot && strcmp(source_dot, output_dot) == 0)
        return FW_STILL_NONE;
    return fw_still_kind_of_name(output);
}

static int launch(struct flying *flying, struct flight *flight, struct fw_error *err)
{
    struct fw_batch *batch = flying->batch;
    const struct fw_pool_task task = {
        .id = (uint64_t)(flight->item - batch->items),
        .source_fd = flight->source_fd,
        .output_fd = flight->output.fd,
        .kind = kind_of(batch, flight->item),
        .sync = batch->settings.durability == FW_DURABLE_FULL,
        .alone = flight->item->alone,
    };
    flight->item->fate = FW_FATE_RUNNING;
    flight->started = fw_unix_time();
    return fw_image_pool_give(flying->pool, &task, err);
}

static int end_item(struct flying *flying, struct flight *flight, enum fw_fate fate,
                    const struct fw_error *why, struct fw_error *err)
{
    struct fw_item *item = flight->item;
    struct fw_item_end end = {
        .status = why->status, .err = *why, .started = fw_unix_time(), .passing = true
    };
    close_flight(flight);
    if (fate == FW_FATE_SKIPPED) {
        flying->batch->counts.skipped++;
        flying->batch->counts.no_media++;
        (void)!fw_causes_add(flying->batch->others, why->text, fw_item_source(flying->batch, item),
                             NULL);
        item->reason = FW_REASON_NO_PICTURE;
    }
    return fw_settle_ended(flying->batch, item, fate, &end, err);
}

/* Whoever put something under the name since it was decided that it may go. */
static int check_owner(struct flying *flying, const struct fw_item *item, struct fw_error *err)
{
    int status = fw_batch_owns(flying->batch, item, err);
    if (status == FW_END)
        return fw_fail(err, FW_ERR_OUTPUT,
                       "the output was changed during the run; it was left as it is\n"
                       "hint: -y to replace it");
    return status;
}

/* A broken photograph is told from what never was one by its name alone. */
static void fill_foreign(struct fw_batch *batch, const struct fw_item *item, const char *foreign,
                         struct fw_error *why)
{
    bool named = fw_still_kind_of_name(fw_item_source(batch, item)) != FW_STILL_NONE;
    if (foreign)
        (void)fw_fail(why, FW_ERR_INPUT, "%s cannot be read", foreign);
    else
        (void)fw_fail(why, FW_ERR_INPUT, "%s",
                      named ? "no picture, though its name says so" : "no picture");
}

/* Opens both ends of an item and hands them to a worker. */
static int give(struct flying *flying, struct fw_item *item, struct fw_error *err)
{
    struct flight *flight = free_flight(flying);
    struct fw_error why = { 0 };
    const char *foreign = NULL;
    FW_CHECK(flight);
    memset(flight, 0, sizeof(*flight));
    flight->item = item;
    flight->source_fd = -1;
    item->tries++;
    int status = open_source(flying, flight, &why);
    if (status == FW_OK)
        status = fw_batch_sniff(flight->source_fd, &foreign, &why);
    if (status == FW_END) {
        fill_foreign(flying->batch, item, foreign, &why);
        return end_item(flying, flight, FW_FATE_SKIPPED, &why, err);
    }
    if (status == FW_OK)
        status = check_owner(flying, item, &why);
    if (status == FW_OK)
        status = open_output(flying, flight, &why);
    if (status < 0)
        return end_item(flying, flight, FW_FATE_FAILED, &why, err);
    return launch(flying, flight, err);
}

static struct fw_item *next_item(struct flying *flying)
{
    struct fw_batch *batch = flying->batch;
    if (flying->again_count > 0)
        return flying->again[flying->again_count - 1];
    while (flying->next < batch->item_count && batch->items[flying->next].fate != FW_FATE_WAITING)
        flying->next++;
    return flying->next < batch->item_count ? &batch->items[flying->next] : NULL;
}

static int give_all(struct flying *flying, struct fw_error *err)
{
    struct fw_batch *batch = flying->batch;
    struct fw_item *item = next_item(flying);
    int status = FW_OK;
    while (status == FW_OK && item && !batch->halted &&
           fw_image_pool_has_room(flying->pool, item->alone)) {
        if (flying->again_count > 0)
            flying->again_count--;
        else
            flying->next++;
        status = give(flying, item, err);
        item = next_item(flying);
    }
    return status;
}

/* ---- taking back -------------------------------------------------------------------------- */

static char *losses_text(const struct fw_pool_result *result)
{
    if (result->loss_count == 0)
        return NULL;
    json_t *list = json_array();
    fw_json_append_losses(list, result->losses, result->loss_count);
    char *text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    return text;
}

/* Whether the file that was read is still as it was found, and still what has the name. */
static int check_source(struct flying *flying, const struct flight *flight, struct fw_error *err)
{
    struct stat now, named;
    struct fw_identity found;
    fw_item_identity(flying->batch, flight->item, &found);
    if (fstat(flight->source_fd, &now) < 0)
        return fw_fail(err, FW_ERR_INPUT, "cannot look at it: %s", strerrordesc_np(errno));
    bool same = now.st_ino == found.ino && (uint64_t)now.st_size == found.size &&
                fw_mtime_ns(&now) == found.mtime_ns;
    /* A path that is longer than the kernel takes is not looked at once more. */
    if (stat(fw_item_source(flying->batch, flight->item), &named) == 0)
        same = same && named.st_ino == now.st_ino && named.st_dev == now.st_dev;
    else
        same = same && errno == ENAMETOOLONG;
    if (!same)
        return fw_fail(err, FW_ERR_INPUT, "it was changed during the run\nhint: run again");
    return FW_OK;
}

static int try_again(struct flying *flying, struct flight *flight, bool alone)
{
    flight->item->fate = FW_FATE_WAITING;
    flight->item->alone = alone;
    flying->again[flying->again_count++] = flight->item;
    close_flight(flight);
    return FW_OK;
}

static void tell_death(const struct flying *flying, const struct flight *flight, int number)
{
    char shown[FW_SHOWN_BYTES];
    const char *name = sigabbrev_np(number);
    fw_batch_say(flying->batch, FW_MESSAGE_WARNING, "%s: a worker died (SIG%s), trying once more",
                 fw_path_shown(fw_item_source(flying->batch, flight->item), shown, sizeof(shown)),
                 name ? name : "?");
}

static void fill_end(const struct fw_batch *batch, const struct fw_pool_result *result,
                     const struct flight *flight, struct fw_item_end *end)
{
    const char *name = sigabbrev_np(result->signal);
    *end = (struct fw_item_end){ .status = result->status,
                                 .signal = result->signal,
                                 .err = result->err,
                                 .frames_in = result->outcome.frames_in,
                                 .frames_out = result->outcome.frames_out,
                                 .output_bytes = result->outcome.sum.bytes,
                                 .output_xxh3 = result->outcome.sum.xxh3,
                                 .source_xxh3 = flight->source_xxh3,
                                 .started = flight->started,
                                 .wall_s = result->wall_s,
                                 .cpu_s = (double)result->cpu_ns * 1e-9,
                                 .loss_count = result->loss_count };
    if (result->fate == FW_POOL_DIED)
        end->status = fw_fail(&end->err, FW_ERR_DIED, "the worker died in it (SIG%s)",
                              name ? name : "?");
    if (result->fate == FW_POOL_LATE)
        end->status = fw_fail(&end->err, FW_ERR_INPUT,
                              "it took longer than %.3g s\nhint: --max-image-time",
                              batch->settings.image_time_ms / 1000.0);
}

static int take(struct flying *flying, const struct fw_pool_result *result, struct fw_error *err)
{
    struct fw_batch *batch = flying->batch;
    struct flight *flight = find_flight(flying, result->id);
    struct fw_item_end end;
    FW_CHECK(flight);
    struct fw_item *item = flight->item;
    if (result->fate == FW_POOL_UNTOUCHED) {
        item->tries--;
        return try_again(flying, flight, item->alone);
    }
    if (result->fate == FW_POOL_DIED && item->tries < batch->settings.tries_max) {
        tell_death(flying, flight, result->signal);
        fill_end(batch, result, flight, &end);
        int noted = fw_settle_tried(batch, item, &end, err);
        return noted < 0 ? noted : try_again(flying, flight, true);
    }
    fill_end(batch, result, flight, &end);
    if (end.status == FW_OK) {
        end.status = check_source(flying, flight, &end.err);
        end.passing = end.status < 0;
    }
    if (end.status < 0) {
        close_flight(flight);
        return fw_settle_ended(batch, item, FW_FATE_FAILED, &end, err);
    }
    end.losses = losses_text(result);
    const struct stat source = flight->source;
    int status = fw_settle_finished(batch, item, &flight->output, &source, &end, err);
    close_flight(flight);
    return status;
}

/* ---- the loop ----------------------------------------------------------------------------- */

static bool is_over(struct flying *flying)
{
    bool more = next_item(flying) != NULL && !flying->batch->halted;
    return !more && fw_image_pool_busy(flying->pool) == 0;
}

static int fly(struct flying *flying, struct fw_error *err)
{
    struct fw_batch *batch = flying->batch;
    struct fw_pool_result result;
    int status = FW_OK;
    while (status == FW_OK && !is_over(flying)) {
        status = give_all(flying, err);
        batch->running = fw_image_pool_busy(flying->pool);
        if (status == FW_OK)
            status = fw_image_pool_wait(flying->pool, batch->cancel_fd, WAIT_MS, &result, err);
        if (status == FW_OK)
            status = take(flying, &result, err);
        if (status == FW_OK || status == FW_END)
            status = fw_settle_flush(batch, false, err);
        fw_batch_tick(batch);
        if (batch->hurried)
            return batch->cancels > 1 ? fw_fail(err, FW_ERR_CANCELLED, "interrupted") : status;
    }
    return status;
}

static void keep_stats(struct flying *flying)
{
    struct fw_pool_stats stats;
    fw_image_pool_stats(flying->pool, &stats);
    flying->batch->workers = stats.workers;
    flying->batch->deaths = stats.deaths;
    flying->batch->layers = stats.layers;
}

static int open_pool(struct flying *flying, struct fw_error *err)
{
    struct fw_batch *batch = flying->batch;
    const struct fw_settings *job = &batch->settings.job;
    uint32_t cores = fw_usable_cores();
    const struct fw_pool_options options = {
        .settings = &batch->settings,
        .workers = job->workers > 0         ? job->workers
                   : cores < FW_WORKERS_MAX ? cores
                                            : FW_WORKERS_MAX,
        .memory_bytes = fw_budget_bytes(job),
        .reads_files = fw_read_paths_wanted(job),
    };
    return fw_image_pool_create(&flying->pool, &options, err);
}

int fw_batch_run_images(struct fw_batch *batch, struct fw_error *err)
{
    struct flying *flying = calloc(1, sizeof(*flying));
    if (!flying)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a batch");
    flying->batch = batch;
    int status = open_pool(flying, err);
    if (status == FW_OK) {
        status = fly(flying, err);
        keep_stats(flying);
    }
    fw_image_pool_destroy(flying->pool);
    for (size_t i = 0; i < FW_COUNT(flying->flights); i++) {
        if (flying->flights[i].item)
            close_flight(&flying->flights[i]);
    }
    free(flying);
    return status;
}
