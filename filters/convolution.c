/*
 * convolution: weighted sums over 3x3, 5x5 or 7x7 samples, or over a row or column of up to 49.
 * Options and pixels of FFmpeg 5.1's filter of that name: matrices hold whole numbers, and the
 * factors that the options give are overruled by one over the sum of the weights.
 */
#include "filter.h"
#include "format.h"
#include "kernels/convolve.h"
#include "slide.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define SAME "0 0 0 0 1 0 0 0 0"

enum mode { MODE_SQUARE, MODE_ROW, MODE_COLUMN };

/* One plane's matrix, without its zeros. */
struct matrix {
    int32_t radius_x;
    int32_t radius_y;
    int32_t rows[FW_CONVOLVE_TAPS_MAX]; /* of each tap, from the top */
    int32_t columns[FW_CONVOLVE_TAPS_MAX];
    bool copies;
    struct fw_convolve op;
};

struct convolution {
    char *text[FW_PLANES_MAX];
    double factor[FW_PLANES_MAX]; /* read, and not used */
    double bias[FW_PLANES_MAX];
    int64_t mode[FW_PLANES_MAX];
    int32_t cpu;
    struct matrix matrices[FW_PLANES_MAX];
    const struct matrix *matrix; /* of the plane that is worked on */
    const struct fw_convolve_kernels *kernels;
};

static const struct fw_choice mode_choices[] = {
    { "square", MODE_SQUARE, "rows of a square matrix" },
    { "row", MODE_ROW, "a single row" },
    { "column", MODE_COLUMN, "a single column" },
    { NULL, 0, NULL },
};

#define AT(member, plane, type) (offsetof(struct convolution, member) + (plane) * sizeof(type))
#define MATRIX(plane)                                                                              \
    {                                                                                              \
        .name = #plane "m", .help = "matrix of plane " #plane ", whole numbers",                   \
        .type = FW_OPTION_STRING, .offset = AT(text, plane, char *), .default_text = SAME          \
    }
#define FACTOR(plane)                                                                              \
    {                                                                                              \
        .name = #plane "rdiv",                                                                     \
        .help = "no effect, as in FFmpeg 5.1: plane " #plane "'s sum is divided by its weights'",  \
        .type = FW_OPTION_FLOAT, .offset = AT(factor, plane, double), .min = 0, .max = INT_MAX,    \
        .default_text = "0"                                                                        \
    }
#define BIAS(plane)                                                                                \
    {                                                                                              \
        .name = #plane "bias", .help = "what is added to plane " #plane, .type = FW_OPTION_FLOAT,  \
        .offset = AT(bias, plane, double), .min = 0, .max = INT_MAX, .default_text = "0"           \
    }
#define MODE(plane)                                                                                \
    {                                                                                              \
        .name = #plane "mode", .help = "shape of the matrix of plane " #plane,                     \
        .type = FW_OPTION_ENUM, .offset = AT(mode, plane, int64_t), .default_text = "square",      \
        .choices = mode_choices                                                                    \
    }

static const struct fw_option convolution_options[] = {
    MATRIX(0), MATRIX(1), MATRIX(2), MATRIX(3), FACTOR(0),        FACTOR(1),
    FACTOR(2), FACTOR(3), BIAS(0),   BIAS(1),   BIAS(2),          BIAS(3),
    MODE(0),   MODE(1),   MODE(2),   MODE(3),   { .name = NULL },
};

static int convolution_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_slide_accepts(format);
}

/* The numbers of a text; *count_out is how many. */
static int read_numbers(const char *text, int plane, int32_t *numbers, int32_t *count_out,
                        struct fw_error *err)
{
    int32_t count = 0;
    for (text += strspn(text, " |"); *text; text += strspn(text, " |")) {
        char *end;
        errno = 0;
        long number = strtol(text, &end, 10);
        if (end == text || !strchr(" |", *end))
            return fw_fail(err, FW_ERR_USAGE, "option '%dm': '%.*s' is no whole number", plane,
                           (int)strcspn(text, " |"), text);
        if (errno || number < INT32_MIN || number > INT32_MAX)
            return fw_fail(err, FW_ERR_USAGE, "option '%dm': a number is too large", plane);
        if (count == FW_CONVOLVE_TAPS_MAX - 1)
            return fw_fail(err, FW_ERR_USAGE, "option '%dm' has more than %d numbers", plane,
                           FW_CONVOLVE_TAPS_MAX - 1);
        numbers[count++] = (int32_t)number;
        text = end;
    }
    *count_out = count;
    return FW_OK;
}

static int shape_matrix(struct matrix *matrix, int64_t mode, int plane, int32_t count,
                        struct fw_error *err)
{
    if (count % 2 == 0)
        return fw_fail(err, FW_ERR_USAGE, "option '%dm' has %d numbers; an odd count is needed",
                       plane, count);
    if (mode == MODE_SQUARE && count != 9 && count != 25 && count != 49)
        return fw_fail(err, FW_ERR_USAGE,
                       "option '%dm' has %d numbers; a square matrix has 9, 25 or 49", plane,
                       count);
    int32_t square = count == 9 ? 1 : (count == 25 ? 2 : 3);
    matrix->radius_x = mode == MODE_SQUARE ? square : (mode == MODE_ROW ? count / 2 : 0);
    matrix->radius_y = mode == MODE_SQUARE ? square : (mode == MODE_COLUMN ? count / 2 : 0);
    return FW_OK;
}

