/* Chroma turned, luma moved: every variant against the portable one. */
#include "check.h"

#include "filters/kernels/chroma.h"

struct rows {
    struct check_plane src; /* u, v, luma */
    struct check_plane dst; /* u, v, luma lifted, luma following */
    struct check_plane terms;
    int32_t bytes;
    int32_t width;
    int32_t shift;
};

static void rows_init(struct rows *rows, int32_t bits, int32_t width, int32_t shift)
{
    rows->bytes = bits > 8 ? 2 : 1;
    rows->width = width;
    rows->shift = shift;
    check_plane_init(&rows->src, width * rows->bytes, 3, 16);
    check_plane_init(&rows->dst, width * rows->bytes, 4, 14);
    check_plane_init(&rows->terms, width * 4, 1, 0);
    check_plane_fill(&rows->src, (enum check_fill)(width % CHECK_FILLS), rows->bytes, bits,
                     (uint32_t)width);
}

static void rows_deinit(struct rows *rows)
{
    check_plane_deinit(&rows->src);
    check_plane_deinit(&rows->dst);
    check_plane_deinit(&rows->terms);
}

static uint16_t *wide(const struct check_plane *plane, int32_t y)
{
    return (uint16_t *)(void *)(plane->data + y * plane->stride);
}

/* All kernels once; the luma that follows has twice (1 << shift) as many samples as terms. */
static void run_rows(const struct fw_chroma_kernels *kernels, const struct fw_chroma *chroma,
                     struct rows *rows, int32_t offset)
{
    struct check_plane *src = &rows->src;
    struct check_plane *dst = &rows->dst;
    int32_t *terms = (int32_t *)(void *)rows->terms.data;
    int32_t width = rows->width;
    int32_t few = ((width - 1) >> rows->shift) + 1;
    if (rows->bytes == 1) {
        kernels->turn_u8(dst->data, dst->data + dst->stride, src->data, src->data + src->stride,
                         chroma, width);
        kernels->lift_u8(dst->data + 2 * dst->stride, src->data + 2 * src->stride, offset, width);
        kernels->terms_u8(terms, src->data, src->data + src->stride, chroma, few);
        kernels->follow_u8(dst->data + 3 * dst->stride, src->data + 2 * src->stride, terms,
                           rows->shift, width);
    } else {
        kernels->turn_u16(wide(dst, 0), wide(dst, 1), wide(src, 0), wide(src, 1), chroma, width);
        kernels->lift_u16(wide(dst, 2), wide(src, 2), offset, chroma->max, width);
        kernels->terms_u16(terms, wide(src, 0), wide(src, 1), chroma, few);
        kernels->follow_u16(wide(dst, 3), wide(src, 2), terms, rows->shift, chroma->max, width);
    }
}

static void check_level(struct check_run *run, enum fw_cpu level)
{
    static const int32_t depths[] = { 8, 10, 8, 16, 8, 12 };
    for (int32_t i = 0; check_width(i); i++) {
        int32_t bits = depths[i % 6];
        struct fw_chroma chroma = { 78643, -39321, i % 7 * 93000 - 279000, 65536, (1 << bits) - 1 };
        struct rows want;
        struct rows got;
        rows_init(&want, bits, check_width(i), i % 3);
        rows_init(&got, bits, check_width(i), i % 3);
        run_rows(&fw_chroma_c, &chroma, &want, i % 5 * 100 - 200);
        run_rows(fw_chroma_kernels((int)level), &chroma, &got, i % 5 * 100 - 200);
        check_same(run, "chroma", fw_cpu_name(level), &want.dst, &got.dst, "width %d, %d bits",
                   want.width, bits);
        check_same(run, "chroma terms", fw_cpu_name(level), &want.terms, &got.terms,
                   "width %d, %d bits", want.width, bits);
        rows_deinit(&want);
        rows_deinit(&got);
    }
}

void check_chroma(struct check_run *run)
{
    for (int level = (int)run->limit; level >= FW_CPU_C; level--)
        check_level(run, (enum fw_cpu)level);
}

struct job {
    const struct fw_chroma_kernels *kernels;
    struct fw_chroma chroma;
    struct rows rows;
};

static void run_chroma(void *argument)
{
    struct job *job = argument;
    for (int32_t y = 0; y < 540; y++)
        run_rows(job->kernels, &job->chroma, &job->rows, 7);
}

void bench_chroma(struct check_run *run)
{
    struct job job = { .chroma = { 78643, -39321, 39321, 65536, 255 } };
    rows_init(&job.rows, 8, 1920, 1);
    for (int level = (int)run->limit; level >= FW_CPU_C; level--) {
        job.kernels = fw_chroma_kernels(level);
        (void)check_time(run, "chroma all", fw_cpu_name((enum fw_cpu)level), 1920u * 540u,
                         run_chroma, &job);
    }
    rows_deinit(&job.rows);
}
