/* Heads of BMP, PNM and PAM: notes, and whether the file is whole. */
#include "still_lavc.h"

#include "filters/check.h"

#include <string.h>

#define BMP_HEAD_BYTES 54u
#define BMP_RLE8 1u
#define BMP_RLE4 2u

static uint32_t little(const uint8_t *bytes, uint32_t width)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < width; i++)
        value |= (uint32_t)bytes[i] << 8 * i;
    return value;
}

static int fail_short(struct fw_error *err)
{
    return fw_fail(err, FW_ERR_INPUT, "the file ends early");
}

/* ---- BMP ---------------------------------------------------------------------------------- */

/* Whether the runs come to their end mark. What they say is the decoder's. */
static bool runs_end(const uint8_t *at, const uint8_t *end, bool four_bits)
{
    while (end - at >= 2) {
        const uint8_t count = at[0];
        const uint8_t value = at[1];
        size_t more = 0;
        at += 2;
        if (count == 0 && value == 1)
            return true;
        if (count == 0 && value == 2)
            more = 2;
        else if (count == 0 && value > 2)
            more = ((four_bits ? (value + 1u) / 2 : value) + 1u) & ~1u;
        if (more > (size_t)(end - at))
            return false;
        at += more;
    }
    return false;
}

/* Rows are whole words; without this, a decoder takes a cut file for one whose rows are not. */
static bool rows_fit(const struct fw_still_bytes *file, uint64_t pixels, bool old)
{
    const uint8_t *head = file->bytes + 18;
    const int32_t tall = old ? (int32_t)little(head + 2, 2) : (int32_t)little(head + 4, 4);
    const uint64_t width = little(head, old ? 2 : 4);
    const uint64_t height = tall < 0 ? (uint64_t) - (int64_t)tall : (uint64_t)tall;
    const uint64_t depth = little(head + (old ? 6 : 10), 2);
    if (width > INT32_MAX || height > INT32_MAX || depth > 32)
        return false;
    const uint64_t row = (width * depth + 31) / 32 * 4;
    return height == 0 || row <= (file->count - pixels) / height;
}

static int check_bmp(struct fw_lavc_reader *self, struct fw_error *err)
{
    const uint8_t *bytes = self->file.bytes;
    if (self->file.count < 26)
        return fail_short(err);
    const uint32_t pixels = little(bytes + 10, 4);
    const uint32_t head = little(bytes + 14, 4);
    if (pixels >= self->file.count)
        return fail_short(err);
    const bool old = head < 40;
    if (!old && self->file.count < BMP_HEAD_BYTES)
        return fail_short(err);
    const uint32_t packing = old ? 0 : little(bytes + 30, 4);
    const uint8_t *end = bytes + self->file.count;
    if (packing == BMP_RLE8 || packing == BMP_RLE4
            ? !runs_end(bytes + pixels, end, packing == BMP_RLE4)
            : !rows_fit(&self->file, pixels, old))
        return fail_short(err);
    if (old)
        return FW_OK;
    const struct fw_density density = { little(bytes + 38, 4), little(bytes + 42, 4), 1 };
    if (density.x == 0 || density.y == 0 || density.x > INT32_MAX || density.y > INT32_MAX)
        return FW_OK;
    return fw_notes_add(&self->common.notes, FW_NOTE_DENSITY, "resolution", 0, NULL, 0, &density,
                        sizeof(density), err);
}

/* ---- PNM and PAM -------------------------------------------------------------------------- */

struct text {
    const uint8_t *at;
    const uint8_t *end;
};

static bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static int note_comment(struct fw_lavc_reader *self, struct text *in, struct fw_error *err)
{
    const uint8_t *start = ++in->at;
    while (in->at < in->end && *in->at != '\n' && *in->at != '\r')
        in->at++;
    if (start < in->at && *start == ' ')
        start++;
    return fw_notes_add(&self->common.notes, FW_NOTE_TEXT, "Comment", 0, NULL, 0, start,
                        (size_t)(in->at - start), err);
}

/* A number and whatever stands before it. */
static int take_number(struct fw_lavc_reader *self, struct text *in, uint64_t *value_out,
                       struct fw_error *err)
{
    *value_out = 0;
    while (in->at < in->end && (is_space(*in->at) || *in->at == '#')) {
        int status = FW_OK;
        if (*in->at == '#')
            status = note_comment(self, in, err);
        else
            in->at++;
        if (status < 0)
            return status;
    }
    if (in->at >= in->end || *in->at < '0' || *in->at > '9')
        return fw_fail(err, FW_ERR_INPUT, "the head is damaged");
    for (; in->at < in->end && *in->at >= '0' && *in->at <= '9'; in->at++) {
        *value_out = *value_out * 10 + (*in->at - '0');
        if (*value_out > INT32_MAX)
            return fw_fail(err, FW_ERR_INPUT, "the head is damaged");
    }
    return FW_OK;
}

