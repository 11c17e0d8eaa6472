/* TIFF files made by hand: multiplied alpha, pages, samples that are not read, loops of offsets. */
#include "pipeline/still.h"

#include "filters/format.h"
#include "filters/image.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ENTRIES 11
#define NEXT_AT (8 + 2 + 12 * ENTRIES)
#define BITS_AT (NEXT_AT + 4)
#define PIXELS_AT (BITS_AT + 8)

static void put(uint8_t *at, uint32_t bytes, uint32_t value)
{
    for (uint32_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

/* Two pixels of RGBA, not packed; returns the bytes. */
static size_t make(uint8_t bytes[256], uint32_t extra, uint32_t form, uint32_t next)
{
    static const uint8_t pixels[8] = { 64, 128, 0, 128, 10, 20, 30, 255 };
    const uint32_t rows[ENTRIES][4] = {
        { 256, 4, 1, 2 }, { 257, 4, 1, 1 },         { 258, 3, 4, BITS_AT }, { 259, 3, 1, 1 },
        { 262, 3, 1, 2 }, { 273, 4, 1, PIXELS_AT }, { 277, 3, 1, 4 },       { 278, 4, 1, 1 },
        { 279, 4, 1, 8 }, { 338, 3, 1, extra },     { 339, 3, 1, form },
    };
    memset(bytes, 0, 256);
    memcpy(bytes, "II*\0\10\0\0", 8);
    put(bytes + 8, 2, ENTRIES);
    for (size_t i = 0; i < ENTRIES; i++) {
        put(bytes + 10 + 12 * i, 2, rows[i][0]);
        put(bytes + 12 + 12 * i, 2, rows[i][1]);
        put(bytes + 14 + 12 * i, 4, rows[i][2]);
        put(bytes + 18 + 12 * i, 4, rows[i][3]);
    }
    put(bytes + NEXT_AT, 4, next);
    for (size_t i = 0; i < 4; i++)
        put(bytes + BITS_AT + 2 * i, 2, 8);
    memcpy(bytes + PIXELS_AT, pixels, sizeof(pixels));
    return PIXELS_AT + sizeof(pixels);
}

static int read_it(const uint8_t *bytes, size_t count, uint8_t pixels[8], struct fw_error *err,
                   char *loss)
{
    const struct fw_still_limits limits = { 1000, 1 << 20, 1, 0 };
    struct fw_still_reader *reader = NULL;
    struct fw_still_offer offers[FW_STILL_OFFERS_MAX];
    struct fw_image image = { .width = 2, .height = 1, .data = { pixels }, .stride = { 8 } };
    int64_t delay;
    int fd = memfd_create("tiff", MFD_CLOEXEC);
    cr_assert_eq(write(fd, bytes, count), (ssize_t)count);
    int status = fw_still_reader_open(&reader, fd, &limits, err);
    if (status == FW_OK) {
        (void)fw_still_reader_offers(reader, FW_STILL_TIFF, offers);
        cr_assert_str_eq(offers[0].video.format->name, "rgba");
        image.format = offers[0].video.format;
        status = fw_still_reader_begin(reader, &offers[0], err);
        if (status == FW_OK)
            status = fw_still_reader_next(reader, &image, &delay, err);
        const struct fw_losses *losses = fw_still_reader_losses(reader);
        if (losses->count)
            strcpy(loss, losses->items[0].detail);
    }
    fw_still_reader_close(reader);
    (void)close(fd);
    return status;
}

Test(still_tiff, multiplied_alpha_is_divided_out)
{
    static const uint8_t straight[8] = { 64, 128, 0, 128, 10, 20, 30, 255 };
    static const uint8_t divided[8] = { 128, 255, 0, 128, 10, 20, 30, 255 };
    struct fw_error err = { 0 };
    uint8_t bytes[256];
    uint8_t pixels[8];
    char loss[228] = "";
    size_t count = make(bytes, 2, 1, 0);
    cr_assert_eq(read_it(bytes, count, pixels, &err, loss), FW_OK, "%s", err.text);
    cr_assert_eq(memcmp(pixels, straight, 8), 0);
    count = make(bytes, 1, 1, 0);
    cr_assert_eq(read_it(bytes, count, pixels, &err, loss), FW_OK, "%s", err.text);
    cr_assert_eq(memcmp(pixels, divided, 8), 0);
    cr_assert_str_eq(loss, "");
}

Test(still_tiff, further_pages_are_listed_and_loops_end)
{
    struct fw_error err = { 0 };
    uint8_t bytes[256];
    uint8_t pixels[8];
    char loss[228] = "";
    /* A page of no entries behind the pixels. */
    size_t count = make(bytes, 2, 1, PIXELS_AT + 8) + 6;
    cr_assert_eq(read_it(bytes, count, pixels, &err, loss), FW_OK, "%s", err.text);
    cr_assert_str_eq(loss, "further pages: 1");
    count = make(bytes, 2, 1, 8);
    cr_assert_eq(read_it(bytes, count, pixels, &err, loss), FW_OK, "%s", err.text);
    cr_assert(strstr(loss, "further pages: "));
}

Test(still_tiff, what_would_be_read_wrongly_is_refused)
{
    struct fw_error err = { 0 };
    uint8_t bytes[256];
    uint8_t pixels[8];
    char loss[228] = "";
    size_t count = make(bytes, 2, 3, 0);
    cr_assert_eq(read_it(bytes, count, pixels, &err, loss), FW_ERR_INPUT);
    cr_assert(strstr(err.text, "float"));
    err = (struct fw_error){ 0 };
    count = make(bytes, 2, 1, 0);
    put(bytes + 10, 2, 50706);
    cr_assert_eq(read_it(bytes, count, pixels, &err, loss), FW_ERR_INPUT);
    cr_assert(strstr(err.text, "raw"));
    err = (struct fw_error){ 0 };
    count = make(bytes, 2, 1, 0);
    put(bytes + 18, 4, 5000);
    cr_assert_eq(read_it(bytes, count, pixels, &err, loss), FW_ERR_INPUT);
    cr_assert(strstr(err.text, "--max-pixels"), "%s", err.text);
}
