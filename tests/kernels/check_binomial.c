/* Rows sharpened by binomial sums: against the sums written out, and every variant. */
#include "check.h"

#include "filters/kernels/binomial.h"

#include <stdlib.h>
#include <string.h>

struct shape {
    uint32_t depth;
    int32_t steps_x;
    int32_t steps_y;
    int32_t amount;
};

static const struct shape shapes[] = {
    { 8, 2, 2, 65536 },     { 8, 1, 3, -131072 }, { 8, 3, 3, 98304 },   { 8, 8, 3, 216268 },
    { 8, 11, 1, -100000 },  { 8, 2, 4, 327680 },  { 8, 1, 11, 70000 },  { 10, 2, 2, 65536 },
    { 10, 8, 2, 327680 },   { 12, 1, 1, -65536 }, { 12, 3, 9, 131072 }, { 16, 2, 2, 65536 },
    { 16, 11, 1, -131072 },
};

static int32_t sample_at(const struct check_plane *plane, int32_t x, int32_t y, bool wide)
{
    const uint8_t *row = plane->data + y * plane->stride;
    int32_t width = plane->row_bytes / (wide ? 2 : 1);
    uint16_t word;
    x = x < 0 ? 0 : (x < width ? x : width - 1);
    if (!wide)
        return row[x];
    memcpy(&word, row + 2 * x, 2);
    return word;
}

/* The definition, sample by sample. */
static void sharpen(const struct check_plane *dst, const struct check_plane *src,
                    const struct fw_binomial *b, bool wide)
{
    int32_t shift = 2 * (b->steps_x + b->steps_y);
    for (int32_t x = 0; x < b->width; x++) {
        uint32_t sum = 1u << (shift - 1);
        for (int32_t k = 0; k <= 2 * b->steps_y; k++)
            for (int32_t i = 0; i <= 2 * b->steps_x; i++)
                sum += (uint32_t)sample_at(src, x + i - b->steps_x, k, wide) * b->weights_y[k] *
                       b->weights_x[i];
        int32_t value = sample_at(src, x, b->steps_y, wide);
        uint32_t product = ((uint32_t)value - (sum >> shift)) * (uint32_t)b->amount;
        int32_t max = wide ? 65535 : 255;
        value += (int32_t)product >> (wide ? 24 : 16);
        value = value < 0 ? 0 : (value > max ? max : value);
        memcpy(dst->data + x * (wide ? 2 : 1), &value, wide ? 2 : 1);
    }
}

struct job {
    const struct fw_binomial_kernels *kernels;
    enum fw_binomial_kind kind;
    struct fw_binomial binomial;
    struct check_plane src;
    struct check_plane dst;
    const uint8_t *rows[2 * FW_BINOMIAL_STEPS_MAX + 1];
    void *work;
};

static void job_init(struct job *job, const struct shape *shape, int32_t width)
{
    int bytes = shape->depth > 8 ? 2 : 1;
    *job = (struct job){ .binomial = { .width = width,
                                       .steps_x = shape->steps_x,
                                       .steps_y = shape->steps_y,
                                       .amount = shape->amount } };
    fw_binomial_weigh(&job->binomial);
    job->kind = fw_binomial_kind(shape->depth, shape->steps_x, shape->steps_y);
    check_plane_init(&job->src, width * bytes, 2 * shape->steps_y + 1, 11 * bytes);
    check_plane_init(&job->dst, width * bytes, 1, 0);
    for (int32_t y = 0; y <= 2 * shape->steps_y; y++)
        job->rows[y] = job->src.data + y * job->src.stride;
    size_t work_bytes = ((size_t)width + 2 * FW_BINOMIAL_PAD) * sizeof(uint32_t);
    job->work = aligned_alloc(64, (work_bytes + 63) / 64 * 64);
    memset(job->work, 0x5a, work_bytes);
}

static void job_deinit(struct job *job)
{
    check_plane_deinit(&job->src);
    check_plane_deinit(&job->dst);
    free(job->work);
}

static void run_job(void *argument)
{
    struct job *job = argument;
    job->kernels->sharpen[job->kind](job->dst.data, job->rows, &job->binomial, job->work);
}

static void check_shape(struct check_run *run, const struct shape *shape, int32_t width,
                        enum check_fill fill)
{
    bool wide = shape->depth > 8;
    struct job job;
    struct check_plane want;
    job_init(&job, shape, width);
    check_plane_init(&want, width * (wide ? 2 : 1), 1, 0);
    check_plane_fill(&job.src, fill, wide ? 2 : 1, (int)shape->depth, (uint32_t)width);
    sharpen(&want, &job.src, &job.binomial, wide);
    for (int level = (int)run->limit; level >= 0; level--) {
        job.kernels = fw_binomial_kernels(level);
        run_job(&job);
        check_same(run, "binomial", fw_cpu_name(job.kernels->level), &want, &job.dst,
                   "width %d, depth %u, steps %d %d", width, shape->depth, shape->steps_x,
                   shape->steps_y);
    }
    check_plane_deinit(&want);
    job_deinit(&job);
}

void check_binomial(struct check_run *run)
{
    static const int32_t widths[] = { 1, 2, 7, 15, 16, 17, 31, 33, 64, 65, 97, 131 };
    for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
        for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++)
            check_shape(run, &shapes[s], widths[w], (enum check_fill)((s + w) % CHECK_FILLS));
}

void bench_binomial(struct check_run *run)
{
    static const struct shape bench[] = { { 8, 2, 2, 65536 },
                                          { 8, 3, 3, 65536 },
                                          { 10, 2, 2, 65536 } };
    static const char *const names[] = { "binomial 5x5 8", "binomial 7x7 8", "binomial 5x5 10" };
    for (int i = 0; i < 3; i++) {
        struct job job;
        job_init(&job, &bench[i], 1920);
        check_plane_fill(&job.src, CHECK_NOISE, bench[i].depth > 8 ? 2 : 1, (int)bench[i].depth, 1);
        for (int level = (int)run->limit; level >= 0; level--) {
            job.kernels = fw_binomial_kernels(level);
            (void)check_time(run, names[i], fw_cpu_name(job.kernels->level), 1920, run_job, &job);
        }
        job_deinit(&job);
    }
}
