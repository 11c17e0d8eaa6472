/* The ground that every role stands on: its memory, its lock, its samples. */
#include "role.h"

#include "loader.h"
#include "message.h"
#include "packet_ring.h"
#include "sandbox.h"
#include "sequence.h"

#include "filters/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t fw_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void fw_station_name(uint32_t proc_index, char *text, size_t bytes)
{
    if (proc_index == FW_PROC_DECODER)
        snprintf(text, bytes, "decoder");
    else if (proc_index == FW_PROC_ENCODER)
        snprintf(text, bytes, "encoder");
    else if (proc_index < FW_PROC_WORKERS)
        snprintf(text, bytes, "sequential %u", proc_index - FW_PROC_SEQUENTIAL + 1);
    else
        snprintf(text, bytes, "worker %u", proc_index - FW_PROC_WORKERS + 1);
}

int fw_station_map(struct fw_station *station, bool in_writable, bool out_writable,
                   struct fw_error *err)
{
    int status = FW_OK;
    if (station->in.base == NULL)
        status = fw_arena_map(&station->in, in_writable, true, err);
    if (status == FW_OK && station->role != FW_ROLE_DECODER && station->out.base == NULL)
        status = fw_arena_map(&station->out, out_writable, true, err);
    if (status == FW_OK && station->role == FW_ROLE_SEQUENTIAL && station->next.base == NULL)
        status = fw_arena_map(&station->next, true, true, err);
    return status;
}

static size_t round_up(size_t value, size_t unit)
{
    return (value + unit - 1) / unit * unit;
}

/* The hops lie one behind the other, the packet ring behind the last. */
size_t fw_station_hop_offset(const struct fw_plan *plan, uint32_t hop)
{
    size_t offset = 0;
    for (uint32_t i = 0; i < hop && i < plan->hop_count; i++)
        offset += round_up(fw_hop_footprint(&plan->hops[i].geometry), 4096);
    return offset;
}

size_t fw_station_ring_offset(const struct fw_plan *plan)
{
    return fw_station_hop_offset(plan, plan->hop_count);
}

size_t fw_station_hops_bytes(const struct fw_plan *plan)
{
    size_t bytes = fw_station_ring_offset(plan) + fw_packet_ring_footprint(FW_PACKET_RING_BYTES);
    return round_up(bytes, 4096);
}

int fw_station_join(struct fw_station *station, const struct fw_plan *plan, struct fw_hop *hop,
                    struct fw_packet_ring *ring, struct fw_error *err)
{
    uint32_t index = station->role == FW_ROLE_DECODER   ? 0
                     : station->role == FW_ROLE_ENCODER ? plan->hop_count - 1
                                                        : fw_plan_hop_of(plan, station->proc_index);
    int status = fw_hop_join(hop, station->hops.base + fw_station_hop_offset(plan, index),
                             &plan->hops[index].geometry, station->control, station->proc_index,
                             station->in.base, station->out.base, err);
    if (status == FW_OK && ring != NULL)
        /* The encoder reads it from a thread whose waits are no sign of the process's life. */
        status = fw_packet_ring_join(ring, station->hops.base + fw_station_ring_offset(plan),
                                     FW_PACKET_RING_BYTES, station->control,
                                     station->role == FW_ROLE_ENCODER ? NULL : station->self, err);
    return status;
}

int fw_station_join_next(struct fw_station *station, const struct fw_plan *plan, struct fw_hop *hop,
                         struct fw_error *err)
{
    uint32_t index = fw_plan_hop_of(plan, station->proc_index) + 1;
    return fw_hop_join(hop, station->hops.base + fw_station_hop_offset(plan, index),
                       &plan->hops[index].geometry, station->control, station->proc_index,
                       station->next.base, NULL, err);
}

static enum fw_sandbox_role sandbox_role(enum fw_role_kind role)
{
    switch (role) {
    case FW_ROLE_DECODER:
        return FW_SANDBOX_DECODER;
    case FW_ROLE_ENCODER:
        return FW_SANDBOX_ENCODER;
    case FW_ROLE_SEQUENTIAL:
    case FW_ROLE_WORKER:
        break;
    }
    return FW_SANDBOX_WORKER;
}

/* Code, heap and codecs, and the pools. */
static uint64_t address_space(const struct fw_station *station)
{
    return FW_ADDRESS_SPACE_BASE + station->in.virtual_bytes + station->out.virtual_bytes +
           station->next.virtual_bytes;
}

int fw_station_lock_loading(struct fw_station *station, struct fw_error *err)
{
    if (station->threads || !fw_settings_has_plugins(station->settings))
        return FW_OK;
    return fw_loader_lock(station->settings, address_space(station), err);
}

/* Pictures come and go one by one. */
static uint32_t spare_files(const struct fw_station *station)
{
    struct fw_pattern pattern;
    enum fw_still_kind kind;
    bool pictures = station->role == FW_ROLE_DECODER && station->settings->pictures;
    if (station->role == FW_ROLE_ENCODER)
        pictures = fw_sequence_output(station->settings, &pattern, &kind, NULL) == FW_OK;
    return pictures ? 2 : 0;
}

int fw_station_lock(struct fw_station *station, const char *const *read_paths, uint32_t count,
                    struct fw_error *err)
{
    uint32_t layers = 0;
    if (!station->threads) {
        struct fw_sandbox_options options = {
            .role = sandbox_role(station->role),
            .mode = station->settings->sandbox,
            .address_space = address_space(station),
            .read_paths = read_paths,
            .read_path_count = count,
            .spare_files = spare_files(station),
        };
        int status = fw_sandbox_enter(&options, &layers, err);
        if (status != FW_OK)
            return status;
    }
    return fw_message_send(station->socket, FW_MESSAGE_READY, &layers, sizeof(layers), err);
}

void fw_station_sample(struct fw_station *station, bool now)
{
    uint64_t ns = fw_now_ns();
    if (station->memory_fd < 0 || (!now && ns - station->sampled_ns < 500000000u))
        return;
    station->sampled_ns = ns;
    char text[2048];
    ssize_t got = pread(station->memory_fd, text, sizeof(text) - 1, 0);
    if (got <= 0)
        return;
    text[got] = '\0';
    const char *line = strstr(text, "\nPss:");
    if (line == NULL)
        return;
    uint64_t bytes = strtoull(line + 5, NULL, 10) * 1024u;
    if (bytes > atomic_load_explicit(&station->self->pss_peak, memory_order_relaxed))
        atomic_store_explicit(&station->self->pss_peak, bytes, memory_order_relaxed);
}
