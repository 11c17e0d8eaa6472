/* PNG files from images, through libpng. */
#include "png_write.h"

#include "filters/check.h"

#include <errno.h>
#include <setjmp.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <png.h>

struct row_format {
    const char *name;
    int color_type;
    int depth;
    bool swap; /* PNG is big-endian */
};

static const struct row_format row_formats[] = {
    { "gray", PNG_COLOR_TYPE_GRAY, 8, false },
    { "ya8", PNG_COLOR_TYPE_GRAY_ALPHA, 8, false },
    { "rgb24", PNG_COLOR_TYPE_RGB, 8, false },
    { "rgba", PNG_COLOR_TYPE_RGB_ALPHA, 8, false },
    { "gray16be", PNG_COLOR_TYPE_GRAY, 16, false },
    { "ya16be", PNG_COLOR_TYPE_GRAY_ALPHA, 16, false },
    { "rgb48be", PNG_COLOR_TYPE_RGB, 16, false },
    { "rgba64be", PNG_COLOR_TYPE_RGB_ALPHA, 16, false },
    { "gray16le", PNG_COLOR_TYPE_GRAY, 16, true },
    { "ya16le", PNG_COLOR_TYPE_GRAY_ALPHA, 16, true },
    { "rgb48le", PNG_COLOR_TYPE_RGB, 16, true },
    { "rgba64le", PNG_COLOR_TYPE_RGB_ALPHA, 16, true },
};

/* libpng reports through callbacks and leaves by longjmp; both end in this file. */
struct png_job {
    int fd;
    struct fw_error *err;
};

static void on_error(png_structp png, png_const_charp text)
{
    struct png_job *job = png_get_error_ptr(png);
    (void)fw_fail(job->err, FW_ERR_OUTPUT, "PNG: %s", text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void on_write(png_structp png, png_bytep bytes, size_t count)
{
    const struct png_job *job = png_get_io_ptr(png);
    while (count > 0) {
        ssize_t written = write(job->fd, bytes, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            png_error(png, strerror(errno));
        bytes += written;
        count -= (size_t)written;
    }
}

static void on_flush(png_structp png)
{
    (void)png; /* fsync is the publisher's */
}

/* The longjmp lands here; nothing that must be released lives in this frame. */
static int write_rows(png_structp png, png_infop info, const struct fw_image *image,
                      const struct row_format *format, int level)
{
    if (setjmp(png_jmpbuf(png)))
        return -1;
    png_set_compression_level(png, level);
    png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
    png_set_IHDR(png, info, (png_uint_32)image->width, (png_uint_32)image->height, format->depth,
                 format->color_type, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    if (format->swap)
        png_set_swap(png);
    for (int32_t y = 0; y < image->height; y++)
        png_write_row(png, image->data[0] + y * image->stride[0]);
    png_write_end(png, NULL);
    return 0;
}

int fw_png_write(int fd, const struct fw_image *image, int level, struct fw_error *err)
{
    struct fw_error own = { 0 };
    struct png_job job = { fd, err ? err : &own };
    const struct row_format *format = NULL;

    for (size_t i = 0; i < FW_COUNT(row_formats); i++) {
        if (strcmp(row_formats[i].name, image->format->name) == 0)
            format = &row_formats[i];
    }
    if (!format)
        return fw_fail(err, FW_ERR_USAGE, "PNG cannot hold %s", image->format->name);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &job, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_write_struct(&png, NULL);
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a PNG");
    }
    png_set_write_fn(png, &job, on_write, on_flush);
    int status = write_rows(png, info, image, format, level);
    png_destroy_write_struct(&png, &info);
    return status < 0 ? job.err->status : FW_OK;
}
