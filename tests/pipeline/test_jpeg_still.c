/* JPEG files: pixels, planes, tables and sampling through a file and back. */
#include "jpeg_picture.h"

#include "pipeline/jpeg_still.h"

#include <stdio.h>

#include <jpeglib.h>

static const char *const planars[] = { "yuvj444p", "yuvj422p", "yuvj420p", "yuvj440p", "yuvj411p" };
static const int32_t sizes[][2] = { { 1, 1 }, { 15, 9 }, { 17, 33 }, { 64, 48 } };

static void round_trip(const char *name, const int32_t size[2], int8_t progressive)
{
    struct picture from;
    struct picture back;
    struct fw_still_offer offer;
    struct fw_still_writing writing = {
        .wish = { .quality = 100, .progressive = progressive, .chroma_h = 1, .chroma_v = 1 }
    };
    picture_init(&from, fw_format_find(name), size[0], size[1]);
    paint(&from);
    int fd = write_file(&writing, &from);
    struct fw_still_reader *reader = open_file(fd);
    const struct fw_still_head *head = fw_still_reader_head(reader);
    cr_assert_eq(head->traits.jpeg_progressive, progressive > 0);
    cr_assert_eq(head->width, size[0]);
    cr_assert_eq(head->height, size[1]);
    cr_assert(find_offer(reader, 1, strcmp(name, "rgb24") != 0, &offer), "%s", name);
    read_offer(reader, &offer, &back);
    /* Quantizers of 1: two of rounding, and of RGB also that of the two conversions. */
    cr_assert_leq(distance(&from.image, &back.image), strcmp(name, "rgb24") == 0 ? 4 : 2,
                  "%s %dx%d", name, size[0], size[1]);
    fw_still_reader_close(reader);
    close(fd);
    free(from.block);
    free(back.block);
}

Test(jpeg_still, pixels_come_back)
{
    for (size_t i = 0; i < 4; i++) {
        for (int8_t progressive = -1; progressive <= 1; progressive = (int8_t)(progressive + 2)) {
            for (size_t f = 0; f < 5; f++)
                round_trip(planars[f], sizes[i], progressive);
            round_trip("gray", sizes[i], progressive);
            round_trip("rgb24", sizes[i], progressive);
        }
    }
}

/* The samples that fill the last block are its last ones again: nothing else shows at the edge, as
 * coarse as the quantizers are. */
Test(jpeg_still, edges_take_nothing_from_afar)
{
    for (size_t f = 0; f < 5; f++) {
        struct picture from;
        struct picture back;
        struct fw_still_offer offer;
        struct fw_still_writing writing = { .wish = { .quality = 5 } };
        picture_init(&from, fw_format_find(planars[f]), 9, 9);
        for (uint32_t plane = 0; plane < 3; plane++)
            memset(from.image.data[plane], 128,
                   (size_t)(from.image.stride[plane] *
                            fw_format_plane_height(from.video.format, plane, 9)));
        for (int32_t i = 0; i < 9; i++) {
            from.image.data[0][i] = 255;
            from.image.data[0][i * from.image.stride[0]] = 0;
        }
        int fd = write_file(&writing, &from);
        struct fw_still_reader *reader = open_file(fd);
        cr_assert(find_offer(reader, 1, true, &offer));
        read_offer(reader, &offer, &back);
        cr_assert_eq(back.image.data[0][8 * back.image.stride[0] + 8], 128, "%s", planars[f]);
        fw_still_reader_close(reader);
        close(fd);
        free(from.block);
        free(back.block);
    }
}

/* The codes of a large picture are found in every eighth row of blocks. Here those are flat and all
 * others noise: what was not seen must have codes all the same, and good ones need not be had. */
