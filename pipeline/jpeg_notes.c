/*
 * JPEG's markers as notes, and notes as markers.
 *
 * The raw form of a note is what a marker holds behind its length. Of what several markers hold
 * together, the first one's note has the plain form.
 */
#include "jpeg_still.h"

#include <stdlib.h>
#include <string.h>

#include "filters/check.h"

#define ICC_CHUNK_MAX 65519u /* bytes of a profile in a marker, of at most 255 */
#define ICC_SPACE_AT 16u
#define JFIF_BYTES 14u
#define XMP_WORD "http://ns.adobe.com/xap/1.0/"

#define UNIT_RATIO 0u
#define UNIT_INCH 1u
#define UNIT_CM 2u

enum role {
    ROLE_NOTE,    /* kept */
    ROLE_WRITTEN, /* libjpeg writes its own */
    ROLE_LOST     /* tells places in the file, which become others */
};

struct known {
    int marker;
    const char *word;
    size_t word_bytes;
    size_t head_bytes; /* what stands before the plain form */
    enum fw_note_kind kind;
    enum role role;
};
#define KNOWN(marker, word, more, kind, role)                                                      \
    {                                                                                              \
        marker, word, sizeof(word), sizeof(word) + (more), kind, role                              \
    }

/* Words end with a zero byte. */
static const struct known knowns[] = {
    KNOWN(JPEG_APP0, "JFIF", 0, FW_NOTE_DENSITY, ROLE_NOTE),
    KNOWN(JPEG_APP0 + 1, "Exif", 1, FW_NOTE_EXIF, ROLE_NOTE),
    KNOWN(JPEG_APP0 + 1, XMP_WORD, 0, FW_NOTE_XMP, ROLE_NOTE),
    KNOWN(JPEG_APP0 + 2, "ICC_PROFILE", 2, FW_NOTE_ICC, ROLE_NOTE),
    KNOWN(JPEG_APP0 + 2, "MPF", 0, FW_NOTE_OTHER, ROLE_LOST),
    KNOWN(JPEG_APP0 + 13, "Photoshop 3.0", 0, FW_NOTE_IPTC, ROLE_NOTE),
    { JPEG_APP0 + 14, "Adobe", 5, 5, FW_NOTE_OTHER, ROLE_WRITTEN },
    { JPEG_COM, "", 0, 0, FW_NOTE_TEXT, ROLE_NOTE },
};
static const struct known other = { 0, "", 0, 0, FW_NOTE_OTHER, ROLE_NOTE };

static const struct known *known_of(jpeg_saved_marker_ptr marker)
{
    for (size_t i = 0; i < FW_COUNT(knowns); i++) {
        const struct known *known = &knowns[i];
        if (marker->marker != known->marker || marker->data_length < known->head_bytes ||
            memcmp(marker->data, known->word, known->word_bytes) != 0)
            continue;
        if (known->kind == FW_NOTE_DENSITY && marker->data_length < JFIF_BYTES)
            break;
        return known;
    }
    return &other;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* In what a writer of another kind counts. false: it says nothing. */
static bool read_density(struct fw_density *density, const uint8_t *jfif)
{
    uint32_t unit = jfif[7];
    uint32_t x = (uint32_t)jfif[8] << 8 | jfif[9];
    uint32_t y = (uint32_t)jfif[10] << 8 | jfif[11];
    if (x == 0 || y == 0 || unit > UNIT_CM)
        return false;
    *density = (struct fw_density){ x, y, unit != UNIT_RATIO };
    if (unit == UNIT_INCH) {
        density->x = (x * 10000 + 127) / 254;
        density->y = (y * 10000 + 127) / 254;
    } else if (unit == UNIT_CM) {
        density->x = x * 100;
        density->y = y * 100;
    }
    return true;
}

/* Length of the UTF-8 character at `bytes`; 0 when there is none. */
static size_t utf8_length(const uint8_t *bytes, size_t count)
{
    size_t length = 1;
    if (bytes[0] < 0x80)
        return 1;
    if (bytes[0] >= 0xc2 && bytes[0] < 0xe0)
        length = 2;
    else if (bytes[0] >= 0xe0 && bytes[0] < 0xf0)
        length = 3;
    else if (bytes[0] >= 0xf0 && bytes[0] < 0xf5)
        length = 4;
    if (length == 1 || length > count)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
    }
    /* The long forms of short characters, surrogates, and what is beyond the last plane. */
    if ((bytes[0] == 0xe0 && bytes[1] < 0xa0) || (bytes[0] == 0xed && bytes[1] > 0x9f) ||
        (bytes[0] == 0xf0 && bytes[1] < 0x90) || (bytes[0] == 0xf4 && bytes[1] > 0x8f))
        return 0;
    return length;
}

