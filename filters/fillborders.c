/*
 * fillborders: the samples near the edges made anew from those inside. Options and arithmetic of
 * libavfilter 5.1's fillborders; a border that would read beyond the plane reads its edge.
 */
#include "filter.h"
#include "format.h"
#include "paint.h"

#include <limits.h>
#include <string.h>

enum mode { SMEAR, MIRROR, FIXED, REFLECT, WRAP, FADE, MARGINS };

struct fillborders {
    int64_t left;
    int64_t right;
    int64_t top;
    int64_t bottom;
    int64_t mode;
    uint32_t color;
};

static const struct fw_choice modes[] = {
    { "smear", SMEAR, "the sample at the border, repeated" },
    { "mirror", MIRROR, "mirrored at the edge of the border" },
    { "fixed", FIXED, "the colour" },
    { "reflect", REFLECT, "mirrored around the sample at the border" },
    { "wrap", WRAP, "from the other side" },
    { "fade", FADE, "faded to the colour" },
    { "margins", MARGINS, "smeared sideways, smoothed upwards and downwards" },
    { NULL, 0, NULL },
};

#define BORDER(option_name, text)                                                                  \
    {                                                                                              \
        .name = #option_name, .help = text, .type = FW_OPTION_INT,                                 \
        .offset = offsetof(struct fillborders, option_name), .min = 0, .max = INT_MAX,             \
        .default_text = "0", .unit = "px"                                                          \
    }

static const struct fw_option fillborders_options[] = {
    BORDER(left, "width of the left border"),
    BORDER(right, "width of the right border"),
    BORDER(top, "height of the upper border"),
    BORDER(bottom, "height of the lower border"),
    { .name = "mode",
      .help = "what borders are made from",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct fillborders, mode),
      .min = 0,
      .max = MARGINS,
      .default_text = "smear",
      .choices = modes },
    { .name = "color",
      .help = "colour of fixed and fade",
      .type = FW_OPTION_COLOR,
      .offset = offsetof(struct fillborders, color),
      .default_text = "black" },
    { .name = NULL },
};

static int fillborders_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_format_is_planar_int(format) && format->component_count != 2;
}

static int fillborders_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                                 struct fw_caps *caps, struct fw_error *err)
{
    const struct fillborders *borders = self;
    *out = *in;
    if (!fillborders_accepts(self, in->format))
        out->format = NULL;
    if (in->width <= borders->left || in->width <= borders->right || in->height <= borders->top ||
        in->height <= borders->bottom || in->width < borders->left * 2 ||
        in->width < borders->right * 2 || in->height < borders->top * 2 ||
        in->height < borders->bottom * 2 || in->width < borders->left + borders->right ||
        in->height < borders->top + borders->bottom)
        return fw_fail(err, FW_ERR_USAGE,
                       "a border may take half of the picture at most, which is %dx%d", in->width,
                       in->height);
    if (!borders->left && !borders->right && !borders->top && !borders->bottom)
        caps->flags |= FW_CAPS_IDENTITY;
    caps->cost_ns_per_pixel = 0.15f;
    return FW_OK;
}

/* A plane of the output, which holds the input's samples when the work begins. */
struct plane {
    uint8_t *data;
    ptrdiff_t stride;
    int32_t width;
    int32_t height;
    int32_t left;
    int32_t right;
    int32_t top;
    int32_t bottom;
    int32_t bytes; /* of a sample */
    int32_t depth;
    int32_t fill;
    enum mode mode;
};

static int32_t get(const struct plane *plane, int32_t x, int32_t y)
{
    const uint8_t *row = plane->data + y * plane->stride;
    return plane->bytes > 1 ? ((const uint16_t *)(const void *)row)[x] : row[x];
}

static void put(const struct plane *plane, int32_t x, int32_t y, int32_t value)
{
    uint8_t *row = plane->data + y * plane->stride;
    if (plane->bytes > 1)
        ((uint16_t *)(void *)row)[x] = (uint16_t)value;
    else
        row[x] = (uint8_t)value;
}

/* Where number `at` of `size` samples comes from, with borders of `first` and `last` of them. */
static int32_t source_of(enum mode mode, int32_t at, int32_t size, int32_t first, int32_t last)
{
    int32_t end = size - last;
    int32_t source = at < first ? first : end - 1;
    if (mode == MIRROR)
        source = at < first ? 2 * first - 1 - at : 2 * end - 1 - at;
    if (mode == REFLECT)
        source = at < first ? 2 * first - at : 2 * end - 2 - at;
    if (mode == WRAP)
        source = at < first ? end - first + at : first + at - end;
    return source < 0 ? 0 : (source < size ? source : size - 1);
}

static void fill_column(const struct plane *plane, int32_t x, int32_t y)
{
    int32_t source = source_of(plane->mode, x, plane->width, plane->left, plane->right);
    put(plane, x, y, plane->mode == FIXED ? plane->fill : get(plane, source, y));
}

static void fill_side_row(const struct plane *plane, int32_t y)
{
    for (int32_t x = 0; x < plane->left; x++)
        fill_column(plane, x, y);
    for (int32_t x = plane->width - plane->right; x < plane->width; x++)
        fill_column(plane, x, y);
}

