/*
 * What a PNG says beside its pixels. Each chunk is kept as it stands, type and payload, and where
 * others can use it, in plain form too. Broken ones, those in the wrong place, and unknown ones
 * that may not be copied beside changed pixels are listed as lost.
 */
#include "png_still.h"

#include "filters/check.h"

#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>
#include <zlib.h>

#define KEYWORD_MAX 79u
#define TEXT_MAX FW_PNG_CHUNK_MAX /* unpacked; longer ones stay packed */

struct known {
    const char *type;
    enum fw_note_kind kind;
    uint32_t least, most; /* bytes of payload */
    enum fw_png_place last;
    bool once;
};

#define ANY FW_PNG_CHUNK_MAX
static const struct known known[] = {
    { "cICP", FW_NOTE_COLOR, 4, 4, FW_PNG_BEFORE_PALETTE, true },
    { "iCCP", FW_NOTE_ICC, 3, ANY, FW_PNG_BEFORE_PALETTE, true },
    { "sRGB", FW_NOTE_COLOR, 1, 1, FW_PNG_BEFORE_PALETTE, true },
    { "gAMA", FW_NOTE_COLOR, 4, 4, FW_PNG_BEFORE_PALETTE, true },
    { "cHRM", FW_NOTE_COLOR, 32, 32, FW_PNG_BEFORE_PALETTE, true },
    { "mDCV", FW_NOTE_COLOR, 24, 24, FW_PNG_BEFORE_PALETTE, true },
    { "cLLI", FW_NOTE_COLOR, 8, 8, FW_PNG_BEFORE_PALETTE, true },
    { "sBIT", FW_NOTE_OTHER, 1, 4, FW_PNG_BEFORE_PALETTE, true },
    { "PLTE", FW_NOTE_OTHER, 3, 768, FW_PNG_BEFORE_DATA, true },
    { "bKGD", FW_NOTE_OTHER, 1, 6, FW_PNG_BEFORE_DATA, true },
    { "hIST", FW_NOTE_OTHER, 2, 512, FW_PNG_BEFORE_DATA, true },
    { "sPLT", FW_NOTE_OTHER, 3, ANY, FW_PNG_BEFORE_DATA, false },
    { "pHYs", FW_NOTE_DENSITY, 9, 9, FW_PNG_BEFORE_DATA, true },
    { "eXIf", FW_NOTE_EXIF, 8, ANY, FW_PNG_BEHIND_DATA, true },
    { "tIME", FW_NOTE_OTHER, 7, 7, FW_PNG_BEHIND_DATA, true },
    { "tEXt", FW_NOTE_TEXT, 2, ANY, FW_PNG_BEHIND_DATA, false },
    { "zTXt", FW_NOTE_TEXT, 4, ANY, FW_PNG_BEHIND_DATA, false },
    { "iTXt", FW_NOTE_TEXT, 6, ANY, FW_PNG_BEHIND_DATA, false },
};

/* The plain form while it is made. */
struct plain {
    enum fw_note_kind kind;
    char name[KEYWORD_MAX + 1];
    uint8_t *bytes;
    size_t count;
    bool broken;
};

void fw_png_lose(struct fw_png_reader *reader, const char *type, const char *why)
{
    fw_losses_add(&reader->common.losses, "metadata", -1, "chunk %s: %s", type, why);
}

/* ---- packed and Latin-1 texts ------------------------------------------------------------- */

/* Unpacks at most `most` bytes. Leaves plain->bytes NULL for more, and says when it is broken. */
static int unpack(const uint8_t *packed, size_t packed_count, size_t most, struct plain *plain,
                  struct fw_error *err)
{
    z_stream stream = { 0 };
    size_t room = packed_count < most / 4 ? packed_count * 4 + 1024 : most + 1;
    int result = Z_OK;
    if (inflateInit(&stream) != Z_OK)
        return fw_fail(err, FW_ERR_MEMORY, "no memory to unpack a text");
    stream.next_in = (uint8_t *)(uintptr_t)packed;
    stream.avail_in = (uInt)packed_count;
    while (result == Z_OK && plain->count <= most) {
        room = plain->count < room ? room : room * 2;
        uint8_t *grown = realloc(plain->bytes, room);
        if (!grown) {
            (void)inflateEnd(&stream);
            return fw_fail(err, FW_ERR_MEMORY, "no memory to unpack a text");
        }
        plain->bytes = grown;
        stream.next_out = plain->bytes + plain->count;
        stream.avail_out = (uInt)(room - plain->count);
        result = inflate(&stream, Z_NO_FLUSH);
        plain->count = room - stream.avail_out;
    }
    (void)inflateEnd(&stream);
    plain->broken = result != Z_OK && result != Z_STREAM_END;
    if (plain->count > most) {
        free(plain->bytes);
        plain->bytes = NULL;
        plain->count = 0;
    }
    return FW_OK;
}

