/*
 * What a hostile process can write into the shared memory of a hop, as the others see it: the input
 * is a list of operations of the roles and of stray stores between them. Every call may refuse;
 * none may touch memory outside its pools, which lie between pages that cannot be touched.
 *
 * Waits are replaced: in one thread nobody would ever ring.
 */
#include "pipeline/ring.h"
#include "pipeline/ring_shared.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "filters/check.h"
#include "filters/format.h"
#include "filters/image.h"
#include "pipeline/packet_ring.h"

enum { WRITER, READER, WORKER_A, WORKER_B, PROCS };
enum {
    OP_PUBLISH,
    OP_CLAIM,
    OP_NEXT,
    OP_FINISH,
    OP_TAKE,
    OP_CONSUME,
    OP_END,
    OP_REQUEUE,
    OP_POISON,
    OP_PACKET_WRITE,
    OP_PACKET_READ,
    OP_COUNT
};

#define SLOT ((uint64_t)FW_BLOB_MAX + 8192)
#define PACKET_BYTES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- a bell that never sleeps ---------------------------------------------------------------- */

int fw_bell_wait(const struct fw_wait *wait)
{
    return wait->ready(wait->arg) ? FW_OK : FW_ERR_CANCELLED;
}
void fw_bell_ring(struct fw_bell *bell)
{
    (void)bell;
}
void fw_bell_ring_hard(struct fw_bell *bell)
{
    (void)bell;
}
bool fw_bell_asleep(const struct fw_bell *bell)
{
    return atomic_load(&bell->word) & FW_BELL_SLEEPER;
}
void fw_bell_repair(struct fw_bell *bell)
{
    (void)bell;
}
void fw_proc_beat(struct fw_proc *self)
{
    (void)self;
}
bool fw_control_aborting(const struct fw_control *control)
{
    return atomic_load(&control->run_state) == FW_ABORT;
}

/* ---- the scene ------------------------------------------------------------------------------- */

struct scene {
    struct fw_hop_geometry geometry;
    struct fw_control *control;
    uint8_t *mem;
    size_t mem_bytes;
    uint8_t *in;
    uint8_t *out;
    uint8_t *packets;
    struct fw_hop hops[PROCS];
    struct fw_hop supervisor;
    struct fw_hop_writer *writer;
    struct fw_hop_reader *reader;
    struct fw_packet_ring ring;
    struct fw_lease leases[2];
    struct fw_work work[2];
    bool working[2];
    bool taken;
    bool ended;
};

struct input {
    const uint8_t *data;
    size_t left;
};

static uint64_t take_bytes(struct input *input, size_t bytes)
{
    uint64_t value = 0;

    if (bytes > input->left)
        bytes = input->left;
    memcpy(&value, input->data, bytes);
    input->data += bytes;
    input->left -= bytes;
    return value;
}

/* Ends at a page that cannot be touched. */
static uint8_t *guarded(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t whole = (bytes + page - 1) / page * page;
    uint8_t *mem = mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                        0);

    FW_CHECK(mem != MAP_FAILED && mprotect(mem + whole, page, PROT_NONE) == 0);
    return mem;
}

static void unguard(uint8_t *mem, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    munmap(mem, (bytes + page - 1) / page * page + page);
}

static void open_scene(struct scene *s, uint32_t fanout)
{
    s->geometry = (struct fw_hop_geometry){ .ring_len = 8,
                                            .range_len = 2,
                                            .in_slots = 4,
                                            .out_slots = 3,
                                            .fanout = fanout,
                                            .in_slot_bytes = SLOT,
                                            .out_slot_bytes = SLOT,
                                            .before = 1,
                                            .after = 1 };
    s->mem_bytes = fw_hop_footprint(&s->geometry);
    s->mem = guarded(s->mem_bytes);
    s->control = (struct fw_control *)(void *)guarded(sizeof(*s->control));
    s->control->proc_count = PROCS;
    s->in = guarded(s->geometry.in_slots * SLOT);
    s->out = guarded(s->geometry.out_slots * SLOT);
    s->packets = guarded(fw_packet_ring_footprint(PACKET_BYTES));
    fw_hop_format(s->mem, &s->geometry);
    fw_packet_ring_format(s->packets, PACKET_BYTES);
    int status = fw_packet_ring_join(&s->ring, s->packets, PACKET_BYTES, s->control, NULL, NULL);
    for (uint32_t i = 0; i < PROCS; i++)
        status |= fw_hop_join(&s->hops[i], s->mem, &s->geometry, s->control, i, s->in, s->out,
                              NULL);
    status |= fw_hop_join(&s->supervisor, s->mem, &s->geometry, s->control, FW_PROCS_MAX, NULL,
                          NULL, NULL);
    status |= fw_hop_writer_create(&s->writer, &s->hops[WRITER], NULL);
    status |= fw_hop_reader_create(&s->reader, &s->hops[READER], NULL);
    FW_CHECK(status == FW_OK);
}

static void close_scene(struct scene *s)
{
    fw_hop_writer_destroy(s->writer);
    fw_hop_reader_destroy(s->reader);
    unguard(s->mem, s->mem_bytes);
    unguard((uint8_t *)s->control, sizeof(*s->control));
    unguard(s->in, s->geometry.in_slots * SLOT);
    unguard(s->out, s->geometry.out_slots * SLOT);
    unguard(s->packets, fw_packet_ring_footprint(PACKET_BYTES));
}

/* ---- operations ------------------------------------------------------------------------------ */

