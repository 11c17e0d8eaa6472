/*
 * lut3d: colours through a table with three dimensions from a file.
 *
 * Formats, files, interpolations and arithmetic of libavfilter 5.1's filter of that name.
 */
#include "filter.h"
#include "format.h"
#include "kernels/lut3d.h"
#include "lut_file.h"
#include "rows.h"
#include "tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CURVE_ENTRIES 65536

struct lut3d {
    char *path;
    int64_t clut;
    int64_t interpolation;
    int32_t cpu;
    const struct fw_format *format;
    const struct fw_lut3d_kernels *kernels;
    struct fw_lut3d_data data;
    float *places; /* with curves before the table: 3 times 2^depth */
    struct fw_lut3d lut;
};

static const struct fw_choice interpolations[] = {
    { "nearest", FW_LUT3D_NEAREST, "the nearest node" },
    { "trilinear", FW_LUT3D_TRILINEAR, "over the 8 nodes of a cube" },
    { "tetrahedral", FW_LUT3D_TETRAHEDRAL, "over the 4 nodes of a tetrahedron" },
    { "pyramid", FW_LUT3D_PYRAMID, "over the 5 nodes of a pyramid" },
    { "prism", FW_LUT3D_PRISM, "over the 6 nodes of a prism" },
    { NULL, 0, NULL },
};

static const struct fw_choice cluts[] = {
    { "first", 0, "no effect here" },
    { "all", 1, "no effect here" },
    { NULL, 0, NULL },
};

static const struct fw_option lut3d_options[] = {
    { .name = "file",
      .help = "the table: .cube, .3dl, .dat, .m3d or .csp",
      .type = FW_OPTION_PATH,
      .offset = offsetof(struct lut3d, path) },
    { .name = "clut",
      .help = "of haldclut; no effect here",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct lut3d, clut),
      .default_text = "all",
      .choices = cluts },
    { .name = "interp",
      .help = "what lies between the nodes",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct lut3d, interpolation),
      .default_text = "tetrahedral",
      .choices = interpolations },
    { .name = NULL },
};

static int lut3d_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    if (fw_tables_is_packed_rgb(format))
        return 1;
    return fw_format_is_planar_int(format) && (format->flags & FW_FORMAT_RGB);
}

static int lut3d_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                           struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    struct lut3d *lut3d = self;
    *out = *in;
    if (!lut3d_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    lut3d->format = in->format;
    caps->flags |= FW_CAPS_IN_PLACE | FW_CAPS_BANDS | (lut3d->path ? FW_CAPS_READS_FILES : 0);
    caps->cost_ns_per_pixel = lut3d->interpolation == FW_LUT3D_TETRAHEDRAL ? 3.0f : 8.0f;
    return FW_OK;
}

/* The curve's points as a table of equal steps. The way from point to point is not divided by their
 * distance: this is libavfilter's. */
static void draw_curve(const struct fw_lut_curve *curve, float *table)
{
    int32_t at = 0;
    for (int32_t i = 0; i < CURVE_ENTRIES; i++) {
        float x = curve->min + (curve->max - curve->min) * ((float)i / (float)(CURVE_ENTRIES - 1));
        while (at + 2 < curve->count && x >= curve->in[at + 1])
            at++;
        float from = curve->out[at];
        float result = from + (curve->out[at + 1] - from) * (x - curve->in[at]);
        table[i] = isfinite(result) ? result : 0;
    }
}

static void place_samples(const struct fw_lut_curve *curve, const float *table, float lattice,
                          uint32_t depth, float *places)
{
    const int32_t last = CURVE_ENTRIES - 1;
    float unit = 1.0f / (float)((1u << depth) - 1);
    float scale = (1.0f / (curve->max - curve->min)) * (float)last;
    for (uint32_t sample = 0; sample < 1u << depth; sample++) {
        float at = ((float)sample * unit - curve->min) * scale;
        at = fminf(fmaxf(at, 0), (float)last);
        int32_t place = (int32_t)at;
        int32_t next = place < last ? place + 1 : last;
        float result = table[place] + (table[next] - table[place]) * (at - (float)place);
        places[sample] = fminf(fmaxf(result * lattice, 0), lattice);
    }
}

