/* What an item costs the ledger: bench_ledger FOLDER [ITEMS]. */
#include "pipeline/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define GROUP 64

static double now(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void stop_at(int status, const struct fw_error *err)
{
    if (status >= 0)
        return;
    fprintf(stderr, "bench_ledger: %s\n", err->text);
    exit(1);
}

static struct fw_ledger *open_ledger(const char *folder, enum fw_durability durability)
{
    struct fw_ledger *ledger = NULL;
    struct fw_error err = { 0 };
    const struct fw_ledger_options options = {
        .folder = folder, .command = "bench_ledger", .durability = durability, .cancel_fd = -1
    };
    stop_at(fw_ledger_open(&ledger, &options, &err), &err);
    return ledger;
}

static size_t name_of(char *name, size_t bytes, int i)
{
    return (size_t)snprintf(name, bytes, "2024/some album/%03d/IMG_%06d.png", i / 1000, i);
}

static void write_items(struct fw_ledger *ledger, int items, int group)
{
    struct fw_error err = { 0 };
    char name[128];
    char source[160];
    for (int i = 0; i < items; i++) {
        size_t bytes = name_of(name, sizeof(name), i);
        (void)snprintf(source, sizeof(source), "/home/user/pictures/%s", name);
        const struct fw_ledger_item item = { .output = name,
                                             .name_bytes = bytes,
                                             .source = source,
                                             .state = FW_ITEM_DONE,
                                             .input = { 1, (uint64_t)i, 99, 1700000000, 77 },
                                             .settings = 0x123456789abcdef,
                                             .attempts = 1,
                                             .frames_in = 1,
                                             .frames_out = 1,
                                             .started = 1.7e9,
                                             .wall_s = 0.01,
                                             .output_bytes = 1000000,
                                             .output_xxh3 = 0xfedcba987 };
        stop_at(fw_ledger_record(ledger, &item, &err), &err);
        if (i % group == group - 1)
            stop_at(fw_ledger_commit(ledger, &err), &err);
    }
    stop_at(fw_ledger_commit(ledger, &err), &err);
}

static void look_up(struct fw_ledger *ledger, int items)
{
    struct fw_error err = { 0 };
    struct fw_ledger_item item;
    char name[128];
    int found = 0;
    double start = now();
    for (int i = 0; i < items; i++) {
        size_t bytes = name_of(name, sizeof(name), (int)((int64_t)i * 7919 % items));
        int status = fw_ledger_find(ledger, name, bytes, &item, &err);
        stop_at(status, &err);
        found += status == FW_OK;
    }
    printf("look-up: %.2f us each, %d of %d found\n", (now() - start) / items * 1e6, found, items);
}

int main(int argc, char **argv)
{
    static const char *const names[] = { "batch", "full", "none" };
    int items = argc > 2 ? atoi(argv[2]) : 100000;
    char path[4096];
    if (argc < 2 || items < 1)
        return 2;
    (void)snprintf(path, sizeof(path), "%s/" FW_LEDGER_NAME, argv[1]);
    for (int mode = 0; mode < 3; mode++) {
        (void)unlink(path);
        int group = mode == FW_DURABILITY_FULL ? 1 : GROUP;
        int count = mode == FW_DURABILITY_FULL ? items / 50 + 1 : items;
        struct fw_ledger *ledger = open_ledger(argv[1], (enum fw_durability)mode);
        double start = now();
        write_items(ledger, count, group);
        double wrote = now();
        if (mode != FW_DURABILITY_FULL)
            look_up(ledger, count);
        double before = now();
        fw_ledger_close(ledger);
        printf("%s: %.0f items/s in groups of %d, %.1f us each; close %.3f s\n", names[mode],
               count / (wrote - start), group, (wrote - start) / count * 1e6, now() - before);
    }
    (void)unlink(path);
    return 0;
}
