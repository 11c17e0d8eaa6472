/* Medians of boxes and of windows. */
#include "check.h"

#include "filters/kernels/median.h"

#include <stdlib.h>

#define ROWS_MAX 6

struct shape {
    int32_t radius; /* of a box */
    int32_t bits;
};

static void run_box(const struct fw_median_kernels *row, const struct shape *shape,
                    const struct check_plane *dst, const struct check_plane *src, int32_t width)
{
    uint8_t *to[2] = { dst->data, dst->data + dst->stride };
    const uint8_t *from[ROWS_MAX] = { NULL };
    int32_t lead = shape->radius * (shape->bits > 8 ? 2 : 1);
    for (int32_t i = 0; i < 2 * shape->radius + 2; i++)
        from[i] = src->data + i * src->stride + lead;
    if (shape->bits <= 8) {
        (shape->radius == 1 ? row->box3_u8 : row->box5_u8)(to, from, width);
        return;
    }
    uint16_t *wide[2] = { (uint16_t *)(void *)to[0], (uint16_t *)(void *)to[1] };
    const uint16_t *wide_from[ROWS_MAX] = { NULL };
    for (int32_t i = 0; i < 2 * shape->radius + 2; i++)
        wide_from[i] = (const uint16_t *)(const void *)from[i];
    (shape->radius == 1 ? row->box3_u16 : row->box5_u16)(wide, wide_from, width);
}

static void check_box(struct check_run *run, const struct shape *shape, int32_t width,
                      enum check_fill fill)
{
    struct check_plane src;
    struct check_plane want;
    struct check_plane got;
    int32_t unit = shape->bits > 8 ? 2 : 1;
    check_plane_init(&src, (width + 2 * shape->radius) * unit, 2 * shape->radius + 2, 6 * unit);
    check_plane_init(&want, width * unit, 2, 3 * unit);
    check_plane_init(&got, width * unit, 2, 3 * unit);
    check_plane_fill(&src, fill, unit, shape->bits, (uint32_t)width);
    const struct fw_median_kernels scalar = { .level = FW_CPU_C,
                                              .box3_u8 = fw_median_box3_u8_c,
                                              .box3_u16 = fw_median_box3_u16_c,
                                              .box5_u8 = fw_median_box5_u8_c,
                                              .box5_u16 = fw_median_box5_u16_c };
    run_box(&scalar, shape, &want, &src, width);
    for (int level = (int)run->limit; level >= 0; level--) {
        const struct fw_median_kernels *row = fw_median_kernels(level);
        run_box(row, shape, &got, &src, width);
        check_same(run, "median box", fw_cpu_name(row->level), &want, &got,
                   "width %d, radius %d, %d bits", width, shape->radius, shape->bits);
    }
    check_plane_deinit(&src);
    check_plane_deinit(&want);
    check_plane_deinit(&got);
}

/* All output rows that `src` has neighbours for. */
static void run_window(const struct fw_median_kernels *row, struct fw_median_window window,
                       const struct check_plane *dst, const struct check_plane *src)
{
    size_t bytes = fw_median_scratch(window.bits, window.radius_x, window.radius_y, window.width);
    ptrdiff_t lead = (ptrdiff_t)window.radius_x * (window.bits > 8 ? 2 : 1);
    window.scratch = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!window.scratch)
        abort();
    row->window_start(&window);
    for (int32_t y = 0; y < 2 * window.radius_y; y++)
        row->window_add(&window, src->data + y * src->stride + lead);
    for (int32_t y = 0; y < dst->rows; y++)
        row->window_row(&window, dst->data + y * dst->stride,
                        src->data + (y + 2 * window.radius_y) * src->stride + lead,
                        src->data + y * src->stride + lead);
    free(window.scratch);
}

