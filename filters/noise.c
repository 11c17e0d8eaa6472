/*
 * noise: random values added to every component. The options are those of libavfilter's noise, and
 * so are the spread of the values for a strength and the meaning of a seed's absence (always the
 * same noise). The values are our own: each comes from the seed, the component, the place and, for
 * temporal noise, the frame's number, so that frames may come in any order. There they come from a
 * generator that runs on from row to row and from a line of 4096 values that is shifted about.
 * Averaged noise, which mixes the noise of the frames before, is refused.
 */
#include "filter.h"
#include "format.h"
#include "kernels/grain.h"
#include "rows.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PARTS 4
#define GOLDEN 0x9e3779b9u /* the mix keeps 0, and no seed comes to it */
#define PATTERN 4          /* columns and rows after which the regular pattern repeats */

enum flag { UNIFORM = 1, TEMPORAL = 2, AVERAGED = 8, REGULAR = 16 };

struct setting {
    int64_t seed;
    int64_t strength;
    int64_t flags;
};

struct noise {
    struct setting all;
    struct setting parts[PARTS];
    int32_t cpu;

    struct fw_video in;
    const struct fw_grain_kernels *kernels;
    int16_t *patterns[PARTS]; /* PATTERN rows of the frame's width; NULL for noise without one */
};

static const struct fw_choice noise_flags[] = {
    { "a", AVERAGED, "averaged over frames (refused)" },
    { "p", REGULAR, "mixed with a regular pattern" },
    { "t", TEMPORAL, "other noise in every frame" },
    { "u", UNIFORM, "uniform, not bell-shaped" },
    { NULL, 0, NULL },
};

#define FIELD(field, member) (offsetof(struct noise, field) + offsetof(struct setting, member))
#define SEED(option_name, field)                                                                   \
    {                                                                                              \
        .name = option_name, .help = "number that the noise depends on; -1: one of its own",       \
        .type = FW_OPTION_INT, .offset = FIELD(field, seed), .min = -1, .max = INT_MAX,            \
        .default_text = "-1"                                                                       \
    }
#define STRENGTH(option_name, field)                                                               \
    {                                                                                              \
        .name = option_name, .help = "strength, in steps of 8 bits", .type = FW_OPTION_INT,        \
        .offset = FIELD(field, strength), .min = 0, .max = 100, .default_text = "0"                \
    }
#define FLAGS(option_name, field)                                                                  \
    {                                                                                              \
        .name = option_name, .help = "kind of noise", .type = FW_OPTION_FLAGS,                     \
        .offset = FIELD(field, flags), .min = 0, .max = 31, .choices = noise_flags                 \
    }
#define GROUP(prefix, field)                                                                       \
    SEED(prefix "_seed", field), STRENGTH(prefix "_strength", field), STRENGTH(prefix "s", field), \
        FLAGS(prefix "_flags", field), FLAGS(prefix "f", field)

static const struct fw_option noise_options[] = {
    GROUP("all", all),     GROUP("c0", parts[0]), GROUP("c1", parts[1]),
    GROUP("c2", parts[2]), GROUP("c3", parts[3]), { .name = NULL },
};

static int noise_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_format_is_planar_int(format);
}

/* What `all_` says counts for every plane, as in libavfilter. */
static struct setting setting_of(const struct noise *noise, uint32_t plane)
{
    struct setting setting = noise->parts[plane];
    if (noise->all.seed >= 0)
        setting.seed = noise->all.seed;
    if (noise->all.strength)
        setting.strength = noise->all.strength;
    if (noise->all.flags)
        setting.flags = noise->all.flags;
    return setting;
}

