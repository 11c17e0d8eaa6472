#include "supervisor.h"

#include "framewheel.h"
#include "packet_ring.h"
#include "sandbox.h"

#include "filters/check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MS 100
#define LOG_MAX 2000
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
    crew->lifeline[0] = crew->lifeline[1] = -1;
    crew->threads = settings->isolation == FW_ISOLATION_THREADS;
    crew->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (crew->null_fd < 0 || pipe2(crew->lifeline, O_CLOEXEC) < 0)
        return fw_fail(err, FW_ERR_SYSTEM, "cannot open a pipe and /dev/null: %s",
                       strerror(errno));
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
    for (int i = 0; i < 2; i++)
        if (crew->lifeline[i] >= 0)
            close(crew->lifeline[i]);
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
    crew->control->proc_count = FW_PLAN_FIRST_WORKER + plan->workers;
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
    uint32_t deaths = child->deaths;
    uint64_t user_ns = child->user_ns, system_ns = child->system_ns;
    fw_message_inbox_deinit(&child->inbox);
    *child = (struct fw_child){ .state = FW_CHILD_STARTED, .deaths = deaths, .user_ns = user_ns,
                                .system_ns = system_ns, .pidfd = -1, .socket = -1 };
    child->station = (struct fw_station){
        .role = role, .proc_index = proc_index, .settings = crew->settings, .plan = crew->plan,
        .media = crew->media, .media_bytes = crew->media_bytes, .control = crew->control,
        .self = self, .hops = crew->hops, .in = hop->in, .out = hop->out,
        .input_fd = crew->input_fd, .output_fd = crew->output_fd, .memory_fd = -1,
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

/* ---- what children say -------------------------------------------------------------------- */

static int add_losses(struct fw_supervisor *crew, const void *payload, size_t bytes,
                      struct fw_error *err)
{
    uint32_t count = (uint32_t)(bytes / sizeof(struct fw_loss));
    struct fw_loss *losses =
        realloc(crew->losses, (crew->loss_count + count + 1) * sizeof(losses[0]));
    if (losses == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the list of losses");
    crew->losses = losses;
    memcpy(losses + crew->loss_count, payload, count * sizeof(losses[0]));
    for (uint32_t i = 0; i < count; i++) {
        losses[crew->loss_count + i].kind[sizeof(losses[0].kind) - 1] = '\0';
        losses[crew->loss_count + i].detail[sizeof(losses[0].detail) - 1] = '\0';
    }
    crew->loss_count += count;
    return FW_OK;
}

static void take_result(struct fw_supervisor *crew, const struct fw_child *child,
                        const void *payload, size_t bytes)
{
    struct fw_role_result *result = child->station.role == FW_ROLE_DECODER ? &crew->decoder_result
                                                                           : &crew->encoder_result;
    if (bytes != sizeof(*result) || child->station.role == FW_ROLE_WORKER)
        return;
    memcpy(result, payload, sizeof(*result));
    result->verified[sizeof(result->verified) - 1] = '\0';
    result->source.first_damage[sizeof(result->source.first_damage) - 1] = '\0';
    result->source.first_change[sizeof(result->source.first_change) - 1] = '\0';
    if (child->station.role == FW_ROLE_DECODER)
        crew->decoder_done = true;
    else
        crew->encoder_done = true;
}

/* All whole messages but MEDIA, which waits at the head for fw_supervisor_expect_media. */
static int take_messages(struct fw_supervisor *crew, struct fw_child *child, struct fw_error *err)
{
    struct fw_message_header header;
    const void *payload = NULL;
    int status = fw_message_collect(&child->inbox, child->socket, err);
    while (status == FW_OK && fw_message_peek(&child->inbox, &header, &payload) &&
           header.kind != FW_MESSAGE_MEDIA) {
        switch (header.kind) {
        case FW_MESSAGE_READY:
            child->state = FW_CHILD_READY;
            if (header.bytes == sizeof(child->layers))
                memcpy(&child->layers, payload, sizeof(child->layers));
            break;
        case FW_MESSAGE_LOSSES:
            status = add_losses(crew, payload, header.bytes, err);
            break;
        case FW_MESSAGE_RESULT:
            take_result(crew, child, payload, header.bytes);
            break;
        case FW_MESSAGE_LOG:
            fw_supervisor_say(crew, FW_MESSAGE_WARNING, "%.*s",
                              (int)(header.bytes < LOG_MAX ? header.bytes : LOG_MAX),
                              (const char *)payload);
            break;
        default:
            status = fw_fail(err, FW_ERR_INTERNAL, "a process sent message %u", header.kind);
        }
        fw_message_pop(&child->inbox);
    }
    return status;
}

/* ---- deaths ------------------------------------------------------------------------------- */

static int single_died(struct fw_supervisor *crew, const struct fw_child *child, int signal_number,
                       struct fw_error *err)
{
    char name[32];
    fw_station_name(child->station.proc_index, name, sizeof(name));
    struct fw_hop_state at = { 0 };
    fw_supervisor_observe(crew, &at);
    uint64_t frame = child->station.role == FW_ROLE_DECODER ? at.published : at.consumed;
    if (crew->death_count < FW_DEATHS_MAX)
        crew->deaths[crew->death_count++] = (struct fw_death){
            .proc_index = child->station.proc_index, .signal = signal_number,
            .stalled = child->stalled, .had_frame = true, .seq = frame, .pts = FW_NOPTS,
            .action = "failed",
        };
    if (child->stalled)
        return fw_fail(err, FW_ERR_STALLED,
                       "the %s made no progress for %u s at frame %llu and was ended\n"
                       "hint: --stall SECONDS allows more",
                       name, crew->settings->stall_ms / 1000, (unsigned long long)frame);
    return fw_fail(err, FW_ERR_DIED, "the %s died (%s) at frame %llu", name,
                   strsignal(signal_number), (unsigned long long)frame);
}

/* A worker ends by itself when all frames of its hop are taken, and never before. */
static bool worker_done(const struct fw_supervisor *crew, const struct fw_child *child)
{
    struct fw_hop_state at;
    uint32_t hop = fw_plan_hop_of(crew->plan, child->station.proc_index);
    fw_hop_observe(&crew->line[hop].view, &at);
    return at.consumed >= at.end;
}

static int child_ended(struct fw_supervisor *crew, struct fw_child *child, int wait_status,
                       struct fw_error *err)
{
    int status = take_messages(crew, child, err);
    close(child->socket);
    child->socket = -1;
    if (status != FW_OK || crew->aborted)
        return status;
    bool worker = child->station.role == FW_ROLE_WORKER;
    if (WIFSIGNALED(wait_status))
        return worker ? fw_mourn_worker(crew, child->station.proc_index, WTERMSIG(wait_status), err)
                      : single_died(crew, child, WTERMSIG(wait_status), err);
    int code = WEXITSTATUS(wait_status);
    /* Told to end by the encoder, whose own end says why. */
    if (code == FW_CHILD_CANCELLED && atomic_load(&crew->control->run_state) == FW_ABORT)
        return FW_OK;
    struct fw_error told = child->station.self->error;
    told.text[sizeof(told.text) - 1] = '\0';
    if (code == 1 && told.status < 0)
        return fw_fail(err, told.status, "%s", told.text);
    bool done = worker                                   ? worker_done(crew, child)
                : child->station.role == FW_ROLE_DECODER ? crew->decoder_done
                                                         : crew->encoder_done;
    if (code == 0 && done)
        return FW_OK;
    char name[32];
    fw_station_name(child->station.proc_index, name, sizeof(name));
    return fw_fail(err, FW_ERR_DIED, "%s%s ended before its work was done (exit %d)",
                   worker ? "" : "the ", name, code);
}

/* ---- the watch ---------------------------------------------------------------------------- */

/* No progress for the stall time, and either no CPU used meanwhile or four times as long. */
static void check_stall(struct fw_supervisor *crew, struct fw_child *child, uint64_t now)
{
    const struct fw_proc *proc = child->station.self;
    uint64_t beat = atomic_load(&proc->beat);
    /* The decoder between its answer and GO; one that has not answered cannot claim that. */
    bool resting = !crew->running && crew->media_bytes > 0 &&
                   atomic_load(&proc->wait_kind) == FW_WAIT_START;
    if (beat != child->beat || resting) {
        child->beat = beat;
        child->beat_ns = now;
        child->beat_cpu_ns = fw_spawn_cpu_ns(child);
        return;
    }
    uint64_t limit = (uint64_t)crew->settings->stall_ms * 1000000u;
    uint64_t quiet = now - child->beat_ns;
    if (limit == 0 || quiet < limit || child->stalled)
        return;
    uint64_t used = fw_spawn_cpu_ns(child) - child->beat_cpu_ns;
    if (used * 50 < quiet || quiet > 4 * limit || fw_spawn_stopped(child)) {
        child->stalled = true;
        fw_spawn_kill(child);
    }
}

static int look_after(struct fw_supervisor *crew, struct fw_child *child, uint64_t now,
                      struct fw_error *err)
{
    int wait_status = 0;
    if (child->state == FW_CHILD_ENDED && child->respawn_ns != 0 && now >= child->respawn_ns &&
        !crew->aborted && !crew->encoder_done)
        return fw_supervisor_start(crew, FW_ROLE_WORKER, child->station.proc_index, err);
    if (child->state != FW_CHILD_STARTED && child->state != FW_CHILD_READY)
        return FW_OK;
    int status = take_messages(crew, child, err);
    if (status != FW_OK)
        return status;
    if (fw_spawn_reap(child, &wait_status))
        return child_ended(crew, child, wait_status, err);
    if (!crew->threads)
        check_stall(crew, child, now);
    return FW_OK;
}

static void set_run_state(struct fw_supervisor *crew, enum fw_run_state state)
{
    atomic_store(&crew->control->run_state, state);
    if (!crew->joined)
        return;
    for (uint32_t i = 0; i < crew->plan->hop_count; i++)
        fw_hop_broadcast(&crew->line[i].view);
    struct fw_packet_ring ring;
    if (fw_packet_ring_join(&ring, crew->hops.base + fw_station_ring_offset(crew->plan),
                            FW_PACKET_RING_BYTES, crew->control, NULL, NULL) == FW_OK)
        fw_packet_ring_broadcast(&ring);
}

/* The first call of cancel ends the input; the second ends everything. */
static int check_interrupts(struct fw_supervisor *crew, struct fw_error *err)
{
    uint64_t count = 0;
    if (crew->cancel_fd < 0 ||
        read(crew->cancel_fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
        return FW_OK;
    crew->interrupts += (uint32_t)count;
    if (!crew->running || crew->interrupts > 1)
        return fw_fail(err, FW_ERR_CANCELLED, "interrupted");
    crew->draining = true;
    set_run_state(crew, FW_DRAIN);
    fw_supervisor_say(crew, FW_MESSAGE_WARNING,
                      "interrupted: finishing what is read so far (again to drop it)");
    return FW_OK;
}

static void wait_for_news(struct fw_supervisor *crew)
{
    struct pollfd fds[FW_PROCS_MAX * 2 + 1];
    nfds_t count = 0;
    if (crew->cancel_fd >= 0)
        fds[count++] = (struct pollfd){ .fd = crew->cancel_fd, .events = POLLIN };
    for (uint32_t i = 0; i < crew->proc_count; i++) {
        const struct fw_child *child = &crew->children[i];
        if (child->state != FW_CHILD_STARTED && child->state != FW_CHILD_READY)
            continue;
        fds[count++] = (struct pollfd){ .fd = child->pidfd, .events = POLLIN };
        struct fw_message_header header;
        const void *payload = NULL;
        if (!child->inbox.closed && !fw_message_peek(&child->inbox, &header, &payload))
            fds[count++] = (struct pollfd){ .fd = child->socket, .events = POLLIN };
    }
    poll(fds, count, TICK_MS);
}

/* One round: news, interrupts, deaths, stalls, respawns, progress. */
static int tick(struct fw_supervisor *crew, struct fw_error *err)
{
    wait_for_news(crew);
    uint64_t now = fw_now_ns();
    if (now - crew->tick_ns > 1000000000u) /* we slept ourselves: nobody else is to blame */
        for (uint32_t i = 0; i < crew->proc_count; i++)
            crew->children[i].beat_ns = now;
    crew->tick_ns = now;
    int status = check_interrupts(crew, err);
    for (uint32_t i = 0; status == FW_OK && i < crew->proc_count; i++)
        status = look_after(crew, &crew->children[i], now, err);
    if (status == FW_OK && crew->running)
        fw_gauge_progress(crew, false);
    return status;
}

int fw_supervisor_expect_ready(struct fw_supervisor *crew, uint32_t proc_index,
                               struct fw_error *err)
{
    int status = FW_OK;
    while (status == FW_OK && crew->children[proc_index].state != FW_CHILD_READY)
        status = tick(crew, err);
    return status;
}

int fw_supervisor_expect_media(struct fw_supervisor *crew, void **media_out, size_t *bytes_out,
                               struct fw_error *err)
{
    struct fw_child *child = &crew->children[FW_PROC_DECODER];
    struct fw_message_header header = { 0 };
    const void *payload = NULL;
    int status = FW_OK;
    while (status == FW_OK && !(fw_message_peek(&child->inbox, &header, &payload) &&
                                header.kind == FW_MESSAGE_MEDIA))
        status = tick(crew, err);
    if (status != FW_OK)
        return status;
    *media_out = malloc(header.bytes + 1);
    if (*media_out == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the streams' description");
    memcpy(*media_out, payload, header.bytes);
    *bytes_out = header.bytes;
    fw_message_pop(&child->inbox);
    return FW_OK;
}

int fw_supervisor_go(struct fw_supervisor *crew, struct fw_error *err)
{
    crew->running = true;
    crew->start_ns = fw_now_ns();
    return fw_message_send(crew->children[FW_PROC_DECODER].socket, FW_MESSAGE_GO, crew->plan,
                           sizeof(*crew->plan), err);
}

int fw_supervisor_watch(struct fw_supervisor *crew, struct fw_error *err)
{
    int status = FW_OK;
    while (status == FW_OK && !(crew->decoder_done && crew->encoder_done))
        status = tick(crew, err);
    return status;
}

static bool anybody_left(struct fw_supervisor *crew)
{
    bool left = false;
    for (uint32_t i = 0; i < crew->proc_count; i++) {
        struct fw_child *child = &crew->children[i];
        int wait_status = 0;
        if (child->state != FW_CHILD_STARTED && child->state != FW_CHILD_READY)
            continue;
        struct fw_error ignored = { 0 };
        /* What it says may be wrong, and no reason to wait for ever. */
        if (take_messages(crew, child, &ignored) != FW_OK)
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
    if (crew->control != NULL && !complete)
        set_run_state(crew, FW_ABORT);
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
        wait_for_news(crew);
    }
}
