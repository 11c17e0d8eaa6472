/* Whole files, offers, and notes: what the kinds of pictures share. */
#include "still_tools.h"

#include "filters/check.h"
#include "filters/format.h"

#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX ((uint64_t)1 << 30)
#define FILE_BYTES_SURE ((uint64_t)64 << 20) /* never too much: metadata alone may take it */
#define RANGE_FULL 2
#define UNKNOWN 2
#define MATRIX_RGB 0

int fw_still_load(const struct fw_still_reader *reader, size_t spare, struct fw_still_bytes *out,
                  struct fw_error *err)
{
    uint64_t most = reader->limits.max_bytes < FILE_BYTES_MAX / 4 ? reader->limits.max_bytes * 4
                                                                  : FILE_BYTES_MAX;
    if (most < FILE_BYTES_SURE)
        most = FILE_BYTES_SURE;
    memset(out, 0, sizeof(*out));
    if (reader->file_bytes > most)
        return fw_fail(err, FW_ERR_INPUT,
                       "the file of %llu MiB is over the limit of %llu MiB\nhint: --max-slot",
                       (unsigned long long)(reader->file_bytes >> 20),
                       (unsigned long long)(most >> 20));
    size_t count = (size_t)reader->file_bytes;
    uint8_t *bytes = malloc(count + spare + 1);
    if (!bytes)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a file of %zu bytes", count);
    memset(bytes + count, 0, spare + 1);
    out->bytes = bytes;
    out->count = count;
    return fw_still_read_at(reader, 0, bytes, count, err);
}

void fw_still_video_init(struct fw_video *video, const struct fw_format *format, int32_t width,
                         int32_t height)
{
    bool rgb = (format->flags & FW_FORMAT_RGB) || (format->flags & FW_FORMAT_PALETTE);
    *video = (struct fw_video){ .format = format,
                                .width = width,
                                .height = height,
                                .sample_aspect = { 0, 1 },
                                .time_base = { 1, 1000000 },
                                .frame_rate = { 0, 1 },
                                .color = { .range = RANGE_FULL,
                                           .matrix = rgb ? MATRIX_RGB : UNKNOWN,
                                           .primaries = UNKNOWN,
                                           .transfer = UNKNOWN } };
}

uint32_t fw_still_offer(struct fw_still_offer *offers, uint32_t count,
                        const struct fw_still_reader *reader, const char *format, bool raw)
{
    const struct fw_format *found = fw_format_find(format);
    FW_CHECK(found && count < FW_STILL_OFFERS_MAX);
    fw_still_video_init(&offers[count].video, found, reader->head.width, reader->head.height);
    offers[count].shrink = 1;
    offers[count].raw = raw;
    return count + 1;
}

bool fw_still_holds_palette(enum fw_still_kind kind)
{
    return kind == FW_STILL_PNG || kind == FW_STILL_GIF || kind == FW_STILL_BMP ||
           kind == FW_STILL_TIFF;
}

int fw_still_carry(const struct fw_still_writing *writing, enum fw_note_kind kind,
                   struct fw_still_bytes *out, struct fw_error *err)
{
    memset(out, 0, sizeof(*out));
    const struct fw_note *note = writing->wish.strip ? NULL : fw_notes_find(writing->notes, kind);
    if (!note || note->plain_bytes == 0)
        return FW_OK;
    out->bytes = malloc(note->plain_bytes);
    if (!out->bytes)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for metadata");
    out->count = note->plain_bytes;
    memcpy(out->bytes, note->plain, out->count);
    uint32_t width = writing->resized ? (uint32_t)writing->video.width : 0;
    uint32_t height = writing->resized ? (uint32_t)writing->video.height : 0;
    if (kind == FW_NOTE_EXIF)
        fw_exif_update(out->bytes, out->count, writing->upright, width, height);
    if (kind == FW_NOTE_XMP)
        fw_xmp_update(out->bytes, out->count, writing->upright);
    return FW_OK;
}

/* sRGB is what everybody takes a picture for that says nothing. */
static bool says_srgb(const struct fw_note *note)
{
    struct fw_color color;
    if (note->plain_bytes != sizeof(color) || !note->plain)
        return false;
    memcpy(&color, note->plain, sizeof(color));
    return color.primaries == 1 && color.transfer == 13;
}

static const char *name_of(const struct fw_note *note)
{
    switch (note->kind) {
    case FW_NOTE_EXIF:
        return "EXIF";
    case FW_NOTE_XMP:
        return "XMP";
    case FW_NOTE_ICC:
        return "ICC profile";
    case FW_NOTE_IPTC:
        return "IPTC";
    case FW_NOTE_DENSITY:
        return "pixel density";
    case FW_NOTE_COLOR:
        return says_srgb(note) ? NULL : "colour description";
    case FW_NOTE_TEXT:
    case FW_NOTE_OTHER:
        break;
    }
    return note->name[0] ? note->name : "a note";
}

static bool named_before(const struct fw_notes *notes, uint32_t index, const char *name)
{
    for (uint32_t i = 0; i < index; i++) {
        const char *earlier = name_of(&notes->items[i]);
        if (earlier && strcmp(earlier, name) == 0)
            return true;
    }
    return false;
}

void fw_still_list_lost(const struct fw_still_writing *writing, uint32_t held)
{
    const struct fw_notes *notes = writing->wish.strip ? NULL : writing->notes;
    for (uint32_t i = 0; notes && i < notes->count; i++) {
        const char *name = name_of(&notes->items[i]);
        if (!(held & 1u << notes->items[i].kind) && name && !named_before(notes, i, name))
            fw_losses_add(writing->losses, "metadata", -1, "%s: %s holds none", name,
                          fw_still_kind_name(writing->wish.kind));
    }
}
