/* Near misses of names. */
#include "suggest.h"

#include "check.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_BYTES 63

static const char *const synonyms[][2] = {
    { "blur", "boxblur' or 'gblur" },
    { "gaussianblur", "gaussian" },
    { "sharpen", "unsharp" },
    { "sharp", "unsharp" },
    { "resize", "scale" },
    { "zoom", "scale" },
    { "rescale", "scale" },
    { "grayscale", "format=gray" },
    { "greyscale", "format=gray" },
    { "gray", "format=gray" },
    { "grey", "format=gray" },
    { "invert", "negate" },
    { "negative", "negate" },
    { "flip", "vflip' or 'hflip" },
    { "flop", "hflip" },
    { "mirror", "hflip" },
    { "rotate90", "transpose=clock" },
    { "pix_fmt", "format" },
    { "pixfmt", "format" },
    { "deinterlace", "yadif" },
    { "denoise", "nlmeans" },
    { "brightness", "eq" },
    { "contrast", "eq" },
    { "saturation", "eq" },
    { "gamma", "eq" },
    { "text", "drawtext" },
    { "trim_edges", "crop" },
    { "fadein", "fade=in" },
    { "fadeout", "fade=out" },
    { "none", "null" },
    { "copy", "null" },
};

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

uint32_t fw_suggest_distance(const char *a, const char *b)
{
    uint8_t rows[3][NAME_MAX_BYTES + 2];
    size_t bytes_a = strnlen(a, NAME_MAX_BYTES + 1);
    size_t bytes_b = strnlen(b, NAME_MAX_BYTES + 1);
    if (bytes_a > NAME_MAX_BYTES || bytes_b > NAME_MAX_BYTES)
        return UINT32_MAX;
    for (size_t j = 0; j <= bytes_b; j++)
        rows[0][j] = (uint8_t)j;
    for (size_t i = 1; i <= bytes_a; i++) {
        uint8_t *now = rows[i % 3];
        const uint8_t *last = rows[(i + 2) % 3];
        const uint8_t *before = rows[(i + 1) % 3];
        now[0] = (uint8_t)i;
        for (size_t j = 1; j <= bytes_b; j++) {
            uint32_t best = last[j - 1] + (same_letter(a[i - 1], b[j - 1]) ? 0u : 1u);
            best = least(best, least(last[j] + 1u, now[j - 1] + 1u));
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
                same_letter(a[i - 2], b[j - 1]))
                best = least(best, before[j - 2] + 1u);
            now[j] = (uint8_t)best;
        }
    }
    return rows[bytes_a % 3][bytes_b];
}

void fw_suggest_init(struct fw_suggestion *suggestion, const char *wanted)
{
    memset(suggestion, 0, sizeof(*suggestion));
    suggestion->wanted = wanted;
    suggestion->distance = UINT32_MAX;
}

void fw_suggest_offer(struct fw_suggestion *suggestion, const char *candidate)
{
    uint32_t distance = fw_suggest_distance(suggestion->wanted, candidate);
    if (distance >= suggestion->distance)
        return;
    suggestion->distance = distance;
    (void)snprintf(suggestion->best, sizeof(suggestion->best), "%s", candidate);
}

const char *fw_suggest_best(const struct fw_suggestion *suggestion)
{
    size_t allowed = strlen(suggestion->wanted) / 3;
    if (allowed < 1)
        allowed = 1;
    return suggestion->distance <= allowed ? suggestion->best : NULL;
}

const char *fw_suggest_synonym(const char *filter_name)
{
    for (size_t i = 0; i < FW_COUNT(synonyms); i++) {
        if (strcasecmp(synonyms[i][0], filter_name) == 0)
            return synonyms[i][1];
    }
    return NULL;
}