/* The plane as it comes in; with the sides filled, but for fading, while a row is at hand. */
static void copy_rows(const struct plane *plane, const uint8_t *src, ptrdiff_t stride)
{
    size_t bytes = (size_t)plane->width * (size_t)plane->bytes;
    for (int32_t y = 0; y < plane->height; y++) {
        memcpy(plane->data + y * plane->stride, src + y * stride, bytes);
        if (plane->mode != FADE && y >= plane->top && y < plane->height - plane->bottom)
            fill_side_row(plane, y);
    }
}

static void fill_row(const struct plane *plane, int32_t y)
{
    int32_t source = source_of(plane->mode, y, plane->height, plane->top, plane->bottom);
    if (plane->mode == FIXED) {
        for (int32_t x = 0; x < plane->width; x++)
            put(plane, x, y, plane->fill);
    } else if (source != y) {
        memcpy(plane->data + y * plane->stride, plane->data + source * plane->stride,
               (size_t)plane->width * (size_t)plane->bytes);
    }
}

static void copy_borders(const struct plane *plane)
{
    for (int32_t y = 0; y < plane->top; y++)
        fill_row(plane, y);
    for (int32_t y = plane->height - plane->bottom; y < plane->height; y++)
        fill_row(plane, y);
}

static void fade_sample(const struct plane *plane, int32_t x, int32_t y, int64_t part, int64_t size)
{
    const int64_t one = (int64_t)1 << plane->depth;
    int64_t value = (plane->fill * one * part / size +
                     get(plane, x, y) * one * (size - part) / size) >>
                    plane->depth;
    put(plane, x, y, (int32_t)(value < one ? value : one - 1));
}

static void fade_borders(const struct plane *plane)
{
    int32_t right = plane->width - plane->right;
    int32_t bottom = plane->height - plane->bottom;
    for (int32_t y = 0; y < plane->height; y++) {
        for (int32_t x = 0; y < plane->top && x < plane->width; x++)
            fade_sample(plane, x, y, plane->top - y, plane->top);
        for (int32_t x = 0; y >= bottom && x < plane->width; x++)
            fade_sample(plane, x, y, y - bottom, plane->bottom);
        for (int32_t x = 0; x < plane->left; x++)
            fade_sample(plane, x, y, plane->left - x, plane->left);
        for (int32_t x = right; x < plane->width; x++)
            fade_sample(plane, x, y, x - right, plane->right);
    }
}

/* A row from its neighbour: smoothed, but for the first sample and the last eight. */
static void smooth_row(const struct plane *plane, int32_t y, int32_t source)
{
    memcpy(plane->data + y * plane->stride, plane->data + source * plane->stride,
           (size_t)plane->width * (size_t)plane->bytes);
    for (int32_t x = 1; x < plane->width - 8; x++)
        put(plane, x, y,
            (3 * get(plane, x - 1, source) + 2 * get(plane, x, source) +
             3 * get(plane, x + 1, source) + 4) >>
                3);
}

static void smooth_borders(const struct plane *plane)
{
    for (int32_t y = plane->top - 1; y >= 0; y--)
        smooth_row(plane, y, y + 1);
    for (int32_t y = plane->height - plane->bottom; y < plane->height; y++)
        smooth_row(plane, y, y - 1);
}

static struct plane plane_of(const struct fillborders *borders, const struct fw_image *image,
                             const struct fw_paint *paint, uint32_t index)
{
    const struct fw_format *format = image->format;
    bool chroma = (index == 1 || index == 2) && !(format->flags & FW_FORMAT_RGB);
    uint32_t shift_w = chroma ? format->log2_chroma_w : 0;
    uint32_t shift_h = chroma ? format->log2_chroma_h : 0;
    int32_t depth = (int32_t)fw_format_depth(format);
    uint8_t pixel[8];
    int32_t bytes = fw_paint_pixel(paint, format, index, pixel);
    return (struct plane){
        .data = image->data[index],
        .stride = image->stride[index],
        .width = fw_format_plane_width(format, index, image->width),
        .height = fw_format_plane_height(format, index, image->height),
        .left = (int32_t)borders->left >> shift_w,
        .right = (int32_t)borders->right >> shift_w,
        .top = (int32_t)borders->top >> shift_h,
        .bottom = (int32_t)borders->bottom >> shift_h,
        .bytes = bytes,
        .depth = depth,
        .fill = bytes > 1 ? pixel[0] | pixel[1] << 8 : pixel[0],
        .mode = (enum mode)borders->mode,
    };
}

static int fillborders_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                               void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct fillborders *borders = self;
    const struct fw_format *format = in->image.format;
    struct fw_paint paint = fw_paint_coarse(format, borders->color);
    for (uint32_t i = 0; i < format->plane_count; i++) {
        struct plane plane = plane_of(borders, &out->image, &paint, i);
        copy_rows(&plane, in->image.data[i], in->image.stride[i]);
        if (plane.mode == FADE)
            fade_borders(&plane);
        else if (plane.mode == MARGINS)
            smooth_borders(&plane);
        else
            copy_borders(&plane);
    }
    return FW_OK;
}

const struct fw_filter fw_filter_fillborders = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "fillborders",
    .summary = "make the borders anew from what is inside",
    .options = fillborders_options,
    .self_size = sizeof(struct fillborders),
    .negotiate = fillborders_negotiate,
    .accepts = fillborders_accepts,
    .process = fillborders_process,
};
