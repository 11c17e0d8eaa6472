/* Non-local means: sums of squares written out, and every variant against the portable one. */
#include "check.h"

#include "filters/kernels/nlmeans.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROW 512
#define MOST 3000

struct job {
    const struct fw_nlmeans_kernels *kernels;
    struct check_plane rows; /* in, out, of two places */
    struct check_plane dst;
    uint32_t *combined[2];
    uint32_t *sums;
    uint32_t *fours;
    float *weights;
    float *totals;
    float *values;
    float *table;
    int32_t width;
    int32_t length;
};

static void *take(size_t count)
{
    return calloc(count, sizeof(uint32_t));
}

static void job_init(struct job *job, int32_t width, int32_t length)
{
    *job = (struct job){ .width = width, .length = length };
    check_plane_init(&job->rows, ROW, 4, 0);
    check_plane_init(&job->dst, width, 1, 0);
    check_plane_fill(&job->rows, CHECK_NOISE, 1, 4, (uint32_t)width);
    for (int i = 0; i < 2; i++)
        job->combined[i] = take(ROW);
    job->sums = take(ROW);
    job->fours = take(ROW);
    job->weights = take(ROW);
    job->totals = take(ROW);
    job->values = take(ROW);
    job->table = take(MOST + 1);
    for (int i = 0; i < MOST; i++)
        job->table[i] = expf((float)-i / 500.0f);
}

static void job_deinit(struct job *job)
{
    check_plane_deinit(&job->rows);
    check_plane_deinit(&job->dst);
    free(job->combined[0]);
    free(job->combined[1]);
    free(job->sums);
    free(job->fours);
    free(job->weights);
    free(job->totals);
    free(job->values);
    free(job->table);
}

static const uint8_t *row_at(const struct job *job, int32_t y)
{
    return job->rows.data + y * job->rows.stride;
}

static void run_job(void *argument)
{
    struct job *job = argument;
    const struct fw_nlmeans_kernels *kernels = job->kernels;
    int32_t columns = job->width + job->length - 1;
    memset(job->sums, 0, ROW * sizeof(uint32_t));
    memset(job->totals, 0, ROW * sizeof(float));
    memset(job->values, 0, ROW * sizeof(float));
    kernels->combine(job->combined[0], row_at(job, 0), row_at(job, 1), ROW - FW_NLMEANS_PAD);
    kernels->combine(job->combined[1], row_at(job, 2), row_at(job, 3), ROW - FW_NLMEANS_PAD);
    kernels->add(job->sums, row_at(job, 1), row_at(job, 3), columns);
    kernels->add(job->sums, row_at(job, 0), row_at(job, 2), columns);
    kernels->slide(job->sums, job->combined[0], job->combined[1], columns);
    (void)kernels->weigh(job->weights, job->sums, job->fours, job->length, job->table, MOST,
                         job->width);
    kernels->gather(job->totals, job->values, job->weights, row_at(job, 2), job->width);
    kernels->gather(job->totals, job->values, job->weights, row_at(job, 3), job->width);
    kernels->finish(job->dst.data, row_at(job, 0), job->totals, job->values, job->width);
}

/* Twice the squares of the first row and its partner remain. */
static void check_sums(struct check_run *run, const struct job *job)
{
    uint32_t want[ROW];
    int32_t columns = job->width + job->length - 1;
    for (int32_t x = 0; x < columns; x++) {
        int32_t difference = row_at(job, 0)[x] - row_at(job, 2)[x];
        want[x] = 2 * (uint32_t)(difference * difference);
    }
    check_bytes(run, "nlmeans sums", fw_cpu_name(job->kernels->level), want, job->sums,
                (size_t)columns * sizeof(want[0]), "%d columns", columns);
}

void check_nlmeans(struct check_run *run)
{
    static const int32_t lengths[] = { 1, 3, 7, 15, 17, 99 };
    static const int32_t widths[] = { 1, 5, 15, 16, 17, 40, 64, 131 };
    for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
        for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
            struct job job;
            struct check_plane want;
            job_init(&job, widths[w], lengths[l]);
            check_plane_init(&want, widths[w], 1, 0);
            for (int level = 0; level <= (int)run->limit; level++) {
                job.kernels = fw_nlmeans_kernels(level);
                run_job(&job);
                check_sums(run, &job);
                if (level == 0)
                    memcpy(want.data, job.dst.data, (size_t)widths[w]);
                check_same(run, "nlmeans", fw_cpu_name(job.kernels->level), &want, &job.dst,
                           "width %d, length %d", widths[w], lengths[l]);
            }
            check_plane_deinit(&want);
            job_deinit(&job);
        }
    }
}

void bench_nlmeans(struct check_run *run)
{
    struct job job;
    job_init(&job, 384, 7);
    for (int level = (int)run->limit; level >= 0; level--) {
        job.kernels = fw_nlmeans_kernels(level);
        (void)check_time(run, "nlmeans 7", fw_cpu_name(job.kernels->level), 384, run_job, &job);
    }
    job_deinit(&job);
}
