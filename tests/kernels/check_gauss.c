/* Gaussian FIRs: every variant against the portable one. */
#include "check.h"

#include "filters/kernels/gauss.h"

#include <stdlib.h>
#include <string.h>

struct job {
    const struct fw_gauss_kernels *kernels;
    struct fw_gauss_axis *axis;
    struct check_plane src;
    struct check_plane dst;
    const void *rows[2 * FW_GAUSS_RADIUS_MAX + 1];
    float *floats; /* two rows, then the work of one */
    int16_t *integers;
    int32_t width;
    int bits;
};

static size_t row_floats(const struct job *job)
{
    return (size_t)job->width + FW_GAUSS_PAD;
}

static size_t kept_floats(const struct job *job)
{
    return (size_t)fw_gauss_kept(job->axis, job->width) + FW_GAUSS_PAD;
}

static void job_init(struct job *job, double sigma, int32_t width, int bits, enum check_fill fill)
{
    int32_t bytes = bits > 8 ? 2 : 1;
    *job = (struct job){ .width = width, .bits = bits };
    job->axis = calloc(1, sizeof(*job->axis));
    fw_gauss_axis_init(job->axis, sigma, 1);
    check_plane_init(&job->src, width * bytes, 2 * job->axis->radius + 1, 3 * bytes);
    check_plane_init(&job->dst, width * bytes, 2, 5 * bytes);
    check_plane_fill(&job->src, fill, bytes, bits, (uint32_t)width);
    for (int32_t k = 0; k <= 2 * job->axis->radius; k++)
        job->rows[k] = job->src.data + k * job->src.stride;
    job->floats = calloc(1, (2 * row_floats(job) + kept_floats(job)) * sizeof(float) +
                                fw_gauss_row_bytes(job->axis, width));
    job->integers = calloc((size_t)width + 2 * FW_GAUSS_RADIUS_MAX + FW_GAUSS_PAD, 2);
}

static void job_deinit(struct job *job)
{
    check_plane_deinit(&job->src);
    check_plane_deinit(&job->dst);
    free(job->axis);
    free(job->floats);
    free(job->integers);
}

static void run_floats(void *argument)
{
    struct job *job = argument;
    int kind = job->bits > 8 ? FW_GAUSS_16 : FW_GAUSS_8;
    float *result = job->floats + row_floats(job);
    job->kernels->pairs[kind](job->floats, job->rows, job->axis->weights, job->axis->radius,
                              job->width);
    float *kept = result + row_floats(job);
    float *work = kept + kept_floats(job);
    fw_gauss_row_down(job->kernels, job->axis, kept, job->floats, job->width, work);
    fw_gauss_row_up(job->kernels, job->axis, result, kept, job->width, work);
    job->kernels->store[kind](job->dst.data, result, (float)((1 << job->bits) - 1), job->width);
}

static void run_integers(void *argument)
{
    struct job *job = argument;
    int kind = job->bits > 8 ? FW_GAUSS_16 : FW_GAUSS_8;
    int32_t kept = 15 - job->bits;
    int16_t *row = job->integers + job->axis->radius;
    job->kernels->columns[kind](row, job->rows, job->axis, 14 - kept, job->width);
    for (int32_t i = 1; i <= job->axis->radius; i++) {
        row[-i] = row[0];
        row[job->width - 1 + i] = row[job->width - 1];
    }
    job->kernels->row[kind](job->dst.data + job->dst.stride, job->integers, job->axis, 14 + kept,
                            job->width);
}

static void check_sigma(struct check_run *run, double sigma, int32_t width, int bits,
                        enum check_fill fill)
{
    struct job job;
    struct check_plane want;
    job_init(&job, sigma, width, bits, fill);
    check_plane_init(&want, job.dst.row_bytes, 2, bits > 8 ? 10 : 5);
    bool integers = job.axis->step == 1 && bits <= 10;
    for (int level = 0; level <= (int)run->limit; level++) {
        job.kernels = fw_gauss_kernels(level);
        run_floats(&job);
        if (integers)
            run_integers(&job);
        for (int32_t y = 0; y < 2 && level == 0; y++)
            memcpy(want.data + y * want.stride, job.dst.data + y * job.dst.stride,
                   (size_t)want.row_bytes);
        check_same(run, "gauss", fw_cpu_name(job.kernels->level), &want, &job.dst,
                   "width %d, sigma %g, %d bits", width, sigma, bits);
    }
    check_plane_deinit(&want);
    job_deinit(&job);
}

void check_gauss(struct check_run *run)
{
    static const int32_t widths[] = { 1, 2, 7, 15, 17, 31, 33, 64, 65, 131 };
    static const double sigmas[] = { 0, 0.4, 1.5, 3, 5.9, 6, 20, 100 };
    static const int depths[] = { 8, 10, 16 };
    for (size_t s = 0; s < sizeof(sigmas) / sizeof(sigmas[0]); s++)
        for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++)
            for (size_t d = 0; d < 3; d++)
                check_sigma(run, sigmas[s], widths[w], depths[d],
                            (enum check_fill)((s + w + d) % CHECK_FILLS));
}

void bench_gauss(struct check_run *run)
{
    static const double sigmas[] = { 1.5, 3, 12 };
    static const char *const names[] = { "gauss 1.5 8", "gauss 3 8", "gauss 12 8" };
    for (int i = 0; i < 3; i++) {
        struct job job;
        job_init(&job, sigmas[i], 1920, 8, CHECK_NOISE);
        for (int level = (int)run->limit; level >= 0; level--) {
            job.kernels = fw_gauss_kernels(level);
            (void)check_time(run, names[i], fw_cpu_name(job.kernels->level), 1920,
                             job.axis->step == 1 ? run_integers : run_floats, &job);
        }
        job_deinit(&job);
    }
}
