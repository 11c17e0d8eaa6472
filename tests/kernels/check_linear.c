/* Samples times a factor plus an offset, against the sum in wide integers. */
#include "check.h"

#include "filters/kernels/linear.h"

#include <string.h>

#define ROWS 3

static const int32_t gains[] = { 4096, 0, -4096, 5000, 32358, -32358, 1 };
static const int32_t offsets[] = { 0, -1, 700, -130000, 12, -700, 255 };
#define CASES (int32_t)(sizeof(gains) / sizeof(gains[0]))

static void define(void *to, const void *from, int32_t count, int unit, int32_t pick,
                   int32_t maximum)
{
    for (int32_t i = 0; i < count; i++) {
        int64_t sample = unit == 1 ? ((const uint8_t *)from)[i] : ((const uint16_t *)from)[i];
        int64_t value = ((sample * gains[pick]) >> 12) + offsets[pick];
        value = value < 0 ? 0 : value > maximum ? maximum : value;
        if (unit == 1)
            ((uint8_t *)to)[i] = (uint8_t)value;
        else
            ((uint16_t *)to)[i] = (uint16_t)value;
    }
}

static void apply(const struct fw_linear_kernels *kernels, void *to, const void *from,
                  int32_t count, int unit, int32_t pick, int32_t maximum)
{
    if (unit == 1)
        kernels->scale_u8(to, from, count, gains[pick], offsets[pick]);
    else
        kernels->scale_u16(to, from, count, gains[pick], offsets[pick], maximum);
}

static void check_case(struct check_run *run, int unit, int bits, int32_t width, int32_t pick,
                       enum check_fill fill)
{
    struct check_plane src;
    struct check_plane expected;
    struct check_plane actual;
    int32_t bytes = width * unit;
    int32_t maximum = (1 << bits) - 1;
    check_plane_init(&src, bytes, ROWS, unit * (1 + width % 5));
    check_plane_init(&expected, bytes, ROWS, unit);
    check_plane_fill(&src, fill, unit, bits, (uint32_t)width);
    for (int32_t y = 0; y < ROWS; y++)
        define(expected.data + y * expected.stride, src.data + y * src.stride, width, unit, pick,
               maximum);
    for (const struct fw_linear_kernels *row = fw_linear_kernels(run->limit);; row++) {
        check_plane_init(&actual, bytes, ROWS, unit * 7);
        for (int32_t y = 0; y < ROWS; y++) { /* in place, on a copy, and not */
            uint8_t *to = actual.data + y * actual.stride;
            memcpy(to, src.data + y * src.stride, (size_t)bytes);
            apply(row, to, y % 2 ? src.data + y * src.stride : to, width, unit, pick, maximum);
        }
        check_same(run, unit == 1 ? "linear u8" : "linear u16", fw_cpu_name(row->level), &expected,
                   &actual, "width %d bits %d gain %d offset %d fill %d", width, bits, gains[pick],
                   offsets[pick], fill);
        check_plane_deinit(&actual);
        if (row->level == FW_CPU_C)
            break;
    }
    check_plane_deinit(&src);
    check_plane_deinit(&expected);
}

void check_linear(struct check_run *run)
{
    static const int bits[] = { 8, 10, 16 };
    for (int b = 0; b < 3; b++) {
        for (int32_t i = 0; check_width(i); i++) {
            check_case(run, b == 0 ? 1 : 2, bits[b], check_width(i), i % CASES, CHECK_NOISE);
            check_case(run, b == 0 ? 1 : 2, bits[b], check_width(i), (i + 3) % CASES,
                       (enum check_fill)(i % CHECK_FILLS));
        }
    }
}

struct bench {
    const struct fw_linear_kernels *kernels;
    struct check_plane src;
    struct check_plane dst;
    int unit;
};

static void bench_body(void *argument)
{
    struct bench *bench = argument;
    for (int32_t y = 0; y < bench->src.rows; y++)
        apply(bench->kernels, bench->dst.data + y * bench->dst.stride,
              bench->src.data + y * bench->src.stride, bench->src.row_bytes / bench->unit,
              bench->unit, 3, bench->unit == 1 ? 255 : 1023);
}

void bench_linear(struct check_run *run)
{
    for (int unit = 1; unit <= 2; unit++) {
        for (const struct fw_linear_kernels *row = fw_linear_kernels(run->limit);; row++) {
            struct bench bench = { .kernels = row, .unit = unit };
            check_plane_init(&bench.src, 1920 * unit, 32, 64);
            check_plane_init(&bench.dst, 1920 * unit, 32, 64);
            (void)check_time(run, unit == 1 ? "linear u8" : "linear u16", fw_cpu_name(row->level),
                             1920u * 32u, bench_body, &bench);
            check_plane_deinit(&bench.src);
            check_plane_deinit(&bench.dst);
            if (row->level == FW_CPU_C)
                break;
        }
    }
}
