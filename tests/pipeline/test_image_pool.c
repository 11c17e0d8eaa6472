/* The pool believes nothing that a worker says of others, and one that lies costs its own file. */
#include "pipeline/control.h"
#include "pipeline/image_pool.h"
#include "pipeline/image_wire.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum lie {
    HONEST,
    READY_TWICE,
    OTHER_ID,
    BAD_STATUS,
    LONG_TEXTS,
    WANT_NOTHING,
    WANT_ALL,
    DONE_AND_DIE,
    HANG,
    DIE
};

/* Inherited by the processes of a pool; read by them alone. */
static enum lie lie;
static bool only_first; /* of the files: the others are done as they should be */
static struct fw_batch_settings settings;

static void say(int socket, struct fw_wire *wire)
{
    if (fw_wire_send(socket, wire, NULL, 0, NULL) != FW_OK)
        _exit(1);
}

static void tell_lie(int socket, const struct fw_wire *task)
{
    struct fw_wire wire = { .kind = FW_WIRE_DONE, .id = task->id };
    switch (only_first && task->id > 0 ? HONEST : lie) {
    case HONEST:
        break;
    case READY_TWICE:
        wire.kind = FW_WIRE_READY;
        wire.err.status = FW_ERR_LIMIT;
        break;
    case OTHER_ID:
        wire.id = task->id + 1000;
        break;
    case BAD_STATUS:
        wire.err.status = 77;
        break;
    case LONG_TEXTS:
        wire.loss_count = FW_WIRE_LOSSES_MAX;
        memset(wire.losses, 'x', sizeof(wire.losses));
        memset(wire.err.text, 'y', sizeof(wire.err.text));
        wire.err.status = FW_ERR_INPUT;
        break;
    case WANT_NOTHING:
    case WANT_ALL:
        wire.kind = FW_WIRE_WANT;
        wire.number = lie == WANT_ALL ? UINT64_MAX : 0;
        break;
    case DONE_AND_DIE:
        say(socket, &wire);
        (void)raise(SIGKILL);
        break;
    case HANG:
        for (;;)
            (void)pause();
    case DIE:
        (void)raise(SIGKILL);
    }
    say(socket, &wire);
}

static int lying_worker(void *argument)
{
    const struct fw_image_worker *worker = argument;
    struct fw_wire wire = { .kind = FW_WIRE_READY };
    bool gone = false;
    say(worker->socket, &wire);
    for (;;) {
        int fds[2];
        if (fw_wire_receive(worker->socket, false, &wire, fds, 2, &gone, NULL) != FW_OK)
            return 0;
        (void)close(fds[0]);
        (void)close(fds[1]);
        tell_lie(worker->socket, &wire);
    }
}

static struct fw_image_pool *open_pool(enum lie which, bool first)
{
    struct fw_image_pool *pool = NULL;
    struct fw_error err = { 0 };
    lie = which;
    only_first = first;
    fw_batch_settings_init(&settings, FW_SCOPE_IMAGES);
    settings.image_time_ms = which == HANG ? 300 : 30000;
    const struct fw_pool_options options = {
        .settings = &settings, .workers = 1, .memory_bytes = 1u << 30, .body = lying_worker
    };
    cr_assert_eq(fw_image_pool_create(&pool, &options, &err), FW_OK, "%s", err.text);
    return pool;
}

static void give(struct fw_image_pool *pool, uint64_t id)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    const struct fw_pool_task task = { .id = id, .source_fd = fd, .output_fd = fd };
    struct fw_error err = { 0 };
    cr_assert(fw_image_pool_has_room(pool, false));
    cr_assert_eq(fw_image_pool_give(pool, &task, &err), FW_OK, "%s", err.text);
    (void)close(fd);
}

