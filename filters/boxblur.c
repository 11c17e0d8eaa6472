/*
 * boxblur: mean over a (2r+1)x(2r+1) box, repeated.
 *
 * Written from FFmpeg's documentation and from the output of its boxblur: all horizontal passes of
 * a row, then all vertical ones; the picture is mirrored at its edges (edge pixel repeated); each
 * pass rounds through a 16.16 reciprocal of the box length.
 *
 * The vertical passes run one behind the other, each on a ring of the last rows of the one before,
 * so that one walk over the rows does them all. Where the rings would grow large, further walks go
 * over the output in place.
 */
#include "expr.h"
#include "filter.h"
#include "format.h"
#include "kernels/box.h"
#include "rows.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#define VARIABLES "w h cw ch hsub vsub"
#define SETS 3 /* luma, chroma, alpha */
#define WALK_MAX 8
#define RING_ROWS_MAX 512 /* of all rings of a walk, where more than one pass is in it */
#define BAND_HALO_MAX 64
#define ROWS_AHEAD 2

struct boxblur {
    char *radius_text[SETS];
    int64_t power[SETS];
    int32_t radius[SETS];
    int64_t passes[SETS];
    int32_t cpu;
    const struct fw_box_kernels *kernels;
};

static const char *const set_names[SETS] = { "luma", "chroma", "alpha" };

#define RADIUS(option_name, set, text)                                                             \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_EXPR,                                 \
        .offset = offsetof(struct boxblur, radius_text) + (set) * sizeof(char *),                  \
        .default_text = (set) ? NULL : "2", .variables = VARIABLES, .unit = "px"                   \
    }
#define POWER(option_name, set, text)                                                              \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_INT,                                  \
        .offset = offsetof(struct boxblur, power) + (set) * sizeof(int64_t),                       \
        .min = (set) ? -1 : 0, .max = INT_MAX, .default_text = (set) ? "-1" : "2"                  \
    }

static const struct fw_option boxblur_options[] = {
    RADIUS("luma_radius", 0, "radius of the box for luma"),
    RADIUS("lr", 0, "radius of the box for luma"),
    POWER("luma_power", 0, "how often luma is blurred"),
    POWER("lp", 0, "how often luma is blurred"),
    RADIUS("chroma_radius", 1, "radius for chroma; luma's when absent"),
    RADIUS("cr", 1, "radius for chroma; luma's when absent"),
    POWER("chroma_power", 1, "how often chroma is blurred; -1: as luma"),
    POWER("cp", 1, "how often chroma is blurred; -1: as luma"),
    RADIUS("alpha_radius", 2, "radius for alpha; luma's when absent"),
    RADIUS("ar", 2, "radius for alpha; luma's when absent"),
    POWER("alpha_power", 2, "how often alpha is blurred; -1: as luma"),
    POWER("ap", 2, "how often alpha is blurred; -1: as luma"),
    { .name = NULL },
};

static int boxblur_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_format_is_planar_int(format);
}

static int read_radius(struct boxblur *blur, int set, const struct fw_video *in,
                       struct fw_error *err)
{
    int32_t chroma_width = in->width >> in->format->log2_chroma_w;
    int32_t chroma_height = in->height >> in->format->log2_chroma_h;
    const double values[] = { in->width,
                              in->height,
                              chroma_width,
                              chroma_height,
                              1 << in->format->log2_chroma_w,
                              1 << in->format->log2_chroma_h };
    const char *text = blur->radius_text[set] ? blur->radius_text[set] : blur->radius_text[0];
    int32_t width = set == 1 ? chroma_width : in->width;
    int32_t height = set == 1 ? chroma_height : in->height;
    int32_t limit = (width < height ? width : height) / 2;
    double value;
    int status = fw_expr_once(&value, text, VARIABLES, values, err);
    if (status < 0)
        return status;
    if (isnan(value) || value <= -1 || value >= limit + 1.0)
        return fw_fail(err, FW_ERR_USAGE, "the %s radius is %g; this input allows 0..%d",
                       set_names[set], value, limit);
    blur->radius[set] = (int32_t)value;
    blur->passes[set] = blur->power[set] < 0 ? blur->power[0] : blur->power[set];
    if (blur->radius[set] == 0)
        blur->passes[set] = 0;
    return FW_OK;
}

static int32_t ring_rows(int32_t radius)
{
    return 2 * radius + 2;
}

/* Vertical passes in one walk. */
static int32_t walk_passes(int32_t radius, int64_t passes)
{
    int64_t most = RING_ROWS_MAX / ring_rows(radius);
    most = most < 1 ? 1 : (most > WALK_MAX ? WALK_MAX : most);
    return (int32_t)(passes < most ? passes : most);
}

static size_t row_bytes(int32_t width)
{
    return fw_rows_align(((size_t)width + FW_BOX_PAD) * sizeof(uint16_t));
}

