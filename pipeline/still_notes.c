/* The list of notes, and the few fields of EXIF and XMP that a changed picture makes wrong. */
#include "still_notes.h"

#include <stdlib.h>
#include <string.h>

#define TAG_ORIENTATION 0x0112u
#define TAG_EXIF_IFD 0x8769u
#define TAG_PIXEL_X 0xa002u
#define TAG_PIXEL_Y 0xa003u
#define TYPE_SHORT 3u
#define TYPE_LONG 4u

static int copy_bytes(uint8_t **copy_out, const void *bytes, size_t count)
{
    *copy_out = NULL;
    if (!bytes)
        return 0;
    /* One byte more, so that texts have an end and empty ones an address. */
    uint8_t *copy = malloc(count + 1);
    if (!copy)
        return -1;
    memcpy(copy, bytes, count);
    copy[count] = 0;
    *copy_out = copy;
    return 0;
}

int fw_notes_add(struct fw_notes *notes, enum fw_note_kind kind, const char *name, uint32_t place,
                 const void *raw, size_t raw_bytes, const void *plain, size_t plain_bytes,
                 struct fw_error *err)
{
    struct fw_note note = { .kind = kind, .place = place };
    if (notes->count >= FW_NOTES_MAX || raw_bytes > FW_NOTES_BYTES_MAX ||
        plain_bytes > FW_NOTES_BYTES_MAX ||
        notes->bytes + raw_bytes + plain_bytes > FW_NOTES_BYTES_MAX)
        return fw_fail(err, FW_ERR_INPUT, "more metadata than %u notes or %zu MiB", FW_NOTES_MAX,
                       FW_NOTES_BYTES_MAX >> 20);
    if (notes->count == notes->room) {
        uint32_t room = notes->room ? notes->room * 2 : 16;
        struct fw_note *items = reallocarray(notes->items, room, sizeof(*items));
        if (!items)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for metadata");
        notes->items = items;
        notes->room = room;
    }
    size_t name_bytes = strnlen(name, sizeof(note.name) - 1);
    memcpy(note.name, name, name_bytes);
    note.raw_bytes = raw ? raw_bytes : 0;
    note.plain_bytes = plain ? plain_bytes : 0;
    if (copy_bytes(&note.raw, raw, raw_bytes) < 0)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for metadata");
    if (copy_bytes(&note.plain, plain, plain_bytes) < 0) {
        free(note.raw);
        return fw_fail(err, FW_ERR_MEMORY, "no memory for metadata");
    }
    notes->items[notes->count++] = note;
    notes->bytes += note.raw_bytes + note.plain_bytes;
    return FW_OK;
}

void fw_notes_deinit(struct fw_notes *notes)
{
    for (uint32_t i = 0; i < notes->count; i++) {
        free(notes->items[i].raw);
        free(notes->items[i].plain);
    }
    free(notes->items);
    memset(notes, 0, sizeof(*notes));
}

const struct fw_note *fw_notes_find(const struct fw_notes *notes, enum fw_note_kind kind)
{
    for (uint32_t i = 0; notes && i < notes->count; i++) {
        if (notes->items[i].kind == kind && notes->items[i].plain)
            return &notes->items[i];
    }
    return NULL;
}

/* ---- EXIF --------------------------------------------------------------------------------- */

struct tiff {
    uint8_t *bytes;
    size_t count;
    bool big;
};

static uint32_t get(const struct tiff *tiff, size_t at, uint32_t width)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < width; i++)
        value |= (uint32_t)tiff->bytes[at + i] << 8 * (tiff->big ? width - 1 - i : i);
    return value;
}

static void put(const struct tiff *tiff, size_t at, uint32_t width, uint32_t value)
{
    for (uint32_t i = 0; i < width; i++)
        tiff->bytes[at + i] = (uint8_t)(value >> 8 * (tiff->big ? width - 1 - i : i));
}