/* The next result; a pool that gives none within ten seconds is stuck. */
static struct fw_pool_result next(struct fw_image_pool *pool)
{
    struct fw_pool_result result = { 0 };
    struct fw_error err = { 0 };
    int status = FW_END;
    const uint64_t end = fw_now_ns() + 10000000000u;
    while (status == FW_END && fw_now_ns() < end)
        status = fw_image_pool_wait(pool, -1, 100, &result, &err);
    cr_assert_eq(status, FW_OK, "%d: %s", status, err.text);
    return result;
}

static void close_pool(struct fw_image_pool *pool)
{
    fw_image_pool_destroy(pool);
    fw_batch_settings_deinit(&settings);
}

/* The first file ends so; the one that waited behind it was never touched, and is done by the next
 * worker. */
static void expect(enum lie which, enum fw_pool_fate fate)
{
    struct fw_image_pool *pool = open_pool(which, true);
    struct fw_pool_stats stats;
    bool first = false, again = false;
    give(pool, 0);
    give(pool, 1);
    for (int i = 0; i < 2; i++) {
        struct fw_pool_result result = next(pool);
        if (result.id == 0) {
            first = true;
            cr_expect_eq(result.fate, fate, "lie %d: fate %d", which, result.fate);
        } else {
            again = result.fate != FW_POOL_DONE;
            cr_expect(!again || result.fate == FW_POOL_UNTOUCHED ||
                          (which == DONE_AND_DIE && result.fate == FW_POOL_DIED),
                      "lie %d: fate %d", which, result.fate);
        }
    }
    cr_expect(first);
    if (again) {
        give(pool, 1);
        cr_expect_eq(next(pool).fate, FW_POOL_DONE);
    }
    fw_image_pool_stats(pool, &stats);
    cr_expect_eq(stats.deaths, 1, "lie %d: %u deaths", which, stats.deaths);
    cr_expect_eq(fw_image_pool_busy(pool), 0);
    close_pool(pool);
}

Test(image_pool, a_worker_that_breaks_the_protocol_costs_its_file, .timeout = 60)
{
    expect(READY_TWICE, FW_POOL_DIED);
    expect(OTHER_ID, FW_POOL_DIED);
    expect(BAD_STATUS, FW_POOL_DIED);
    expect(WANT_NOTHING, FW_POOL_DIED);
    expect(WANT_ALL, FW_POOL_DIED);
}

Test(image_pool, a_death_costs_the_file_in_work, .timeout = 60)
{
    expect(DIE, FW_POOL_DIED);
    expect(HANG, FW_POOL_LATE);
}

/* What was done before the death is done. Whether the next one was begun cannot be known when the
 * pool heard of the first before it heard of the death. */
Test(image_pool, what_was_said_before_a_death_counts, .timeout = 60)
{
    expect(DONE_AND_DIE, FW_POOL_DONE);
}

Test(image_pool, texts_have_an_end, .timeout = 60)
{
    struct fw_image_pool *pool = open_pool(LONG_TEXTS, false);
    give(pool, 0);
    struct fw_pool_result result = next(pool);
    cr_expect_eq(result.status, FW_ERR_INPUT);
    cr_expect_eq(strlen(result.err.text), sizeof(result.err.text) - 1);
    cr_assert_eq(result.loss_count, FW_WIRE_LOSSES_MAX);
    for (uint32_t i = 0; i < result.loss_count; i++) {
        cr_expect_eq(strlen(result.losses[i].kind), sizeof(result.losses[i].kind) - 1);
        cr_expect_eq(strlen(result.losses[i].detail), sizeof(result.losses[i].detail) - 1);
    }
    close_pool(pool);
}

Test(image_pool, honest_workers_do_all_of_it, .timeout = 60)
{
    struct fw_image_pool *pool = open_pool(HONEST, false);
    uint32_t done = 0;
    for (uint64_t id = 0; done < 200;) {
        while (id < 200 && fw_image_pool_has_room(pool, false))
            give(pool, id++);
        struct fw_pool_result result = next(pool);
        cr_assert_eq(result.fate, FW_POOL_DONE);
        cr_assert_eq(result.id, done);
        done++;
    }
    close_pool(pool);
}
