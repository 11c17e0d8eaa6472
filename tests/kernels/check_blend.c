/* Rows of two pictures blended: every mode, whole and in part. */
#include "check.h"
#include "filters/kernels/blend.h"

static void check_row(struct check_run *run, int32_t width, int bits, enum check_fill fill)
{
    int bytes = bits > 8 ? 2 : 1;
    struct check_plane from;
    struct check_plane expected;
    struct check_plane actual;
    check_plane_init(&from, width * bytes, 2, bytes * (width % 5));
    check_plane_init(&expected, width * bytes, 1, 0);
    check_plane_init(&actual, width * bytes, 1, 0);
    check_plane_fill(&from, fill, bytes, bits, (uint32_t)width);
    const uint8_t *bottom = from.data + from.stride;
    const struct fw_blend_kernels *scalar = fw_blend_kernels(FW_CPU_C);
    for (const struct fw_blend_kernels *row = fw_blend_kernels(run->limit); row != scalar; row++) {
        for (int mode = 0; mode < FW_BLEND_COUNT; mode++) {
            float opacity = (mode + width) % 2 ? 1.0f : 0.37f;
            (bytes == 1 ? scalar->u8 : scalar->u16)[mode](expected.data, from.data, bottom, width,
                                                          opacity, bits);
            (bytes == 1 ? row->u8 : row->u16)[mode](actual.data, from.data, bottom, width, opacity,
                                                    bits);
            check_same(run, "blend", fw_cpu_name(row->level), &expected, &actual,
                       "mode %d of %d samples of %d bits, fill %d", mode, width, bits, fill);
        }
    }
    check_plane_deinit(&from);
    check_plane_deinit(&expected);
    check_plane_deinit(&actual);
}

void check_blend(struct check_run *run)
{
    static const int bits[] = { 8, 10, 16 };
    for (int32_t i = 0; check_width(i); i++) {
        for (size_t k = 0; k < sizeof(bits) / sizeof(bits[0]); k++) {
            check_row(run, check_width(i), bits[k], CHECK_NOISE);
            if (i % 16 == 0)
                check_row(run, check_width(i), bits[k], CHECK_MAX);
            if (i % 16 == 1)
                check_row(run, check_width(i), bits[k], CHECK_ZERO);
        }
    }
}

struct bench {
    fw_blend_row *row;
    struct check_plane from;
    struct check_plane to;
    int32_t bits;
};

static void bench_row(void *argument)
{
    const struct bench *bench = argument;
    bench->row(bench->to.data, bench->from.data, bench->from.data + bench->from.stride, 1920, 1,
               bench->bits);
}

void bench_blend(struct check_run *run)
{
    static const struct {
        const char *name;
        int mode;
        int bits;
    } kinds[] = { { "blend average u8", FW_BLEND_average, 8 },
                  { "blend average u10", FW_BLEND_average, 10 },
                  { "blend screen u8", FW_BLEND_screen, 8 },
                  { "blend screen u10", FW_BLEND_screen, 10 } };
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        struct bench bench = { .bits = kinds[k].bits };
        int bytes = bench.bits > 8 ? 2 : 1;
        check_plane_init(&bench.from, 1920 * bytes, 2, 64);
        check_plane_init(&bench.to, 1920 * bytes, 1, 0);
        check_plane_fill(&bench.from, CHECK_NOISE, bytes, bench.bits, 1);
        for (const struct fw_blend_kernels *row = fw_blend_kernels(run->limit);; row++) {
            bench.row = (bytes == 1 ? row->u8 : row->u16)[kinds[k].mode];
            (void)check_time(run, kinds[k].name, fw_cpu_name(row->level), 1920, bench_row, &bench);
            if (row->level == FW_CPU_C)
                break;
        }
        check_plane_deinit(&bench.from);
        check_plane_deinit(&bench.to);
    }
}
