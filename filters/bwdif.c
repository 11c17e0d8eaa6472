/*
 * bwdif: interlaced fields to whole frames. Filters, edges, timing and formats of libavfilter 5.1's
 * bwdif: where the picture moves the BBC's Weston filter over three frames, else the field before
 * or after.
 */
#include "deint.h"
#include "filter.h"
#include "format.h"
#include "kernels/bwdif.h"

#include <string.h>

struct bwdif {
    struct fw_deint deint;
    int32_t cpu;
    const struct fw_bwdif_kernels *kernels;
};

static const struct fw_choice modes[] = {
    { "send_frame", FW_DEINT_FRAME, "one frame for each frame" },
    { "send_field", FW_DEINT_FIELD, "one frame for each field" },
    { NULL, 0, NULL },
};

static const struct fw_option bwdif_options[] = {
    { .name = "mode",
      .help = "frames that come out",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct bwdif, deint.mode),
      .min = 0,
      .max = 1,
      .default_text = "send_field",
      .choices = modes },
    { .name = "parity",
      .help = "the field that comes first",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct bwdif, deint.parity),
      .min = -1,
      .max = 1,
      .default_text = "auto",
      .choices = fw_deint_parities },
    { .name = "deint",
      .help = "frames to deinterlace",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct bwdif, deint.interlaced),
      .min = 0,
      .max = 1,
      .default_text = "all",
      .choices = fw_deint_sets },
    { .name = NULL },
};

static int bwdif_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_deint_accepts(format);
}

static int bwdif_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                           struct fw_caps *caps, struct fw_error *err)
{
    const struct bwdif *bwdif = self;
    *out = *in;
    if (!fw_deint_accepts(in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    caps->cost_ns_per_pixel = 0.3f;
    return fw_deint_negotiate(&bwdif->deint, in, out, caps, err);
}

static int bwdif_start(void *self, struct fw_error *err)
{
    (void)err;
    struct bwdif *bwdif = self;
    bwdif->kernels = fw_bwdif_kernels(bwdif->cpu);
    return FW_OK;
}

/* One plane of the three frames; rows of both fields. */
struct planes {
    const struct fw_deint_job *job;
    uint32_t plane;
    int32_t height;
    int32_t bytes; /* of a sample */
};

/* A row of the frame's plane. Beyond its ends, which only planes of few rows reach, the last. */
static const void *row_of(const struct planes *planes, const struct fw_frame *frame, int32_t y)
{
    int32_t inside = y < 0 ? 0 : (y < planes->height ? y : planes->height - 1);
    return frame->image.data[planes->plane] + inside * frame->image.stride[planes->plane];
}

/* Rows around row y, and what is done with them. libavfilter counts in bytes where it looks for
 * the edges, so that two rows of deep samples are at the edge where one of 8-bit samples is. */
static enum fw_bwdif_kind rows_around(const struct planes *planes, int32_t y,
                                      struct fw_bwdif_rows *rows)
{
    const struct fw_deint_job *job = planes->job;
    int32_t height = planes->height;
    bool middle = !job->alone && y >= 4 && y + 5 <= height;
    int32_t above = middle || y > planes->bytes - 1 ? -1 : 1;
    int32_t below = middle || y + planes->bytes < height ? 1 : -1;
    int32_t far_above = middle || y > 3 * planes->bytes - 1 ? -3 : 1;
    int32_t far_below = middle || y + 3 * planes->bytes < height ? 3 : -1;
    const struct fw_frame *past = job->second ? job->cur : job->prev;
    const struct fw_frame *future = job->second ? job->next : job->cur;
    rows->prev[0] = row_of(planes, job->prev, y + above);
    rows->prev[1] = row_of(planes, job->prev, y + below);
    rows->next[0] = row_of(planes, job->next, y + above);
    rows->next[1] = row_of(planes, job->next, y + below);
    rows->cur[0] = row_of(planes, job->cur, y + far_above);
    rows->cur[1] = row_of(planes, job->cur, y + above);
    rows->cur[2] = row_of(planes, job->cur, y + below);
    rows->cur[3] = row_of(planes, job->cur, y + far_below);
    for (int32_t i = 0; i < 5; i++) {
        rows->past[i] = row_of(planes, past, y + 2 * i - 4);
        rows->future[i] = row_of(planes, future, y + 2 * i - 4);
    }
    if (job->alone)
        return FW_BWDIF_INTRA;
    if (middle)
        return FW_BWDIF_LINE;
    return y < 2 || y + 3 > height ? FW_BWDIF_EDGE : FW_BWDIF_NEAR;
}

static int bwdif_window(void *self, const struct fw_frame *const *in, struct fw_frame *out,
                        void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct bwdif *bwdif = self;
    const struct fw_format *format = in[0]->image.format;
    int32_t depth = (int32_t)fw_format_depth(format);
    struct fw_deint_job job;
    int status = fw_deint_begin(&bwdif->deint, in, out, &job);
    for (uint32_t plane = 0; status == FW_OK && plane < format->plane_count; plane++) {
        struct planes planes = { &job, plane,
                                 fw_format_plane_height(format, plane, in[0]->image.height),
                                 depth > 8 ? 2 : 1 };
        int32_t width = fw_format_plane_width(format, plane, in[0]->image.width);
        for (int32_t y = 0; y < planes.height; y++) {
            uint8_t *to = out->image.data[plane] + y * out->image.stride[plane];
            struct fw_bwdif_rows rows;
            if ((y & 1) != job.missing) {
                memcpy(to, row_of(&planes, job.cur, y), (size_t)width * (size_t)planes.bytes);
                continue;
            }
            enum fw_bwdif_kind kind = rows_around(&planes, y, &rows);
            (planes.bytes > 1 ? bwdif->kernels->u16 : bwdif->kernels->u8)[kind](to, &rows, width,
                                                                                (1 << depth) - 1);
        }
    }
    return status;
}

const struct fw_filter fw_filter_bwdif = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "bwdif",
    .summary = "deinterlace by the Weston filter over three frames",
    .options = bwdif_options,
    .self_size = sizeof(struct bwdif),
    .negotiate = bwdif_negotiate,
    .accepts = bwdif_accepts,
    .start = bwdif_start,
    .window = bwdif_window,
    .cpu_offset = FW_CPU_OFFSET(struct bwdif, cpu),
};
