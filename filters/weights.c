/*
 * Resampling functions: Keys' cubic with c = 0.6, Lanczos with 3 lobes, and the splines over 4, 6
 * and 8 points of Panorama Tools, as libzimg and libswscale define them; a box that covers what an
 * output covers for "area".
 */
#include "weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROW_UNIT 16 /* weights of one output are filled up to a multiple */
#define ALIGN 64

static double support_of(enum fw_zimage_kernel kernel)
{
    static const double supports[] = {
        [FW_ZIMAGE_BICUBIC] = 2,  [FW_ZIMAGE_POINT] = 0.5,  [FW_ZIMAGE_BILINEAR] = 1,
        [FW_ZIMAGE_LANCZOS] = 3,  [FW_ZIMAGE_SPLINE16] = 2, [FW_ZIMAGE_SPLINE36] = 3,
        [FW_ZIMAGE_SPLINE64] = 4, [FW_ZIMAGE_AREA] = 0.5,
    };
    return supports[kernel];
}

static double sinc(double x)
{
    return x == 0 ? 1 : sin(M_PI * x) / (M_PI * x);
}

static double cubic(double x)
{
    const double c = 0.6;
    return x < 1   ? ((2 - c) * x - (3 - c)) * x * x + 1
           : x < 2 ? ((-c * x + 5 * c) * x - 8 * c) * x + 4 * c
                   : 0;
}

/* Coefficients of the pieces between whole distances, highest power first. */
static double piece(const double (*pieces)[4], int count, double x)
{
    int index = (int)x;
    if (index >= count)
        return 0;
    double t = x - index;
    const double *p = pieces[index];
    return ((p[0] * t + p[1]) * t + p[2]) * t + p[3];
}

static const double spline16[][4] = { { 1, -9.0 / 5, -1.0 / 5, 1 },
                                      { -1.0 / 3, 4.0 / 5, -7.0 / 15, 0 } };
static const double spline36[][4] = { { 13.0 / 11, -453.0 / 209, -3.0 / 209, 1 },
                                      { -6.0 / 11, 270.0 / 209, -156.0 / 209, 0 },
                                      { 1.0 / 11, -45.0 / 209, 26.0 / 209, 0 } };
static const double spline64[][4] = { { 49.0 / 41, -6387.0 / 2911, -3.0 / 2911, 1 },
                                      { -24.0 / 41, 4032.0 / 2911, -2328.0 / 2911, 0 },
                                      { 6.0 / 41, -1008.0 / 2911, 582.0 / 2911, 0 },
                                      { -1.0 / 41, 168.0 / 2911, -97.0 / 2911, 0 } };

double fw_weights_value(enum fw_zimage_kernel kernel, double x)
{
    switch (kernel) {
    case FW_ZIMAGE_BICUBIC:
        return cubic(x);
    case FW_ZIMAGE_BILINEAR:
        return x < 1 ? 1 - x : 0;
    case FW_ZIMAGE_LANCZOS:
        return x < 3 ? sinc(x) * sinc(x / 3) : 0;
    case FW_ZIMAGE_SPLINE16:
        return piece(spline16, 2, x);
    case FW_ZIMAGE_SPLINE36:
        return piece(spline36, 3, x);
    case FW_ZIMAGE_SPLINE64:
        return piece(spline64, 4, x);
    case FW_ZIMAGE_POINT:
    case FW_ZIMAGE_AREA:
        break;
    }
    return x < 0.5 ? 1 : 0;
}

int32_t fw_weights_taps(double step, enum fw_zimage_kernel kernel)
{
    double stretch = step > 1 ? step : 1;
    /* A box that begins inside of a sample ends inside of another one more. */
    double extra = kernel == FW_ZIMAGE_AREA ? 1 : 0;
    double taps = ceil(2 * support_of(kernel) * stretch + extra);
    return taps > 1e6 ? 1000000 : (int32_t)((taps + 1) / 2) * 2;
}

/* How much of the sample at `distance` an output covers that is `stretch` samples wide. */
static double covered(double distance, double stretch)
{
    double low = fmax(distance - 0.5, -stretch / 2);
    double high = fmin(distance + 0.5, stretch / 2);
    return fmax(high - low, 0);
}

/* Rounded to 14 bits; what is missing from or too much in their sum goes to the largest. */
static void quantise(int16_t *to, const double *from, int32_t taps)
{
    double sum = 0;
    int32_t whole = 0, largest = 0;
    for (int32_t k = 0; k < taps; k++)
        sum += from[k];
    for (int32_t k = 0; k < taps; k++) {
        to[k] = (int16_t)lrint(from[k] / sum * (1 << FW_RESAMPLE_BITS));
        whole += to[k];
        largest = to[k] > to[largest] ? k : largest;
    }
    to[largest] = (int16_t)(to[largest] + (1 << FW_RESAMPLE_BITS) - whole);
}

