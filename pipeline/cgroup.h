/* The limits of the control groups that this process is in, its own and those above it. */
#ifndef FW_PIPELINE_CGROUP_H
#define FW_PIPELINE_CGROUP_H

#include <stdint.h>

/* Bytes that may still be used, with the page cache that the kernel gives back counted as free.
 * UINT64_MAX: no limit. `mount` is where the groups are mounted and `self` the process's list of
 * them: "/sys/fs/cgroup" and "/proc/self/cgroup". */
uint64_t fw_cgroup_memory(const char *mount, const char *self);
/* Cores that the CPU quota amounts to, rounded up. UINT32_MAX: no quota. */
uint32_t fw_cgroup_cores(const char *mount, const char *self);

#endif