static void hide_noise(const char *name, int32_t band_rows, int32_t width)
{
    struct picture from;
    struct picture back;
    struct fw_still_offer offer;
    struct fw_still_writing writing = { .wish = { .quality = 100 } };
    picture_init(&from, fw_format_find(name), width, 1037);
    int32_t chroma_rows = fw_format_plane_height(from.video.format, 1, 1037);
    memset(from.image.data[1], 128, (size_t)(from.image.stride[1] * chroma_rows));
    memset(from.image.data[2], 128, (size_t)(from.image.stride[2] * chroma_rows));
    uint32_t state = 3;
    for (int32_t y = 0; y < 1037; y++) {
        for (int32_t x = 0; x < width; x++) {
            state = state * 1664525u + 1013904223u;
            from.image.data[0][y * from.image.stride[0] + x] = y / band_rows % 8 == 0
                                                                   ? 100
                                                                   : (uint8_t)(state >> 24);
        }
    }
    int fd = write_file(&writing, &from);
    struct fw_still_reader *reader = open_file(fd);
    cr_assert(find_offer(reader, 1, true, &offer));
    read_offer(reader, &offer, &back);
    cr_assert_leq(distance(&from.image, &back.image), 2, "%s", name);
    fw_still_reader_close(reader);
    close(fd);
    free(from.block);
    free(back.block);
}

Test(jpeg_still, codes_of_a_part_do_for_the_whole)
{
    hide_noise("yuvj420p", 16, 1024);
    hide_noise("yuvj422p", 8, 520);
}

/* libjpeg itself, asked to repeat chroma samples instead of interpolating. */
static uint8_t *decode_plainly(int fd, uint32_t shrink, uint32_t *width_out, uint32_t *height_out)
{
    struct jpeg_decompress_struct cinfo;
    struct jpeg_error_mgr errors;
    cinfo.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&cinfo);
    (void)lseek(fd, 0, SEEK_SET);
    FILE *file = fdopen(dup(fd), "rb");
    jpeg_stdio_src(&cinfo, file);
    (void)jpeg_read_header(&cinfo, TRUE);
    cinfo.out_color_space = JCS_YCbCr;
    cinfo.do_fancy_upsampling = FALSE;
    cinfo.scale_denom = shrink;
    (void)jpeg_start_decompress(&cinfo);
    *width_out = cinfo.output_width;
    *height_out = cinfo.output_height;
    uint8_t *pixels = malloc((size_t)3 * cinfo.output_width * cinfo.output_height);
    while (cinfo.output_scanline < cinfo.output_height) {
        JSAMPROW row = pixels + (size_t)3 * cinfo.output_width * cinfo.output_scanline;
        (void)jpeg_read_scanlines(&cinfo, &row, 1);
    }
    (void)jpeg_finish_decompress(&cinfo);
    jpeg_destroy_decompress(&cinfo);
    (void)fclose(file);
    return pixels;
}

static void compare_planes(int fd, uint32_t shrink)
{
    struct picture planes;
    struct fw_still_offer offer;
    uint32_t width;
    uint32_t height;
    struct fw_still_reader *reader = open_file(fd);
    cr_assert(find_offer(reader, shrink, true, &offer), "no planes at 1/%u", shrink);
    read_offer(reader, &offer, &planes);
    uint8_t *pixels = decode_plainly(fd, shrink, &width, &height);
    cr_assert_eq((uint32_t)offer.video.width, width);
    cr_assert_eq((uint32_t)offer.video.height, height);
    for (uint32_t i = 0; i < 3 * width * height; i++) {
        uint32_t plane = i % 3;
        uint32_t x = i / 3 % width >> (plane ? offer.video.format->log2_chroma_w : 0);
        uint32_t y = i / 3 / width >> (plane ? offer.video.format->log2_chroma_h : 0);
        const uint8_t *row = planes.image.data[plane] + y * planes.image.stride[plane];
        cr_assert_eq(row[x], pixels[i], "plane %u at %u,%u of 1/%u", plane, x, y, shrink);
    }
    free(pixels);
    free(planes.block);
    fw_still_reader_close(reader);
}

Test(jpeg_still, planes_are_what_libjpeg_decodes)
{
    for (size_t f = 0; f < 5; f++) {
        for (size_t i = 0; i < 4; i++) {
            struct picture from;
            struct fw_still_writing writing = { .wish = { .quality = 80 } };
            picture_init(&from, fw_format_find(planars[f]), sizes[i][0], sizes[i][1]);
            paint(&from);
            int fd = write_file(&writing, &from);
            for (uint32_t shrink = 1; shrink <= 8; shrink *= 2)
                compare_planes(fd, shrink);
            close(fd);
            free(from.block);
        }
    }
}

