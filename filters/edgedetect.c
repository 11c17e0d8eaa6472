/*
 * edgedetect: Canny's edges. Options and pixels of libavfilter's filter of that name.
 *
 * Each step runs some rows ahead of the next one; its last three rows are kept in scratch memory.
 */
#include "filter.h"
#include "format.h"
#include "kernels/canny.h"
#include "rows.h"

#include <string.h>

#define HALO 5 /* 2 of the blur, 1 of each later step */
#define KEPT 3 /* rows of each step */

enum mode { MODE_WIRES, MODE_COLORMIX, MODE_CANNY };

struct edgedetect {
    double high;
    double low;
    int64_t mode;
    int64_t planes;
    int32_t cpu;
    const struct fw_canny_kernels *kernels;
};

static const struct fw_choice mode_choices[] = {
    { "wires", MODE_WIRES, "white and grey wires on black" },
    { "colormix", MODE_COLORMIX, "mixed with the picture" },
    { "canny", MODE_CANNY, "edges of each plane" },
    { NULL, 0, NULL },
};

static const struct fw_choice plane_choices[] = {
    { "y", 1, "luma" },  { "u", 2, "first chroma" }, { "v", 4, "second chroma" }, { "r", 4, "red" },
    { "g", 1, "green" }, { "b", 2, "blue" },         { NULL, 0, NULL },
};

static const struct fw_option edgedetect_options[] = {
    { .name = "high",
      .help = "strength from which samples are edges",
      .type = FW_OPTION_FLOAT,
      .offset = offsetof(struct edgedetect, high),
      .min = 0,
      .max = 1,
      .default_text = "0.19607843137254902" },
    { .name = "low",
      .help = "strength from which samples beside edges are edges",
      .type = FW_OPTION_FLOAT,
      .offset = offsetof(struct edgedetect, low),
      .min = 0,
      .max = 1,
      .default_text = "0.078431372549019607" },
    { .name = "mode",
      .help = "what is drawn",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct edgedetect, mode),
      .default_text = "wires",
      .choices = mode_choices },
    { .name = "planes",
      .help = "planes to filter",
      .type = FW_OPTION_FLAGS,
      .offset = offsetof(struct edgedetect, planes),
      .default_text = "y+u+v+r+g+b",
      .choices = plane_choices },
    { .name = NULL },
};

static int edgedetect_accepts(const void *self, const struct fw_format *format)
{
    static const char *const names[] = { "gray", "gbrp", "yuv420p", "yuv422p", "yuv444p" };
    static const int counts[] = { [MODE_WIRES] = 1, [MODE_COLORMIX] = 2, [MODE_CANNY] = 5 };
    const struct edgedetect *edgedetect = self;
    for (int i = 0; i < counts[edgedetect->mode]; i++) {
        if (strcmp(format->name, names[i]) == 0)
            return 1;
    }
    return 0;
}

/* Samples of a kept row: the first one lies behind a sample of the left neighbour. */
static size_t row_samples(int32_t width)
{
    return ((size_t)width + 2 + 63) / 64 * 64;
}

static int edgedetect_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                                struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    *out = *in;
    if (!edgedetect_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    caps->flags |= FW_CAPS_BANDS;
    caps->halo_rows = in->format->flags & FW_FORMAT_RGB ? HALO : HALO << in->format->log2_chroma_h;
    /* Blurred rows, strengths, directions and sums in 16 bits; thinned rows in 8. */
    caps->scratch_bytes = row_samples(in->width) * (4 * KEPT * sizeof(uint16_t) + KEPT) +
                          FW_PLANES_MAX * 64;
    caps->cost_ns_per_pixel = 1.0f;
    return FW_OK;
}

static int edgedetect_start(void *self, struct fw_error *err)
{
    (void)err;
    struct edgedetect *edgedetect = self;
    edgedetect->kernels = fw_canny_kernels(edgedetect->cpu);
    return FW_OK;
}

struct canny {
    const struct fw_canny_kernels *kernels;
    const uint8_t *src;
    ptrdiff_t src_stride;
    int32_t width;
    int32_t height;
    uint8_t low;
    uint8_t high;
    uint16_t *blurred[KEPT]; /* of row y: [slot(y)] */
    uint16_t *strength[KEPT];
    uint16_t *direction[KEPT];
    uint16_t *sums;
    uint8_t *thinned[KEPT];
};

/* `y` is at least -HALO. */
static int32_t slot(int32_t y)
{
    return (y + 2 * KEPT) % KEPT;
}

