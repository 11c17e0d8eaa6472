/* What goes along with pictures beside PNG and JPEG: times, notes, and what is listed as lost. */
#include "still_pictures.h"

static bool lists(const struct fw_losses *losses, const char *kind, const char *detail)
{
    for (uint32_t i = 0; i < losses->count; i++) {
        if (strcmp(losses->items[i].kind, kind) == 0 && strstr(losses->items[i].detail, detail))
            return true;
    }
    return false;
}

/* ---- animations --------------------------------------------------------------------------- */

static void blot(struct picture *picture, uint32_t seed)
{
    static const uint8_t colors[4][4] = {
        { 255, 0, 0, 255 }, { 0, 200, 9, 255 }, { 0, 0, 0, 0 }, { 1, 2, 3, 255 }
    };
    uint32_t state = seed;
    const size_t step = picture->image.format->component_count;
    for (int32_t y = 0; y < picture->image.height; y++) {
        for (int32_t x = 0; x < picture->image.width; x++)
            memcpy(picture->image.data[0] + y * picture->image.stride[0] + x * (int32_t)step,
                   colors[next_random(&state) / 64 % 4], step);
    }
}

static void animate(enum fw_still_kind kind, const char *format, uint32_t loops)
{
    static const int64_t delays[4] = { 30000, 70000, 1000000, 0 };
    const struct fw_still_writing like = { .wish = { .kind = kind, .lossless = 1 },
                                           .loop_count = loops };
    struct picture pictures[4];
    struct written out;
    struct read in;
    for (uint32_t i = 0; i < 4; i++) {
        pictures[i] = make_picture(format, WIDTH, HEIGHT);
        blot(&pictures[i], i == 2 && kind == FW_STILL_GIF ? 1 : i);
    }
    /* A WebP writer joins equal pictures, and drops what is shown for no time. */
    const uint32_t count = kind == FW_STILL_GIF ? 4 : 3;
    (void)write_all(&out, &like, pictures, delays, count);
    read_all(&in, out.fd, kind, format);
    cr_assert_eq(in.status, FW_END, "%s", in.err.text);
    cr_assert_eq(in.count, count);
    cr_assert_eq(fw_still_reader_head(in.reader)->loop_count, loops);
    cr_assert_eq(fw_still_reader_head(in.reader)->frame_count, count);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_eq(in.delays[i], delays[i], "%u: %ld", i, (long)in.delays[i]);
        cr_assert(equal(&in.pictures[i].image, &pictures[i].image), "%s picture %u",
                  fw_still_kind_name(kind), i);
    }
    cr_assert_eq(out.losses.count, 0, "%s", out.losses.count ? out.losses.items[0].detail : "");
    close_read(&in);
    close_written(&out);
    for (uint32_t i = 0; i < 4; i++)
        free(pictures[i].base);
}

Test(still_beside, animations_come_back)
{
    animate(FW_STILL_GIF, "rgba", 0);
    animate(FW_STILL_GIF, "rgba", 5);
    animate(FW_STILL_GIF, "rgb24", 1);
    animate(FW_STILL_WEBP, "rgba", 0);
    animate(FW_STILL_WEBP, "rgba", 5);
}

Test(still_beside, gif_lists_what_it_loses)
{
    static const int64_t delays[2] = { 33333, 33333 };
    const struct fw_still_writing like = { .wish = { .kind = FW_STILL_GIF } };
    struct picture pictures[2] = { make_picture("rgba", 64, 64), make_picture("rgba", 64, 64) };
    struct written out;
    uint32_t state = 3;
    for (size_t i = 0; i < 64 * (size_t)pictures[0].image.stride[0]; i++)
        pictures[0].image.data[0][i] = (uint8_t)next_random(&state);
    (void)write_all(&out, &like, pictures, delays, 2);
    cr_assert(lists(&out.losses, "converted", "256 colours"));
    cr_assert(lists(&out.losses, "converted", "alpha"));
    cr_assert(lists(&out.losses, "timestamps", "delays"));
    close_written(&out);
    free(pictures[0].base);
    free(pictures[1].base);
}

