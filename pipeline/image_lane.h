/*
 * A chain made ready for pictures of one size and format: which way to read them, which format to
 * write, and the filters, started.
 *
 * Runs in an image worker. Pictures stand alone: every one is frame 0 of a stream of its own, or of
 * its number in an animation, and has no neighbours.
 */
#ifndef FW_PIPELINE_IMAGE_LANE_H
#define FW_PIPELINE_IMAGE_LANE_H

#include "batch_settings.h"
#include "still.h"

#include "filters/chain.h"

struct fw_plugins;

#define FW_LANE_TEXT_MAX 65600

/* Zeroed: empty. */
struct fw_lane {
    char *text;                  /* orientation and the user's chain */
    struct fw_still_offer offer; /* the way to read; its video as the file gives it */
    struct fw_video in;          /* what the chain gets: other than the offer's in linear light */
    struct fw_video given;       /* what the user's chain gives, */
    struct fw_video out;         /* the same in the writer's format, */
    const struct fw_format *fitted; /* which is this */
    const struct fw_format *forced; /* NULL: by fw_still_fit */
    struct fw_still_head head;      /* of the picture that it was chosen for */
    struct fw_still_wish wish;      /* it was chosen for this kind, among these offers */
    struct fw_still_offer offers[FW_STILL_OFFERS_MAX];
    uint32_t offer_count;
    struct fw_chain *chains[FW_CHAIN_SEGMENTS_MAX]; /* one for each segment that is not empty */
    uint32_t segments[FW_CHAIN_SEGMENTS_MAX];
    uint32_t count;
    size_t scratch_bytes;
    bool neighbours;   /* a filter looks at other frames than the one in work */
    char narrowed[64]; /* what an inserted conversion takes away: "16 to 8 bits for crop"; "" */
    uint64_t used;     /* a clock for whoever keeps several */
};

struct fw_lane_request {
    const struct fw_batch_settings *settings;
    struct fw_plugins *plugins;
    const struct fw_still_reader *reader;
    const struct fw_still_wish *wish;
};

/* Whether the lane was made for such a picture. */
bool fw_lane_fits(const struct fw_lane *lane, const struct fw_lane_request *request);
/* Chooses offer and format, creates and starts the chain. FW_ERR_USAGE when the filters do not take
 * such a picture, or make another number of frames of it. */
int fw_lane_open(struct fw_lane *lane, const struct fw_lane_request *request,
                 struct fw_error *err) FW_MUST_CHECK;
void fw_lane_close(struct fw_lane *lane); /* accepts zeroed */
/* One picture through all of it, into out->image, which is laid out for lane->out. FW_IDENTITY: it
 * is what went in, and out->image was not written. */
int fw_lane_process(struct fw_lane *lane, const struct fw_frame *in, struct fw_frame *out,
                    struct fw_error *err) FW_MUST_CHECK;
/* The same by several threads, which take bands of rows: the same bytes for any number of them.
 * Where the filters cannot work on rows, one thread does it. */
int fw_lane_process_shared(struct fw_lane *lane, const struct fw_lane_request *request,
                           const struct fw_frame *in, struct fw_frame *out, uint32_t threads,
                           struct fw_error *err) FW_MUST_CHECK;
/* Another chain like the lane's only one, started, for a thread. */
int fw_lane_copy_chain(struct fw_chain **chain_out, const struct fw_lane *lane,
                       const struct fw_lane_request *request, struct fw_error *err) FW_MUST_CHECK;

#endif
