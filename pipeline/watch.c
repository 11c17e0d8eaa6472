/* What a running job tells its supervisor: messages, deaths, interrupts; one round after another.
 */
#include "supervisor.h"

#include "framewheel.h"
#include "packet_ring.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MS 100
#define LOG_MAX 2000
#define LOGS_MAX 64                /* texts of one process that are passed on */
#define LOSSES_MAX 256             /* of one job */
#define MESSAGES_MAX 256           /* of one process in one round: the others have their turn */
#define FORSAKEN_NS 10000000000ull /* a child that was told to end, by nobody who fails */

/* ---- what children say -------------------------------------------------------------------- */

static bool at_an_end(const struct fw_child *child)
{
    return child->station.role == FW_ROLE_DECODER || child->station.role == FW_ROLE_ENCODER;
}

/* More losses than a sink can name are nonsense, and so are a worker's. */
static int add_losses(struct fw_supervisor *crew, const struct fw_child *child, const void *payload,
                      size_t bytes, struct fw_error *err)
{
    size_t count = bytes / sizeof(struct fw_loss);
    if (!at_an_end(child) || count > LOSSES_MAX - crew->loss_count)
        return fw_fail(err, FW_ERR_INTERNAL, "a process sent a list of %zu losses", count);
    struct fw_loss *losses = realloc(crew->losses,
                                     (crew->loss_count + count + 1) * sizeof(losses[0]));
    if (losses == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the list of losses");
    crew->losses = losses;
    memcpy(losses + crew->loss_count, payload, count * sizeof(losses[0]));
    for (size_t i = 0; i < count; i++) {
        losses[crew->loss_count + i].kind[sizeof(losses[0].kind) - 1] = '\0';
        losses[crew->loss_count + i].detail[sizeof(losses[0].detail) - 1] = '\0';
    }
    crew->loss_count += (uint32_t)count;
    return FW_OK;
}

static void take_result(struct fw_supervisor *crew, const struct fw_child *child,
                        const void *payload, size_t bytes)
{
    struct fw_role_result *result = child->station.role == FW_ROLE_DECODER ? &crew->decoder_result
                                                                           : &crew->encoder_result;
    if (bytes != sizeof(*result) || !at_an_end(child))
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

static int take_message(struct fw_supervisor *crew, struct fw_child *child,
                        const struct fw_message_header *header, const void *payload,
                        struct fw_error *err)
{
    switch (header->kind) {
    case FW_MESSAGE_READY:
        /* Once in a life, and not after it. */
        if (child->state != FW_CHILD_STARTED)
            return FW_OK;
        child->state = FW_CHILD_READY;
        if (header->bytes == sizeof(child->layers))
            memcpy(&child->layers, payload, sizeof(child->layers));
        return FW_OK;
    case FW_MESSAGE_LOSSES:
        return add_losses(crew, child, payload, header->bytes, err);
    case FW_MESSAGE_RESULT:
        take_result(crew, child, payload, header->bytes);
        return FW_OK;
    case FW_MESSAGE_LOG:
        if (child->logs++ < LOGS_MAX)
            fw_supervisor_say(crew, FW_MESSAGE_WARNING, "%.*s",
                              (int)(header->bytes < LOG_MAX ? header->bytes : LOG_MAX),
                              (const char *)payload);
        return FW_OK;
    default:
        return fw_fail(err, FW_ERR_INTERNAL, "a process sent message %u", header->kind);
    }
}

int fw_watch_messages(struct fw_supervisor *crew, struct fw_child *child, struct fw_error *err)
{
    struct fw_message_header header;
    const void *payload = NULL;
    int status = fw_message_collect(&child->inbox, child->socket, err);
    for (uint32_t i = 0; status == FW_OK && i < MESSAGES_MAX; i++) {
        if (!fw_message_peek(&child->inbox, &header, &payload) || header.kind == FW_MESSAGE_MEDIA)
            break;
        status = take_message(crew, child, &header, payload, err);
        fw_message_pop(&child->inbox);
    }
    return status;
}

/* Whether a whole message waits that is not MEDIA, which waits for fw_supervisor_expect_media. */
static bool message_waits(const struct fw_child *child)
{
    struct fw_message_header header;
    const void *payload = NULL;
    return fw_message_peek(&child->inbox, &header, &payload) && header.kind != FW_MESSAGE_MEDIA;
}

/* The last words of a process that is gone: nothing follows them. */
static int take_last_messages(struct fw_supervisor *crew, struct fw_child *child,
                              struct fw_error *err)
{
    int status = fw_watch_messages(crew, child, err);
    while (status == FW_OK && (!child->inbox.closed || message_waits(child)))
        status = fw_watch_messages(crew, child, err);
    return status;
}

/* ---- deaths ------------------------------------------------------------------------------- */

/* The frame that the decoder or the encoder was at. */
static struct fw_death end_death(const struct fw_supervisor *crew, const struct fw_child *child)
{
    struct fw_hop_state at = { 0 };
    fw_supervisor_observe(crew, &at);
    return (struct fw_death){
        .proc_index = child->station.proc_index,
        .stalled = child->stalled,
        .had_frame = true,
        .seq = child->station.role == FW_ROLE_DECODER ? at.published : at.consumed,
        .pts = FW_NOPTS,
        .action = "failed",
    };
}

static int single_died(struct fw_supervisor *crew, const struct fw_child *child, int signal_number,
                       struct fw_error *err)
{
    if (child->station.role == FW_ROLE_SEQUENTIAL)
        return fw_mourn_sequential(crew, child->station.proc_index, signal_number, err);
    char name[32];
    fw_station_name(child->station.proc_index, name, sizeof(name));
    struct fw_death death = end_death(crew, child);
    death.signal = signal_number;
    fw_mourn_note(crew, &death);
    if (child->stalled)
        return fw_fail(err, FW_ERR_STALLED,
                       "the %s made no progress for %g s at frame %llu and was ended\n"
                       "hint: --stall SECONDS allows more",
                       name, crew->settings->stall_ms / 1000.0, (unsigned long long)death.seq);
    return fw_fail(err, FW_ERR_DIED, "the %s died (%s) at frame %llu", name,
                   strsignal(signal_number), (unsigned long long)death.seq);
}

/* A worker ends by itself when all frames of its hop are taken, and never before. */
static bool worker_done(const struct fw_supervisor *crew, const struct fw_child *child)
{
    struct fw_hop_state at;
    uint32_t hop = fw_plan_hop_of(crew->plan, child->station.proc_index);
    fw_hop_observe(&crew->line[hop].view, &at);
    return at.consumed >= at.end;
}

/* A sequential process ends when it has taken all frames of its hop, and said that no more come. */
static bool sequential_done(const struct fw_supervisor *crew, const struct fw_child *child)
{
    struct fw_hop_state before, behind;
    uint32_t hop = fw_plan_hop_of(crew->plan, child->station.proc_index);
    fw_hop_observe(&crew->line[hop].view, &before);
    fw_hop_observe(&crew->line[hop + 1].view, &behind);
    return before.consumed >= before.end && behind.end != UINT64_MAX;
}

static bool work_done(const struct fw_supervisor *crew, const struct fw_child *child)
{
    switch (child->station.role) {
    case FW_ROLE_DECODER:
        return crew->decoder_done;
    case FW_ROLE_ENCODER:
        return crew->encoder_done;
    case FW_ROLE_SEQUENTIAL:
        return sequential_done(crew, child);
    case FW_ROLE_WORKER:
        break;
    }
    return worker_done(crew, child);
}

static int child_exited(struct fw_supervisor *crew, struct fw_child *child, int code,
                        struct fw_error *err)
{
    /* Told to end by the encoder, whose own end says why; check_forsaken sees to it that one does.
     */
    if (code == FW_CHILD_CANCELLED && atomic_load(&crew->control->run_state) == FW_ABORT) {
        crew->cancelled_ns = crew->cancelled_ns != 0 ? crew->cancelled_ns : fw_now_ns();
        return FW_OK;
    }
    struct fw_error told = child->station.self->error;
    told.text[sizeof(told.text) - 1] = '\0';
    if (code == FW_CHILD_FAILED && told.status < 0)
        return fw_fail(err, told.status, "%s", told.text);
    if (code == 0 && work_done(crew, child))
        return FW_OK;
    char name[32];
    fw_station_name(child->station.proc_index, name, sizeof(name));
    return fw_fail(err, FW_ERR_DIED, "%s%s ended before its work was done (exit %d)",
                   at_an_end(child) ? "the " : "", name, code);
}

static int child_ended(struct fw_supervisor *crew, struct fw_child *child, int wait_status,
                       struct fw_error *err)
{
    int status = take_last_messages(crew, child, err);
    close(child->socket);
    child->socket = -1;
    if (status != FW_OK || crew->aborted)
        return status;
    if (!WIFSIGNALED(wait_status))
        return child_exited(crew, child, WEXITSTATUS(wait_status), err);
    return child->station.role == FW_ROLE_WORKER
               ? fw_mourn_worker(crew, child->station.proc_index, WTERMSIG(wait_status), err)
               : single_died(crew, child, WTERMSIG(wait_status), err);
}

/* ---- the watch ---------------------------------------------------------------------------- */

bool fw_child_alive(const struct fw_child *child)
{
    return child->state == FW_CHILD_STARTED || child->state == FW_CHILD_READY;
}

/* Without a new process the job goes on as long as another worker of the hop is there, or due. */
static int respawn(struct fw_supervisor *crew, struct fw_child *child, struct fw_error *err)
{
    uint32_t index = child->station.proc_index;
    struct fw_error why = { 0 };
    int status = fw_supervisor_start(crew, FW_ROLE_WORKER, index, &why);
    if (status == FW_OK)
        return FW_OK;
    if (!fw_mourn_others(crew, index))
        return fw_fail(err, status, "%s", why.text);
    char name[32];
    fw_station_name(index, name, sizeof(name));
    fw_supervisor_say(crew, FW_MESSAGE_WARNING, "%s is not replaced: %s", name, why.text);
    return FW_OK;
}

static int look_after(struct fw_supervisor *crew, struct fw_child *child, uint64_t now,
                      struct fw_error *err)
{
    int wait_status = 0;
    if (child->state == FW_CHILD_ENDED && child->respawn_ns != 0 && now >= child->respawn_ns &&
        !crew->aborted && !crew->encoder_done)
        return respawn(crew, child, err);
    if (!fw_child_alive(child))
        return FW_OK;
    int status = fw_watch_messages(crew, child, err);
    if (status != FW_OK)
        return status;
    if (fw_spawn_reap(child, &wait_status))
        return child_ended(crew, child, wait_status, err);
    if (!crew->threads)
        fw_stall_check(crew, child, now);
    return FW_OK;
}

void fw_watch_broadcast(struct fw_supervisor *crew)
{
    if (!crew->joined)
        return;
    for (uint32_t i = 0; i < crew->plan->hop_count; i++)
        fw_hop_broadcast(&crew->line[i].view);
    struct fw_packet_ring ring;
    struct fw_error ignored = { 0 };
    if (fw_packet_ring_join(&ring, crew->hops.base + fw_station_ring_offset(crew->plan),
                            FW_PACKET_RING_BYTES, crew->control, NULL, &ignored) == FW_OK)
        fw_packet_ring_broadcast(&ring);
}

void fw_watch_interrupts(struct fw_supervisor *crew)
{
    uint64_t count = 0;
    if (crew->cancel_fd >= 0 && read(crew->cancel_fd, &count, sizeof(count)) == sizeof(count))
        crew->interrupts += count > UINT16_MAX ? UINT16_MAX : (uint32_t)count;
}

/* The first call of cancel ends the input; the second ends everything. */
static int check_interrupts(struct fw_supervisor *crew, struct fw_error *err)
{
    struct pollfd end = { .fd = crew->end_fd > 0 ? crew->end_fd : -1, .events = POLLIN };
    if (poll(&end, 1, 0) > 0)
        return fw_fail(err, FW_ERR_CANCELLED, "told to end");
    uint32_t before = crew->interrupts;
    fw_watch_interrupts(crew);
    if (crew->interrupts == before)
        return FW_OK;
    if (!crew->running || crew->interrupts > 1)
        return fw_fail(err, FW_ERR_CANCELLED, "interrupted");
    crew->draining = true;
    /* Not over an abort that an encoder has just asked for. */
    uint32_t running = FW_RUN;
    (void)atomic_compare_exchange_strong(&crew->control->run_state, &running, FW_DRAIN);
    fw_watch_broadcast(crew);
    fw_supervisor_say(crew, FW_MESSAGE_WARNING,
                      "interrupted: finishing what is read so far (again to drop it)");
    return FW_OK;
}

void fw_watch_wait(struct fw_supervisor *crew)
{
    struct pollfd fds[FW_PROCS_MAX * 2 + 2];
    nfds_t count = 0;
    int timeout_ms = TICK_MS;
    if (crew->cancel_fd >= 0)
        fds[count++] = (struct pollfd){ .fd = crew->cancel_fd, .events = POLLIN };
    if (crew->end_fd > 0 && !crew->aborted)
        fds[count++] = (struct pollfd){ .fd = crew->end_fd, .events = POLLIN };
    for (uint32_t i = 0; i < crew->proc_count; i++) {
        const struct fw_child *child = &crew->children[i];
        if (!fw_child_alive(child))
            continue;
        fds[count++] = (struct pollfd){ .fd = child->pidfd, .events = POLLIN };
        struct fw_message_header header;
        const void *payload = NULL;
        if (message_waits(child))
            timeout_ms = 0; /* left over from the last round */
        else if (!child->inbox.closed && !fw_message_peek(&child->inbox, &header, &payload))
            fds[count++] = (struct pollfd){ .fd = child->socket, .events = POLLIN };
    }
    poll(fds, count, timeout_ms);
}

/* Whoever is told to end says nothing, since another one's failure says why. Without that one, the
 * order was wrong, or nobody is left to do the work. */
static int check_forsaken(const struct fw_supervisor *crew, uint64_t now, struct fw_error *err)
{
    bool left = crew->decoder_done && crew->encoder_done;
    for (uint32_t i = 0; i < crew->proc_count; i++)
        left = left || fw_child_alive(&crew->children[i]) || crew->children[i].respawn_ns != 0;
    if (!left)
        return fw_fail(err, FW_ERR_DIED, "all processes ended before their work was done");
    if (crew->cancelled_ns != 0 && now > crew->cancelled_ns + FORSAKEN_NS)
        return fw_fail(err, FW_ERR_DIED, "a process was told to end, and none says why");
    return FW_OK;
}

/* One round: news, interrupts, deaths, stalls, respawns, progress. */
static int tick(struct fw_supervisor *crew, struct fw_error *err)
{
    fw_watch_wait(crew);
    uint64_t now = fw_now_ns();
    if (now - crew->tick_ns > 1000000000u) /* we slept ourselves: nobody else is to blame */
        fw_stall_restart(crew, now);
    crew->tick_ns = now;
    int status = check_interrupts(crew, err);
    for (uint32_t i = 0; status == FW_OK && i < crew->proc_count; i++)
        status = look_after(crew, &crew->children[i], now, err);
    if (status == FW_OK)
        status = check_forsaken(crew, now, err);
    if (status == FW_OK && crew->running)
        status = fw_stall_check_flow(crew, now, err);
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
    while (status == FW_OK &&
           !(fw_message_peek(&child->inbox, &header, &payload) && header.kind == FW_MESSAGE_MEDIA))
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