/* ---- notes -------------------------------------------------------------------------------- */

static const uint8_t exif[] =
    "MM\0*\0\0\0\10\0\2\1\17\0\2\0\0\0\6\0\0\0\46\1\22\0\3\0\0\0\1\0\6\0\0"
    "\0\0\0\0Maker\0";

static void add_notes(struct fw_notes *notes)
{
    struct fw_error err = { 0 };
    const struct fw_density density = { 11811, 11811, 1 };
    notes->origin = FW_STILL_PNG;
    cr_assert_eq(
        fw_notes_add(notes, FW_NOTE_EXIF, "eXIf", 0, NULL, 0, exif, sizeof(exif) - 1, &err), 0);
    cr_assert_eq(fw_notes_add(notes, FW_NOTE_XMP, "iTXt", 0, NULL, 0, "<x tiff:Orientation=\"6\"/>",
                              25, &err),
                 0);
    cr_assert_eq(fw_notes_add(notes, FW_NOTE_ICC, "iCCP", 0, NULL, 0, "a profile", 9, &err), 0);
    cr_assert_eq(fw_notes_add(notes, FW_NOTE_TEXT, "Title", 0, NULL, 0, "words", 5, &err), 0);
    cr_assert_eq(fw_notes_add(notes, FW_NOTE_TEXT, "Comment", 0, NULL, 0, "more words", 10, &err),
                 0);
    cr_assert_eq(
        fw_notes_add(notes, FW_NOTE_DENSITY, "pHYs", 0, NULL, 0, &density, sizeof(density), &err),
        0);
}

static bool holds(const struct fw_notes *notes, enum fw_note_kind kind, const void *bytes,
                  size_t count)
{
    const struct fw_note *note = fw_notes_find(notes, kind);
    return note && note->plain_bytes == count && memcmp(note->plain, bytes, count) == 0;
}

static void carry(enum fw_still_kind kind, uint32_t held, bool upright, uint32_t turn)
{
    static const char *const names[] = { "", "EXIF",    "XMP",          "ICC profile",
                                         "", "Comment", "pixel density" };
    struct fw_notes notes = { 0 };
    struct written out;
    struct read in;
    add_notes(&notes);
    const struct fw_still_writing like = { .wish = { .kind = kind },
                                           .notes = &notes,
                                           .upright = upright };
    struct picture picture = draw(kind == FW_STILL_EXR        ? "gbrpf32le"
                                  : kind == FW_STILL_FARBFELD ? "rgba64le"
                                  : kind == FW_STILL_BMP      ? "bgr24"
                                                              : "rgb24",
                                  4);
    (void)write_all(&out, &like, &picture, NULL, 1);
    read_all(&in, out.fd, kind, NULL);
    cr_assert_eq(in.status, FW_END, "%s", in.err.text);
    const struct fw_notes *found = fw_still_reader_notes(in.reader);
    cr_assert_eq(fw_still_reader_head(in.reader)->orientation, turn, "%s",
                 fw_still_kind_name(kind));
    cr_assert(lists(&out.losses, "metadata", "Title"));
    for (uint32_t i = FW_NOTE_EXIF; i <= FW_NOTE_DENSITY; i++) {
        /* EXR's encoder adds a text of its own. */
        if (!names[i][0] || (kind == FW_STILL_EXR && i == FW_NOTE_TEXT))
            continue;
        const bool kept = held & 1u << i;
        cr_assert_eq(fw_notes_find(found, (enum fw_note_kind)i) != NULL, kept, "%s %s",
                     fw_still_kind_name(kind), names[i]);
        cr_assert_eq(lists(&out.losses, "metadata", names[i]), !kept, "%s %s",
                     fw_still_kind_name(kind), names[i]);
    }
    if (held & 1u << FW_NOTE_ICC)
        cr_assert(holds(found, FW_NOTE_ICC, "a profile", 9));
    if (held & 1u << FW_NOTE_XMP)
        cr_assert(holds(found, FW_NOTE_XMP,
                        upright ? "<x tiff:Orientation=\"1\"/>" : "<x tiff:Orientation=\"6\"/>",
                        25));
    if (held & 1u << FW_NOTE_TEXT)
        cr_assert(holds(found, FW_NOTE_TEXT, "more words", 10));
    if (held & 1u << FW_NOTE_EXIF) {
        const struct fw_note *note = fw_notes_find(found, FW_NOTE_EXIF);
        cr_assert(memmem(note->plain, note->plain_bytes, "Maker", 5));
        cr_assert_eq(fw_exif_orientation(note->plain, note->plain_bytes), turn);
    }
    close_read(&in);
    close_written(&out);
    free(picture.base);
    fw_notes_deinit(&notes);
}