static bool tiff_init(struct tiff *tiff, uint8_t *bytes, size_t count)
{
    *tiff = (struct tiff){ .bytes = bytes, .count = count };
    if (!bytes || count < 8 || bytes[0] != bytes[1] || (bytes[0] != 'I' && bytes[0] != 'M'))
        return false;
    tiff->big = bytes[0] == 'M';
    return get(tiff, 2, 2) == 42;
}

/* Where the value of a tag of one number lies in the directory at `at`; 0 when it is not there. */
static size_t find_value(const struct tiff *tiff, size_t at, uint32_t tag, uint32_t *width_out)
{
    if (at < 8 || at > tiff->count - 2)
        return 0;
    uint32_t entries = get(tiff, at, 2);
    for (uint32_t i = 0; i < entries && at + 2 + 12 * (size_t)(i + 1) <= tiff->count; i++) {
        size_t entry = at + 2 + 12 * (size_t)i;
        uint32_t type = get(tiff, entry + 2, 2);
        if (get(tiff, entry, 2) != tag || get(tiff, entry + 4, 4) != 1 ||
            (type != TYPE_SHORT && type != TYPE_LONG))
            continue;
        *width_out = type == TYPE_SHORT ? 2 : 4;
        return entry + 8;
    }
    return 0;
}

uint32_t fw_exif_orientation(const uint8_t *bytes, size_t count)
{
    struct tiff tiff;
    uint32_t width = 0;
    if (!tiff_init(&tiff, (uint8_t *)(uintptr_t)bytes, count))
        return 0;
    size_t at = find_value(&tiff, get(&tiff, 4, 4), TAG_ORIENTATION, &width);
    uint32_t value = at ? get(&tiff, at, width) : 0;
    return value <= 8 ? value : 0;
}

static void set_size(const struct tiff *tiff, size_t folder, uint32_t tag, uint32_t value)
{
    uint32_t width = 0;
    size_t at = find_value(tiff, folder, tag, &width);
    if (at && (width == 4 || value <= UINT16_MAX))
        put(tiff, at, width, value);
}

void fw_exif_update(uint8_t *bytes, size_t count, bool upright, uint32_t width, uint32_t height)
{
    struct tiff tiff;
    uint32_t bytes_wide = 0;
    if (!tiff_init(&tiff, bytes, count))
        return;
    size_t first = get(&tiff, 4, 4);
    size_t at = upright ? find_value(&tiff, first, TAG_ORIENTATION, &bytes_wide) : 0;
    if (at)
        put(&tiff, at, bytes_wide, 1);
    at = width > 0 ? find_value(&tiff, first, TAG_EXIF_IFD, &bytes_wide) : 0;
    if (!at)
        return;
    size_t folder = get(&tiff, at, bytes_wide);
    set_size(&tiff, folder, TAG_PIXEL_X, width);
    set_size(&tiff, folder, TAG_PIXEL_Y, height);
}

/* ---- XMP ---------------------------------------------------------------------------------- */

/* The digit behind tiff:Orientation="6" or tiff:Orientation>6<, whatever space stands between. */
static uint8_t *find_digit(uint8_t *at, const uint8_t *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n' || *at == '='))
        at++;
    if (at >= end || (*at != '"' && *at != '\'' && *at != '>'))
        return NULL;
    at++;
    while (at < end && (*at == ' ' || *at == '\n'))
        at++;
    return at < end && *at >= '1' && *at <= '8' ? at : NULL;
}

void fw_xmp_update(uint8_t *bytes, size_t count, bool upright)
{
    static const char word[] = "tiff:Orientation";
    uint8_t *end = bytes + count;
    uint8_t *at = bytes;
    while (upright && bytes && (at = memmem(at, (size_t)(end - at), word, sizeof(word) - 1))) {
        at += sizeof(word) - 1;
        uint8_t *digit = find_digit(at, end);
        if (digit)
            *digit = '1';
    }
}
