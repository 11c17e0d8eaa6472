/*
 * avgblur: the mean over a box, cut to an integer.
 *
 * Pixels of libavfilter 5.1's avgblur: edges repeated, radii of no more than half of the smallest
 * plane, the sum of the box divided without rounding.
 */
#include "filter.h"
#include "format.h"
#include "kernels/box.h"
#include "rows.h"

#include <string.h>

#define BAND_HALO_MAX 64

struct avgblur {
    int64_t size_x;
    int64_t planes;
    int64_t size_y;
    int32_t cpu;
    const struct fw_box_kernels *kernels;
};

static const struct fw_option avgblur_options[] = {
    { .name = "sizeX",
      .help = "radius of the box across",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct avgblur, size_x),
      .min = 1,
      .max = 1024,
      .default_text = "1",
      .unit = "px" },
    { .name = "planes",
      .help = "planes to blur, 1 for the first, 2, 4, 8 for the others, added",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct avgblur, planes),
      .min = 0,
      .max = 15,
      .default_text = "15" },
    { .name = "sizeY",
      .help = "radius of the box down; 0: as across",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct avgblur, size_y),
      .min = 0,
      .max = 1024,
      .default_text = "0",
      .unit = "px" },
    { .name = NULL },
};

static int avgblur_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_format_is_planar_int(format);
}

static int32_t least(int64_t a, int64_t b)
{
    return (int32_t)(a < b ? a : b);
}

/* For all planes, as there. */
static void find_radii(const struct avgblur *blur, const struct fw_format *format, int32_t width,
                       int32_t height, int32_t radii[2])
{
    uint32_t plane = format->plane_count > 1 ? 1 : 0;
    radii[0] = least(blur->size_x, fw_format_plane_width(format, plane, width) / 2);
    radii[1] = least(blur->size_y ? blur->size_y : blur->size_x,
                     fw_format_plane_height(format, plane, height) / 2);
}

static bool is_blurred(const struct avgblur *blur, uint32_t plane)
{
    return blur->planes >> plane & 1;
}

static size_t sums_bytes(int32_t width)
{
    return fw_rows_align(((size_t)width + FW_BOX_PAD) * sizeof(uint32_t));
}

static int avgblur_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                             struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    const struct avgblur *blur = self;
    const struct fw_format *format = in->format;
    *out = *in;
    if (!avgblur_accepts(self, format)) {
        out->format = NULL;
        return FW_OK;
    }
    int32_t halo = 0;
    int32_t radii[2];
    find_radii(blur, format, in->width, in->height, radii);
    for (uint32_t i = 0; i < format->plane_count; i++) {
        int32_t height = fw_format_plane_height(format, i, in->height);
        int32_t rows = radii[1] << (height == in->height ? 0 : format->log2_chroma_h);
        if (is_blurred(blur, i) && rows > halo)
            halo = rows;
    }
    if (halo <= BAND_HALO_MAX) {
        caps->flags |= FW_CAPS_BANDS;
        caps->halo_rows = halo;
    }
    if ((blur->planes & ((1 << format->plane_count) - 1)) == 0)
        caps->flags |= FW_CAPS_IDENTITY;
    caps->scratch_bytes = fw_rows_align(fw_box_work_bytes(in->width, 2 * radii[0] + 1)) +
                          sums_bytes(in->width);
    caps->cost_ns_per_pixel = 0.4f;
    return FW_OK;
}

static int avgblur_start(void *self, struct fw_error *err)
{
    (void)err;
    struct avgblur *blur = self;
    blur->kernels = fw_box_kernels(blur->cpu);
    return FW_OK;
}

struct plane {
    const struct fw_box_kernels *kernels;
    enum fw_box_kind kind;
    struct fw_box box;
    bool huge; /* sums of a box do not fit 31 bits */
    int32_t radius_x;
    int32_t radius_y;
    int32_t height;
    uint8_t *dst;
    ptrdiff_t dst_stride;
    const uint8_t *src;
    ptrdiff_t src_stride;
    void *sums; /* of columns */
    void *work;
};

static const uint8_t *clamped_row(const struct plane *plane, int32_t y)
{
    y = y < 0 ? 0 : (y < plane->height ? y : plane->height - 1);
    return plane->src + y * plane->src_stride;
}

