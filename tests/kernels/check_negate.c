/* Samples turned over. */
#include "check.h"

#include "filters/kernels/negate.h"

#include <string.h>

#define ROWS 3
#define KINDS 3

static const char *const kinds[KINDS] = { "negate u8", "negate u16", "negate flip" };

static void apply(const struct fw_negate_kernels *kernels, int kind, const uint8_t *mask, void *to,
                  const void *from, int32_t bytes)
{
    if (kind == 0)
        kernels->negate_u8(to, from, bytes);
    else if (kind == 1)
        kernels->negate_u16(to, from, bytes / 2, 4095);
    else
        kernels->flip(to, from, mask, bytes);
}

static void check_case(struct check_run *run, int kind, int32_t width, enum check_fill fill)
{
    struct check_plane src;
    struct check_plane mask;
    struct check_plane expected;
    struct check_plane actual;
    int unit = kind == 1 ? 2 : 1;
    int32_t bytes = width * unit;
    check_plane_init(&src, bytes, ROWS, unit * (1 + width % 5));
    check_plane_init(&mask, bytes, 1, unit * 3);
    check_plane_init(&expected, bytes, ROWS, unit);
    check_plane_fill(&src, fill, unit, unit * 8, (uint32_t)width);
    check_plane_fill(&mask, CHECK_NOISE, unit, unit * 8, 99);
    for (int32_t y = 0; y < ROWS; y++)
        apply(fw_negate_kernels(FW_CPU_C), kind, mask.data, expected.data + y * expected.stride,
              src.data + y * src.stride, bytes);
    for (const struct fw_negate_kernels *row = fw_negate_kernels(run->limit);; row++) {
        check_plane_init(&actual, bytes, ROWS, unit * 7);
        for (int32_t y = 0; y < ROWS; y++) { /* in place, on a copy, and not */
            uint8_t *to = actual.data + y * actual.stride;
            memcpy(to, src.data + y * src.stride, (size_t)bytes);
            apply(row, kind, mask.data, to, y % 2 ? src.data + y * src.stride : to, bytes);
        }
        check_same(run, kinds[kind], fw_cpu_name(row->level), &expected, &actual,
                   "width %d fill %d", width, fill);
        check_plane_deinit(&actual);
        if (row->level == FW_CPU_C)
            break;
    }
    check_plane_deinit(&src);
    check_plane_deinit(&mask);
    check_plane_deinit(&expected);
}

void check_negate(struct check_run *run)
{
    for (int kind = 0; kind < KINDS; kind++) {
        for (int32_t i = 0; check_width(i); i++) {
            for (enum check_fill fill = 0; fill < CHECK_FILLS; fill++)
                check_case(run, kind, check_width(i), fill);
        }
    }
}

struct bench {
    const struct fw_negate_kernels *kernels;
    struct check_plane src;
    struct check_plane dst;
    int kind;
};

static void bench_body(void *argument)
{
    struct bench *bench = argument;
    for (int32_t y = 0; y < bench->src.rows; y++)
        apply(bench->kernels, bench->kind, bench->src.data, bench->dst.data + y * bench->dst.stride,
              bench->src.data + y * bench->src.stride, bench->src.row_bytes);
}

void bench_negate(struct check_run *run)
{
    for (int kind = 0; kind < KINDS; kind++) {
        for (const struct fw_negate_kernels *row = fw_negate_kernels(run->limit);; row++) {
            struct bench bench = { .kernels = row, .kind = kind };
            check_plane_init(&bench.src, 3840, 32, 64);
            check_plane_init(&bench.dst, 3840, 32, 64);
            (void)check_time(run, kinds[kind], fw_cpu_name(row->level), 3840u * 32u, bench_body,
                             &bench);
            check_plane_deinit(&bench.src);
            check_plane_deinit(&bench.dst);
            if (row->level == FW_CPU_C)
                break;
        }
    }
}
