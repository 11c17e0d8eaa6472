/* Noise from a counter: every variant against the portable one. */
#include "check.h"

#include "filters/kernels/grain.h"

static void check_row(struct check_run *run, int level, int32_t bits, int32_t width, int32_t kind)
{
    int32_t bytes = bits > 8 ? 2 : 1;
    struct check_plane src;
    struct check_plane pattern;
    struct check_plane want;
    struct check_plane got;
    check_plane_init(&src, width * bytes, 1, 0);
    check_plane_init(&pattern, width * 2, 1, 0);
    check_plane_init(&want, width * bytes, 1, 0);
    check_plane_init(&got, width * bytes, 1, 0);
    check_plane_fill(&src, (enum check_fill)(width % CHECK_FILLS), bytes, bits, (uint32_t)width);
    check_plane_fill(&pattern, CHECK_NOISE, 2, 6, (uint32_t)width);
    struct fw_grain grain = {
        .key = (uint32_t)width * 2654435761u,
        .uniform = kind & 1,
        .scale = fw_grain_scale(100 << (bits - 8), kind & 1),
        .pattern = kind & 2 ? (const int16_t *)(const void *)pattern.data : NULL,
        .max = (1 << bits) - 1,
    };
    const struct fw_grain_kernels *row = fw_grain_kernels(level);
    if (bytes == 1) {
        fw_grain_c.add_u8(want.data, src.data, &grain, width);
        row->add_u8(got.data, src.data, &grain, width);
    } else {
        const uint16_t *from = (const uint16_t *)(const void *)src.data;
        fw_grain_c.add_u16((uint16_t *)(void *)want.data, from, &grain, width);
        row->add_u16((uint16_t *)(void *)got.data, from, &grain, width);
    }
    check_same(run, "grain", fw_cpu_name(row->level), &want, &got, "width %d, %d bits, kind %d",
               width, bits, kind);
    check_plane_deinit(&src);
    check_plane_deinit(&pattern);
    check_plane_deinit(&want);
    check_plane_deinit(&got);
}

void check_grain(struct check_run *run)
{
    for (int level = (int)run->limit; level >= FW_CPU_C; level--) {
        for (int32_t i = 0; check_width(i); i++) {
            check_row(run, level, 8, check_width(i), i % 4);
            check_row(run, level, i % 3 ? 16 : 10, check_width(i), i / 2 % 4);
        }
    }
}

struct job {
    const struct fw_grain_kernels *kernels;
    struct check_plane plane;
};

static void run_grain(void *argument)
{
    struct job *job = argument;
    struct fw_grain grain = { .key = 7, .scale = fw_grain_scale(10, 0), .max = 255 };
    for (int32_t y = 0; y < 1080; y++)
        job->kernels->add_u8(job->plane.data, job->plane.data + job->plane.stride, &grain, 1920);
}

void bench_grain(struct check_run *run)
{
    struct job job = { .kernels = NULL };
    check_plane_init(&job.plane, 1920, 2, 64);
    for (int level = (int)run->limit; level >= FW_CPU_C; level--) {
        job.kernels = fw_grain_kernels(level);
        (void)check_time(run, "grain 8", fw_cpu_name((enum fw_cpu)level), 1920u * 1080u, run_grain,
                         &job);
    }
    check_plane_deinit(&job.plane);
}
