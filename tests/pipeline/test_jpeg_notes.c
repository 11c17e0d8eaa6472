/* What JPEG files say beside their pixels: kept byte by byte, translated, or listed as lost. */
#include "pipeline/still.h"

#include "filters/format.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define XMP_HEAD "http://ns.adobe.com/xap/1.0/"

static const struct fw_still_limits roomy = { .max_pixels = 1u << 26,
                                              .max_bytes = 1u << 28,
                                              .max_frames = 1 };

/* Little endian: orientation 6, and a directory with the size; then a thumbnail of a kind. */
static const uint8_t exif[] = {
    'I',  'I',  42, 0, 8,    0,    0,    0,                 /* head */
    2,    0,                                                /* two entries */
    0x12, 1,    3,  0, 1,    0,    0,    0,    6,  0, 0, 0, /* orientation */
    0x69, 0x87, 4,  0, 1,    0,    0,    0,    38, 0, 0, 0, /* where the second directory is */
    0,    0,    0,  0,                                      /* no next */
    2,    0,                                                /* at 38 */
    2,    0xa0, 3,  0, 1,    0,    0,    0,    99, 0, 0, 0, /* width */
    3,    0xa0, 3,  0, 1,    0,    0,    0,    77, 0, 0, 0, /* height */
    0,    0,    0,  0, 0xff, 0xd8, 0xff, 0xdb, 1,  2, 3, 0xff, 0xd9 /* thumbnail */
};
static const char xmp[] = "<x tiff:Orientation=\"6\"/>";

static void add(struct fw_notes *notes, enum fw_note_kind kind, const char *name, const void *raw,
                size_t raw_bytes, const void *plain, size_t plain_bytes)
{
    struct fw_error err = { 0 };
    cr_assert_eq(
        fw_notes_add(notes, kind, name, notes->count, raw, raw_bytes, plain, plain_bytes, &err),
        FW_OK);
}

static void add_headed(struct fw_notes *notes, enum fw_note_kind kind, const char *name,
                       const char *head, size_t head_bytes, const void *bytes, size_t count)
{
    uint8_t *raw = malloc(head_bytes + count);
    memcpy(raw, head, head_bytes);
    memcpy(raw + head_bytes, bytes, count);
    add(notes, kind, name, raw, head_bytes + count, bytes, count);
    free(raw);
}

/* A profile in two parts, or in one when it is short. */
static void add_profile(struct fw_notes *notes, const char *space, size_t bytes)
{
    uint8_t *profile = malloc(bytes);
    uint8_t *chunk = malloc(bytes + 14);
    size_t half = bytes / 2;
    for (size_t i = 0; i < bytes; i++)
        profile[i] = (uint8_t)(i * 31);
    memcpy(profile + 16, space, 4);
    memcpy(chunk, "ICC_PROFILE\0\1\2", 14);
    memcpy(chunk + 14, profile, half);
    add(notes, FW_NOTE_ICC, "APP2", chunk, 14 + half, profile, bytes);
    chunk[12] = 2;
    memcpy(chunk + 14, profile + half, bytes - half);
    add(notes, FW_NOTE_ICC, "APP2", chunk, 14 + bytes - half, NULL, 0);
    free(profile);
    free(chunk);
}

static void fill(struct fw_notes *notes)
{
    static const uint8_t jfif[] = { 'J', 'F', 'I', 'F', 0, 1, 1, 1, 0, 72, 0, 96, 0, 0 };
    const struct fw_density density = { 2835, 3780, 1 };
    notes->origin = FW_STILL_JPEG;
    add(notes, FW_NOTE_DENSITY, "APP0", jfif, sizeof(jfif), &density, sizeof(density));
    add_headed(notes, FW_NOTE_EXIF, "APP1", "Exif\0", 6, exif, sizeof(exif));
    add_headed(notes, FW_NOTE_XMP, "APP1", XMP_HEAD, sizeof(XMP_HEAD), xmp, sizeof(xmp) - 1);
    add(notes, FW_NOTE_OTHER, "APP1", "http://ns.adobe.com/xmp/extension/\0abc", 38, NULL, 0);
    add_profile(notes, "RGB ", 3000);
    add_headed(notes, FW_NOTE_IPTC, "APP13", "Photoshop 3.0", 14, "8BIM\4\4\0\0\0\0\0\2hi", 14);
    add(notes, FW_NOTE_TEXT, "Comment", "caf\xe9\0", 5, "caf\xc3\xa9", 5);
    add(notes, FW_NOTE_OTHER, "APP5", "a vendor's", 10, NULL, 0);
    add(notes, FW_NOTE_TEXT, "Comment", "second", 6, "second", 6);
}