static int apply_curves(struct lut3d *lut3d, struct fw_error *err)
{
    uint32_t depth = lut3d->lut.depth;
    float *table = calloc(CURVE_ENTRIES, sizeof(*table));
    lut3d->places = calloc((size_t)3 << depth, sizeof(float));
    if (!table || !lut3d->places) {
        free(table);
        return fw_fail(err, FW_ERR_MEMORY, "no memory for curves");
    }
    for (int c = 0; c < 3; c++) {
        float *places = lut3d->places + ((size_t)c << depth);
        draw_curve(&lut3d->data.before[c], table);
        place_samples(&lut3d->data.before[c], table, (float)(lut3d->data.size - 1), depth, places);
        lut3d->lut.places[c] = places;
    }
    free(table);
    return FW_OK;
}

static int lut3d_start(void *self, struct fw_error *err)
{
    struct lut3d *lut3d = self;
    int status = fw_lut3d_init(&lut3d->data, lut3d->path, err);
    if (status < 0)
        return status;
    uint32_t depth = fw_format_depth(lut3d->format);
    lut3d->kernels = fw_lut3d_kernels(lut3d->cpu);
    lut3d->lut = (struct fw_lut3d){
        .nodes = lut3d->data.nodes,
        .size = lut3d->data.size,
        .depth = depth,
        .unit = 1.0f / (float)((1u << depth) - 1),
        .interpolation = (enum fw_lut3d_interpolation)lut3d->interpolation,
    };
    for (int c = 0; c < 3; c++)
        lut3d->lut.scale[c] = lut3d->data.scale[c] * (float)(lut3d->data.size - 1);
    return lut3d->data.before[0].count ? apply_curves(lut3d, err) : FW_OK;
}

static void lut3d_stop(void *self)
{
    struct lut3d *lut3d = self;
    fw_lut3d_deinit(&lut3d->data);
    free(lut3d->places);
    lut3d->places = NULL;
}

static void lay_out(const struct fw_format *format, struct fw_lut3d_row *row)
{
    int32_t sample = fw_format_depth(format) == 8 ? 1 : 2;
    row->step = format->flags & FW_FORMAT_PLANAR ? 1 : format->components[0].step / sample;
    memset(row->lane, 3, sizeof(row->lane));
    for (uint8_t c = 0; c < 3; c++)
        row->lane[format->components[c].offset / sample] = c;
}

static void copy_alpha(const struct fw_image *dst, const struct fw_image *src, int32_t y)
{
    uint8_t *to = dst->data[3] + y * dst->stride[3];
    const uint8_t *from = src->data[3] + y * src->stride[3];
    if (to != from)
        memcpy(to, from, fw_format_row_bytes(src->format, 3, src->width));
}

static int lut3d_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                      int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct lut3d *lut3d = self;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    struct fw_lut3d_row row;
    lay_out(src->format, &row);
    for (int32_t y = row_first; y < row_end; y++) {
        for (uint32_t c = 0; c < 3; c++) {
            uint32_t plane = src->format->components[c].plane;
            row.src[c] = src->data[plane] + y * src->stride[plane];
            row.dst[c] = dst->data[plane] + y * dst->stride[plane];
        }
        lut3d->kernels->row(&lut3d->lut, &row, src->width);
        if (src->format->plane_count == 4)
            copy_alpha(dst, src, y);
    }
    return FW_OK;
}

static int lut3d_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                         struct fw_error *err)
{
    return lut3d_band(self, in, out, 0, in->image.height, scratch, err);
}

const struct fw_filter fw_filter_lut3d = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "lut3d",
    .summary = "map colours through a table with three dimensions from a file",
    .options = lut3d_options,
    .self_size = sizeof(struct lut3d),
    .negotiate = lut3d_negotiate,
    .accepts = lut3d_accepts,
    .start = lut3d_start,
    .process = lut3d_process,
    .band = lut3d_band,
    .stop = lut3d_stop,
    .cpu_offset = FW_CPU_OFFSET(struct lut3d, cpu),
};