static void choose_kind(struct plane *plane, uint32_t depth)
{
    uint32_t most = (1u << depth) - 1;
    uint32_t area = (2 * (uint32_t)plane->radius_x + 1) * (2 * (uint32_t)plane->radius_y + 1);
    plane->kind = fw_box_kind(depth, area);
    bool narrow = plane->kind == FW_BOX_8_16 || plane->kind == FW_BOX_16_16;
    if (!fw_box_divisor(&plane->box, area, narrow ? most * area : 0) && narrow)
        plane->kind = depth > 8 ? FW_BOX_16_32 : FW_BOX_8_32;
    plane->huge = (uint64_t)most * area > INT32_MAX;
}

/* Edges repeated, around the sums of columns. */
static void fill_work(const struct plane *plane)
{
    int32_t radius = plane->radius_x;
    int32_t width = plane->box.width;
    if (plane->kind == FW_BOX_8_32 || plane->kind == FW_BOX_16_32) {
        uint32_t *row = (uint32_t *)plane->work + radius;
        memcpy(row, plane->sums, (size_t)width * sizeof(*row));
        for (int32_t i = 1; i <= radius; i++) {
            row[-i] = row[0];
            row[width - 1 + i] = row[width - 1];
        }
    } else {
        uint16_t *row = (uint16_t *)plane->work + radius;
        memcpy(row, plane->sums, (size_t)width * sizeof(*row));
        for (int32_t i = 1; i <= radius; i++) {
            row[-i] = row[0];
            row[width - 1 + i] = row[width - 1];
        }
    }
}

/* Boxes of 16-bit samples beyond what the kernels' sums hold. */
static void divide_huge(const struct plane *plane, uint16_t *dst)
{
    const uint32_t *row = plane->work;
    uint64_t sum = 0;
    for (int32_t i = 0; i < plane->box.length; i++)
        sum += row[i];
    for (int32_t x = 0; x < plane->box.width; x++) {
        dst[x] = (uint16_t)(sum / plane->box.divisor);
        sum += (uint64_t)row[x + plane->box.length] - row[x];
    }
}

static void blur_rows(const struct plane *plane, int32_t row_first, int32_t row_end)
{
    const struct fw_box_kernels *kernels = plane->kernels;
    memset(plane->sums, 0, sums_bytes(plane->box.width));
    for (int32_t k = -plane->radius_y; k <= plane->radius_y; k++)
        kernels->add[plane->kind](plane->sums, clamped_row(plane, row_first + k), plane->box.width);
    for (int32_t y = row_first; y < row_end; y++) {
        uint8_t *to = plane->dst + y * plane->dst_stride;
        if (y > row_first)
            kernels->slide[plane->kind](plane->sums, clamped_row(plane, y + plane->radius_y),
                                        clamped_row(plane, y - plane->radius_y - 1),
                                        plane->box.width);
        fill_work(plane);
        if (plane->huge)
            divide_huge(plane, (uint16_t *)(void *)to);
        else
            kernels->quotient[plane->kind](to, plane->work, &plane->box);
    }
}

static int avgblur_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                        int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)err;
    const struct avgblur *blur = self;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    int32_t radii[2];
    find_radii(blur, src->format, src->width, src->height, radii);
    for (uint32_t i = 0; i < src->format->plane_count; i++) {
        struct fw_rows rows = fw_rows_of(src, i, row_first, row_end);
        struct plane plane = { .kernels = blur->kernels,
                               .radius_x = radii[0],
                               .radius_y = radii[1],
                               .height = rows.height,
                               .dst = dst->data[i],
                               .dst_stride = dst->stride[i],
                               .src = src->data[i],
                               .src_stride = src->stride[i],
                               .sums = scratch,
                               .work = (uint8_t *)scratch + sums_bytes(src->width) };
        plane.box = (struct fw_box){ .width = rows.width, .length = 2 * plane.radius_x + 1 };
        if (is_blurred(blur, i)) {
            choose_kind(&plane, fw_format_depth(src->format));
            blur_rows(&plane, rows.first, rows.end);
        } else {
            fw_rows_copy(dst, src, i, rows);
        }
    }
    return FW_OK;
}

static int avgblur_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                           void *scratch, struct fw_error *err)
{
    return avgblur_band(self, in, out, 0, in->image.height, scratch, err);
}

const struct fw_filter fw_filter_avgblur = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "avgblur",
    .summary = "blur with the mean of a box",
    .options = avgblur_options,
    .self_size = sizeof(struct avgblur),
    .negotiate = avgblur_negotiate,
    .accepts = avgblur_accepts,
    .start = avgblur_start,
    .process = avgblur_process,
    .band = avgblur_band,
    .cpu_offset = FW_CPU_OFFSET(struct avgblur, cpu),
};
