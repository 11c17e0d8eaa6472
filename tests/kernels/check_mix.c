/* Means of rows: with and without weights, for few and many rows. */
#include "check.h"
#include "filters/kernels/mix.h"

#define ROWS 9

static const float weights[ROWS] = { 1, 0.3f, -0.5f, 1.7f, 2, 1, 0, 3, -1 };

static void point_at(const void **rows, const struct check_plane *plane)
{
    for (int i = 0; i < ROWS; i++)
        rows[i] = plane->data + i * plane->stride;
}

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
    point_at(rows, &from);
    const struct fw_mix_kernels *scalar = fw_mix_kernels(FW_CPU_C);
    for (const struct fw_mix_kernels *row = fw_mix_kernels(run->limit); row != scalar; row++) {
        for (int weighted = 0; weighted < 2; weighted++) {
            int32_t count = weighted ? ROWS : 1 + width % ROWS;
            const struct fw_mix mix = { rows, weighted ? weights : NULL, count, (1 << bits) - 1,
                                        weighted ? 0.4f : 1 / (float)count };
            (bytes == 1 ? scalar->u8 : scalar->u16)(expected.data, &mix, width);
            (bytes == 1 ? row->u8 : row->u16)(actual.data, &mix, width);
            check_same(run, "mix", fw_cpu_name(row->level), &expected, &actual,
                       "%d rows of %d samples of %d bits, fill %d, weighted %d", count, width, bits,
                       fill, weighted);
        }
    }
    check_plane_deinit(&from);
    check_plane_deinit(&expected);
    check_plane_deinit(&actual);
}

void check_mix(struct check_run *run)
{
    static const int bits[] = { 8, 10, 16 };
    for (int32_t i = 0; check_width(i); i++) {
        for (size_t k = 0; k < sizeof(bits) / sizeof(bits[0]); k++) {
            for (int fill = 0; fill < CHECK_FILLS; fill++)
                check_row(run, check_width(i), bits[k], (enum check_fill)fill);
        }
    }
}

struct bench {
    void (*mix)(void *dst, const struct fw_mix *mix, int32_t width);
    struct fw_mix job;
    void *to;
};

static void bench_row(void *argument)
{
    const struct bench *bench = argument;
    bench->mix(bench->to, &bench->job, 1920);
}

void bench_mix(struct check_run *run)
{
    static const char *const names[] = { "mix u8", "mix u16", "mix u8 weighted",
                                         "mix u16 weighted" };
    for (int kind = 0; kind < 4; kind++) {
        int bytes = kind % 2 + 1;
        struct check_plane from;
        struct check_plane to;
        const void *rows[ROWS];
        check_plane_init(&from, 1920 * bytes, ROWS, 64);
        check_plane_init(&to, 1920 * bytes, 1, 0);
        check_plane_fill(&from, CHECK_NOISE, bytes, bytes * 8, 1);
        point_at(rows, &from);
        const struct fw_mix_kernels *row = fw_mix_kernels(run->limit);
        for (;; row++) {
            struct bench bench = { bytes == 1 ? row->u8 : row->u16,
                                   { rows, kind > 1 ? weights : NULL, 3, (1 << 8 * bytes) - 1,
                                     1 / 3.0f },
                                   to.data };
            (void)check_time(run, names[kind], fw_cpu_name(row->level), 1920, bench_row, &bench);
            if (row->level == FW_CPU_C)
                break;
        }
        check_plane_deinit(&from);
        check_plane_deinit(&to);
    }
}
