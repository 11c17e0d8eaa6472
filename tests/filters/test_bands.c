/* Band by band is the same as picture by picture: random chains of the filters in golden.txt, for
 * any height of the bands. */
#include "stage.h"
#include "whole.h"

#include "check.h"
#include "format.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/log.h>

#define TEXTS_MAX 512
#define FRAMES 2

static uint32_t draw(uint64_t *state, uint32_t limit)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % limit;
}

/* The chains of golden.txt. */
static uint32_t read_texts(char (*texts)[160])
{
    char line[400];
    uint32_t count = 0;
    FILE *file = fopen(FW_TEST_DIR "/golden.txt", "r");
    cr_assert_not_null(file);
    while (count < TEXTS_MAX && fgets(line, sizeof(line), file)) {
        char *end = strstr(line, " | ");
        if (line[0] == '#' || !end || end - line >= 160)
            continue;
        *end = '\0';
        if (count == 0 || strcmp(texts[count - 1], line) != 0)
            memcpy(texts[count++], line, (size_t)(end - line) + 1);
    }
    (void)fclose(file);
    return count;
}

/* Noise that stays within the depth of the format. */
static void paint(const struct fw_image *image, uint64_t *state)
{
    uint32_t depth = fw_format_depth(image->format);
    for (uint32_t plane = 0; plane < image->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(image->format, plane, image->width);
        int32_t rows = fw_format_plane_height(image->format, plane, image->height);
        for (int32_t y = 0; y < rows; y++) {
            uint8_t *row = image->data[plane] + y * image->stride[plane];
            for (size_t x = 0; x < bytes; x++) {
                bool high = depth > 8 && depth < 16 && x % 2;
                row[x] = (uint8_t)(draw(state, 256) & (high ? (1u << (depth - 8)) - 1 : 255u));
            }
        }
    }
}

/* Hashes of the clip through `text` in bands of `rows`; false: the chain does not take it. */
static bool run(const char *text, const struct clip *in, int32_t rows, uint64_t *hashes)
{
    struct fw_error err = { 0 };
    struct fw_chain *chain = NULL;
    struct fw_video result;
    struct clip out = { 0 };
    struct whole whole = { .fill = rows < 0 ? 0x11 : 0xEE };
    int status = fw_chain_create(&chain, text, &err);
    cr_assert_eq(status, FW_OK, "%s", err.text);
    if (fw_chain_negotiate(chain, &in->video, &result, &err) < 0) {
        fw_chain_destroy(chain);
        return false;
    }
    chain->band_rows = rows;
    cr_assert_eq(whole_run_chain(&whole, chain, in, &out, &err), FW_OK, "%s: %s", text, err.text);
    for (uint32_t i = 0; i < FRAMES; i++)
        hashes[i] = i < out.count ? clip_hash(&out.frames[i].frame) : 0;
    clip_deinit(&out);
    fw_chain_destroy(chain);
    return true;
}

static void check(const char *text, const struct fw_video *video, int32_t rows, uint64_t *state)
{
    struct clip in = { .video = *video };
    uint64_t whole[FRAMES] = { 0 };
    uint64_t bands[FRAMES] = { 0 };
    for (uint32_t i = 0; i < FRAMES; i++)
        paint(&clip_add(&in, 0)->image, state);
    if (run(text, &in, -1, whole)) {
        cr_assert(run(text, &in, rows, bands));
        cr_expect_eq(memcmp(whole, bands, sizeof(whole)), 0, "%s | %s %dx%d, bands of %d", text,
                     video->format->name, video->width, video->height, rows);
    }
    clip_deinit(&in);
}

static struct fw_video make_video(uint64_t *state)
{
    static const char *const formats[] = {
        "yuv420p",  "yuv420p10le", "yuv422p", "yuva444p", "gray",    "rgb24",    "gbrp", "rgba",
        "gbrp16le", "nv12",        "yuv410p", "yuv440p",  "rgb48le", "gray16le", "pal8"
    };
    struct fw_video video = { .format = fw_format_find(formats[draw(state, FW_COUNT(formats))]),
                              .width = 1 + (int32_t)draw(state, 70),
                              .height = 1 + (int32_t)draw(state, 60),
                              .sample_aspect = { 1, 1 },
                              .time_base = { 1, 25 },
                              .frame_rate = { 25, 1 },
                              .color = { .matrix = 2 } };
    if (draw(state, 20) == 0)
        video.width = video.height = 1;
    return video;
}

Test(bands, any_height_gives_the_same_pixels, .timeout = 100)
{
    static char texts[TEXTS_MAX][160];
    uint32_t count = read_texts(texts);
    uint64_t state = 11;
    av_log_set_level(AV_LOG_QUIET);
    uint32_t rounds = getenv("FW_LONG") ? 20000 : 400;
    for (uint32_t round = 0; round < rounds; round++) {
        char text[6 * 160] = "";
        uint32_t length = 2 + draw(&state, 4);
        for (uint32_t i = 0; i < length; i++) {
            strcat(text, i ? "," : "");
            strcat(text, texts[draw(&state, count)]);
        }
        struct fw_video video = make_video(&state);
        check(text, &video, 1 + (int32_t)draw(&state, 40), &state);
    }
}

