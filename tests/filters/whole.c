#include "whole.h"

#include "check.h"
#include "convert.h"
#include "format.h"
#include "kernels/cpu.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

struct fw_frame *clip_add(struct clip *clip, int fill)
{
    struct fw_image_layout layout;
    if (clip->count == clip->room) {
        clip->room = clip->room ? 2 * clip->room : 8;
        clip->frames = realloc(clip->frames, clip->room * sizeof(*clip->frames));
        FW_CHECK(clip->frames);
    }
    struct clip_frame *one = &clip->frames[clip->count];
    const struct fw_video *video = &clip->video;
    FW_CHECK(fw_image_layout(&layout, video->format, video->width, video->height) == 0);
    memset(one, 0, sizeof(*one));
    one->block = aligned_alloc(FW_IMAGE_ALIGN, layout.bytes);
    FW_CHECK(one->block);
    memset(one->block, fill, layout.bytes);
    fw_image_map(&one->frame.image, &layout, video->format, video->width, video->height,
                 one->block);
    one->frame.struct_size = sizeof(one->frame);
    one->frame.index = clip->count;
    one->frame.pts = clip->count;
    one->frame.duration = 1;
    one->frame.sample_aspect = video->sample_aspect;
    one->frame.color = video->color;
    clip->count++;
    return &one->frame;
}

static void paint_bytes(const struct fw_image *image, uint64_t index)
{
    uint64_t state = index * 977 + 5;
    for (uint32_t plane = 0; plane < image->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(image->format, plane, image->width);
        int32_t rows = fw_format_plane_height(image->format, plane, image->height);
        for (int32_t y = 0; y < rows; y++) {
            for (size_t x = 0; x < bytes; x++) {
                state = state * 6364136223846793005u + 1442695040888963407u;
                image->data[plane][y * image->stride[plane] + (ptrdiff_t)x] =
                    (uint8_t)((state >> 59) + x * 3 + (size_t)y * 5 + index * 9);
            }
        }
    }
}

void clip_paint(const struct fw_image *image, uint64_t index)
{
    struct fw_error err = { 0 };
    struct fw_convert *convert = NULL;
    struct clip rgba = { .video = { .format = fw_format_find("rgba"),
                                    .width = image->width,
                                    .height = image->height,
                                    .sample_aspect = { 1, 1 },
                                    .time_base = { 1, 25 },
                                    .frame_rate = { 25, 1 },
                                    .color = { .matrix = 2 } } };
    struct fw_video to;
    if (fw_convert_plan(&rgba.video, image->format, &to, &err) != FW_OK ||
        rgba.video.format == image->format) {
        paint_bytes(image, index);
        return;
    }
    const struct fw_image *from = &clip_add(&rgba, 0)->image;
    paint_bytes(from, index);
    FW_CHECK(fw_convert_open(&convert, &rgba.video, &to, &err) == FW_OK);
    FW_CHECK(fw_convert_process(convert, from, image, &err) == FW_OK);
    fw_convert_close(convert);
    clip_deinit(&rgba);
}

void clip_deinit(struct clip *clip)
{
    for (uint32_t i = 0; i < clip->count; i++)
        free(clip->frames[i].block);
    free(clip->frames);
    memset(clip, 0, sizeof(*clip));
}

uint64_t clip_hash(const struct fw_frame *frame)
{
    const struct fw_image *image = &frame->image;
    XXH3_state_t *state = XXH3_createState();
    FW_CHECK(state && XXH3_64bits_reset(state) == XXH_OK);
    for (uint32_t plane = 0; plane < image->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(image->format, plane, image->width);
        int32_t rows = fw_format_plane_height(image->format, plane, image->height);
        for (int32_t y = 0; y < rows; y++)
            (void)XXH3_64bits_update(state, image->data[plane] + y * image->stride[plane], bytes);
    }
    uint64_t hash = XXH3_64bits_digest(state);
    (void)XXH3_freeState(state);
    return hash;
}

/* The borrowed part of a frame becomes the clip's own. */
static void own(struct clip_frame *one)
{
    if (!one->frame.hdr)
        return;
    one->hdr = *one->frame.hdr;
    one->frame.hdr = NULL; /* `one` may move: set when it is read */
    one->hdr.struct_size = sizeof(one->hdr);
}

static void lend(struct clip *clip)
{
    for (uint32_t i = 0; i < clip->count; i++)
        if (clip->frames[i].hdr.struct_size)
            clip->frames[i].frame.hdr = &clip->frames[i].hdr;
}

static int open_chain(const struct whole *whole, const struct fw_video *in, struct fw_video *out,
                      struct fw_chain **chain_out, struct fw_error *err)
{
    int status = fw_chain_create(chain_out, whole->text, err);
    if (status < 0)
        return status;
    fw_chain_set_output_format(*chain_out, whole->output);
    return fw_chain_negotiate(*chain_out, in, out, err);
}

