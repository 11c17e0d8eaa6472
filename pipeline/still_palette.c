/* At most 256 colours for a picture: its own, or those of a median cut. */
#include "still_gif.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS 2048u
#define BINS 32768u /* 5 bits a colour */

static uint32_t rgb_of(const uint8_t *pixel)
{
    return (uint32_t)pixel[0] << 16 | (uint32_t)pixel[1] << 8 | pixel[2];
}

/* The picture's own colours, in the order they come up; false: more than `room`. */
static bool take_all(struct fw_palette *palette, const uint8_t *rgba, size_t count, uint32_t room,
                     uint8_t *indices)
{
    uint32_t keys[SLOTS] = { 0 }; /* 1 + colour */
    uint8_t values[SLOTS];
    palette->count = 0;
    for (size_t i = 0; i < count; i++, rgba += 4) {
        if (rgba[3] == 0)
            continue;
        const uint32_t key = 1 + rgb_of(rgba);
        uint32_t slot = (key * 2654435761u) >> 21;
        while (keys[slot] && keys[slot] != key)
            slot = (slot + 1) % SLOTS;
        if (!keys[slot]) {
            if (palette->count == room)
                return false;
            keys[slot] = key;
            values[slot] = (uint8_t)palette->count;
            memcpy(palette->rgb[palette->count++], rgba, 3);
        }
        indices[i] = values[slot];
    }
    return true;
}

struct bin {
    uint64_t count;
    uint64_t sum[3];
};

struct box {
    uint8_t low[3];
    uint8_t high[3]; /* inclusive */
    uint64_t count;
};

static uint32_t bin_of(const uint8_t *pixel)
{
    return (uint32_t)(pixel[0] >> 3) << 10 | (uint32_t)(pixel[1] >> 3) << 5 | pixel[2] >> 3;
}

static uint32_t bin_at(uint32_t r, uint32_t g, uint32_t b)
{
    return r << 10 | g << 5 | b;
}

/* Narrows a box to what is in it. */
static void shrink(const struct bin *bins, struct box *box)
{
    struct box tight = { .low = { 31, 31, 31 } };
    for (uint32_t i = 0; i < BINS; i++) {
        const uint8_t at[3] = { (uint8_t)(i >> 10), (uint8_t)(i >> 5 & 31), (uint8_t)(i & 31) };
        bool inside = bins[i].count > 0;
        for (uint32_t k = 0; k < 3; k++)
            inside = inside && at[k] >= box->low[k] && at[k] <= box->high[k];
        for (uint32_t k = 0; inside && k < 3; k++) {
            tight.low[k] = at[k] < tight.low[k] ? at[k] : tight.low[k];
            tight.high[k] = at[k] > tight.high[k] ? at[k] : tight.high[k];
        }
        tight.count += inside ? bins[i].count : 0;
    }
    *box = tight;
}

static uint32_t longest(const struct box *box)
{
    uint32_t axis = 0;
    for (uint32_t k = 1; k < 3; k++) {
        if (box->high[k] - box->low[k] > box->high[axis] - box->low[axis])
            axis = k;
    }
    return axis;
}

/* The box whose cut helps most pixels most; -1: none can be cut. */
static int choose(const struct box *boxes, uint32_t count)
{
    int best = -1;
    uint64_t best_gain = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t axis = longest(&boxes[i]);
        const uint64_t gain = boxes[i].count * (uint64_t)(boxes[i].high[axis] - boxes[i].low[axis]);
        if (gain > best_gain) {
            best = (int)i;
            best_gain = gain;
        }
    }
    return best;
}

/* Cuts at the median of the longest side; the upper part goes to *above. */
static void cut(const struct bin *bins, struct box *box, struct box *above)
{
    const uint32_t axis = longest(box);
    uint64_t slices[32] = { 0 };
    for (uint32_t r = box->low[0]; r <= box->high[0]; r++) {
        for (uint32_t g = box->low[1]; g <= box->high[1]; g++) {
            for (uint32_t b = box->low[2]; b <= box->high[2]; b++) {
                const uint32_t at[3] = { r, g, b };
                slices[at[axis]] += bins[bin_at(r, g, b)].count;
            }
        }
    }
    uint32_t last = box->low[axis];
    uint64_t below = slices[last];
    while (last + 1u < box->high[axis] && below < box->count / 2)
        below += slices[++last];
    *above = *box;
    box->high[axis] = (uint8_t)last;
    above->low[axis] = (uint8_t)(last + 1);
    shrink(bins, box);
    shrink(bins, above);
}

