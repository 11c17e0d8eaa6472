/* Damaged PNG files: refused, never a picture with missing rows, and never a crash. */
#include "png_bench.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

/* ---- damage ------------------------------------------------------------------------------- */

Test(png_damage, refuses_what_is_cut)
{
    for (int interlaced = 0; interlaced < 2; interlaced++) {
        const struct sample_picture picture = { 7, 5, 2, 8, interlaced != 0, true };
        struct file file = make(&picture);
        for (size_t count = 8; count < file.count; count++)
            cr_assert_eq(read_bytes(file.bytes, count), FW_ERR_INPUT, "%zu", count);
        cr_assert_eq(read_bytes(file.bytes, file.count), FW_END);
        free(file.bytes);
    }
}

/* Every flipped bit of the data or the head is found by a check sum. */
Test(png_damage, refuses_flipped_bits)
{
    const struct sample_picture picture = { 7, 5, 2, 8, false, false };
    struct file file = make(&picture);
    for (size_t bit = 8 * 8; bit < file.count * 8; bit++) {
        file.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        cr_assert_eq(read_bytes(file.bytes, file.count), FW_ERR_INPUT, "bit %zu", bit);
        file.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(file.bytes);
}

/* Damage whose check sums were made right again: nothing crashes, and libpng agrees. */
Test(png_damage, agrees_with_libpng_on_damage)
{
    uint32_t taken = 0;
    for (uint32_t round = 0; round < 400; round++) {
        const struct sample_picture picture = { 7, 5, round % 2 ? 3 : 2, 8, round % 4 < 2, true };
        struct file whole = make(&picture);
        struct file file = { 0 };
        append(&file, whole.bytes, 8);
        for (size_t at = 8; at < whole.count;) {
            uint32_t count = fw_png_get32(whole.bytes + at);
            char type[5] = { 0 };
            memcpy(type, whole.bytes + at + 4, 4);
            if (strcmp(type, "IDAT") == 0 && round > 0)
                whole.bytes[at + 8 + next_random() % count] ^= (uint8_t)(1u << next_random() % 8);
            append_chunk(&file, type, whole.bytes + at + 8, count);
            at += count + 12;
        }
        size_t row_bytes = 0;
        png_uint_32 height = 0;
        uint8_t *pixels = expand(&file, &row_bytes, &height);
        int status = read_bytes(file.bytes, file.count);
        /* libpng lets the sum behind the last row pass. */
        cr_assert(status == FW_ERR_INPUT || pixels, "round %u", round);
        taken += status == FW_END;
        free(pixels);
        free(file.bytes);
        free(whole.bytes);
    }
    cr_expect_geq(taken, 1);
    cr_expect_lt(taken, 100);
}

/* More data than pixels is harmless; a wrong sum of all of it is not. */
Test(png_damage, judges_what_follows_the_last_row)
{
    static const uint8_t head[13] = { 0, 0, 0, 3, 0, 0, 0, 2, 8, 0, 0, 0, 0 };
    static const uint8_t rows[12] = { 0, 1, 2, 3, 4, 1, 2, 3, 0, 9, 9, 9 };
    for (int broken = 0; broken < 2; broken++) {
        uint8_t packed[64];
        uLongf count = sizeof(packed);
        struct file file = { 0 };
        struct read read;
        cr_assert_eq(compress(packed, &count, rows, broken ? 8 : 12), Z_OK);
        packed[count - 1] ^= (uint8_t)broken;
        append(&file, "\x89PNG\r\n\x1a\n", 8);
        append_chunk(&file, "IHDR", head, 13);
        append_chunk(&file, "IDAT", packed, count);
        append_chunk(&file, "IEND", "", 0);
        int status = read_whole(&read, &file, false);
        cr_expect_eq(status, broken ? FW_ERR_INPUT : FW_OK, "%s", read.err.text);
        if (!broken) {
            cr_expect_eq(read.image.data[0][2], 3);
            cr_expect_eq(read.image.data[0][read.image.stride[0] + 2], 7);
        }
        read_close(&read);
        free(file.bytes);
    }
}

Test(png_damage, refuses_more_than_it_may)
{
    struct fw_error err = { 0 };
    struct fw_still_reader *reader = NULL;
    uint8_t head[13] = { 0, 0, 0x40, 0, 0, 0, 0x40, 0, 8, 2, 0, 0, 0 };
    struct file file = { 0 };
    append(&file, "\x89PNG\r\n\x1a\n", 8);
    append_chunk(&file, "IHDR", head, 13);
    append_chunk(&file, "IDAT", "\x78\x9c\x03\0", 4);
    append_chunk(&file, "IEND", "", 0);
    int fd = fd_of(&file);
    cr_expect_eq(fw_still_reader_open(&reader, fd, &limits, &err), FW_ERR_INPUT);
    cr_expect_not_null(strstr(err.text, "cannot hold 16384x16384"), "%s", err.text);
    const struct fw_still_limits small = { 1000, 1u << 20, 10, 0 };
    err = (struct fw_error){ 0 };
    cr_expect_eq(fw_still_reader_open(&reader, fd, &small, &err), FW_ERR_INPUT);
    cr_expect_not_null(strstr(err.text, "--max-pixels"), "%s", err.text);
    cr_expect_null(reader);
    (void)close(fd);
    free(file.bytes);
}

/* ---- real files --------------------------------------------------------------------------- */

#define PATHS_MAX 4096u

struct paths {
    char *items[PATHS_MAX];
    uint32_t count;
};

static struct paths found;

static int take_path(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    size_t bytes = strlen(path);
    (void)status;
    (void)walk;
    if (kind == FTW_F && bytes > 4 && strcmp(path + bytes - 4, ".png") == 0 &&
        found.count < PATHS_MAX)
        found.items[found.count++] = strdup(path);
    return 0;
}

/* What pngtopnm makes of a file: samples of its maxval, without the head. */
static struct file run_pngtopnm(const char *options, const char *path, uint32_t *max_out)
{
    char command[4096];
    char line[64];
    uint8_t block[4096];
    struct file pixels = { 0 };
    *max_out = 0;
    (void)snprintf(command, sizeof(command), "pngtopnm -quiet %s '%s' 2>/dev/null", options, path);
    FILE *pipe = popen(command, "re");
    cr_assert(pipe);
    if (fgets(line, sizeof(line), pipe)) {
        bool bits = line[1] == '4';
        *max_out = 1;
        (void)!fgets(line, sizeof(line), pipe);
        if (!bits && fgets(line, sizeof(line), pipe))
            *max_out = (uint32_t)atoi(line);
        for (size_t got; (got = fread(block, 1, sizeof(block), pipe)) > 0;)
            append(&pixels, block, got);
    }
    if (pclose(pipe) != 0)
        *max_out = 0;
    return pixels;
}

/* Whether the pixmap, gray or RGB of any maxval, says the same as channels [first, end). */
static bool same_as_map(const struct fw_image *image, uint32_t first, uint32_t end,
                        const struct file *map, uint32_t max)
{
    uint32_t channels = image->format->component_count;
    bool wide = fw_format_depth(image->format) == 16;
    size_t samples = (size_t)image->width * (size_t)image->height;
    size_t bytes = max > 255 ? 2 : 1;
    size_t per_pixel = map->count / bytes / samples;
    bool bits = max == 1 && map->count == (size_t)(image->width + 7) / 8 * (size_t)image->height;
    for (int32_t y = 0; y < image->height; y++) {
        const uint8_t *row = image->data[0] + y * image->stride[0];
        for (int32_t x = 0; x < image->width; x++) {
            for (uint32_t c = first; c < end; c++) {
                size_t at = (size_t)x * channels + c;
                uint32_t ours = wide ? ((const uint16_t *)(const void *)row)[at] : row[at];
                size_t there = ((size_t)y * (size_t)image->width + (size_t)x) * per_pixel +
                               (per_pixel == 1 ? 0 : c - first);
                uint32_t theirs;
                if (bits)
                    theirs = !(
                        map->bytes[(size_t)y * (size_t)((image->width + 7) / 8) + (size_t)x / 8] >>
                            (7 - x % 8) &
                        1);
                else
                    theirs = bytes == 2 ? fw_png_get16(map->bytes + 2 * there) : map->bytes[there];
                if (ours * (uint64_t)max != theirs * (uint64_t)(wide ? 65535 : 255))
                    return false;
            }
        }
    }
    return true;
}

/* pngtopnm scales samples by sBIT and does not see the transparent colour of RGB: there libpng's
 * own expansion is the judge alone. */
static void expect_same(const struct read *read, const struct file *file, const char *path,
                        const struct file *map, uint32_t max)
{
    size_t count = 0;
    const struct fw_still_traits *traits = &fw_still_reader_head(read->reader)->traits;
    uint32_t channels = read->image.format->component_count;
    bool alpha = channels % 2 == 0;
    expect_expanded(read, file, path);
    if (find_chunk(file, "sBIT", &count))
        return;
    cr_expect(same_as_map(&read->image, 0, channels - alpha, map, max), "%s", path);
    if (alpha && !(traits->png_has_key && traits->png_color_type == FW_PNG_RGB)) {
        struct file mask = run_pngtopnm("-alpha", path, &max);
        cr_expect(same_as_map(&read->image, channels - 1, channels, &mask, max), "%s", path);
        free(mask.bytes);
    }
}

Test(png_damage, agrees_with_pngtopnm_on_real_files, .timeout = 200)
{
    const char *folder = getenv("FRAMEWHEEL_MEDIA");
    uint32_t refused = 0;
    if (!folder || system("command -v pngtopnm > /dev/null") != 0)
        cr_skip_test("no media or no pngtopnm");
    cr_assert_eq(nftw(folder, take_path, 16, FTW_PHYS), 0);
    for (uint32_t i = 0; i < found.count; i++) {
        const char *path = found.items[i];
        struct read read;
        uint32_t max = 0;
        struct file map = run_pngtopnm("", path, &max);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct file file = file_of(fd);
        int status = read_whole(&read, &file, false);
        cr_expect_eq(status == FW_OK, max > 0, "%s: %s", path, read.err.text);
        refused += status < 0;
        if (status == FW_OK && max > 0)
            expect_same(&read, &file, path, &map, max);
        cr_expect(!strstr(path, "/corrupted/") || status == FW_ERR_INPUT, "%s", path);
        read_close(&read);
        (void)close(fd);
        free(file.bytes);
        free(map.bytes);
        free(found.items[i]);
    }
    cr_expect_geq(refused, 14);
}
