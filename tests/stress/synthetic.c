#include "synthetic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "filters/format.h"

void fw_synthetic_die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "FAILED: ");
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    _exit(1);
}

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

uint32_t fw_synthetic_next(struct fw_synthetic_random *random)
{
    random->state += UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(mix(random->state) >> 32);
}

enum fw_outcome fw_synthetic_outcome(uint64_t seed, uint64_t seq)
{
    uint64_t r = mix(seed * 1000003 + seq) % 16;

    return r < 11   ? FW_OUTCOME_DONE
           : r < 13 ? FW_OUTCOME_ALIAS
           : r < 15 ? FW_OUTCOME_DROP
                    : FW_OUTCOME_HOLD;
}

struct fw_frame_info fw_synthetic_info(uint64_t seq)
{
    struct fw_frame_info info = { .pts = (int64_t)seq * 3,
                                  .duration = 3,
                                  .format = fw_format_find("gray")->id,
                                  .width = FW_SYNTHETIC_WIDTH,
                                  .height = FW_SYNTHETIC_HEIGHT };

    return info;
}

static uint64_t pattern(uint64_t seq, size_t i)
{
    return mix(seq * 64 + i + 1);
}

void fw_synthetic_fill(uint8_t *pixels, uint64_t seq)
{
    for (size_t i = 0; i < FW_SYNTHETIC_BYTES / 8; i++) {
        uint64_t value = pattern(seq, i);
        memcpy(pixels + i * 8, &value, 8);
    }
}

static bool matches(const uint8_t *pixels, uint64_t seq, uint64_t flip)
{
    for (size_t i = 0; i < FW_SYNTHETIC_BYTES / 8; i++) {
        uint64_t value;
        memcpy(&value, pixels + i * 8, 8);
        if (value != (pattern(seq, i) ^ flip))
            return false;
    }
    return true;
}

bool fw_synthetic_matches(const uint8_t *pixels, uint64_t seq)
{
    return matches(pixels, seq, 0);
}

void fw_synthetic_filter(uint8_t *out, const uint8_t *in)
{
    for (size_t i = 0; i < FW_SYNTHETIC_BYTES; i++)
        out[i] = (uint8_t)~in[i];
}

bool fw_synthetic_filtered(const uint8_t *pixels, uint64_t seq)
{
    return matches(pixels, seq, UINT64_MAX);
}

/* ---- memory --------------------------------------------------------------------------------- */

static void *shared(size_t bytes)
{
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (mem == MAP_FAILED)
        fw_synthetic_die("no memory");
    return mem;
}

void fw_synthetic_open(struct fw_synthetic_job *job, const struct fw_hop_geometry *geometry,
                       uint32_t procs)
{
    job->geometry = *geometry;
    job->hop_bytes = fw_hop_footprint(geometry);
    job->hop = shared(job->hop_bytes);
    job->control = shared(sizeof(*job->control));
    job->control->proc_count = procs;
    job->in = shared(geometry->in_slots * geometry->in_slot_bytes);
    job->out = shared(geometry->out_slots * geometry->out_slot_bytes);
    fw_hop_format(job->hop, geometry);
}

void fw_synthetic_close(struct fw_synthetic_job *job)
{
    munmap(job->hop, job->hop_bytes);
    munmap(job->control, sizeof(*job->control));
    munmap(job->in, job->geometry.in_slots * job->geometry.in_slot_bytes);
    munmap(job->out, job->geometry.out_slots * job->geometry.out_slot_bytes);
}

void fw_synthetic_join(struct fw_synthetic_job *job, struct fw_hop *hop, uint32_t self_index)
{
    struct fw_error err = { 0 };

    if (fw_hop_join(hop, job->hop, &job->geometry, job->control, self_index, job->in, job->out,
                    &err) < 0)
        fw_synthetic_die("join: %s", err.text);
}

/* ---- roles ---------------------------------------------------------------------------------- */

void fw_synthetic_write(struct fw_synthetic_job *job, uint64_t frames)
{
    struct fw_hop_writer *writer;
    struct fw_error err = { 0 };
    struct fw_hop hop;

    fw_synthetic_join(job, &hop, FW_SYNTHETIC_WRITER);
    if (fw_hop_writer_create(&writer, &hop, &err) < 0)
        fw_synthetic_die("writer: %s", err.text);
    for (uint64_t input = 0; input < frames / job->geometry.fanout; input++) {
        uint32_t slot;
        int status = fw_hop_reserve(writer, &slot, &err);
        if (status != FW_OK)
            fw_synthetic_die("reserve %llu: %d %s", (unsigned long long)input, status, err.text);
        fw_synthetic_fill(fw_hop_in_slot(&hop, slot), input);
        struct fw_frame_info info = fw_synthetic_info(input);
        if (fw_hop_publish(writer, slot, &info) != input * job->geometry.fanout)
            fw_synthetic_die("frame %llu got another number", (unsigned long long)input);
    }
    fw_hop_end(writer);
    fw_hop_writer_destroy(writer);
}

