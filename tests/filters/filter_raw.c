/*
 * Raw frames through a chain: filter_raw FORMAT WxH CHAIN [FIRST [OUT_FORMAT]]
 *
 * Reads packed raw frames from stdin, writes the results to stdout, and the output's format and
 * size to stderr. FIRST is the index of the first frame (pts = index, time base 1/25), so that a
 * range in the middle of a clip can be run alone.
 */
#include "chain.h"
#include "format.h"
#include "image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *text)
{
    (void)fprintf(stderr, "%s\n", text);
    return 1;
}

static void *take_image(struct fw_image *image, const struct fw_video *video)
{
    struct fw_image_layout layout;
    if (fw_image_layout(&layout, video->format, video->width, video->height) < 0)
        return NULL;
    void *block = aligned_alloc(FW_IMAGE_ALIGN, layout.bytes);
    if (block) {
        memset(block, 0xA5, layout.bytes);
        fw_image_map(image, &layout, video->format, video->width, video->height, block);
    }
    return block;
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

static int run(struct fw_chain *chain, const struct fw_video *video, const struct fw_video *result,
               uint64_t first, struct fw_error *err)
{
    struct fw_frame in = { .struct_size = sizeof(in), .duration = 1 };
    struct fw_frame out = { .struct_size = sizeof(out) };
    void *blocks[2] = { take_image(&in.image, video), take_image(&out.image, result) };
    int status = blocks[0] && blocks[1] ? FW_OK : fw_fail(err, FW_ERR_MEMORY, "no memory");
    struct fw_image target = out.image;
    for (uint64_t i = first; status >= 0 && move_rows(&in.image, 0) == 0; i++) {
        in.index = i;
        in.pts = (int64_t)i;
        in.sample_aspect = video->sample_aspect;
        in.color = video->color;
        out.image = target;
        status = fw_chain_process(chain, &in, &out, err);
        if (status == FW_OK || status == FW_IDENTITY)
            (void)move_rows(status == FW_OK ? &out.image : &in.image, 1);
    }
    free(blocks[0]);
    free(blocks[1]);
    return status;
}

int main(int count, char **words)
{
    struct fw_video video = { .sample_aspect = { 1, 1 },
                              .time_base = { 1, 25 },
                              .frame_rate = { 25, 1 },
                              .color = { .matrix = 2, .primaries = 2, .transfer = 2 } };
    struct fw_video result;
    struct fw_error err = { 0 };
    struct fw_chain *chain = NULL;
    if (count < 4 || sscanf(words[2], "%dx%d", &video.width, &video.height) != 2)
        return fail("usage: filter_raw FORMAT WxH CHAIN [FIRST [OUT_FORMAT]]");
    video.format = fw_format_find(words[1]);
    if (!video.format)
        return fail("unknown format");
    if (video.format->flags & FW_FORMAT_FULL_RANGE)
        video.color.range = 2;
    int status = fw_chain_create(&chain, words[3], &err);
    if (status == FW_OK && count > 5)
        fw_chain_set_output_format(chain, fw_format_find(words[5]));
    if (status == FW_OK)
        status = fw_chain_negotiate(chain, &video, &result, &err);
    if (status == FW_OK)
        status = fw_chain_start(chain, &err);
    if (status == FW_OK) {
        (void)fprintf(stderr, "%s %dx%d\n", result.format->name, result.width, result.height);
        status = run(chain, &video, &result, count > 4 ? strtoull(words[4], NULL, 10) : 0, &err);
    }
    fw_chain_destroy(chain);
    return status < 0 ? fail(err.text) : 0;
}
