/*
 * clahe: contrast-limited adaptive histogram equalization (Zuiderveld, 1994) of luma, with the
 * tiles, clipping and interpolation of OpenCV's CLAHE. Samples above 8 bits have a bin for each
 * value.
 */
#include "filter.h"
#include "format.h"
#include "rows.h"

#include <math.h>
#include <string.h>

#define TILES_MAX 64
#define LIMIT_TEXT "40"

struct clahe {
    double limit;
    int64_t columns;
    int64_t rows;

    int32_t bins;
    int32_t tile_width;
    int32_t tile_height;
    int32_t clip; /* most that a bin keeps; 0: no limit */
};

/* Where along an axis a sample lies between the centres of two tiles. */
struct between {
    int32_t one;
    int32_t other;
    float part; /* of the other */
};

static const struct fw_option clahe_options[] = {
    { .name = "limit",
      .help = "most contrast, in multiples of an even histogram; 0: no limit",
      .type = FW_OPTION_FLOAT,
      .offset = offsetof(struct clahe, limit),
      .min = 0,
      .max = 1000,
      .default_text = LIMIT_TEXT },
    { .name = "columns",
      .help = "tiles side by side",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct clahe, columns),
      .min = 1,
      .max = TILES_MAX,
      .default_text = "8" },
    { .name = "rows",
      .help = "tiles one above the other",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct clahe, rows),
      .min = 1,
      .max = TILES_MAX,
      .default_text = "8" },
    { .name = NULL },
};

static int clahe_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_format_is_planar_int(format) && !(format->flags & FW_FORMAT_RGB);
}

static void set_tiles(struct clahe *clahe, const struct fw_video *in)
{
    int32_t columns = (int32_t)clahe->columns;
    int32_t rows = (int32_t)clahe->rows;
    int32_t width = in->width;
    int32_t height = in->height;
    if (width % columns != 0 || height % rows != 0) { /* the picture goes on mirrored */
        width += columns - width % columns;
        height += rows - height % rows;
    }
    clahe->bins = 1 << fw_format_depth(in->format);
    clahe->tile_width = width / columns;
    clahe->tile_height = height / rows;
    int64_t samples = (int64_t)clahe->tile_width * clahe->tile_height;
    double clip = clahe->limit * (double)samples / clahe->bins;
    clahe->clip = clahe->limit > 0 ? (clip < 1 ? 1 : (int32_t)fmin(clip, 1e9)) : 0;
}

static size_t table_bytes(const struct clahe *clahe)
{
    return (size_t)(clahe->columns * clahe->rows) * (size_t)clahe->bins * sizeof(uint16_t);
}

static int clahe_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                           struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    struct clahe *clahe = self;
    *out = *in;
    if (!clahe_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    set_tiles(clahe, in);
    caps->scratch_bytes = table_bytes(clahe) + (size_t)clahe->bins * sizeof(int32_t) +
                          (size_t)in->width * sizeof(struct between);
    caps->cost_ns_per_pixel = 4.0f;
    return FW_OK;
}

/* Mirrored about the last sample, as often as need be. */
static int32_t mirrored(int32_t at, int32_t count)
{
    int32_t period = count > 1 ? 2 * (count - 1) : 1;
    at %= period;
    return at < count ? at : period - at;
}

static void count_tile(const struct clahe *clahe, const struct fw_image *image, int32_t column,
                       int32_t row, int32_t *histogram)
{
    int32_t left = column * clahe->tile_width;
    int32_t top = row * clahe->tile_height;
    int32_t end = left + clahe->tile_width;
    int32_t inside = end < image->width ? end : image->width;
    memset(histogram, 0, (size_t)clahe->bins * sizeof(*histogram));
    for (int32_t y = top; y < top + clahe->tile_height; y++) {
        const uint8_t *bytes = image->data[0] + mirrored(y, image->height) * image->stride[0];
        const uint16_t *words = (const uint16_t *)(const void *)bytes;
        bool wide = clahe->bins > 256;
        for (int32_t x = left; x < inside; x++)
            histogram[(wide ? words[x] : bytes[x]) & (clahe->bins - 1)]++;
        for (int32_t x = left > image->width ? left : image->width; x < end; x++) {
            int32_t at = mirrored(x, image->width);
            histogram[(wide ? words[at] : bytes[at]) & (clahe->bins - 1)]++;
        }
    }
}

