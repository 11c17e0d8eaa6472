/*
 * Filter chains: whatever the bytes are, fw_chain_create returns a chain or a message, and a chain
 * that fits its input runs. An input is a line of the lists in tests/filters:
 *
 *     CHAIN[ | FORMAT WxH [FRAMES [wild]]]
 *
 * Chains with an input run twice: as a whole, every other frame first, on the best instructions,
 * and frame by frame from the last to the first in portable C with other bytes around the rows.
 * Both must give the same frames or refuse, and leave the bytes between the rows alone. Wild
 * samples have bits beyond the depth, as a hostile file has: then nothing is promised but to stay
 * within memory.
 */
#include "chain.h"
#include "chain_words.h"
#include "check.h"
#include "filters/whole.h"
#include "format.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/log.h>

enum {
    FRAMES_MAX = 4,
    PIXELS_MAX = 120 * 120, /* of every step */
    OUTPUTS_MAX = 64,
    SCRATCH_MAX = 64 << 20,
    FOREIGN_SIDE = 64, /* some of libavfilter's filters read beyond the rows of other sizes */
    DIGITS_MAX = 5 /* longer numbers are for the parser: passes of a blur may be counted by them */
};

struct input {
    char *text;
    struct fw_video video;
    uint32_t frames; /* 0: there is no input */
    bool wild;       /* samples have bits beyond their depth */
};

