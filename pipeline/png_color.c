/* The colour of a PNG: cICP, sRGB, gAMA and cHRM, and the code points of H.273 that say the same.
 */
#include "png_still.h"

#include "filters/check.h"

#include <string.h>

#define UNSPECIFIED 2
#define FULL 2
#define TRANSFER_GAMMA22 4
#define TRANSFER_GAMMA28 5
#define TRANSFER_LINEAR 8
#define TRANSFER_SRGB 13
#define PRIMARIES_709 1
#define GAMMA22 45455u

struct primaries {
    uint8_t point;
    uint32_t chroma[8]; /* as in cHRM */
};

/* ITU-T H.273, table 2. 7 is the same as 6. */
static const struct primaries primaries[] = {
    { 1, { 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000 } },
    { 4, { 31000, 31600, 67000, 33000, 21000, 71000, 14000, 8000 } },
    { 5, { 31270, 32900, 64000, 33000, 29000, 60000, 15000, 6000 } },
    { 6, { 31270, 32900, 63000, 34000, 31000, 59500, 15500, 7000 } },
    { 8, { 31000, 31600, 68100, 31900, 24300, 69200, 14500, 4900 } },
    { 9, { 31270, 32900, 70800, 29200, 17000, 79700, 13100, 4600 } },
    { 11, { 31400, 35100, 68000, 32000, 26500, 69000, 15000, 6000 } },
    { 12, { 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000 } },
    { 22, { 31270, 32900, 63000, 34000, 29500, 60500, 15500, 7700 } },
};

struct transfer {
    uint8_t point;
    uint32_t gamma; /* as in gAMA */
};

static const struct transfer transfers[] = {
    { TRANSFER_GAMMA22, GAMMA22 },
    { TRANSFER_GAMMA28, 35714 },
    { TRANSFER_LINEAR, 100000 },
};

void fw_png_color_take(struct fw_png_color *color, const char *type, const uint8_t *bytes)
{
    if (strcmp(type, "cICP") == 0) {
        color->has_cicp = true;
        memcpy(color->cicp, bytes, 4);
    } else if (strcmp(type, "iCCP") == 0) {
        color->has_icc = true;
    } else if (strcmp(type, "sRGB") == 0) {
        color->has_srgb = true;
    } else if (strcmp(type, "gAMA") == 0) {
        color->has_gamma = true;
        color->gamma = fw_png_get32(bytes);
    } else if (strcmp(type, "cHRM") == 0) {
        color->has_chroma = true;
        for (size_t i = 0; i < 8; i++)
            color->chroma[i] = fw_png_get32(bytes + 4 * i);
    }
}

static uint8_t known_primaries(const struct fw_png_color *color)
{
    for (size_t i = 0; color->has_chroma && i < FW_COUNT(primaries); i++) {
        if (memcmp(primaries[i].chroma, color->chroma, sizeof(color->chroma)) == 0)
            return primaries[i].point;
    }
    return UNSPECIFIED;
}

static uint8_t known_transfer(const struct fw_png_color *color)
{
    for (size_t i = 0; color->has_gamma && i < FW_COUNT(transfers); i++) {
        if (transfers[i].gamma == color->gamma)
            return transfers[i].point;
    }
    return UNSPECIFIED;
}

/* The order of the specification: cICP before iCCP before sRGB before the numbers. */
struct fw_color fw_png_color_points(const struct fw_png_color *color, bool rgb)
{
    struct fw_color points = { .range = FULL,
                               .matrix = rgb ? 0 : UNSPECIFIED,
                               .primaries = UNSPECIFIED,
                               .transfer = UNSPECIFIED };
    if (color->has_cicp) {
        points.primaries = color->cicp[0];
        points.transfer = color->cicp[1];
    } else if (color->has_icc) {
        return points;
    } else if (color->has_srgb) {
        points.primaries = PRIMARIES_709;
        points.transfer = TRANSFER_SRGB;
    } else {
        points.primaries = known_primaries(color);
        points.transfer = known_transfer(color);
    }
    return points;
}

static void add(struct fw_png_color_chunk *chunk, const char *type, uint32_t count)
{
    memset(chunk, 0, sizeof(*chunk));
    chunk->type = type;
    chunk->count = count;
}

static void add_gamma(struct fw_png_color_chunk *chunk, uint32_t gamma)
{
    add(chunk, "gAMA", 4);
    fw_png_put32(chunk->bytes, gamma);
}

static void add_chroma(struct fw_png_color_chunk *chunk, const struct primaries *row)
{
    add(chunk, "cHRM", 32);
    for (size_t i = 0; i < 8; i++)
        fw_png_put32(chunk->bytes + 4 * i, row->chroma[i]);
}

uint32_t fw_png_color_chunks(const struct fw_color *color,
                             struct fw_png_color_chunk chunks[FW_PNG_COLOR_CHUNKS])
{
    const struct primaries *row = NULL;
    const struct transfer *curve = NULL;
    uint32_t count = 0;
    bool open_primaries = color->primaries == UNSPECIFIED || color->primaries == 0;
    bool open_transfer = color->transfer == UNSPECIFIED || color->transfer == 0;
    for (size_t i = 0; i < FW_COUNT(primaries); i++) {
        if (primaries[i].point == (color->primaries == 7 ? 6 : color->primaries))
            row = &primaries[i];
    }
    for (size_t i = 0; i < FW_COUNT(transfers); i++) {
        if (transfers[i].point == color->transfer)
            curve = &transfers[i];
    }
    /* Old readers know the numbers alone: they come beside sRGB, which means the same to others. */
    if (color->primaries == PRIMARIES_709 && color->transfer == TRANSFER_SRGB) {
        add(&chunks[count++], "sRGB", 1);
        add_gamma(&chunks[count++], GAMMA22);
        add_chroma(&chunks[count++], row);
        return count;
    }
    if (!open_primaries && !open_transfer && (!row || !curve)) {
        add(&chunks[count], "cICP", 4);
        chunks[count].bytes[0] = color->primaries;
        chunks[count].bytes[1] = color->transfer;
        chunks[count++].bytes[3] = 1; /* full range; the matrix, 0, is the only one */
    }
    if (curve)
        add_gamma(&chunks[count++], curve->gamma);
    if (row)
        add_chroma(&chunks[count++], row);
    return count;
}