static void set_up(struct canny *canny, void *scratch)
{
    uint16_t *words = scratch;
    size_t samples = row_samples(canny->width);
    for (int i = 0; i < KEPT; i++) {
        canny->blurred[i] = words + (size_t)i * samples;
        canny->strength[i] = words + (size_t)(KEPT + i) * samples;
        canny->direction[i] = words + (size_t)(2 * KEPT + i) * samples;
    }
    canny->sums = words + 3 * KEPT * samples;
    uint8_t *bytes = (uint8_t *)(words + 4 * KEPT * samples);
    for (int i = 0; i < KEPT; i++) {
        canny->thinned[i] = bytes + (size_t)i * samples + 1;
        canny->thinned[i][-1] = 0;
        canny->thinned[i][canny->width] = 0;
    }
}

/* The outermost two rows are not blurred. */
static void blur_row(struct canny *canny, int32_t y)
{
    uint16_t *to = canny->blurred[slot(y)];
    const uint8_t *rows[5];
    const uint8_t *at = canny->src + y * canny->src_stride;
    if (y < 2 || y >= canny->height - 2) {
        for (int32_t x = 0; x < canny->width; x++)
            to[x] = at[x];
        return;
    }
    for (int i = 0; i < 5; i++)
        rows[i] = at + (i - 2) * canny->src_stride;
    canny->kernels->blur(to, rows, canny->width, canny->sums);
}

static void gradient_row(struct canny *canny, int32_t y)
{
    uint16_t *strength = canny->strength[slot(y)];
    if (y < 1 || y >= canny->height - 1) {
        memset(strength, 0, (size_t)canny->width * sizeof(*strength));
        return;
    }
    const uint16_t *const rows[3] = { canny->blurred[slot(y - 1)], canny->blurred[slot(y)],
                                      canny->blurred[slot(y + 1)] };
    canny->kernels->gradient(strength, canny->direction[slot(y)], rows, canny->width);
}

static void thin_row(struct canny *canny, int32_t y)
{
    uint8_t *to = canny->thinned[slot(y)];
    if (y < 1 || y >= canny->height - 1) {
        memset(to, 0, (size_t)canny->width);
        return;
    }
    const uint16_t *const rows[3] = { canny->strength[slot(y - 1)], canny->strength[slot(y)],
                                      canny->strength[slot(y + 1)] };
    canny->kernels->thin(to, rows, canny->direction[slot(y)], canny->width);
}

static void link_row(const struct canny *canny, uint8_t *dst, int32_t y, bool mix)
{
    const uint8_t *const rows[3] = { canny->thinned[slot(y - 1)], canny->thinned[slot(y)],
                                     canny->thinned[slot(y + 1)] };
    canny->kernels->link(dst, rows, canny->width, canny->low, canny->high);
    if (mix)
        canny->kernels->mix(dst, canny->src + y * canny->src_stride, canny->width);
}

static void find_edges(struct canny *canny, uint8_t *dst, ptrdiff_t dst_stride, struct fw_rows rows,
                       bool mix)
{
    for (int32_t y = rows.first - 3; y < rows.end + 3; y++) {
        if (y >= 0 && y < canny->height)
            blur_row(canny, y);
        if (y - 1 >= rows.first - 2)
            gradient_row(canny, y - 1);
        if (y - 2 >= rows.first - 1)
            thin_row(canny, y - 2);
        if (y - 3 >= rows.first)
            link_row(canny, dst + (y - 3) * dst_stride, y - 3, mix);
    }
}

static int edgedetect_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                           int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)err;
    const struct edgedetect *edgedetect = self;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    for (uint32_t plane = 0; plane < src->format->plane_count; plane++) {
        struct fw_rows rows = fw_rows_of(src, plane, row_first, row_end);
        struct canny canny = {
            .kernels = edgedetect->kernels,
            .src = src->data[plane],
            .src_stride = src->stride[plane],
            .width = rows.width,
            .height = rows.height,
            .low = (uint8_t)(edgedetect->low * 255. + .5),
            .high = (uint8_t)(edgedetect->high * 255. + .5),
        };
        if (!(edgedetect->planes >> plane & 1)) {
            fw_rows_copy(dst, src, plane, rows);
            continue;
        }
        set_up(&canny, scratch);
        find_edges(&canny, dst->data[plane], dst->stride[plane], rows,
                   edgedetect->mode == MODE_COLORMIX);
    }
    return FW_OK;
}

static int edgedetect_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                              void *scratch, struct fw_error *err)
{
    return edgedetect_band(self, in, out, 0, in->image.height, scratch, err);
}

const struct fw_filter fw_filter_edgedetect = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "edgedetect",
    .summary = "draw edges",
    .options = edgedetect_options,
    .self_size = sizeof(struct edgedetect),
    .negotiate = edgedetect_negotiate,
    .accepts = edgedetect_accepts,
    .start = edgedetect_start,
    .process = edgedetect_process,
    .band = edgedetect_band,
    .cpu_offset = FW_CPU_OFFSET(struct edgedetect, cpu),
};
