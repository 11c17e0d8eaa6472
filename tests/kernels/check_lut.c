/* Samples through tables. */
#include "check.h"

#include "filters/kernels/lut.h"

#include <stdlib.h>
#include <string.h>

#define ROWS 3

struct tables {
    uint8_t bytes[4 * 256];
    uint16_t *words; /* 4 tables of 65536 */
};

static void tables_init(struct tables *tables)
{
    uint32_t state = 1;
    tables->words = malloc(4 * 65536 * sizeof(uint16_t));
    if (!tables->words)
        abort();
    for (size_t i = 0; i < 4 * 65536; i++) {
        state = state * 1664525u + 1013904223u;
        tables->words[i] = (uint16_t)(state >> 16);
        if (i < sizeof(tables->bytes))
            tables->bytes[i] = (uint8_t)(state >> 24);
    }
}

static void apply(const struct fw_lut_kernels *kernels, const struct tables *tables, int kind,
                  void *to, const void *from, int32_t pixels)
{
    if (kind == 0)
        kernels->map_u8(to, from, pixels, tables->bytes + 256);
    else if (kind == 1)
        kernels->map3_u8(to, from, pixels, tables->bytes);
    else if (kind == 2)
        kernels->map4_u8(to, from, pixels, tables->bytes);
    else if (kind == 3)
        kernels->map_u16(to, from, pixels, tables->words);
    else
        kernels->map_packed_u16(to, from, pixels, kind == 4 ? 3 : 4, tables->words);
}

static const char *const kinds[] = { "lut map_u8",  "lut map3_u8",     "lut map4_u8",
                                     "lut map_u16", "lut packed3_u16", "lut packed4_u16" };
static const int32_t pixel_bytes[] = { 1, 3, 4, 2, 6, 8 };

static void check_case(struct check_run *run, const struct tables *tables, int kind, int32_t width,
                       enum check_fill fill)
{
    struct check_plane src;
    struct check_plane expected;
    struct check_plane actual;
    int unit = kind < 3 ? 1 : 2;
    int32_t bytes = width * pixel_bytes[kind];
    int32_t pad = unit * (1 + width % 5);
    check_plane_init(&src, bytes, ROWS, pad);
    check_plane_init(&expected, bytes, ROWS, pad);
    check_plane_fill(&src, fill, unit, unit * 8, (uint32_t)width);
    for (int32_t y = 0; y < ROWS; y++)
        apply(fw_lut_kernels(FW_CPU_C), tables, kind, expected.data + y * expected.stride,
              src.data + y * src.stride, width);
    for (const struct fw_lut_kernels *row = fw_lut_variants;; row++) {
        if (row->level <= run->limit) {
            check_plane_init(&actual, bytes, ROWS, pad + unit * 2);
            for (int32_t y = 0; y < ROWS; y++) { /* in place, on a copy */
                memcpy(actual.data + y * actual.stride, src.data + y * src.stride, (size_t)bytes);
                apply(row, tables, kind, actual.data + y * actual.stride,
                      y % 2 ? src.data + y * src.stride : actual.data + y * actual.stride, width);
            }
            check_same(run, kinds[kind], fw_cpu_name(row->level), &expected, &actual,
                       "width %d fill %d", width, fill);
            check_plane_deinit(&actual);
        }
        if (row->level == FW_CPU_C)
            break;
    }
    check_plane_deinit(&src);
    check_plane_deinit(&expected);
}

void check_lut(struct check_run *run)
{
    struct tables tables;
    tables_init(&tables);
    for (int kind = 0; kind < 6; kind++) {
        for (int32_t i = 0; check_width(i); i++) {
            for (enum check_fill fill = 0; fill < CHECK_FILLS; fill++)
                check_case(run, &tables, kind, check_width(i), fill);
        }
    }
    free(tables.words);
}

struct bench {
    const struct fw_lut_kernels *kernels;
    const struct tables *tables;
    struct check_plane src;
    struct check_plane dst;
    int kind;
};

static void bench_body(void *argument)
{
    struct bench *bench = argument;
    for (int32_t y = 0; y < bench->src.rows; y++)
        apply(bench->kernels, bench->tables, bench->kind, bench->dst.data + y * bench->dst.stride,
              bench->src.data + y * bench->src.stride, 1920);
}

void bench_lut(struct check_run *run)
{
    struct tables tables;
    tables_init(&tables);
    for (int kind = 0; kind < 6; kind++) {
        for (const struct fw_lut_kernels *row = fw_lut_variants;; row++) {
            struct bench bench = { .kernels = row, .tables = &tables, .kind = kind };
            int unit = kind < 3 ? 1 : 2;
            check_plane_init(&bench.src, 1920 * pixel_bytes[kind], 32, 64);
            check_plane_init(&bench.dst, 1920 * pixel_bytes[kind], 32, 64);
            check_plane_fill(&bench.src, CHECK_NOISE, unit, unit == 1 ? 8 : 10, 1);
            if (row->level <= run->limit)
                check_time(run, kinds[kind], fw_cpu_name(row->level),
                           (uint64_t)(1920 * 32) * (uint64_t)(pixel_bytes[kind] / unit), bench_body,
                           &bench);
            check_plane_deinit(&bench.src);
            check_plane_deinit(&bench.dst);
            if (row->level == FW_CPU_C)
                break;
        }
    }
    free(tables.words);
}
