/* Pictures beside PNG and JPEG: there and back without a changed bit, cut and broken files. */
#include "still_pictures.h"

/* ---- there and back ----------------------------------------------------------------------- */

struct row {
    enum fw_still_kind kind;
    const char *formats;
};

static const struct row rows[] = {
    { FW_STILL_TIFF, "rgb24 rgb48le gray gray16le ya8 ya16le rgba rgba64le pal8 monob" },
    { FW_STILL_BMP, "bgr24 bgra pal8" },
    { FW_STILL_PNM, "gray gray16le rgb24 rgb48le monow" },
    { FW_STILL_PAM, "gray gray16le ya8 ya16le rgb24 rgb48le rgba rgba64le monob" },
    { FW_STILL_EXR, "gbrpf32le gbrapf32le grayf32le" },
    { FW_STILL_FARBFELD, "rgba64le" },
    { FW_STILL_QOI, "rgb24 rgba" },
    { FW_STILL_GIF, "pal8" },
    { FW_STILL_WEBP, "rgb24 rgba" },
};

static void round_trip(enum fw_still_kind kind, const char *format)
{
    const struct fw_still_head head = { .kind = kind, .frame_count = 1 };
    struct fw_still_writing like = { .wish = { .kind = kind, .lossless = 1 }, .source = &head };
    struct written out;
    struct read in;
    for (uint32_t seed = 1; seed < 4; seed++) {
        struct picture picture = draw(format, seed);
        struct fw_video video = { .format = picture.image.format };
        cr_assert_eq(fw_still_fit(&like.wish, &video, &head, NULL), picture.image.format,
                     "%s: %s becomes %s", fw_still_kind_name(kind), format,
                     fw_still_fit(&like.wish, &video, &head, NULL)->name);
        like.wish.compression_plus1 = seed == 3 ? 1 : 0;
        (void)write_all(&out, &like, &picture, NULL, 1);
        read_all(&in, out.fd, kind, NULL);
        cr_assert_eq(in.status, FW_END, "%s %s: %s", fw_still_kind_name(kind), format, in.err.text);
        cr_assert_eq(in.count, 1);
        const bool palette = picture.image.format->flags & FW_FORMAT_PALETTE;
        cr_assert_eq(fw_still_reader_head(in.reader)->width, WIDTH);
        if (!palette)
            cr_assert(equal(&picture.image, &in.pictures[0].image), "%s %s: %s",
                      fw_still_kind_name(kind), format, in.pictures[0].image.format->name);
        for (int32_t y = 0; palette && y < HEIGHT; y++) {
            for (int32_t x = 0; x < WIDTH; x++) {
                const struct fw_image *a = &picture.image;
                const struct fw_image *b = &in.pictures[0].image;
                const uint8_t i = a->data[0][y * a->stride[0] + x];
                cr_assert_eq(i, b->data[0][y * b->stride[0] + x]);
                cr_assert_eq(memcmp(a->data[1] + 4 * i, b->data[1] + 4 * i, 4), 0);
            }
        }
        cr_assert_eq(out.losses.count, 0, "%s", out.losses.count ? out.losses.items[0].detail : "");
        close_read(&in);
        close_written(&out);
        free(picture.base);
    }
}

static void each(void (*call)(enum fw_still_kind kind, const char *format))
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char words[200];
        char *rest = NULL;
        (void)snprintf(words, sizeof(words), "%s", rows[i].formats);
        for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
            call(rows[i].kind, word);
    }
}

Test(still_lavc, every_format_comes_back)
{
    each(round_trip);
}

/* ---- damage ------------------------------------------------------------------------------- */

static uint8_t *bytes_of(int fd, size_t *count_out)
{
    *count_out = (size_t)lseek(fd, 0, SEEK_END);
    uint8_t *bytes = malloc(*count_out + 1);
    cr_assert_eq(pread(fd, bytes, *count_out, 0), (ssize_t)*count_out);
    return bytes;
}

static int file_of(const uint8_t *bytes, size_t count)
{
    int fd = memfd_create("broken", MFD_CLOEXEC);
    cr_assert_eq(write(fd, bytes, count), (ssize_t)count);
    return fd;
}

static void check_cuts(enum fw_still_kind kind, const char *format)
{
    const struct fw_still_head head = { .kind = kind, .frame_count = 1 };
    const struct fw_still_writing like = { .wish = { .kind = kind, .lossless = 1 },
                                           .source = &head };
    struct written out;
    size_t count;
    struct picture picture = draw(format, 5);
    (void)write_all(&out, &like, &picture, NULL, 1);
    uint8_t *bytes = bytes_of(out.fd, &count);
    const size_t step = count > 2000 ? 7 : 1;
    for (size_t cut = 0; cut < count; cut += step) {
        struct read in;
        int fd = file_of(bytes, cut);
        read_all(&in, fd, kind, NULL);
        cr_assert_eq(in.status, FW_ERR_INPUT, "%s %s cut at %zu of %zu: %d",
                     fw_still_kind_name(kind), format, cut, count, in.status);
        cr_assert_neq(in.err.text[0], '\0');
        close_read(&in);
        (void)close(fd);
    }
    free(bytes);
    free(picture.base);
    close_written(&out);
}