static int noise_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                           struct fw_caps *caps, struct fw_error *err)
{
    struct noise *noise = self;
    bool moves = false;
    bool any = false;
    *out = *in;
    for (uint32_t plane = 0; plane < PARTS; plane++) {
        struct setting setting = setting_of(noise, plane);
        if (setting.flags & AVERAGED)
            return fw_fail(err, FW_ERR_USAGE,
                           "averaged noise (flag a) depends on the frames before\n"
                           "hint: leave it out, or use lavfi.noise");
        moves = moves || (setting.strength && (setting.flags & TEMPORAL));
        any = any || setting.strength;
    }
    if (!noise_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    noise->in = *in;
    caps->filter_class = moves ? FW_CLASS_INDEXED : FW_CLASS_PURE;
    caps->flags |= FW_CAPS_BANDS | (any ? 0 : FW_CAPS_IDENTITY);
    caps->cost_ns_per_pixel = 1.0f;
    return FW_OK;
}

static void noise_stop(void *self)
{
    struct noise *noise = self;
    for (int i = 0; i < PARTS; i++) {
        free(noise->patterns[i]);
        noise->patterns[i] = NULL;
    }
}

/* Ordered thresholds (Bayer, 1973), spread over half of the strength either way. */
static int make_pattern(struct noise *noise, uint32_t plane, double size, struct fw_error *err)
{
    static const int8_t order[PATTERN][PATTERN] = {
        { 0, 8, 2, 10 }, { 12, 4, 14, 6 }, { 3, 11, 1, 9 }, { 15, 7, 13, 5 }
    };
    int32_t width = noise->in.width;
    int16_t *rows = malloc((size_t)width * PATTERN * sizeof(*rows));
    noise->patterns[plane] = rows;
    if (!rows)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a pattern");
    for (int32_t y = 0; y < PATTERN; y++) {
        for (int32_t x = 0; x < width; x++)
            rows[y * width + x] = (int16_t)lrint((order[y][x % PATTERN] - 7.5) / 15 * size);
    }
    return FW_OK;
}

static double size_of(const struct noise *noise, const struct setting *setting)
{
    double size = (double)setting->strength * (1 << (fw_format_depth(noise->in.format) - 8));
    return setting->flags & REGULAR ? size / 2 : size;
}

static int noise_start(void *self, struct fw_error *err)
{
    struct noise *noise = self;
    int status = FW_OK;
    noise->kernels = fw_grain_kernels(noise->cpu);
    for (uint32_t plane = 0; plane < noise->in.format->plane_count && status == FW_OK; plane++) {
        struct setting setting = setting_of(noise, plane);
        if (setting.strength && (setting.flags & REGULAR))
            status = make_pattern(noise, plane, size_of(noise, &setting), err);
    }
    return status;
}

/* What all rows of a plane of a frame share. */
static uint32_t key_of(const struct setting *setting, uint32_t plane, uint64_t index)
{
    uint32_t key = fw_grain_mix((uint32_t)(setting->seed + 1) * 4 + plane + GOLDEN);
    if (setting->flags & TEMPORAL) {
        key = fw_grain_mix(key ^ (uint32_t)index);
        key = fw_grain_mix(key ^ (uint32_t)(index >> 32) ^ GOLDEN);
    }
    return key;
}

static void add_plane(const struct noise *noise, const struct fw_image *dst,
                      const struct fw_image *src, uint32_t plane, struct fw_rows rows,
                      uint64_t index)
{
    struct setting setting = setting_of(noise, plane);
    bool uniform = setting.flags & UNIFORM;
    double size = size_of(noise, &setting);
    uint32_t key = key_of(&setting, plane, index);
    struct fw_grain grain = {
        .uniform = uniform,
        .scale = fw_grain_scale(uniform ? size : size / sqrt(3), uniform),
        .max = (1 << fw_format_depth(src->format)) - 1,
    };
    for (int32_t y = rows.first; y < rows.end; y++) {
        uint8_t *to = dst->data[plane] + y * dst->stride[plane];
        const uint8_t *from = src->data[plane] + y * src->stride[plane];
        grain.key = fw_grain_mix(key ^ (uint32_t)y);
        if (noise->patterns[plane])
            grain.pattern = noise->patterns[plane] + (ptrdiff_t)(y % PATTERN) * noise->in.width;
        if (setting.strength == 0)
            memcpy(to, from, fw_format_row_bytes(src->format, plane, src->width));
        else if (grain.max > 255)
            noise->kernels->add_u16((uint16_t *)(void *)to, (const uint16_t *)(const void *)from,
                                    &grain, rows.width);
        else
            noise->kernels->add_u8(to, from, &grain, rows.width);
    }
}

static int noise_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                      int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct fw_image *src = &in->image;
    for (uint32_t plane = 0; plane < src->format->plane_count; plane++)
        add_plane(self, &out->image, src, plane, fw_rows_of(src, plane, row_first, row_end),
                  in->index);
    return FW_OK;
}

static int noise_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                         struct fw_error *err)
{
    return noise_band(self, in, out, 0, in->image.height, scratch, err);
}

const struct fw_filter fw_filter_noise = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "noise",
    .summary = "add noise that any process makes alike",
    .options = noise_options,
    .self_size = sizeof(struct noise),
    .negotiate = noise_negotiate,
    .accepts = noise_accepts,
    .start = noise_start,
    .process = noise_process,
    .band = noise_band,
    .stop = noise_stop,
    .cpu_offset = FW_CPU_OFFSET(struct noise, cpu),
};
