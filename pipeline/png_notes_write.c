/*
 * What is written beside the pixels. A PNG's own chunks go back as they stood, with the few fields
 * that the picture's changes make wrong put right; what belongs to stored samples that are others
 * now is listed as lost. Other kinds' notes become the chunk that says the same.
 */
#include "png_still.h"

#include "filters/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>

#define UNSPECIFIED 2
#define ICC_SPACE_AT 16 /* in a profile: the colour space of its pixels */
#define ICC_LEVEL 6
static const char xmp_head[] = "XML:com.adobe.xmp\0\0\0\0"; /* and the string's own zero */

static void lose(const struct fw_png_writer *writer, const char *what, const char *why)
{
    fw_losses_add(writer->common.writing.losses, "metadata", -1, "%s: %s", what, why);
}

/* ---- colour ------------------------------------------------------------------------------- */

static bool is_open(uint8_t point)
{
    return point == 0 || point == UNSPECIFIED;
}

static bool from_png(const struct fw_notes *notes)
{
    return notes && notes->origin == FW_STILL_PNG;
}

/* What the chunks of the source say. */
static struct fw_color said_color(const struct fw_png_writer *writer)
{
    const struct fw_notes *notes = writer->common.writing.notes;
    struct fw_png_color color = { 0 };
    for (uint32_t i = 0; notes && i < notes->count; i++) {
        const struct fw_note *note = &notes->items[i];
        char type[5] = { 0 };
        if (!note->raw || note->raw_bytes < 5)
            continue;
        memcpy(type, note->raw, 4);
        fw_png_color_take(&color, type, note->raw + 4);
    }
    return fw_png_color_points(&color, true);
}

/* Whether the chain moved the colours away from what the chunks say. */
static bool color_moved(const struct fw_png_writer *writer)
{
    const struct fw_color now = writer->common.writing.video.color;
    const struct fw_color said = said_color(writer);
    return (!is_open(now.primaries) && now.primaries != said.primaries) ||
           (!is_open(now.transfer) && now.transfer != said.transfer);
}

static int put_color(struct fw_png_writer *writer, const struct fw_color *color,
                     struct fw_error *err)
{
    struct fw_png_color_chunk chunks[FW_PNG_COLOR_CHUNKS];
    uint32_t count = fw_png_color_chunks(color, chunks);
    int status = FW_OK;
    for (uint32_t i = 0; i < count && status == FW_OK; i++)
        status = fw_png_put_chunk(writer, chunks[i].type, chunks[i].bytes, chunks[i].count, err);
    return status;
}

static bool icc_fits(const struct fw_png_writer *writer, const struct fw_note *note)
{
    const char *space = writer->shape.color_type & FW_PNG_RGB ? "RGB " : "GRAY";
    return note->plain && note->plain_bytes >= ICC_SPACE_AT + 4 &&
           memcmp(note->plain + ICC_SPACE_AT, space, 4) == 0;
}

/* ---- chunks made of plain forms ----------------------------------------------------------- */

static int put_icc(struct fw_png_writer *writer, const struct fw_note *note, struct fw_error *err)
{
    static const char name[] = "icc\0"; /* and the string's own zero: the method */
    struct libdeflate_compressor *deflate = libdeflate_alloc_compressor(ICC_LEVEL);
    size_t room = deflate ? libdeflate_zlib_compress_bound(deflate, note->plain_bytes) : 0;
    uint8_t *bytes = malloc(sizeof(name) + room);
    int status = FW_ERR_MEMORY;
    if (deflate && bytes) {
        memcpy(bytes, name, sizeof(name));
        size_t count = libdeflate_zlib_compress(deflate, note->plain, note->plain_bytes,
                                                bytes + sizeof(name), room);
        status = fw_png_put_chunk(writer, "iCCP", bytes, sizeof(name) + count, err);
    } else {
        status = fw_fail(err, FW_ERR_MEMORY, "no memory for a colour profile");
    }
    free(bytes);
    libdeflate_free_compressor(deflate);
    return status;
}

static int put_exif(struct fw_png_writer *writer, const struct fw_note *note, struct fw_error *err)
{
    const struct fw_still_writing *writing = &writer->common.writing;
    const uint8_t *plain = note->plain;
    if (note->plain_bytes < 8 ||
        (memcmp(plain, "II*\0", 4) != 0 && memcmp(plain, "MM\0*", 4) != 0)) {
        lose(writer, "EXIF", "broken");
        return FW_OK;
    }
    uint8_t *copy = malloc(note->plain_bytes);
    if (!copy)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for metadata");
    memcpy(copy, plain, note->plain_bytes);
    fw_exif_update(copy, note->plain_bytes, writing->upright,
                   writing->resized ? writer->shape.width : 0,
                   writing->resized ? writer->shape.height : 0);
    int status = fw_png_put_chunk(writer, "eXIf", copy, note->plain_bytes, err);
    free(copy);
    return status;
}

