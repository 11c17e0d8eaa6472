/* What a PNG says beside its pixels: kept as it stands, put right, translated, or listed. */
#include "png_bench.h"

/* ---- notes -------------------------------------------------------------------------------- */

static const uint8_t exif[] = { 'I', 'I', '*', 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3,
                                0,   1,   0,   0, 0, 6, 0, 0, 0, 0, 0,    0, 0 };
static const char xmp[] = "XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation=\"6\"/>";
static const char damaged_text[] = "no zero";

struct extra {
    const char *type;
    const void *bytes;
    size_t count;
    bool kept;
};

static const uint8_t srgb[1];
static const uint8_t gamma_bytes[4] = { 0, 0, 0xb1, 0x8f };
static const uint8_t density[9] = { 0, 0, 0x0b, 0x13, 0, 0, 0x0b, 0x13, 1 };
static const uint8_t sbit[3] = { 5, 6, 5 };
static const uint8_t background[6] = { 0, 1, 0, 2, 0, 3 };
static const uint8_t date[7] = { 7, 0xe6, 1, 2, 3, 4, 5 };
static const struct extra extras[] = {
    { "sRGB", srgb, 1, true },
    { "gAMA", gamma_bytes, 4, true },
    { "gAMA", gamma_bytes, 4, false },
    { "sBIT", sbit, 3, true },
    { "bKGD", background, 6, true },
    { "pHYs", density, 9, true },
    { "eXIf", exif, sizeof(exif), true },
    { "tIME", date, 7, true },
    { "tEXt", "Title\0caf\xe9", 10, true },
    { "iTXt", xmp, sizeof(xmp) - 1, true },
    { "tEXt", damaged_text, 7, false },
    { "abCd", "safe", 4, true },
    { "abCD", "bound", 5, false },
};
#define EXTRAS (sizeof(extras) / sizeof(extras[0]))

/* A picture with the chunks put in behind its head. */
static struct file make_with_notes(void)
{
    const struct sample_picture picture = { 7, 5, 2, 8, false, false };
    struct file plain = make(&picture);
    struct file file = { 0 };
    append(&file, plain.bytes, 33);
    for (size_t i = 0; i < EXTRAS; i++)
        append_chunk(&file, extras[i].type, extras[i].bytes, extras[i].count);
    append(&file, plain.bytes + 33, plain.count - 33);
    free(plain.bytes);
    return file;
}

Test(png_notes, keeps_chunks_as_they_are)
{
    struct file file = make_with_notes();
    struct read read;
    cr_assert_eq(read_whole(&read, &file, false), FW_OK, "%s", read.err.text);
    cr_expect_eq(fw_still_reader_head(read.reader)->orientation, 6);
    cr_expect_eq(fw_still_reader_losses(read.reader)->count, 3);
    cr_expect_eq(read.offer.video.color.primaries, 1);
    cr_expect_eq(read.offer.video.color.transfer, 13);
    const struct fw_notes *notes = fw_still_reader_notes(read.reader);
    const struct fw_note *text = fw_notes_find(notes, FW_NOTE_TEXT);
    cr_assert(text);
    cr_expect_str_eq(text->name, "Title");
    cr_expect_eq(text->plain_bytes, 5);
    cr_expect(memcmp(text->plain, "caf\xc3\xa9", 5) == 0);
    cr_expect_eq(fw_notes_find(notes, FW_NOTE_EXIF)->plain_bytes, sizeof(exif));
    cr_expect(memcmp(fw_notes_find(notes, FW_NOTE_XMP)->plain, "<x ", 3) == 0);
    cr_expect_eq(
        ((const struct fw_density *)(const void *)fw_notes_find(notes, FW_NOTE_DENSITY)->plain)->x,
        2835);
    struct fw_losses losses = { 0 };
    struct fw_still_writing writing = writing_of(&read);
    writing.losses = &losses;
    struct file back = write_images(&writing, &read.image, 1, 0);
    cr_expect_eq(losses.count, 0);
    size_t at = 33;
    for (size_t i = 0; i < EXTRAS; i++) {
        if (!extras[i].kept)
            continue;
        cr_expect(memcmp(back.bytes + at + 4, extras[i].type, 4) == 0, "%s", extras[i].type);
        cr_expect(memcmp(back.bytes + at + 8, extras[i].bytes, extras[i].count) == 0, "%s",
                  extras[i].type);
        at += extras[i].count + 12;
    }
    read_close(&read);
    free(back.bytes);
    free(file.bytes);
}