static void compute(const struct fw_weights_request *request, int32_t taps, int32_t i,
                    int32_t *first, int16_t *row)
{
    double values[FW_WEIGHTS_TAPS_MAX];
    double stretch = request->step > 1 ? request->step : 1;
    double place = request->offset + i * request->step;
    *first = (int32_t)floor(place - taps / 2.0) + 1;
    for (int32_t k = 0; k < taps; k++) {
        double distance = *first + k - place;
        values[k] = request->kernel == FW_ZIMAGE_AREA
                        ? covered(distance, stretch)
                        : fw_weights_value(request->kernel, fabs(distance) / stretch);
    }
    quantise(row, values, taps);
}

struct tables {
    int32_t *first;
    int16_t *weights;
    int16_t *blocks;
    uint16_t *places;
    uint8_t *shuffles;
};

static void *carve(uint8_t **at, size_t bytes)
{
    void *here = *at;
    *at += (bytes + ALIGN - 1) / ALIGN * ALIGN;
    return here;
}

/* All tables out of one block; with `memory` NULL only its size. */
static size_t place_tables(struct tables *tables, const struct fw_resample_line *line,
                           uint8_t *memory)
{
    uint8_t *at = memory;
    size_t blocks = ((size_t)line->count + FW_RESAMPLE_BLOCK - 1) / FW_RESAMPLE_BLOCK;
    size_t padded = blocks * FW_RESAMPLE_BLOCK;
    tables->first = carve(&at, padded * sizeof(int32_t));
    tables->weights = carve(&at, (size_t)line->count * (size_t)line->row * sizeof(int16_t));
    tables->blocks = carve(&at, padded * (size_t)line->taps * sizeof(int16_t));
    tables->places = carve(&at, padded * 2 * sizeof(uint16_t));
    tables->shuffles = carve(&at, padded * 4);
    return (size_t)(at - memory);
}

/* The scalar tables once more, in the order in which registers hold them. */
static void arrange(struct fw_resample_line *line, const struct tables *tables)
{
    for (int32_t i = 0; i < line->count; i++) {
        int32_t block = i / FW_RESAMPLE_BLOCK, lane = i % FW_RESAMPLE_BLOCK;
        int32_t in_block = tables->first[i] - tables->first[i - lane];
        int32_t in_group = tables->first[i] - tables->first[i - lane % FW_RESAMPLE_GROUP];
        int16_t *pairs = tables->blocks + (ptrdiff_t)block * line->taps * FW_RESAMPLE_BLOCK;
        for (int32_t k = 0; k < line->taps; k++)
            pairs[(k / 2 * FW_RESAMPLE_BLOCK + lane) * 2 + k % 2] =
                tables->weights[(ptrdiff_t)i * line->row + k];
        for (int32_t k = 0; k < 2; k++)
            tables->places[(ptrdiff_t)i * 2 + k] = (uint16_t)(in_block + k);
        for (int32_t k = 0; k < 4; k++)
            tables->shuffles[(ptrdiff_t)i * 4 + k] = (uint8_t)(2 * in_group + k);
        line->block_span = in_block + 2 > line->block_span ? in_block + 2 : line->block_span;
        line->group_span = in_group + 2 > line->group_span ? in_group + 2 : line->group_span;
    }
}

int fw_weights_init(struct fw_weights *weights, const struct fw_weights_request *request,
                    struct fw_error *err)
{
    struct tables tables;
    struct fw_resample_line *line = &weights->line;
    *weights = (struct fw_weights){ 0 };
    line->count = request->count;
    line->taps = fw_weights_taps(request->step, request->kernel);
    line->row = (line->taps + ROW_UNIT - 1) / ROW_UNIT * ROW_UNIT;
    if (line->taps > FW_WEIGHTS_TAPS_MAX)
        return fw_fail(err, FW_ERR_INTERNAL, "a resampling of %d weights", line->taps);
    size_t bytes = place_tables(&tables, line, NULL);
    weights->memory = aligned_alloc(ALIGN, bytes);
    if (!weights->memory)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for weights");
    memset(weights->memory, 0, bytes);
    (void)place_tables(&tables, line, weights->memory);
    for (int32_t i = 0; i < line->count; i++) {
        int32_t *first = &tables.first[i];
        compute(request, line->taps, i, first, tables.weights + (ptrdiff_t)i * line->row);
        int32_t over = *first + line->taps - request->source;
        weights->before = -*first > weights->before ? -*first : weights->before;
        weights->after = over > weights->after ? over : weights->after;
    }
    arrange(line, &tables);
    line->first = tables.first;
    line->weights = tables.weights;
    line->blocks = tables.blocks;
    line->places = tables.places;
    line->shuffles = tables.shuffles;
    return FW_OK;
}

void fw_weights_deinit(struct fw_weights *weights)
{
    free(weights->memory);
    *weights = (struct fw_weights){ 0 };
}
