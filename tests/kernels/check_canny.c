/* The steps of Canny's edge detector, one after the other on rows of noise. */
#include "check.h"

#include "filters/kernels/canny.h"

#include <stdlib.h>

#define ROWS 5
#define HIGH 120
#define LOW 60

/* What a step reads is that of the portable variant, so that each is compared by itself. */
struct planes {
    struct check_plane src;       /* samples, of which 5 rows make a blurred one */
    struct check_plane blurred;   /* 16-bit, 3 rows */
    struct check_plane strength;  /* 16-bit, 3 rows */
    struct check_plane direction; /* 16-bit */
    struct check_plane thinned;   /* with a sample more at both ends, 3 rows */
};

struct results {
    struct check_plane blurred;
    struct check_plane strength;
    struct check_plane direction;
    struct check_plane thinned;
    struct check_plane linked;
    uint16_t *sums;
};

static uint16_t *words(const struct check_plane *plane, int32_t row)
{
    return (uint16_t *)(void *)(plane->data + row * plane->stride);
}

static void results_init(struct results *results, int32_t width)
{
    check_plane_init(&results->blurred, width * 2, 1, 0);
    check_plane_init(&results->strength, width * 2, 1, 0);
    check_plane_init(&results->direction, width * 2, 1, 0);
    check_plane_init(&results->thinned, width, 1, 0);
    check_plane_init(&results->linked, width, 1, 0);
    results->sums = calloc((size_t)width * 3, sizeof(uint16_t));
    if (!results->sums)
        abort();
}

static void results_deinit(struct results *results)
{
    check_plane_deinit(&results->blurred);
    check_plane_deinit(&results->strength);
    check_plane_deinit(&results->direction);
    check_plane_deinit(&results->thinned);
    check_plane_deinit(&results->linked);
    free(results->sums);
}

static void planes_init(struct planes *planes, int32_t width, enum check_fill fill)
{
    check_plane_init(&planes->src, width, ROWS, 3);
    check_plane_init(&planes->blurred, width * 2, 3, 6);
    check_plane_init(&planes->strength, width * 2, 3, 6);
    check_plane_init(&planes->direction, width * 2, 1, 0);
    check_plane_init(&planes->thinned, width + 2, 3, 3);
    check_plane_fill(&planes->src, fill, 1, 8, (uint32_t)width);
    check_plane_fill(&planes->blurred, fill, 2, 8, (uint32_t)width + 1);
    check_plane_fill(&planes->strength, CHECK_NOISE, 2, 9, (uint32_t)width + 2);
    check_plane_fill(&planes->direction, CHECK_NOISE, 2, 2, (uint32_t)width + 3);
    check_plane_fill(&planes->thinned, CHECK_NOISE, 1, 7, (uint32_t)width + 4);
}

static void planes_deinit(struct planes *planes)
{
    check_plane_deinit(&planes->src);
    check_plane_deinit(&planes->blurred);
    check_plane_deinit(&planes->strength);
    check_plane_deinit(&planes->direction);
    check_plane_deinit(&planes->thinned);
}

static void run_steps(const struct fw_canny_kernels *row, const struct planes *planes,
                      const struct results *to, int32_t width)
{
    const uint8_t *src[ROWS];
    const uint8_t *thinned[3];
    const uint16_t *blurred[3];
    const uint16_t *strength[3];
    for (int i = 0; i < ROWS; i++)
        src[i] = planes->src.data + i * planes->src.stride;
    for (int i = 0; i < 3; i++) {
        blurred[i] = words(&planes->blurred, i);
        strength[i] = words(&planes->strength, i);
        thinned[i] = planes->thinned.data + i * planes->thinned.stride + 1;
    }
    row->blur(words(&to->blurred, 0), src, width, to->sums);
    /* The outermost directions are nobody's. */
    words(&to->direction, 0)[0] = 0;
    words(&to->direction, 0)[width - 1] = 0;
    row->gradient(words(&to->strength, 0), words(&to->direction, 0), blurred, width);
    row->thin(to->thinned.data, strength, words(&planes->direction, 0), width);
    row->link(to->linked.data, thinned, width, LOW, HIGH);
    row->mix(to->linked.data, src[0], width);
}

static void check_steps(struct check_run *run, int32_t width, enum check_fill fill)
{
    struct planes planes;
    struct results want;
    struct results got;
    planes_init(&planes, width, fill);
    results_init(&want, width);
    results_init(&got, width);
    run_steps(fw_canny_kernels(FW_CPU_C), &planes, &want, width);
    for (int level = (int)run->limit; level > FW_CPU_C; level--) {
        const char *name = fw_cpu_name(level);
        run_steps(fw_canny_kernels(level), &planes, &got, width);
        check_same(run, "canny blur", name, &want.blurred, &got.blurred, "width %d", width);
        check_same(run, "canny gradient", name, &want.strength, &got.strength, "width %d", width);
        check_same(run, "canny gradient", name, &want.direction, &got.direction,
                   "directions, width %d", width);
        check_same(run, "canny thin", name, &want.thinned, &got.thinned, "width %d", width);
        check_same(run, "canny link", name, &want.linked, &got.linked, "width %d", width);
    }
    planes_deinit(&planes);
    results_deinit(&want);
    results_deinit(&got);
}

void check_canny(struct check_run *run)
{
    for (int32_t w = 0; check_width(w); w++) {
        check_steps(run, check_width(w), CHECK_NOISE);
        check_steps(run, check_width(w), w % CHECK_FILLS);
    }
}

struct job {
    const struct fw_canny_kernels *row;
    struct planes planes;
    struct results results;
};

static void run_job(void *argument)
{
    struct job *job = argument;
    run_steps(job->row, &job->planes, &job->results, 1920);
}

void bench_canny(struct check_run *run)
{
    struct job job;
    planes_init(&job.planes, 1920, CHECK_NOISE);
    results_init(&job.results, 1920);
    for (int level = (int)run->limit; level >= FW_CPU_C; level--) {
        job.row = fw_canny_kernels(level);
        (void)check_time(run, "canny, all steps", fw_cpu_name(level), 1920, run_job, &job);
    }
    planes_deinit(&job.planes);
    results_deinit(&job.results);
}
