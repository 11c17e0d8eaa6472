/* Sums over boxes: every variant against the sums written out. */
#include "check.h"

#include "filters/kernels/box.h"

#include <stdlib.h>
#include <string.h>

#define PASSES 2

struct shape {
    uint32_t depth;
    int32_t length;
};

static const struct shape shapes[] = {
    { 8, 3 },   { 8, 9 },   { 8, 101 },  { 8, 401 }, { 10, 5 },
    { 10, 63 }, { 10, 65 }, { 12, 257 }, { 16, 9 },  { 16, 31 }
};

static uint32_t sample_at(const uint8_t *row, int32_t x, bool wide)
{
    uint16_t word;
    if (!wide)
        return row[x];
    memcpy(&word, row + 2 * x, 2);
    return word;
}

static int32_t mirror(int32_t x, int32_t width)
{
    if (x < 0)
        return -1 - x;
    return x < width ? x : 2 * width - 1 - x;
}

/* Means over the row of `src`, mirrored at its ends, PASSES times. */
static void average(const struct check_plane *dst, const struct check_plane *src,
                    const struct fw_box *box, bool wide)
{
    uint32_t top = wide ? 65535 : 255;
    size_t bytes = wide ? 2 : 1;
    uint8_t *row = malloc((size_t)box->width * bytes);
    memcpy(row, src->data, (size_t)box->width * bytes);
    for (int32_t pass = 0; pass < PASSES; pass++) {
        for (int32_t x = 0; x < box->width; x++) {
            uint64_t sum = 0;
            for (int32_t k = 0; k < box->length; k++)
                sum += sample_at(row, mirror(x + k - box->length / 2, box->width), wide);
            uint64_t mean = (sum * box->reciprocal + (1u << 15)) >> 16;
            mean = mean > top ? top : mean;
            memcpy(dst->data + (size_t)x * bytes, &mean, bytes);
        }
        memcpy(row, dst->data, (size_t)box->width * bytes);
    }
    free(row);
}

/* Quotients of windows of `src`, which has length - 1 samples more than they. */
static void divide(uint8_t *dst, const struct check_plane *src, const struct fw_box *box, bool wide)
{
    for (int32_t x = 0; x < box->width; x++) {
        uint64_t sum = 0;
        for (int32_t k = 0; k < box->length; k++)
            sum += sample_at(src->data, x + k, wide);
        uint64_t quotient = sum / (uint32_t)box->length;
        memcpy(dst + x * (wide ? 2 : 1), &quotient, wide ? 2 : 1);
    }
}

struct job {
    const struct fw_box_kernels *kernels;
    enum fw_box_kind kind;
    struct fw_box box;
    struct check_plane src;
    struct check_plane dst;
    uint8_t *work;
};

static void job_init(struct job *job, const struct shape *shape, int32_t width)
{
    int32_t bytes = shape->depth > 8 ? 2 : 1;
    *job = (struct job){ .kind = fw_box_kind(shape->depth, (uint32_t)shape->length),
                         .box = { .width = width, .length = shape->length } };
    uint32_t most = ((1u << shape->depth) - 1) * (uint32_t)shape->length;
    fw_box_reciprocal(&job->box, (uint32_t)shape->length);
    if (!fw_box_divisor(&job->box, (uint32_t)shape->length, most < 65536 ? most : 0))
        job->kind = shape->depth > 8 ? FW_BOX_16_32 : FW_BOX_8_32;
    check_plane_init(&job->src, (width + shape->length - 1) * bytes, 1, 0);
    check_plane_init(&job->dst, width * bytes, 2, 5 * bytes);
    job->work = aligned_alloc(64, (fw_box_work_bytes(width, shape->length) + 63) / 64 * 64);
}

static void job_deinit(struct job *job)
{
    check_plane_deinit(&job->src);
    check_plane_deinit(&job->dst);
    free(job->work);
}

static void run_means(void *argument)
{
    struct job *job = argument;
    job->kernels->means[job->kind](job->dst.data, job->src.data, job->work, PASSES, &job->box);
}

