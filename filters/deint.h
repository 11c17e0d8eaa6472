/* What deinterlacers share: options, which field of which frame comes out when, and its time. The
 * rules are those of libavfilter 5.1's yadif and bwdif. */
#ifndef FW_FILTERS_DEINT_H
#define FW_FILTERS_DEINT_H

#include "filter.h"

#include <stdbool.h>

enum { FW_DEINT_FRAME = 0, FW_DEINT_FIELD = 1 };

/* The options' part of a filter's state. */
struct fw_deint {
    int64_t mode;       /* lowest bit: one frame a field */
    int64_t parity;     /* 0 top field first, 1 bottom field first, -1 as the frame says */
    int64_t interlaced; /* 1: only frames that say they are interlaced */
};

/* One output frame: the rows whose number has the parity `missing` are made anew. */
struct fw_deint_job {
    const struct fw_frame *prev; /* the ends of the stream stand for their neighbours beyond */
    const struct fw_frame *cur;
    const struct fw_frame *next;
    int32_t missing;
    bool second; /* the field that is shown later; its missing rows lie before it in time */
    bool alone;  /* the first or last field of the stream, which has one neighbour */
};

extern const struct fw_choice fw_deint_parities[];
extern const struct fw_choice fw_deint_sets[];

/* The filter takes `in`: sets what comes out and the caps. */
int fw_deint_negotiate(const struct fw_deint *deint, const struct fw_video *in,
                       struct fw_video *out, struct fw_caps *caps,
                       struct fw_error *err) FW_MUST_CHECK;
/* Formats that yadif and bwdif of libavfilter take. */
bool fw_deint_accepts(const struct fw_format *format);
/* Sets pts, duration and flags of `out` and fills the job. FW_OK, or FW_IDENTITY for a frame that
 * is left as it is. `in` is that of window(). */
int fw_deint_begin(const struct fw_deint *deint, const struct fw_frame *const *in,
                   struct fw_frame *out, struct fw_deint_job *job);

#endif