static struct fw_still_reader *write_and_open(struct fw_still_writing *writing, const char *format)
{
    static uint8_t pixels[64 * 24];
    struct fw_error err = { 0 };
    struct fw_still_writer *writer = NULL;
    struct fw_still_reader *reader = NULL;
    struct fw_still_sum sum;
    const struct fw_image image = { .format = fw_format_find(format),
                                    .width = 20,
                                    .height = 10,
                                    .data = { pixels },
                                    .stride = { 64 } };
    writing->wish.kind = FW_STILL_JPEG;
    writing->video = (struct fw_video){ .format = image.format, .width = 20, .height = 10 };
    writing->fd = memfd_create("jpeg", 0);
    cr_assert_eq(fw_still_writer_open(&writer, writing, &err), FW_OK, "%s", err.text);
    cr_assert_eq(fw_still_writer_frame(writer, &image, 0, &err), FW_OK, "%s", err.text);
    cr_assert_eq(fw_still_writer_finish(writer, &sum, &err), FW_OK, "%s", err.text);
    fw_still_writer_close(writer);
    cr_assert_eq(fw_still_reader_open(&reader, writing->fd, &roomy, &err), FW_OK, "%s", err.text);
    return reader;
}

static void same_note(const struct fw_note *a, const struct fw_note *b)
{
    cr_assert_eq(a->kind, b->kind);
    cr_assert_str_eq(a->name, b->name);
    cr_assert_eq(a->raw_bytes, b->raw_bytes, "%s", a->name);
    cr_assert_eq(memcmp(a->raw, b->raw, a->raw_bytes), 0, "%s", a->name);
    cr_assert_eq(a->plain_bytes, b->plain_bytes, "%s: %zu %zu", a->name, a->plain_bytes,
                 b->plain_bytes);
    cr_assert_eq(!a->plain, !b->plain);
    if (a->plain)
        cr_assert_eq(memcmp(a->plain, b->plain, a->plain_bytes), 0, "%s", a->name);
}

Test(jpeg_notes, all_come_back_byte_by_byte)
{
    struct fw_notes notes = { 0 };
    struct fw_losses losses = { 0 };
    fill(&notes);
    struct fw_still_writing writing = { .notes = &notes, .losses = &losses };
    struct fw_still_reader *reader = write_and_open(&writing, "rgb24");
    const struct fw_notes *back = fw_still_reader_notes(reader);
    cr_assert_eq(back->count, notes.count);
    for (uint32_t i = 0; i < notes.count; i++)
        same_note(&notes.items[i], &back->items[i]);
    cr_assert_eq(losses.count, 0);
    cr_assert_eq(fw_still_reader_losses(reader)->count, 0);
    cr_assert_eq(fw_still_reader_head(reader)->orientation, 6);
    fw_still_reader_close(reader);
    close(writing.fd);
    fw_notes_deinit(&notes);
}

/* Nothing but the orientation and the size changes; the thumbnail stays. */
Test(jpeg_notes, a_turned_picture_says_so)
{
    struct fw_notes notes = { 0 };
    uint8_t want[sizeof(exif)];
    fill(&notes);
    memcpy(want, exif, sizeof(want));
    want[18] = 1;
    want[48] = 20;
    want[60] = 10;
    struct fw_still_writing writing = { .notes = &notes, .upright = true, .resized = true };
    struct fw_still_reader *reader = write_and_open(&writing, "rgb24");
    const struct fw_notes *back = fw_still_reader_notes(reader);
    cr_assert_eq(fw_still_reader_head(reader)->orientation, 1);
    cr_assert_eq(memcmp(fw_notes_find(back, FW_NOTE_EXIF)->plain, want, sizeof(want)), 0);
    cr_assert_str_eq((const char *)fw_notes_find(back, FW_NOTE_XMP)->plain,
                     "<x tiff:Orientation=\"1\"/>");
    cr_assert_eq(memcmp(fw_notes_find(&notes, FW_NOTE_EXIF)->plain, exif, sizeof(exif)), 0);
    fw_still_reader_close(reader);
    close(writing.fd);
    fw_notes_deinit(&notes);
}

Test(jpeg_notes, strip_leaves_none)
{
    struct fw_notes notes = { 0 };
    struct fw_losses losses = { 0 };
    fill(&notes);
    struct fw_still_writing writing = { .notes = &notes,
                                        .losses = &losses,
                                        .wish = { .strip = true } };
    struct fw_still_reader *reader = write_and_open(&writing, "rgb24");
    const struct fw_notes *back = fw_still_reader_notes(reader);
    cr_assert_eq(back->count, 1); /* the JFIF header that the format asks for */
    cr_assert_eq(back->items[0].kind, FW_NOTE_DENSITY);
    cr_assert_eq(losses.count, 0);
    fw_still_reader_close(reader);
    close(writing.fd);
    fw_notes_deinit(&notes);
}

Test(jpeg_notes, a_profile_of_other_colours_is_dropped)
{
    struct fw_notes notes = { 0 };
    struct fw_losses losses = { 0 };
    fill(&notes);
    struct fw_still_writing writing = { .notes = &notes, .losses = &losses };
    struct fw_still_reader *reader = write_and_open(&writing, "gray");
    cr_assert_null(fw_notes_find(fw_still_reader_notes(reader), FW_NOTE_ICC));
    cr_assert_not_null(fw_notes_find(fw_still_reader_notes(reader), FW_NOTE_EXIF));
    cr_assert_eq(losses.count, 1);
    cr_assert_not_null(strstr(losses.items[0].detail, "not for gray"));
    fw_losses_deinit(&losses);
    fw_still_reader_close(reader);
    close(writing.fd);
    fw_notes_deinit(&notes);
}

