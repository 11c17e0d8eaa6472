/*
 * Raw frames through a chain: filter_raw FORMAT WxH CHAIN [OUT_FORMAT|- [RANGE [CPU]]]
 *
 * Reads packed raw frames from stdin (pts = number, time base 1/25), writes the results to stdout,
 * and the output's format and size to stderr. With RANGE, parallel segments run in ranges of so
 * many outputs, the last one first, each in a chain of its own. CPU is c, avx2 or
 * avx512.
 */
#include "whole.h"

#include "format.h"
#include "kernels/cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *text)
{
    (void)fprintf(stderr, "%s\n", text);
    return 1;
}

static int move_rows(const struct fw_image *image, int writing)
{
    for (uint32_t plane = 0; plane < image->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(image->format, plane, image->width);
        int32_t rows = fw_format_plane_height(image->format, plane, image->height);
        for (int32_t y = 0; y < rows; y++) {
            uint8_t *row = image->data[plane] + y * image->stride[plane];
            size_t done = writing ? fwrite(row, 1, bytes, stdout) : fread(row, 1, bytes, stdin);
            if (done != bytes)
                return -1;
        }
    }
    return 0;
}

static void read_clip(struct clip *clip)
{
    while (move_rows(&clip_add(clip, 0xA5)->image, 0) == 0)
        continue;
    free(clip->frames[--clip->count].block);
}

static int run(const struct whole *whole, struct clip *in, struct fw_error *err)
{
    struct clip out;
    read_clip(in);
    int status = whole_run(whole, in, &out, err);
    if (status == FW_OK)
        (void)fprintf(stderr, "%s %dx%d\n", out.video.format->name, out.video.width,
                      out.video.height);
    for (uint32_t i = 0; i < out.count && status == FW_OK; i++)
        (void)move_rows(&out.frames[i].frame.image, 1);
    clip_deinit(&out);
    clip_deinit(in);
    return status;
}

int main(int count, char **words)
{
    struct clip in = { .video = { .sample_aspect = { 1, 1 },
                                  .time_base = { 1, 25 },
                                  .frame_rate = { 25, 1 },
                                  .color = { .matrix = 2, .primaries = 2, .transfer = 2 } } };
    struct fw_video *video = &in.video;
    struct fw_error err = { 0 };
    if (count < 4 || sscanf(words[2], "%dx%d", &video->width, &video->height) != 2)
        return fail("usage: filter_raw FORMAT WxH CHAIN [OUT_FORMAT|- [RANGE [CPU]]]");
    struct whole whole = { .text = words[3], .fill = 0xA5 };
    video->format = fw_format_find(words[1]);
    if (count > 4 && strcmp(words[4], "-") != 0)
        whole.output = fw_format_find(words[4]);
    if (!video->format || (count > 4 && strcmp(words[4], "-") != 0 && !whole.output))
        return fail("unknown format");
    if (count > 5)
        whole.range = (uint32_t)strtoul(words[5], NULL, 10);
    if (count > 6)
        whole.cpu = words[6];
    if (whole.cpu && fw_cpu_parse(whole.cpu) < 0)
        return fail("unknown level of instructions");
    if (video->format->flags & FW_FORMAT_FULL_RANGE)
        video->color.range = 2;
    return run(&whole, &in, &err) < 0 ? fail(err.text) : 0;
}
