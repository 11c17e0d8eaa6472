/* The n-th smallest of samples: networks and the search, every rank of few rows. */
#include "check.h"
#include "filters/kernels/nth.h"

#define ROWS 11

static void check_row(struct check_run *run, int32_t width, int bits, enum check_fill fill)
{
    int bytes = bits > 8 ? 2 : 1;
    struct check_plane from;
    struct check_plane expected;
    struct check_plane actual;
    const void *rows[ROWS];
    check_plane_init(&from, width * bytes, ROWS, bytes * (width % 5));
    check_plane_init(&expected, width * bytes, 1, 0);
    check_plane_init(&actual, width * bytes, 1, 0);
    check_plane_fill(&from, fill, bytes, bits, (uint32_t)width);
    for (int i = 0; i < ROWS; i++)
        rows[i] = from.data + i * from.stride;
    const struct fw_nth_kernels *scalar = fw_nth_kernels(FW_CPU_C);
    for (int32_t count = 1; count <= ROWS; count += 2) {
        const struct fw_nth nth = { rows, count, (width + (int32_t)fill) % count, bits };
        (bytes == 1 ? scalar->u8 : scalar->u16)(expected.data, &nth, width);
        const struct fw_nth_kernels *row = fw_nth_kernels(run->limit);
        for (; row != scalar; row++) {
            (bytes == 1 ? row->u8 : row->u16)(actual.data, &nth, width);
            check_same(run, "nth", fw_cpu_name(row->level), &expected, &actual,
                       "rank %d of %d rows of %d samples of %d bits, fill %d", nth.rank, count,
                       width, bits, fill);
        }
    }
    check_plane_deinit(&from);
    check_plane_deinit(&expected);
    check_plane_deinit(&actual);
}

void check_nth(struct check_run *run)
{
    static const int bits[] = { 8, 10, 16 };
    static const enum check_fill fills[] = { CHECK_MAX, CHECK_RAMP, CHECK_NOISE };
    for (int32_t i = 0; check_width(i); i++) {
        for (size_t k = 0; k < sizeof(bits) / sizeof(bits[0]); k++) {
            for (size_t f = 0; f < sizeof(fills) / sizeof(fills[0]); f++)
                check_row(run, check_width(i), bits[k], fills[f]);
        }
    }
}

struct bench {
    void (*nth)(void *dst, const struct fw_nth *nth, int32_t width);
    struct fw_nth job;
    void *to;
};

static void bench_row(void *argument)
{
    const struct bench *bench = argument;
    bench->nth(bench->to, &bench->job, 1920);
}

void bench_nth(struct check_run *run)
{
    static const char *const names[] = { "nth u8 of 3",  "nth u16 of 3", "nth u8 of 5",
                                         "nth u16 of 5", "nth u8 of 9",  "nth u16 of 9" };
    for (int kind = 0; kind < 6; kind++) {
        int bytes = kind % 2 + 1;
        int32_t count = kind / 2 == 2 ? 9 : kind / 2 * 2 + 3;
        struct check_plane from;
        struct check_plane to;
        const void *rows[ROWS];
        check_plane_init(&from, 1920 * bytes, ROWS, 64);
        check_plane_init(&to, 1920 * bytes, 1, 0);
        check_plane_fill(&from, CHECK_NOISE, bytes, bytes * 8, 1);
        for (int i = 0; i < ROWS; i++)
            rows[i] = from.data + i * from.stride;
        const struct fw_nth_kernels *row = fw_nth_kernels(run->limit);
        for (;; row++) {
            struct bench bench = { bytes == 1 ? row->u8 : row->u16,
                                   { rows, count, count / 2, 8 * bytes },
                                   to.data };
            (void)check_time(run, names[kind], fw_cpu_name(row->level), 1920, bench_row, &bench);
            if (row->level == FW_CPU_C)
                break;
        }
        check_plane_deinit(&from);
        check_plane_deinit(&to);
    }
}
