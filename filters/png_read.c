/* PNG files to images. */
#include "png_read.h"

#include "format.h"
#include "image.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#define SIDE_MAX 16384

struct reader {
    png_structp png;
    png_infop info;
    void *block;
    struct fw_image image;
    char message[128];
};

static void fail(png_structp png, png_const_charp message)
{
    struct reader *reader = png_get_error_ptr(png);
    (void)snprintf(reader->message, sizeof(reader->message), "%s", message);
    longjmp(png_jmpbuf(png), 1);
}

static void ignore(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static const char *format_name(png_byte color, png_byte depth)
{
    bool wide = depth == 16;
    switch (color) {
    case PNG_COLOR_TYPE_GRAY:
        return wide ? "gray16be" : "gray";
    case PNG_COLOR_TYPE_GRAY_ALPHA:
        return wide ? "ya16be" : "ya8";
    case PNG_COLOR_TYPE_RGB:
        return wide ? "rgb48be" : "rgb24";
    default:
        return wide ? "rgba64be" : "rgba";
    }
}

/* Makes room for the pixels once their format is known; 0 or -1. */
static int take_image(struct reader *reader)
{
    struct fw_image_layout layout;
    int32_t width = (int32_t)png_get_image_width(reader->png, reader->info);
    int32_t height = (int32_t)png_get_image_height(reader->png, reader->info);
    const struct fw_format *format = fw_format_find(
        format_name(png_get_color_type(reader->png, reader->info),
                    png_get_bit_depth(reader->png, reader->info)));
    if (!format || fw_image_layout(&layout, format, width, height) < 0)
        return -1;
    reader->block = aligned_alloc(FW_IMAGE_ALIGN, layout.bytes);
    if (!reader->block)
        return -1;
    fw_image_map(&reader->image, &layout, format, width, height, reader->block);
    return 0;
}

/* Nothing that is set after setjmp lives in this frame: all of it is in `reader`. */
static int read_all(struct reader *reader, FILE *file)
{
    if (setjmp(png_jmpbuf(reader->png)))
        return -1;
    png_init_io(reader->png, file);
    png_set_user_limits(reader->png, SIDE_MAX, SIDE_MAX);
    png_read_info(reader->png, reader->info);
    png_set_expand(reader->png); /* palettes, few bits and a transparent colour */
    int passes = png_set_interlace_handling(reader->png);
    png_read_update_info(reader->png, reader->info);
    if (take_image(reader) < 0)
        png_error(reader->png, "no memory");
    for (int pass = 0; pass < passes; pass++) {
        for (int32_t y = 0; y < reader->image.height; y++)
            png_read_row(reader->png, reader->image.data[0] + y * reader->image.stride[0], NULL);
    }
    png_read_end(reader->png, NULL);
    return 0;
}

int fw_png_read(const char *path, struct fw_image *image_out, void **block_out,
                struct fw_error *err)
{
    struct reader reader = { .message = "no memory" };
    int status = FW_OK;
    *block_out = NULL;
    FILE *file = fopen(path, "rbe");
    if (!file)
        return fw_fail(err, FW_ERR_INPUT, "%s: cannot be opened", path);
    reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, fail, ignore);
    reader.info = reader.png ? png_create_info_struct(reader.png) : NULL;
    if (!reader.info || read_all(&reader, file) < 0) {
        status = fw_fail(err, FW_ERR_INPUT, "%s: no PNG picture: %s", path, reader.message);
        free(reader.block);
    } else {
        *image_out = reader.image;
        *block_out = reader.block;
    }
    png_destroy_read_struct(&reader.png, &reader.info, NULL);
    (void)fclose(file);
    return status;
}