Test(still_lavc, cut_files_are_refused)
{
    each(check_cuts);
}

static void check_flips(enum fw_still_kind kind, const char *format)
{
    const struct fw_still_head head = { .kind = kind, .frame_count = 1 };
    const struct fw_still_writing like = { .wish = { .kind = kind, .lossless = 1 },
                                           .source = &head };
    struct written out;
    size_t count;
    struct picture picture = draw(format, 9);
    (void)write_all(&out, &like, &picture, NULL, 1);
    uint8_t *bytes = bytes_of(out.fd, &count);
    uint32_t state = 77;
    for (uint32_t i = 0; i < 150; i++) {
        struct read in;
        size_t at = i < 100 && i < count ? i : next_random(&state) % count;
        const uint8_t old = bytes[at];
        bytes[at] = (uint8_t)next_random(&state);
        int fd = file_of(bytes, count);
        read_all(&in, fd, FW_STILL_PNG, NULL);
        cr_assert(in.status == FW_ERR_INPUT || in.status == FW_END || in.status == FW_OK,
                  "%s %s: %d %s", fw_still_kind_name(kind), format, in.status, in.err.text);
        close_read(&in);
        (void)close(fd);
        bytes[at] = old;
    }
    free(bytes);
    free(picture.base);
    close_written(&out);
}

Test(still_lavc, broken_files_do_no_harm)
{
    each(check_flips);
}

/* Packed data carry check sums: a changed byte in them is found, but for bits without meaning. */
static void check_sums(enum fw_still_kind kind, const char *format, int32_t at, uint32_t step)
{
    const struct fw_still_writing like = { .wish = { .kind = kind } };
    struct written out;
    size_t count;
    struct picture picture = draw(format, 9);
    const struct fw_image *image = &picture.image;
    /* EXR does not pack noise. */
    for (int32_t y = 0; at < 0 && y < HEIGHT * (int32_t)image->format->plane_count; y++) {
        for (int32_t x = 0; x < WIDTH * 4; x++)
            image->data[y / HEIGHT][y % HEIGHT * image->stride[0] + x] = x % 4 > 1 ? 0x3f : 0;
    }
    (void)write_all(&out, &like, &picture, NULL, 1);
    uint8_t *bytes = bytes_of(out.fd, &count);
    uint32_t refused = 0;
    const size_t first = at > 0 ? (size_t)at : count - (size_t)-at;
    for (size_t i = 0; i < 30; i++) {
        struct read in;
        bytes[first + i * step] ^= 0x10;
        int fd = file_of(bytes, count);
        read_all(&in, fd, kind, NULL);
        refused += in.status == FW_ERR_INPUT;
        cr_assert(in.status == FW_ERR_INPUT || equal(&in.pictures[0].image, image), "%s byte %zu",
                  fw_still_kind_name(kind), first + i * step);
        close_read(&in);
        (void)close(fd);
        bytes[first + i * step] ^= 0x10;
    }
    cr_assert_geq(refused, 25);
    free(bytes);
    free(picture.base);
    close_written(&out);
}

Test(still_lavc, damage_in_packed_data_is_found)
{
    check_sums(FW_STILL_TIFF, "rgb48le", 12, 11);
    check_sums(FW_STILL_EXR, "gbrpf32le", -30, 1);
}

static void refuse(const void *bytes, size_t count, const char *text)
{
    struct read in;
    int fd = file_of(bytes, count);
    read_all(&in, fd, FW_STILL_PNG, NULL);
    cr_assert_eq(in.status, FW_ERR_INPUT);
    cr_assert(strstr(in.err.text, text), "%s: %s", text, in.err.text);
    close_read(&in);
    (void)close(fd);
}

#define REFUSE(bytes, text) refuse(bytes, sizeof(bytes) - 1, text)

Test(still_lavc, sizes_out_of_range_are_refused)
{
    REFUSE("farbfeld\xff\xff\xff\xff\xff\xff\xff\xff________", "a side may");
    REFUSE("farbfeld\0\0\0\0\0\0\0\1________", "0x1");
    REFUSE("farbfeld\0\0\2\0\0\0\2\0________", "ends early");
    REFUSE("qoif\xff\xff\xff\xff\xff\xff\xff\xff\4\0________", "a side may");
    REFUSE("qoif\0\0\0\1\0\0\0\0\4\0________", "1x0");
    REFUSE("qoif\0\0\4\0\0\0\4\0\4\0________________", "ends early");
    REFUSE("qoif\0\0\0\1\0\0\0\1\5\0________", "head");
    REFUSE("P6\n100000 100000\n255\n____", "a side may");
    REFUSE("P6\n10 10\n70000\n____", "head");
    REFUSE("P6\n99999999999999999999 1\n255\n____", "head");
    REFUSE("GIF89a\xff\xff\xff\xff\0\0\0;", "a side may");
    REFUSE("GIF89a\1\0\1\0\0\0\0;", "no picture");
}
