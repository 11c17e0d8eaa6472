/* How much of the machine a job takes, decided before the first frame. */
#ifndef FW_PIPELINE_BUDGET_H
#define FW_PIPELINE_BUDGET_H

#include "plan.h"

/* --ring-mem, or the smaller of 2 GiB and a quarter of what is available. */
uint64_t fw_budget_bytes(const struct fw_settings *settings);
/* Fills hop, workers and pool sizes of a plan whose source, output, hop_count, scratch, cores and
 * budget_bytes are known.
 * FW_ERR_MEMORY in one sentence when it cannot fit; FW_ERR_INPUT for --max-slot. */
int fw_budget_fit(struct fw_plan *plan, const struct fw_settings *settings,
                  struct fw_error *err) FW_MUST_CHECK;

#endif
