/* Named points where tests make a process fail on purpose: --fault "role:point:seq:action" with
 * action kill, segv, abort, stop, exit or spin. Costs one NULL check. */
#ifndef FW_PIPELINE_FAULT_H
#define FW_PIPELINE_FAULT_H

#include <stddef.h>
#include <stdint.h>

void fw_fault_hit(const char *fault, const char *role, const char *point, uint64_t seq);

static inline void fw_fault_point(const char *fault, const char *role, const char *point,
                                  uint64_t seq)
{
    if (fault != NULL)
        fw_fault_hit(fault, role, point, seq);
}

#endif