static bool is_utf8(const uint8_t *bytes, size_t count)
{
    size_t at = 0;
    while (at < count) {
        size_t length = utf8_length(bytes + at, count - at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

/* The standard names no encoding for comments: UTF-8, or else Latin-1. */
static int add_text(struct fw_jpeg_reader *reader, jpeg_saved_marker_ptr marker, uint32_t place,
                    struct fw_error *err)
{
    size_t count = marker->data_length;
    size_t used = 0;
    while (count > 0 && marker->data[count - 1] == 0)
        count--;
    if (is_utf8(marker->data, count))
        return fw_notes_add(&reader->base.notes, FW_NOTE_TEXT, "Comment", place, marker->data,
                            marker->data_length, marker->data, count, err);
    free(reader->gathered);
    reader->gathered = malloc(2 * count);
    if (!reader->gathered)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for metadata");
    for (size_t i = 0; i < count; i++) {
        uint8_t byte = marker->data[i];
        if (byte >= 0x80)
            reader->gathered[used++] = (uint8_t)(0xc0 | byte >> 6);
        reader->gathered[used++] = byte < 0x80 ? byte : (uint8_t)(0x80 | (byte & 0x3f));
    }
    return fw_notes_add(&reader->base.notes, FW_NOTE_TEXT, "Comment", place, marker->data,
                        marker->data_length, reader->gathered, used, err);
}

/* The plain form of this marker and all later ones of its kind, one behind the other. */
static int gather(struct fw_jpeg_reader *reader, const struct known *known,
                  jpeg_saved_marker_ptr first, size_t *bytes_out, struct fw_error *err)
{
    size_t bytes = 0;
    for (jpeg_saved_marker_ptr at = first; at; at = at->next)
        bytes += known_of(at) == known ? at->data_length - known->head_bytes : 0;
    free(reader->gathered);
    reader->gathered = malloc(bytes + 1);
    if (!reader->gathered)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for metadata");
    *bytes_out = 0;
    for (jpeg_saved_marker_ptr at = first; at; at = at->next) {
        if (known_of(at) != known)
            continue;
        size_t count = at->data_length - known->head_bytes;
        memcpy(reader->gathered + *bytes_out, at->data + known->head_bytes, count);
        *bytes_out += count;
    }
    return FW_OK;
}

/* Chunks of a profile say themselves which one they are. */
static void gather_profile(struct fw_jpeg_reader *reader, size_t *bytes_out)
{
    unsigned int bytes = 0;
    free(reader->gathered);
    reader->gathered = NULL;
    if (!jpeg_read_icc_profile(&reader->cinfo, &reader->gathered, &bytes))
        bytes = 0;
    *bytes_out = bytes;
}

static int add_kept(struct fw_jpeg_reader *reader, const struct known *known,
                    jpeg_saved_marker_ptr marker, uint32_t place, struct fw_error *err)
{
    struct fw_notes *notes = &reader->base.notes;
    struct fw_density density;
    const void *plain = marker->data + known->head_bytes;
    size_t bytes = marker->data_length - known->head_bytes;
    bool first = !fw_notes_find(notes, known->kind);
    char name[8];
    (void)snprintf(name, sizeof(name), "APP%d", marker->marker - JPEG_APP0);
    if (known->kind == FW_NOTE_TEXT)
        return add_text(reader, marker, place, err);
    if (known->kind == FW_NOTE_OTHER) {
        plain = NULL;
    } else if (known->kind == FW_NOTE_DENSITY) {
        plain = read_density(&density, marker->data) ? &density : NULL;
        bytes = sizeof(density);
    } else if (known->kind == FW_NOTE_ICC) {
        if (first)
            gather_profile(reader, &bytes);
        plain = first ? reader->gathered : NULL;
    } else if (known->kind == FW_NOTE_IPTC) {
        if (first && gather(reader, known, marker, &bytes, err) < 0)
            return FW_ERR_MEMORY;
        plain = first ? reader->gathered : NULL;
    }
    return fw_notes_add(notes, known->kind, name, place, marker->data, marker->data_length, plain,
                        plain ? bytes : 0, err);
}

static bool has_thumbnail(const uint8_t *jfif)
{
    return jfif[12] != 0 && jfif[13] != 0;
}

static int add_marker(struct fw_jpeg_reader *reader, jpeg_saved_marker_ptr marker, uint32_t place,
                      struct fw_error *err)
{
    struct fw_losses *losses = &reader->base.losses;
    const struct known *known = known_of(marker);
    if (known->role == ROLE_WRITTEN)
        return FW_OK;
    if (known->role == ROLE_LOST) {
        if (!reader->has_more)
            fw_losses_add(losses, "metadata", -1, "MPF, further pictures behind the first");
        reader->has_more = true;
        return FW_OK;
    }
    if (known->kind == FW_NOTE_ICC && reader->cinfo.num_components == 4) {
        if (marker->data[known->head_bytes - 2] == 1)
            fw_losses_add(losses, "metadata", -1, "the colour profile, which is for four inks");
        return FW_OK;
    }
    if (known->kind == FW_NOTE_DENSITY && has_thumbnail(marker->data))
        fw_losses_add(losses, "metadata", -1, "the thumbnail in the JFIF header");
    return add_kept(reader, known, marker, place, err);
}

int fw_jpeg_read_notes(struct fw_jpeg_reader *reader, struct fw_error *err)
{
    uint32_t place = 0;
    int status = FW_OK;
    for (jpeg_saved_marker_ptr at = reader->cinfo.marker_list; at && status == FW_OK; at = at->next)
        status = add_marker(reader, at, place++, err);
    const struct fw_note *exif = fw_notes_find(&reader->base.notes, FW_NOTE_EXIF);
    uint32_t orientation = exif ? fw_exif_orientation(exif->plain, exif->plain_bytes) : 0;
    if (orientation)
        reader->base.head.orientation = orientation;
    return status;
}

/* ---- writing ------------------------------------------------------------------------------ */

static const struct fw_notes *notes_of(const struct fw_jpeg_writer *writer)
{
    const struct fw_still_writing *writing = &writer->base.writing;
    return writing->wish.strip ? NULL : writing->notes;
}

static bool is_ours(const struct fw_notes *notes)
{
    return notes->origin == FW_STILL_JPEG;
}

static void lose(struct fw_jpeg_writer *writer, const char *what, const char *why)
{
    fw_losses_add(writer->base.writing.losses, "metadata", -1, "%s%s", what, why);
}

static void set_jfif(struct jpeg_compress_struct *cinfo, uint32_t unit, uint64_t x, uint64_t y)
{
    if (x == 0 || y == 0 || x > UINT16_MAX || y > UINT16_MAX)
        return;
    cinfo->density_unit = (UINT8)unit;
    cinfo->X_density = (UINT16)x;
    cinfo->Y_density = (UINT16)y;
}

/* Pixels per metre are whole ones per centimetre, or else meant per inch. */
static void set_plain_density(struct jpeg_compress_struct *cinfo, const struct fw_density *density)
{
    uint64_t x = density->x;
    uint64_t y = density->y;
    if (density->metres && x % 100 == 0 && y % 100 == 0) {
        set_jfif(cinfo, UNIT_CM, x / 100, y / 100);
        return;
    }
    if (density->metres) {
        set_jfif(cinfo, UNIT_INCH, (x * 254 + 5000) / 10000, (y * 254 + 5000) / 10000);
        return;
    }
    while (x > UINT16_MAX || y > UINT16_MAX) {
        x /= 2;
        y /= 2;
    }
    set_jfif(cinfo, UNIT_RATIO, x, y);
}

void fw_jpeg_set_density(struct fw_jpeg_writer *writer)
{
    struct jpeg_compress_struct *cinfo = &writer->cinfo;
    const struct fw_notes *notes = notes_of(writer);
    const struct fw_note *jfif = NULL;
    bool has_exif = false;
    for (uint32_t i = 0; notes && i < notes->count; i++) {
        if (notes->items[i].kind == FW_NOTE_DENSITY && !jfif)
            jfif = &notes->items[i];
        has_exif = has_exif || notes->items[i].kind == FW_NOTE_EXIF;
    }
    if (jfif && is_ours(notes) && jfif->raw && jfif->raw_bytes >= JFIF_BYTES) {
        const uint8_t *raw = jfif->raw;
        set_jfif(cinfo, raw[7], (uint32_t)raw[8] << 8 | raw[9], (uint32_t)raw[10] << 8 | raw[11]);
    } else if (jfif && jfif->plain && jfif->plain_bytes == sizeof(struct fw_density)) {
        struct fw_density density;
        memcpy(&density, jfif->plain, sizeof(density));
        set_plain_density(cinfo, &density);
        if (cinfo->density_unit == UNIT_RATIO && density.metres)
            lose(writer, "density", ", which JPEG cannot hold");
    } else if (!jfif && has_exif && is_ours(notes)) {
        /* As cameras write: EXIF stands first, in the place of JFIF. */
        cinfo->write_JFIF_header = FALSE;
    }
}

static void write_marker(struct fw_jpeg_writer *writer, int marker, const void *head,
                         size_t head_bytes, const void *bytes, size_t count)
{
    struct jpeg_compress_struct *cinfo = &writer->cinfo;
    const uint8_t *from = head;
    jpeg_write_m_header(cinfo, marker, (unsigned int)(head_bytes + count));
    for (size_t i = 0; i < head_bytes; i++)
        jpeg_write_m_byte(cinfo, from[i]);
    from = bytes;
    for (size_t i = 0; i < count; i++)
        jpeg_write_m_byte(cinfo, from[i]);
}

/* A copy, with what the new picture makes wrong put right. NULL: no memory. */
static uint8_t *updated(struct fw_jpeg_writer *writer, const struct fw_note *note,
                        const uint8_t *bytes, size_t count, size_t head_bytes)
{
    const struct fw_still_writing *writing = &writer->base.writing;
    uint32_t width = writing->resized ? (uint32_t)writing->video.width : 0;
    uint32_t height = writing->resized ? (uint32_t)writing->video.height : 0;
    free(writer->marker);
    writer->marker = malloc(count + 1);
    if (!writer->marker)
        return NULL;
    memcpy(writer->marker, bytes, count);
    if (note->kind == FW_NOTE_EXIF && count > head_bytes)
        fw_exif_update(writer->marker + head_bytes, count - head_bytes, writing->upright, width,
                       height);
    if (note->kind == FW_NOTE_XMP && count > head_bytes)
        fw_xmp_update(writer->marker + head_bytes, count - head_bytes, writing->upright);
    return writer->marker;
}

static int write_raw(struct fw_jpeg_writer *writer, const struct fw_note *note,
                     struct fw_error *err)
{
    size_t head_bytes = 0;
    int marker = JPEG_COM;
    if (note->kind == FW_NOTE_DENSITY)
        return FW_OK;
    if (note->kind != FW_NOTE_TEXT) {
        unsigned long number = strncmp(note->name, "APP", 3) == 0
                                   ? strtoul(note->name + 3, NULL, 10)
                                   : 16;
        if (number > 15)
            return fw_fail(err, FW_ERR_INTERNAL, "a note of JPEG named %s", note->name);
        marker = JPEG_APP0 + (int)number;
    }
    if (!note->raw || note->raw_bytes > FW_JPEG_MARKER_MAX) {
        lose(writer, note->name, "");
        return FW_OK;
    }
    for (size_t i = 0; i < FW_COUNT(knowns); i++) {
        if (knowns[i].kind == note->kind && note->kind != FW_NOTE_OTHER)
            head_bytes = knowns[i].head_bytes;
    }
    const uint8_t *bytes = updated(writer, note, note->raw, note->raw_bytes, head_bytes);
    if (!bytes)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for metadata");
    write_marker(writer, marker, NULL, 0, bytes, note->raw_bytes);
    return FW_OK;
}

/* Blocks of Photoshop may be cut anywhere: readers put them together again. */
static void write_blocks(struct fw_jpeg_writer *writer, const struct fw_note *note)
{
    static const char word[] = "Photoshop 3.0";
    const size_t most = FW_JPEG_MARKER_MAX - sizeof(word);
    for (size_t at = 0; at < note->plain_bytes; at += most) {
        size_t count = note->plain_bytes - at < most ? note->plain_bytes - at : most;
        write_marker(writer, JPEG_APP0 + 13, word, sizeof(word), note->plain + at, count);
    }
}

static void write_text(struct fw_jpeg_writer *writer, const struct fw_note *note)
{
    char head[sizeof(note->name) + 2] = "";
    if (strcmp(note->name, "Comment") != 0)
        (void)snprintf(head, sizeof(head), "%s: ", note->name);
    size_t head_bytes = strlen(head);
    if (head_bytes + note->plain_bytes > FW_JPEG_MARKER_MAX)
        lose(writer, note->name, ", a text over 64 KiB");
    else
        write_marker(writer, JPEG_COM, head, head_bytes, note->plain, note->plain_bytes);
}

static int write_headed(struct fw_jpeg_writer *writer, const struct fw_note *note, const char *word,
                        size_t word_bytes, struct fw_error *err)
{
    if (note->plain_bytes > FW_JPEG_MARKER_MAX - word_bytes) {
        lose(writer, note->kind == FW_NOTE_EXIF ? "EXIF" : "XMP", " over 64 KiB");
        return FW_OK;
    }
    const uint8_t *bytes = updated(writer, note, note->plain, note->plain_bytes, 0);
    if (!bytes)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for metadata");
    write_marker(writer, JPEG_APP0 + 1, word, word_bytes, bytes, note->plain_bytes);
    return FW_OK;
}

/* What a picture without a profile is taken for loses nothing. */
static void lose_color(struct fw_jpeg_writer *writer, const struct fw_note *note)
{
    struct fw_color color = { .primaries = 2, .transfer = 2 };
    if (note->plain_bytes == sizeof(color))
        memcpy(&color, note->plain, sizeof(color));
    bool usual = (color.primaries == 1 || color.primaries == 2) &&
                 (color.transfer == 13 || color.transfer == 2);
    if (!usual && !fw_notes_find(writer->base.writing.notes, FW_NOTE_ICC))
        lose(writer, "colour tags", ", which JPEG cannot hold");
}

static int write_plain(struct fw_jpeg_writer *writer, const struct fw_note *note,
                       struct fw_error *err)
{
    if (!note->plain) {
        lose(writer, note->name, "");
        return FW_OK;
    }
    switch (note->kind) {
    case FW_NOTE_EXIF:
        return write_headed(writer, note, "Exif\0", sizeof("Exif\0"), err);
    case FW_NOTE_XMP:
        return write_headed(writer, note, XMP_WORD, sizeof(XMP_WORD), err);
    case FW_NOTE_ICC:
        if (note->plain_bytes > 255 * (size_t)ICC_CHUNK_MAX)
            lose(writer, "colour profile", " over 16 MiB");
        else
            jpeg_write_icc_profile(&writer->cinfo, note->plain, (unsigned int)note->plain_bytes);
        break;
    case FW_NOTE_IPTC:
        write_blocks(writer, note);
        break;
    case FW_NOTE_TEXT:
        write_text(writer, note);
        break;
    case FW_NOTE_COLOR:
        lose_color(writer, note);
        break;
    case FW_NOTE_DENSITY:
        break; /* in the JFIF header */
    case FW_NOTE_OTHER:
        lose(writer, note->name, "");
        break;
    }
    return FW_OK;
}

/* A profile of other colours than the picture's would make it unreadable. */
static bool profile_fits(struct fw_jpeg_writer *writer, const struct fw_notes *notes)
{
    const struct fw_note *profile = fw_notes_find(notes, FW_NOTE_ICC);
    const char *space = writer->cinfo.input_components == 1 ? "GRAY" : "RGB ";
    if (!profile)
        return true;
    if (profile->plain_bytes >= ICC_SPACE_AT + 4 &&
        memcmp(profile->plain + ICC_SPACE_AT, space, 4) == 0)
        return true;
    lose(writer, "colour profile",
         writer->cinfo.input_components == 1 ? ", which is not for gray"
                                             : ", which is not for RGB");
    return false;
}

int fw_jpeg_write_notes(struct fw_jpeg_writer *writer, struct fw_error *err)
{
    const struct fw_notes *notes = notes_of(writer);
    int status = FW_OK;
    if (!notes)
        return FW_OK;
    bool profile = profile_fits(writer, notes);
    /* EXIF readers look for it first in the file. */
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < notes->count && status == FW_OK; i++) {
            const struct fw_note *note = &notes->items[i];
            if ((note->kind == FW_NOTE_EXIF) != (pass == 0) ||
                (note->kind == FW_NOTE_ICC && !profile))
                continue;
            status = is_ours(notes) ? write_raw(writer, note, err) : write_plain(writer, note, err);
        }
    }
    return status;
}
