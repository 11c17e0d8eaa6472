/* Two-sided decays: every variant against the portable one. */
#include "check.h"

#include "filters/kernels/decay.h"

#include <stdlib.h>
#include <string.h>

struct job {
    const struct fw_decay_kernels *kernels;
    struct fw_decay decay;
    struct check_plane src; /* rows of 64 samples */
    struct check_plane dst;
    float *strip;
    int bits;
};

static void job_init(struct job *job, int32_t rows, int bits)
{
    int32_t bytes = bits > 8 ? 2 : 1;
    *job = (struct job){ .decay = { 0.8f, 5.0f, 2 }, .bits = bits };
    check_plane_init(&job->src, FW_DECAY_LANES * bytes * rows, 1, 0);
    check_plane_init(&job->dst, (FW_DECAY_LANES - 5) * bytes, rows, 7);
    check_plane_fill(&job->src, CHECK_NOISE, bytes, bits, (uint32_t)rows);
    job->strip = aligned_alloc(64, (size_t)rows * FW_DECAY_LANES * sizeof(float));
}

static void job_deinit(struct job *job)
{
    check_plane_deinit(&job->src);
    check_plane_deinit(&job->dst);
    free(job->strip);
}

static void run_job(void *argument)
{
    struct job *job = argument;
    int kind = job->bits > 8;
    int32_t rows = job->dst.rows;
    const struct fw_decay_target target = {
        .data = job->dst.data,
        .stride = job->dst.stride,
        .columns = FW_DECAY_LANES - 5,
        .scale = 0.01f,
        .max = (float)((1 << job->bits) - 1),
    };
    job->kernels->begin[kind](job->strip, job->src.data, rows, &job->decay);
    job->kernels->finish[kind](&target, job->strip, rows, &job->decay);
}

void check_decay(struct check_run *run)
{
    static const int depths[] = { 8, 10, 16 };
    for (int32_t rows = 1; rows < 20; rows += 3) {
        for (size_t d = 0; d < 3; d++) {
            struct job job;
            struct check_plane want;
            job_init(&job, rows, depths[d]);
            job.decay.steps = rows / 3 % 4;
            check_plane_init(&want, job.dst.row_bytes, rows, 7);
            for (int level = 0; level <= (int)run->limit; level++) {
                job.kernels = fw_decay_kernels(level);
                run_job(&job);
                for (int32_t y = 0; y < rows && level == 0; y++)
                    memcpy(want.data + y * want.stride, job.dst.data + y * job.dst.stride,
                           (size_t)want.row_bytes);
                check_same(run, "decay", fw_cpu_name(job.kernels->level), &want, &job.dst,
                           "%d rows, %d bits, %d steps", rows, depths[d], job.decay.steps);
            }
            check_plane_deinit(&want);
            job_deinit(&job);
        }
    }
}

void bench_decay(struct check_run *run)
{
    struct job job;
    job_init(&job, 1080, 8);
    for (int level = (int)run->limit; level >= 0; level--) {
        job.kernels = fw_decay_kernels(level);
        (void)check_time(run, "decay 2 steps 8", fw_cpu_name(job.kernels->level),
                         1080 * FW_DECAY_LANES, run_job, &job);
    }
    job_deinit(&job);
}