static void check_windows(struct check_run *run, const struct shape *shape, int32_t width,
                          enum check_fill fill)
{
    bool wide = shape->depth > 8;
    struct job job;
    struct check_plane want;
    job_init(&job, shape, width);
    check_plane_init(&want, width * (wide ? 2 : 1), 2, wide ? 10 : 5);
    check_plane_fill(&job.src, fill, wide ? 2 : 1, (int)shape->depth, (uint32_t)width);
    bool mirrored = shape->length / 2 <= width / 2;
    if (mirrored)
        average(&want, &job.src, &job.box, wide);
    divide(want.data + want.stride, &job.src, &job.box, wide);
    for (int level = (int)run->limit; level >= 0; level--) {
        job.kernels = fw_box_kernels(level);
        if (mirrored)
            run_means(&job);
        else
            memcpy(job.dst.data, want.data, (size_t)want.row_bytes);
        job.kernels->widen[job.kind](job.work, job.src.data, width + shape->length - 1);
        job.kernels->quotient[job.kind](job.dst.data + job.dst.stride, job.work, &job.box);
        check_same(run, "box window", fw_cpu_name(job.kernels->level), &want, &job.dst,
                   "width %d, length %d, depth %u", width, shape->length, shape->depth);
    }
    check_plane_deinit(&want);
    job_deinit(&job);
}

/* Columns: `length` rows added, then a step down and its means. */
static void check_columns(struct check_run *run, const struct shape *shape, int32_t width)
{
    bool wide = shape->depth > 8;
    struct fw_box box = { .width = width, .length = shape->length };
    enum fw_box_kind kind = fw_box_kind(shape->depth, (uint32_t)shape->length);
    struct check_plane src;
    struct check_plane dst;
    struct check_plane want;
    uint32_t *sums = calloc((size_t)width + FW_BOX_PAD, sizeof(*sums));
    fw_box_reciprocal(&box, (uint32_t)shape->length);
    check_plane_init(&src, width * (wide ? 2 : 1), shape->length + 1, 3);
    check_plane_init(&dst, width * (wide ? 2 : 1), 1, 0);
    check_plane_init(&want, width * (wide ? 2 : 1), 1, 0);
    check_plane_fill(&src, CHECK_NOISE, wide ? 2 : 1, (int)shape->depth, (uint32_t)width);
    for (int32_t x = 0; x < width; x++) {
        uint64_t sum = 0;
        for (int32_t y = 1; y <= shape->length; y++)
            sum += sample_at(src.data + y * src.stride, x, wide);
        sum = (sum * box.reciprocal + (1u << 15)) >> 16;
        memcpy(want.data + x * (wide ? 2 : 1), &sum, wide ? 2 : 1);
    }
    for (int level = (int)run->limit; level >= 0; level--) {
        const struct fw_box_kernels *kernels = fw_box_kernels(level);
        memset(sums, 0, ((size_t)width + FW_BOX_PAD) * sizeof(*sums));
        for (int32_t y = 0; y < shape->length - 1; y++)
            kernels->add[kind](sums, src.data + y * src.stride, width);
        kernels->slide[kind](sums, src.data + (shape->length - 1) * src.stride, src.data, width);
        kernels->add[kind](sums, src.data, width);
        kernels->slide_mean[kind](dst.data, sums, src.data + shape->length * src.stride, src.data,
                                  &box);
        check_same(run, "box columns", fw_cpu_name(kernels->level), &want, &dst,
                   "width %d, length %d, depth %u", width, shape->length, shape->depth);
    }
    free(sums);
    check_plane_deinit(&src);
    check_plane_deinit(&dst);
    check_plane_deinit(&want);
}

void check_means(struct check_run *run)
{
    static const int32_t widths[] = { 1, 2, 7, 15, 17, 31, 33, 64, 65, 131, 402 };
    for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
        for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
            check_windows(run, &shapes[s], widths[w], (enum check_fill)((s + w) % CHECK_FILLS));
            if (shapes[s].depth < 16)
                check_columns(run, &shapes[s], widths[w]);
        }
    }
}

void bench_means(struct check_run *run)
{
    static const struct shape bench[] = { { 8, 9 }, { 8, 101 }, { 10, 9 }, { 16, 31 } };
    static const char *const names[] = { "box mean 9 8", "box mean 101 8", "box mean 9 10",
                                         "box mean 31 16" };
    for (int i = 0; i < 4; i++) {
        struct job job;
        job_init(&job, &bench[i], 1920);
        check_plane_fill(&job.src, CHECK_NOISE, bench[i].depth > 8 ? 2 : 1, (int)bench[i].depth, 1);
        for (int level = (int)run->limit; level >= 0; level--) {
            job.kernels = fw_box_kernels(level);
            (void)check_time(run, names[i], fw_cpu_name(job.kernels->level), 1920, run_means, &job);
        }
        job_deinit(&job);
    }
}