static size_t sums_bytes(int32_t width)
{
    return fw_rows_align(((size_t)width + FW_BOX_PAD) * sizeof(uint32_t));
}

static void set_caps(const struct boxblur *blur, const struct fw_video *in, struct fw_caps *caps)
{
    bool changes = false;
    bool bands = true;
    for (int set = 0; set < SETS; set++) {
        int32_t radius = blur->radius[set];
        int32_t walk = walk_passes(radius, blur->passes[set]);
        int32_t halo = walk * radius << (set == 1 ? in->format->log2_chroma_h : 0);
        size_t bytes = fw_rows_align(fw_box_work_bytes(in->width, 2 * radius + 1)) +
                       (size_t)walk * ((size_t)ring_rows(radius) * row_bytes(in->width) +
                                       sums_bytes(in->width));
        if (blur->passes[set] == 0)
            continue;
        changes = true;
        bands = bands && walk == blur->passes[set] && halo <= BAND_HALO_MAX;
        caps->halo_rows = halo > caps->halo_rows ? halo : caps->halo_rows;
        caps->scratch_bytes = bytes > caps->scratch_bytes ? bytes : caps->scratch_bytes;
    }
    if (!changes)
        caps->flags |= FW_CAPS_IDENTITY;
    else if (bands)
        caps->flags |= FW_CAPS_BANDS;
    if (!bands)
        caps->halo_rows = 0;
    caps->cost_ns_per_pixel = 0.35f * (float)(blur->passes[0] > 20 ? 20 : blur->passes[0]);
}

