/* The edge operators on rows. */
#include "check.h"

#include "filters/kernels/gradient.h"

static const char *const names[FW_GRADIENT_COUNT] = { "gradient sobel", "gradient prewitt",
                                                      "gradient scharr", "gradient roberts",
                                                      "gradient kirsch" };

static void run_row(const struct fw_gradient_kernels *row, enum fw_gradient kind, int bits,
                    struct fw_gradient_rows *rows, const struct check_plane *dst,
                    const struct check_plane *src)
{
    for (int i = 0; i < 3; i++)
        rows->rows[i] = (const uint16_t *)(const void *)(src->data + i * src->stride) + 1;
    if (bits > 8)
        row->row_u16[kind]((uint16_t *)(void *)dst->data, rows);
    else
        row->row_u8[kind](dst->data, rows);
}

static void check_row(struct check_run *run, enum fw_gradient kind, int bits, int32_t width,
                      enum check_fill fill)
{
    struct check_plane src;
    struct check_plane want;
    struct check_plane got;
    int unit = bits > 8 ? 2 : 1;
    struct fw_gradient_rows rows = { .width = width,
                                     .scale = width % 3 ? 1.0f : 0.37f * (float)width,
                                     .delta = width % 4 ? 0.0f : -20.3f,
                                     .peak = (float)((1 << bits) - 1) };
    check_plane_init(&src, (width + 2) * 2, 3, 6);
    check_plane_init(&want, width * unit, 1, 0);
    check_plane_init(&got, width * unit, 1, 0);
    check_plane_fill(&src, fill, 2, bits, (uint32_t)width);
    run_row(fw_gradient_kernels(FW_CPU_C), kind, bits, &rows, &want, &src);
    for (int level = (int)run->limit; level > FW_CPU_C; level--) {
        const struct fw_gradient_kernels *row = fw_gradient_kernels(level);
        run_row(row, kind, bits, &rows, &got, &src);
        check_same(run, names[kind], fw_cpu_name(row->level), &want, &got, "width %d, %d bits",
                   width, bits);
    }
    check_plane_deinit(&src);
    check_plane_deinit(&want);
    check_plane_deinit(&got);
}

void check_gradient(struct check_run *run)
{
    for (int kind = 0; kind < FW_GRADIENT_COUNT; kind++) {
        for (int32_t w = 0; check_width(w); w++) {
            check_row(run, kind, 8, check_width(w), CHECK_NOISE);
            check_row(run, kind, 16, check_width(w), CHECK_NOISE);
            check_row(run, kind, 10, check_width(w), w % CHECK_FILLS);
        }
    }
}

struct job {
    const struct fw_gradient_kernels *row;
    enum fw_gradient kind;
    int bits;
    struct fw_gradient_rows rows;
    struct check_plane src;
    struct check_plane dst;
};

static void run_job(void *argument)
{
    struct job *job = argument;
    run_row(job->row, job->kind, job->bits, &job->rows, &job->dst, &job->src);
}

void bench_gradient(struct check_run *run)
{
    for (int kind = 0; kind < FW_GRADIENT_COUNT; kind++) {
        for (int bits = 8; bits <= 16; bits += 8) {
            struct job job = {
                .kind = kind,
                .bits = bits,
                .rows = { .width = 1920, .scale = 1.0f, .peak = (float)((1 << bits) - 1) }
            };
            check_plane_init(&job.src, 1922 * 2, 3, 62);
            check_plane_init(&job.dst, 1920 * 2, 1, 64);
            for (int level = (int)run->limit; level >= FW_CPU_C; level--) {
                job.row = fw_gradient_kernels(level);
                (void)check_time(run, names[kind], fw_cpu_name(level), 1920, run_job, &job);
            }
            check_plane_deinit(&job.src);
            check_plane_deinit(&job.dst);
        }
    }
}
