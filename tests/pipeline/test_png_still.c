/* The PNG codec: what libpng writes is read, what is written is read by libpng. */
#include "png_bench.h"

/* ---- every shape -------------------------------------------------------------------------- */

static void round_trip(const struct sample_picture *picture, bool raw)
{
    char what[128];
    struct read first;
    struct read second;
    struct file file = make(picture);
    (void)snprintf(what, sizeof(what), "%ux%u type %d depth %d%s%s%s", picture->width,
                   picture->height, picture->color_type, picture->depth,
                   picture->interlaced ? " interlaced" : "", picture->transparent ? " tRNS" : "",
                   raw ? " raw" : "");
    cr_assert_eq(read_whole(&first, &file, raw), FW_OK, "%s: %s", what, first.err.text);
    if (!raw || picture->color_type != 3)
        expect_expanded(&first, &file, what);
    struct fw_still_writing writing = writing_of(&first);
    struct fw_still_wish wish = { .kind = FW_STILL_PNG };
    cr_assert_eq(fw_still_fit(&wish, &first.offer.video, writing.source, NULL),
                 first.offer.video.format);
    struct file back = write_images(&writing, &first.image, 1, 0);
    cr_assert_eq(read_whole(&second, &back, raw), FW_OK, "%s: %s", what, second.err.text);
    cr_assert(same_pixels(&first.image, &second.image), "%s", what);
    if (raw || picture->color_type != 3) {
        size_t count = 0;
        const struct fw_still_traits *a = &fw_still_reader_head(first.reader)->traits;
        const struct fw_still_traits *b = &fw_still_reader_head(second.reader)->traits;
        cr_assert(memcmp(a, b, sizeof(*a)) == 0, "%s", what);
        const uint8_t *before = find_chunk(&file, "tRNS", &count);
        const uint8_t *after = find_chunk(&back, "tRNS", &count);
        cr_assert_eq(before != NULL, after != NULL, "%s", what);
        cr_assert(!before || memcmp(before, after, count) == 0, "%s", what);
        if (picture->color_type != 3)
            expect_expanded(&second, &back, what);
    }
    read_close(&first);
    read_close(&second);
    free(file.bytes);
    free(back.bytes);
}

Test(png_still, reads_and_writes_every_shape)
{
    static const struct {
        int color_type, depth;
        bool can_be_transparent;
    } shapes[] = {
        { 0, 1, true }, { 0, 2, true },  { 0, 4, true },   { 0, 8, true },  { 0, 16, true },
        { 2, 8, true }, { 2, 16, true }, { 3, 1, true },   { 3, 2, true },  { 3, 4, true },
        { 3, 8, true }, { 4, 8, false }, { 4, 16, false }, { 6, 8, false }, { 6, 16, false },
    };
    static const uint32_t sizes[][2] = { { 1, 1 }, { 7, 5 }, { 33, 17 }, { 2, 9 }, { 70, 3 } };
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        for (uint32_t variant = 0; variant < 8 * sizeof(sizes) / sizeof(sizes[0]); variant++) {
            const struct sample_picture picture = {
                sizes[variant / 8][0], sizes[variant / 8][1], shapes[i].color_type,
                shapes[i].depth,       (variant & 1) != 0,    (variant & 2) != 0,
            };
            if (picture.transparent && !shapes[i].can_be_transparent)
                continue;
            round_trip(&picture, (variant & 4) != 0);
        }
    }
}

Test(png_still, gives_planes)
{
    const struct sample_picture picture = { 33, 17, 6, 16, false, false };
    struct file file = make(&picture);
    struct read packed;
    struct read planar;
    struct fw_still_offer offers[FW_STILL_OFFERS_MAX];
    struct fw_image_layout layout;
    int64_t delay = 0;
    cr_assert_eq(read_whole(&packed, &file, false), FW_OK);
    cr_assert_eq(read_open(&planar, &file, false), FW_OK);
    cr_assert_eq(fw_still_reader_offers(planar.reader, FW_STILL_JPEG, offers), 2);
    cr_assert_str_eq(offers[1].video.format->name, "gbrap16le");
    cr_assert_eq(fw_image_layout(&layout, offers[1].video.format, 33, 17), 0);
    free(planar.block);
    planar.block = aligned_alloc(FW_IMAGE_ALIGN, layout.bytes);
    planar.offer = offers[1];
    fw_image_map(&planar.image, &layout, offers[1].video.format, 33, 17, planar.block);
    cr_assert_eq(fw_still_reader_begin(planar.reader, &offers[1], &planar.err), FW_OK);
    cr_assert_eq(read_next(&planar, &delay), FW_OK);
    struct fw_still_writing writing = writing_of(&packed);
    struct file a = write_images(&writing, &packed.image, 1, 0);
    writing = writing_of(&planar);
    struct file b = write_images(&writing, &planar.image, 1, 0);
    cr_assert_eq(a.count, b.count);
    cr_assert(memcmp(a.bytes, b.bytes, a.count) == 0);
    read_close(&packed);
    read_close(&planar);
    free(a.bytes);
    free(b.bytes);
    free(file.bytes);
}

