/*
 * Planes turned by any angle, in tiles: what a tile of the output reads is brought together, and
 * stays in the first cache. Arithmetic of libavfilter 5.1's rotate.
 */
#include "rotate_plane.h"

#include "format.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define FIXED (1 << 16)
#define ANGLE_ONE (1 << 20)
#define ANGLE_PI 3294199 /* pi in 1 / ANGLE_ONE */
#define TILE 64          /* columns and rows that are done together */

/* Sine in 1 / FIXED of an angle in 1 / ANGLE_ONE: five terms of its Taylor series in integers. */
static int32_t sine_of(int64_t angle)
{
    const int64_t pi = ANGLE_PI;
    int64_t result = 0;
    angle = (angle < 0 ? pi - angle : angle) % (2 * pi);
    if (angle >= pi * 3 / 2)
        angle -= 2 * pi;
    if (angle >= pi / 2)
        angle = pi - angle;
    int64_t square = angle * angle / ANGLE_ONE;
    for (int i = 2; i < 11; i += 2) {
        result += angle;
        angle = -angle * square / ((int64_t)ANGLE_ONE * i * (i + 1));
    }
    return (int32_t)((result + 8) >> 4);
}

struct turned {
    const struct fw_rotate_plan *plan;
    const uint8_t *src;
    uint8_t *dst;
    ptrdiff_t src_stride;
    ptrdiff_t dst_stride;
    int32_t in_w;
    int32_t in_h;
    int32_t out_w;
    int32_t out_h;
    int32_t unit;   /* bytes of a pixel */
    int32_t sample; /* of a sample */
    int32_t c;
    int32_t s;
    uint8_t *scratch;
};

/* Quarter turns that fit are copies. */
static bool turn_exactly(const struct turned *t, double angle)
{
    bool same = t->out_w == t->in_w && t->out_h == t->in_h;
    bool across = t->out_w == t->in_h && t->out_h == t->in_w;
    const struct fw_turn_kernels *turns = t->plan->turns;
    if (same && fabs(angle) < (double)FLT_EPSILON) {
        for (int32_t y = 0; y < t->out_h; y++)
            memcpy(t->dst + y * t->dst_stride, t->src + y * t->src_stride,
                   (size_t)t->out_w * (size_t)t->unit);
    } else if (across && fabs(angle - M_PI / 2) < (double)FLT_EPSILON) {
        turns->transpose(t->dst, t->dst_stride, t->src + (t->in_h - 1) * t->src_stride,
                         -t->src_stride, t->out_w, t->out_h, t->unit);
    } else if (same && fabs(angle - M_PI) < (double)FLT_EPSILON) {
        for (int32_t y = 0; y < t->out_h; y++)
            turns->reverse(t->dst + y * t->dst_stride, t->src + (t->out_h - 1 - y) * t->src_stride,
                           t->out_w, t->unit);
    } else if (across && fabs(angle - 3 * M_PI / 2) < (double)FLT_EPSILON) {
        turns->transpose(t->dst + (t->out_h - 1) * t->dst_stride, -t->dst_stride, t->src,
                         t->src_stride, t->out_w, t->out_h, t->unit);
    } else {
        return false;
    }
    return true;
}

/* Keeps of [*first, *end) the steps i at which 0 <= start + i * step < limit; [*end, *end) when
 * there are none. */
static void narrow(int64_t start, int64_t step, int64_t limit, int32_t *first, int32_t *end)
{
    int64_t low = *first, high = *end;
    if (step == 0) {
        high = start >= 0 && start < limit ? high : low;
    } else {
        int64_t near = step > 0 ? -start : limit - 1 - start; /* bounds of i * step */
        int64_t far = step > 0 ? limit - 1 - start : -start;
        int64_t size = step > 0 ? step : -step;
        int64_t a = step > 0 ? near : -near, b = step > 0 ? far : -far;
        int64_t from = a <= 0 ? -(-a / size) : (a + size - 1) / size;
        int64_t to = b >= 0 ? b / size : -((-b + size - 1) / size);
        low = from > low ? from : low;
        high = to + 1 < high ? to + 1 : high;
    }
    *first = low < high ? (int32_t)low : *end;
    *end = low < high ? (int32_t)high : *end;
}

static int32_t clip(int32_t value, int32_t most)
{
    return value < 0 ? 0 : value > most ? most : value;
}