/* What lies above the limit is dealt out evenly, the rest of that in even steps. */
static void clip_histogram(const struct clahe *clahe, int32_t *histogram)
{
    int64_t clipped = 0;
    for (int32_t i = 0; i < clahe->bins; i++) {
        if (histogram[i] > clahe->clip) {
            clipped += histogram[i] - clahe->clip;
            histogram[i] = clahe->clip;
        }
    }
    int32_t each = (int32_t)(clipped / clahe->bins);
    int32_t rest = (int32_t)(clipped % clahe->bins);
    for (int32_t i = 0; i < clahe->bins; i++)
        histogram[i] += each;
    int32_t step = rest ? clahe->bins / rest : 1;
    for (int32_t i = 0; i < clahe->bins && rest > 0; i += step, rest--)
        histogram[i]++;
}

static void make_table(const struct clahe *clahe, const int32_t *histogram, uint16_t *table)
{
    float scale = (float)(clahe->bins - 1) / (float)(clahe->tile_width * clahe->tile_height);
    int32_t sum = 0;
    for (int32_t i = 0; i < clahe->bins; i++) {
        sum += histogram[i];
        long value = lrintf((float)sum * scale);
        table[i] = (uint16_t)(value < clahe->bins ? value : clahe->bins - 1);
    }
}

static struct between place(int32_t at, int32_t tile, int32_t count)
{
    float middle = (float)at * (1.0f / (float)tile) - 0.5f;
    int32_t one = (int32_t)floorf(middle);
    return (struct between){ .one = one < 0 ? 0 : one,
                             .other = one + 1 < count ? one + 1 : count - 1,
                             .part = middle - (float)one };
}

static void map_row(const struct clahe *clahe, const struct fw_image *dst,
                    const struct fw_image *src, int32_t y, const uint16_t *tables,
                    const struct between *across)
{
    struct between down = place(y, clahe->tile_height, (int32_t)clahe->rows);
    uint8_t *to = dst->data[0] + y * dst->stride[0];
    const uint8_t *from = src->data[0] + y * src->stride[0];
    const uint16_t *upper = tables + down.one * clahe->columns * clahe->bins;
    const uint16_t *lower = tables + down.other * clahe->columns * clahe->bins;
    bool wide = clahe->bins > 256;
    for (int32_t x = 0; x < src->width; x++) {
        int32_t value = wide ? ((const uint16_t *)(const void *)from)[x] : from[x];
        int32_t left = across[x].one * clahe->bins + (value & (clahe->bins - 1));
        int32_t right = across[x].other * clahe->bins + (value & (clahe->bins - 1));
        float part = across[x].part;
        float above = (float)upper[left] * (1.0f - part) + (float)upper[right] * part;
        float below = (float)lower[left] * (1.0f - part) + (float)lower[right] * part;
        long result = lrintf(above * (1.0f - down.part) + below * down.part);
        if (wide)
            ((uint16_t *)(void *)to)[x] = (uint16_t)result;
        else
            to[x] = (uint8_t)result;
    }
}

static int clahe_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                         struct fw_error *err)
{
    (void)err;
    const struct clahe *clahe = self;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    int32_t *histogram = scratch;
    struct between *across = (struct between *)(void *)(histogram + clahe->bins);
    uint16_t *tables = (uint16_t *)(void *)(across + src->width);
    for (int32_t row = 0; row < clahe->rows; row++) {
        for (int32_t column = 0; column < clahe->columns; column++) {
            count_tile(clahe, src, column, row, histogram);
            if (clahe->clip > 0)
                clip_histogram(clahe, histogram);
            make_table(clahe, histogram, tables + (row * clahe->columns + column) * clahe->bins);
        }
    }
    for (int32_t x = 0; x < src->width; x++)
        across[x] = place(x, clahe->tile_width, (int32_t)clahe->columns);
    for (int32_t y = 0; y < src->height; y++)
        map_row(clahe, dst, src, y, tables, across);
    for (uint32_t plane = 1; plane < src->format->plane_count; plane++)
        fw_rows_copy(dst, src, plane, fw_rows_of(src, plane, 0, src->height));
    return FW_OK;
}

const struct fw_filter fw_filter_clahe = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "clahe",
    .summary = "even out contrast place by place",
    .options = clahe_options,
    .self_size = sizeof(struct clahe),
    .negotiate = clahe_negotiate,
    .accepts = clahe_accepts,
    .process = clahe_process,
};
