/* One segment of the chain, opened in the process that runs it. */
#ifndef FW_PIPELINE_SEGMENT_H
#define FW_PIPELINE_SEGMENT_H

#include "picture.h"
#include "role.h"

struct fw_chain;
struct fw_plugins;

struct fw_segment {
    struct fw_plugins *plugins;
    struct fw_chain *chain;
    struct fw_picture in;
    struct fw_picture out;
    char *text;
    uint32_t step_first;
    bool reads_files;
};

/* Locked as far as loading filters allows. Segment 2 * i is the work of hop i; 2 * i + 1 joins hop
 * i and hop i + 1. */
int fw_segment_open(struct fw_segment *segment, struct fw_station *station, uint32_t index,
                    struct fw_error *err) FW_MUST_CHECK;
/* Gives up all rights but those that open filters need, and says READY. */
int fw_segment_lock(const struct fw_segment *segment, struct fw_station *station,
                    struct fw_error *err) FW_MUST_CHECK;
void fw_segment_close(struct fw_segment *segment); /* zeroed ok */

#endif