static int copy_text(const uint8_t *text, size_t count, struct plain *plain, struct fw_error *err)
{
    plain->bytes = malloc(count + 1);
    if (!plain->bytes)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a text");
    memcpy(plain->bytes, text, count);
    plain->count = count;
    return FW_OK;
}

static int to_utf8(struct plain *plain, struct fw_error *err)
{
    uint8_t *wide = malloc(plain->count * 2 + 1);
    size_t to = 0;
    if (!wide)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a text");
    for (size_t i = 0; i < plain->count; i++) {
        uint8_t c = plain->bytes[i];
        if (c >= 0x80)
            wide[to++] = (uint8_t)(0xc0 | c >> 6);
        wide[to++] = c < 0x80 ? c : (uint8_t)(0x80 | (c & 0x3f));
    }
    free(plain->bytes);
    plain->bytes = wide;
    plain->count = to;
    return FW_OK;
}

/* ---- profiles that ImageMagick writes as text --------------------------------------------- */

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "\nexif\n    1234\n" and hexadecimal digits in lines: unpacked in place. False: not like that. */
static bool from_hex(struct plain *plain)
{
    const uint8_t *at = plain->bytes;
    const uint8_t *end = plain->bytes + plain->count;
    size_t count = 0;
    size_t to = 0;
    int high = -1;
    while (at < end && *at == '\n')
        at++;
    while (at < end && *at != '\n')
        at++;
    while (at < end && (*at == '\n' || *at == ' '))
        at++;
    for (; at < end && *at >= '0' && *at <= '9' && count <= plain->count; at++)
        count = count * 10 + (size_t)(*at - '0');
    for (; at < end; at++) {
        int digit = hex_digit(*at);
        if (digit < 0 && *at != '\n' && *at != ' ' && *at != '\r')
            return false;
        if (digit >= 0 && high >= 0)
            plain->bytes[to++] = (uint8_t)(high << 4 | digit);
        if (digit >= 0)
            high = high >= 0 ? -1 : digit;
    }
    plain->count = to;
    return to == count && to > 0;
}

static void cut_start(struct plain *plain, size_t count)
{
    memmove(plain->bytes, plain->bytes + count, plain->count - count);
    plain->count -= count;
}

/* The kind of a "Raw profile type ..."; false for other texts. */
static bool take_profile(struct plain *plain)
{
    static const char prefix[] = "Raw profile type ";
    static const char exif[] = "Exif\0"; /* and the string's own zero */
    static const char xmp[] = "http://ns.adobe.com/xap/1.0/";
    const char *word = plain->name + sizeof(prefix) - 1;
    if (strncmp(plain->name, prefix, sizeof(prefix) - 1) != 0 || !plain->bytes)
        return false;
    bool app1 = strcmp(word, "exif") == 0 || strcmp(word, "APP1") == 0;
    bool packet = strcmp(word, "xmp") == 0;
    bool iptc = strcmp(word, "iptc") == 0 || strcmp(word, "8bim") == 0;
    if ((!app1 && !packet && !iptc) || !from_hex(plain))
        return false;
    if (app1 && plain->count > sizeof(xmp) && memcmp(plain->bytes, xmp, sizeof(xmp)) == 0) {
        cut_start(plain, sizeof(xmp));
        packet = true;
    } else if (app1 && plain->count > 6 && memcmp(plain->bytes, exif, 6) == 0) {
        cut_start(plain, 6);
    }
    plain->kind = packet ? FW_NOTE_XMP : iptc ? FW_NOTE_IPTC : FW_NOTE_EXIF;
    return true;
}

