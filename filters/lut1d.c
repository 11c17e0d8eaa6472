/*
 * lut1d: every colour through a table from a file.
 *
 * Formats, files, interpolations and single-precision arithmetic of libavfilter 5.1's filter of
 * that name. Samples are integers, so all of it is done once, for each value.
 */
#include "filter.h"
#include "format.h"
#include "lut_file.h"
#include "tables.h"

#include <math.h>
#include <string.h>

enum interpolation { NEAREST, LINEAR, CUBIC, COSINE, SPLINE };

struct lut1d {
    char *path;
    int64_t interpolation;
    int32_t cpu;
    const struct fw_format *format;
    struct fw_tables tables;
};

static const struct fw_choice interpolations[] = {
    { "nearest", NEAREST, "the nearest entry" },
    { "linear", LINEAR, "a line between two entries" },
    { "cosine", COSINE, "half a cosine between two entries" },
    { "cubic", CUBIC, "a cubic over four entries" },
    { "spline", SPLINE, "a Catmull-Rom spline over four entries" },
    { NULL, 0, NULL },
};

static const struct fw_option lut1d_options[] = {
    { .name = "file",
      .help = "the table: .cube, .1dlut or .csp",
      .type = FW_OPTION_PATH,
      .offset = offsetof(struct lut1d, path) },
    { .name = "interp",
      .help = "what lies between the entries",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct lut1d, interpolation),
      .default_text = "linear",
      .choices = interpolations },
    { .name = NULL },
};

static int lut1d_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    if (fw_tables_is_packed_rgb(format))
        return 1;
    return fw_format_is_planar_int(format) && (format->flags & FW_FORMAT_RGB);
}

static int lut1d_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                           struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    struct lut1d *lut = self;
    *out = *in;
    if (!lut1d_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    lut->format = in->format;
    caps->flags |= FW_CAPS_IN_PLACE | FW_CAPS_BANDS | (lut->path ? FW_CAPS_READS_FILES : 0);
    caps->cost_ns_per_pixel = fw_format_depth(in->format) == 8 ? 0.2f : 0.8f;
    return FW_OK;
}

/* Between the entries around place `at`, which is from 0 to size - 1. */
static float interpolate(const float *table, int32_t size, float at, enum interpolation how)
{
    int32_t place = (int32_t)at;
    int32_t next = place + 1 < size ? place + 1 : size - 1;
    float t = at - (float)place;
    float y0 = table[place > 0 ? place - 1 : 0];
    float y1 = table[place];
    float y2 = table[next];
    float y3 = table[next + 1 < size ? next + 1 : size - 1];
    float a;
    float b;
    switch (how) {
    case NEAREST:
        return table[(int32_t)(at + .5)];
    case COSINE:
        return y1 + (y2 - y1) * ((1.f - cosf((float)(t * M_PI))) * .5f);
    case CUBIC:
        a = y3 - y2 - y0 + y1;
        b = y0 - y1 - a;
        return a * t * (t * t) + b * (t * t) + (y2 - y0) * t + y1;
    case SPLINE:
        a = .5f * (y3 - y0) + 1.5f * (y1 - y2);
        b = y0 - 2.5f * y1 + 2.f * y2 - .5f * y3;
        return ((a * t + b) * t + .5f * (y2 - y0)) * t + y1;
    case LINEAR:
    default:
        return y1 + (y2 - y1) * t;
    }
}

static void fill(struct lut1d *lut, const struct fw_lut1d_data *data)
{
    uint32_t top = (1u << fw_format_depth(lut->format)) - 1;
    float factor = (float)top;
    for (uint32_t c = 0; c < 3; c++) {
        float scale = (data->scale[c] / factor) * (float)(data->size - 1);
        for (uint32_t value = 0; value <= top; value++) {
            float at = fminf((float)value * scale, (float)(data->size - 1));
            float result = interpolate(data->values[c], data->size, at,
                                       (enum interpolation)lut->interpolation) *
                           factor;
            uint32_t sample = result >= factor ? top : (uint32_t)fmaxf(result, 0);
            fw_tables_set(&lut->tables, c, value, sample);
        }
    }
    fw_tables_seal(&lut->tables);
}

static int lut1d_start(void *self, struct fw_error *err)
{
    struct lut1d *lut = self;
    struct fw_lut1d_data data;
    int status = fw_lut1d_init(&data, lut->path, err);
    if (status >= 0)
        status = fw_tables_init(&lut->tables, lut->format, lut->cpu, err);
    if (status >= 0)
        fill(lut, &data);
    fw_lut1d_deinit(&data);
    return status;
}

static void lut1d_stop(void *self)
{
    struct lut1d *lut = self;
    fw_tables_deinit(&lut->tables);
}

static int lut1d_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                      int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct lut1d *lut = self;
    fw_tables_band(&lut->tables, &out->image, &in->image, row_first, row_end);
    return FW_OK;
}

static int lut1d_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                         struct fw_error *err)
{
    return lut1d_band(self, in, out, 0, in->image.height, scratch, err);
}

const struct fw_filter fw_filter_lut1d = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "lut1d",
    .summary = "map red, green and blue through a table from a file",
    .options = lut1d_options,
    .self_size = sizeof(struct lut1d),
    .negotiate = lut1d_negotiate,
    .accepts = lut1d_accepts,
    .start = lut1d_start,
    .process = lut1d_process,
    .band = lut1d_band,
    .stop = lut1d_stop,
    .cpu_offset = FW_CPU_OFFSET(struct lut1d, cpu),
};