struct result {
    int status;
    struct clip clip;
    struct fw_error err;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((weak)) void __lsan_disable(void);
__attribute__((weak)) void __lsan_enable(void);

/* ---- what is run ----------------------------------------------------------------------------- */

static void read_input(struct input *input, const uint8_t *data, size_t size)
{
    char format[32];
    char wild[8] = "";
    uint32_t frames = 2;
    struct fw_video *video = &input->video;
    *input = (struct input){ .text = malloc(size + 1) };
    FW_CHECK(input->text);
    memcpy(input->text, data, size);
    input->text[size] = '\0';
    *video = (struct fw_video){ .format = fw_format_find("yuv420p"),
                                .width = 16,
                                .height = 16,
                                .sample_aspect = { 1, 1 },
                                .time_base = { 1, 25 },
                                .frame_rate = { 25, 1 },
                                .color = { .matrix = 2, .primaries = 2, .transfer = 2 } };
    char *bar = strstr(input->text, " | ");
    if (!bar)
        return;
    *bar = '\0';
    int words = sscanf(bar + 3, "%31s %dx%d %u %7s", format, &video->width, &video->height, &frames,
                       wild);
    const struct fw_format *found = words >= 3 ? fw_format_find(format) : NULL;
    if (!found || video->width < 1 || video->height < 1 ||
        video->width > PIXELS_MAX / video->height)
        return;
    video->format = found;
    video->color.range = found->flags & FW_FORMAT_FULL_RANGE ? 2 : 0;
    input->frames = frames < FRAMES_MAX ? frames : FRAMES_MAX;
    /* unsharp clips to 8 or 16 bits, as libavfilter's does. */
    uint32_t depth = fw_format_depth(found);
    input->wild = strcmp(wild, "wild") == 0 || (depth > 8 && strstr(input->text, "unsharp"));
}

static bool has_long_number(const char *text)
{
    uint32_t digits = 0;
    for (; *text; text++) {
        digits = *text >= '0' && *text <= '9' ? digits + 1 : 0;
        if (digits > DIGITS_MAX)
            return true;
    }
    return false;
}

/* Building their tables takes a tenth of a second, which a refusal does for every format. */
static bool is_slow(const char *text)
{
    return strstr(text, "xbr") || strstr(text, "hqx");
}

static bool small(const struct fw_video *video)
{
    return video->width <= PIXELS_MAX / video->height;
}

/* Small enough, and of filters that end: of libavfilter's those that take frames in any order. */
static bool worth_running(const struct fw_chain *chain, const struct input *input)
{
    if (input->frames == 0 || has_long_number(input->text) || is_slow(input->text))
        return false;
    for (uint32_t i = 0; i < fw_chain_step_count(chain); i++) {
        struct fw_chain_step step;
        fw_chain_step_at(chain, i, &step);
        if (!small(&step.in) || !small(&step.out))
            return false;
        if (strcmp(step.engine, "libavfilter") == 0 &&
            (!fuzz_foreign_runs(step.name) || step.in.width % FOREIGN_SIDE ||
             step.in.height % FOREIGN_SIDE))
            return false;
    }
    uint64_t outputs = input->frames;
    for (uint32_t i = 0; i < fw_chain_segment_count(chain); i++) {
        struct fw_chain_segment segment;
        fw_chain_segment_at(chain, i, &segment);
        outputs *= segment.rate_num > 1 ? (uint32_t)segment.rate_num : 1;
        if (outputs > OUTPUTS_MAX || segment.scratch_bytes > SCRATCH_MAX)
            return false;
    }
    return true;
}

/* ---- pixels ---------------------------------------------------------------------------------- */

static uint32_t used_bits(const struct fw_format *format)
{
    const struct fw_component *first = &format->components[0];
    for (uint32_t i = 0; i < format->component_count; i++) {
        const struct fw_component *one = &format->components[i];
        if (one->depth != first->depth || one->shift != first->shift)
            return 0xffff;
    }
    if (first->depth <= 8 || first->depth >= 16)
        return 0xffff;
    return ((1u << first->depth) - 1) << first->shift;
}

/* Noise and steps within the depth; floating-point samples from -0.5 to 1.5. */
static void paint_row(const struct fw_format *format, uint8_t *row, size_t bytes, uint32_t mask,
                      struct fuzz_random *random)
{
    uint32_t pick = fuzz_below(random, 4);
    bool big = format->flags & FW_FORMAT_BIG_ENDIAN;
    if ((format->flags & FW_FORMAT_FLOAT) && bytes % 4 == 0) {
        for (size_t i = 0; i < bytes; i += 4) {
            float value = (float)fuzz_below(random, 2048) / 1024.0F - 0.5F;
            memcpy(row + i, &value, 4);
        }
        return;
    }
    for (size_t i = 0; i < bytes; i++) {
        uint8_t keep = (uint8_t)((i % 2 == 1) != big ? mask >> 8 : mask);
        uint8_t byte = (uint8_t)fuzz_below(random, 256);
        if (pick == 0)
            byte = (uint8_t)(i / 8 * 16);
        else if (pick == 1)
            byte = byte & 1 ? 0xff : 0;
        row[i] = byte & keep;
    }
}

static void take_clip(struct clip *clip, const struct input *input, int fill)
{
    struct fuzz_random random = { .state = 1 };
    uint32_t mask = input->wild ? 0xffff : used_bits(input->video.format);
    *clip = (struct clip){ .video = input->video };
    for (uint32_t i = 0; i < input->frames; i++) {
        struct fw_frame *frame = clip_add(clip, fill);
        const struct fw_image *image = &frame->image;
        frame->flags = i % 2 ? FW_FRAME_INTERLACED | FW_FRAME_TOP_FIRST : 0u;
        for (uint32_t plane = 0; plane < image->format->plane_count; plane++) {
            size_t bytes = fw_format_row_bytes(image->format, plane, image->width);
            int32_t rows = fw_format_plane_height(image->format, plane, image->height);
            for (int32_t y = 0; y < rows; y++)
                paint_row(image->format, image->data[plane] + y * image->stride[plane], bytes, mask,
                          &random);
        }
    }
}

/* The bytes behind rows are libswscale's and libavfilter's to write. */
static bool only_built_in(const struct fw_chain *chain)
{
    for (uint32_t i = 0; i < fw_chain_step_count(chain); i++) {
        struct fw_chain_step step;
        fw_chain_step_at(chain, i, &step);
        if (strcmp(step.engine, "built-in") != 0)
            return false;
    }
    return true;
}

static void check_padding(const struct fw_image *image, uint8_t fill)
{
    for (uint32_t plane = 0; plane < image->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(image->format, plane, image->width);
        int32_t rows = fw_format_plane_height(image->format, plane, image->height);
        for (int32_t y = 0; y < rows; y++) {
            const uint8_t *row = image->data[plane] + y * image->stride[plane];
            for (size_t x = bytes; x < (size_t)image->stride[plane]; x++)
                FW_CHECK(row[x] == fill);
        }
    }
}

/* ---- runs ------------------------------------------------------------------------------------ */

static void run(struct result *result, struct fw_chain *chain, const struct whole *whole,
                const struct input *input)
{
    struct clip in;
    take_clip(&in, input, whole->fill);
    memset(result, 0, sizeof(*result));
    result->status = whole_run_chain(whole, chain, &in, &result->clip, &result->err);
    bool padded = result->status == FW_OK && only_built_in(chain);
    for (uint32_t i = 0; i < result->clip.count && padded; i++)
        check_padding(&result->clip.frames[i].frame.image, (uint8_t)whole->fill);
    FW_CHECK(result->status == FW_OK ||
             (result->err.status == result->status && result->err.text[0]));
    clip_deinit(&in);
}

static void run_both_ways(struct fw_chain *chain, const struct input *input)
{
    struct result whole;
    struct result parts;
    run(&whole, chain, &(struct whole){ .fill = 0xA5, .step = 2 }, input);
    run(&parts, chain, &(struct whole){ .fill = 0x3C, .range = 1, .cpu = "c" }, input);
    bool ok = whole.status == FW_OK;
    bool comparable = ok && !input->wild;
    FW_CHECK(ok == (parts.status == FW_OK));
    FW_CHECK(!comparable || whole.clip.count == parts.clip.count);
    for (uint32_t i = 0; comparable && i < whole.clip.count; i++) {
        const struct fw_frame *a = &whole.clip.frames[i].frame;
        const struct fw_frame *b = &parts.clip.frames[i].frame;
        FW_CHECK(clip_hash(a) == clip_hash(b) && a->pts == b->pts && a->flags == b->flags);
    }
    clip_deinit(&whole.clip);
    clip_deinit(&parts.clip);
    fuzz_tally(chain, ok);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fw_error err = { 0 };
    struct fw_chain *chain = NULL;
    struct fw_video out;
    struct input input;
    av_log_set_level(AV_LOG_QUIET);
    read_input(&input, data, size);
    /* libavfilter's curves loses the points before one that it refuses. */
    bool loses = strstr(input.text, "curves") && __lsan_disable;
    if (loses)
        __lsan_disable();
    int status = fw_chain_create(&chain, input.text, &err);
    FW_CHECK((status == FW_OK) == (chain != NULL));
    if (status == FW_OK && !is_slow(input.text))
        status = fw_chain_negotiate(chain, &input.video, &out, &err);
    FW_CHECK(status == FW_OK || (err.status == status && err.text[0]));
    FW_CHECK(memchr(err.text, '\0', sizeof(err.text)));
    if (status == FW_OK && worth_running(chain, &input))
        run_both_ways(chain, &input);
    fw_chain_destroy(chain);
    if (loses)
        __lsan_enable();
    free(input.text);
    return 0;
}