/* All coefficients of a file, component by component. */
static int16_t *read_coefficients(int fd, size_t *count_out)
{
    struct jpeg_decompress_struct cinfo;
    struct jpeg_error_mgr errors;
    size_t count = 0;
    cinfo.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&cinfo);
    (void)lseek(fd, 0, SEEK_SET);
    FILE *file = fdopen(dup(fd), "rb");
    jpeg_stdio_src(&cinfo, file);
    (void)jpeg_read_header(&cinfo, TRUE);
    jvirt_barray_ptr *arrays = jpeg_read_coefficients(&cinfo);
    int16_t *all = malloc((size_t)cinfo.image_width * cinfo.image_height * 16 + 65536);
    for (int i = 0; i < cinfo.num_components; i++) {
        const jpeg_component_info *component = &cinfo.comp_info[i];
        for (JDIMENSION y = 0; y < component->height_in_blocks; y++) {
            JBLOCKARRAY rows = cinfo.mem->access_virt_barray((j_common_ptr)&cinfo, arrays[i], y, 1,
                                                             FALSE);
            memcpy(all + count, rows[0], component->width_in_blocks * sizeof(JBLOCK));
            count += (size_t)component->width_in_blocks * 64;
        }
    }
    jpeg_destroy_decompress(&cinfo);
    (void)fclose(file);
    *count_out = count;
    return all;
}

/* Planes that nothing changed are coded as they were: their samples are rounded to whole numbers,
 * which moves a coefficient by a third on average, and quantizers of 5 and more hide that. */
Test(jpeg_still, the_second_generation_is_the_first)
{
    for (size_t f = 0; f < 5; f++) {
        struct picture from;
        struct picture planes;
        struct fw_still_offer offer;
        size_t counts[2];
        struct fw_still_writing first = { .wish = { .quality = 75 } };
        picture_init(&from, fw_format_find(planars[f]), 64, 48);
        paint(&from);
        int fd = write_file(&first, &from);
        struct fw_still_reader *reader = open_file(fd);
        cr_assert(find_offer(reader, 1, true, &offer));
        read_offer(reader, &offer, &planes);
        struct fw_still_writing second = { .source = fw_still_reader_head(reader) };
        int again = write_file(&second, &planes);
        int16_t *a = read_coefficients(fd, &counts[0]);
        int16_t *b = read_coefficients(again, &counts[1]);
        cr_assert_eq(counts[0], counts[1]);
        cr_assert_eq(memcmp(a, b, counts[0] * sizeof(*a)), 0, "%s", planars[f]);
        fw_still_reader_close(reader);
        free(a);
        free(b);
        free(from.block);
        free(planes.block);
        close(again);
        close(fd);
    }
}

/* ---- how a file is coded ------------------------------------------------------------------ */

Test(jpeg_still, tables_and_sampling_are_the_sources)
{
    struct picture from;
    struct picture gray;
    struct fw_still_writing first = {
        .wish = { .quality = 37, .chroma_h = 2, .chroma_v = 1, .progressive = 1 }
    };
    picture_init(&from, fw_format_find("rgb24"), 40, 24);
    picture_init(&gray, fw_format_find("gray"), 40, 24);
    paint(&from);
    paint(&gray);
    int fd = write_file(&first, &from);
    struct fw_still_reader *source = open_file(fd);
    const struct fw_still_traits *traits = &fw_still_reader_head(source)->traits;
    cr_assert_eq(traits->jpeg_h[0], 2);
    cr_assert_eq(traits->jpeg_v[0], 1);
    cr_assert_str_eq(fw_still_reader_head(source)->layout, "YCbCr 4:2:2, progressive");
    struct fw_still_writing second = { .source = fw_still_reader_head(source) };
    int again = write_file(&second, &from);
    struct fw_still_reader *reader = open_file(again);
    cr_assert_eq(memcmp(traits, &fw_still_reader_head(reader)->traits, sizeof(*traits)), 0);
    fw_still_reader_close(reader);
    close(again);
    again = write_file(&second, &gray);
    reader = open_file(again);
    cr_assert_str_eq(fw_still_reader_head(reader)->layout, "gray, progressive");
    cr_assert_eq(memcmp(traits->jpeg_quant[0], fw_still_reader_head(reader)->traits.jpeg_quant[0],
                        sizeof(traits->jpeg_quant[0])),
                 0);
    fw_still_reader_close(reader);
    fw_still_reader_close(source);
    close(again);
    close(fd);
    free(from.block);
    free(gray.block);
}

