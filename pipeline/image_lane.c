/* Which way a picture goes through the chain, and the chain that takes it. */
#include "image_lane.h"

#include "image_linear.h"
#include "image_shrink.h"

#include "filters/check.h"
#include "filters/format.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an inserted conversion costs: one that only moves samples, and one that computes others. */
#define COST_MOVE 1u
#define COST_CONVERT 10u

/* By EXIF's number: what makes a picture upright, for what works on any pixels. */
static const char *const turns[] = {
    [2] = "hflip",           [3] = "hflip,vflip",     [4] = "vflip",
    [5] = "transpose=dir=0", [6] = "transpose=dir=1", [7] = "transpose=dir=3",
    [8] = "transpose=dir=2",
};

static bool same_traits(const struct fw_video *a, const struct fw_video *b)
{
    return a->format == b->format && a->width == b->width && a->height == b->height &&
           memcmp(&a->color, &b->color, sizeof(a->color)) == 0;
}

/* The user's chain behind what makes the picture upright. From malloc. */
static char *make_text(const struct fw_still_head *head, const char *chain)
{
    char *text = NULL;
    const char *turn = head->orientation >= 2 && head->orientation <= 8 ? turns[head->orientation]
                                                                        : NULL;
    bool both = turn && chain && chain[0];
    if (asprintf(&text, "%s%s%s", turn ? turn : "", both ? "," : "", chain ? chain : "") < 0)
        return NULL;
    return text;
}

static bool is_rgb(const struct fw_format *format)
{
    return (format->flags & FW_FORMAT_RGB) != 0;
}

/* A conversion that changes the place of samples alone. */
static bool only_moves(const struct fw_format *a, const struct fw_format *b)
{
    const uint32_t kinds = FW_FORMAT_RGB | FW_FORMAT_ALPHA | FW_FORMAT_FLOAT | FW_FORMAT_PALETTE;
    return (a->flags & kinds) == (b->flags & kinds) && fw_format_depth(a) == fw_format_depth(b) &&
           (is_rgb(a) ||
            (a->log2_chroma_w == b->log2_chroma_w && a->log2_chroma_h == b->log2_chroma_h &&
             a->component_count == b->component_count));
}

static uint32_t cost_of(const struct fw_chain *chain)
{
    uint32_t cost = 0;
    for (uint32_t i = 0; i < fw_chain_step_count(chain); i++) {
        struct fw_chain_step step;
        fw_chain_step_at(chain, i, &step);
        if (step.inserted)
            cost += only_moves(step.in.format, step.out.format) ? COST_MOVE : COST_CONVERT;
    }
    return cost;
}

/* What the chain is to give: the writer's format, or that in linear light. */
static const struct fw_format *chain_format(const struct fw_lane *lane,
                                            const struct fw_batch_settings *settings)
{
    return settings->linear ? fw_linear_format(lane->fitted) : lane->fitted;
}

static int create_chain(struct fw_chain **chain_out, const struct fw_lane *lane,
                        const struct fw_lane_request *request, struct fw_error *err)
{
    int status = fw_chain_create_with(chain_out, lane->text, request->plugins, err);
    if (status == FW_OK)
        fw_chain_set_cpu(*chain_out, request->settings->job.cpu == FW_CPU_LIMIT_AUTO
                                         ? INT_MAX
                                         : (int)request->settings->job.cpu - 1);
    if (status == FW_OK && lane->fitted)
        fw_chain_set_output_format(*chain_out, chain_format(lane, request->settings));
    return status;
}

/* The writer's format for what the chain gives. */
static int fit_writer(struct fw_lane *lane, const struct fw_lane_request *request,
                      struct fw_error *err)
{
    const struct fw_still_head *head = fw_still_reader_head(request->reader);
    lane->given = lane->out;
    if (lane->forced) {
        lane->fitted = lane->forced;
        return FW_OK;
    }
    if (request->settings->linear)
        lane->given.format = fw_linear_stored(lane->out.format,
                                              fw_format_depth(lane->offer.video.format));
    lane->fitted = fw_still_fit(request->wish, &lane->given, head, NULL);
    if (request->settings->linear && !fw_linear_format(lane->fitted))
        return fw_fail(err, FW_ERR_USAGE, "--linear cannot write %s, whose format here is %s",
                       fw_still_kind_name(request->wish->kind), lane->fitted->name);
    return FW_OK;
}