/* Zeros need no work; one of them may fill up the last pair. */
static void choose_taps(struct matrix *matrix, const int32_t *numbers, int32_t count)
{
    int32_t size_x = 2 * matrix->radius_x + 1;
    int32_t taps = 0;
    for (int32_t i = 0; i < count; i++) {
        if (numbers[i] == 0)
            continue;
        matrix->rows[taps] = i / size_x;
        matrix->columns[taps] = i % size_x - matrix->radius_x;
        matrix->op.weights[taps++] = numbers[i];
    }
    matrix->copies = taps == 1 && numbers[count / 2] == 1 && matrix->op.factor == 1.0f &&
                     matrix->op.bias == 0.0f;
    for (; taps == 0 || taps % 2 != 0; taps++) {
        matrix->rows[taps] = matrix->radius_y;
        matrix->columns[taps] = 0;
        matrix->op.weights[taps] = 0;
    }
    matrix->op.count = taps;
}

static int read_matrix(struct convolution *convolution, int plane, struct fw_error *err)
{
    int32_t numbers[FW_CONVOLVE_TAPS_MAX];
    int32_t count = 0;
    float sum = 0.0f;
    struct matrix *matrix = &convolution->matrices[plane];
    const char *text = convolution->text[plane] ? convolution->text[plane] : SAME;
    int status = read_numbers(text, plane, numbers, &count, err);
    if (status == FW_OK)
        status = shape_matrix(matrix, convolution->mode[plane], plane, count, err);
    if (status < 0)
        return status;
    for (int32_t i = 0; i < count; i++)
        sum += (float)numbers[i];
    matrix->op.factor = (float)(1.0 / (double)(sum == 0.0f ? 1.0f : sum));
    matrix->op.bias = (float)convolution->bias[plane];
    choose_taps(matrix, numbers, count);
    return FW_OK;
}

static void pick_row(void *opaque, uint8_t *const *dst, const uint8_t *const *src, int32_t width)
{
    const struct convolution *convolution = opaque;
    const struct matrix *matrix = convolution->matrix;
    const uint16_t *taps[FW_CONVOLVE_TAPS_MAX];
    for (int32_t i = 0; i < matrix->op.count; i++)
        taps[i] = (const uint16_t *)(const void *)src[matrix->rows[i]] + matrix->columns[i];
    if (matrix->op.peak <= UINT8_MAX)
        convolution->kernels->row_u8(dst[0], &matrix->op, taps, width);
    else
        convolution->kernels->row_u16((uint16_t *)(void *)dst[0], &matrix->op, taps, width);
}

static struct fw_slide slide_of(struct convolution *convolution, uint32_t plane)
{
    const struct matrix *matrix = &convolution->matrices[plane];
    bool three = matrix->radius_x == 1 && matrix->radius_y == 1;
    enum fw_edge edge = three ? FW_EDGE_SKEWED : FW_EDGE_MIRROR;
    return (struct fw_slide){
        .radius_x = matrix->radius_x,
        .radius_y = matrix->radius_y,
        .batch = 1,
        .edge_x = edge,
        .edge_y = edge,
        .widen = true,
        .cpu = convolution->cpu,
        .emit = pick_row,
        .opaque = convolution,
    };
}

static int convolution_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                                 struct fw_caps *caps, struct fw_error *err)
{
    struct convolution *convolution = self;
    *out = *in;
    for (int plane = 0; plane < FW_PLANES_MAX; plane++) {
        int status = read_matrix(convolution, plane, err);
        if (status < 0)
            return status;
    }
    if (!convolution_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    caps->flags |= FW_CAPS_BANDS;
    caps->cost_ns_per_pixel = 0.5f;
    for (uint32_t plane = 0; plane < in->format->plane_count; plane++) {
        struct fw_slide slide = slide_of(convolution, plane);
        size_t bytes = fw_slide_bytes(&slide, in->width);
        int32_t halo = fw_slide_halo(in->format, slide.radius_y);
        convolution->matrices[plane].op.peak = (1 << fw_format_depth(in->format)) - 1;
        caps->scratch_bytes = bytes > caps->scratch_bytes ? bytes : caps->scratch_bytes;
        caps->halo_rows = halo > caps->halo_rows ? halo : caps->halo_rows;
    }
    return FW_OK;
}

static int convolution_start(void *self, struct fw_error *err)
{
    (void)err;
    struct convolution *convolution = self;
    convolution->kernels = fw_convolve_kernels(convolution->cpu);
    return FW_OK;
}

static int convolution_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                            int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)err;
    struct convolution *convolution = self;
    for (uint32_t plane = 0; plane < in->image.format->plane_count; plane++) {
        struct fw_rows rows = fw_rows_of(&in->image, plane, row_first, row_end);
        struct fw_slide slide = slide_of(convolution, plane);
        convolution->matrix = &convolution->matrices[plane];
        if (convolution->matrix->copies)
            fw_rows_copy(&out->image, &in->image, plane, rows);
        else
            fw_slide_plane(&slide, &out->image, &in->image, plane, rows, scratch);
    }
    return FW_OK;
}

static int convolution_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                               void *scratch, struct fw_error *err)
{
    return convolution_band(self, in, out, 0, in->image.height, scratch, err);
}

const struct fw_filter fw_filter_convolution = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "convolution",
    .summary = "weighted sums of neighbours",
    .options = convolution_options,
    .self_size = sizeof(struct convolution),
    .negotiate = convolution_negotiate,
    .accepts = convolution_accepts,
    .start = convolution_start,
    .process = convolution_process,
    .band = convolution_band,
    .cpu_offset = FW_CPU_OFFSET(struct convolution, cpu),
};
