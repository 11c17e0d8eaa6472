/* Pictures of a PNG one after the other. */
#include "png_still.h"

#include <stdlib.h>

#define MICROSECONDS 1000000u

int fw_png_begin(struct fw_still_reader *common, struct fw_error *err)
{
    struct fw_png_reader *reader = (struct fw_png_reader *)common;
    if (!reader->composed)
        return FW_OK;
    size_t bytes = (size_t)reader->shape.width * reader->shape.height *
                   (fw_png_is_wide(reader) ? 8 : 4);
    reader->canvas = calloc(1, bytes);
    reader->before = malloc(bytes);
    reader->part = malloc(bytes);
    if (!reader->canvas || !reader->before || !reader->part)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for an animation");
    return FW_OK;
}

static int64_t delay_of(const struct fw_png_picture *picture)
{
    uint32_t den = picture->delay_den > 0 ? picture->delay_den : 100;
    return ((int64_t)picture->delay_num * MICROSECONDS + den / 2) / den;
}

int fw_png_next(struct fw_still_reader *common, struct fw_image *image, int64_t *delay_us_out,
                struct fw_error *err)
{
    struct fw_png_reader *reader = (struct fw_png_reader *)common;
    if (reader->next >= reader->picture_count)
        return FW_END;
    const struct fw_png_picture *picture = &reader->pictures[reader->next];
    int status = reader->composed ? fw_png_compose(reader, picture, image, err)
                                  : fw_png_decode(reader, picture, image, err);
    if (status < 0) {
        fw_error_prefix(err, "PNG");
        return status;
    }
    fw_png_unpack_palette(reader, image);
    if (reader->animated)
        *delay_us_out = delay_of(picture);
    reader->next++;
    return FW_OK;
}
