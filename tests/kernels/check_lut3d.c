/* Colours through a table with three dimensions. */
#include "check.h"

#include "filters/kernels/lut3d.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_MAX_NODES 33
#define LAYOUTS 3

struct table {
    struct fw_lut3d lut;
    float *nodes;
    float *places;
};

static float next_float(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * (1.2f / 16777216) - 0.1f;
}

static void table_init(struct table *table, int32_t size, uint32_t depth, bool curves)
{
    size_t count = (size_t)(size + 1) * (size_t)(size + 1) * (size_t)(size + 1);
    size_t bytes = (count * 4 * sizeof(float) + 63) / 64 * 64;
    uint32_t state = 7;
    table->nodes = aligned_alloc(64, bytes);
    table->places = malloc(((size_t)1 << depth) * sizeof(float));
    if (!table->nodes || !table->places)
        abort();
    for (size_t i = 0; i < count * 4; i++)
        table->nodes[i] = next_float(&state);
    for (size_t i = 0; i < (size_t)1 << depth; i++)
        table->places[i] = (next_float(&state) + 0.1f) / 1.2f * (float)(size - 1);
    table->lut = (struct fw_lut3d){ .nodes = table->nodes,
                                    .size = size,
                                    .depth = depth,
                                    .unit = 1.0f / (float)((1u << depth) - 1) };
    for (int c = 0; c < 3; c++) {
        table->lut.scale[c] = (1 - 0.1f * (float)c) * (float)(size - 1);
        table->lut.places[c] = curves ? table->places : NULL;
    }
}

static void table_deinit(struct table *table)
{
    free(table->nodes);
    free(table->places);
}

static const int32_t steps[LAYOUTS] = { 1, 3, 4 };

/* Planar: three rows are the planes; packed: the first row alone. */
static void apply(const struct fw_lut3d_kernels *kernels, const struct fw_lut3d *lut, int layout,
                  const struct check_plane *dst, const struct check_plane *src, int32_t width)
{
    struct fw_lut3d_row row = { .step = steps[layout], .lane = { 2, 1, 0, 3 } };
    for (int c = 0; c < 3; c++) {
        row.src[c] = src->data + (layout == 0 ? c * src->stride : 0);
        row.dst[c] = dst->data + (layout == 0 ? c * dst->stride : 0);
    }
    kernels->row(lut, &row, width);
}

static void check_case(struct check_run *run, const struct fw_lut3d *lut, int layout, int32_t width,
                       enum check_fill fill)
{
    struct check_plane src;
    struct check_plane expected;
    struct check_plane actual;
    int unit = lut->depth == 8 ? 1 : 2;
    int32_t bytes = width * steps[layout] * unit;
    int32_t rows = layout == 0 ? 3 : 1;
    check_plane_init(&src, bytes, rows, unit * (1 + width % 5));
    check_plane_init(&expected, bytes, rows, unit);
    check_plane_fill(&src, fill, unit, (int)lut->depth, (uint32_t)width);
    apply(fw_lut3d_kernels(FW_CPU_C), lut, layout, &expected, &src, width);
    for (const struct fw_lut3d_kernels *row = fw_lut3d_kernels(run->limit);; row++) {
        bool in_place = width % 2;
        check_plane_init(&actual, bytes, rows, unit * 3);
        for (int32_t y = 0; y < rows && in_place; y++)
            memcpy(actual.data + y * actual.stride, src.data + y * src.stride, (size_t)bytes);
        apply(row, lut, layout, &actual, in_place ? &actual : &src, width);
        check_same(run, "lut3d", fw_cpu_name(row->level), &expected, &actual,
                   "size %d depth %u step %d interpolation %d width %d fill %d", lut->size,
                   lut->depth, steps[layout], (int)lut->interpolation, width, fill);
        check_plane_deinit(&actual);
        if (row->level == FW_CPU_C)
            break;
    }
    check_plane_deinit(&src);
    check_plane_deinit(&expected);
}

void check_lut3d(struct check_run *run)
{
    static const uint32_t depths[] = { 8, 10, 16 };
    for (uint32_t i = 0; i < 12; i++) {
        struct table table;
        table_init(&table, i % 4 < 2 ? SIZE_MAX_NODES : 2, depths[i % 3], i % 4 == 1);
        for (int layout = 0; layout < LAYOUTS; layout++) {
            for (int32_t w = 0; check_width(w); w++) {
                table.lut.interpolation = w % 3 ? FW_LUT3D_TETRAHEDRAL
                                                : (enum fw_lut3d_interpolation)(w / 3 % 5);
                check_case(run, &table.lut, layout, check_width(w),
                           w % 2 ? CHECK_NOISE : (enum check_fill)(w / 2 % CHECK_FILLS));
            }
        }
        table_deinit(&table);
    }
}

struct bench {
    const struct fw_lut3d_kernels *kernels;
    struct table table;
    struct check_plane src;
    struct check_plane dst;
    int layout;
};

static void bench_body(void *argument)
{
    struct bench *bench = argument;
    apply(bench->kernels, &bench->table.lut, bench->layout, &bench->dst, &bench->src, 1920);
}

void bench_lut3d(struct check_run *run)
{
    static const char *const names[] = { "lut3d planar 8", "lut3d packed3 8", "lut3d packed4 8",
                                         "lut3d planar 16", "lut3d trilinear 8" };
    for (int kind = 0; kind < 5; kind++) {
        for (const struct fw_lut3d_kernels *row = fw_lut3d_kernels(run->limit);; row++) {
            struct bench bench = { .kernels = row, .layout = kind % 3 };
            int unit = kind == 3 ? 2 : 1;
            table_init(&bench.table, 33, kind == 3 ? 16 : 8, false);
            bench.table.lut.interpolation = kind == 4 ? FW_LUT3D_TRILINEAR : FW_LUT3D_TETRAHEDRAL;
            check_plane_init(&bench.src, 1920 * unit * steps[bench.layout], 3, 64);
            check_plane_init(&bench.dst, 1920 * unit * steps[bench.layout], 3, 64);
            check_plane_fill(&bench.src, CHECK_RAMP, unit, 8 * unit, 1);
            (void)check_time(run, names[kind], fw_cpu_name(row->level), 1920, bench_body, &bench);
            check_plane_deinit(&bench.src);
            check_plane_deinit(&bench.dst);
            table_deinit(&bench.table);
            if (row->level == FW_CPU_C)
                break;
        }
    }
}