/* iTXt with `head` (keyword, no compression, no language) before the text. */
static int put_international(struct fw_png_writer *writer, const char *head, size_t head_count,
                             const struct fw_note *note, struct fw_error *err)
{
    uint8_t *bytes = malloc(head_count + note->plain_bytes);
    if (!bytes)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for metadata");
    memcpy(bytes, head, head_count);
    memcpy(bytes + head_count, note->plain, note->plain_bytes);
    if (note->kind == FW_NOTE_XMP)
        fw_xmp_update(bytes + head_count, note->plain_bytes, writer->common.writing.upright);
    int status = fw_png_put_chunk(writer, "iTXt", bytes, head_count + note->plain_bytes, err);
    free(bytes);
    return status;
}

/* A keyword as PNG wants it: printable, no space at its ends. */
static size_t keyword_of(const struct fw_note *note, char keyword[84])
{
    size_t count = strnlen(note->name, 79);
    bool good = count > 0 && note->name[0] != ' ' && note->name[count - 1] != ' ';
    for (size_t i = 0; i < count; i++)
        good = good && note->name[i] >= ' ' && note->name[i] <= '~';
    memset(keyword, 0, 84);
    memcpy(keyword, good ? note->name : "Comment", good ? count : 7);
    return good ? count : 7;
}

static int put_text(struct fw_png_writer *writer, const struct fw_note *note, struct fw_error *err)
{
    char head[84];
    size_t count = keyword_of(note, head);
    bool ascii = true;
    for (size_t i = 0; i < note->plain_bytes; i++)
        ascii = ascii && note->plain[i] < 0x80;
    if (memchr(note->plain, 0, note->plain_bytes)) {
        lose(writer, head, "a text with a zero in it");
        return FW_OK;
    }
    if (!ascii) /* keyword, and five zeros: its end, flag, method, language, translation */
        return put_international(writer, head, count + 5, note, err);
    uint8_t *bytes = malloc(count + 1 + note->plain_bytes);
    if (!bytes)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for metadata");
    memcpy(bytes, head, count + 1);
    memcpy(bytes + count + 1, note->plain, note->plain_bytes);
    int status = fw_png_put_chunk(writer, "tEXt", bytes, count + 1 + note->plain_bytes, err);
    free(bytes);
    return status;
}

static int put_density(struct fw_png_writer *writer, const struct fw_note *note,
                       struct fw_error *err)
{
    struct fw_density density;
    uint8_t bytes[9];
    if (note->plain_bytes != sizeof(density))
        return FW_OK;
    memcpy(&density, note->plain, sizeof(density));
    fw_png_put32(bytes, density.x);
    fw_png_put32(bytes + 4, density.y);
    bytes[8] = density.metres ? 1 : 0;
    return fw_png_put_chunk(writer, "pHYs", bytes, sizeof(bytes), err);
}

/* ---- notes of other kinds ----------------------------------------------------------------- */

static bool is_second(const struct fw_png_writer *writer, const struct fw_note *note)
{
    return fw_notes_find(writer->common.writing.notes, note->kind) != note;
}

static int put_foreign_icc(struct fw_png_writer *writer, const struct fw_note *note,
                           struct fw_error *err)
{
    if (icc_fits(writer, note))
        return put_icc(writer, note, err);
    lose(writer, "ICC profile", "for other colours than these pixels have");
    return FW_OK;
}

/* What goes before the data; PNG reads all of it anywhere, but some readers stop early. */
static int put_foreign(struct fw_png_writer *writer, const struct fw_note *note,
                       struct fw_error *err)
{
    bool single = note->kind == FW_NOTE_EXIF || note->kind == FW_NOTE_XMP ||
                  note->kind == FW_NOTE_ICC || note->kind == FW_NOTE_DENSITY;
    if (note->kind == FW_NOTE_COLOR)
        return FW_OK;
    if (!note->plain || (single && is_second(writer, note))) {
        lose(writer, note->name, note->plain ? "a second one" : "PNG has no place for it");
        return FW_OK;
    }
    switch (note->kind) {
    case FW_NOTE_EXIF:
        return put_exif(writer, note, err);
    case FW_NOTE_XMP:
        return put_international(writer, xmp_head, sizeof(xmp_head), note, err);
    case FW_NOTE_ICC:
        return put_foreign_icc(writer, note, err);
    case FW_NOTE_TEXT:
        return put_text(writer, note, err);
    case FW_NOTE_DENSITY:
        return put_density(writer, note, err);
    case FW_NOTE_COLOR:
    case FW_NOTE_OTHER:
    case FW_NOTE_IPTC:
        break;
    }
    lose(writer, note->name[0] ? note->name : "IPTC", "PNG has no place for it");
    return FW_OK;
}

/* ---- a PNG's own chunks ------------------------------------------------------------------- */

static bool is_of(const struct fw_note *note, const char *type)
{
    return note->raw_bytes >= 4 && memcmp(note->raw, type, 4) == 0;
}

