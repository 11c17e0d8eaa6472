/* Weighted sums of taps that lie side by side in three rows. */
#include "check.h"

#include "filters/kernels/convolve.h"

static void run_row(const struct fw_convolve_kernels *row, const struct fw_convolve *op,
                    const struct check_plane *dst, const struct check_plane *src, int32_t width)
{
    const uint16_t *taps[FW_CONVOLVE_TAPS_MAX];
    for (int32_t i = 0; i < op->count; i++)
        taps[i] = (const uint16_t *)(const void *)(src->data + i % 3 * src->stride) + i / 3 % 3;
    if (op->peak <= UINT8_MAX)
        row->row_u8(dst->data, op, taps, width);
    else
        row->row_u16((uint16_t *)(void *)dst->data, op, taps, width);
}

/* `reach` is that of the weights to both sides of 0. */
static struct fw_convolve make_op(int32_t count, int32_t reach, int bits)
{
    struct fw_convolve op = { .count = count, .peak = (1 << bits) - 1 };
    int64_t sum = 0;
    for (int32_t i = 0; i < count; i++) {
        op.weights[i] = (int32_t)((uint32_t)(i + 1) * 2654435761u % (uint32_t)(2 * reach)) - reach;
        sum += op.weights[i] < 0 ? -op.weights[i] : op.weights[i];
    }
    op.factor = 3.0f / (float)sum;
    op.bias = count % 4 ? 0.0f : 10.3f;
    return op;
}

static void check_row(struct check_run *run, const struct fw_convolve *op, int bits, int32_t width,
                      enum check_fill fill)
{
    struct check_plane src;
    struct check_plane want;
    struct check_plane got;
    int unit = bits > 8 ? 2 : 1;
    check_plane_init(&src, (width + 2) * 2, 3, 6);
    check_plane_init(&want, width * unit, 1, 0);
    check_plane_init(&got, width * unit, 1, 0);
    check_plane_fill(&src, fill, 2, bits, (uint32_t)width);
    run_row(fw_convolve_kernels(FW_CPU_C), op, &want, &src, width);
    for (const struct fw_convolve_kernels *row = fw_convolve_kernels(run->limit);
         row->level != FW_CPU_C; row++) {
        run_row(row, op, &got, &src, width);
        check_same(run, "convolve", fw_cpu_name(row->level), &want, &got,
                   "width %d, %d bits, %d taps", width, bits, op->count);
    }
    check_plane_deinit(&src);
    check_plane_deinit(&want);
    check_plane_deinit(&got);
}

void check_convolve(struct check_run *run)
{
    static const int32_t counts[] = { 2, 10, 26, 50 };
    static const int32_t reaches[] = { 40, 32767, 2000000 };
    static const int depths[] = { 8, 10, 15, 16 };
    for (int32_t w = 0; check_width(w); w++) {
        for (int i = 0; i < 4; i++) {
            struct fw_convolve op = make_op(counts[i], reaches[(w + i) % 3], depths[(w + i) % 4]);
            check_row(run, &op, depths[(w + i) % 4], check_width(w),
                      i % 2 ? CHECK_NOISE : w % CHECK_FILLS);
        }
    }
}

struct job {
    const struct fw_convolve_kernels *row;
    struct fw_convolve op;
    struct check_plane src;
    struct check_plane dst;
};

static void run_job(void *argument)
{
    struct job *job = argument;
    run_row(job->row, &job->op, &job->dst, &job->src, 1920);
}

void bench_convolve(struct check_run *run)
{
    static const struct {
        const char *name;
        int32_t count;
        int bits;
    } rows[] = { { "convolve 3x3 8", 10, 8 },
                 { "convolve 5x5 8", 26, 8 },
                 { "convolve 5x5 16", 26, 16 },
                 { "convolve 7x7 8", 50, 8 } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct job job = { .row = fw_convolve_kernels(run->limit),
                           .op = make_op(rows[i].count, 40, rows[i].bits) };
        check_plane_init(&job.src, 1922 * 2, 3, 62);
        check_plane_init(&job.dst, 1920 * 2, 1, 64);
        for (;; job.row++) {
            (void)check_time(run, rows[i].name, fw_cpu_name(job.row->level), 1920, run_job, &job);
            if (job.row->level == FW_CPU_C)
                break;
        }
        check_plane_deinit(&job.src);
        check_plane_deinit(&job.dst);
    }
}