/* Windows may read their neighbours: those are as whole as the frame itself. */
static void check_neighbours(const struct fw_hop *hop, const struct fw_work *work)
{
    for (int32_t offset = -hop->geometry.before; offset <= hop->geometry.after; offset++) {
        uint64_t input = work->input + (uint64_t)(int64_t)offset;
        struct fw_frame_info info;
        const uint8_t *pixels;
        int status = fw_lease_neighbour(hop, work, offset, &info, &pixels);
        if (status == FW_END)
            continue;
        if (status < 0 || info.pts != (int64_t)input * 3 || !fw_synthetic_matches(pixels, input))
            fw_synthetic_die("neighbour %d of frame %llu: %d", offset,
                             (unsigned long long)work->seq, status);
    }
}

static void work_on(struct fw_hop *hop, struct fw_lease *lease, const struct fw_work *work,
                    uint64_t seed)
{
    enum fw_outcome outcome = fw_synthetic_outcome(seed, work->seq);
    struct fw_frame_info info = work->info;

    if (!fw_synthetic_matches(work->in, work->input))
        fw_synthetic_die("input of frame %llu is not its own", (unsigned long long)work->seq);
    if (info.pts != (int64_t)work->input * 3)
        fw_synthetic_die("info of frame %llu is not its own", (unsigned long long)work->seq);
    check_neighbours(hop, work);
    fw_synthetic_filter(work->out, work->in);
    info.pts++;
    if (!fw_synthetic_matches(work->in, work->input))
        fw_synthetic_die("input of frame %llu changed", (unsigned long long)work->seq);
    fw_lease_finish(hop, lease, outcome, &info);
}

void fw_synthetic_work(struct fw_synthetic_job *job, uint32_t index, uint64_t seed)
{
    struct fw_lease lease;
    struct fw_work work;
    struct fw_hop hop;
    int status;

    fw_synthetic_join(job, &hop, index);
    while ((status = fw_lease_claim(&hop, &lease, NULL)) == FW_OK) {
        while ((status = fw_lease_next(&hop, &lease, &work, NULL)) == FW_OK)
            work_on(&hop, &lease, &work, seed);
        if (status < 0)
            fw_synthetic_die("worker %u: next %d", index, status);
    }
    if (status != FW_END)
        fw_synthetic_die("worker %u: claim %d", index, status);
}

static void check_taken(const struct fw_taken *taken, uint64_t fanout, uint64_t seed)
{
    unsigned long long seq = taken->seq;
    uint64_t input = taken->seq / fanout;
    enum fw_outcome outcome = taken->outcome;

    if (outcome != fw_synthetic_outcome(seed, taken->seq))
        fw_synthetic_die("outcome %d of frame %llu", outcome, seq);
    if (outcome == FW_OUTCOME_DROP || outcome == FW_OUTCOME_HOLD)
        return;
    if (taken->info.pts != (int64_t)input * 3 + 1)
        fw_synthetic_die("output info of frame %llu", seq);
    if (outcome == FW_OUTCOME_DONE && !fw_synthetic_filtered(taken->pixels, input))
        fw_synthetic_die("output of frame %llu", seq);
    if (outcome == FW_OUTCOME_ALIAS && !fw_synthetic_matches(taken->pixels, input))
        fw_synthetic_die("alias of frame %llu", seq);
}

uint64_t fw_synthetic_read(struct fw_synthetic_job *job, uint64_t seed)
{
    struct fw_hop_reader *reader;
    struct fw_error err = { 0 };
    struct fw_taken taken;
    struct fw_hop hop;
    uint64_t frames = 0;
    int status;

    fw_synthetic_join(job, &hop, FW_SYNTHETIC_READER);
    if (fw_hop_reader_create(&reader, &hop, &err) < 0)
        fw_synthetic_die("reader: %s", err.text);
    while ((status = fw_hop_take(reader, &taken, NULL)) == FW_OK) {
        if (taken.seq != frames++)
            fw_synthetic_die("frame %llu out of order", (unsigned long long)taken.seq);
        check_taken(&taken, job->geometry.fanout, seed);
        fw_hop_consume(reader);
    }
    if (status != FW_END)
        fw_synthetic_die("take: %d", status);
    fw_hop_reader_destroy(reader);
    return frames;
}
