/*
 * Every built-in on synthetic frames against the hashes in golden.txt:
 *
 *     CHAIN | FORMAT WxH FRAMES | XXH3 of the visible output pixels, in hexadecimal
 *
 * FW_GOLDEN_PRINT=1 prints the lines with the hashes of this build. `scale` and `format` are not
 * here for formats whose kernels zimg computes in floating point: test_zimage.c checks them.
 */
#include "whole.h"

#include "format.h"
#include "registry.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#define HASHES 64 /* frames that come out of at most 8 */

static struct fw_video video_of(const char *format, int32_t width, int32_t height)
{
    return (struct fw_video){ .format = fw_format_find(format),
                              .width = width,
                              .height = height,
                              .sample_aspect = { 1, 1 },
                              .time_base = { 1, 25 },
                              .frame_rate = { 25, 1 },
                              .color = { .matrix = 2 } };
}

/* Noise over a ramp; samples stay within the depth of the format. */
static void paint(const struct fw_image *image, uint64_t index)
{
    uint64_t state = index * 977 + 5;
    uint32_t depth = fw_format_depth(image->format);
    uint8_t mask = depth > 8 && depth < 16 ? (uint8_t)((1u << (depth - 8)) - 1) : 0xFF;
    for (uint32_t plane = 0; plane < image->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(image->format, plane, image->width);
        int32_t rows = fw_format_plane_height(image->format, plane, image->height);
        for (int32_t y = 0; y < rows; y++) {
            uint8_t *row = image->data[plane] + y * image->stride[plane];
            for (size_t x = 0; x < bytes; x++) {
                state = state * 6364136223846793005u + 1442695040888963407u;
                row[x] = (uint8_t)((state >> 56) + x + (size_t)y * 3);
                if (depth > 8 && x % 2)
                    row[x] &= mask;
            }
        }
    }
}

/* Hashes of the frames that come out; `range` and `cpu` as in whole.h. Returns how many. */
static uint32_t run(const char *text, const struct fw_video *in, int frames, uint32_t range,
                    const char *cpu, uint64_t *hashes)
{
    struct fw_error err = { 0 };
    struct clip from = { .video = *in };
    struct clip to;
    struct whole whole = { .text = text, .range = range, .cpu = cpu, .fill = 0xC3 };
    for (int i = 0; i < frames; i++)
        paint(&clip_add(&from, 0)->image, (uint64_t)i);
    cr_assert_eq(whole_run(&whole, &from, &to, &err), FW_OK, "%s: %s", text, err.text);
    uint32_t count = to.count;
    cr_assert_leq(count, HASHES);
    for (uint32_t i = 0; i < count; i++)
        hashes[i] = clip_hash(&to.frames[i].frame);
    clip_deinit(&from);
    clip_deinit(&to);
    return count;
}

struct line {
    char chain[128];
    char format[24];
    int width;
    int height;
    int frames;
    uint64_t hash;
};

static int read_line(FILE *file, struct line *line)
{
    char text[320];
    while (fgets(text, sizeof(text), file)) {
        unsigned long long hash = 0;
        if (text[0] == '#' || text[0] == '\n')
            continue;
        int count = sscanf(text, "%127[^|]| %23s %dx%d %d | %llx", line->chain, line->format,
                           &line->width, &line->height, &line->frames, &hash);
        cr_assert_geq(count, 5, "%s", text);
        cr_assert(line->frames <= 8);
        for (char *end = strchr(line->chain, '\0'); end > line->chain && end[-1] == ' ';)
            *--end = '\0';
        line->hash = hash;
        return 1;
    }
    return 0;
}

static FILE *open_lines(void)
{
    FILE *file = fopen(FW_TEST_DIR "/golden.txt", "r");
    cr_assert_not_null(file);
    return file;
}

/* Whether a line has its hash at one level of instructions; prints it as it is if asked to. */
static bool check_line(const struct line *line, const char *cpu, bool print)
{
    uint64_t hashes[HASHES] = { 0 };
    struct fw_video in = video_of(line->format, line->width, line->height);
    uint32_t count = run(line->chain, &in, line->frames, 0, cpu, hashes);
    uint64_t hash = XXH3_64bits(hashes, count * sizeof(hashes[0]));
    if (print)
        (void)printf("%s | %s %dx%d %d | %016llx\n", line->chain, line->format, line->width,
                     line->height, line->frames, (unsigned long long)hash);
    else if (hash != line->hash)
        cr_log_error("%s | %s %dx%d at %s: %016llx", line->chain, line->format, line->width,
                     line->height, cpu, (unsigned long long)hash);
    return print || hash == line->hash;
}

static void check_lines(const char *cpu)
{
    struct line line;
    FILE *file = open_lines();
    bool print = getenv("FW_GOLDEN_PRINT") != NULL;
    int wrong = 0;
    while (read_line(file, &line))
        wrong += !check_line(&line, cpu, print);
    (void)fclose(file);
    (void)fflush(stdout);
    cr_assert_eq(wrong, 0, "%d lines differ", wrong);
}

Test(golden, pixels_are_those_written_down, .timeout = 60)
{
    check_lines("avx512");
}

Test(golden, pixels_are_the_same_with_avx2, .timeout = 60)
{
    if (!getenv("FW_GOLDEN_PRINT"))
        check_lines("avx2");
}

Test(golden, pixels_are_the_same_in_c, .timeout = 60)
{
    if (!getenv("FW_GOLDEN_PRINT"))
        check_lines("c");
}

/* The key property: every frame alone, in a chain of its own, is the frame of the whole run. */
Test(golden, a_frame_does_not_depend_on_its_range, .timeout = 60)
{
    struct line line;
    FILE *file = open_lines();
    while (read_line(file, &line)) {
        uint64_t whole[HASHES] = { 0 };
        uint64_t alone[HASHES] = { 0 };
        struct fw_video in = video_of(line.format, line.width, line.height);
        run(line.chain, &in, line.frames, 0, NULL, whole);
        for (uint32_t range = 1; range < 3; range++) {
            run(line.chain, &in, line.frames, range, NULL, alone);
            cr_assert_eq(memcmp(whole, alone, sizeof(whole)), 0, "%s | %s in ranges of %u",
                         line.chain, line.format, range);
        }
    }
    (void)fclose(file);
}

Test(golden, every_built_in_has_a_line)
{
    for (uint32_t i = 0; i < fw_filter_count(); i++) {
        struct line line;
        const char *name = fw_filter_at(i)->name;
        bool found = false;
        FILE *file = open_lines();
        while (read_line(file, &line))
            found = found || strncmp(line.chain, name, strlen(name)) == 0;
        (void)fclose(file);
        cr_assert(found, "%s", name);
    }
}
