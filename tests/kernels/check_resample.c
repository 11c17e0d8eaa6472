/* Blending and stretching of rows against the scalar functions, for ratios that use every way of
 * picking samples. */
#include "check.h"

#include "filters/kernels/resample.h"
#include "filters/weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAPS_MAX 40

static void check_blending(struct check_run *run, const struct fw_resample_kernels *kernels,
                           int32_t width, int32_t taps, int32_t depth, enum check_fill fill)
{
    const struct fw_resample_kernels *scalar = fw_resample_kernels(FW_CPU_C);
    int32_t sample = depth > 8 ? 2 : 1;
    struct check_plane rows, expected, actual;
    const uint8_t *bytes[TAPS_MAX];
    const uint16_t *words[TAPS_MAX];
    int16_t weights[TAPS_MAX];
    check_plane_init(&rows, width * sample, taps, 2 + width % 7 * 2);
    check_plane_init(&expected, width * 2, 1, 4);
    check_plane_init(&actual, width * 2, 1, 4);
    check_plane_fill(&rows, fill, sample, depth, (uint32_t)(width * 31 + taps));
    for (int32_t k = 0; k < taps; k++) {
        bytes[k] = rows.data + k * rows.stride;
        words[k] = (const uint16_t *)(const void *)bytes[k];
        weights[k] = (int16_t)(k % 2 ? -2500 : 16384 / taps * 2 + k);
    }
    if (depth > 8) {
        scalar->blend_u16((int16_t *)expected.data, words, weights, taps, width, depth);
        kernels->blend_u16((int16_t *)actual.data, words, weights, taps, width, depth);
    } else {
        scalar->blend_u8((int16_t *)expected.data, bytes, weights, taps, width);
        kernels->blend_u8((int16_t *)actual.data, bytes, weights, taps, width);
    }
    check_same(run, "resample blend", fw_cpu_name(kernels->level), &expected, &actual,
               "width %d, %d taps, %d bits", width, taps, depth);
    check_plane_deinit(&rows);
    check_plane_deinit(&expected);
    check_plane_deinit(&actual);
}

/* The row ends where its contract says that reading ends: flush against a guard page. */
static void check_stretching(struct check_run *run, const struct fw_resample_kernels *kernels,
                             const struct fw_weights_request *request, int32_t depth,
                             enum check_fill fill)
{
    const struct fw_resample_kernels *scalar = fw_resample_kernels(FW_CPU_C);
    struct fw_weights weights;
    struct fw_error err = { 0 };
    struct check_plane row, expected, actual;
    int32_t sample = depth > 8 ? 2 : 1;
    if (fw_weights_init(&weights, request, &err) < 0)
        abort();
    int32_t readable = weights.before + request->source + weights.after + FW_RESAMPLE_SPARE;
    check_plane_init(&row, readable * 2, 1, 8);
    check_plane_init(&expected, request->count * sample, 1, 4);
    check_plane_init(&actual, request->count * sample, 1, 4);
    check_plane_fill(&row, fill, 2, FW_RESAMPLE_BITS, (uint32_t)request->count);
    int16_t *src = (int16_t *)row.data + weights.before;
    for (int32_t x = -weights.before; fill == CHECK_NOISE && x < request->source; x += 3)
        src[x] = (int16_t)(src[x] - 6000);
    if (depth > 8) {
        scalar->stretch_u16((uint16_t *)expected.data, src, &weights.line, depth);
        kernels->stretch_u16((uint16_t *)actual.data, src, &weights.line, depth);
    } else {
        scalar->stretch_u8(expected.data, src, &weights.line);
        kernels->stretch_u8(actual.data, src, &weights.line);
    }
    check_same(run, "resample stretch", fw_cpu_name(kernels->level), &expected, &actual,
               "%d -> %d, kernel %d, %d bits", request->source, request->count, request->kernel,
               depth);
    check_plane_deinit(&row);
    check_plane_deinit(&expected);
    check_plane_deinit(&actual);
    fw_weights_deinit(&weights);
}

static void check_stretches(struct check_run *run, const struct fw_resample_kernels *kernels,
                            int32_t count)
{
    static const double steps[] = { 0.25, 0.75, 1, 1.5, 2.0056, 3.9, 4.3, 7, 11.5 };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct fw_weights_request request = { .count = count, .step = steps[i] };
        request.source = (int32_t)(count * steps[i]) + 1;
        request.offset = 0.5 * steps[i] - 0.5;
        request.kernel = (enum fw_zimage_kernel)((count + (int32_t)i) % (FW_ZIMAGE_AREA + 1));
        check_stretching(run, kernels, &request, 8, (enum check_fill)(count % CHECK_FILLS));
        check_stretching(run, kernels, &request, 12, CHECK_NOISE);
    }
}

void check_resample(struct check_run *run)
{
    for (const struct fw_resample_kernels *kernels = fw_resample_variants;; kernels++) {
        if (kernels->level == FW_CPU_C)
            break;
        if (kernels->level > run->limit)
            continue;
        for (int32_t i = 0; check_width(i); i++) {
            int32_t width = check_width(i);
            enum check_fill fill = (enum check_fill)(i % CHECK_FILLS);
            check_blending(run, kernels, width, 2 + i % 5 * 2, 8, fill);
            check_blending(run, kernels, width, 4, 10, fill);
            check_blending(run, kernels, width, 2, 12, CHECK_MAX);
            if (width <= 200)
                check_stretches(run, kernels, width);
        }
    }
}

struct job {
    const struct fw_resample_kernels *kernels;
    struct fw_weights weights;
    uint8_t rows[4][1920];
    int16_t blended[4096];
    uint8_t result[4096];
};

static void bench_one(void *argument)
{
    struct job *job = argument;
    const uint8_t *rows[] = { job->rows[0], job->rows[1], job->rows[2], job->rows[3] };
    static const int16_t weights[] = { -1000, 9192, 9192, -1000 };
    job->kernels->blend_u8(job->blended + 64, rows, weights, 4, 1920);
    job->kernels->stretch_u8(job->result, job->blended + 64, &job->weights.line);
}

void bench_resample(struct check_run *run)
{
    static struct job job;
    static const int32_t counts[] = { 480, 1280, 2560 };
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        double step = 1920.0 / counts[i];
        struct fw_weights_request request = { 1920, counts[i], 0.5 * step - 0.5, step,
                                              FW_ZIMAGE_BICUBIC };
        struct fw_error err = { 0 };
        if (fw_weights_init(&job.weights, &request, &err) < 0)
            abort();
        for (job.kernels = fw_resample_variants;; job.kernels++) {
            char name[32];
            (void)snprintf(name, sizeof(name), "resample 1920 to %d", counts[i]);
            if (job.kernels->level <= run->limit)
                check_time(run, name, fw_cpu_name(job.kernels->level), (uint64_t)counts[i],
                           bench_one, &job);
            if (job.kernels->level == FW_CPU_C)
                break;
        }
        fw_weights_deinit(&job.weights);
    }
}
