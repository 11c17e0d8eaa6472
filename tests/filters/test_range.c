/* The key property where libraries would break it: a frame alone, in a chain of its own and with
 * other bytes around its rows, has the pixels it has in the whole run. */
#include "whole.h"

#include "check.h"
#include "convert.h"
#include "format.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 3

struct setup {
    const char *text;
    struct fw_video in;
    const struct fw_format *output;
    const struct fw_hdr *hdr;
    int padding; /* the byte that all images are filled with first */
};

static struct fw_video video_of(const struct fw_format *format, int32_t width, int32_t height)
{
    bool full = format->flags & FW_FORMAT_FULL_RANGE;
    return (struct fw_video){ .format = format,
                              .width = width,
                              .height = height,
                              .sample_aspect = { 1, 1 },
                              .time_base = { 1, 25 },
                              .frame_rate = { 25, 1 },
                              .color = { .matrix = 2, .range = full ? 2 : 0 } };
}

/* Frames through the chain in ranges of `range`; see whole.h. */
static void run(const struct setup *setup, uint32_t range, uint64_t *hashes)
{
    struct fw_error err = { 0 };
    struct clip from = { .video = setup->in };
    struct clip to;
    struct whole whole = {
        .text = setup->text, .output = setup->output, .range = range, .fill = setup->padding
    };
    for (uint32_t i = 0; i < FRAMES; i++) {
        struct fw_frame *frame = clip_add(&from, setup->padding);
        frame->hdr = setup->hdr;
        clip_paint(&frame->image, i);
    }
    cr_assert_eq(whole_run(&whole, &from, &to, &err), FW_OK, "%s", err.text);
    cr_assert_eq(to.count, FRAMES);
    for (uint32_t i = 0; i < FRAMES; i++)
        hashes[i] = clip_hash(&to.frames[i].frame);
    clip_deinit(&from);
    clip_deinit(&to);
}

static void check(struct setup *setup)
{
    uint64_t whole[FRAMES] = { 0 };
    uint64_t alone[FRAMES] = { 0 };
    setup->padding = 0xA5;
    run(setup, 0, whole);
    setup->padding = 0x3C;
    run(setup, 1, alone);
    cr_expect_eq(memcmp(whole, alone, sizeof(whole)), 0, "%s: %s %dx%d to %s", setup->text,
                 setup->in.format->name, setup->in.width, setup->in.height,
                 setup->output ? setup->output->name : "-");
}

static void check_conversion(const char *from, const struct fw_format *to, int32_t width,
                             int32_t height)
{
    struct fw_error err = { 0 };
    struct fw_video out;
    struct setup setup = { "", video_of(fw_format_find(from), width, height), to, NULL, 0 };
    if (setup.in.format != to && fw_convert_plan(&setup.in, to, &out, &err) == FW_OK)
        check(&setup);
}

Test(range, every_conversion, .timeout = 200)
{
    static const char *const inputs[] = { "rgb24", "yuv420p", "gbrp",    "pal8",
                                          "rgba",  "yuyv422", "xyz12le", "yuv444p10le" };
    for (uint32_t i = 0; i < fw_format_count(); i++) {
        for (size_t k = 0; k < FW_COUNT(inputs); k++) {
            check_conversion(inputs[k], fw_format_at(i), 37, 23);
            check_conversion(inputs[k], fw_format_at(i), 48, 23);
            check_conversion(inputs[k], fw_format_at(i), 37, 24);
        }
    }
}

Test(range, libavfilter_graphs, .timeout = 200)
{
    static const char *const chains[] = {
        "lavfi.format=rgb8",
        "lavfi.format=bgr4_byte",
        "lavfi.format=bgr8,lavfi.format=yuv420p",
        "lavfi.format=bgr8,hqx",
        "lavfi.scale=50:31",
        "lavfi.scale=iw/2:ih/2:eval=frame",
        "lavfi.scale=flags=full_chroma_int,lavfi.format=rgb8",
        "lavfi.scale=sws_dither=3,lavfi.format=monob",
        "lavfi.format=p010le,lavfi.format=yuv420p",
        "lavfi.format=gbrp,lavfi.format=yuv420p10le",
    };
    static const char *const formats[] = { "yuv420p", "rgb24", "pal8", "rgb8" };
    for (size_t i = 0; i < FW_COUNT(chains); i++) {
        for (size_t k = 0; k < FW_COUNT(formats); k++) {
            struct fw_video in = video_of(fw_format_find(formats[k]), 37, 23);
            struct setup setup = { chains[i], in, NULL, NULL, 0 };
            check(&setup);
        }
    }
}

/* tonemap's peak is that of the frame where the frame says one: 400 cd/m2 over white at 100. */
Test(range, light_levels_reach_libavfilter)
{
    uint64_t hashes[3][FRAMES] = { { 0 } };
    const struct fw_hdr hdr = { .struct_size = sizeof(hdr),
                                .flags = FW_HDR_LIGHT_LEVELS,
                                .max_content = 400,
                                .max_average = 100 };
    struct fw_video in = video_of(fw_format_find("gbrpf32le"), 48, 32);
    in.color.transfer = 8; /* linear */
    struct setup setup = { "tonemap=hable", in, NULL, NULL, 0 };
    run(&setup, 0, hashes[0]);
    setup.hdr = &hdr;
    run(&setup, 0, hashes[1]);
    setup.text = "tonemap=hable:peak=4";
    setup.hdr = NULL;
    run(&setup, 0, hashes[2]);
    cr_assert_neq(hashes[0][0], hashes[1][0]);
    cr_assert_eq(memcmp(hashes[1], hashes[2], sizeof(hashes[1])), 0);
}
