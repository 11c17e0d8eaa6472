#include "job_pool.h"

#include "control.h"
#include "file_hash.h"
#include "message.h"
#include "probe.h"
#include "process.h"

#include "filters/check.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTES_MAX 4096u

/* What a job's process says last: this, and its report behind it. */
struct verdict {
    int32_t status;
    bool no_video;
    struct fw_error err;
};

struct slot {
    struct fw_process process;
    int socket;
    int cancel_fd;
    struct fw_message_inbox inbox;
    uint64_t id;
    uint64_t start_ns;
    struct fw_progress progress;
    bool answered;
    bool naming; /* to be told */
    struct fw_job_made made;
    struct verdict verdict;
    char *report;
    char *notes;
};

struct fw_job_pool {
    uint32_t slot_count;
    struct slot slots[FW_WORKERS_MAX];
};

int fw_job_pool_create(struct fw_job_pool **pool_out, uint32_t slots, struct fw_error *err)
{
    struct fw_job_pool *pool = calloc(1, sizeof(*pool));
    if (!pool)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for jobs");
    FW_CHECK(slots > 0 && slots <= FW_WORKERS_MAX);
    pool->slot_count = slots;
    for (uint32_t i = 0; i < slots; i++)
        pool->slots[i].socket = pool->slots[i].cancel_fd = -1;
    *pool_out = pool;
    return FW_OK;
}

static void clear_slot(struct slot *slot)
{
    if (slot->socket >= 0)
        (void)close(slot->socket);
    if (slot->cancel_fd >= 0)
        (void)close(slot->cancel_fd);
    fw_message_inbox_deinit(&slot->inbox);
    free(slot->report);
    free(slot->notes);
    memset(slot, 0, sizeof(*slot));
    slot->socket = slot->cancel_fd = -1;
}

void fw_job_pool_destroy(struct fw_job_pool *pool)
{
    struct fw_process_end end;
    if (!pool)
        return;
    for (uint32_t i = 0; i < pool->slot_count; i++) {
        fw_process_signal(&pool->slots[i].process, SIGKILL);
        (void)fw_process_reap(&pool->slots[i].process, true, &end);
        clear_slot(&pool->slots[i]);
    }
    free(pool);
}

bool fw_job_pool_has_room(const struct fw_job_pool *pool)
{
    return fw_job_pool_busy(pool) < pool->slot_count;
}

uint32_t fw_job_pool_busy(const struct fw_job_pool *pool)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < pool->slot_count; i++)
        count += pool->slots[i].socket >= 0;
    return count;
}

/* ---- in the job's process ------------------------------------------------------------------ */

struct body {
    struct fw_job job; /* the caller's, but for the eventfd */
    int socket;
    bool doubtful;
};

static void on_progress(void *user, const struct fw_progress *progress)
{
    const struct body *body = user;
    struct fw_progress sent = *progress;
    sent.limit = NULL; /* no pointers between processes */
    (void)!fw_message_send(body->socket, FW_MESSAGE_PROGRESS, &sent, sizeof(sent), NULL);
}

static void on_message(void *user, enum fw_message_level level, const char *text)
{
    const struct body *body = user;
    if (level <= FW_MESSAGE_WARNING)
        (void)!fw_message_send(body->socket, FW_MESSAGE_LOG, text, strlen(text), NULL);
}

/* The batch's ledger has to know of an output before it has its name. */
static int on_naming(void *user, int fd, struct fw_error *err)
{
    const struct body *body = user;
    struct fw_job_made made = { 0 };
    struct stat status;
    char byte;
    int result = fw_file_hash(fd, &made.xxh3, err);
    if (result == FW_OK && fstat(fd, &status) < 0)
        result = fw_fail(err, FW_ERR_OUTPUT, "cannot look at it: %s", strerrordesc_np(errno));
    if (result < 0)
        return result;
    made.bytes = (uint64_t)status.st_size;
    result = fw_message_send(body->socket, FW_MESSAGE_NAMING, &made, sizeof(made), err);
    ssize_t got = 0;
    do
        got = result == FW_OK ? read(body->socket, &byte, 1) : 0;
    while (got < 0 && errno == EINTR);
    return got == 1 ? FW_OK : fw_fail(err, FW_ERR_CANCELLED, "the batch has ended");
}

