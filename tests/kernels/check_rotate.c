/* Turned rows against the scalar ones, along lines that touch every side of a source that ends at a
 * guard page. */
#include "check.h"

#include "filters/kernels/rotate.h"

#include <string.h>

static void call(const struct fw_rotate_kernels *kernels, int32_t unit, uint8_t *dst,
                 const struct fw_rotate_row *row, int32_t count)
{
    if (unit == 1)
        kernels->row_u8(dst, row, count);
    else if (unit == 2)
        kernels->row_u16((uint16_t *)(void *)dst, row, count);
    else
        kernels->row4_u8(dst, row, count);
}

/* The same from pairs of rows. */
static void check_paired(struct check_run *run, const struct fw_rotate_kernels *kernels,
                         const struct fw_rotate_row *row, const struct check_plane *expected,
                         int32_t width)
{
    struct check_plane pairs, actual;
    struct fw_rotate_row paired = *row;
    check_plane_init(&pairs, 2 * width, row->height - 1, 3);
    check_plane_init(&actual, width, 1, 4);
    for (int32_t y = 0; y + 1 < row->height; y++)
        kernels->pair(pairs.data + y * pairs.stride, row->src + y * row->stride,
                      row->src + (y + 1) * row->stride, width);
    paired.src = pairs.data;
    paired.stride = pairs.stride;
    kernels->paired_u8(actual.data, &paired, width);
    check_same(run, "rotate paired", fw_cpu_name(kernels->level), expected, &actual, "width %d",
               width);
    check_plane_deinit(&pairs);
    check_plane_deinit(&actual);
}

/* From one corner of the places that may be asked for to another. */
static void check_line(struct check_run *run, const struct fw_rotate_kernels *kernels,
                       int32_t width, int32_t unit, int corner, enum check_fill fill)
{
    const int32_t height = 9;
    struct check_plane src, expected, actual;
    check_plane_init(&src, width * unit, height, 2 + width % 5 * 2);
    check_plane_init(&expected, width * unit, 1, 4);
    check_plane_init(&actual, width * unit, 1, 4);
    check_plane_fill(&src, fill, unit == 2 ? 2 : 1, unit == 2 ? 16 : 8, (uint32_t)width);
    int32_t far_x = ((width - 1) << 16) - 1, far_y = ((height - 1) << 16) - 1;
    struct fw_rotate_row row = {
        .src = src.data, .stride = src.stride, .width = width, .height = height
    };
    row.x = corner & 1 ? far_x : 0;
    row.y = corner & 2 ? far_y : 0;
    row.c = (corner & 1 ? -1 : 1) * (far_x / width);
    row.s = (corner & 2 ? 1 : -1) * (far_y / width);
    call(fw_rotate_kernels(FW_CPU_C), unit, expected.data, &row, width);
    call(kernels, unit, actual.data, &row, width);
    if (unit == 1 && kernels->paired_u8)
        check_paired(run, kernels, &row, &expected, width);
    check_same(run, "rotate row", fw_cpu_name(kernels->level), &expected, &actual,
               "width %d, %d bytes, corner %d", width, unit, corner);
    check_plane_deinit(&src);
    check_plane_deinit(&expected);
    check_plane_deinit(&actual);
}

void check_rotate(struct check_run *run)
{
    for (const struct fw_rotate_kernels *kernels = fw_rotate_variants; kernels->level != FW_CPU_C;
         kernels++) {
        for (int32_t i = 1; kernels->level <= run->limit && check_width(i); i++) {
            for (int corner = 0; corner < 4; corner++) {
                enum check_fill fill = (enum check_fill)((i + corner) % CHECK_FILLS);
                check_line(run, kernels, check_width(i), 1, corner, fill);
                check_line(run, kernels, check_width(i), 2, corner, fill);
                check_line(run, kernels, check_width(i), 4, corner, fill);
            }
        }
    }
}

struct job {
    const struct fw_rotate_kernels *kernels;
    struct fw_rotate_row row;
    uint8_t src[400 * 2048];
    uint8_t dst[1920];
};

static void bench_one(void *argument)
{
    struct job *job = argument;
    job->kernels->row_u8(job->dst, &job->row, 1920);
}

void bench_rotate(struct check_run *run)
{
    static struct job job;
    job.row = (struct fw_rotate_row){ job.src, 2048, 2048, 400, 1000, 1000, 65000, -12000 };
    for (job.kernels = fw_rotate_variants;; job.kernels++) {
        if (job.kernels->level <= run->limit)
            check_time(run, "rotate row", fw_cpu_name(job.kernels->level), 1920, bench_one, &job);
        if (job.kernels->level == FW_CPU_C)
            break;
    }
}