/* Of a source that says nonsense nothing is taken; libjpeg would divide by it. */
Test(jpeg_still, tables_of_nothing_are_not_used)
{
    struct picture from;
    struct fw_still_head source = { .kind = FW_STILL_JPEG };
    static const uint16_t bad[] = { 0, 8192, 65535 };
    source.traits.jpeg_components = 3;
    source.traits.jpeg_space = FW_JPEG_YCC;
    source.traits.jpeg_tables = 1;
    memset(source.traits.jpeg_h, 3, 3);
    memset(source.traits.jpeg_v, 9, 3);
    picture_init(&from, fw_format_find("rgb24"), 16, 16);
    paint(&from);
    for (size_t i = 0; i < 3; i++) {
        for (int k = 0; k < 64; k++)
            source.traits.jpeg_quant[0][k] = bad[i];
        struct fw_still_writing writing = { .source = &source };
        int fd = write_file(&writing, &from);
        struct fw_still_reader *reader = open_file(fd);
        cr_assert_str_eq(fw_still_reader_head(reader)->layout, "YCbCr 4:4:4");
        cr_assert_eq(fw_still_reader_head(reader)->traits.jpeg_quant[0][0], 3);
        fw_still_reader_close(reader);
        close(fd);
    }
    free(from.block);
}

