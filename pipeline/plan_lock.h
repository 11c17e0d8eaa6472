/* The lock of the planner, and the check of what comes out of it. */
#ifndef FW_PIPELINE_PLAN_LOCK_H
#define FW_PIPELINE_PLAN_LOCK_H

#include "plan.h"

/* In the planner, before it looks at the media: reading stays allowed for files that the chain
 * names, fonts, and what codecs look up in the system. */
int fw_plan_lock(const struct fw_settings *settings, struct fw_error *err) FW_MUST_CHECK;
/* In the supervisor: a plan was made by a process that read hostile bytes. Ends its texts and
 * checks every number that is used as a size, a count or an index. FW_ERR_INTERNAL. */
int fw_plan_check(struct fw_plan *plan, struct fw_error *err) FW_MUST_CHECK;

#endif