/* As it chooses the height itself: large enough that a picture is more than one band. */
Test(bands, large_pictures_have_more_than_one, .timeout = 60)
{
    static const char *const texts[] = { "negate,unsharp,hflip,boxblur=2:1,negate",
                                         "hflip,negate,lutyuv=y=val*0.9+10,unsharp,negate,hflip",
                                         "boxblur=1:1,hflip,boxblur=1:1,negate" };
    uint64_t state = 5;
    for (size_t i = 0; i < FW_COUNT(texts); i++) {
        struct fw_video video = make_video(&state);
        video.format = fw_format_find(i ? "yuv420p" : "yuv444p10le");
        video.width = 1283;
        video.height = 719;
        check(texts[i], &video, 0, &state);
    }
}

/* Filters do go together, and one that is not enabled is left out. */
Test(bands, neighbours_are_gathered)
{
    struct fw_error err = { 0 };
    struct fw_chain *chain = NULL;
    struct fw_video out;
    struct fw_bands bands;
    struct fw_frame frame = { .pts = 0 };
    struct fw_video in = {
        .format = fw_format_find("yuv420p"), .width = 3840, .height = 2160, .time_base = { 1, 25 }
    };
    cr_assert_eq(fw_chain_create(&chain, "hflip,negate=enable='gt(n,5)',hflip,unsharp", &err), 0);
    cr_assert_eq(fw_chain_negotiate(chain, &in, &out, &err), FW_OK, "%s", err.text);
    cr_assert_eq(fw_chain_start(chain, 0, &err), FW_OK, "%s", err.text);
    cr_assert_eq(fw_bands_gather(chain, 0, 4, &frame, &bands), 3);
    frame.index = 6;
    cr_assert_eq(fw_bands_gather(chain, 0, 4, &frame, &bands), 4);
    cr_assert_eq(bands.unit, 2);
    cr_assert(bands.rows >= 24 && bands.rows < 100 && bands.rows % 2 == 0, "%d rows", bands.rows);
    fw_chain_destroy(chain);
}

/* A picture in shares of rows, each by a chain of its own as threads have them; false: not all of
 * it works on rows. */
static bool run_shares(const char *text, const struct clip *in, uint32_t shares, uint64_t *hash)
{
    struct fw_error err = { 0 };
    struct fw_video result;
    struct clip out = { 0 };
    struct fw_frame *made = NULL;
    bool works = true;
    for (uint32_t i = 0; i < shares && works; i++) {
        struct fw_chain *chain = NULL;
        cr_assert_eq(fw_chain_create(&chain, text, &err), FW_OK, "%s", err.text);
        works = fw_chain_negotiate(chain, &in->video, &result, &err) == FW_OK &&
                fw_chain_segment_count(chain) == 1;
        if (works)
            cr_assert_eq(fw_chain_start(chain, 0, &err), FW_OK, "%s", err.text);
        int32_t unit = works ? fw_chain_row_unit(chain, &in->frames[0].frame) : 0;
        works = unit > 0;
        out.video = result;
        if (works && !made)
            made = clip_add(&out, 0x77);
        int32_t units = works ? (result.height + unit - 1) / unit : 0;
        int32_t first = units * (int32_t)i / (int32_t)shares * unit;
        int32_t end = units * (int32_t)(i + 1) / (int32_t)shares * unit;
        if (works && first < end)
            cr_assert_eq(fw_chain_process_rows(chain, &in->frames[0].frame, made, first,
                                               end < result.height ? end : result.height, &err),
                         FW_OK, "%s: %s", text, err.text);
        fw_chain_destroy(chain);
    }
    *hash = works ? clip_hash(made) : 0;
    clip_deinit(&out);
    return works;
}

Test(bands, shares_of_rows_give_the_same_pixels, .timeout = 100)
{
    static char texts[TEXTS_MAX][160];
    uint32_t count = read_texts(texts);
    uint32_t shared = 0;
    uint64_t state = 23;
    av_log_set_level(AV_LOG_QUIET);
    for (uint32_t round = 0; round < 600; round++) {
        char text[3 * 160] = "";
        struct fw_video video = make_video(&state);
        struct clip in = { .video = video };
        uint64_t whole[FRAMES] = { 0 };
        uint64_t rows = 0;
        for (uint32_t i = 0; i < 1 + draw(&state, 2); i++) {
            strcat(text, i ? "," : "");
            strcat(text, texts[draw(&state, count)]);
        }
        for (uint32_t i = 0; i < FRAMES; i++)
            paint(&clip_add(&in, 0)->image, &state);
        uint32_t shares = 1 + draw(&state, 5);
        if (run_shares(text, &in, shares, &rows) && run(text, &in, -1, whole)) {
            shared++;
            cr_expect_eq(rows, whole[0], "%s | %s %dx%d in %u shares", text, video.format->name,
                         video.width, video.height, shares);
        }
        clip_deinit(&in);
    }
    cr_expect_gt(shared, 100, "only %u chains were shared", shared);
}
