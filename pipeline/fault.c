#include "fault.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    int signal;
} actions[] = {
    { "kill", SIGKILL }, { "segv", SIGSEGV }, { "abort", SIGABRT }, { "stop", SIGSTOP },
};

void fw_fault_hit(const char *fault, const char *role, const char *point, uint64_t seq)
{
    char prefix[96];
    int bytes = snprintf(prefix, sizeof(prefix), "%s:%s:%llu:", role, point,
                         (unsigned long long)seq);
    if (bytes < 0 || strncmp(fault, prefix, (size_t)bytes) != 0)
        return;
    const char *action = fault + bytes;
    if (strcmp(action, "exit") == 0)
        _exit(0);
    while (strcmp(action, "spin") == 0)
        continue;
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(action, actions[i].name) != 0)
            continue;
        /* The default action, whatever a sanitizer installed. */
        signal(actions[i].signal, SIG_DFL);
        raise(actions[i].signal);
    }
}
