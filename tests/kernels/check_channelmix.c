/* Sums of rounded products, against products in double precision. */
#include "check.h"

#include "filters/kernels/channelmix.h"

#include <math.h>

static const double gains[][4] = {
    { 0.3, 0.4, 0.3, 0 },
    { 1, 0, 0, 0 },
    { 0.5, 0.25, -2, 2 },
    { 1.37, -0.83, 0.1, 1.9 },
    { 2, 2, 2, 2 },
    { -0.7, -0.9, 0.3, -1.1 },
    { 0.01, 1e-9, -1e-3, 0.7 },
    { 1.0 / 3, 2.0 / 3, -1.0 / 7, 0.299 },
};
#define GAINS (sizeof(gains) / sizeof(gains[0]))

static int32_t sum_of(const struct check_plane *src, int32_t bytes, const double *gain,
                      int32_t inputs, int32_t x)
{
    int32_t sum = 0;
    for (int i = 0; i < inputs; i++) {
        const uint8_t *row = src->data + i * src->stride;
        int32_t value = bytes == 1 ? row[x] : row[2 * x] | row[2 * x + 1] << 8;
        sum += (int32_t)lrint(value * gain[i]);
    }
    return sum;
}

static struct fw_channelmix mix_of(size_t set, int32_t bits)
{
    struct fw_channelmix mix = { .max = (1 << bits) - 1 };
    for (int i = 0; i < 4; i++)
        mix.gains[i] = gains[set][i];
    fw_channelmix_init(&mix);
    return mix;
}

static void check_row(struct check_run *run, const struct fw_channelmix_kernels *row, int32_t bits,
                      int32_t width, size_t set)
{
    int32_t bytes = bits > 8 ? 2 : 1;
    int32_t inputs = 3 + width % 2;
    struct fw_channelmix mix = mix_of(set, bits);
    struct check_plane src;
    struct check_plane want;
    struct check_plane got;
    check_plane_init(&src, width * bytes, 4, 16);
    check_plane_init(&want, width * bytes, 1, 0);
    check_plane_init(&got, width * bytes, 1, 0);
    check_plane_fill(&src, (enum check_fill)(set % CHECK_FILLS), bytes, bits, (uint32_t)width);
    for (int32_t x = 0; x < width; x++) {
        int32_t sum = sum_of(&src, bytes, gains[set], inputs, x);
        sum = sum < 0 ? 0 : (sum > mix.max ? mix.max : sum);
        if (bytes == 1)
            want.data[x] = (uint8_t)sum;
        else
            ((uint16_t *)(void *)want.data)[x] = (uint16_t)sum;
    }
    const uint8_t *rows[4];
    const uint16_t *wide[4];
    for (int i = 0; i < 4; i++) {
        rows[i] = src.data + i * src.stride;
        wide[i] = (const uint16_t *)(const void *)rows[i];
    }
    if (bytes == 1)
        row->mix_u8(got.data, rows, inputs, &mix, width);
    else
        row->mix_u16((uint16_t *)(void *)got.data, wide, inputs, &mix, width);
    check_same(run, "channelmix", fw_cpu_name(row->level), &want, &got,
               "width %d, %d bits, gains %zu, %d inputs", width, bits, set, inputs);
    check_plane_deinit(&src);
    check_plane_deinit(&want);
    check_plane_deinit(&got);
}

static void check_sum(struct check_run *run, const struct fw_channelmix_kernels *row, int32_t bytes,
                      int32_t width, size_t set)
{
    struct fw_channelmix mix = mix_of(set, bytes * 8);
    struct check_plane src;
    struct check_plane want;
    struct check_plane got;
    check_plane_init(&src, width * bytes, 4, 16);
    check_plane_init(&want, width * 4, 1, 0);
    check_plane_init(&got, width * 4, 1, 0);
    check_plane_fill(&src, CHECK_NOISE, bytes, bytes * 8, (uint32_t)width);
    for (int32_t x = 0; x < width; x++)
        ((int32_t *)(void *)want.data)[x] = sum_of(&src, bytes, gains[set], 4, x);
    const uint8_t *rows[4];
    for (int i = 0; i < 4; i++)
        rows[i] = src.data + i * src.stride;
    row->sum((int32_t *)(void *)got.data, rows, bytes, 4, &mix, width);
    check_same(run, "channelmix sum", fw_cpu_name(row->level), &want, &got,
               "width %d, %d bytes, gains %zu", width, bytes, set);
    check_plane_deinit(&src);
    check_plane_deinit(&want);
    check_plane_deinit(&got);
}

