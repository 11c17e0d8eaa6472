/*
 * One chain over the frames of a raw file:
 *
 *     bench_filters FORMAT WxH FILE CHAIN [c|avx2|avx512 [SECONDS]]
 *
 * The frames are read into memory first. Prints the CPU time for one frame of all threads, and the
 * time that goes by: `ms X wall Y`, medians over the passes. A chain is one segment, parallel or
 * sequential; of the latter, planes go to as many threads as there are cores to use (`taskset`).
 */
#include "chain.h"
#include "format.h"
#include "image.h"
#include "kernels/cpu.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FRAMES_MAX 64
/* In a pipeline a frame is warm in the last cache when its filter comes to it: so are these. */
#define WARM_BYTES (16u << 20)
#define PASSES_MAX 4096
#define REACH 4 /* frames before and after one that a chain may read */

struct bench {
    struct fw_video in;
    struct fw_video out;
    struct fw_chain *chain;
    struct fw_frame frames[FRAMES_MAX];
    uint32_t frame_count;
    struct fw_image result;
    bool sequential;
};

struct times {
    double cpu;
    double wall;
};

static int fail(const char *text)
{
    (void)fprintf(stderr, "bench_filters: %s\n", text);
    return 1;
}

static int take_image(struct fw_image *image, const struct fw_video *video)
{
    struct fw_image_layout layout;
    if (fw_image_layout(&layout, video->format, video->width, video->height) < 0)
        return -1;
    void *block = aligned_alloc(FW_IMAGE_ALIGN, layout.bytes);
    if (!block)
        return -1;
    memset(block, 0, layout.bytes);
    fw_image_map(image, &layout, video->format, video->width, video->height, block);
    return 0;
}

static int read_image(FILE *file, const struct fw_image *image)
{
    for (uint32_t plane = 0; plane < image->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(image->format, plane, image->width);
        int32_t rows = fw_format_plane_height(image->format, plane, image->height);
        for (int32_t y = 0; y < rows; y++) {
            if (fread(image->data[plane] + y * image->stride[plane], 1, bytes, file) != bytes)
                return -1;
        }
    }
    return 0;
}

static int read_frames(struct bench *bench, const char *path)
{
    struct fw_image_layout layout;
    FILE *file = fopen(path, "rb");
    if (!file)
        return -1;
    size_t bytes = fw_image_layout(&layout, bench->in.format, bench->in.width, bench->in.height) < 0
                       ? 0
                       : layout.bytes;
    while (bench->frame_count < FRAMES_MAX &&
           (bench->frame_count < 2 || (bench->frame_count + 1) * bytes <= WARM_BYTES)) {
        struct fw_frame *frame = &bench->frames[bench->frame_count];
        *frame = (struct fw_frame){ .struct_size = sizeof(*frame),
                                    .sample_aspect = { 1, 1 },
                                    .color = bench->in.color };
        if (take_image(&frame->image, &bench->in) < 0 || read_image(file, &frame->image) < 0)
            break;
        bench->frame_count++;
    }
    (void)fclose(file);
    return bench->frame_count > 0 ? 0 : -1;
}

static double clock_ms(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* A frame with its neighbours; those before the first one are not there. */
static void look_around(const struct bench *bench, uint64_t index, struct fw_frame *around,
                        const struct fw_frame **window)
{
    for (uint64_t k = 0; k <= 2 * REACH; k++) {
        bool there = index + k >= REACH;
        uint64_t number = there ? index + k - REACH : 0;
        around[k] = bench->frames[number % bench->frame_count];
        around[k].index = number;
        around[k].pts = (int64_t)number;
        window[k] = there ? &around[k] : NULL;
    }
}

static int run_frame(struct bench *bench, uint64_t index, struct fw_error *err)
{
    struct fw_frame around[2 * REACH + 1];
    const struct fw_frame *window[2 * REACH + 1];
    look_around(bench, index, around, window);
    struct fw_frame out = around[REACH];
    out.image = bench->result;
    if (!bench->sequential)
        return fw_chain_process(bench->chain, window + REACH, &out, err);
    int status = fw_chain_push(bench->chain, window[REACH], err);
    while (status == FW_OK)
        status = fw_chain_pull(bench->chain, &out, err);
    return status;
}

/* Every frame once, under numbers that go on; of one frame. Negative: failed. */
static int pass(struct bench *bench, uint64_t first, struct times *times, struct fw_error *err)
{
    int status = FW_OK;
    double cpu = clock_ms(CLOCK_PROCESS_CPUTIME_ID), wall = clock_ms(CLOCK_MONOTONIC);
    for (uint32_t i = 0; i < bench->frame_count && status >= 0; i++)
        status = run_frame(bench, first + i, err);
    times->cpu = (clock_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu) / bench->frame_count;
    times->wall = (clock_ms(CLOCK_MONOTONIC) - wall) / bench->frame_count;
    return status;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int run(struct bench *bench, double seconds, struct fw_error *err)
{
    static double cpu[PASSES_MAX], wall[PASSES_MAX];
    struct times times;
    uint32_t count = 0;
    double spent = 0;
    if (pass(bench, 0, &times, err) < 0)
        return fail(err->text);
    while (count < 3 || (spent < seconds * 1e3 && count < PASSES_MAX)) {
        if (pass(bench, (uint64_t)(count + 1) * bench->frame_count, &times, err) < 0)
            return fail(err->text);
        cpu[count] = times.cpu;
        wall[count++] = times.wall;
        spent += times.cpu * bench->frame_count;
    }
    qsort(cpu, count, sizeof(cpu[0]), compare);
    qsort(wall, count, sizeof(wall[0]), compare);
    (void)printf("ms %.4f wall %.4f\n", cpu[count / 2], wall[count / 2]);
    return 0;
}

/* The chain's only segment with a filter. */
static int start(struct bench *bench, struct fw_error *err)
{
    uint32_t segment = 0;
    struct fw_chain_segment shown;
    fw_chain_segment_at(bench->chain, 0, &shown);
    if (shown.step_count == 0 && fw_chain_segment_count(bench->chain) == 3) {
        segment = 1;
        bench->sequential = true;
    }
    return fw_chain_start(bench->chain, segment, err);
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct fw_error err = { 0 };
    if (argc < 5 || sscanf(argv[2], "%dx%d", &bench.in.width, &bench.in.height) != 2)
        return fail("FORMAT WxH FILE CHAIN [CPU [SECONDS]]");
    bench.in.format = fw_format_find(argv[1]);
    bench.in.sample_aspect = (struct fw_rational){ 1, 1 };
    bench.in.time_base = (struct fw_rational){ 1, 25 };
    bench.in.frame_rate = (struct fw_rational){ 25, 1 };
    bench.in.color.matrix = 2;
    if (!bench.in.format || read_frames(&bench, argv[3]) < 0)
        return fail("no such format, or no whole frame in the file");
    if (fw_chain_create(&bench.chain, argv[4], &err) < 0 ||
        fw_chain_negotiate(bench.chain, &bench.in, &bench.out, &err) < 0)
        return fail(err.text);
    if (argc > 5)
        fw_chain_set_cpu(bench.chain, fw_cpu_parse(argv[5]));
    if (start(&bench, &err) < 0 || take_image(&bench.result, &bench.out) < 0)
        return fail(err.status ? err.text : "no memory");
    return run(&bench, argc > 6 ? atof(argv[6]) : 1, &err);
}
