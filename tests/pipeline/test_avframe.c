/* Frames of libav to slots and back: crop, palettes, side data, and descriptors that lie. */
#include "pipeline/avframe.h"

#include "pipeline/limits.h"

#include "filters/format.h"
#include "filters/image.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include <libavutil/mastering_display_metadata.h>
#include <libavutil/pixdesc.h>

static AVFrame *make_frame(enum AVPixelFormat format, int width, int height)
{
    AVFrame *frame = av_frame_alloc();
    frame->format = format;
    frame->width = width;
    frame->height = height;
    cr_assert_eq(av_frame_get_buffer(frame, 0), 0);
    for (int plane = 0; plane < 4 && frame->buf[plane]; plane++) {
        for (size_t i = 0; i < frame->buf[plane]->size; i++)
            frame->buf[plane]->data[i] = (uint8_t)(i * 7 + (size_t)plane * 31);
    }
    return frame;
}

static void *make_slot(const AVFrame *frame, size_t *bytes)
{
    struct fw_image_layout layout;
    const struct fw_format *format = fw_format_from_av((enum AVPixelFormat)frame->format);
    cr_assert_eq(fw_image_layout(&layout, format, frame->width, frame->height), 0);
    *bytes = layout.bytes;
    return aligned_alloc(64, layout.bytes);
}

Test(avframe, every_software_format_has_a_row)
{
    for (int i = 0; i < AV_PIX_FMT_NB; i++) {
        const AVPixFmtDescriptor *row = av_pix_fmt_desc_get((enum AVPixelFormat)i);
        if (!row || (row->flags & AV_PIX_FMT_FLAG_HWACCEL))
            continue;
        const struct fw_format *format = fw_format_from_av((enum AVPixelFormat)i);
        cr_assert_not_null(format, "%s", row->name);
        cr_assert_eq(fw_format_to_av(format), (enum AVPixelFormat)i, "%s", row->name);
    }
    cr_assert_null(fw_format_from_av(AV_PIX_FMT_VAAPI));
}

static void round_trip(enum AVPixelFormat format, int width, int height)
{
    struct fw_error err = { 0 };
    size_t bytes;
    AVFrame *frame = make_frame(format, width, height);
    AVFrame *back = av_frame_alloc();
    struct fw_frame_info info;
    void *slot = make_slot(frame, &bytes);
    frame->pts = 12;
    frame->interlaced_frame = 1;
    frame->top_field_first = 1;
    frame->color_range = AVCOL_RANGE_JPEG;
    cr_assert_eq(fw_avframe_store(frame, slot, bytes, &err), FW_OK, "%s", err.text);
    fw_frame_info_from_av(&info, frame);
    cr_assert_eq(fw_avframe_load(back, &info, slot, NULL, &err), FW_OK, "%s", err.text);
    cr_assert_eq(back->pts, 12);
    cr_assert(back->interlaced_frame && back->top_field_first);
    cr_assert_eq(back->color_range, AVCOL_RANGE_JPEG);
    const struct fw_format *row = fw_format_from_av(format);
    for (uint32_t plane = 0; plane < row->plane_count; plane++) {
        int32_t rows = fw_format_plane_height(row, plane, height);
        size_t length = fw_format_row_bytes(row, plane, width);
        for (int32_t y = 0; y < rows; y++)
            cr_assert_arr_eq(back->data[plane] + y * back->linesize[plane],
                             frame->data[plane] + y * frame->linesize[plane], length);
    }
    av_frame_free(&frame);
    av_frame_free(&back);
    free(slot);
}

Test(avframe, pixels_round_trip)
{
    round_trip(AV_PIX_FMT_YUV420P, 33, 17);
    round_trip(AV_PIX_FMT_YUVA444P10, 21, 5);
    round_trip(AV_PIX_FMT_PAL8, 19, 7);
    round_trip(AV_PIX_FMT_NV12, 34, 18);
    round_trip(AV_PIX_FMT_RGB48, 1, 1);
    round_trip(AV_PIX_FMT_MONOBLACK, 13, 3);
}

Test(avframe, crop_is_exact)
{
    struct fw_error err = { 0 };
    size_t bytes;
    AVFrame *frame = make_frame(AV_PIX_FMT_YUV420P, 64, 32);
    void *slot = make_slot(frame, &bytes);
    struct fw_frame_info info;
    struct fw_image_layout layout;
    struct fw_image image;
    frame->crop_left = 2;
    frame->crop_top = 4;
    frame->crop_right = 6;
    frame->crop_bottom = 2;
    cr_assert_eq(fw_avframe_store(frame, slot, bytes, &err), FW_OK);
    fw_frame_info_from_av(&info, frame);
    cr_assert_eq(info.width, 56);
    cr_assert_eq(info.height, 26);
    const struct fw_format *format = fw_format_at(info.format);
    cr_assert_eq(fw_image_layout(&layout, format, 56, 26), 0);
    fw_image_map(&image, &layout, format, 56, 26, slot);
    cr_assert_arr_eq(image.data[0], frame->data[0] + 4 * frame->linesize[0] + 2, 56);
    cr_assert_arr_eq(image.data[1], frame->data[1] + 2 * frame->linesize[1] + 1, 28);
    cr_assert_eq(fw_avframe_store(frame, slot, layout.bytes - 1, &err), FW_ERR_INTERNAL);
    av_frame_free(&frame);
    free(slot);
}

Test(avframe, side_data_travels_and_lies_are_refused)
{
    struct fw_error err = { 0 };
    size_t bytes;
    uint32_t lost = 0;
    static uint8_t blob[FW_BLOB_MAX];
    AVFrame *frame = make_frame(AV_PIX_FMT_GRAY8, 16, 16);
    AVFrame *back = av_frame_alloc();
    struct fw_frame_info info;
    void *slot = make_slot(frame, &bytes);
    AVMasteringDisplayMetadata *display = av_mastering_display_metadata_create_side_data(frame);
    display->has_luminance = 1;
    display->max_luminance = (AVRational){ 1000, 1 };
    memset(av_frame_new_side_data(frame, AV_FRAME_DATA_A53_CC, 9)->data, 3, 9);
    (void)av_frame_new_side_data(frame, AV_FRAME_DATA_ICC_PROFILE, 100000);
    cr_assert_eq(fw_avframe_store(frame, slot, bytes, &err), FW_OK);
    fw_frame_info_from_av(&info, frame);
    info.blob_bytes = fw_avframe_store_side(frame, blob, sizeof(blob), &lost);
    cr_assert_eq(lost, 1, "a profile that does not fit");
    cr_assert_eq(fw_avframe_wrap(back, &info, slot, blob, &err), FW_OK, "%s", err.text);
    cr_assert_eq(back->data[0], slot);
    cr_assert_eq(av_frame_is_writable(back), 0);
    cr_assert_eq(back->nb_side_data, 2);
    cr_assert_eq(av_frame_get_side_data(back, AV_FRAME_DATA_A53_CC)->data[8], 3);
    uint32_t size = 1;
    memcpy(blob + 4, &size, sizeof(size));
    cr_assert_eq(fw_avframe_wrap(back, &info, slot, blob, &err), FW_ERR_INTERNAL);
    err.status = 0;
    info.blob_bytes = 0;
    info.format = 100000;
    cr_assert_eq(fw_avframe_wrap(back, &info, slot, blob, &err), FW_ERR_INTERNAL);
    av_frame_free(&frame);
    av_frame_free(&back);
    free(slot);
}