/* As a camera writes it: EXIF first, no JFIF. */
Test(jpeg_notes, no_jfif_header_where_the_source_had_none)
{
    struct fw_notes notes = { .origin = FW_STILL_JPEG };
    add_headed(&notes, FW_NOTE_EXIF, "APP1", "Exif\0", 6, exif, sizeof(exif));
    struct fw_still_writing writing = { .notes = &notes };
    struct fw_still_reader *reader = write_and_open(&writing, "rgb24");
    uint8_t start[4];
    cr_assert_eq(pread(writing.fd, start, 4, 0), 4);
    cr_assert_eq(start[3], 0xe1);
    cr_assert_eq(fw_still_reader_notes(reader)->count, 1);
    fw_still_reader_close(reader);
    close(writing.fd);
    fw_notes_deinit(&notes);
}

static void fill_foreign(struct fw_notes *notes)
{
    const struct fw_density density = { 11811, 11811, 1 };
    const struct fw_color wide = { .primaries = 9, .transfer = 16 };
    uint8_t *long_bytes = calloc(1, 200000);
    notes->origin = FW_STILL_PNG;
    add(notes, FW_NOTE_TEXT, "Title", NULL, 0, "T\xc3\xa4", 3);
    add(notes, FW_NOTE_TEXT, "Comment", NULL, 0, "alone", 5);
    add(notes, FW_NOTE_DENSITY, "pHYs", NULL, 0, &density, sizeof(density));
    add(notes, FW_NOTE_COLOR, "cICP", NULL, 0, &wide, sizeof(wide));
    memcpy(long_bytes + 16, "RGB ", 4);
    add(notes, FW_NOTE_ICC, "iCCP", NULL, 0, long_bytes, 140000);
    add(notes, FW_NOTE_XMP, "iTXt", NULL, 0, long_bytes, 65505);
    add(notes, FW_NOTE_IPTC, "zTXt", NULL, 0, long_bytes, 150000);
    add(notes, FW_NOTE_OTHER, "tIME", "\7\x7e\1\1\1\1\1", 7, NULL, 0);
    add(notes, FW_NOTE_EXIF, "eXIf", NULL, 0, exif, sizeof(exif));
    free(long_bytes);
}

Test(jpeg_notes, those_of_other_kinds_are_translated)
{
    struct fw_notes notes = { 0 };
    struct fw_losses losses = { 0 };
    struct fw_density density;
    fill_foreign(&notes);
    struct fw_still_writing writing = { .notes = &notes, .losses = &losses, .upright = true };
    struct fw_still_reader *reader = write_and_open(&writing, "rgb24");
    const struct fw_notes *back = fw_still_reader_notes(reader);
    cr_assert_eq(back->items[0].kind, FW_NOTE_DENSITY);
    memcpy(&density, back->items[0].plain, sizeof(density));
    cr_assert_eq(density.x, 11811);
    cr_assert_eq(back->items[1].kind, FW_NOTE_EXIF);
    cr_assert_eq(back->items[1].plain_bytes, sizeof(exif));
    cr_assert_eq(back->items[1].plain[18], 1);
    cr_assert_str_eq((const char *)back->items[2].plain, "Title: T\xc3\xa4");
    cr_assert_str_eq((const char *)back->items[3].plain, "alone");
    cr_assert_eq(fw_notes_find(back, FW_NOTE_ICC)->plain_bytes, 140000);
    cr_assert_eq(fw_notes_find(back, FW_NOTE_IPTC)->plain_bytes, 150000);
    cr_assert_eq(losses.count, 2);
    cr_assert_str_eq(losses.items[0].detail, "XMP over 64 KiB");
    cr_assert_str_eq(losses.items[1].detail, "tIME");
    fw_losses_deinit(&losses);
    fw_still_reader_close(reader);
    close(writing.fd);
    fw_notes_deinit(&notes);
}

/* Places in the file that a list of further pictures tells would be wrong in another file. */
Test(jpeg_notes, further_pictures_are_listed_as_lost)
{
    struct fw_notes notes = { .origin = FW_STILL_JPEG };
    add(&notes, FW_NOTE_OTHER, "APP2", "MPF\0II*\0", 8, NULL, 0);
    struct fw_still_writing writing = { .notes = &notes };
    struct fw_still_reader *reader = write_and_open(&writing, "gray");
    cr_assert_eq(fw_still_reader_notes(reader)->count, 1);
    cr_assert_eq(fw_still_reader_losses(reader)->count, 1);
    cr_assert_str_eq(fw_still_reader_losses(reader)->items[0].detail,
                     "MPF, further pictures behind the first");
    fw_still_reader_close(reader);
    close(writing.fd);
    fw_notes_deinit(&notes);
}
