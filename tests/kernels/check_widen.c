/* Rows widened. */
#include "check.h"

#include "filters/kernels/widen.h"

void check_widen(struct check_run *run)
{
    const struct fw_widen_kernels *row = fw_widen_kernels(run->limit);
    for (; row->level > FW_CPU_C; row++) {
        for (int32_t i = 0; check_width(i); i++) {
            int32_t width = check_width(i);
            struct check_plane src;
            struct check_plane want;
            struct check_plane got;
            check_plane_init(&src, width, 1, 0);
            check_plane_init(&want, width * 2, 1, 0);
            check_plane_init(&got, width * 2, 1, 0);
            check_plane_fill(&src, CHECK_NOISE, 1, 8, (uint32_t)width);
            fw_widen_u8_c((uint16_t *)(void *)want.data, src.data, width);
            row->widen_u8((uint16_t *)(void *)got.data, src.data, width);
            check_same(run, "widen", fw_cpu_name(row->level), &want, &got, "width %d", width);
            check_plane_deinit(&src);
            check_plane_deinit(&want);
            check_plane_deinit(&got);
        }
    }
}

struct job {
    const struct fw_widen_kernels *row;
    struct check_plane src;
    struct check_plane dst;
};

static void run_widen(void *argument)
{
    struct job *job = argument;
    for (int32_t y = 0; y < 1080; y++)
        job->row->widen_u8((uint16_t *)(void *)job->dst.data, job->src.data + y * job->src.stride,
                           1920);
}

void bench_widen(struct check_run *run)
{
    struct job job = { .row = fw_widen_kernels(run->limit) };
    check_plane_init(&job.src, 1920, 1080, 0);
    check_plane_init(&job.dst, 1920 * 2, 1, 0);
    for (;; job.row++) {
        (void)check_time(run, "widen", fw_cpu_name(job.row->level), 1920u * 1080u, run_widen, &job);
        if (job.row->level == FW_CPU_C)
            break;
    }
    check_plane_deinit(&job.src);
    check_plane_deinit(&job.dst);
}
