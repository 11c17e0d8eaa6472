/*
 * A process that writes groups into a ledger and is killed at a random moment. Passes when every
 * group whose commit returned is there, each group is there whole or not at all, nothing comes
 * before its time, and the next run takes the lock.
 *
 * ledger_kill [KILLS [SEED]]
 */
#include "pipeline/ledger.h"

#include "tests/support/temp.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GROUP 16
#define KILL_AFTER_MAX_US 60000u

static int open_ledger(struct fw_ledger **ledger, const char *folder, struct fw_error *err)
{
    const struct fw_ledger_options options = { .folder = folder,
                                               .command = "ledger_kill",
                                               .cancel_fd = -1 };
    return fw_ledger_open(ledger, &options, err);
}

static void name_item(char *name, size_t bytes, int group, int index)
{
    (void)snprintf(name, bytes, "dir/%d/%d.png", group, index);
}

static int write_group(struct fw_ledger *ledger, int group, struct fw_error *err)
{
    int status = FW_OK;
    for (int i = 0; status == FW_OK && i < GROUP; i++) {
        char name[64];
        name_item(name, sizeof(name), group, i);
        const struct fw_ledger_item item = { .output = name,
                                             .name_bytes = strlen(name),
                                             .state = FW_ITEM_DONE,
                                             .attempts = 1,
                                             .settings = (uint64_t)group };
        status = fw_ledger_record(ledger, &item, err);
    }
    return status == FW_OK ? fw_ledger_commit(ledger, err) : status;
}

/* Goes on where `committed` says that the last run was. */
static _Noreturn void write_for_ever(const char *folder, volatile int *committed)
{
    struct fw_ledger *ledger = NULL;
    struct fw_error err = { 0 };
    int status = open_ledger(&ledger, folder, &err);
    while (status == FW_OK) {
        status = write_group(ledger, *committed, &err);
        *committed += status == FW_OK;
    }
    fprintf(stderr, "writer: %s\n", err.text);
    _exit(1);
}

/* Items of the group that are there. */
static int count_group(struct fw_ledger *ledger, int group)
{
    int count = 0;
    for (int i = 0; i < GROUP; i++) {
        struct fw_ledger_item item;
        struct fw_error err = { 0 };
        char name[64];
        name_item(name, sizeof(name), group, i);
        int status = fw_ledger_find(ledger, name, strlen(name), &item, &err);
        if (status < 0)
            fprintf(stderr, "find: %s\n", err.text);
        count += status == FW_OK && item.settings == (uint64_t)group;
    }
    return count;
}

/* The group after the last one that was reported may have been committed unreported. */
static bool is_as_promised(const char *folder, volatile int *committed)
{
    struct fw_ledger *ledger = NULL;
    struct fw_error err = { 0 };
    bool good = open_ledger(&ledger, folder, &err) == FW_OK;
    if (!good)
        fprintf(stderr, "reopen: %s\n", err.text);
    for (int group = 0; good && group < *committed; group++)
        good = count_group(ledger, group) == GROUP;
    int next = good ? count_group(ledger, *committed) : 0;
    good = good && (next == 0 || next == GROUP) && count_group(ledger, *committed + 1) == 0;
    *committed += next == GROUP;
    fw_ledger_close(ledger);
    return good;
}

static bool kill_once(const char *folder, volatile int *committed, unsigned *seed)
{
    pid_t child = fork();
    if (child == 0)
        write_for_ever(folder, committed);
    const long after_ns = (long)((unsigned)rand_r(seed) % KILL_AFTER_MAX_US) * 1000;
    const struct timespec nap = { 0, after_ns };
    int status = 0;
    (void)nanosleep(&nap, NULL);
    (void)kill(child, SIGKILL);
    if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status)) {
        fprintf(stderr, "the writer ended by itself\n");
        return false;
    }
    return is_as_promised(folder, committed);
}

int main(int argc, char **argv)
{
    int kills = argc > 1 ? atoi(argv[1]) : 50;
    unsigned seed = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 1;
    int failed = 0;
    char folder[512];
    char path[600];
    volatile int *committed = mmap(NULL, sizeof(*committed), PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fw_temp_name(folder, sizeof(folder), "framewheel-ledger-kill-XXXXXX");
    if (committed == MAP_FAILED || !mkdtemp(folder))
        return 77;
    for (int i = 0; i < kills; i++)
        failed += !kill_once(folder, committed, &seed);
    (void)snprintf(path, sizeof(path), "%s/" FW_LEDGER_NAME, folder);
    (void)unlink(path);
    failed += rmdir(folder) != 0; /* whoever was killed, one file is left */
    printf("%d groups committed\n%d passed, %d failed, 0 skipped\n", *committed, kills + 1 - failed,
           failed);
    return failed > 0 || *committed == 0;
}
