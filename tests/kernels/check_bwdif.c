/* Rows of a field between frames: every kind, at 8 bits, in 16-bit lanes and in 32-bit ones. */
#include "check.h"
#include "filters/kernels/bwdif.h"

#define ROWS 18 /* that a missing row reads */

/* Rows of one plane in the order of struct fw_bwdif_rows. */
static struct fw_bwdif_rows rows_of(const struct check_plane *plane)
{
    struct fw_bwdif_rows rows;
    const void **slots[ROWS];
    int count = 0;
    for (int i = 0; i < 2; i++) {
        slots[count++] = &rows.prev[i];
        slots[count++] = &rows.next[i];
    }
    for (int i = 0; i < 4; i++)
        slots[count++] = &rows.cur[i];
    for (int i = 0; i < 5; i++) {
        slots[count++] = &rows.past[i];
        slots[count++] = &rows.future[i];
    }
    for (int i = 0; i < ROWS; i++)
        *slots[i] = plane->data + i * plane->stride;
    return rows;
}

static void check_row(struct check_run *run, int32_t width, int bits, enum check_fill fill)
{
    int bytes = bits > 8 ? 2 : 1;
    struct check_plane from;
    struct check_plane expected;
    struct check_plane actual;
    check_plane_init(&from, width * bytes, ROWS, bytes * (width % 5));
    check_plane_init(&expected, width * bytes, 1, 0);
    check_plane_init(&actual, width * bytes, 1, 0);
    check_plane_fill(&from, fill, bytes, bits, (uint32_t)width);
    struct fw_bwdif_rows rows = rows_of(&from);
    const struct fw_bwdif_kernels *scalar = fw_bwdif_kernels(FW_CPU_C);
    for (const struct fw_bwdif_kernels *variant = fw_bwdif_variants; variant != scalar; variant++) {
        if (variant->level > run->limit)
            continue;
        for (int kind = 0; kind < FW_BWDIF_KINDS; kind++) {
            int32_t max = (1 << bits) - 1;
            (bytes == 1 ? scalar->u8 : scalar->u16)[kind](expected.data, &rows, width, max);
            (bytes == 1 ? variant->u8 : variant->u16)[kind](actual.data, &rows, width, max);
            check_same(run, "bwdif", fw_cpu_name(variant->level), &expected, &actual,
                       "kind %d, %d samples of %d bits, fill %d", kind, width, bits, fill);
        }
    }
    check_plane_deinit(&from);
    check_plane_deinit(&expected);
    check_plane_deinit(&actual);
}

void check_bwdif(struct check_run *run)
{
    static const int bits[] = { 8, 10, 12, 14, 16 };
    for (int32_t i = 0; check_width(i); i++) {
        for (size_t k = 0; k < sizeof(bits) / sizeof(bits[0]); k++) {
            for (int fill = 0; fill < CHECK_FILLS; fill++)
                check_row(run, check_width(i), bits[k], (enum check_fill)fill);
        }
    }
}

struct bench {
    void (*line)(void *dst, const struct fw_bwdif_rows *rows, int32_t width, int32_t max);
    struct fw_bwdif_rows rows;
    void *to;
    int32_t width;
    int32_t max;
};

static void bench_line(void *argument)
{
    const struct bench *bench = argument;
    bench->line(bench->to, &bench->rows, bench->width, bench->max);
}

void bench_bwdif(struct check_run *run)
{
    static const int bits[] = { 8, 10, 16 };
    static const char *const names[] = { "bwdif u8", "bwdif u10", "bwdif u16" };
    for (size_t k = 0; k < sizeof(bits) / sizeof(bits[0]); k++) {
        struct check_plane from;
        struct check_plane to;
        int bytes = bits[k] > 8 ? 2 : 1;
        check_plane_init(&from, 1920 * bytes, ROWS, 64);
        check_plane_init(&to, 1920 * bytes, 1, 0);
        check_plane_fill(&from, CHECK_NOISE, bytes, bits[k], 1);
        for (const struct fw_bwdif_kernels *variant = fw_bwdif_variants;; variant++) {
            struct bench bench = { bytes == 1 ? variant->u8[0] : variant->u16[0], rows_of(&from),
                                   to.data, 1920, (1 << bits[k]) - 1 };
            if (variant->level <= run->limit)
                (void)check_time(run, names[k], fw_cpu_name(variant->level), 1920, bench_line,
                                 &bench);
            if (variant->level == FW_CPU_C)
                break;
        }
        check_plane_deinit(&from);
        check_plane_deinit(&to);
    }
}
