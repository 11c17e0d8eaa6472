/* Signals of the command. A handler can only reach what is static. */
#include "signals.h"

#include <signal.h>
#include <string.h>

static struct fw_job *volatile current_job;
static struct fw_batch *volatile current_batch;
static volatile sig_atomic_t caught;
static volatile sig_atomic_t asked;

static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

static void on_end(int number)
{
    if (!caught)
        caught = number;
    if (current_job)
        fw_job_cancel(current_job);
    if (current_batch)
        fw_batch_cancel_by(current_batch, number);
}

static void on_ask(int number)
{
    (void)number;
    asked = 1;
}

static void catch_signals(void)
{
    struct sigaction action;
    struct sigaction old;
    memset(&action, 0, sizeof(action));
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
        /* Ignored by nohup, or by a shell for its background jobs: it stays so. */
        if (sigaction(ending[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
            continue;
        action.sa_handler = on_end;
        (void)sigaction(ending[i], &action, NULL);
    }
    action.sa_handler = on_ask;
    action.sa_flags = SA_RESTART;
    (void)sigaction(SIGUSR1, &action, NULL);
}

void fw_signals_start(struct fw_job *job)
{
    current_job = job;
    catch_signals();
}

void fw_signals_start_batch(struct fw_batch *batch)
{
    current_batch = batch;
    catch_signals();
}

void fw_signals_stop(void)
{
    current_batch = NULL;
    current_job = NULL;
}

int fw_signals_caught(void)
{
    return caught;
}

bool fw_signals_asked(void)
{
    bool was = asked != 0;
    asked = 0;
    return was;
}
