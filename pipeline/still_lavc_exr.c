/* EXR's head: its texts, the channels that are not read, and that every chunk lies in the file. */
#include "still_lavc.h"

#include "filters/check.h"

#include <stdio.h>
#include <string.h>

#define FLAG_TILED 0x200u
#define FLAG_DEEP 0x800u
#define FLAG_PARTS 0x1000u
#define NAME_MAX_BYTES 255
#define CHANNEL_TAIL 16 /* type, linear, sampling */

struct exr {
    const uint8_t *bytes;
    size_t count;
    size_t at;
    bool tiled;
    uint32_t window[4]; /* data window: left, top, right, bottom */
    uint32_t packing;
    uint32_t tile[2];
    bool has_window;
    bool has_packing;
    bool has_tiles;
    bool mipmaps;
};

struct attribute {
    const char *name;
    const char *type;
    const uint8_t *value;
    size_t bytes;
};

static uint64_t little(const uint8_t *bytes, uint32_t width)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < width; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

static int fail_head(struct fw_error *err)
{
    return fw_fail(err, FW_ERR_INPUT, "the file ends early, or its head is damaged");
}

/* A text that ends in the file; NULL when it does not. */
static const char *take_text(struct exr *exr)
{
    const char *text = (const char *)exr->bytes + exr->at;
    const size_t most = exr->count - exr->at;
    const size_t bytes = strnlen(text, most < NAME_MAX_BYTES + 1 ? most : NAME_MAX_BYTES + 1);
    if (bytes == most || bytes > NAME_MAX_BYTES)
        return NULL;
    exr->at += bytes + 1;
    return text;
}

static bool take_attribute(struct exr *exr, struct attribute *attribute)
{
    attribute->name = take_text(exr);
    attribute->type = attribute->name && attribute->name[0] ? take_text(exr) : NULL;
    if (!attribute->name)
        return false;
    if (!attribute->name[0])
        return true;
    if (!attribute->type || exr->count - exr->at < 4)
        return false;
    attribute->bytes = (size_t)little(exr->bytes + exr->at, 4);
    exr->at += 4;
    attribute->value = exr->bytes + exr->at;
    if (attribute->bytes > exr->count - exr->at)
        return false;
    exr->at += attribute->bytes;
    return true;
}

static void list_channels(struct fw_lavc_reader *self, const struct attribute *attribute)
{
    struct exr in = { .bytes = attribute->value, .count = attribute->bytes };
    while (in.at < in.count) {
        const char *name = take_text(&in);
        if (!name || !name[0] || in.count - in.at < CHANNEL_TAIL)
            return;
        in.at += CHANNEL_TAIL;
        if (strlen(name) != 1 || !strchr("RGBAY", name[0]))
            fw_losses_add(&self->common.losses, "stream", -1, "channel %.100s", name);
    }
}

static int take_value(struct fw_lavc_reader *self, struct exr *exr,
                      const struct attribute *attribute, struct fw_error *err)
{
    if (strcmp(attribute->name, "dataWindow") == 0 && attribute->bytes == 16) {
        for (uint32_t i = 0; i < 4; i++)
            exr->window[i] = (uint32_t)little(attribute->value + 4 * (size_t)i, 4);
        exr->has_window = true;
    } else if (strcmp(attribute->name, "compression") == 0 && attribute->bytes == 1) {
        exr->packing = attribute->value[0];
        exr->has_packing = true;
    } else if (strcmp(attribute->name, "tiles") == 0 && attribute->bytes == 9) {
        exr->tile[0] = (uint32_t)little(attribute->value, 4);
        exr->tile[1] = (uint32_t)little(attribute->value + 4, 4);
        exr->mipmaps = attribute->value[8] & 15;
        exr->has_tiles = true;
    } else if (strcmp(attribute->name, "channels") == 0) {
        list_channels(self, attribute);
    } else if (strcmp(attribute->type, "string") == 0) {
        return fw_notes_add(&self->common.notes, FW_NOTE_TEXT, attribute->name, 0, NULL, 0,
                            attribute->value, attribute->bytes, err);
    }
    return FW_OK;
}

/* Chunks of the full-size picture; 0: the head makes no sense. */
static uint64_t chunk_count(const struct exr *exr)
{
    static const uint8_t rows[] = { 1, 1, 1, 16, 32, 16, 32, 32, 32, 255 };
    const int64_t width = (int64_t)(int32_t)exr->window[2] - (int32_t)exr->window[0] + 1;
    const int64_t height = (int64_t)(int32_t)exr->window[3] - (int32_t)exr->window[1] + 1;
    if (!exr->has_window || !exr->has_packing || width < 1 || height < 1 ||
        exr->packing >= FW_COUNT(rows))
        return 0;
    if (!exr->tiled)
        return (uint64_t)(height + rows[exr->packing] - 1) / rows[exr->packing];
    if (!exr->has_tiles || exr->tile[0] == 0 || exr->tile[1] == 0)
        return 0;
    return (uint64_t)((width + exr->tile[0] - 1) / exr->tile[0]) *
           (uint64_t)((height + exr->tile[1] - 1) / exr->tile[1]);
}

static int check_chunks(const struct exr *exr, struct fw_error *err)
{
    const uint64_t chunks = chunk_count(exr);
    const size_t head = exr->tiled ? 20 : 8; /* coordinates and the size */
    if (chunks == 0 || chunks > (exr->count - exr->at) / 8)
        return fail_head(err);
    for (uint64_t i = 0; i < chunks; i++) {
        const uint64_t start = little(exr->bytes + exr->at + 8 * i, 8);
        if (start < exr->at || start > exr->count || exr->count - start < head)
            return fw_fail(err, FW_ERR_INPUT, "the file ends early");
        const uint64_t bytes = little(exr->bytes + start + head - 4, 4);
        if (bytes > exr->count - start - head)
            return fw_fail(err, FW_ERR_INPUT, "the file ends early");
    }
    return FW_OK;
}

int fw_lavc_check_exr(struct fw_lavc_reader *self, struct fw_error *err)
{
    struct exr exr = { .bytes = self->file.bytes, .count = self->file.count, .at = 8 };
    struct attribute attribute = { 0 };
    if (exr.count < 16)
        return fail_head(err);
    const uint32_t flags = (uint32_t)little(exr.bytes + 4, 4);
    exr.tiled = flags & FLAG_TILED;
    if (flags & (FLAG_DEEP | FLAG_PARTS))
        return fw_fail(err, FW_ERR_INPUT, "EXR of %s cannot be read",
                       flags & FLAG_DEEP ? "deep pixels" : "several parts");
    for (;;) {
        if (!take_attribute(&exr, &attribute))
            return fail_head(err);
        if (!attribute.name[0])
            break;
        int status = take_value(self, &exr, &attribute, err);
        if (status < 0)
            return status;
    }
    if (exr.mipmaps)
        fw_losses_add(&self->common.losses, "stream", -1, "smaller copies of the picture");
    return check_chunks(&exr, err);
}
