/* The planner's view of a negotiated chain: its segments as hops and what joins them. */
#ifndef FW_PIPELINE_PLAN_HOPS_H
#define FW_PIPELINE_PLAN_HOPS_H

#include "plan.h"

struct fw_chain;

/* Hops, joints, steps and flags of a plan whose source is set. FW_ERR_USAGE when the chain needs
 * more than a job can have. */
int fw_plan_hops(struct fw_plan *plan, const struct fw_chain *chain,
                 struct fw_error *err) FW_MUST_CHECK;
/* What comes out for so many frames, as far as it is known; *exact_out stays or becomes 0. */
uint64_t fw_plan_frames_out(const struct fw_plan *plan, uint64_t frames, uint32_t *exact_out);

#endif
