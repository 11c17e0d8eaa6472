/*
 * Pixels without libpng, for pictures whose data fits in memory at once: libdeflate inflates in a
 * fraction of zlib's time. Nothing is judged here: whatever is not as it should be, libpng decodes
 * again, and says.
 */
#include "png_still.h"

#include <stdlib.h>

#include <libdeflate.h>

#define DATA_MAX ((uint64_t)64 << 20)
#define RAW_MAX ((uint64_t)256 << 20)

/* The data's chunks one behind the other. */
static int join(const struct fw_png_reader *reader, const struct fw_png_picture *picture,
                uint8_t *data, struct fw_error *err)
{
    struct fw_png_extent extent;
    uint64_t next = picture->at;
    uint64_t joined = 0;
    for (;;) {
        int status = fw_png_next_extent(reader, picture, &next, &extent, err);
        if (status == FW_END)
            return joined == picture->bytes ? FW_OK : FW_DROP;
        if (status < 0)
            return status;
        if (extent.count > picture->bytes - joined)
            return FW_DROP;
        status = fw_still_read_at(&reader->common, extent.at, data + joined, extent.count, err);
        if (status < 0)
            return status;
        uint32_t crc = libdeflate_crc32(0, extent.lead, extent.lead_count);
        crc = libdeflate_crc32(crc, data + joined, extent.count);
        if (crc != extent.crc)
            return FW_DROP;
        joined += extent.count;
    }
}

static int inflate_all(const uint8_t *data, size_t data_bytes, uint8_t *raw, size_t raw_bytes)
{
    struct libdeflate_decompressor *inflate = libdeflate_alloc_decompressor();
    if (!inflate)
        return FW_DROP;
    enum libdeflate_result result = libdeflate_zlib_decompress(inflate, data, data_bytes, raw,
                                                               raw_bytes, NULL);
    libdeflate_free_decompressor(inflate);
    return result == LIBDEFLATE_SUCCESS ? FW_OK : FW_DROP;
}

/* Rows that are the image's own bytes are made in it, others where they lie. `zeros` is the row
 * above the first one. */
static int rows_to_image(const struct fw_png_reader *reader, uint8_t *raw, const uint8_t *zeros,
                         const struct fw_image *image, uint8_t *spare)
{
    bool plain = fw_png_is_plain(reader, image->format);
    uint32_t bits = fw_png_pixel_bits(&reader->shape);
    size_t row_bytes = fw_png_row_bytes(&reader->shape, (uint32_t)image->width);
    const uint8_t *before = zeros;
    for (int32_t y = 0; y < image->height; y++) {
        uint8_t *filtered = raw + (size_t)y * (row_bytes + 1);
        uint8_t *row = plain ? image->data[0] + y * image->stride[0] : filtered + 1;
        if (!fw_png_unfilter(row, filtered, before, row_bytes, bits < 8 ? 1 : bits / 8))
            return FW_DROP;
        if (!plain)
            fw_png_unpack(reader, row, image, y, spare);
        before = row;
    }
    return FW_OK;
}

int fw_png_decode_fast(const struct fw_png_reader *reader, const struct fw_png_picture *picture,
                       const struct fw_image *image, struct fw_error *err)
{
    struct fw_png_shape shape = reader->shape;
    shape.width = picture->width;
    shape.height = picture->height;
    uint64_t raw_bytes = fw_png_raw_bytes(&shape);
    if (shape.interlaced || raw_bytes > RAW_MAX || picture->bytes > DATA_MAX)
        return FW_DROP;
    int status = FW_DROP;
    uint8_t *data = malloc((size_t)picture->bytes + 1);
    uint8_t *raw = malloc((size_t)raw_bytes);
    uint8_t *spare = malloc(fw_png_spare_bytes(shape.width));
    uint8_t *zeros = calloc(1, fw_png_row_bytes(&shape, shape.width));
    if (data && raw && spare && zeros)
        status = join(reader, picture, data, err);
    if (status == FW_OK)
        status = inflate_all(data, (size_t)picture->bytes, raw, (size_t)raw_bytes);
    if (status == FW_OK)
        status = rows_to_image(reader, raw, zeros, image, spare);
    free(data);
    free(raw);
    free(spare);
    free(zeros);
    return status;
}