/* ---- the kinds of chunks ------------------------------------------------------------------ */

/* The keyword and what stands behind its zero; NULL when there is none. */
static const uint8_t *take_keyword(const uint8_t *payload, size_t count, struct plain *plain)
{
    size_t bytes = strnlen((const char *)payload, count < 80 ? count : 80);
    if (bytes == 0 || bytes > KEYWORD_MAX || bytes == count)
        return NULL;
    memcpy(plain->name, payload, bytes);
    plain->name[bytes] = '\0';
    return payload + bytes + 1;
}

static int plain_international(const uint8_t *at, const uint8_t *end, struct plain *plain,
                               struct fw_error *err)
{
    bool packed = at + 2 <= end && at[0] == 1;
    bool known_method = at + 2 <= end && at[0] <= 1 && (!packed || at[1] == 0);
    const uint8_t *language = at + 2;
    const uint8_t *word = known_method ? memchr(language, 0, (size_t)(end - language)) : NULL;
    const uint8_t *text = word ? memchr(word + 1, 0, (size_t)(end - word - 1)) : NULL;
    plain->broken = !text;
    if (!text)
        return FW_OK;
    text++;
    if (packed)
        return unpack(text, (size_t)(end - text), TEXT_MAX, plain, err);
    return copy_text(text, (size_t)(end - text), plain, err);
}

static int plain_text(const char *type, const uint8_t *payload, size_t count, struct plain *plain,
                      struct fw_error *err)
{
    int status = FW_OK;
    const uint8_t *end = payload + count;
    const uint8_t *at = take_keyword(payload, count, plain);
    bool packed = type[0] == 'z';
    if (!at || (packed && (at == end || at[0] != 0))) {
        plain->broken = true;
        return FW_OK;
    }
    if (type[0] == 'i') {
        status = plain_international(at, end, plain, err);
        if (strcmp(plain->name, "XML:com.adobe.xmp") == 0)
            plain->kind = FW_NOTE_XMP;
        return status;
    }
    status = packed ? unpack(at + 1, (size_t)(end - at - 1), TEXT_MAX, plain, err)
                    : copy_text(at, (size_t)(end - at), plain, err);
    if (status == FW_OK && plain->bytes && !plain->broken && !take_profile(plain))
        status = to_utf8(plain, err);
    return status;
}

static int plain_icc(const uint8_t *payload, size_t count, struct plain *plain,
                     struct fw_error *err)
{
    const uint8_t *at = take_keyword(payload, count, plain);
    if (!at || (size_t)(at - payload) >= count || at[0] != 0) {
        plain->broken = true;
        return FW_OK;
    }
    at++;
    int status = unpack(at, count - (size_t)(at - payload), FW_PNG_ICC_MAX, plain, err);
    memcpy(plain->name, "iCCP", 5);
    plain->broken = plain->broken || plain->count < 128;
    return status;
}

static int plain_density(const uint8_t *payload, struct plain *plain, struct fw_error *err)
{
    const struct fw_density density = { fw_png_get32(payload), fw_png_get32(payload + 4),
                                        payload[8] == 1 };
    plain->broken = payload[8] > 1;
    return copy_text((const uint8_t *)&density, sizeof(density), plain, err);
}

static int make_plain(const char *type, const uint8_t *payload, size_t count, struct plain *plain,
                      struct fw_error *err)
{
    switch (plain->kind) {
    case FW_NOTE_EXIF:
        plain->broken = memcmp(payload, "II*\0", 4) != 0 && memcmp(payload, "MM\0*", 4) != 0;
        return copy_text(payload, count, plain, err);
    case FW_NOTE_ICC:
        return plain_icc(payload, count, plain, err);
    case FW_NOTE_TEXT:
        return plain_text(type, payload, count, plain, err);
    case FW_NOTE_DENSITY:
        return plain_density(payload, plain, err);
    case FW_NOTE_COLOR:
    case FW_NOTE_OTHER:
    case FW_NOTE_XMP:
    case FW_NOTE_IPTC:
        break;
    }
    return FW_OK;
}