static void check_window(struct check_run *run, struct fw_median_window window,
                         enum check_fill fill)
{
    struct check_plane src;
    struct check_plane want;
    struct check_plane got;
    int32_t unit = window.bits > 8 ? 2 : 1;
    int32_t rows = 4;
    check_plane_init(&src, (window.width + 2 * window.radius_x) * unit, rows + 2 * window.radius_y,
                     6 * unit);
    check_plane_init(&want, window.width * unit, rows, 3 * unit);
    check_plane_init(&got, window.width * unit, rows, 3 * unit);
    check_plane_fill(&src, fill, unit, window.bits, (uint32_t)window.width);
    const struct fw_median_kernels *row = fw_median_kernels(FW_CPU_C);
    run_window(row, window, &want, &src);
    for (row = fw_median_kernels(run->limit); row->level != FW_CPU_C; row++) {
        run_window(row, window, &got, &src);
        check_same(run, "median window", fw_cpu_name(row->level), &want, &got,
                   "width %d, radii %d %d, rank %d, %d bits", window.width, window.radius_x,
                   window.radius_y, window.rank, window.bits);
    }
    check_plane_deinit(&src);
    check_plane_deinit(&want);
    check_plane_deinit(&got);
}

void check_median(struct check_run *run)
{
    static const struct shape shapes[] = { { 1, 8 }, { 1, 16 }, { 2, 8 }, { 2, 16 } };
    static const int32_t bits[] = { 8, 9, 10, 12, 14, 16 };
    static const int32_t radii[][2] = { { 3, 3 }, { 1, 2 }, { 0, 4 }, { 9, 0 }, { 20, 6 } };
    static const int32_t widths[] = { 1, 2, 5, 33, 70 };
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        for (int32_t w = 0; check_width(w); w++)
            check_box(run, &shapes[i], check_width(w), w % 4 == 3 ? CHECK_STRIPES : CHECK_NOISE);
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
            const int32_t *radius = radii[(i + w) % 5];
            int32_t samples = (2 * radius[0] + 1) * (2 * radius[1] + 1);
            struct fw_median_window window = { .radius_x = radius[0],
                                               .radius_y = radius[1],
                                               .rank = samples / 2,
                                               .bits = bits[i],
                                               .width = widths[w] };
            check_window(run, window, CHECK_NOISE);
            window.rank = w % 2 ? 0 : samples - 1;
            check_window(run, window, w % 3 ? CHECK_RAMP : CHECK_MAX);
        }
    }
}

struct job {
    const struct fw_median_kernels *row;
    struct shape shape;
    struct fw_median_window window;
    struct check_plane src;
    struct check_plane dst;
};

static void run_boxes(void *argument)
{
    struct job *job = argument;
    run_box(job->row, &job->shape, &job->dst, &job->src, 1920);
}

static void run_windows(void *argument)
{
    struct job *job = argument;
    run_window(job->row, job->window, &job->dst, &job->src);
}

void bench_median(struct check_run *run)
{
    static const struct shape shapes[] = { { 1, 8 }, { 1, 16 }, { 2, 8 }, { 2, 16 } };
    static const char *const names[] = { "median 3x3 8", "median 3x3 16", "median 5x5 8",
                                         "median 5x5 16" };
    for (size_t i = 0; i < 4; i++) {
        struct job job = { .row = fw_median_kernels(run->limit), .shape = shapes[i] };
        check_plane_init(&job.src, 1930 * 2, 6, 64);
        check_plane_init(&job.dst, 1920 * 2, 2, 64);
        check_plane_fill(&job.src, CHECK_NOISE, job.shape.bits > 8 ? 2 : 1, job.shape.bits, 1);
        for (;; job.row++) {
            (void)check_time(run, names[i], fw_cpu_name(job.row->level), 1920u * 2u, run_boxes,
                             &job);
            if (job.row->level == FW_CPU_C)
                break;
        }
        check_plane_deinit(&job.src);
        check_plane_deinit(&job.dst);
    }
    for (int32_t bits = 8; bits <= 16; bits += bits == 8 ? 2 : 6) {
        static const char *const window_names[] = { "median 11x11 8", "median 11x11 10",
                                                    "median 11x11 16" };
        struct job job = { .row = fw_median_kernels(run->limit),
                           .window = { 5, 5, 60, bits, 64, NULL } };
        check_plane_init(&job.src, 74 * 2, 210, 64);
        check_plane_init(&job.dst, 64 * 2, 200, 64);
        check_plane_fill(&job.src, CHECK_NOISE, bits > 8 ? 2 : 1, bits, 1);
        for (;; job.row++) {
            (void)check_time(run, window_names[bits == 8 ? 0 : (bits == 10 ? 1 : 2)],
                             fw_cpu_name(job.row->level), 64u * 200u, run_windows, &job);
            if (job.row->level == FW_CPU_C)
                break;
        }
        check_plane_deinit(&job.src);
        check_plane_deinit(&job.dst);
    }
}
