/* JPEG files that are cut, wrong, or too large. */
#include "jpeg_picture.h"

#include <stdio.h>

#include <jpeglib.h>

static int read_all(const uint8_t *bytes, size_t count, const struct fw_still_limits *limits,
                    bool raw, struct fw_error *err)
{
    struct fw_still_reader *reader = NULL;
    struct fw_still_offer offer;
    struct picture picture;
    int64_t delay;
    int fd = memfd_create("damaged", MFD_CLOEXEC);
    cr_assert_eq(write(fd, bytes, count), (ssize_t)count);
    int status = fw_still_reader_open(&reader, fd, limits, err);
    if (status == FW_OK) {
        if (!find_offer(reader, 1, raw, &offer))
            cr_assert(find_offer(reader, 1, false, &offer));
        picture_init(&picture, offer.video.format, offer.video.width, offer.video.height);
        status = fw_still_reader_begin(reader, &offer, err);
        if (status == FW_OK)
            status = fw_still_reader_next(reader, &picture.image, &delay, err);
        free(picture.block);
    }
    fw_still_reader_close(reader);
    close(fd);
    return status;
}

static size_t take_bytes(int fd, uint8_t *bytes, size_t room)
{
    ssize_t count = pread(fd, bytes, room, 0);
    cr_assert(count > 0 && (size_t)count < room);
    close(fd);
    return (size_t)count;
}

static size_t make_bytes(const char *format, int8_t progressive, uint8_t *bytes, size_t room)
{
    struct picture from;
    struct fw_still_writing writing = { .wish = { .quality = 85, .progressive = progressive } };
    picture_init(&from, fw_format_find(format), 41, 27);
    paint(&from);
    int fd = write_file(&writing, &from);
    free(from.block);
    return take_bytes(fd, bytes, room);
}

Test(jpeg_damage, a_cut_picture_is_no_picture)
{
    static const char *const formats[] = { "yuvj420p", "gray", "rgb24" };
    static uint8_t bytes[1 << 16];
    for (int i = 0; i < 6; i++) {
        size_t count = make_bytes(formats[i / 2], (int8_t)(i % 2 ? 1 : -1), bytes, sizeof(bytes));
        struct fw_error err = { 0 };
        cr_assert_eq(read_all(bytes, count, &roomy, true, &err), FW_OK, "%s", err.text);
        for (size_t cut = 0; cut < count; cut++) {
            err = (struct fw_error){ 0 };
            cr_assert_eq(read_all(bytes, cut, &roomy, cut % 2, &err), FW_ERR_INPUT, "cut at %zu",
                         cut);
            cr_assert_neq(err.text[0], 0);
        }
        /* Cut among the pixels, but with an end. */
        for (size_t cut = count / 2; i % 2 == 0 && cut < count - 12; cut += 7) {
            static uint8_t ended[sizeof(bytes)];
            memcpy(ended, bytes, cut);
            ended[cut] = 0xff;
            ended[cut + 1] = 0xd9;
            cr_assert_eq(read_all(ended, cut + 2, &roomy, false, NULL), FW_ERR_INPUT);
        }
        /* Bytes behind the end are not its matter. */
        bytes[count] = 'x';
        cr_assert_eq(read_all(bytes, count + 1, &roomy, false, NULL), FW_OK);
    }
}

Test(jpeg_damage, wrong_bytes_end_in_an_error_or_a_picture)
{
    static const char *const formats[] = { "yuvj420p", "yuvj411p", "gray", "rgb24" };
    static uint8_t bytes[1 << 16];
    static uint8_t wrong[1 << 16];
    static const struct fw_still_limits narrow = { .max_pixels = 1u << 20,
                                                   .max_bytes = 1u << 22,
                                                   .max_frames = 1 };
    uint32_t state = 99;
    for (int i = 0; i < 8; i++) {
        size_t count = make_bytes(formats[i / 2], (int8_t)(i % 2 ? 1 : -1), bytes, sizeof(bytes));
        for (int round = 0; round < 600; round++) {
            memcpy(wrong, bytes, count);
            for (int flip = 0; flip <= round % 4; flip++) {
                state = state * 1664525u + 1013904223u;
                size_t at = (state >> 8) % (round % 2 ? count : count < 400 ? count : 400);
                state = state * 1664525u + 1013904223u;
                wrong[at] = (uint8_t)(state >> 24);
            }
            struct fw_error err = { 0 };
            int status = read_all(wrong, count, &narrow, round % 3, &err);
            cr_assert(status == FW_OK || status == FW_ERR_INPUT || status == FW_ERR_MEMORY, "%d %s",
                      status, err.text);
        }
    }
}