/* A pixel at the rim, whose neighbours may lie outside: the nearest ones stand in. */
static void rim_pixel(const struct turned *t, uint8_t *to, int32_t x, int32_t y)
{
    int32_t x0 = clip(x >> 16, t->in_w - 1), y0 = clip(y >> 16, t->in_h - 1);
    ptrdiff_t right = x0 < t->in_w - 1 ? t->unit : 0;
    ptrdiff_t below = y0 < t->in_h - 1 ? t->src_stride : 0;
    const uint8_t *at = t->src + y0 * t->src_stride + (ptrdiff_t)x0 * t->unit;
    if (!t->plan->bilinear) {
        memcpy(to, at, (size_t)t->unit);
        return;
    }
    for (int32_t k = 0; k < t->unit; k += t->sample) {
        uint16_t s[4] = { 0 };
        const uint8_t *corners[] = { at + k, at + right + k, at + below + k,
                                     at + below + right + k };
        for (int i = 0; i < 4; i++)
            memcpy(&s[i], corners[i], (size_t)t->sample);
        uint16_t mixed = (uint16_t)fw_rotate_mix(s[0], s[1], s[2], s[3], x & 0xFFFF, y & 0xFFFF);
        memcpy(to + k, &mixed, (size_t)t->sample);
    }
}

static void inner_row(const struct turned *t, uint8_t *to, const struct fw_rotate_row *row,
                      int32_t count)
{
    const struct fw_rotate_kernels *kernels = t->plan->kernels;
    if (t->sample == 2)
        kernels->row_u16((uint16_t *)(void *)to, row, count);
    else if (t->unit == 1)
        kernels->row_u8(to, row, count);
    else if (t->unit == 4)
        kernels->row4_u8(to, row, count);
    else
        fw_rotate_pixels_c(to, row, t->unit, 0, count);
}

/* A row of the output: [first, end) lies on the source or at its rim, [inner, inner_end) inside. */
struct span {
    int32_t x; /* of output 0, in 1 / FIXED */
    int32_t y;
    int32_t first;
    int32_t end;
    int32_t inner;
    int32_t inner_end;
};

