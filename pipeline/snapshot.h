/* One frame of a video as packed RGB, read in a locked process. */
#ifndef FW_PIPELINE_SNAPSHOT_H
#define FW_PIPELINE_SNAPSHOT_H

#include "filters/filter.h"

/* A picture as it comes back from a locked process: packed RGB, 8 bits, no padding. */
struct fw_snapshot {
    uint32_t width;
    uint32_t height;
    uint8_t *rgb; /* inside `bytes`, borrowed */
    void *bytes;  /* owned */
};

/* Frame `number` of a video as a viewer sees it (rotation applied), read in a locked process.
 * FW_ERR_INPUT when the video has no such frame. */
int fw_snapshot_take(struct fw_snapshot *snapshot, const char *path, uint64_t number,
                     struct fw_error *err) FW_MUST_CHECK;
void fw_snapshot_deinit(struct fw_snapshot *snapshot);

#endif
