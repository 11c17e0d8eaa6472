/*
 * Frames of a chain, as text: frame_list FORMAT WxH CHAIN
 *
 * Reads packed raw frames from stdin, 25 a second, and prints the output's format and time base,
 * then time stamp and MD5 of every frame that comes out.
 */
#include "whole.h"

#include "format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/log.h>
#include <libavutil/md5.h>
#include <libavutil/mem.h>

static bool read_rows(const struct fw_image *image)
{
    for (uint32_t plane = 0; plane < image->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(image->format, plane, image->width);
        int32_t rows = fw_format_plane_height(image->format, plane, image->height);
        for (int32_t y = 0; y < rows; y++) {
            if (fread(image->data[plane] + y * image->stride[plane], 1, bytes, stdin) != bytes)
                return false;
        }
    }
    return true;
}

static void print_frame(struct AVMD5 *md5, const struct fw_frame *frame)
{
    const struct fw_image *image = &frame->image;
    uint8_t sum[16];
    av_md5_init(md5);
    for (uint32_t plane = 0; plane < image->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(image->format, plane, image->width);
        int32_t rows = fw_format_plane_height(image->format, plane, image->height);
        for (int32_t y = 0; y < rows; y++)
            av_md5_update(md5, image->data[plane] + y * image->stride[plane], bytes);
    }
    av_md5_final(md5, sum);
    printf("%lld ", (long long)frame->pts);
    for (size_t i = 0; i < sizeof(sum); i++)
        printf("%02x", sum[i]);
    printf("\n");
}

int main(int count, char **words)
{
    struct clip in = { .video = { .sample_aspect = { 1, 1 },
                                  .time_base = { 1, 25 },
                                  .frame_rate = { 25, 1 },
                                  .color = { .matrix = 2, .primaries = 2, .transfer = 2 } } };
    struct clip out;
    struct fw_error err = { 0 };
    if (count != 4 || sscanf(words[2], "%dx%d", &in.video.width, &in.video.height) != 2)
        return 2;
    av_log_set_level(AV_LOG_ERROR);
    in.video.format = fw_format_find(words[1]);
    while (read_rows(&clip_add(&in, 0)->image))
        ;
    free(in.frames[--in.count].block);
    struct whole whole = { .text = words[3] };
    int status = whole_run(&whole, &in, &out, &err);
    struct AVMD5 *md5 = av_md5_alloc();
    if (status == FW_OK && md5) {
        printf("%s %d/%d\n", out.video.format->name, out.video.time_base.num,
               out.video.time_base.den);
        for (uint32_t i = 0; i < out.count; i++)
            print_frame(md5, &out.frames[i].frame);
    }
    av_free(md5);
    clip_deinit(&in);
    clip_deinit(&out);
    if (status < 0)
        (void)fprintf(stderr, "%s\n", err.text);
    return status < 0 ? 1 : 0;
}