/* ---- keeping ------------------------------------------------------------------------------ */

/* Lengths that depend on how the pixels are stored. */
static bool length_fits(const struct fw_png_reader *reader, const char *type, size_t count)
{
    const struct fw_png_shape *shape = &reader->shape;
    bool palette = shape->color_type == FW_PNG_PALETTE;
    if (strcmp(type, "sBIT") == 0)
        return count == (palette ? 3 : fw_png_channels(shape->color_type));
    if (strcmp(type, "bKGD") == 0)
        return count == (palette ? 1u : shape->color_type & FW_PNG_RGB ? 6u : 2u);
    if (strcmp(type, "hIST") == 0)
        return !palette || count == (size_t)reader->common.head.traits.palette_count * 2;
    return true;
}

static bool is_there(const struct fw_png_reader *reader, const char *type)
{
    const struct fw_notes *notes = &reader->common.notes;
    for (uint32_t i = 0; i < notes->count; i++) {
        if (notes->items[i].raw && memcmp(notes->items[i].raw, type, 4) == 0)
            return true;
    }
    return false;
}

/* Why a chunk of a known type cannot be kept; NULL when it can. */
static const char *complaint(const struct fw_png_reader *reader, const struct known *row,
                             const struct fw_png_chunk *chunk)
{
    size_t count = chunk->count - 4;
    if (count < row->least || count > row->most || !length_fits(reader, row->type, count))
        return "broken";
    if (chunk->place > row->last)
        return "out of place";
    if (row->once && is_there(reader, row->type))
        return "a second one";
    return NULL;
}

static int keep_known(struct fw_png_reader *reader, const struct known *row,
                      const struct fw_png_chunk *chunk, struct fw_error *err)
{
    struct plain plain = { .kind = row->kind };
    const uint8_t *payload = chunk->bytes + 4;
    const char *why = complaint(reader, row, chunk);
    if (why) {
        fw_png_lose(reader, chunk->type, why);
        return FW_OK;
    }
    memcpy(plain.name, row->type, 5);
    int status = make_plain(row->type, payload, chunk->count - 4, &plain, err);
    if (status == FW_OK && plain.broken) {
        fw_png_lose(reader, chunk->type, "broken");
    } else if (status == FW_OK) {
        fw_png_color_take(&reader->color, row->type, payload);
        status = fw_notes_add(&reader->common.notes, plain.kind, plain.name, chunk->place,
                              chunk->bytes, chunk->count, plain.bytes, plain.count, err);
    }
    free(plain.bytes);
    return status;
}

int fw_png_keep(struct fw_png_reader *reader, const struct fw_png_chunk *chunk,
                struct fw_error *err)
{
    for (size_t i = 0; i < FW_COUNT(known); i++) {
        if (memcmp(chunk->type, known[i].type, 4) == 0)
            return keep_known(reader, &known[i], chunk, err);
    }
    /* The fourth letter says whether it may stand beside pixels that its writer never saw. */
    if (chunk->type[3] & 0x20)
        return fw_notes_add(&reader->common.notes, FW_NOTE_OTHER, chunk->type, chunk->place,
                            chunk->bytes, chunk->count, NULL, 0, err);
    fw_png_lose(reader, chunk->type, "unknown, and bound to the pixels as they were");
    return FW_OK;
}

int fw_png_keep_end(struct fw_png_reader *reader, struct fw_error *err)
{
    struct fw_notes *notes = &reader->common.notes;
    uint32_t orientation = 0;
    for (uint32_t i = 0; i < notes->count && orientation == 0; i++) {
        if (notes->items[i].kind == FW_NOTE_EXIF)
            orientation = fw_exif_orientation(notes->items[i].plain, notes->items[i].plain_bytes);
    }
    reader->common.head.orientation = orientation > 0 ? orientation : 1;
    const struct fw_color points = fw_png_color_points(&reader->color,
                                                       reader->shape.color_type & FW_PNG_RGB);
    if (points.primaries == 2 && points.transfer == 2)
        return FW_OK;
    return fw_notes_add(notes, FW_NOTE_COLOR, "color", FW_PNG_BEFORE_PALETTE, NULL, 0, &points,
                        sizeof(points), err);
}
