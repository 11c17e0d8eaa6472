/* Recursive bilateral smoothing: every variant against the portable one. */
#include "check.h"

#include "filters/kernels/bilateral.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 40

struct job {
    const struct fw_bilateral_kernels *kernels;
    struct fw_bilateral strip;
    float *memory; /* rows, work, shares */
    float table[1024];
    struct check_plane src;
    struct check_plane dst;
    int kind;
};

static void job_init(struct job *job, int kind, int32_t width)
{
    int32_t bytes = kind + 1;
    size_t strip = (size_t)ROWS * FW_BILATERAL_LANES;
    *job = (struct job){ .kind = kind, .memory = calloc(5 * strip, sizeof(float)) };
    for (int i = 0; i < 1024; i++)
        job->table[i] = 0.7f * expf((float)-i / 60.0f);
    check_plane_init(&job->src, ROWS * FW_BILATERAL_LANES * bytes, 1, 0);
    check_plane_init(&job->dst, width * bytes, ROWS, 7);
    check_plane_fill(&job->src, CHECK_NOISE, bytes, kind ? 10 : 8, 3);
    job->strip = (struct fw_bilateral){ job->src.data, job->memory + 4 * strip, job->memory, ROWS,
                                        1.0f - 0.7f };
}

static void job_deinit(struct job *job)
{
    check_plane_deinit(&job->src);
    check_plane_deinit(&job->dst);
    free(job->memory);
}

static void run_job(void *argument)
{
    struct job *job = argument;
    float *rows = job->strip.rows;
    float *shares = rows + 4 * ROWS * FW_BILATERAL_LANES;
    job->kernels->share[job->kind](shares, job->strip.samples, ROWS, job->table);
    job->kernels->first[job->kind](&job->strip);
    job->kernels->second[job->kind](&job->strip, rows + ROWS * FW_BILATERAL_ROW, job->dst.data,
                                    job->dst.stride, job->dst.row_bytes / (job->kind + 1));
}

void check_bilateral(struct check_run *run)
{
    for (int32_t width = 1; width <= FW_BILATERAL_LANES; width += 9) {
        for (int kind = 0; kind < 2; kind++) {
            struct job job;
            struct check_plane want;
            job_init(&job, kind, width);
            check_plane_init(&want, job.dst.row_bytes, ROWS, 7);
            for (int level = 0; level <= (int)run->limit; level++) {
                job.kernels = fw_bilateral_kernels(level);
                run_job(&job);
                for (int32_t y = 0; y < ROWS && level == 0; y++)
                    memcpy(want.data + y * want.stride, job.dst.data + y * job.dst.stride,
                           (size_t)want.row_bytes);
                check_same(run, "bilateral", fw_cpu_name(job.kernels->level), &want, &job.dst,
                           "width %d, %d bytes", width, kind + 1);
            }
            check_plane_deinit(&want);
            job_deinit(&job);
        }
    }
}

void bench_bilateral(struct check_run *run)
{
    struct job job;
    job_init(&job, 0, FW_BILATERAL_LANES);
    for (int level = (int)run->limit; level >= 0; level--) {
        job.kernels = fw_bilateral_kernels(level);
        (void)check_time(run, "bilateral 8", fw_cpu_name(job.kernels->level),
                         ROWS * FW_BILATERAL_LANES, run_job, &job);
    }
    job_deinit(&job);
}
