#include "pipeline/packet_ring.h"
#include "pipeline/bell.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct scene {
    struct fw_control *control;
    struct fw_packet_ring ring;
    uint64_t *written; /* the writer's cursor in shared memory */
};

static void *memory(size_t bytes)
{
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    cr_assert(mem != MAP_FAILED);
    return mem;
}

static void scene_open(struct scene *scene, uint32_t bytes)
{
    void *mem = memory(fw_packet_ring_footprint(bytes));

    scene->control = memory(sizeof(*scene->control));
    scene->control->proc_count = 2;
    fw_packet_ring_format(mem, bytes);
    cr_assert(fw_packet_ring_join(&scene->ring, mem, bytes, scene->control,
                                  &scene->control->procs[0], NULL) == FW_OK);
    scene->written = (uint64_t *)(void *)((uint8_t *)mem + FW_LINE);
}

static size_t record_bytes(uint32_t i)
{
    return i * 37 % 1500;
}

static void fill(uint8_t *record, size_t bytes, uint32_t i)
{
    for (size_t at = 0; at < bytes; at++)
        record[at] = (uint8_t)(i * 7 + at);
}

static void read_and_check(struct scene *scene, uint32_t i)
{
    uint8_t expected[1500];
    void *record;
    size_t bytes;

    cr_assert(fw_packet_ring_read(&scene->ring, 4096, &record, &bytes, NULL) == FW_OK);
    cr_assert(bytes == record_bytes(i), "record %u has %zu bytes", i, bytes);
    fill(expected, bytes, i);
    cr_assert(memcmp(record, expected, bytes) == 0, "record %u", i);
    free(record);
}

static void write_record(struct scene *scene, uint32_t i)
{
    uint8_t record[1500];

    fill(record, record_bytes(i), i);
    cr_assert(fw_packet_ring_write(&scene->ring, record, record_bytes(i), NULL) == FW_OK);
}

Test(packet_ring, join_wants_the_same_size)
{
    struct scene scene;
    struct fw_packet_ring ring;

    scene_open(&scene, 256);
    void *mem = scene.ring.shared;
    cr_assert(fw_packet_ring_join(&ring, mem, 512, scene.control, NULL, NULL) < 0);
    cr_assert(fw_packet_ring_join(&ring, mem, 0, scene.control, NULL, NULL) < 0);
}

Test(packet_ring, records_come_out_as_they_went_in)
{
    struct scene scene;

    scene_open(&scene, 2048);
    for (uint32_t i = 0; i < 200; i++) {
        write_record(&scene, i);
        read_and_check(&scene, i);
    }
    fw_packet_ring_end(&scene.ring);
    void *record;
    size_t bytes;
    cr_assert(fw_packet_ring_read(&scene.ring, 1, &record, &bytes, NULL) == FW_END);
    cr_assert(fw_packet_ring_read(&scene.ring, 1, &record, &bytes, NULL) == FW_END);
}

static void *write_many(void *arg)
{
    for (uint32_t i = 0; i < 2000; i++)
        write_record(arg, i);
    struct scene *scene = arg;
    fw_packet_ring_end(&scene->ring);
    return NULL;
}

/* Most records are larger than the ring and pass through it in pieces. */
Test(packet_ring, records_larger_than_the_ring_pass)
{
    struct scene scene;
    pthread_t thread;
    void *record;
    size_t bytes;

    scene_open(&scene, 64);
    pthread_create(&thread, NULL, write_many, &scene);
    for (uint32_t i = 0; i < 2000; i++)
        read_and_check(&scene, i);
    cr_assert(fw_packet_ring_read(&scene.ring, 1, &record, &bytes, NULL) == FW_END);
    pthread_join(thread, NULL);
    cr_assert(scene.control->procs[0].lost_wakeups == 0);
}

Test(packet_ring, too_large_a_record_is_refused)
{
    struct scene scene;
    struct fw_error err = { 0 };
    void *record = NULL;
    size_t bytes;

    scene_open(&scene, 256);
    cr_assert(fw_packet_ring_write(&scene.ring, "0123456789", 10, NULL) == FW_OK);
    cr_assert(fw_packet_ring_read(&scene.ring, 9, &record, &bytes, &err) == FW_ERR_INTERNAL);
    cr_assert(record == NULL);
}

Test(packet_ring, an_end_inside_a_record_is_refused)
{
    static const uint64_t length = 100;
    struct scene scene;
    void *record = NULL;
    size_t bytes;

    for (size_t cut = 1; cut < 40; cut += 7) {
        scene_open(&scene, 256);
        memcpy((uint8_t *)scene.ring.shared + fw_packet_ring_footprint(0), &length, 8);
        *scene.written = cut;
        fw_packet_ring_end(&scene.ring);
        cr_assert(fw_packet_ring_read(&scene.ring, 1000, &record, &bytes, NULL) == FW_ERR_INTERNAL);
    }
}

Test(packet_ring, a_cursor_beyond_the_ring_is_refused)
{
    struct scene scene;
    void *record = NULL;
    size_t bytes;

    scene_open(&scene, 256);
    *scene.written = 257;
    cr_assert(fw_packet_ring_read(&scene.ring, 1000, &record, &bytes, NULL) == FW_ERR_INTERNAL);
}

static void *write_until_cancelled(void *arg)
{
    struct scene *scene = arg;
    static const uint8_t record[4096];

    return (void *)(intptr_t)fw_packet_ring_write(&scene->ring, record, sizeof(record), NULL);
}

Test(packet_ring, an_abort_ends_both_sides)
{
    struct scene scene;
    pthread_t thread;
    void *result;
    void *record;
    size_t bytes;

    scene_open(&scene, 256);
    pthread_create(&thread, NULL, write_until_cancelled, &scene);
    while (atomic_load(&scene.control->procs[0].wait_kind) != FW_WAIT_PACKET)
        sched_yield();
    atomic_store(&scene.control->run_state, FW_ABORT);
    fw_packet_ring_broadcast(&scene.ring);
    pthread_join(thread, &result);
    cr_assert((intptr_t)result == FW_ERR_CANCELLED);
    cr_assert(fw_packet_ring_read(&scene.ring, 8192, &record, &bytes, NULL) == FW_ERR_CANCELLED);
}

/* The draining thread is no sign of life of its process's main thread. */
Test(packet_ring, the_reader_neither_beats_nor_accounts)
{
    struct scene scene;
    void *record;
    size_t bytes;

    scene_open(&scene, 256);
    fw_packet_ring_end(&scene.ring);
    cr_assert(fw_packet_ring_read(&scene.ring, 1, &record, &bytes, NULL) == FW_END);
    cr_assert(scene.control->procs[0].beat == 0);
    cr_assert(scene.control->procs[0].wait_kind == FW_WAIT_NONE);
}