Test(png_notes, puts_orientation_right_and_lists_what_goes)
{
    struct file file = make_with_notes();
    struct read read;
    size_t count = 0;
    cr_assert_eq(read_whole(&read, &file, false), FW_OK);
    struct fw_losses losses = { 0 };
    struct fw_still_writing writing = writing_of(&read);
    writing.losses = &losses;
    writing.upright = true;
    uint8_t gray[35] = { 0 };
    const struct fw_image image = {
        .format = fw_format_find("gray"), .width = 7, .height = 5, .data = { gray }, .stride = { 7 }
    };
    writing.video.format = image.format;
    struct file back = write_images(&writing, &image, 1, 0);
    cr_expect_eq(losses.count, 2, "%u", losses.count); /* sBIT, bKGD */
    const uint8_t *after = find_chunk(&back, "eXIf", &count);
    cr_assert(after);
    cr_expect_eq(after[18], 1);
    after = find_chunk(&back, "iTXt", &count);
    cr_assert(after);
    cr_expect(memmem(after, count, "Orientation=\"1\"", 15));
    free(back.bytes);
    writing.wish.strip = true;
    losses.count = 0;
    back = write_images(&writing, &image, 1, 0);
    cr_expect_eq(losses.count, 0);
    cr_expect_null(find_chunk(&back, "eXIf", &count));
    cr_expect_not_null(find_chunk(&back, "gAMA", &count));
    free(back.bytes);
    fw_losses_deinit(&losses);
    read_close(&read);
    free(file.bytes);
}

/* Notes of another kind become chunks, and are read as the same. */
Test(png_notes, translates_notes)
{
    struct fw_error err = { 0 };
    struct fw_notes notes = { .origin = FW_STILL_JPEG };
    struct fw_density dots = { 300, 300, 1 };
    uint8_t icc[200] = { 0 };
    uint8_t pixels[3] = { 1, 2, 3 };
    memcpy(icc + 16, "RGB ", 4);
    cr_assert_eq(fw_notes_add(&notes, FW_NOTE_EXIF, "APP1", 0, NULL, 0, exif, sizeof(exif), &err),
                 0);
    cr_assert_eq(fw_notes_add(&notes, FW_NOTE_XMP, "APP1", 0, NULL, 0, "<x/>", 4, &err), 0);
    cr_assert_eq(fw_notes_add(&notes, FW_NOTE_ICC, "APP2", 0, NULL, 0, icc, sizeof(icc), &err), 0);
    cr_assert_eq(fw_notes_add(&notes, FW_NOTE_TEXT, "Comment", 0, NULL, 0, "h\xc3\xa9", 3, &err),
                 0);
    cr_assert_eq(fw_notes_add(&notes, FW_NOTE_DENSITY, "", 0, NULL, 0, &dots, sizeof(dots), &err),
                 0);
    cr_assert_eq(fw_notes_add(&notes, FW_NOTE_IPTC, "APP13", 0, NULL, 0, "8BIM", 4, &err), 0);
    struct fw_losses losses = { 0 };
    const struct fw_image image = { .format = fw_format_find("rgb24"),
                                    .width = 1,
                                    .height = 1,
                                    .data = { pixels },
                                    .stride = { 3 } };
    struct fw_still_writing writing = {
        .wish = { .kind = FW_STILL_PNG },
        .video = { .format = image.format, .width = 1, .height = 1 },
        .notes = &notes,
        .frame_count = 1,
        .losses = &losses
    };
    struct file file = write_images(&writing, &image, 1, 0);
    struct read read;
    cr_assert_eq(read_whole(&read, &file, false), FW_OK, "%s", read.err.text);
    cr_expect_eq(losses.count, 1);
    cr_expect_eq(fw_still_reader_losses(read.reader)->count, 0);
    for (uint32_t i = 0; i < 5; i++) {
        const struct fw_note *note = fw_notes_find(fw_still_reader_notes(read.reader),
                                                   notes.items[i].kind);
        cr_assert(note, "%u", i);
        cr_expect_eq(note->plain_bytes, notes.items[i].plain_bytes, "%u", i);
        cr_expect(memcmp(note->plain, notes.items[i].plain, note->plain_bytes) == 0, "%u", i);
    }
    fw_losses_deinit(&losses);
    fw_notes_deinit(&notes);
    read_close(&read);
    free(file.bytes);
}

/* Code points there and back, and a profile that does not fit gray. */
Test(png_notes, says_colours)
{
    static const uint8_t points[][2] = { { 1, 13 }, { 9, 16 }, { 12, 4 }, { 5, 5 }, { 1, 1 } };
    uint8_t pixels[3] = { 1, 2, 3 };
    const struct fw_image image = { .format = fw_format_find("rgb24"),
                                    .width = 1,
                                    .height = 1,
                                    .data = { pixels },
                                    .stride = { 3 } };
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        struct fw_still_writing writing = {
            .wish = { .kind = FW_STILL_PNG },
            .video = { .format = image.format,
                       .width = 1,
                       .height = 1,
                       .color = { .primaries = points[i][0], .transfer = points[i][1] } },
            .frame_count = 1,
        };
        struct file file = write_images(&writing, &image, 1, 0);
        struct read read;
        cr_assert_eq(read_whole(&read, &file, false), FW_OK);
        cr_expect_eq(read.offer.video.color.primaries, points[i][0], "%zu", i);
        cr_expect_eq(read.offer.video.color.transfer, points[i][1], "%zu", i);
        read_close(&read);
        free(file.bytes);
    }
}
