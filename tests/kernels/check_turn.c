/* Reversed rows and transposed planes. */
#include "check.h"

#include "filters/kernels/turn.h"

#include <string.h>

static const int32_t units[] = { 1, 2, 3, 4, 6, 8 };

static void check_reverse(struct check_run *run, const struct fw_turn_kernels *row, int32_t unit,
                          int32_t width)
{
    struct check_plane src;
    struct check_plane want;
    struct check_plane got;
    check_plane_init(&src, width * unit, 2, 13);
    check_plane_init(&want, width * unit, 2, 7);
    check_plane_init(&got, width * unit, 2, 7);
    check_plane_fill(&src, CHECK_NOISE, 1, 8, (uint32_t)width);
    for (int y = 0; y < 2; y++) {
        uint8_t *to = want.data + y * want.stride;
        const uint8_t *from = src.data + y * src.stride;
        for (int32_t x = 0; x < width; x++)
            memcpy(to + x * unit, from + (width - 1 - x) * unit, (size_t)unit);
        row->reverse(got.data + y * got.stride, from, width, unit);
    }
    check_same(run, "turn reverse", fw_cpu_name(row->level), &want, &got, "width %d, %d bytes",
               width, unit);
    check_plane_deinit(&src);
    check_plane_deinit(&want);
    check_plane_deinit(&got);
}

static void check_transpose(struct check_run *run, const struct fw_turn_kernels *row, int32_t unit,
                            int32_t width, int32_t height)
{
    struct check_plane src;
    struct check_plane want;
    struct check_plane got;
    check_plane_init(&src, height * unit, width, 13);
    check_plane_init(&want, width * unit, height, 7);
    check_plane_init(&got, width * unit, height, 7);
    check_plane_fill(&src, CHECK_NOISE, 1, 8, (uint32_t)(width * 131 + height));
    /* Upwards, as a turn to the left reads. */
    const uint8_t *last = src.data + (width - 1) * src.stride;
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++)
            memcpy(want.data + y * want.stride + x * unit, last - x * src.stride + y * unit,
                   (size_t)unit);
    row->transpose(got.data, got.stride, last, -src.stride, width, height, unit);
    check_same(run, "turn transpose", fw_cpu_name(row->level), &want, &got, "%dx%d, %d bytes",
               width, height, unit);
    check_plane_deinit(&src);
    check_plane_deinit(&want);
    check_plane_deinit(&got);
}

void check_turn(struct check_run *run)
{
    static const int32_t heights[] = { 1, 3, 16, 33, 70 };
    const struct fw_turn_kernels *row = fw_turn_kernels(run->limit);
    for (;; row++) {
        for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
            for (int32_t i = 0; check_width(i); i++) {
                check_reverse(run, row, units[u], check_width(i));
                check_transpose(run, row, units[u], check_width(i), heights[i % 5]);
            }
        }
        if (row->level == FW_CPU_C)
            break;
    }
}

struct job {
    const struct fw_turn_kernels *row;
    struct check_plane src;
    struct check_plane dst;
    int32_t unit;
};

static void run_reverse(void *argument)
{
    struct job *job = argument;
    for (int32_t y = 0; y < job->src.rows; y++)
        job->row->reverse(job->dst.data + y * job->dst.stride, job->src.data + y * job->src.stride,
                          job->src.row_bytes / job->unit, job->unit);
}

static void run_transpose(void *argument)
{
    struct job *job = argument;
    int32_t width = job->dst.row_bytes / job->unit;
    job->row->transpose(job->dst.data, job->dst.stride, job->src.data, job->src.stride, width,
                        job->dst.rows, job->unit);
}

void bench_turn(struct check_run *run)
{
    static const char *const names[2][9] = {
        { NULL, "turn reverse 1", "turn reverse 2", "turn reverse 3", "turn reverse 4", NULL,
          "turn reverse 6", NULL, "turn reverse 8" },
        { NULL, "turn transpose 1", "turn transpose 2", "turn transpose 3", "turn transpose 4",
          NULL, "turn transpose 6", NULL, "turn transpose 8" },
    };
    for (int kind = 0; kind < 2; kind++) {
        for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
            struct job job = { .row = fw_turn_kernels(run->limit), .unit = units[u] };
            check_plane_init(&job.src, 1920 * job.unit, 1080, 64);
            check_plane_init(&job.dst, (kind ? 1080 : 1920) * job.unit, kind ? 1920 : 1080, 64);
            for (;; job.row++) {
                (void)check_time(run, names[kind][job.unit], fw_cpu_name(job.row->level),
                                 1920u * 1080u, kind ? run_transpose : run_reverse, &job);
                if (job.row->level == FW_CPU_C)
                    break;
            }
            check_plane_deinit(&job.src);
            check_plane_deinit(&job.dst);
        }
    }
}