static void average(const struct bin *bins, const struct box *box, uint8_t rgb[3])
{
    struct bin all = { 0 };
    for (uint32_t r = box->low[0]; r <= box->high[0]; r++) {
        for (uint32_t g = box->low[1]; g <= box->high[1]; g++) {
            for (uint32_t b = box->low[2]; b <= box->high[2]; b++) {
                const struct bin *bin = &bins[bin_at(r, g, b)];
                all.count += bin->count;
                for (uint32_t k = 0; k < 3; k++)
                    all.sum[k] += bin->sum[k];
            }
        }
    }
    for (uint32_t k = 0; k < 3; k++)
        rgb[k] = (uint8_t)(all.count ? (all.sum[k] + all.count / 2) / all.count : 0);
}

static uint8_t nearest(const struct fw_palette *palette, const struct bin *bin)
{
    uint32_t best = 0;
    uint32_t best_far = UINT32_MAX;
    for (uint32_t i = 0; i < palette->count; i++) {
        uint32_t far = 0;
        for (uint32_t k = 0; k < 3; k++) {
            const int32_t d = (int32_t)(bin->sum[k] / bin->count) - palette->rgb[i][k];
            far += (uint32_t)(d * d);
        }
        if (far < best_far) {
            best = i;
            best_far = far;
        }
    }
    return (uint8_t)best;
}

static void fill_bins(struct bin *bins, const uint8_t *rgba, size_t count)
{
    for (size_t i = 0; i < count; i++, rgba += 4) {
        if (rgba[3] == 0)
            continue;
        struct bin *bin = &bins[bin_of(rgba)];
        bin->count++;
        for (uint32_t k = 0; k < 3; k++)
            bin->sum[k] += rgba[k];
    }
}

static void median_cut(struct fw_palette *palette, const struct bin *bins, uint32_t room)
{
    struct box boxes[256];
    uint32_t count = 1;
    boxes[0] = (struct box){ .high = { 31, 31, 31 } };
    shrink(bins, &boxes[0]);
    while (count < room) {
        int chosen = choose(boxes, count);
        if (chosen < 0)
            break;
        cut(bins, &boxes[chosen], &boxes[count]);
        count++;
    }
    for (uint32_t i = 0; i < count; i++)
        average(bins, &boxes[i], palette->rgb[i]);
    palette->count = count;
}

static int quantize(struct fw_palette *palette, const uint8_t *rgba, size_t count, uint32_t room,
                    uint8_t *indices)
{
    struct bin *bins = calloc(BINS, sizeof(*bins));
    uint8_t *map = calloc(BINS, 1);
    int status = bins && map ? 0 : -1;
    if (status == 0) {
        fill_bins(bins, rgba, count);
        median_cut(palette, bins, room);
        for (uint32_t i = 0; i < BINS; i++)
            map[i] = bins[i].count ? nearest(palette, &bins[i]) : 0;
        for (size_t i = 0; i < count; i++, rgba += 4)
            indices[i] = map[bin_of(rgba)];
    }
    free(bins);
    free(map);
    return status;
}

int fw_palette_make(struct fw_palette *palette, const uint8_t *rgba, size_t count, uint8_t *indices)
{
    bool open = false;
    memset(palette, 0, sizeof(*palette));
    palette->transparent = -1;
    for (size_t i = 0; i < count && !open; i++)
        open = rgba[4 * i + 3] == 0;
    const uint32_t room = open ? 255 : 256;
    palette->exact = take_all(palette, rgba, count, room, indices);
    if (!palette->exact && quantize(palette, rgba, count, room, indices) < 0)
        return -1;
    if (!open)
        return 0;
    palette->transparent = (int32_t)palette->count++;
    for (size_t i = 0; i < count; i++) {
        if (rgba[4 * i + 3] == 0)
            indices[i] = (uint8_t)palette->transparent;
    }
    return 0;
}
