/* Colour balance, every variant against the portable one. */
#include "check.h"

#include "filters/kernels/balance.h"

static const struct fw_balance settings[] = {
    { { 0.3f, 0, 0 }, { 0, -0.2f, 0 }, { 0, 0, 0 }, 255 },
    { { 1, -1, 0.1f }, { -0.7f, 1, 0.9f }, { 0.5f, -1, 1 }, 255 },
    { { 0, 0, 0 }, { 0, 0, 0 }, { 0, 0, 0 }, 255 },
};

static void run_row(const struct fw_balance_kernels *row, const struct fw_balance *balance,
                    const struct check_plane *dst, const struct check_plane *src, int32_t bytes,
                    int32_t width)
{
    uint8_t *to[3];
    const uint8_t *from[3];
    uint16_t *wide_to[3];
    const uint16_t *wide_from[3];
    for (int i = 0; i < 3; i++) {
        to[i] = dst->data + i * dst->stride;
        from[i] = src->data + i * src->stride;
        wide_to[i] = (uint16_t *)(void *)to[i];
        wide_from[i] = (const uint16_t *)(const void *)from[i];
    }
    if (bytes == 1)
        row->balance_u8(to, from, balance, width);
    else
        row->balance_u16(wide_to, wide_from, balance, width);
}

static void check_rows(struct check_run *run, const struct fw_balance_kernels *row, int32_t bits,
                       int32_t width, size_t set)
{
    int32_t bytes = bits > 8 ? 2 : 1;
    struct fw_balance balance = settings[set];
    struct check_plane src;
    struct check_plane want;
    struct check_plane got;
    balance.max = (float)((1 << bits) - 1);
    check_plane_init(&src, width * bytes, 3, 16);
    check_plane_init(&want, width * bytes, 3, 14);
    check_plane_init(&got, width * bytes, 3, 14);
    check_plane_fill(&src, (enum check_fill)(width % CHECK_FILLS), bytes, bits, (uint32_t)width);
    run_row(fw_balance_kernels(FW_CPU_C), &balance, &want, &src, bytes, width);
    run_row(row, &balance, &got, &src, bytes, width);
    check_same(run, "balance", fw_cpu_name(row->level), &want, &got, "width %d, %d bits, set %zu",
               width, bits, set);
    check_plane_deinit(&src);
    check_plane_deinit(&want);
    check_plane_deinit(&got);
}

void check_balance(struct check_run *run)
{
    const struct fw_balance_kernels *row = fw_balance_kernels(run->limit);
    for (;; row++) {
        for (int32_t i = 0; check_width(i); i++) {
            check_rows(run, row, 8, check_width(i), (size_t)i % 3);
            check_rows(run, row, i % 2 ? 10 : 16, check_width(i), (size_t)i % 3);
        }
        if (row->level == FW_CPU_C)
            break;
    }
}

struct job {
    const struct fw_balance_kernels *row;
    struct check_plane src;
    struct check_plane dst;
    int32_t bytes;
};

static void run_balance(void *argument)
{
    struct job *job = argument;
    for (int32_t y = 0; y < 1080; y++)
        run_row(job->row, &settings[1], &job->dst, &job->src, job->bytes, 1920);
}

void bench_balance(struct check_run *run)
{
    for (int32_t bytes = 1; bytes <= 2; bytes++) {
        struct job job = { .row = fw_balance_kernels(run->limit), .bytes = bytes };
        check_plane_init(&job.src, 1920 * bytes, 3, 64);
        check_plane_init(&job.dst, 1920 * bytes, 3, 64);
        for (;; job.row++) {
            (void)check_time(run, bytes == 1 ? "balance 8" : "balance 16",
                             fw_cpu_name(job.row->level), 1920u * 1080u, run_balance, &job);
            if (job.row->level == FW_CPU_C)
                break;
        }
        check_plane_deinit(&job.src);
        check_plane_deinit(&job.dst);
    }
}