Test(still_beside, notes_go_along_or_are_listed)
{
    const uint32_t all = 1u << FW_NOTE_EXIF | 1u << FW_NOTE_XMP | 1u << FW_NOTE_ICC;
    carry(FW_STILL_TIFF, all | 1u << FW_NOTE_DENSITY, false, 6);
    carry(FW_STILL_TIFF, all | 1u << FW_NOTE_DENSITY, true, 1);
    carry(FW_STILL_WEBP, all, false, 6);
    carry(FW_STILL_WEBP, all, true, 1);
    carry(FW_STILL_GIF, 1u << FW_NOTE_XMP | 1u << FW_NOTE_ICC | 1u << FW_NOTE_TEXT, false, 1);
    carry(FW_STILL_PNM, 1u << FW_NOTE_TEXT, false, 1);
    carry(FW_STILL_PAM, 1u << FW_NOTE_TEXT, false, 1);
    carry(FW_STILL_BMP, 1u << FW_NOTE_DENSITY, false, 1);
    carry(FW_STILL_EXR, 0, false, 1);
    carry(FW_STILL_QOI, 0, false, 1);
    carry(FW_STILL_FARBFELD, 0, false, 1);
}

Test(still_beside, strip_leaves_nothing_and_loses_nothing)
{
    static const enum fw_still_kind kinds[] = { FW_STILL_TIFF, FW_STILL_WEBP, FW_STILL_GIF };
    struct fw_notes notes = { 0 };
    add_notes(&notes);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct fw_still_writing like = { .wish = { .kind = kinds[i], .strip = true },
                                               .notes = &notes };
        struct picture picture = draw("rgb24", 4);
        struct written out;
        struct read in;
        (void)write_all(&out, &like, &picture, NULL, 1);
        read_all(&in, out.fd, FW_STILL_PNG, NULL);
        cr_assert_eq(in.status, FW_END, "%s", in.err.text);
        cr_assert_eq(fw_still_reader_notes(in.reader)->count, 0);
        cr_assert(!lists(&out.losses, "metadata", ""));
        close_read(&in);
        close_written(&out);
        free(picture.base);
    }
    fw_notes_deinit(&notes);
}

Test(still_beside, lossy_webp_planes_are_taken_as_they_are)
{
    const struct fw_still_writing like = { .wish = { .kind = FW_STILL_WEBP } };
    struct picture picture = draw("rgb24", 4);
    struct written out;
    struct read in;
    (void)write_all(&out, &like, &picture, NULL, 1);
    read_all(&in, out.fd, FW_STILL_WEBP, NULL);
    cr_assert_eq(in.status, FW_END, "%s", in.err.text);
    cr_assert_str_eq(in.pictures[0].image.format->name, "yuv420p");
    const struct fw_still_head *head = fw_still_reader_head(in.reader);
    struct fw_video video = { .format = in.pictures[0].image.format, .color = { .range = 1 } };
    video.color.matrix = 5;
    cr_assert_eq(fw_still_fit(&like.wish, &video, head, NULL), video.format);
    close_read(&in);
    close_written(&out);
    free(picture.base);
}