Test(jpeg_still, fit_names_the_nearest_format_and_the_losses)
{
    static const struct {
        const char *have;
        const char *want;
        uint8_t matrix;
        uint8_t chroma_h;
        uint32_t losses;
    } rows[] = {
        { "yuvj420p", "yuvj420p", 5, 0, 0 },
        { "yuv422p", "yuvj422p", 2, 0, 0 },
        { "yuv440p", "yuvj440p", 6, 0, 0 },
        { "yuv410p", "yuvj420p", 6, 0, 0 },
        { "yuv444p10le", "yuvj444p", 6, 0, 1 },
        { "yuva420p", "yuvj420p", 6, 0, 1 },
        { "yuvj444p", "yuvj411p", 5, 4, 0 },
        { "yuv420p", "rgb24", 1, 0, 0 },
        { "nv12", "yuvj420p", 2, 0, 0 },
        { "gray16le", "gray", 2, 0, 1 },
        { "ya8", "gray", 2, 0, 1 },
        { "monob", "gray", 2, 0, 0 },
        { "rgba64le", "rgb24", 0, 0, 1 },
        { "gbrpf32le", "rgb24", 0, 0, 1 },
        { "rgb24", "rgb24", 0, 4, 0 },
        { "pal8", "rgb24", 0, 0, 1 },
        { "bgr0", "rgb24", 0, 0, 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fw_losses losses = { 0 };
        const struct fw_still_wish wish = { .kind = FW_STILL_JPEG,
                                            .chroma_h = rows[i].chroma_h,
                                            .chroma_v = rows[i].chroma_h != 0 };
        const struct fw_video have = { .format = fw_format_find(rows[i].have),
                                       .color = { .matrix = rows[i].matrix } };
        cr_assert_not_null(have.format, "%s", rows[i].have);
        cr_assert_str_eq(fw_still_fit(&wish, &have, NULL, &losses)->name, rows[i].want, "%s",
                         rows[i].have);
        cr_assert_eq(losses.count, rows[i].losses, "%s", rows[i].have);
        fw_losses_deinit(&losses);
    }
    const struct fw_still_head opaque = { .kind = FW_STILL_PNG };
    const struct fw_still_wish wish = { .kind = FW_STILL_JPEG };
    const struct fw_video have = { .format = fw_format_find("pal8") };
    struct fw_losses losses = { 0 };
    (void)fw_still_fit(&wish, &have, &opaque, &losses);
    cr_assert_eq(losses.count, 0);
}

/* Chroma that nobody asked to lose is kept, or told of. */
Test(jpeg_still, lost_chroma_is_told)
{
    static const struct {
        const char *have;
        uint32_t quality;
        uint8_t chroma;
        enum fw_still_kind kind;
        uint8_t source_h;
        const char *lost;
        uint8_t luma_h;
    } rows[] = {
        { "rgb24", 0, 0, FW_STILL_PNG, 0, NULL, 1 },
        { "rgb24", 90, 0, FW_STILL_NONE, 0, NULL, 1 },
        { "rgb24", 89, 0, FW_STILL_NONE, 0, "chroma 4:4:4 to 4:2:0", 2 },
        { "rgb24", 89, 2, FW_STILL_PNG, 0, NULL, 2 },
        { "rgb24", 50, 1, FW_STILL_PNG, 0, NULL, 1 },
        { "rgb24", 95, 0, FW_STILL_JPEG, 2, NULL, 2 },
        { "rgb24", 30, 0, FW_STILL_JPEG, 1, NULL, 1 },
        { "rgb24", 80, 0, FW_STILL_WEBP, 0, NULL, 2 },
        { "yuv422p", 80, 0, FW_STILL_NONE, 0, NULL, 2 },
        { "yuv444p", 80, 0, FW_STILL_NONE, 0, NULL, 1 },
        { "yuv420p", 95, 0, FW_STILL_NONE, 0, NULL, 2 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fw_still_head source = { .kind = rows[i].kind };
        struct fw_losses losses = { 0 };
        struct fw_jpeg_sampling sampling;
        struct fw_still_wish wish = { .kind = FW_STILL_JPEG,
                                      .quality = rows[i].quality,
                                      .chroma_h = rows[i].chroma,
                                      .chroma_v = rows[i].chroma };
        const struct fw_video have = { .format = fw_format_find(rows[i].have),
                                       .color = { .matrix = rows[i].have[0] == 'y' } };
        memset(source.traits.jpeg_h, 1, 4);
        memset(source.traits.jpeg_v, 1, 4);
        source.traits.jpeg_components = 3;
        source.traits.jpeg_h[0] = source.traits.jpeg_v[0] = rows[i].source_h;
        (void)fw_still_fit(&wish, &have, rows[i].kind ? &source : NULL, &losses);
        fw_still_keep_chroma(&wish, have.format);
        fw_jpeg_sampling_of_rgb(&wish, rows[i].kind ? &source : NULL, &sampling);
        cr_expect_eq(sampling.h[0], rows[i].luma_h, "row %zu", i);
        cr_assert_eq(losses.count, rows[i].lost != NULL, "row %zu", i);
        if (rows[i].lost) {
            cr_expect_str_eq(losses.items[0].kind, "subsampled");
            cr_expect(strstr(losses.items[0].detail, rows[i].lost), "%s", losses.items[0].detail);
        }
        fw_losses_deinit(&losses);
    }
}

static void refuse(const char *format, int32_t width, struct fw_still_wish wish, const char *text)
{
    struct fw_error err = { 0 };
    struct fw_still_writer *writer = NULL;
    wish.kind = FW_STILL_JPEG;
    const struct fw_still_writing writing = {
        .fd = -1,
        .wish = wish,
        .video = { .format = fw_format_find(format), .width = width, .height = 1 }
    };
    cr_assert_eq(fw_still_writer_open(&writer, &writing, &err), FW_ERR_USAGE);
    cr_assert_null(writer);
    cr_assert_not_null(strstr(err.text, text), "%s", err.text);
}

Test(jpeg_still, what_cannot_be_written_is_refused)
{
    refuse("rgba", 8, (struct fw_still_wish){ 0 }, "does not take rgba");
    refuse("yuv420p", 8, (struct fw_still_wish){ 0 }, "does not take yuv420p");
    refuse("gbrp", 8, (struct fw_still_wish){ 0 }, "does not take gbrp");
    refuse("rgb24", 65501, (struct fw_still_wish){ 0 }, "65500");
    refuse("rgb24", 8, (struct fw_still_wish){ .quality = 101 }, "quality");
    refuse("rgb24", 8, (struct fw_still_wish){ .chroma_h = 3, .chroma_v = 1 }, "3x1");
}