/* Chunks that speak of the stored samples or their palette. */
static bool is_bound(const struct fw_note *note)
{
    return is_of(note, "sBIT") || is_of(note, "bKGD") || is_of(note, "hIST") ||
           is_of(note, "sPLT") || is_of(note, "PLTE");
}

static bool same_samples(const struct fw_png_writer *writer)
{
    const struct fw_still_head *source = writer->common.writing.source;
    return source && source->kind == FW_STILL_PNG &&
           source->traits.png_color_type == writer->shape.color_type &&
           source->traits.png_bit_depth == writer->shape.depth;
}

/* The palette is not the one that hIST counts. */
static bool palette_moved(const struct fw_png_writer *writer)
{
    const struct fw_still_traits *traits = &writer->common.writing.source->traits;
    return writer->palette_count != traits->palette_count ||
           memcmp(writer->palette, traits->palette, (size_t)4 * traits->palette_count) != 0;
}

static int put_raw(struct fw_png_writer *writer, const struct fw_note *note, struct fw_error *err)
{
    char type[5] = { 0 };
    memcpy(type, note->raw, 4);
    return fw_png_put_chunk(writer, type, note->raw + 4, note->raw_bytes - 4, err);
}

static int put_own_icc(struct fw_png_writer *writer, const struct fw_note *note, bool moved,
                       struct fw_error *err)
{
    if (!moved && icc_fits(writer, note))
        return put_raw(writer, note, err);
    lose(writer, "ICC profile",
         moved ? "the colours are others now" : "for other colours than these pixels have");
    return FW_OK;
}

/* EXIF and XMP, which may have been packed into texts. */
static int put_own_changed(struct fw_png_writer *writer, const struct fw_note *note,
                           struct fw_error *err)
{
    bool second = is_second(writer, note);
    if (second || !note->plain) {
        lose(writer, note->name, "it tells of the picture before its change");
        return FW_OK;
    }
    if (note->kind == FW_NOTE_EXIF)
        return put_exif(writer, note, err);
    return put_international(writer, xmp_head, sizeof(xmp_head), note, err);
}

static int put_own(struct fw_png_writer *writer, const struct fw_note *note, bool moved,
                   struct fw_error *err)
{
    const struct fw_still_writing *writing = &writer->common.writing;
    bool changed = writing->upright || writing->resized;
    bool tells = note->kind == FW_NOTE_EXIF || (note->kind == FW_NOTE_XMP && writing->upright);
    if (note->kind == FW_NOTE_COLOR)
        return moved ? FW_OK : put_raw(writer, note, err);
    if (note->kind == FW_NOTE_ICC)
        return put_own_icc(writer, note, moved, err);
    if (is_bound(note) && (!same_samples(writer) ||
                           (writer->shape.color_type == FW_PNG_PALETTE && palette_moved(writer)))) {
        lose(writer, note->name, "bound to how the samples were stored");
        return FW_OK;
    }
    if (changed && tells)
        return put_own_changed(writer, note, err);
    return put_raw(writer, note, err);
}

/* ---- all of them -------------------------------------------------------------------------- */

/* The colours themselves, where no chunk of the source says them. */
static int put_new_color(struct fw_png_writer *writer, bool moved, struct fw_error *err)
{
    const struct fw_still_writing *writing = &writer->common.writing;
    const struct fw_note *said = fw_notes_find(writing->notes, FW_NOTE_COLOR);
    const struct fw_note *icc = fw_notes_find(writing->notes, FW_NOTE_ICC);
    struct fw_color color = writing->video.color;
    if (from_png(writing->notes) ? !moved : icc && icc_fits(writer, icc))
        return FW_OK;
    bool open = is_open(color.primaries) && is_open(color.transfer);
    if (open && said && said->plain_bytes == sizeof(color))
        memcpy(&color, said->plain, sizeof(color));
    return put_color(writer, &color, err);
}

int fw_png_put_notes(struct fw_png_writer *writer, enum fw_png_place place, struct fw_error *err)
{
    const struct fw_still_writing *writing = &writer->common.writing;
    const struct fw_notes *notes = writing->notes;
    bool own = from_png(notes);
    bool moved = own && color_moved(writer);
    int status = FW_OK;
    if (place == FW_PNG_BEFORE_PALETTE)
        status = put_new_color(writer, moved, err);
    for (uint32_t i = 0; notes && i < notes->count && status == FW_OK; i++) {
        const struct fw_note *note = &notes->items[i];
        bool color = note->kind == FW_NOTE_COLOR || note->kind == FW_NOTE_ICC;
        if (writing->wish.strip && !color)
            continue;
        if (own && note->raw && note->raw_bytes >= 4 && note->place == (uint32_t)place)
            status = put_own(writer, note, moved, err);
        else if (!own && place == FW_PNG_BEFORE_PALETTE)
            status = put_foreign(writer, note, err);
    }
    return status;
}
