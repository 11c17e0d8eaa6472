/* Sums of PSNR and SSIM, against sums taken sample by sample. */
#include "check.h"

#include "filters/kernels/metric.h"

#include <string.h>

static int64_t sample(const struct check_plane *plane, int32_t bytes, int32_t x, int32_t y)
{
    const uint8_t *at = plane->data + y * plane->stride + x * bytes;
    return bytes == 1 ? at[0] : at[0] | at[1] << 8;
}

static void check_error(struct check_run *run, const struct fw_metric_kernels *kernels,
                        const struct check_plane *a, const struct check_plane *b, int32_t bytes,
                        int32_t width)
{
    uint64_t want = 0;
    uint64_t got;
    for (int32_t x = 0; x < width; x++) {
        int64_t difference = sample(a, bytes, x, 3) - sample(b, bytes, x, 3);
        want += (uint64_t)(difference * difference);
    }
    const uint8_t *one = a->data + 3 * a->stride;
    const uint8_t *other = b->data + 3 * b->stride;
    got = bytes == 1 ? kernels->error_u8(one, other, width)
                     : kernels->error_u16((const uint16_t *)(const void *)one,
                                          (const uint16_t *)(const void *)other, width);
    check_bytes(run, "metric error", fw_cpu_name(kernels->level), &want, &got, sizeof(want),
                "width %d, %d bytes", width, bytes);
}

static void check_blocks(struct check_run *run, const struct fw_metric_kernels *kernels,
                         const struct check_plane *a, const struct check_plane *b, int32_t bytes,
                         int32_t count)
{
    struct fw_metric_sums want[1024];
    struct fw_metric_sums got[1024];
    memset(want, 0, sizeof(want));
    for (int32_t i = 0; i < count; i++) {
        for (int32_t k = 0; k < 16; k++) {
            int64_t one = sample(a, bytes, 4 * i + k % 4, k / 4);
            int64_t other = sample(b, bytes, 4 * i + k % 4, k / 4);
            want[i].a += one;
            want[i].b += other;
            want[i].squares += one * one + other * other;
            want[i].product += one * other;
        }
    }
    if (bytes == 1)
        kernels->blocks_u8(got, a->data, a->stride, b->data, b->stride, count);
    else
        kernels->blocks_u16(got, a->data, a->stride, b->data, b->stride, count);
    check_bytes(run, "metric blocks", fw_cpu_name(kernels->level), want, got,
                sizeof(want[0]) * (size_t)count, "%d blocks, %d bytes", count, bytes);
}

static void check_width_of(struct check_run *run, int level, int32_t bytes, int32_t width)
{
    struct check_plane a;
    struct check_plane b;
    check_plane_init(&a, width * bytes, 4, 2);
    check_plane_init(&b, width * bytes, 4, 6);
    check_plane_fill(&a, (enum check_fill)(width % CHECK_FILLS), bytes, bytes * 8, 1);
    check_plane_fill(&b, CHECK_NOISE, bytes, bytes * 8, (uint32_t)width);
    check_error(run, fw_metric_kernels(level), &a, &b, bytes, width);
    check_blocks(run, fw_metric_kernels(level), &a, &b, bytes, width / 4);
    check_plane_deinit(&a);
    check_plane_deinit(&b);
}

void check_metric(struct check_run *run)
{
    for (int level = (int)run->limit; level >= FW_CPU_C; level--) {
        for (int32_t i = 0; check_width(i); i++) {
            check_width_of(run, level, 1, check_width(i));
            check_width_of(run, level, 2, check_width(i));
        }
    }
}

struct job {
    const struct fw_metric_kernels *kernels;
    struct check_plane a;
    struct check_plane b;
    struct fw_metric_sums sums[480];
    uint64_t total;
};

static void run_metric(void *argument)
{
    struct job *job = argument;
    for (int32_t y = 0; y + 4 <= 1080; y += 4) {
        for (int32_t k = 0; k < 4; k++)
            job->total += job->kernels->error_u8(job->a.data + k * job->a.stride,
                                                 job->b.data + k * job->b.stride, 1920);
        job->kernels->blocks_u8(job->sums, job->a.data, job->a.stride, job->b.data, job->b.stride,
                                480);
    }
}

void bench_metric(struct check_run *run)
{
    struct job job = { .total = 0 };
    check_plane_init(&job.a, 1920, 4, 64);
    check_plane_init(&job.b, 1920, 4, 64);
    for (int level = (int)run->limit; level >= FW_CPU_C; level--) {
        job.kernels = fw_metric_kernels(level);
        (void)check_time(run, "metric 8", fw_cpu_name((enum fw_cpu)level), 1920u * 1080u,
                         run_metric, &job);
    }
    check_plane_deinit(&job.a);
    check_plane_deinit(&job.b);
}
