/* Chains that begin by making a picture much smaller: a decoder can do a part of that for free. */
#ifndef FW_PIPELINE_IMAGE_SHRINK_H
#define FW_PIPELINE_IMAGE_SHRINK_H

#include "still.h"

struct fw_plugins;

/* What the decoder may shrink by (1: nothing), so that the first filter still halves what is left,
 * and the user's chain with the size that this filter gives for the whole picture written out (from
 * malloc, when it is not 1), since it may have been written in terms of the input's. `whole` is the
 * picture as the decoder gives it unshrunk; the first filter sees it turned upright. */
int fw_shrink_find(const char *chain, const struct fw_still_head *head,
                   const struct fw_video *whole, struct fw_plugins *plugins, uint32_t *shrink_out,
                   char **pinned_out, struct fw_error *err) FW_MUST_CHECK;

#endif