/* Reads every byte that the info promises. */
static void read_frame(const uint8_t *pixels, const struct fw_frame_info *info)
{
    struct fw_image_layout layout;
    const volatile uint8_t *bytes = pixels;

    FW_CHECK(fw_image_layout(&layout, fw_format_at(info->format), info->width, info->height) == 0);
    for (size_t i = 0; i < layout.bytes; i += 64)
        (void)bytes[i];
    (void)bytes[layout.bytes - 1];
}

static void publish(struct scene *s, uint64_t pts)
{
    struct fw_frame_info info = {
        .pts = (int64_t)pts, .format = fw_format_find("gray")->id, .width = 64, .height = 8
    };
    uint32_t slot;

    if (s->ended || fw_hop_reserve(s->writer, &slot, NULL) != FW_OK)
        return;
    memset(fw_hop_in_slot(&s->hops[WRITER], slot), 1, SLOT);
    (void)fw_hop_publish(s->writer, slot, &info);
}

static void next_frame(struct scene *s, uint32_t which)
{
    struct fw_hop *hop = &s->hops[WORKER_A + which];
    struct fw_work *work = &s->work[which];
    struct fw_frame_info info;
    const uint8_t *pixels;

    if (s->working[which] || fw_lease_next(hop, &s->leases[which], work, NULL) != FW_OK)
        return;
    s->working[which] = true;
    read_frame(work->in, &work->info);
    memset(work->out, 2, SLOT);
    for (int32_t offset = -1; offset <= 1; offset++) {
        if (fw_lease_neighbour(hop, work, offset, &info, &pixels) == FW_OK)
            read_frame(pixels, &info);
    }
}

static void finish(struct scene *s, uint32_t which, uint32_t outcome)
{
    if (!s->working[which])
        return;
    s->working[which] = false;
    fw_lease_finish(&s->hops[WORKER_A + which], &s->leases[which], outcome % 4,
                    &s->work[which].info);
}

static void take(struct scene *s)
{
    struct fw_taken taken;

    if (s->taken || fw_hop_take(s->reader, &taken, NULL) != FW_OK)
        return;
    s->taken = true;
    if (taken.pixels)
        read_frame(taken.pixels, &taken.info);
    for (uint32_t i = 0; taken.blob && i < taken.info.blob_bytes; i++)
        (void)*(const volatile uint8_t *)&taken.blob[i];
}

static void requeue(struct scene *s, uint32_t which)
{
    struct fw_requeue out;

    fw_hop_requeue(&s->supervisor, WORKER_A + which, &out);
    s->working[which] = false;
    memset(&s->leases[which], 0, sizeof(s->leases[which]));
}

static void read_packet(struct scene *s)
{
    void *record;
    size_t bytes;

    if (fw_packet_ring_read(&s->ring, 1024, &record, &bytes, NULL) == FW_OK)
        free(record);
}

static void operate(struct scene *s, uint32_t op, uint32_t argument)
{
    uint32_t which = argument & 1;

    if (op == OP_PUBLISH)
        publish(s, argument);
    else if (op == OP_CLAIM && !s->working[which])
        (void)!fw_lease_claim(&s->hops[WORKER_A + which], &s->leases[which], NULL);
    else if (op == OP_NEXT)
        next_frame(s, which);
    else if (op == OP_FINISH)
        finish(s, which, argument >> 1);
    else if (op == OP_TAKE)
        take(s);
    else if (op == OP_CONSUME && s->taken) {
        s->taken = false;
        fw_hop_consume(s->reader);
    } else if (op == OP_END) {
        s->ended = true;
        fw_hop_end(s->writer);
    } else if (op == OP_REQUEUE)
        requeue(s, which);
    else if (op == OP_POISON)
        fw_hop_poison(&s->supervisor, argument >> 2, FW_OUTCOME_ALIAS + argument % 3);
    else if (op == OP_PACKET_WRITE)
        (void)!fw_packet_ring_write(&s->ring, s->in, argument % 100, NULL);
    else if (op == OP_PACKET_READ)
        read_packet(s);
}

/* A store of a process gone mad, anywhere in shared memory but the immutable headers, which each
 * process has compared with its own copy. */
static void poke(struct scene *s, struct input *input)
{
    uint64_t where = take_bytes(input, 2);
    uint64_t width = 1 + where / 0x4000 % 2 * 7;
    uint64_t value = take_bytes(input, width);
    uint8_t *base = s->mem + FW_LINE;
    size_t bytes = s->mem_bytes - FW_LINE;

    if (where >> 15) {
        base = where & 1 ? (uint8_t *)s->control->procs : s->packets + FW_LINE;
        bytes = where & 1 ? sizeof(s->control->procs)
                          : fw_packet_ring_footprint(PACKET_BYTES) - FW_LINE;
    }
    size_t at = (size_t)((where & 0x3fff) * 8 % (bytes - 8));
    memcpy(base + at, &value, width);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { .data = data, .left = size < 4096 ? size : 4096 };
    struct scene *scene = calloc(1, sizeof(*scene));

    FW_CHECK(scene);
    open_scene(scene, 1 + (uint32_t)(size % 2)); /* both, without a byte that says so */
    while (input.left > 0) {
        uint32_t op = (uint32_t)take_bytes(&input, 1);
        if (op >= 192)
            poke(scene, &input);
        else
            operate(scene, op % OP_COUNT, (uint32_t)take_bytes(&input, 1));
    }
    close_scene(scene);
    free(scene);
    return 0;
}
