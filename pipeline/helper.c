/*
 * fw_job_run and fw_job_serve: a job of a library caller runs in a helper process, since a program
 * with threads cannot fork safely and may reap children of its own.
 *
 * Over one socket pair: the caller sends one JSON line, {"options": [[name, value|null], ...]}; the
 * helper answers with JSON lines {"progress": {...}}, {"message": [level, text]} and one last
 * {"end": {...}}. File names that are no UTF-8 travel as {"hex": "..."}.
 */
#include "job.h"

#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- the caller --------------------------------------------------------------------------- */

static int spawn_with_fds(pid_t *pid_out, const char *path, int socket_fd, int cancel_fd)
{
    char number[16];
    posix_spawn_file_actions_t actions;
    snprintf(number, sizeof(number), "%d", FW_HELPER_FD);
    char *const arguments[] = { "framewheel", "--helper", number, NULL };
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed != 0)
        return failed;
    failed = posix_spawn_file_actions_adddup2(&actions, socket_fd, FW_HELPER_FD);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&actions, cancel_fd, FW_HELPER_CANCEL_FD);
    if (failed == 0)
        failed = posix_spawn(pid_out, path, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* The helper shares the descriptor that fw_job_cancel writes to: no signal is needed. */
static int spawn_helper(pid_t *pid_out, const struct fw_job *job, int socket_fd,
                        struct fw_error *err)
{
    const char *path = getenv("FRAMEWHEEL_HELPER");
    if (path == NULL || path[0] == '\0')
        path = FW_HELPER_PATH;
    /* Above the numbers that they get in the helper, so that neither overwrites the other. */
    int socket_high = fcntl(socket_fd, F_DUPFD_CLOEXEC, FW_HELPER_CANCEL_FD + 1);
    int cancel_high = fcntl(job->cancel_fd, F_DUPFD_CLOEXEC, FW_HELPER_CANCEL_FD + 1);
    int failed = socket_high < 0 || cancel_high < 0
                     ? EMFILE
                     : spawn_with_fds(pid_out, path, socket_high, cancel_high);
    if (socket_high >= 0)
        close(socket_high);
    if (cancel_high >= 0)
        close(cancel_high);
    if (failed != 0)
        return fw_fail(err, FW_ERR_SYSTEM,
                       "cannot start the helper %s: %s\nhint: set FRAMEWHEEL_HELPER to the "
                       "framewheel command",
                       path, strerror(failed));
    return FW_OK;
}

static int send_job(const struct fw_job *job, int fd, struct fw_error *err)
{
    json_t *options = json_array();
    for (uint32_t i = 0; i < job->word_count; i++)
        json_array_append_new(options, json_pack("[o,o]", fw_helper_pack(job->words[i].name),
                                                 fw_helper_pack(job->words[i].value)));
    return fw_helper_send(fd, json_pack("{s:o}", "options", options), err);
}

static int take_end(struct fw_job *job, const json_t *end, struct fw_error *err)
{
    json_t *status = json_object_get(end, "status");
    char *text = fw_helper_unpack(json_object_get(end, "text"));
    free(job->report);
    job->report = fw_helper_unpack(json_object_get(end, "report"));
    int code = (int)json_integer_value(status);
    if (code != FW_OK)
        code = fw_fail(err, code, "%s", text == NULL ? "the job failed" : text);
    free(text);
    return code;
}

/* Until the last record, or the helper is gone. */
static int follow(struct fw_job *job, FILE *from, const struct fw_events *events,
                  struct fw_error *err)
{
    char *line = NULL;
    size_t room = 0;
    int status = FW_ERR_DIED;
    bool ended = false;
    while (!ended && getline(&line, &room, from) > 0) {
        json_t *record = json_loads(line, 0, NULL);
        const json_t *end = json_object_get(record, "end");
        if (end != NULL) {
            status = take_end(job, end, err);
            ended = true;
        } else if (events != NULL) {
            fw_helper_deliver(record, events);
        }
        json_decref(record);
    }
    free(line);
    return ended ? status : fw_fail(err, FW_ERR_DIED, "the helper process died");
}

int fw_job_run(struct fw_job *job, const struct fw_events *events, struct fw_error *err)
{
    int pair[2];
    pid_t pid = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return fw_fail(err, FW_ERR_SYSTEM, "socketpair: %s", strerror(errno));
    int status = spawn_helper(&pid, job, pair[1], err);
    close(pair[1]);
    if (status != FW_OK) {
        close(pair[0]);
        return status;
    }
    FILE *from = fdopen(pair[0], "r");
    if (from == NULL) {
        status = fw_fail(err, FW_ERR_MEMORY, "no memory to read from the helper");
        close(pair[0]);
    } else {
        status = send_job(job, pair[0], err);
        if (status == FW_OK)
            status = follow(job, from, events, err);
        fclose(from);
    }
    /* Without its socket the helper stops. */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

/* ---- the helper --------------------------------------------------------------------------- */

struct serving {
    int fd;
    struct fw_job *job;
    bool gone; /* nobody reads any more: the job is cancelled */
};

static void serve_record(struct serving *serving, json_t *record)
{
    struct fw_error ignored = { 0 };
    if (serving->gone) {
        json_decref(record);
        return;
    }
    if (fw_helper_send(serving->fd, record, &ignored) != FW_OK) {
        serving->gone = true;
        fw_job_cancel(serving->job);
        fw_job_cancel(serving->job);
    }
}

static void serve_progress(void *user, const struct fw_progress *progress)
{
    serve_record(user, fw_helper_progress(progress));
}

static void serve_message(void *user, enum fw_message_level level, const char *text)
{
    serve_record(user, json_pack("{s:[i,o]}", "message", (int)level, fw_helper_pack(text)));
}

static int receive_job(struct fw_job *job, int fd, struct fw_error *err)
{
    char *line = fw_helper_receive(fd, err);
    if (line == NULL)
        return err->status;
    json_t *document = json_loads(line, 0, NULL);
    const json_t *options = json_object_get(document, "options");
    int status = json_is_array(options)
                     ? FW_OK
                     : fw_fail(err, FW_ERR_USAGE, "the helper got no job on its socket");
    size_t index = 0;
    const json_t *pair = NULL;
    json_array_foreach(options, index, pair)
    {
        char *name = fw_helper_unpack(json_array_get(pair, 0));
        char *value = fw_helper_unpack(json_array_get(pair, 1));
        if (status == FW_OK)
            status = name == NULL ? fw_fail(err, FW_ERR_USAGE, "an option without a name")
                                  : fw_job_set(job, name, value, err);
        free(name);
        free(value);
    }
    json_decref(document);
    free(line);
    return status;
}

/* Readable when the caller is gone or somebody asks this process to end: then nobody waits for the
 * job any more, and it leaves nothing behind. The keyboard reaches caller and helper alike; the
 * caller decides what it means. */
static int open_end(int socket_fd, struct fw_error *err)
{
    sigset_t asking;
    sigemptyset(&asking);
    sigaddset(&asking, SIGTERM);
    sigaddset(&asking, SIGHUP);
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    sigprocmask(SIG_BLOCK, &asking, NULL);
    int end_fd = epoll_create1(EPOLL_CLOEXEC);
    int signal_fd = signalfd(-1, &asking, SFD_CLOEXEC | SFD_NONBLOCK);
    struct epoll_event asked = { .events = EPOLLIN };
    struct epoll_event gone = { .events = EPOLLRDHUP };
    if (end_fd < 0 || signal_fd < 0 || epoll_ctl(end_fd, EPOLL_CTL_ADD, signal_fd, &asked) < 0 ||
        epoll_ctl(end_fd, EPOLL_CTL_ADD, socket_fd, &gone) < 0)
        return fw_fail(err, FW_ERR_SYSTEM, "cannot watch the caller: %s", strerror(errno));
    return end_fd;
}

int fw_job_serve(int socket_fd, struct fw_error *err)
{
    struct serving serving = { .fd = socket_fd };
    const struct fw_events events = {
        .struct_size = sizeof(events),
        .user = &serving,
        .progress = serve_progress,
        .message = serve_message,
    };
    struct fw_error own = { 0 };
    int end_fd = open_end(socket_fd, &own);
    int status = end_fd < 0 ? end_fd : fw_job_create(&serving.job, &own);
    if (status == FW_OK && dup3(FW_HELPER_CANCEL_FD, serving.job->cancel_fd, O_CLOEXEC) < 0)
        status = fw_fail(&own, FW_ERR_USAGE, "the helper is started by fw_job_run alone");
    if (status == FW_OK) {
        serving.job->end_fd = end_fd;
        status = receive_job(serving.job, socket_fd, &own);
    }
    if (status == FW_OK)
        status = fw_job_supervise(serving.job, &events, &own);
    serve_record(&serving, json_pack("{s:{s:i,s:o,s:o}}", "end", "status", status, "text",
                                     fw_helper_pack(status == FW_OK ? NULL : own.text), "report",
                                     fw_helper_pack(
                                         serving.job == NULL ? NULL : fw_job_report(serving.job))));
    fw_job_destroy(serving.job);
    if (status != FW_OK && err != NULL)
        *err = own;
    return status;
}