/* Output `number` of a parallel segment; it is added in its place, if there is one. */
static int ask(struct fw_chain *chain, const struct fw_chain_segment *segment,
               const struct clip *in, struct clip *outs, uint64_t number, struct fw_error *err)
{
    const struct fw_frame *window[2 * FW_CHAIN_NEIGHBOURS_MAX + 1];
    const struct fw_frame **middle = window + segment->before;
    int64_t at = (int64_t)(number / (uint64_t)segment->rate_num);
    for (int32_t i = -segment->before; i <= segment->after; i++)
        middle[i] = at + i >= 0 && at + i < in->count ? &in->frames[at + i].frame : NULL;
    struct clip_frame *one = &outs->frames[number];
    struct fw_image image = one->frame.image;
    one->frame.index = number;
    int status = fw_chain_process(chain, middle, &one->frame, err);
    if (status == FW_IDENTITY) {
        fw_image_copy(&image, &middle[0]->image);
        status = FW_OK;
    }
    if (status == FW_DROP) {
        free(one->block);
        one->block = NULL;
        status = FW_OK;
    }
    one->frame.image = image;
    own(one);
    return status;
}

static void close_gaps(struct clip *clip)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < clip->count; i++) {
        if (!clip->frames[i].block)
            continue;
        clip->frames[count] = clip->frames[i];
        clip->frames[count].frame.index = count;
        count++;
    }
    clip->count = count;
}

static int run_parallel(const struct whole *whole, struct fw_chain *chain, uint32_t index,
                        const struct clip *in, struct clip *out, struct fw_error *err)
{
    struct fw_chain_segment segment;
    int status = FW_OK;
    fw_chain_segment_at(chain, index, &segment);
    uint32_t count = in->count * (uint32_t)segment.rate_num;
    uint32_t range = whole->range && whole->range < count ? whole->range : count;
    for (uint32_t i = 0; i < count; i++)
        (void)clip_add(out, whole->fill);
    uint32_t step = whole->step ? whole->step : 1;
    uint32_t ranges = count ? (count + range - 1) / range : 0;
    for (uint32_t i = ranges; i-- > 0 && status == FW_OK;) {
        status = fw_chain_start(chain, index, err);
        uint32_t end = (i + 1) * range < count ? (i + 1) * range : count;
        for (uint32_t turn = 0; turn < step; turn++)
            for (uint32_t k = i * range + turn; k < end && status == FW_OK; k += step)
                status = ask(chain, &segment, in, out, k, err);
        fw_chain_stop(chain);
    }
    close_gaps(out);
    return status;
}

static int pull_all(struct fw_chain *chain, int fill, struct clip *out, struct fw_error *err)
{
    int status = FW_OK;
    while (status == FW_OK) {
        struct fw_frame *frame = clip_add(out, fill);
        struct fw_image image = frame->image;
        status = fw_chain_pull(chain, frame, err);
        frame->image = image;
        own(&out->frames[out->count - 1]);
    }
    free(out->frames[--out->count].block);
    return status == FW_END ? FW_OK : status;
}

static int run_sequential(const struct whole *whole, struct fw_chain *chain, uint32_t index,
                          const struct clip *in, struct clip *out, struct fw_error *err)
{
    int status = fw_chain_start(chain, index, err);
    for (uint32_t i = 0; i <= in->count && status == FW_OK; i++) {
        status = fw_chain_push(chain, i < in->count ? &in->frames[i].frame : NULL, err);
        if (status == FW_OK)
            status = pull_all(chain, whole->fill, out, err);
    }
    fw_chain_stop(chain);
    return status;
}

int whole_run_chain(const struct whole *whole, struct fw_chain *chain, const struct clip *in,
                    struct clip *out, struct fw_error *err)
{
    struct clip now = *in;
    int status = FW_OK;
    FW_CHECK(fw_chain_segment_count(chain) > 0);
    if (whole->cpu)
        fw_chain_set_cpu(chain, fw_cpu_parse(whole->cpu));
    for (uint32_t i = 0; i < fw_chain_segment_count(chain) && status == FW_OK; i++) {
        struct fw_chain_segment segment;
        fw_chain_segment_at(chain, i, &segment);
        struct clip next = { .video = segment.out };
        status = segment.sequential ? run_sequential(whole, chain, i, &now, &next, err)
                                    : run_parallel(whole, chain, i, &now, &next, err);
        lend(&next);
        if (i > 0)
            clip_deinit(&now);
        now = next;
    }
    *out = now; /* never the input itself: the first segment made copies */
    return status;
}

int whole_run(const struct whole *whole, const struct clip *in, struct clip *out,
              struct fw_error *err)
{
    struct fw_chain *chain = NULL;
    struct fw_video result;
    memset(out, 0, sizeof(*out));
    int status = open_chain(whole, &in->video, &result, &chain, err);
    if (status == FW_OK)
        status = whole_run_chain(whole, chain, in, out, err);
    fw_chain_destroy(chain);
    return status;
}