static int run_job(void *argument)
{
    struct body *body = argument;
    struct verdict verdict = { 0 };
    const struct fw_events events = {
        .struct_size = sizeof(events), .user = body, .progress = on_progress, .message = on_message
    };
    body->job.naming = on_naming;
    body->job.naming_user = body;
    verdict.status = fw_job_supervise(&body->job, &events, &verdict.err);
    if (body->doubtful && (verdict.status == FW_ERR_USAGE || verdict.status == FW_ERR_INPUT))
        verdict.no_video = fw_probe_film(body->job.settings.input) == FW_END;
    const char *report = fw_job_report(&body->job);
    size_t report_bytes = report ? strlen(report) : 0;
    uint8_t *answer = malloc(sizeof(verdict) + report_bytes);
    if (!answer)
        return 1;
    memcpy(answer, &verdict, sizeof(verdict));
    if (report_bytes > 0)
        memcpy(answer + sizeof(verdict), report, report_bytes);
    int status = fw_message_send(body->socket, FW_MESSAGE_RESULT, answer,
                                 sizeof(verdict) + report_bytes, NULL);
    free(answer);
    return status == FW_OK ? 0 : 1;
}

/* ---- in the batch's ------------------------------------------------------------------------ */

static struct slot *free_slot(struct fw_job_pool *pool)
{
    for (uint32_t i = 0; i < pool->slot_count; i++) {
        if (pool->slots[i].socket < 0)
            return &pool->slots[i];
    }
    return NULL;
}

static int start(struct slot *slot, struct body *body, struct fw_error *err)
{
    char title[32];
    const int keep[] = { body->socket, body->job.cancel_fd };
    (void)snprintf(title, sizeof(title), "job %llu", (unsigned long long)slot->id + 1);
    const struct fw_process_plan plan = {
        .title = title, .body = run_job, .arg = body, .keep_fds = keep, .keep_count = 2
    };
    return fw_process_start(&slot->process, &plan, err);
}

int fw_job_pool_give(struct fw_job_pool *pool, uint64_t id, const struct fw_job *job, bool doubtful,
                     struct fw_error *err)
{
    struct slot *slot = free_slot(pool);
    struct body body = { .job = *job, .doubtful = doubtful };
    int pair[2];
    FW_CHECK(slot);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return fw_fail(err, FW_ERR_SYSTEM, "cannot make a socket: %s", strerrordesc_np(errno));
    slot->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    slot->socket = pair[0];
    slot->id = id;
    slot->start_ns = fw_now_ns();
    body.socket = pair[1];
    body.job.cancel_fd = slot->cancel_fd;
    body.job.report = NULL;
    int status = slot->cancel_fd < 0
                     ? fw_fail(err, FW_ERR_SYSTEM, "eventfd: %s", strerrordesc_np(errno))
                     : start(slot, &body, err);
    (void)close(pair[1]);
    if (status < 0)
        clear_slot(slot);
    return status;
}

static void take_verdict(struct slot *slot, const uint8_t *payload, size_t bytes)
{
    if (bytes < sizeof(slot->verdict) || slot->answered)
        return;
    memcpy(&slot->verdict, payload, sizeof(slot->verdict));
    slot->verdict.err.text[sizeof(slot->verdict.err.text) - 1] = '\0';
    slot->report = strndup((const char *)payload + sizeof(slot->verdict),
                           bytes - sizeof(slot->verdict));
    slot->answered = true;
}

/* Enough of them to know what went on. */
static void take_note(struct slot *slot, const char *text, size_t bytes)
{
    char *notes = NULL;
    if ((slot->notes && strlen(slot->notes) + bytes > NOTES_MAX) ||
        asprintf(&notes, "%s%s%.*s", slot->notes ? slot->notes : "", slot->notes ? "\n" : "",
                 (int)bytes, text) < 0)
        return;
    free(slot->notes);
    slot->notes = notes;
}

static int listen_to(struct slot *slot, struct fw_error *err)
{
    struct fw_message_header header;
    const void *payload = NULL;
    int status = fw_message_collect(&slot->inbox, slot->socket, err);
    while (status == FW_OK && fw_message_peek(&slot->inbox, &header, &payload)) {
        if (header.kind == FW_MESSAGE_RESULT)
            take_verdict(slot, payload, header.bytes);
        if (header.kind == FW_MESSAGE_PROGRESS && header.bytes == sizeof(slot->progress))
            memcpy(&slot->progress, payload, sizeof(slot->progress));
        if (header.kind == FW_MESSAGE_NAMING && header.bytes == sizeof(slot->made)) {
            memcpy(&slot->made, payload, sizeof(slot->made));
            slot->naming = true;
        }
        if (header.kind == FW_MESSAGE_LOG && header.bytes < NOTES_MAX)
            take_note(slot, payload, header.bytes);
        fw_message_pop(&slot->inbox);
    }
    return status;
}