/* A chain fitted to an offer, and what comes out of it in the format that the writer takes. */
static int fit_offer(struct fw_lane *lane, const struct fw_lane_request *request, uint32_t *cost,
                     struct fw_error *err)
{
    struct fw_chain *chain = NULL;
    lane->fitted = NULL;
    int status = create_chain(&chain, lane, request, err);
    if (status == FW_OK)
        status = fw_chain_negotiate(chain, &lane->in, &lane->out, err);
    if (status == FW_OK) {
        status = fit_writer(lane, request, err);
    }
    if (status == FW_OK && chain_format(lane, request->settings) != lane->out.format) {
        fw_chain_set_output_format(chain, chain_format(lane, request->settings));
        status = fw_chain_negotiate(chain, &lane->in, &lane->out, err);
    }
    *cost = status == FW_OK ? cost_of(chain) : UINT_MAX;
    fw_chain_destroy(chain);
    return status;
}

/* Stored samples are for a writer that stores them as they are: indices of a palette mean nothing
 * once they are converted. */
static bool may_use(const struct fw_lane *lane, const struct fw_batch_settings *settings)
{
    const struct fw_still_offer *offer = &lane->offer;
    if (settings->linear && (offer->raw || !fw_linear_format(offer->video.format)))
        return false;
    bool palette = (offer->video.format->flags & FW_FORMAT_PALETTE) != 0;
    return !palette || lane->fitted == NULL || lane->fitted == offer->video.format;
}

static bool is_ycc(const struct fw_still_offer *offer)
{
    return offer->raw && !(offer->video.format->flags & FW_FORMAT_PALETTE);
}

/* What filters mean must not depend on the kind of the output: where a file stores YCbCr, filters
 * get that, as in FFmpeg. Without filters pixels are what the kind's own tools decode to. */
static uint32_t list_offers(const struct fw_lane_request *request,
                            struct fw_still_offer offers[FW_STILL_OFFERS_MAX])
{
    const char *chain = request->settings->job.chain;
    enum fw_still_kind own = fw_still_reader_head(request->reader)->kind;
    bool filters = chain && chain[0] && !request->settings->linear;
    uint32_t count = fw_still_reader_offers(request->reader, filters ? own : request->wish->kind,
                                            offers);
    bool stored = false;
    for (uint32_t i = 0; i < count && filters; i++)
        stored = stored || is_ycc(&offers[i]);
    if (!stored)
        return count;
    /* Of chroma that no format here has (4:1:0), a decoder may leave planes where it shrinks alone:
     * then filters get RGB at every size. */
    bool planes = false;
    uint32_t left = 0;
    for (uint32_t i = 0; i < count; i++)
        planes = planes || (offers[i].shrink == 1 && is_ycc(&offers[i]));
    for (uint32_t i = 0; i < count; i++) {
        if (is_ycc(&offers[i]) == planes)
            offers[left++] = offers[i];
    }
    return left;
}

static void set_input(struct fw_lane *lane, const struct fw_batch_settings *settings)
{
    lane->in = lane->offer.video;
    lane->in.time_base = (struct fw_rational){ 1, 1000000 };
    lane->in.frame_rate = (struct fw_rational){ 0, 1 };
    if (settings->linear && fw_linear_format(lane->in.format))
        lane->in.format = fw_linear_format(lane->in.format);
}

/* No offer is of samples whose curve is known. */
static int refuse_linear(const struct fw_lane *lane, struct fw_error *err)
{
    const struct fw_format *format = lane->offers[0].video.format;
    bool light = (format->flags & FW_FORMAT_FLOAT) != 0;
    return fw_fail(err, FW_ERR_USAGE,
                   "--linear takes gray and RGB of 8 and 16 bits, and %s here is %s%s\n"
                   "hint: leave --linear out",
                   fw_still_kind_name(lane->head.kind), format->name,
                   light ? ", whose float samples are linear light already" : "");
}

