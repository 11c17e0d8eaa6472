/* Recursive smoothing: rows together against rows by themselves, and vectors against samples. */
#include "check.h"

#include "filters/kernels/hqdn3d.h"

#include <stdlib.h>

#define ROWS 7

struct steps {
    int16_t *table;
    struct fw_hqdn3d job;
};

/* Half the way for small differences, less for larger ones, and different ones in time. */
static void steps_init(struct steps *steps, int bits)
{
    const int32_t drop = bits == 16 ? 0 : 4;
    const int32_t span = FW_HQDN3D_SPAN(drop);
    steps->table = malloc((size_t)span * 4 * sizeof(int16_t));
    if (!steps->table)
        abort();
    for (int32_t i = -span; i < span; i++) {
        int32_t difference = i * (1 << drop) + ((1 << drop) - 1) / 2;
        double part = 1.0 / (1.0 + abs(difference) / 900.0);
        steps->table[i + span] = (int16_t)(difference * part * part);
        steps->table[i + 3 * span] = (int16_t)(difference * part * 0.9);
    }
    steps->job = (struct fw_hqdn3d){ steps->table + span, steps->table + 3 * (ptrdiff_t)span,
                                     16 - bits, ((1 << (16 - bits)) - 1) / 2, drop };
}

static void check_across(struct check_run *run, const struct fw_hqdn3d_kernels *row, int bits,
                         int32_t width, enum check_fill fill)
{
    const int bytes = bits > 8 ? 2 : 1;
    struct steps steps;
    struct check_plane from;
    struct check_plane expected;
    struct check_plane actual;
    steps_init(&steps, bits);
    check_plane_init(&from, width * bytes, ROWS, bytes * (width % 5));
    check_plane_init(&expected, width * 2, ROWS, 0);
    check_plane_init(&actual, width * 2, ROWS, 6);
    /* Odd widths with bits above the depth, as a file may hold them. */
    check_plane_fill(&from, fill, bytes, bytes == 2 && width % 2 ? 16 : bits, (uint32_t)width);
    const int16_t *space = steps.job.space;
    for (int32_t y = 0; y < ROWS; y++) {
        int32_t state = 0;
        for (int32_t x = 0; x < width; x++) {
            const uint8_t *at = from.data + y * from.stride + x * bytes;
            int32_t here = bytes == 1 ? *at : *(const uint16_t *)at;
            here = (uint16_t)(here << steps.job.shift) + steps.job.bias;
            state = x == 0 ? here + 3 : here + space[(state - here) >> steps.job.drop];
            state = state < 0 ? 0 : (state > UINT16_MAX ? UINT16_MAX : state);
            ((uint16_t *)(expected.data + y * expected.stride))[x] = (uint16_t)state;
        }
    }
    (bytes == 1 ? row->across_u8 : row->across_u16)(
        (uint16_t *)actual.data, actual.stride, from.data, from.stride, &steps.job, 3, width, ROWS);
    check_same(run, "hqdn3d across", fw_cpu_name(row->level), &expected, &actual,
               "width %d, %d bits, fill %d", width, bits, fill);
    check_plane_deinit(&from);
    check_plane_deinit(&expected);
    check_plane_deinit(&actual);
    free(steps.table);
}

/* Row 0 of a plane: samples; 1 to 3: the frame before, the row above, the row itself. */
static void check_down(struct check_run *run, const struct fw_hqdn3d_kernels *row, int bits,
                       int32_t width, enum check_fill fill)
{
    const struct fw_hqdn3d_kernels *rows[] = { fw_hqdn3d_kernels(FW_CPU_C), row };
    struct steps steps;
    struct check_plane planes[2];
    steps_init(&steps, bits);
    for (int i = 0; i < 2; i++) {
        struct check_plane *plane = &planes[i];
        check_plane_init(plane, width * 2, 4, 2 * (width % 5));
        check_plane_fill(plane, fill, 2, 16, (uint32_t)width);
        uint8_t *at = plane->data;
        (bits == 8 ? rows[i]->down_u8 : rows[i]->down_u16)(
            at, (uint16_t *)(at + plane->stride), (uint16_t *)(at + 2 * plane->stride),
            (const uint16_t *)(at + 3 * plane->stride), &steps.job, width);
    }
    check_same(run, "hqdn3d down", fw_cpu_name(row->level), &planes[0], &planes[1],
               "width %d, %d bits, fill %d", width, bits, fill);
    check_plane_deinit(&planes[0]);
    check_plane_deinit(&planes[1]);
    free(steps.table);
}

