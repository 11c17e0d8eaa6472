/* Samples scaled. */
#include "check.h"

#include "filters/kernels/fade.h"

static const uint32_t factors[] = { 0, 1, 255, 32768, 40000, 65535 };

static void check_scale(struct check_run *run, const struct fw_fade_kernels *row, int32_t bytes,
                        int32_t width, uint32_t factor, enum check_fill fill)
{
    uint32_t color = fill == CHECK_NOISE ? 128 : 255;
    uint32_t scale = bytes == 1 ? 65536 : 1 << 24;
    uint32_t add = color * scale + (1 << 15) - color * (scale >> 16) * factor;
    struct check_plane src;
    struct check_plane want;
    struct check_plane got;
    check_plane_init(&src, width * bytes, 1, 0);
    check_plane_init(&want, width * bytes, 1, 0);
    check_plane_init(&got, width * bytes, 1, 0);
    check_plane_fill(&src, fill, bytes, bytes * 8, (uint32_t)width);
    for (int32_t x = 0; x < width; x++) {
        uint64_t value = bytes == 1 ? src.data[x] : ((uint16_t *)(void *)src.data)[x];
        value = (value * factor + add) >> 16;
        if (bytes == 1)
            want.data[x] = (uint8_t)value;
        else
            ((uint16_t *)(void *)want.data)[x] = (uint16_t)value;
    }
    if (bytes == 1)
        row->scale_u8(got.data, src.data, factor, add, width);
    else
        row->scale_u16((uint16_t *)(void *)got.data, (const uint16_t *)(const void *)src.data,
                       factor, add, width);
    check_same(run, "fade", fw_cpu_name(row->level), &want, &got, "width %d, %d bytes, factor %u",
               width, bytes, factor);
    check_plane_deinit(&src);
    check_plane_deinit(&want);
    check_plane_deinit(&got);
}

void check_fade(struct check_run *run)
{
    const struct fw_fade_kernels *row = fw_fade_kernels(run->limit);
    for (;; row++) {
        for (int32_t i = 0; check_width(i); i++) {
            for (int32_t bytes = 1; bytes <= 2; bytes++)
                check_scale(run, row, bytes, check_width(i), factors[i % 6],
                            (enum check_fill)(i % CHECK_FILLS));
        }
        if (row->level == FW_CPU_C)
            break;
    }
}

struct job {
    const struct fw_fade_kernels *row;
    struct check_plane plane;
};

static void run_fade(void *argument)
{
    struct job *job = argument;
    for (int32_t y = 0; y + 1 < job->plane.rows; y += 2)
        job->row->scale_u8(job->plane.data + y * job->plane.stride,
                           job->plane.data + (y + 1) * job->plane.stride, 40000, 1 << 15, 1920);
}

void bench_fade(struct check_run *run)
{
    struct job job = { .row = fw_fade_kernels(run->limit) };
    check_plane_init(&job.plane, 1920, 2160, 64);
    for (;; job.row++) {
        (void)check_time(run, "fade 8", fw_cpu_name(job.row->level), 1920u * 1080u, run_fade, &job);
        if (job.row->level == FW_CPU_C)
            break;
    }
    check_plane_deinit(&job.plane);
}
