/* Contrast adaptive sharpening of rows. */
#include "check.h"

#include "filters/kernels/cas.h"

static void run_row(const struct fw_cas_kernels *row, int bits, struct fw_cas_rows *rows,
                    const struct check_plane *dst, const struct check_plane *src)
{
    for (int i = 0; i < 3; i++)
        rows->rows[i] = (const uint16_t *)(const void *)(src->data + i * src->stride) + 1;
    if (bits > 8)
        row->row_u16((uint16_t *)(void *)dst->data, rows);
    else
        row->row_u8(dst->data, rows);
}

static void check_row(struct check_run *run, int bits, int32_t width, enum check_fill fill)
{
    struct check_plane src;
    struct check_plane want;
    struct check_plane got;
    int unit = bits > 8 ? 2 : 1;
    struct fw_cas_rows rows = { .width = width,
                                .peak = (1 << bits) - 1,
                                .strength = width % 3 ? -10.005f : -4.01f };
    check_plane_init(&src, (width + 2) * 2, 3, 6);
    check_plane_init(&want, width * unit, 1, 0);
    check_plane_init(&got, width * unit, 1, 0);
    check_plane_fill(&src, fill, 2, bits, (uint32_t)width);
    run_row(fw_cas_kernels(FW_CPU_C), bits, &rows, &want, &src);
    for (int level = (int)run->limit; level > FW_CPU_C; level--) {
        const struct fw_cas_kernels *row = fw_cas_kernels(level);
        run_row(row, bits, &rows, &got, &src);
        check_same(run, "cas", fw_cpu_name(row->level), &want, &got, "width %d, %d bits", width,
                   bits);
    }
    check_plane_deinit(&src);
    check_plane_deinit(&want);
    check_plane_deinit(&got);
}

void check_cas(struct check_run *run)
{
    for (int32_t w = 0; check_width(w); w++) {
        check_row(run, 8, check_width(w), CHECK_NOISE);
        check_row(run, 16, check_width(w), CHECK_NOISE);
        check_row(run, w % 2 ? 8 : 10, check_width(w), w % CHECK_FILLS);
    }
}

struct job {
    const struct fw_cas_kernels *row;
    int bits;
    struct fw_cas_rows rows;
    struct check_plane src;
    struct check_plane dst;
};

static void run_job(void *argument)
{
    struct job *job = argument;
    run_row(job->row, job->bits, &job->rows, &job->dst, &job->src);
}

void bench_cas(struct check_run *run)
{
    for (int bits = 8; bits <= 16; bits += 8) {
        struct job job = {
            .bits = bits,
            .rows = { .width = 1920, .peak = (1 << bits) - 1, .strength = -10.005f },
        };
        check_plane_init(&job.src, 1922 * 2, 3, 62);
        check_plane_init(&job.dst, 1920 * 2, 1, 64);
        check_plane_fill(&job.src, CHECK_NOISE, 2, bits, 1);
        for (int level = (int)run->limit; level >= FW_CPU_C; level--) {
            job.row = fw_cas_kernels(level);
            (void)check_time(run, "cas", fw_cpu_name(level), 1920, run_job, &job);
        }
        check_plane_deinit(&job.src);
        check_plane_deinit(&job.dst);
    }
}
