/* Clips in memory, and whole chains over them in one process: segment after segment. */
#ifndef FW_TESTS_FILTERS_WHOLE_H
#define FW_TESTS_FILTERS_WHOLE_H

#include "chain.h"
#include "image.h"

struct clip_frame {
    struct fw_frame frame;
    struct fw_hdr hdr;
    void *block;
};

struct clip {
    struct fw_video video;
    uint32_t count;
    uint32_t room;
    struct clip_frame *frames;
};

/* A frame more, numbered, with pts = number, its bytes filled with `fill`. NULL without memory. */
struct fw_frame *clip_add(struct clip *clip, int fill);
/* A moving ramp with noise, other for every index: converted from RGBA where that can be done, so
 * that deep and floating-point samples are sound ones, and else as bytes. */
void clip_paint(const struct fw_image *image, uint64_t index);
void clip_deinit(struct clip *clip);
/* A hash of the visible pixels of one frame. */
uint64_t clip_hash(const struct fw_frame *frame);

struct whole {
    const char *text;
    const struct fw_format *output; /* NULL: whatever comes out */
    /* Outputs that one chain makes before another one, started anew, goes on; 0: all. The ranges of
     * a parallel segment run from the last to the first. */
    uint32_t range;
    /* Outputs of a range are asked for in steps of so many, over and over until all are made: 0, 4,
     * 8, 1, 5...; 0: one after the other. */
    uint32_t step;
    const char *cpu; /* "c", "avx2", "avx512"; NULL: what the machine has */
    int fill;        /* the byte that images are filled with first */
};

/* Runs the chain over `in`: segment after segment. *out is initialised and to be deinitialised,
 * whatever comes back. */
int whole_run(const struct whole *whole, const struct clip *in, struct clip *out,
              struct fw_error *err) FW_MUST_CHECK;
/* The same of a chain that is already negotiated for in->video. */
int whole_run_chain(const struct whole *whole, struct fw_chain *chain, const struct clip *in,
                    struct clip *out, struct fw_error *err) FW_MUST_CHECK;

#endif
