/* How many cores and how much memory there are, and how a hop is fitted into them. */
#include "budget.h"

#include "cgroup.h"

#include "filters/check.h"
#include "filters/format.h"
#include "filters/image.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUDGET_MAX (2ull << 30)
#define RANGE_DEFAULT 2
#define MIB (1024.0 * 1024.0)

#define CGROUP_MOUNT "/sys/fs/cgroup"
#define CGROUP_SELF "/proc/self/cgroup"

uint32_t fw_usable_cores(void)
{
    cpu_set_t set;
    int count = 1;
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        count = CPU_COUNT(&set);
    uint32_t cores = count < 1 ? 1 : (uint32_t)count;
    uint32_t quota = fw_cgroup_cores(CGROUP_MOUNT, CGROUP_SELF);
    cores = quota < cores ? quota : cores;
    return cores > FW_WORKERS_MAX ? FW_WORKERS_MAX : cores;
}

static uint64_t mem_available(void)
{
    char line[128];
    unsigned long long kib = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    if (file == NULL)
        return 1ull << 30;
    while (fgets(line, sizeof(line), file) != NULL && kib == 0)
        if (sscanf(line, "MemAvailable: %llu", &kib) != 1)
            kib = 0;
    fclose(file);
    return kib == 0 ? 1ull << 30 : kib * 1024u;
}

uint64_t fw_available_memory(void)
{
    uint64_t available = mem_available();
    uint64_t group = fw_cgroup_memory(CGROUP_MOUNT, CGROUP_SELF);
    return group < available ? group : available;
}

uint64_t fw_budget_bytes(const struct fw_settings *settings)
{
    if (settings->ring_mem != 0)
        return settings->ring_mem;
    uint64_t quarter = fw_available_memory() / 4;
    return quarter < BUDGET_MAX ? quarter : BUDGET_MAX;
}

static int slot_bytes(const struct fw_link *link, uint64_t *bytes_out)
{
    struct fw_image_layout layout;
    const struct fw_format *format = fw_format_at(link->format);
    if (format == NULL || fw_image_layout(&layout, format, link->width, link->height) != 0)
        return -1;
    *bytes_out = (layout.bytes + FW_BLOB_MAX + 4095) / 4096 * 4096;
    return 0;
}

static uint64_t fit_hop(struct fw_hop_plan *hop, uint32_t workers, uint32_t range)
{
    struct fw_hop_geometry *geometry = &hop->geometry;
    hop->workers = workers;
    geometry->range_len = range;
    fw_hop_geometry_fit(geometry, workers);
    hop->in_pool_bytes = geometry->in_slots * geometry->in_slot_bytes;
    hop->out_pool_bytes = geometry->out_slots * geometry->out_slot_bytes;
    return hop->in_pool_bytes + hop->out_pool_bytes + workers * hop->scratch_bytes;
}

static uint64_t fit_once(struct fw_plan *plan, uint32_t workers, uint32_t range)
{
    uint64_t bytes = 0;
    plan->workers = 0;
    for (uint32_t i = 0; i < plan->hop_count; i++) {
        plan->hops[i].first_proc = FW_PLAN_FIRST_WORKER + plan->workers;
        bytes += fit_hop(&plan->hops[i], workers, range);
        plan->workers += workers;
    }
    return bytes;
}

/* Shrinks what the user left open, first the ranges, then the workers. */
static uint64_t fit_auto(struct fw_plan *plan, const struct fw_settings *settings)
{
    uint32_t workers = settings->workers != 0 ? settings->workers : plan->cores;
    uint32_t range = settings->range != 0 ? settings->range : RANGE_DEFAULT;
    uint64_t bytes = fit_once(plan, workers, range);
    if (bytes > plan->budget_bytes && settings->range == 0) {
        range = 1;
        bytes = fit_once(plan, workers, range);
    }
    while (bytes > plan->budget_bytes && settings->workers == 0 && workers > 1)
        bytes = fit_once(plan, --workers, range);
    return bytes;
}

int fw_budget_fit(struct fw_plan *plan, const struct fw_settings *settings, struct fw_error *err)
{
    struct fw_hop_geometry *first = &plan->hops[0].geometry;
    struct fw_hop_geometry *last = &plan->hops[plan->hop_count - 1].geometry;
    if (slot_bytes(&plan->source, &first->in_slot_bytes) != 0 ||
        slot_bytes(&plan->output, &last->out_slot_bytes) != 0)
        return fw_fail(err, FW_ERR_USAGE, "frames of %dx%d are larger than framewheel handles",
                       plan->output.width, plan->output.height);
    uint64_t largest = first->in_slot_bytes > last->out_slot_bytes ? first->in_slot_bytes
                                                                   : last->out_slot_bytes;
    if (settings->max_slot != 0 && largest > settings->max_slot)
        return fw_fail(err, FW_ERR_INPUT,
                       "a frame needs %.0f MiB, more than --max-slot allows (%.0f MiB)",
                       (double)largest / MIB, (double)settings->max_slot / MIB);
    uint64_t bytes = fit_auto(plan, settings);
    if (bytes > plan->budget_bytes)
        return fw_fail(err, FW_ERR_MEMORY,
                       "the ring needs %.1f MiB (%u + %u slots, %u workers) and may have %.1f MiB\n"
                       "hint: --ring-mem %.0fM, or fewer --workers, or a smaller --range",
                       (double)bytes / MIB, first->in_slots, last->out_slots, plan->workers,
                       (double)plan->budget_bytes / MIB, (double)bytes / MIB + 1);
    int status = FW_OK;
    for (uint32_t i = 0; status == FW_OK && i < plan->hop_count; i++)
        status = fw_hop_geometry_check(&plan->hops[i].geometry, plan->hops[i].workers, err);
    return status;
}
