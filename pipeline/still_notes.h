/*
 * What a picture file says beside its pixels: EXIF, XMP, colour profile, texts, and whatever else.
 *
 * Readers keep each note as it stands in the file, so that a writer of the same kind puts back the
 * very bytes. A writer of another kind asks for the plain form.
 */
#ifndef FW_PIPELINE_STILL_NOTES_H
#define FW_PIPELINE_STILL_NOTES_H

#include "filters/filter.h"

#include <stdbool.h>

enum fw_note_kind {
    FW_NOTE_OTHER,   /* known to its own kind of file alone */
    FW_NOTE_EXIF,    /* plain: a TIFF header and what follows, without "Exif\0\0" */
    FW_NOTE_XMP,     /* plain: the packet, UTF-8 */
    FW_NOTE_ICC,     /* plain: the profile */
    FW_NOTE_IPTC,    /* plain: Photoshop's image resource blocks ("8BIM...") */
    FW_NOTE_TEXT,    /* plain: UTF-8; name: its keyword ("Comment" for those without one) */
    FW_NOTE_DENSITY, /* plain: struct fw_density */
    FW_NOTE_COLOR    /* plain: struct fw_color, what gAMA, cHRM, sRGB and cICP say together */
};

struct fw_density {
    uint32_t x; /* pixels per metre, or a ratio alone */
    uint32_t y;
    uint32_t metres; /* 1: per metre; 0: only the ratio of x and y is known */
};

struct fw_note {
    enum fw_note_kind kind;
    char name[80]; /* of the raw form: "iTXt", "APP1", ...; or the keyword of a TEXT */
    uint8_t *raw;  /* as it stands in a file of kind `origin`; NULL: only plain */
    size_t raw_bytes;
    uint8_t *plain; /* NULL: no other kind can use it */
    size_t plain_bytes;
    uint32_t place; /* for its own kind: where in the file it stood */
};

/* Owned by whoever fills it. Zeroed: empty. */
struct fw_notes {
    struct fw_note *items;
    uint32_t count;
    uint32_t room;
    uint32_t origin; /* enum fw_still_kind */
    size_t bytes;    /* of all */
};

#define FW_NOTES_MAX 4096
#define FW_NOTES_BYTES_MAX ((size_t)64 << 20) /* of one file, unpacked */

/* Appends a copy; `raw` or `plain` may be NULL with 0 bytes. FW_ERR_INPUT beyond the limits. */
int fw_notes_add(struct fw_notes *notes, enum fw_note_kind kind, const char *name, uint32_t place,
                 const void *raw, size_t raw_bytes, const void *plain, size_t plain_bytes,
                 struct fw_error *err) FW_MUST_CHECK;
void fw_notes_deinit(struct fw_notes *notes);
/* The first of a kind that has a plain form; NULL. */
const struct fw_note *fw_notes_find(const struct fw_notes *notes, enum fw_note_kind kind);

/* EXIF's orientation, 1 to 8, in TIFF bytes of either byte order; 0 when there is none or the bytes
 * are broken. */
uint32_t fw_exif_orientation(const uint8_t *bytes, size_t count);
/* Sets it to 1 in place, where there is one; and with width > 0, brings PixelXDimension and
 * PixelYDimension up to date. Never changes the length. Broken bytes stay as they are. */
void fw_exif_update(uint8_t *bytes, size_t count, bool upright, uint32_t width, uint32_t height);
/* The same for tiff:Orientation of an XMP packet, as attribute or element. */
void fw_xmp_update(uint8_t *bytes, size_t count, bool upright);

#endif