/* The cheapest offer of a shrink; the first of those that cost the same. */
static int choose(struct fw_lane *lane, const struct fw_lane_request *request, uint32_t shrink,
                  struct fw_error *err)
{
    struct fw_lane best = { 0 };
    uint32_t best_cost = UINT_MAX;
    struct fw_error first = { 0 };
    for (uint32_t i = 0; i < lane->offer_count && best_cost > 0; i++) {
        uint32_t cost = UINT_MAX;
        struct fw_error reason = { 0 };
        if (lane->offers[i].shrink != shrink)
            continue;
        lane->offer = lane->offers[i];
        lane->fitted = NULL;
        set_input(lane, request->settings);
        if (!may_use(lane, request->settings))
            continue;
        if (fit_offer(lane, request, &cost, &reason) < 0 && first.status == FW_OK)
            first = reason;
        if (!may_use(lane, request->settings) || cost >= best_cost)
            continue;
        best = *lane;
        best_cost = cost;
    }
    if (best_cost == UINT_MAX && !first.status && request->settings->linear)
        return refuse_linear(lane, err);
    if (best_cost == UINT_MAX)
        return fw_fail(err, first.status ? first.status : FW_ERR_INPUT, "%s",
                       first.status ? first.text : "no way to read it");
    *lane = best;
    return FW_OK;
}

/* Where the chain starts with a much smaller size, the decoder makes a part of it for free. */
static int shrink_first(struct fw_lane *lane, const struct fw_lane_request *request,
                        struct fw_error *err)
{
    const struct fw_still_head *head = fw_still_reader_head(request->reader);
    struct fw_lane whole = *lane;
    char *pinned = NULL;
    uint32_t shrink = 1;
    if (request->settings->linear)
        return FW_OK;
    int status = fw_shrink_find(request->settings->job.chain, head, &lane->offer.video,
                                request->plugins, &shrink, &pinned, err);
    if (status != FW_OK || shrink == 1)
        return status;
    lane->text = make_text(head, pinned);
    lane->forced = whole.fitted; /* a decoder may shrink by leaving chroma whole */
    free(pinned);
    struct fw_error reason = { 0 };
    if (lane->text && choose(lane, request, shrink, &reason) == FW_OK &&
        lane->out.width == whole.out.width && lane->out.height == whole.out.height) {
        lane->given = whole.given;
        free(whole.text);
        return FW_OK;
    }
    free(lane->text);
    *lane = whole;
    return FW_OK;
}

static int check_segment(const struct fw_chain_segment *segment, struct fw_error *err)
{
    if (segment->sequential || (segment->rate_num == 1 && segment->rate_den == 1))
        return FW_OK;
    return fw_fail(err, FW_ERR_USAGE, "the chain makes %s of one; a picture stays one",
                   segment->rate_num > 1 ? "several frames" : "less than a frame");
}

static int start_segment(struct fw_lane *lane, const struct fw_lane_request *request,
                         uint32_t index, struct fw_error *err)
{
    struct fw_video out;
    struct fw_chain_segment segment;
    struct fw_chain **chain = &lane->chains[lane->count];
    int status = create_chain(chain, lane, request, err);
    lane->segments[lane->count] = index;
    lane->count += *chain != NULL;
    if (status == FW_OK)
        status = fw_chain_negotiate(*chain, &lane->in, &out, err);
    if (status == FW_OK)
        status = fw_chain_start(*chain, index, err);
    if (status < 0)
        return status;
    fw_chain_segment_at(*chain, index, &segment);
    lane->scratch_bytes += segment.scratch_bytes;
    lane->neighbours = lane->neighbours || segment.sequential || segment.before > 0 ||
                       segment.after > 0;
    return check_segment(&segment, err);
}