static void settle(struct slot *slot, const struct fw_process_end *end, struct fw_job_end *out)
{
    *out = (struct fw_job_end){ .id = slot->id,
                                .made = slot->made,
                                .status = slot->verdict.status,
                                .signal = slot->answered ? 0 : end->signal,
                                .no_video = slot->verdict.no_video,
                                .err = slot->verdict.err,
                                .report = slot->report,
                                .notes = slot->notes,
                                .wall_s = (double)(fw_now_ns() - slot->start_ns) * 1e-9,
                                .cpu_s = (double)end->cpu_ns * 1e-9 };
    slot->report = slot->notes = NULL;
    if (!slot->answered) {
        const char *name = end->signal ? sigabbrev_np(end->signal) : NULL;
        out->status = fw_fail(&out->err, FW_ERR_DIED, "the job's supervisor died (%s%s)",
                              name ? "SIG" : "code ", name ? name : "without an answer");
    }
    clear_slot(slot);
}

static int look(struct fw_job_pool *pool, struct fw_job_end *out)
{
    struct fw_process_end end;
    for (uint32_t i = 0; i < pool->slot_count; i++) {
        struct slot *slot = &pool->slots[i];
        if (slot->socket < 0)
            continue;
        /* One that sends what is no message costs itself alone. */
        if (listen_to(slot, NULL) < 0)
            fw_process_signal(&slot->process, SIGKILL);
        if (slot->naming) {
            slot->naming = false;
            *out = (struct fw_job_end){ .id = slot->id, .naming = true, .made = slot->made };
            return FW_OK;
        }
        if (!fw_process_reap(&slot->process, false, &end))
            continue;
        (void)!listen_to(slot, NULL); /* what it said before it ended */
        settle(slot, &end, out);
        return FW_OK;
    }
    return FW_END;
}

int fw_job_pool_wait(struct fw_job_pool *pool, int cancel_fd, int wait_ms,
                     struct fw_job_end *end_out)
{
    struct pollfd polls[2 * FW_WORKERS_MAX + 1];
    nfds_t count = 0;
    int status = look(pool, end_out);
    if (status != FW_END)
        return status;
    polls[count++] = (struct pollfd){ .fd = cancel_fd, .events = POLLIN };
    for (uint32_t i = 0; i < pool->slot_count; i++) {
        if (pool->slots[i].socket < 0)
            continue;
        polls[count++] = (struct pollfd){ .fd = pool->slots[i].socket, .events = POLLIN };
        polls[count++] = (struct pollfd){ .fd = pool->slots[i].process.pidfd, .events = POLLIN };
    }
    if (poll(polls, count, wait_ms) <= 0 || polls[0].revents != 0)
        return FW_END;
    return look(pool, end_out);
}

void fw_job_pool_allow(struct fw_job_pool *pool, uint64_t id)
{
    for (uint32_t i = 0; i < pool->slot_count; i++) {
        if (pool->slots[i].socket >= 0 && pool->slots[i].id == id)
            (void)!send(pool->slots[i].socket, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

void fw_job_pool_cancel(struct fw_job_pool *pool)
{
    const uint64_t one = 1;
    for (uint32_t i = 0; i < pool->slot_count; i++) {
        if (pool->slots[i].cancel_fd >= 0)
            (void)!write(pool->slots[i].cancel_fd, &one, sizeof(one));
    }
}

void fw_job_pool_gauge(const struct fw_job_pool *pool, double *fps_out, double *share_out)
{
    double share = 0;
    uint32_t known = 0;
    *fps_out = 0;
    for (uint32_t i = 0; i < pool->slot_count; i++) {
        const struct fw_progress *progress = &pool->slots[i].progress;
        if (pool->slots[i].socket < 0)
            continue;
        *fps_out += progress->fps;
        if (progress->frames_total == 0)
            continue;
        share += (double)progress->frames / (double)progress->frames_total;
        known++;
    }
    *share_out = known > 0 ? share / known : 0;
}