/* A pixel that no longer agrees: the depth and the key go, the pixels stay. */
Test(png_still, keeps_no_key_that_would_lie)
{
    const struct sample_picture shapes[] = { { 33, 17, 0, 4, false, true },
                                             { 33, 17, 2, 8, false, true },
                                             { 33, 17, 0, 2, false, false } };
    for (size_t i = 0; i < 3; i++) {
        struct file file = make(&shapes[i]);
        struct read first;
        struct read second;
        cr_assert_eq(read_whole(&first, &file, false), FW_OK);
        first.image.data[0][5 * first.image.stride[0] + (i == 1 ? 3 : i == 0 ? 1 : 0)] = 77;
        struct fw_still_writing writing = writing_of(&first);
        struct file back = write_images(&writing, &first.image, 1, 0);
        cr_assert_eq(read_whole(&second, &back, false), FW_OK);
        cr_assert(same_pixels(&first.image, &second.image), "%zu", i);
        cr_assert_eq(fw_still_reader_head(second.reader)->traits.png_color_type,
                     shapes[i].color_type | (i < 2 ? 4 : 0));
        read_close(&first);
        read_close(&second);
        free(file.bytes);
        free(back.bytes);
    }
}

/* ---- animation ---------------------------------------------------------------------------- */

#define FRAMES 4u

static void animate(const char *name, uint32_t said)
{
    struct fw_image images[FRAMES];
    struct fw_image_layout layout;
    const struct fw_format *format = fw_format_find(name);
    cr_assert_eq(fw_image_layout(&layout, format, 9, 6), 0);
    for (uint32_t i = 0; i < FRAMES; i++) {
        uint8_t *block = malloc(layout.bytes);
        for (size_t k = 0; k < layout.bytes; k++)
            block[k] = (uint8_t)next_random();
        fw_image_map(&images[i], &layout, format, 9, 6, block);
    }
    struct fw_still_writing writing = { .wish = { .kind = FW_STILL_PNG },
                                        .video = { .format = format, .width = 9, .height = 6 },
                                        .frame_count = said,
                                        .loop_count = 3 };
    struct file file = write_images(&writing, images, FRAMES, 33333);
    struct read read;
    int64_t delay = 0;
    cr_assert_eq(read_open(&read, &file, false), FW_OK, "%s", read.err.text);
    cr_expect_eq(fw_still_reader_head(read.reader)->frame_count, FRAMES);
    cr_expect_eq(fw_still_reader_head(read.reader)->loop_count, 3);
    for (uint32_t i = 0; i < FRAMES; i++) {
        cr_assert_eq(read_next(&read, &delay), FW_OK, "%s", read.err.text);
        cr_expect_eq(delay, 33333);
        cr_expect(same_pixels(&read.image, &images[i]), "%s %u", name, i);
        free(images[i].data[0]);
    }
    cr_expect_eq(read_next(&read, &delay), FW_END);
    read_close(&read);
    free(file.bytes);
}

Test(png_still, animates)
{
    animate("rgba", FRAMES);
    animate("gray", FRAMES);
    animate("rgba64le", 0);
    animate("rgb24", 0);
}

static void append_zipped(struct file *file, bool first, uint32_t *sequence, const uint8_t *raw,
                          size_t count)
{
    uint8_t packed[4 + 512];
    uLongf packed_count = 512;
    cr_assert_eq(compress(packed + 4, &packed_count, raw, count), Z_OK);
    fw_png_put32(packed, first ? 0 : (*sequence)++);
    append_chunk(file, first ? "IDAT" : "fdAT", first ? packed + 4 : packed,
                 packed_count + (first ? 0 : 4));
}

/* A 2x1 canvas: blue and blue; half red over its right pixel, then removed as told. */
static struct file make_parts(uint8_t dispose)
{
    static const uint8_t head[13] = { 0, 0, 0, 2, 0, 0, 0, 1, 8, 6 };
    static const uint8_t blue[9] = { 0, 0, 0, 255, 255, 0, 0, 255, 255 };
    static const uint8_t red[5] = { 0, 255, 0, 0, 128 };
    static const uint8_t clear[5] = { 0, 9, 9, 9, 0 };
    uint8_t control[8] = { 0, 0, 0, 3 };
    uint32_t sequence = 0;
    struct file file = { 0 };
    append(&file, "\x89PNG\r\n\x1a\n", 8);
    append_chunk(&file, "IHDR", head, 13);
    append_chunk(&file, "acTL", control, 8);
    for (uint32_t i = 0; i < 3; i++) {
        uint8_t frame[26] = { 0 };
        fw_png_put32(frame, sequence++);
        fw_png_put32(frame + 4, i == 0 ? 2 : 1);
        fw_png_put32(frame + 8, 1);
        fw_png_put32(frame + 12, i == 1);
        fw_png_put16(frame + 20, 1);
        frame[24] = i == 1 ? dispose : 0;
        frame[25] = i > 0;
        append_chunk(&file, "fcTL", frame, 26);
        append_zipped(&file, i == 0, &sequence,
                      i == 0   ? blue
                      : i == 1 ? red
                               : clear,
                      i == 0 ? 9 : 5);
    }
    append_chunk(&file, "IEND", "", 0);
    return file;
}

