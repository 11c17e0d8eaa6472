/* A still picture over a row: the bytes that the row had before count. */
#include "check.h"
#include "filters/kernels/cover.h"

#include <string.h>

/* A row below what it is covered with: keep in rows 0 and add in rows 1 of `over`. */
struct rows {
    struct check_plane under;
    struct check_plane over;
    struct check_plane more;
};

static void init(struct rows *rows, int32_t width, int bytes, enum check_fill fill)
{
    const int32_t max = bytes == 1 ? 255 : 1023;
    check_plane_init(&rows->under, width * bytes, 1, bytes);
    check_plane_init(&rows->over, width * 2, 1, 2);
    check_plane_init(&rows->more, width * bytes * 2, 1, 4);
    check_plane_fill(&rows->under, fill, bytes, bytes == 1 ? 8 : 10, (uint32_t)width);
    for (int32_t x = 0; x < width; x++) {
        int32_t alpha = fill == CHECK_MAX ? max : (x * 37) % (max + 1);
        int32_t value = fill == CHECK_ZERO ? 0 : max - (x * 11) % (max + 1);
        uint16_t keep = (uint16_t)(max - alpha);
        uint16_t add = (uint16_t)(value * alpha + 128);
        uint32_t wide = (uint32_t)(value * alpha);
        memcpy(rows->over.data + (ptrdiff_t)x * 2, &keep, 2);
        if (bytes == 1)
            memcpy(rows->more.data + (ptrdiff_t)x * 2, &add, 2);
        else
            memcpy(rows->more.data + (ptrdiff_t)x * 4, &wide, 4);
    }
}

static void deinit(struct rows *rows)
{
    check_plane_deinit(&rows->under);
    check_plane_deinit(&rows->over);
    check_plane_deinit(&rows->more);
}

static void cover(const struct fw_cover_kernels *kernels, const struct rows *rows, int32_t width,
                  int bytes)
{
    const uint16_t *keep = (const uint16_t *)(const void *)rows->over.data;
    if (bytes == 1)
        kernels->u8(rows->under.data, keep, (const uint16_t *)(const void *)rows->more.data, width);
    else
        kernels->u10((uint16_t *)(void *)rows->under.data, keep,
                     (const uint32_t *)(const void *)rows->more.data, width);
}

void check_cover(struct check_run *run)
{
    const struct fw_cover_kernels *scalar = fw_cover_kernels(FW_CPU_C);
    const struct fw_cover_kernels *row = fw_cover_kernels(run->limit);
    for (; row != scalar; row++) {
        for (int32_t i = 0; check_width(i); i++) {
            for (int fill = 0; fill < CHECK_FILLS * 2; fill++) {
                int bytes = fill % 2 + 1;
                struct rows expected;
                struct rows actual;
                init(&expected, check_width(i), bytes, (enum check_fill)(fill / 2));
                init(&actual, check_width(i), bytes, (enum check_fill)(fill / 2));
                cover(scalar, &expected, check_width(i), bytes);
                cover(row, &actual, check_width(i), bytes);
                check_same(run, "cover", fw_cpu_name(row->level), &expected.under, &actual.under,
                           "%d samples of %d bytes, fill %d", check_width(i), bytes, fill / 2);
                deinit(&expected);
                deinit(&actual);
            }
        }
    }
}

struct bench {
    const struct fw_cover_kernels *row;
    struct rows rows;
    int bytes;
};

static void bench_row(void *argument)
{
    const struct bench *bench = argument;
    cover(bench->row, &bench->rows, 1920, bench->bytes);
}

void bench_cover(struct check_run *run)
{
    for (int bytes = 1; bytes <= 2; bytes++) {
        struct bench bench = { fw_cover_kernels(run->limit), { .under = { 0 } }, bytes };
        init(&bench.rows, 1920, bytes, CHECK_NOISE);
        for (;; bench.row++) {
            (void)check_time(run, bytes == 1 ? "cover u8" : "cover u10",
                             fw_cpu_name(bench.row->level), 1920, bench_row, &bench);
            if (bench.row->level == FW_CPU_C)
                break;
        }
        deinit(&bench.rows);
    }
}
