/* Samples multiplied and dithered, against double precision and the generator step by step. */
#include "check.h"

#include "filters/kernels/shade.h"

#include <math.h>
#include <string.h>

static float factor_at(int32_t x, int32_t width)
{
    static const float odd[] = { 0.0f, 1.0f, 0.1f, 1e-9f, 3.75f, 1e12f, INFINITY };
    return width % 3 ? 1.0f - (float)x / (float)(width + 1) : odd[x % 7];
}

static int32_t expected(int32_t sample, float factor, double dither, int32_t middle, int32_t max)
{
    float value = factor * (float)(sample - middle) + (float)middle;
    double sum = (double)value + dither;
    if (!(sum > 0) || sum >= 2147483648.0)
        return 0;
    return sum > max ? max : (int32_t)sum;
}

static void check_row(struct check_run *run, const struct fw_shade_kernels *kernels,
                      const struct fw_shade_steps *steps, int32_t bits, int32_t width)
{
    int32_t bytes = bits > 8 ? 2 : 1;
    int32_t max = (1 << bits) - 1;
    struct fw_shade shade = { steps,
                              fw_shade_skip(0, (uint64_t)width * 1000003u),
                              width % 2 ? max / 2 : 0,
                              max,
                              width % 3 != 0,
                              0 };
    uint32_t state = shade.state;
    struct check_plane src;
    struct check_plane factors;
    struct check_plane want;
    struct check_plane got;
    check_plane_init(&src, width * bytes, 1, 0);
    check_plane_init(&factors, width * 4, 1, 0);
    check_plane_init(&want, width * bytes, 1, 0);
    check_plane_init(&got, width * bytes, 1, 0);
    check_plane_fill(&src, CHECK_NOISE, bytes, bits, (uint32_t)width);
    for (int32_t x = 0; x < width; x++) {
        float factor = factor_at(x, width);
        memcpy(factors.data + 4 * x, &factor, 4);
        int32_t sample = bytes == 1 ? src.data[x] : ((uint16_t *)(void *)src.data)[x];
        double dither = steps ? state / 4294967296.0 : 0;
        int32_t value = expected(sample, factor, dither, shade.middle, max);
        memcpy(want.data + x * bytes, &value, (size_t)bytes);
        state = fw_shade_skip(state, 1);
    }
    const float *row = (const float *)(const void *)factors.data;
    if (bytes == 1)
        kernels->shade_u8(got.data, src.data, row, &shade, width);
    else
        kernels->shade_u16((uint16_t *)(void *)got.data, (const uint16_t *)(const void *)src.data,
                           row, &shade, width);
    check_same(run, "shade", fw_cpu_name(kernels->level), &want, &got, "width %d, %d bits%s", width,
               bits, steps ? ", dithered" : "");
    check_plane_deinit(&src);
    check_plane_deinit(&factors);
    check_plane_deinit(&want);
    check_plane_deinit(&got);
}

/* States on both sides of the carry, where bits of values below one half count that 24 bits do not
 * hold. */
static void check_carry(struct check_run *run, const struct fw_shade_kernels *kernels,
                        const struct fw_shade_steps *steps, int32_t width)
{
    for (uint32_t step = 0; step < 256; step++) {
        float factors[130];
        uint8_t src[130];
        uint8_t got[130];
        uint8_t want[130];
        struct fw_shade shade = { steps, 0, 0, 255, true, 0 };
        for (int32_t x = 0; x < width; x++) {
            factors[x] = 0.1f / (float)(x + 1);
            src[x] = (uint8_t)(x % 5);
        }
        src[0] = (uint8_t)(1 + step / 128);
        uint64_t bits = (uint64_t)((double)(factors[0] * (float)src[0]) * 4294967296.0);
        shade.state = (uint32_t)(0 - bits + step % 128 - 64);
        fw_shade_kernels(FW_CPU_C)->shade_u8(want, src, factors, &shade, width);
        kernels->shade_u8(got, src, factors, &shade, width);
        check_bytes(run, "shade", fw_cpu_name(kernels->level), want, got, (size_t)width,
                    "width %d, carry %u", width, step);
    }
}

void check_shade(struct check_run *run)
{
    struct fw_shade_steps steps;
    fw_shade_steps_init(&steps);
    for (int level = (int)run->limit; level >= FW_CPU_C; level--) {
        for (int32_t i = 0; check_width(i); i++) {
            check_row(run, fw_shade_kernels(level), &steps, 8, check_width(i));
            check_row(run, fw_shade_kernels(level), NULL, 8, check_width(i));
            check_row(run, fw_shade_kernels(level), &steps, i % 2 ? 10 : 16, check_width(i));
        }
        check_carry(run, fw_shade_kernels(level), &steps, 130);
        check_carry(run, fw_shade_kernels(level), &steps, 7);
    }
}

struct job {
    const struct fw_shade_kernels *kernels;
    struct fw_shade shade;
    struct check_plane plane;
    struct check_plane factors;
};

static void run_shade(void *argument)
{
    struct job *job = argument;
    const float *row = (const float *)(const void *)job->factors.data;
    for (int32_t y = 0; y < 1080; y++)
        job->kernels->shade_u8(job->plane.data, job->plane.data + job->plane.stride, row,
                               &job->shade, 1920);
}

void bench_shade(struct check_run *run)
{
    struct fw_shade_steps steps;
    struct job job = { .shade = { &steps, 0, 0, 255, true, 0 } };
    fw_shade_steps_init(&steps);
    check_plane_init(&job.plane, 1920, 2, 64);
    check_plane_init(&job.factors, 1920 * 4, 1, 0);
    for (int32_t x = 0; x < 1920; x++) {
        float factor = factor_at(x, 1921);
        memcpy(job.factors.data + 4 * x, &factor, 4);
    }
    for (int level = (int)run->limit; level >= FW_CPU_C; level--) {
        job.kernels = fw_shade_kernels(level);
        (void)check_time(run, "shade 8", fw_cpu_name((enum fw_cpu)level), 1920u * 1080u, run_shade,
                         &job);
    }
    check_plane_deinit(&job.plane);
    check_plane_deinit(&job.factors);
}
