/* Erosion, dilation, deflation and inflation of rows. */
#include "check.h"

#include "filters/kernels/neighbor.h"

static const char *const names[FW_NEIGHBOR_COUNT] = { "neighbor erode", "neighbor dilate",
                                                      "neighbor deflate", "neighbor inflate" };

static void run_row(const struct fw_neighbor_kernels *row, enum fw_neighbor kind, int bits,
                    struct fw_neighbor_rows *rows, const struct check_plane *dst,
                    const struct check_plane *src)
{
    int unit = bits > 8 ? 2 : 1;
    for (int i = 0; i < 3; i++)
        rows->rows[i] = src->data + i * src->stride + unit;
    if (bits > 8)
        row->row_u16[kind]((uint16_t *)(void *)dst->data, rows);
    else
        row->row_u8[kind](dst->data, rows);
}

static void check_row(struct check_run *run, enum fw_neighbor kind, int bits, int32_t width,
                      enum check_fill fill)
{
    static const uint32_t chosen[] = { 255, 1, 0, 66, 189 };
    struct check_plane src;
    struct check_plane want;
    struct check_plane got;
    int unit = bits > 8 ? 2 : 1;
    struct fw_neighbor_rows rows = { .width = width,
                                     .chosen = chosen[width % 5],
                                     .threshold = width % 3 ? 65535 : 1 + width % 200,
                                     .peak = (1 << bits) - 1 };
    check_plane_init(&src, (width + 2) * unit, 3, 3 * unit);
    check_plane_init(&want, width * unit, 1, 0);
    check_plane_init(&got, width * unit, 1, 0);
    check_plane_fill(&src, fill, unit, bits, (uint32_t)width);
    run_row(fw_neighbor_kernels(FW_CPU_C), kind, bits, &rows, &want, &src);
    for (int level = (int)run->limit; level > FW_CPU_C; level--) {
        const struct fw_neighbor_kernels *row = fw_neighbor_kernels(level);
        run_row(row, kind, bits, &rows, &got, &src);
        check_same(run, names[kind], fw_cpu_name(row->level), &want, &got,
                   "width %d, %d bits, chosen %u", width, bits, rows.chosen);
    }
    check_plane_deinit(&src);
    check_plane_deinit(&want);
    check_plane_deinit(&got);
}

void check_neighbor(struct check_run *run)
{
    for (int kind = 0; kind < FW_NEIGHBOR_COUNT; kind++) {
        for (int32_t w = 0; check_width(w); w++) {
            check_row(run, kind, 8, check_width(w), CHECK_NOISE);
            check_row(run, kind, 16, check_width(w), CHECK_NOISE);
            check_row(run, kind, 10, check_width(w), w % CHECK_FILLS);
        }
    }
}

struct job {
    const struct fw_neighbor_kernels *row;
    enum fw_neighbor kind;
    int bits;
    struct fw_neighbor_rows rows;
    struct check_plane src;
    struct check_plane dst;
};

static void run_job(void *argument)
{
    struct job *job = argument;
    run_row(job->row, job->kind, job->bits, &job->rows, &job->dst, &job->src);
}

void bench_neighbor(struct check_run *run)
{
    for (int kind = 0; kind < FW_NEIGHBOR_COUNT; kind++) {
        for (int bits = 8; bits <= 16; bits += 8) {
            struct job job = { .kind = kind,
                               .bits = bits,
                               .rows = { .width = 1920,
                                         .chosen = 255,
                                         .threshold = 65535,
                                         .peak = (1 << bits) - 1 } };
            check_plane_init(&job.src, 1922 * 2, 3, 62);
            check_plane_init(&job.dst, 1920 * 2, 1, 64);
            for (int level = (int)run->limit; level >= FW_CPU_C; level--) {
                job.row = fw_neighbor_kernels(level);
                (void)check_time(run, names[kind], fw_cpu_name(level), 1920, run_job, &job);
            }
            check_plane_deinit(&job.src);
            check_plane_deinit(&job.dst);
        }
    }
}