static void find_span(struct span *span, const struct turned *t, int32_t j)
{
    /* The middle of the output lies on that of the source; halves as libavfilter cuts them off. */
    span->x = -(t->out_h - 1) * t->s / 2 + j * t->s - (t->out_w - 1) * t->c / 2 +
              (int32_t)((int64_t)FIXED * (t->in_w - 1) / 2);
    span->y = -(t->out_h - 1) * t->c / 2 + j * t->c + (t->out_w - 1) * t->s / 2 +
              (int32_t)((int64_t)FIXED * (t->in_h - 1) / 2);
    span->first = 0;
    span->end = t->out_w;
    narrow((int64_t)span->x + FIXED, t->c, ((int64_t)t->in_w + 2) << 16, &span->first, &span->end);
    narrow((int64_t)span->y + FIXED, -t->s, ((int64_t)t->in_h + 2) << 16, &span->first, &span->end);
    span->inner = t->plan->bilinear ? span->first : span->end;
    span->inner_end = span->end;
    narrow(span->x, t->c, ((int64_t)t->in_w - 1) << 16, &span->inner, &span->inner_end);
    narrow(span->y, -t->s, ((int64_t)t->in_h - 1) << 16, &span->inner, &span->inner_end);
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* A part of the source, every row with the one below it. */
struct window {
    int32_t left;
    int32_t top;
    int32_t width;
    int32_t height;
    uint8_t *pairs; /* NULL: not made */
};

static struct fw_rotate_row row_at(const struct turned *t, const struct span *span, int32_t i)
{
    return (struct fw_rotate_row){ .src = t->src,
                                   .stride = t->src_stride,
                                   .width = t->in_w,
                                   .height = t->in_h,
                                   .x = span->x + i * t->c,
                                   .y = span->y - i * t->s,
                                   .c = t->c,
                                   .s = t->s };
}

/* Outputs [from, until) of a row. */
static void turn_part(const struct turned *t, const struct span *span, const struct window *window,
                      uint8_t *to, int32_t from, int32_t until)
{
    int32_t first = larger(from, span->first), end = smaller(until, span->end);
    int32_t inner = larger(first, span->inner), inner_end = smaller(end, span->inner_end);
    inner_end = larger(inner, inner_end);
    for (int32_t i = first; i < smaller(inner, end); i++)
        rim_pixel(t, to + (ptrdiff_t)i * t->unit, span->x + i * t->c, span->y - i * t->s);
    struct fw_rotate_row row = row_at(t, span, inner);
    if (inner_end > inner && window->pairs) {
        row.src = window->pairs;
        row.stride = 2 * (ptrdiff_t)window->width;
        row.x -= window->left << 16;
        row.y -= window->top << 16;
        row.width = window->width;
        row.height = window->height;
        t->plan->kernels->paired_u8(to + inner, &row, inner_end - inner);
    } else if (inner_end > inner) {
        inner_row(t, to + (ptrdiff_t)inner * t->unit, &row, inner_end - inner);
    }
    for (int32_t i = larger(inner_end, first); i < end; i++)
        rim_pixel(t, to + (ptrdiff_t)i * t->unit, span->x + i * t->c, span->y - i * t->s);
}

/* What the inner outputs of a tile read; empty when there are none. */
static struct window window_of(const struct turned *t, const struct span *spans, int32_t rows,
                               int32_t from, int32_t until)
{
    int32_t left = INT32_MAX, top = INT32_MAX, right = -1, bottom = -1;
    for (int32_t j = 0; j < rows; j++) {
        int32_t ends[] = { larger(from, spans[j].inner), smaller(until, spans[j].inner_end) - 1 };
        for (int k = 0; k < 2 && ends[0] <= ends[1]; k++) {
            int32_t x = (spans[j].x + ends[k] * t->c) >> 16;
            int32_t y = (spans[j].y - ends[k] * t->s) >> 16;
            left = smaller(left, x);
            right = larger(right, x + 1);
            top = smaller(top, y);
            bottom = larger(bottom, y);
        }
    }
    if (right < 0)
        return (struct window){ 0 };
    return (struct window){ left, top, right - left + 1, bottom - top + 1, NULL };
}

/* A tile's neighbours lie scattered over many rows: brought together, a tile's whole source stays
 * in the first cache, and one gather finds all four of them. */
static void fill_window(const struct turned *t, struct window *window)
{
    bool pays = t->unit == 1 && t->sample == 1 && t->plan->kernels->paired_u8 &&
                (int64_t)window->width * window->height * 2 <= FW_ROTATE_SCRATCH &&
                window->width > 8;
    for (int32_t y = 0; pays && y < window->height; y++) {
        const uint8_t *row = t->src + (window->top + y) * t->src_stride + window->left;
        t->plan->kernels->pair(t->scratch + 2 * (ptrdiff_t)window->width * y, row,
                               row + t->src_stride, window->width);
    }
    window->pairs = pays ? t->scratch : NULL;
}

static void turn_rows(const struct turned *t, int32_t row_first, int32_t row_end)
{
    struct span spans[TILE];
    for (int32_t j = row_first; j < row_end; j++)
        find_span(&spans[j - row_first], t, j);
    for (int32_t x = 0; x < t->out_w; x += TILE) {
        int32_t end = smaller(x + TILE, t->out_w);
        struct window window = window_of(t, spans, row_end - row_first, x, end);
        fill_window(t, &window);
        for (int32_t j = row_first; j < row_end; j++)
            turn_part(t, &spans[j - row_first], &window, t->dst + j * t->dst_stride, x, end);
    }
}

void fw_rotate_plane(const struct fw_rotate_plan *plan, const struct fw_image *in,
                     const struct fw_image *out, uint32_t plane, double angle, uint8_t *scratch)
{
    const struct fw_format *format = in->format;
    int32_t fixed = (int32_t)fmod(angle * ANGLE_ONE, 2147483648.0);
    struct turned t = {
        .plan = plan,
        .src = in->data[plane],
        .dst = out->data[plane],
        .src_stride = in->stride[plane],
        .dst_stride = out->stride[plane],
        .in_w = fw_format_plane_width(format, plane, in->width),
        .in_h = fw_format_plane_height(format, plane, in->height),
        .out_w = fw_format_plane_width(format, plane, out->width),
        .out_h = fw_format_plane_height(format, plane, out->height),
        .scratch = scratch,
        .sample = format->components[0].depth > 8 ? 2 : 1,
        .s = sine_of(fixed),
        .c = sine_of((int64_t)fixed + ANGLE_PI / 2),
    };
    t.unit = (int32_t)fw_format_row_bytes(format, plane, in->width) / t.in_w;
    if (turn_exactly(&t, angle))
        return;
    if (plan->filled)
        fw_paint_fill(&plan->paint, out, plane, 0, 0, t.out_w, t.out_h);
    for (int32_t j = 0; j < t.out_h && !plan->filled; j++)
        memset(t.dst + j * t.dst_stride, 0, (size_t)t.out_w * (size_t)t.unit);
    for (int32_t j = 0; j < t.out_h; j += TILE)
        turn_rows(&t, j, smaller(j + TILE, t.out_h));
}
