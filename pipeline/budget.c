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

/* What one input costs where that is unknown: the mean of what is known of others. */
static double cost_of(const struct fw_plan *plan, uint32_t index)
{
    double sum = 0;
    uint32_t known = 0;
    for (uint32_t i = 0; i < plan->hop_count; i++) {
        sum += plan->hops[i].cost_ns > 0 ? plan->hops[i].cost_ns : 0;
        known += plan->hops[i].cost_ns > 0;
    }
    if (plan->hops[index].cost_ns > 0)
        return plan->hops[index].cost_ns;
    return known > 0 ? sum / known : 1;
}

/* One for each hop with filters, then always for the hop whose workers have most to do. */
static void share_workers(struct fw_plan *plan, uint32_t workers)
{
    uint32_t left = workers;
    for (uint32_t i = 0; i < plan->hop_count; i++) {
        plan->hops[i].workers = !plan->hops[i].geometry.direct;
        left -= left > 0 && plan->hops[i].workers > 0;
    }
    for (; left > 0; left--) {
        struct fw_hop_plan *busiest = NULL;
        double most = 0;
        for (uint32_t i = 0; i < plan->hop_count; i++) {
            struct fw_hop_plan *hop = &plan->hops[i];
            double load = hop->workers > 0 ? cost_of(plan, i) / hop->workers : 0;
            busiest = load > most ? hop : busiest;
            most = load > most ? load : most;
        }
        if (busiest == NULL)
            return;
        busiest->workers++;
    }
}

/* Up to the next multiple that a range can have, else down to the last. */
static uint32_t rounded(uint32_t range, uint32_t multiple)
{
    uint32_t up = (range + multiple - 1) / multiple * multiple;
    return up <= FW_RANGE_MAX ? up : FW_RANGE_MAX / multiple * multiple;
}

/* `halvings` of what a hop wants by itself; a range that was asked for is only rounded. */
static uint32_t range_of(const struct fw_hop_plan *hop, const struct fw_settings *settings,
                         uint32_t halvings)
{
    uint32_t best = hop->range_best > RANGE_DEFAULT ? hop->range_best : RANGE_DEFAULT;
    best = best < FW_RANGE_MAX ? best : FW_RANGE_MAX;
    uint32_t range = settings->range != 0 ? settings->range : best >> halvings;
    return rounded(range < 1 ? 1 : range, hop->range_multiple);
}

static uint64_t fit_hop(struct fw_hop_plan *hop, uint32_t range)
{
    struct fw_hop_geometry *geometry = &hop->geometry;
    geometry->range_len = range;
    fw_hop_geometry_fit(geometry, hop->workers);
    hop->in_pool_bytes = geometry->in_slots * geometry->in_slot_bytes;
    hop->out_pool_bytes = geometry->out_slots * geometry->out_slot_bytes;
    return hop->in_pool_bytes + hop->out_pool_bytes + hop->workers * hop->scratch_bytes;
}

static uint64_t fit_once(struct fw_plan *plan, const struct fw_settings *settings, uint32_t workers,
                         uint32_t halvings)
{
    uint64_t bytes = 0;
    plan->workers = 0;
    share_workers(plan, workers);
    for (uint32_t i = 0; i < plan->hop_count; i++) {
        struct fw_hop_plan *hop = &plan->hops[i];
        hop->first_proc = FW_PROC_WORKERS + plan->workers;
        bytes += fit_hop(hop, range_of(hop, settings, halvings));
        bytes += i + 1 < plan->hop_count ? plan->joints[i].scratch_bytes : 0;
        plan->workers += hop->workers;
    }
    return bytes;
}

/* Shrinks what the user left open, first the ranges, then the workers. */
static uint64_t fit_auto(struct fw_plan *plan, const struct fw_settings *settings)
{
    uint32_t workers = settings->workers != 0 ? settings->workers : plan->cores;
    uint32_t halvings = 0;
    uint64_t bytes = fit_once(plan, settings, workers, halvings);
    while (bytes > plan->budget_bytes && settings->range == 0 && FW_RANGE_MAX >> halvings > 1)
        bytes = fit_once(plan, settings, workers, ++halvings);
    while (bytes > plan->budget_bytes && settings->workers == 0 && workers > 1)
        bytes = fit_once(plan, settings, --workers, halvings);
    return bytes;
}

static int size_slots(struct fw_plan *plan, const struct fw_settings *settings,
                      struct fw_error *err)
{
    uint64_t largest = 0;
    for (uint32_t i = 0; i < plan->hop_count; i++) {
        struct fw_hop_plan *hop = &plan->hops[i];
        struct fw_hop_geometry *geometry = &hop->geometry;
        if (slot_bytes(&hop->in, &geometry->in_slot_bytes) != 0 ||
            slot_bytes(&hop->out, &geometry->out_slot_bytes) != 0)
            return fw_fail(err, FW_ERR_USAGE, "frames of %dx%d are larger than framewheel handles",
                           hop->out.width, hop->out.height);
        largest = largest > geometry->in_slot_bytes ? largest : geometry->in_slot_bytes;
        largest = largest > geometry->out_slot_bytes ? largest : geometry->out_slot_bytes;
    }
    /* The input's doing, or the chain's. */
    bool given = plan->hops[0].geometry.in_slot_bytes > settings->max_slot;
    if (settings->max_slot != 0 && largest > settings->max_slot)
        return fw_fail(err, given ? FW_ERR_INPUT : FW_ERR_USAGE,
                       "a frame needs %.0f MiB, more than --max-slot allows (%.0f MiB)",
                       (double)largest / MIB, (double)settings->max_slot / MIB);
    return FW_OK;
}

/* Names what takes most, and what to change. */
static int refuse(const struct fw_plan *plan, uint64_t bytes, struct fw_error *err)
{
    const struct fw_hop_geometry *first = &plan->hops[0].geometry;
    const struct fw_hop_geometry *widest = first;
    char slots[64];
    snprintf(slots, sizeof(slots), "%u + %u slots", first->in_slots, first->out_slots);
    if (plan->hop_count > 1)
        snprintf(slots, sizeof(slots), "%u slots in %u hops", fw_plan_slots(plan), plan->hop_count);
    for (uint32_t i = 1; i < plan->hop_count; i++) {
        const struct fw_hop_geometry *geometry = &plan->hops[i].geometry;
        if (geometry->before + geometry->after > widest->before + widest->after)
            widest = geometry;
    }
    char window[80] = "";
    if (widest->before + widest->after > 0)
        snprintf(window, sizeof(window), ", or filters that read fewer than %d neighbours",
                 widest->before + widest->after);
    return fw_fail(err, FW_ERR_MEMORY,
                   "the ring needs %.1f MiB (%s, %u workers) and may have %.1f MiB\n"
                   "hint: --ring-mem %.0fM, or fewer --workers, or a smaller --range%s",
                   (double)bytes / MIB, slots, plan->workers, (double)plan->budget_bytes / MIB,
                   (double)bytes / MIB + 1, window);
}

int fw_budget_fit(struct fw_plan *plan, const struct fw_settings *settings, struct fw_error *err)
{
    int status = size_slots(plan, settings, err);
    if (status != FW_OK)
        return status;
    uint64_t bytes = fit_auto(plan, settings);
    if (bytes > plan->budget_bytes)
        return refuse(plan, bytes, err);
    for (uint32_t i = 0; status == FW_OK && i < plan->hop_count; i++)
        status = fw_hop_geometry_check(&plan->hops[i].geometry, plan->hops[i].workers, err);
    return status;
}