Test(png_still, composes_parts)
{
    static const uint8_t mixed[4] = { 128, 0, 127, 255 };
    static const uint8_t blue[4] = { 0, 0, 255, 255 };
    static const uint8_t none[4];
    for (uint8_t dispose = 0; dispose < 3; dispose++) {
        struct file file = make_parts(dispose);
        struct read read;
        int64_t delay = 0;
        cr_assert_eq(read_open(&read, &file, false), FW_OK, "%s", read.err.text);
        cr_assert_str_eq(read.offer.video.format->name, "rgba");
        cr_assert_eq(read_next(&read, &delay), FW_OK, "%s", read.err.text);
        cr_expect_eq(delay, 10000);
        cr_expect(memcmp(read.image.data[0] + 4, blue, 4) == 0);
        cr_assert_eq(read_next(&read, &delay), FW_OK, "%s", read.err.text);
        cr_expect(memcmp(read.image.data[0], blue, 4) == 0);
        cr_expect(memcmp(read.image.data[0] + 4, mixed, 4) == 0);
        cr_assert_eq(read_next(&read, &delay), FW_OK, "%s", read.err.text);
        cr_expect(memcmp(read.image.data[0] + 4,
                         dispose == 0   ? mixed
                         : dispose == 1 ? none
                                        : blue,
                         4) == 0,
                  "dispose %u", dispose);
        cr_expect_eq(read_next(&read, &delay), FW_END);
        read_close(&read);
        for (size_t count = 8; count < file.count; count++)
            cr_assert_eq(read_bytes(file.bytes, count), FW_ERR_INPUT, "%zu", count);
        free(file.bytes);
    }
}

/* Numbers out of order, and fewer pictures than said. */
Test(png_still, refuses_a_broken_animation)
{
    struct file file = make_parts(0);
    for (uint32_t round = 0; round < 2; round++) {
        const char *type = round == 0 ? "fdAT" : "acTL";
        struct file broken = { 0 };
        append(&broken, file.bytes, 8);
        for (size_t at = 8; at < file.count;) {
            uint8_t payload[1024];
            char name[5] = { 0 };
            uint32_t count = fw_png_get32(file.bytes + at);
            cr_assert_leq(count, sizeof(payload));
            memcpy(name, file.bytes + at + 4, 4);
            memcpy(payload, file.bytes + at + 8, count);
            if (strcmp(name, type) == 0)
                payload[3]++;
            append_chunk(&broken, name, payload, count);
            at += count + 12;
        }
        cr_expect_eq(read_bytes(broken.bytes, broken.count), FW_ERR_INPUT, "%s", type);
        free(broken.bytes);
    }
    free(file.bytes);
}

/* ---- strips ------------------------------------------------------------------------------- */

Test(png_still, big_ones_do_not_depend_on_threads)
{
    const int32_t side = 5000; /* three strips of gray */
    struct file files[3];
    uint8_t *pixels = malloc((size_t)side * (size_t)side);
    for (size_t i = 0; i < (size_t)side * (size_t)side; i++)
        pixels[i] = (uint8_t)(i % 1000 < 500 ? i / 97 + i % 31 : i * i >> (i / 4000000));
    const struct fw_image image = { .format = fw_format_find("gray"),
                                    .width = side,
                                    .height = side,
                                    .data = { pixels },
                                    .stride = { side } };
    for (uint32_t i = 0; i < 3; i++) {
        struct fw_still_writing writing = {
            .wish = { .kind = FW_STILL_PNG, .threads = 1u << i, .compression_plus1 = 2 },
            .video = { .format = image.format, .width = side, .height = side },
            .frame_count = 1,
        };
        files[i] = write_images(&writing, &image, 1, 0);
        cr_assert_eq(files[i].count, files[0].count);
        cr_assert(memcmp(files[i].bytes, files[0].bytes, files[0].count) == 0);
    }
    struct read read;
    cr_assert_eq(read_whole(&read, &files[0], false), FW_OK, "%s", read.err.text);
    cr_expect(same_pixels(&read.image, &image));
    expect_expanded(&read, &files[0], "strips");
    read_close(&read);
    for (uint32_t i = 0; i < 3; i++)
        free(files[i].bytes);
    free(pixels);
}