static int boxblur_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                             struct fw_caps *caps, struct fw_error *err)
{
    struct boxblur *blur = self;
    *out = *in;
    if (!boxblur_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    for (int set = 0; set < SETS; set++) {
        int status = read_radius(blur, set, in, err);
        if (status < 0)
            return status;
    }
    set_caps(blur, in, caps);
    return FW_OK;
}

static int boxblur_start(void *self, struct fw_error *err)
{
    (void)err;
    struct boxblur *blur = self;
    blur->kernels = fw_box_kernels(blur->cpu);
    return FW_OK;
}

/* One walk over a plane. Stage 0 is the rows after their horizontal passes, stage i the rows after
 * i vertical ones; the last stage is the output. */
struct walk {
    const struct fw_box_kernels *kernels;
    enum fw_box_kind kind;
    struct fw_box box;
    int32_t radius;
    int32_t height;
    int32_t passes; /* vertical */
    int64_t row_passes;
    size_t sample_bytes;
    uint8_t *dst;
    ptrdiff_t dst_stride;
    const uint8_t *src;
    ptrdiff_t src_stride;
    uint8_t *work;
    size_t ring_stride;
    uint8_t *rings[WALK_MAX];
    void *sums[WALK_MAX];
    int32_t first[WALK_MAX + 1]; /* rows of a stage: what the next one reads */
    int32_t end[WALK_MAX + 1];
    int32_t done[WALK_MAX + 1]; /* the next row of a stage */
};

static int32_t mirror(int32_t at, int32_t count)
{
    if (at < 0)
        return -1 - at;
    return at < count ? at : 2 * count - 1 - at;
}

static uint8_t *stage_row(const struct walk *walk, int32_t stage, int32_t y)
{
    if (stage == walk->passes)
        return walk->dst + y * walk->dst_stride;
    return walk->rings[stage] + (size_t)(y % ring_rows(walk->radius)) * walk->ring_stride;
}

static const uint8_t *mirrored_row(const struct walk *walk, int32_t stage, int32_t y)
{
    return stage_row(walk, stage, mirror(y, walk->height));
}

/* Rows come and go in bursts with much work in between: their cache lines are asked for ahead. */
static void ask_ahead(const struct walk *walk, int32_t y)
{
    int32_t from = y + ROWS_AHEAD;
    int32_t to = y + 1 - walk->passes * walk->radius;
    size_t bytes = (size_t)walk->box.width * walk->sample_bytes;
    for (size_t i = 0; i < bytes; i += 64) {
        if (from < walk->end[0])
            __builtin_prefetch(walk->src + from * walk->src_stride + i, 0, 2);
        if (to > walk->first[walk->passes] && to < walk->end[walk->passes])
            __builtin_prefetch(walk->dst + to * walk->dst_stride + i, 1, 2);
    }
}

static void blur_row(const struct walk *walk, int32_t y)
{
    ask_ahead(walk, y);
    uint8_t *row = stage_row(walk, 0, y);
    const uint8_t *from = walk->src + y * walk->src_stride;
    if (walk->row_passes == 0)
        memcpy(row, from, (size_t)walk->box.width * walk->sample_bytes);
    else
        walk->kernels->means[walk->kind](row, from, walk->work, walk->row_passes, &walk->box);
}

/* The next row of stage `stage` >= 1 from those of the stage before. */
static void blur_column(struct walk *walk, int32_t stage)
{
    int32_t y = walk->done[stage];
    int32_t before = stage - 1;
    void *sums = walk->sums[before];
    const uint8_t *in = mirrored_row(walk, before, y + walk->radius);
    const uint8_t *out = in;
    if (y > walk->first[stage]) {
        out = mirrored_row(walk, before, y - walk->radius - 1);
    } else {
        memset(sums, 0, sums_bytes(walk->box.width));
        for (int32_t k = -walk->radius; k <= walk->radius; k++)
            walk->kernels->add[walk->kind](sums, mirrored_row(walk, before, y + k),
                                           walk->box.width);
    }
    walk->kernels->slide_mean[walk->kind](stage_row(walk, stage, y), sums, in, out, &walk->box);
}

/* The last stage that can make a row now, so that no ring runs over; 0: none. */
static int32_t ready_stage(const struct walk *walk)
{
    int32_t i = walk->passes;
    for (; i > 0; i--) {
        int32_t needed = walk->done[i] + walk->radius + 1;
        if (walk->done[i] < walk->end[i] &&
            walk->done[i - 1] >= (needed < walk->end[i - 1] ? needed : walk->end[i - 1]))
            break;
    }
    return i;
}

static void walk_rows(struct walk *walk, int32_t row_first, int32_t row_end)
{
    for (int32_t i = 0; i <= walk->passes; i++) {
        int32_t reach = (walk->passes - i) * walk->radius;
        walk->first[i] = row_first > reach ? row_first - reach : 0;
        walk->end[i] = walk->height - row_end > reach ? row_end + reach : walk->height;
        walk->done[i] = walk->first[i];
    }
    for (int32_t y = walk->first[0]; y < walk->end[0]; y++) {
        blur_row(walk, y);
        walk->done[0] = y + 1;
        for (int32_t i = ready_stage(walk); i > 0; i = ready_stage(walk)) {
            blur_column(walk, i);
            walk->done[i]++;
        }
    }
}

static void place_scratch(struct walk *walk, uint8_t *scratch)
{
    int32_t width = walk->box.width;
    walk->work = scratch;
    scratch += fw_rows_align(fw_box_work_bytes(width, walk->box.length));
    walk->ring_stride = row_bytes(width);
    for (int32_t i = 0; i < walk->passes; i++) {
        walk->rings[i] = scratch;
        scratch += (size_t)ring_rows(walk->radius) * walk->ring_stride;
        walk->sums[i] = scratch;
        scratch += sums_bytes(width);
    }
}

static void blur_plane(const struct boxblur *blur, struct walk *walk, int set, struct fw_rows rows,
                       uint32_t depth, void *scratch)
{
    int64_t left = blur->passes[set];
    walk->kernels = blur->kernels;
    walk->radius = blur->radius[set];
    walk->height = rows.height;
    walk->box = (struct fw_box){ .width = rows.width, .length = 2 * walk->radius + 1 };
    walk->kind = fw_box_kind(depth, (uint32_t)walk->box.length);
    walk->sample_bytes = depth > 8 ? 2 : 1;
    walk->row_passes = left;
    fw_box_reciprocal(&walk->box, (uint32_t)walk->box.length);
    for (; left > 0; left -= walk->passes) {
        walk->passes = walk_passes(walk->radius, left);
        place_scratch(walk, scratch);
        walk_rows(walk, rows.first, rows.end);
        walk->row_passes = 0;
        walk->src = walk->dst;
        walk->src_stride = walk->dst_stride;
    }
}

static int boxblur_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                        int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)err;
    const struct boxblur *blur = self;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    const struct fw_format *format = src->format;
    for (uint32_t i = 0; i < format->plane_count; i++) {
        bool alpha = i == 3 || (i > 0 && format->plane_count == 2);
        int set = alpha ? 2 : (i > 0 ? 1 : 0);
        struct fw_rows rows = fw_rows_of(src, i, row_first, row_end);
        struct walk walk = { .dst = dst->data[i],
                             .dst_stride = dst->stride[i],
                             .src = src->data[i],
                             .src_stride = src->stride[i] };
        if (blur->passes[set])
            blur_plane(blur, &walk, set, rows, fw_format_depth(format), scratch);
        else
            fw_rows_copy(dst, src, i, rows);
    }
    return FW_OK;
}

static int boxblur_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                           void *scratch, struct fw_error *err)
{
    return boxblur_band(self, in, out, 0, in->image.height, scratch, err);
}

const struct fw_filter fw_filter_boxblur = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "boxblur",
    .summary = "blur with a box, once or several times",
    .options = boxblur_options,
    .self_size = sizeof(struct boxblur),
    .negotiate = boxblur_negotiate,
    .accepts = boxblur_accepts,
    .start = boxblur_start,
    .process = boxblur_process,
    .band = boxblur_band,
    .cpu_offset = FW_CPU_OFFSET(struct boxblur, cpu),
};