/* Numbers as text: as many as there are samples. The last one may have been longer. */
static bool has_numbers(struct text in, uint64_t count, bool bits)
{
    while (count > 0) {
        while (in.at < in.end && (*in.at < '0' || *in.at > '9'))
            in.at++;
        if (in.at >= in.end)
            return false;
        count--;
        in.at++;
        while (!bits && in.at < in.end && *in.at >= '0' && *in.at <= '9')
            in.at++;
    }
    return true;
}

static int check_pnm(struct fw_lavc_reader *self, struct fw_error *err)
{
    const uint8_t letter = self->file.bytes[1];
    const bool bits = letter == '1' || letter == '4';
    const uint32_t samples = letter == '3' || letter == '6' ? 3 : 1;
    struct text in = { self->file.bytes + 2, self->file.bytes + self->file.count };
    uint64_t numbers[3] = { 0, 0, 1 };
    for (uint32_t i = 0; i < (bits ? 2u : 3u); i++) {
        int status = take_number(self, &in, &numbers[i], err);
        if (status < 0)
            return status;
    }
    if (numbers[2] == 0 || numbers[2] > UINT16_MAX)
        return fw_fail(err, FW_ERR_INPUT, "the head is damaged: its largest value is %llu",
                       (unsigned long long)numbers[2]);
    const uint32_t depth = numbers[2] > 255 ? 2 : 1;
    int status = fw_still_check_size(&self->common, numbers[0], numbers[1], samples * depth, err);
    if (status < 0)
        return status;
    if (letter <= '3')
        return has_numbers(in, numbers[0] * numbers[1] * samples, bits) ? FW_OK : fail_short(err);
    const uint64_t row = bits ? (numbers[0] + 7) / 8 : numbers[0] * samples * depth;
    const uint64_t bytes = row * numbers[1];
    if (in.at >= in.end || (uint64_t)(in.end - in.at) - 1 < bytes)
        return fail_short(err);
    if ((uint64_t)(in.end - in.at) - 1 > bytes + 2 && in.at[1 + bytes] == 'P')
        fw_losses_add(&self->common.losses, "stream", -1, "further pictures in the file");
    return FW_OK;
}

/* The decoder brings samples to their full range, except beside alpha. */
static int check_samples(uint64_t samples, uint64_t most, struct fw_error *err)
{
    if (samples < 1 || samples > 4)
        return fw_fail(err, FW_ERR_INPUT, "PAM of %llu samples a pixel cannot be read",
                       (unsigned long long)samples);
    if (samples % 2 == 0 && most != UINT8_MAX && most != UINT16_MAX)
        return fw_fail(err, FW_ERR_INPUT,
                       "PAM with alpha and a MAXVAL of %llu cannot be read; 255 and 65535 can",
                       (unsigned long long)most);
    return FW_OK;
}

/* The number behind a word of the head, if the line has that word. */
static void take_word(const struct text *in, const char *word, uint64_t *value_out)
{
    size_t bytes = strlen(word);
    const uint8_t *at = in->at + bytes;
    if ((size_t)(in->end - in->at) <= bytes || memcmp(in->at, word, bytes) != 0 || !is_space(*at))
        return;
    while (at < in->end && (*at == ' ' || *at == '\t'))
        at++;
    for (*value_out = 0; at < in->end && *at >= '0' && *at <= '9' && *value_out < UINT16_MAX; at++)
        *value_out = *value_out * 10 + (*at - '0');
}

/* Lines up to ENDHDR; the decoder reads all but the comments. */
static int check_pam(struct fw_lavc_reader *self, struct fw_error *err)
{
    uint64_t samples = 0;
    uint64_t most = 0;
    struct text in = { self->file.bytes + 2, self->file.bytes + self->file.count };
    static const char last[] = "ENDHDR";
    while (in.at < in.end) {
        while (in.at < in.end && is_space(*in.at))
            in.at++;
        if (in.at < in.end && *in.at == '#') {
            int status = note_comment(self, &in, err);
            if (status < 0)
                return status;
        }
        if ((size_t)(in.end - in.at) >= sizeof(last) && memcmp(in.at, last, sizeof(last) - 1) == 0)
            return check_samples(samples, most, err);
        take_word(&in, "DEPTH", &samples);
        take_word(&in, "MAXVAL", &most);
        while (in.at < in.end && *in.at != '\n')
            in.at++;
    }
    return fail_short(err);
}

int fw_lavc_check_file(struct fw_lavc_reader *self, struct fw_error *err)
{
    switch (self->common.head.kind) {
    case FW_STILL_BMP:
        return check_bmp(self, err);
    case FW_STILL_PNM:
        return check_pnm(self, err);
    case FW_STILL_PAM:
        return check_pam(self, err);
    case FW_STILL_EXR:
        return fw_lavc_check_exr(self, err);
    default:
        return FW_OK;
    }
}
