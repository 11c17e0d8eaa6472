/* make_ledger DIR [hold]: writes a ledger with items of every state; `hold` plans three more, has
 * one of them running, and keeps it open until standard input ends. */
#include "pipeline/ledger.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    enum fw_item_state state;
    const char *message;
} items[] = {
    { "a.png", FW_ITEM_DONE, NULL },
    { "dir/b.png", FW_ITEM_DONE, NULL },
    { "c.png", FW_ITEM_FAILED, "in/c.png: not a PNG or truncated\nhint: none" },
    { "bad\xff\x1b[31m.png", FW_ITEM_FAILED, "in/bad\\xff\\x1b[31m.png: not a PNG or truncated" },
    { "d.png", FW_ITEM_FAILED, "in/d.png: row 7 of 9 is damaged" },
    { "e.png", FW_ITEM_SKIPPED, "exists" },
};

int main(int argc, char **argv)
{
    struct fw_ledger *ledger = NULL;
    struct fw_error err = { 0 };
    char byte;
    const struct fw_ledger_options options = { .folder = argc > 1 ? argv[1] : ".",
                                               .command = "framewheel images in -o out",
                                               .cancel_fd = -1 };
    const struct fw_ledger_counts counts = { 6, 2, 3, 1, 0 };
    const struct fw_ledger_counts plan = { 9, 0, 0, 0, 0 };
    int status = fw_ledger_open(&ledger, &options, &err);
    if (status == FW_OK && argc > 2)
        status = fw_ledger_plan_run(ledger, &plan, &err);
    for (size_t i = 0; status == FW_OK && i < sizeof(items) / sizeof(items[0]); i++) {
        char source[128];
        (void)snprintf(source, sizeof(source), "in/%s", items[i].name);
        const struct fw_ledger_item item = { .output = items[i].name,
                                             .name_bytes = strlen(items[i].name),
                                             .source = source,
                                             .state = items[i].state,
                                             .message = items[i].message,
                                             .attempts = 1,
                                             .input_bytes = 1000000,
                                             .output_bytes = 500000 };
        status = fw_ledger_record(ledger, &item, &err);
    }
    if (status == FW_OK && argc > 2) {
        const struct fw_ledger_item item = { .output = "now.png", .name_bytes = 7 };
        status = fw_ledger_begin_item(ledger, &item, &err);
    } else if (status == FW_OK) {
        status = fw_ledger_end_run(ledger, &counts, 3, &err);
    }
    if (status == FW_OK)
        status = fw_ledger_commit(ledger, &err);
    if (status == FW_OK && argc > 2) {
        puts("ready");
        (void)fflush(stdout);
        (void)!read(0, &byte, 1);
    }
    fw_ledger_close(ledger);
    if (status < 0)
        fprintf(stderr, "make_ledger: %s\n", err.text);
    return status < 0;
}