Test(jpeg_damage, limits_name_their_options)
{
    static uint8_t bytes[1 << 16];
    struct fw_error err = { 0 };
    struct fw_still_limits limits = roomy;
    size_t count = make_bytes("yuvj420p", 1, bytes, sizeof(bytes));
    limits.max_pixels = 41 * 27 - 1;
    cr_assert_eq(read_all(bytes, count, &limits, false, &err), FW_ERR_INPUT);
    cr_assert_not_null(strstr(err.text, "--max-pixels"), "%s", err.text);
    limits = roomy;
    limits.max_bytes = 41 * 27 * 3; /* the pixels fit, but not all coefficients at once */
    err = (struct fw_error){ 0 };
    cr_assert_eq(read_all(bytes, count, &limits, false, &err), FW_ERR_INPUT);
    cr_assert_not_null(strstr(err.text, "--max-slot"), "%s", err.text);
}

/* A gray picture of two scans or one of a scan for each colour, the last one said `times`. */
static size_t make_scans(uint8_t *bytes, size_t room, int components, int times)
{
    static const jpeg_scan_info gray[] = { { 1, { 0 }, 0, 0, 0, 0 }, { 1, { 0 }, 1, 63, 0, 0 } };
    static const jpeg_scan_info colours[] = { { 1, { 0 }, 0, 63, 0, 0 },
                                              { 1, { 1 }, 0, 63, 0, 0 },
                                              { 1, { 2 }, 0, 63, 0, 0 } };
    struct jpeg_compress_struct cinfo;
    struct jpeg_error_mgr errors;
    unsigned char *file = NULL;
    unsigned long count = 0;
    uint8_t row[48] = { 0, 200, 3, 180, 90 };
    cinfo.err = jpeg_std_error(&errors);
    jpeg_create_compress(&cinfo);
    jpeg_mem_dest(&cinfo, &file, &count);
    cinfo.image_width = 16;
    cinfo.image_height = 16;
    cinfo.input_components = components;
    cinfo.in_color_space = components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&cinfo);
    cinfo.scan_info = components == 1 ? gray : colours;
    cinfo.num_scans = components == 1 ? 2 : 3;
    jpeg_start_compress(&cinfo, TRUE);
    while (cinfo.next_scanline < 16)
        (void)jpeg_write_scanlines(&cinfo, &(JSAMPROW){ row }, 1);
    jpeg_finish_compress(&cinfo);
    jpeg_destroy_compress(&cinfo);
    size_t last = count - 2;
    while (!(file[last] == 0xff && file[last + 1] == 0xda))
        last--;
    size_t used = last;
    size_t scan = count - 2 - last;
    cr_assert_lt(last + scan * (size_t)times + 2, room);
    memcpy(bytes, file, last);
    for (int i = 0; i < times; i++, used += scan)
        memcpy(bytes + used, file + last, scan);
    memcpy(bytes + used, "\xff\xd9", 2);
    free(file);
    return used + 2;
}

/* The same scan over and over costs a file little, and its reader a lot. */
Test(jpeg_damage, endless_scans_are_refused)
{
    static uint8_t bytes[1 << 20];
    struct fw_error err = { 0 };
    size_t count = make_scans(bytes, sizeof(bytes), 1, 499);
    cr_assert_eq(read_all(bytes, count, &roomy, false, &err), FW_OK, "%s", err.text);
    count = make_scans(bytes, sizeof(bytes), 1, 500);
    cr_assert_eq(read_all(bytes, count, &roomy, false, &err), FW_ERR_INPUT);
    cr_assert_not_null(strstr(err.text, "more than 500 scans"), "%s", err.text);
}

Test(jpeg_damage, a_colour_without_its_scan_is_missed)
{
    static uint8_t bytes[1 << 14];
    struct fw_error err = { 0 };
    size_t count = make_scans(bytes, sizeof(bytes), 3, 1);
    cr_assert_eq(read_all(bytes, count, &roomy, false, &err), FW_OK, "%s", err.text);
    count = make_scans(bytes, sizeof(bytes), 3, 0);
    cr_assert_eq(read_all(bytes, count, &roomy, false, &err), FW_ERR_INPUT);
    cr_assert_str_eq(err.text, "damaged: component 3 has no pixels");
}

/* Between markers of the header such bytes are of no matter; among pixels, pixels are wrong. */
Test(jpeg_damage, bytes_that_belong_to_nothing)
{
    static uint8_t bytes[1 << 16];
    static uint8_t more[1 << 16];
    struct fw_error err = { 0 };
    size_t count = make_bytes("gray", -1, bytes, sizeof(bytes));
    const size_t behind_jfif = 20;
    memcpy(more, bytes, behind_jfif);
    memset(more + behind_jfif, 'x', 5);
    memcpy(more + behind_jfif + 5, bytes + behind_jfif, count - behind_jfif);
    cr_assert_eq(read_all(more, count + 5, &roomy, false, &err), FW_OK, "%s", err.text);
    memcpy(more, bytes, count - 2);
    memset(more + count - 2, 'x', 40);
    memcpy(more + count + 38, "\xff\xd9", 2);
    cr_assert_eq(read_all(more, count + 40, &roomy, false, &err), FW_ERR_INPUT);
    cr_assert_not_null(strstr(err.text, "belong to nothing"), "%s", err.text);
}