/* A conversion that nobody wrote must not take depth or alpha away in silence. */
static void note_narrowing(struct fw_lane *lane, const struct fw_chain *chain)
{
    for (uint32_t i = 0; i < fw_chain_step_count(chain) && !lane->narrowed[0]; i++) {
        struct fw_chain_step step;
        struct fw_chain_step next = { .name = "the file" };
        fw_chain_step_at(chain, i, &step);
        if (i + 1 < fw_chain_step_count(chain))
            fw_chain_step_at(chain, i + 1, &next);
        bool last = i + 1 == fw_chain_step_count(chain);
        if (!step.inserted || last)
            continue; /* what the writer takes is told by fw_still_fit */
        uint32_t from = fw_format_depth(step.in.format);
        uint32_t to = fw_format_depth(step.out.format);
        bool alpha = (step.in.format->flags & FW_FORMAT_ALPHA) &&
                     !(step.out.format->flags & FW_FORMAT_ALPHA);
        if (to < from)
            (void)snprintf(lane->narrowed, sizeof(lane->narrowed), "%u to %u bits for %s", from, to,
                           next.name);
        else if (alpha && lane->head.has_alpha)
            (void)snprintf(lane->narrowed, sizeof(lane->narrowed), "alpha, which %s does not take",
                           next.name);
    }
}

/* Every segment that does something in a chain of its own, since a chain runs one at a time. */
static int start_chain(struct fw_lane *lane, const struct fw_lane_request *request,
                       struct fw_error *err)
{
    struct fw_chain *chain = NULL;
    struct fw_video out;
    int status = create_chain(&chain, lane, request, err);
    if (status == FW_OK)
        status = fw_chain_negotiate(chain, &lane->in, &out, err);
    uint32_t count = status == FW_OK ? fw_chain_segment_count(chain) : 0;
    if (status == FW_OK)
        note_narrowing(lane, chain);
    for (uint32_t i = 0; i < count && status == FW_OK; i++) {
        struct fw_chain_segment segment;
        fw_chain_segment_at(chain, i, &segment);
        if (segment.step_count > 0)
            status = start_segment(lane, request, i, err);
    }
    fw_chain_destroy(chain);
    return status;
}

int fw_lane_copy_chain(struct fw_chain **chain_out, const struct fw_lane *lane,
                       const struct fw_lane_request *request, struct fw_error *err)
{
    struct fw_video out;
    int status = create_chain(chain_out, lane, request, err);
    if (status == FW_OK)
        status = fw_chain_negotiate(*chain_out, &lane->in, &out, err);
    if (status == FW_OK)
        status = fw_chain_start(*chain_out, lane->segments[0], err);
    return status;
}

bool fw_lane_fits(const struct fw_lane *lane, const struct fw_lane_request *request)
{
    struct fw_still_offer offers[FW_STILL_OFFERS_MAX];
    if (!lane->text || lane->wish.kind != request->wish->kind)
        return false;
    const struct fw_still_head *head = fw_still_reader_head(request->reader);
    if (lane->head.orientation != head->orientation || lane->head.kind != head->kind ||
        lane->head.width != head->width || lane->head.height != head->height ||
        fw_still_fit(request->wish, &lane->given, head, NULL) != lane->fitted)
        return false;
    uint32_t count = list_offers(request, offers);
    bool same = count == lane->offer_count;
    for (uint32_t i = 0; i < count && same; i++)
        same = offers[i].shrink == lane->offers[i].shrink && offers[i].raw == lane->offers[i].raw &&
               same_traits(&offers[i].video, &lane->offers[i].video);
    return same;
}

int fw_lane_open(struct fw_lane *lane, const struct fw_lane_request *request, struct fw_error *err)
{
    memset(lane, 0, sizeof(*lane));
    lane->wish = *request->wish;
    lane->offer_count = list_offers(request, lane->offers);
    lane->head = *fw_still_reader_head(request->reader);
    lane->text = make_text(&lane->head, request->settings->job.chain);
    if (!lane->text)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a chain");
    int status = choose(lane, request, 1, err);
    if (status == FW_OK)
        status = shrink_first(lane, request, err);
    if (status == FW_OK)
        status = start_chain(lane, request, err);
    if (status < 0)
        fw_lane_close(lane);
    return status;
}

void fw_lane_close(struct fw_lane *lane)
{
    for (uint32_t i = 0; i < lane->count; i++)
        fw_chain_destroy(lane->chains[i]);
    free(lane->text);
    memset(lane, 0, sizeof(*lane));
}
