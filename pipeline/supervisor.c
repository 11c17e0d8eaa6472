#include "supervisor.h"

#include "framewheel.h"
#include "packet_ring.h"

#include "filters/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STOP_GENTLE_NS 2000000000ull
#define HOPS_VIRTUAL_BYTES (64u << 20)

void fw_supervisor_say(const struct fw_supervisor *crew, int level, const char *format, ...)
{
    if (crew->events == NULL || crew->events->message == NULL)
        return;
    char text[FW_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    crew->events->message(crew->events->user, (enum fw_message_level)level, text);
}

/* ---- memory ------------------------------------------------------------------------------- */

static int open_control(struct fw_supervisor *crew, struct fw_error *err)
{
    size_t bytes = (sizeof(struct fw_control) + 4095) / 4096 * 4096;
    int status = fw_arena_open(&crew->control_arena, "control", bytes, err);
    if (status == FW_OK)
        status = fw_arena_size(&crew->control_arena, bytes, err);
    if (status == FW_OK)
        status = fw_arena_map(&crew->control_arena, true, false, err);
    if (status != FW_OK)
        return status;
    crew->control = (struct fw_control *)crew->control_arena.base;
    crew->control->magic = FW_CONTROL_MAGIC;
    crew->control->abi = FW_ABI_VERSION;
    crew->control->bytes = (uint32_t)bytes;
    crew->control->proc_count = FW_PROCS_MAX;
    return FW_OK;
}

static int open_pools(struct fw_supervisor *crew, uint32_t index, struct fw_error *err)
{
    struct fw_crew_hop *hop = &crew->line[index];
    int status = fw_arena_open(&hop->in, "in", crew->pool_virtual_bytes, err);
    if (status == FW_OK)
        status = fw_arena_open(&hop->out, "out", crew->pool_virtual_bytes, err);
    /* Threads share one mapping; processes map the pools with rights of their own. */
    if (status == FW_OK && crew->threads)
        status = fw_arena_map(&hop->in, true, true, err);
    if (status == FW_OK && crew->threads)
        status = fw_arena_map(&hop->out, true, true, err);
    return status;
}

int fw_supervisor_init(struct fw_supervisor *crew, const struct fw_settings *settings,
                       const struct fw_events *events, uint64_t pool_virtual_bytes, int cancel_fd,
                       struct fw_error *err)
{
    crew->settings = settings;
    crew->events = events;
    crew->cancel_fd = cancel_fd;
    crew->input_fd = -1;
    crew->output_fd = -1;
    crew->threads = settings->isolation == FW_ISOLATION_THREADS;
    crew->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (crew->null_fd < 0)
        return fw_fail(err, FW_ERR_SYSTEM, "cannot open /dev/null: %s", strerror(errno));
    int status = open_control(crew, err);
    if (status == FW_OK)
        status = fw_arena_open(&crew->hops, "hops", HOPS_VIRTUAL_BYTES, err);
    if (status == FW_OK)
        status = fw_arena_map(&crew->hops, true, false, err);
    /* The decoder needs the first hop's pools before the plan is known. */
    crew->pool_virtual_bytes = pool_virtual_bytes;
    if (status == FW_OK)
        status = open_pools(crew, 0, err);
    crew->tick_ns = fw_now_ns();
    return status;
}

void fw_supervisor_deinit(struct fw_supervisor *crew)
{
    for (uint32_t i = 0; i < crew->proc_count; i++)
        fw_message_inbox_deinit(&crew->children[i].inbox);
    for (uint32_t i = 0; i < FW_HOPS_MAX; i++) {
        fw_arena_close(&crew->line[i].out);
        fw_arena_close(&crew->line[i].in);
    }
    fw_arena_close(&crew->hops);
    fw_arena_close(&crew->control_arena);
    if (crew->null_fd >= 0)
        close(crew->null_fd);
    free(crew->losses);
}

static int arrange_hop(struct fw_supervisor *crew, const struct fw_plan *plan, uint32_t index,
                       struct fw_error *err)
{
    struct fw_crew_hop *hop = &crew->line[index];
    const struct fw_hop_plan *planned = &plan->hops[index];
    void *mem = crew->hops.base + fw_station_hop_offset(plan, index);
    int status = index == 0 ? FW_OK : open_pools(crew, index, err);
    if (status == FW_OK)
        status = fw_arena_size(&hop->in, planned->in_pool_bytes, err);
    if (status == FW_OK)
        status = fw_arena_size(&hop->out, planned->out_pool_bytes, err);
    if (status != FW_OK)
        return status;
    fw_hop_format(mem, &planned->geometry);
    status = fw_hop_join(&hop->view, mem, &planned->geometry, crew->control, 0, NULL, NULL, err);
    hop->view.self = NULL;
    return status;
}

int fw_supervisor_arrange(struct fw_supervisor *crew, const struct fw_plan *plan,
                          struct fw_error *err)
{
    size_t hops_bytes = fw_station_hops_bytes(plan);
    /* Who rings looks at as many bells as there are processes. */
    crew->control->proc_count = FW_PROC_WORKERS + plan->workers;
    if (hops_bytes > HOPS_VIRTUAL_BYTES)
        return fw_fail(err, FW_ERR_MEMORY, "the ring needs %zu bytes of descriptors", hops_bytes);
    int status = fw_arena_size(&crew->hops, hops_bytes, err);
    for (uint32_t i = 0; status == FW_OK && i < plan->hop_count; i++)
        status = arrange_hop(crew, plan, i, err);
    if (status != FW_OK)
        return status;
    fw_packet_ring_format(crew->hops.base + fw_station_ring_offset(plan), FW_PACKET_RING_BYTES);
    crew->plan = plan;
    crew->joined = true;
    return FW_OK;
}

void fw_supervisor_observe(const struct fw_supervisor *crew, struct fw_hop_state *state_out)
{
    struct fw_hop_state last;
    *state_out = (struct fw_hop_state){ 0 };
    if (!crew->joined)
        return;
    fw_hop_observe(&crew->line[0].view, state_out);
    state_out->published /= crew->plan->hops[0].geometry.fanout;
    fw_hop_observe(&crew->line[crew->plan->hop_count - 1].view, &last);
    state_out->consumed = last.consumed;
}

/* Where the pools are that a process maps. */
static uint32_t hop_of_role(const struct fw_supervisor *crew, enum fw_role_kind role,
                            uint32_t proc_index)
{
    if (role == FW_ROLE_DECODER || crew->plan == NULL)
        return 0;
    return role == FW_ROLE_ENCODER ? crew->plan->hop_count - 1
                                   : fw_plan_hop_of(crew->plan, proc_index);
}

int fw_supervisor_start(struct fw_supervisor *crew, enum fw_role_kind role, uint32_t proc_index,
                        struct fw_error *err)
{
    FW_CHECK(proc_index < FW_PROCS_MAX);
    struct fw_child *child = &crew->children[proc_index];
    struct fw_proc *self = &crew->control->procs[proc_index];
    const struct fw_crew_hop *hop = &crew->line[hop_of_role(crew, role, proc_index)];
    fw_message_inbox_deinit(&child->inbox);
    *child = (struct fw_child){ .state = FW_CHILD_STARTED,
                                .deaths = child->deaths,
                                .user_ns = child->user_ns,
                                .system_ns = child->system_ns,
                                .kills = child->kills,
                                .killed_ns = child->killed_ns,
                                .pidfd = -1,
                                .socket = -1,
                                .lifeline = { -1, -1 } };
    child->station = (struct fw_station){
        .role = role,
        .proc_index = proc_index,
        .settings = crew->settings,
        .plan = crew->plan,
        .media = crew->media,
        .media_bytes = crew->media_bytes,
        .control = crew->control,
        .self = self,
        .hops = crew->hops,
        .in = hop->in,
        .out = hop->out,
        .next = role == FW_ROLE_SEQUENTIAL ? hop[1].in : (struct fw_arena){ 0 },
        .input_fd = crew->input_fd,
        .output_fd = crew->output_fd,
        .memory_fd = -1,
        .output_seekable = crew->output_seekable,
    };
    atomic_store(&self->wait_kind, FW_WAIT_NONE);
    atomic_store(&self->current, 0);
    self->error = (struct fw_error){ 0 };
    if (proc_index >= crew->proc_count)
        crew->proc_count = proc_index + 1;
    child->beat = atomic_load(&self->beat);
    child->beat_ns = fw_now_ns();
    int status = fw_spawn(crew, child, err);
    if (status != FW_OK)
        child->state = FW_CHILD_NONE;
    return status;
}

/* ---- the end ------------------------------------------------------------------------------- */

static bool anybody_left(struct fw_supervisor *crew)
{
    bool left = false;
    for (uint32_t i = 0; i < crew->proc_count; i++) {
        struct fw_child *child = &crew->children[i];
        int wait_status = 0;
        if (!fw_child_alive(child))
            continue;
        struct fw_error ignored = { 0 };
        /* What it says may be wrong, and no reason to wait for ever. */
        if (fw_watch_messages(crew, child, &ignored) != FW_OK)
            fw_spawn_kill(child);
        if (!fw_spawn_reap(child, &wait_status)) {
            left = true;
            continue;
        }
        close(child->socket);
        child->socket = -1;
    }
    return left;
}

void fw_supervisor_stop(struct fw_supervisor *crew)
{
    bool complete = crew->decoder_done && crew->encoder_done;
    crew->aborted = true;
    if (crew->control != NULL && !complete) {
        atomic_store(&crew->control->run_state, FW_ABORT);
        fw_watch_broadcast(crew);
    }
    /* The decoder may wait for GO on its socket, where only the end of the socket reaches it. */
    if (!crew->running && crew->proc_count > 0 && crew->children[FW_PROC_DECODER].socket >= 0)
        shutdown(crew->children[FW_PROC_DECODER].socket, SHUT_WR);
    uint64_t start = fw_now_ns();
    while (anybody_left(crew)) {
        crew->abandoned = crew->threads && fw_now_ns() - start > STOP_GENTLE_NS;
        if (crew->abandoned)
            return;
        if (fw_now_ns() - start > STOP_GENTLE_NS || crew->interrupts > 1)
            for (uint32_t i = 0; i < crew->proc_count; i++)
                fw_spawn_kill(&crew->children[i]);
        fw_watch_wait(crew);
        fw_watch_interrupts(crew);
    }
}