void check_hqdn3d(struct check_run *run)
{
    static const int bits[] = { 8, 10, 14, 16 };
    const struct fw_hqdn3d_kernels *row = fw_hqdn3d_kernels(run->limit);
    for (;; row++) {
        for (int32_t i = 0; check_width(i); i += 1 + i / 16) {
            for (size_t k = 0; k < sizeof(bits) / sizeof(bits[0]); k++) {
                enum check_fill fill = (enum check_fill)((i + (int)k) % CHECK_FILLS);
                check_across(run, row, bits[k], check_width(i), fill);
                check_down(run, row, bits[k], check_width(i), fill);
            }
        }
        if (row->level == FW_CPU_C)
            break;
    }
}

struct bench {
    const struct fw_hqdn3d_kernels *row;
    struct steps steps;
    struct check_plane from;
    struct check_plane states; /* ROWS + 2 rows; the last two as in check_down */
    struct check_plane to;
};

static void bench_across(void *argument)
{
    struct bench *bench = argument;
    bool deep = bench->steps.job.shift < 8;
    (deep ? bench->row->across_u16 : bench->row->across_u8)(
        (uint16_t *)bench->states.data, bench->states.stride, bench->from.data, bench->from.stride,
        &bench->steps.job, 0, 1920, 4);
}

static void bench_down(void *argument)
{
    struct bench *bench = argument;
    uint8_t *states = bench->states.data;
    const ptrdiff_t stride = bench->states.stride;
    bool deep = bench->steps.job.shift < 8;
    for (int32_t y = 0; y < 4; y++)
        (deep ? bench->row->down_u16 : bench->row->down_u8)(
            bench->to.data, (uint16_t *)(states + 4 * stride), (uint16_t *)(states + 5 * stride),
            (const uint16_t *)(states + y * stride), &bench->steps.job, 1920);
}

void bench_hqdn3d(struct check_run *run)
{
    static const char *const names[][2] = { { "hqdn3d across 8", "hqdn3d down 8" },
                                            { "hqdn3d across 10", "hqdn3d down 10" },
                                            { "hqdn3d across 16", "hqdn3d down 16" } };
    static const int bits[] = { 8, 10, 16 };
    for (size_t k = 0; k < sizeof(bits) / sizeof(bits[0]); k++) {
        struct bench bench = { .row = fw_hqdn3d_kernels(run->limit) };
        steps_init(&bench.steps, bits[k]);
        int bytes = bits[k] > 8 ? 2 : 1;
        check_plane_init(&bench.from, 1920 * bytes, 4, 64);
        check_plane_init(&bench.states, 1920 * 2, 6, 0);
        check_plane_init(&bench.to, 1920 * bytes, 1, 0);
        check_plane_fill(&bench.from, CHECK_NOISE, bytes, bits[k], 1);
        for (;; bench.row++) {
            const char *variant = fw_cpu_name(bench.row->level);
            (void)check_time(run, names[k][0], variant, 4 * 1920, bench_across, &bench);
            (void)check_time(run, names[k][1], variant, 4 * 1920, bench_down, &bench);
            if (bench.row->level == FW_CPU_C)
                break;
        }
        check_plane_deinit(&bench.from);
        check_plane_deinit(&bench.states);
        check_plane_deinit(&bench.to);
        free(bench.steps.table);
    }
}