/* Three outputs at once, as rows and as packed pixels. */
static void check_trio(struct check_run *run, const struct fw_channelmix_kernels *row,
                       int32_t width, size_t set)
{
    struct fw_channelmix mixes[3];
    struct fw_channelmix_trio trio;
    struct check_plane planes[4]; /* rows wanted and got, pixels from and to */
    struct check_plane src;
    const struct fw_channelmix *outputs[3];
    for (size_t i = 0; i < 3; i++) {
        mixes[i] = mix_of((set + i) % GAINS, 8);
        outputs[i] = &mixes[i];
    }
    if (!row->mix_trio || !fw_channelmix_trio_init(&trio, outputs))
        return;
    check_plane_init(&src, width, 3, 16);
    check_plane_fill(&src, (enum check_fill)(set % CHECK_FILLS), 1, 8, (uint32_t)width);
    for (int i = 0; i < 4; i++)
        check_plane_init(&planes[i], i < 2 ? width : 3 * width, i < 2 ? 3 : 1, 0);
    const uint8_t *from[3];
    uint8_t *to[3];
    for (int i = 0; i < 3; i++) {
        from[i] = src.data + i * src.stride;
        to[i] = planes[1].data + i * planes[1].stride;
        for (int32_t x = 0; x < width; x++) {
            int32_t sum = sum_of(&src, 1, gains[(set + (size_t)i) % GAINS], 3, x);
            planes[0].data[i * planes[0].stride + x] = (uint8_t)(sum < 0 ? 0
                                                                         : (sum > 255 ? 255 : sum));
            planes[2].data[3 * x + i] = from[i][x];
        }
    }
    row->mix_trio(to, from, &trio, width);
    check_same(run, "channelmix trio", fw_cpu_name(row->level), &planes[0], &planes[1],
               "width %d, gains %zu", width, set);
    row->mix_packed(planes[3].data, planes[2].data, &trio, width);
    for (int32_t x = 0; x < width; x++) {
        for (int i = 0; i < 3; i++)
            planes[2].data[3 * x + i] = planes[0].data[i * planes[0].stride + x];
    }
    check_same(run, "channelmix packed", fw_cpu_name(row->level), &planes[2], &planes[3],
               "width %d, gains %zu", width, set);
    check_plane_deinit(&src);
    for (int i = 0; i < 4; i++)
        check_plane_deinit(&planes[i]);
}

void check_channelmix(struct check_run *run)
{
    const struct fw_channelmix_kernels *row = fw_channelmix_kernels(run->limit);
    for (;; row++) {
        for (int32_t i = 0; check_width(i); i++) {
            size_t set = (size_t)i % GAINS;
            check_row(run, row, 8, check_width(i), set);
            check_row(run, row, i % 2 ? 10 : 16, check_width(i), set);
            check_sum(run, row, 1 + i % 2, check_width(i), set);
            check_trio(run, row, check_width(i), set);
        }
        for (size_t set = 0; set < GAINS; set++) {
            check_row(run, row, 8, 1920, set);
            check_trio(run, row, 1920, set);
        }
        if (row->level == FW_CPU_C)
            break;
    }
}

struct job {
    const struct fw_channelmix_kernels *row;
    struct fw_channelmix mix;
    struct check_plane src;
    struct check_plane dst;
    int32_t bytes;
};

static void run_mix(void *argument)
{
    struct job *job = argument;
    const uint8_t *rows[4];
    const uint16_t *wide[4];
    for (int i = 0; i < 4; i++) {
        rows[i] = job->src.data + i * job->src.stride;
        wide[i] = (const uint16_t *)(const void *)rows[i];
    }
    for (int32_t y = 0; y < 1080; y++) {
        if (job->bytes == 1)
            job->row->mix_u8(job->dst.data, rows, 3, &job->mix, 1920);
        else
            job->row->mix_u16((uint16_t *)(void *)job->dst.data, wide, 3, &job->mix, 1920);
    }
}

void bench_channelmix(struct check_run *run)
{
    static const char *const names[3] = { "channelmix 8", "channelmix 8 whole", "channelmix 16" };
    for (int kind = 0; kind < 3; kind++) {
        struct job job = { .row = fw_channelmix_kernels(run->limit),
                           .bytes = kind == 2 ? 2 : 1,
                           .mix = mix_of(kind == 1 ? 2 : 0, kind == 2 ? 16 : 8) };
        check_plane_init(&job.src, 1920 * job.bytes, 4, 64);
        check_plane_init(&job.dst, 1920 * job.bytes, 1, 64);
        for (;; job.row++) {
            (void)check_time(run, names[kind], fw_cpu_name(job.row->level), 1920u * 1080u, run_mix,
                             &job);
            if (job.row->level == FW_CPU_C)
                break;
        }
        check_plane_deinit(&job.src);
        check_plane_deinit(&job.dst);
    }
}
