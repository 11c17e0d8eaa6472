/* What a batch would do, item by item, without doing anything. */
#include "batch.h"

#include "child.h"
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void tell_step(struct fw_batch *batch, struct fw_item *item,
                      void (*step)(void *user, const struct fw_batch_step *step), void *user)
{
    static const char *const actions[] = {
        [FW_FATE_WAITING] = "do",     [FW_FATE_RUNNING] = "do",   [FW_FATE_DONE] = "skip",
        [FW_FATE_UNCHANGED] = "skip", [FW_FATE_SKIPPED] = "skip", [FW_FATE_FAILED] = "fail"
    };
    const struct fw_batch_step told = { .struct_size = sizeof(told),
                                        .source = fw_item_source(batch, item),
                                        .output = fw_item_output(batch, item),
                                        .action = actions[item->fate],
                                        .reason = fw_reason_text(item->reason) };
    step(user, &told);
}

static void tell_skipped(struct fw_batch *batch,
                         void (*step)(void *user, const struct fw_batch_step *step), void *user)
{
    for (uint32_t i = 0; i < batch->gathered.skipped_count; i++) {
        const struct fw_skipped *skipped = &batch->gathered.skipped[i];
        fw_text_clear(&batch->source);
        if (fw_skipped_path(&batch->gathered, i, &batch->source, NULL) < 0)
            continue;
        const struct fw_batch_step told = { .struct_size = sizeof(told),
                                            .source = batch->source.bytes,
                                            .action = skipped->reason == FW_SKIP_UNREADABLE
                                                          ? "fail"
                                                          : "skip",
                                            .reason = fw_skip_word(skipped->reason) };
        step(user, &told);
    }
}

/* What earlier runs noted, if there were any. */
static int open_state(struct fw_batch *batch, struct fw_error *err)
{
    char *folder = fw_batch_state_folder(batch);
    if (!folder)
        return fw_fail(err, FW_ERR_OUTPUT, "the folder of the state: %s", strerrordesc_np(errno));
    int status = access(folder, F_OK) < 0
                     ? FW_END
                     : fw_ledger_look(&batch->ledger, folder, batch->settings.state, err);
    free(folder);
    return status == FW_END ? FW_OK : status;
}

/* Whether it is a picture or a film at all, as the run finds out. */
static void look(struct fw_batch *batch, struct fw_item *item)
{
    if (item->fate != FW_FATE_WAITING)
        return;
    if (batch->settings.scope == FW_SCOPE_BATCH) {
        if (item->file == FW_NONE || !batch->gathered.files[item->file].found ||
            fw_probe_film(fw_item_source(batch, item)) != FW_END)
            return;
        item->fate = FW_FATE_SKIPPED;
        item->reason = FW_REASON_NO_VIDEO;
        return;
    }
    int fd = fw_path_open_long(fw_item_source(batch, item),
                               O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    int status = fd < 0 ? FW_ERR_INPUT : fw_batch_sniff(fd, NULL, NULL);
    if (fd >= 0)
        (void)close(fd);
    if (status < 0) {
        item->fate = FW_FATE_FAILED;
        item->reason = FW_REASON_UNREADABLE;
    } else if (status == FW_END) {
        item->fate = FW_FATE_SKIPPED;
        item->reason = FW_REASON_NO_PICTURE;
    }
}

int fw_batch_plan(struct fw_batch *batch,
                  void (*step)(void *user, const struct fw_batch_step *step), void *user,
                  struct fw_error *err)
{
    int status = fw_child_check_threads(err);
    if (status == FW_OK)
        status = fw_batch_check(batch, err);
    if (status == FW_OK)
        status = fw_batch_make_items(batch, err);
    batch->hash = fw_batch_hash(batch);
    if (status == FW_OK)
        status = fw_batch_open_tree(batch, false, err);
    if (status == FW_OK)
        status = open_state(batch, err);
    for (uint32_t i = 0; i < batch->item_count && status == FW_OK; i++) {
        status = fw_batch_decide(batch, &batch->items[i], err);
        if (status == FW_OK)
            look(batch, &batch->items[i]);
        if (status == FW_OK)
            tell_step(batch, &batch->items[i], step, user);
    }
    if (status == FW_OK)
        tell_skipped(batch, step, user);
    fw_batch_close_books(batch);
    return status;
}
