/*
 * Finished outputs get their names in groups, so that one sync serves many.
 *
 *   the bytes are durable -> the ledger knows what is about to be named -> names, folders synced
 *   -> the ledger knows that it is done
 *
 * A kill before the names leaves nameless files, which vanish; one behind them leaves whole outputs
 * and a ledger that says what they are. Only what the last step holds is told of as done.
 */
#include "batch.h"

#include "control.h"
#include "publish_path.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUP_MAX FW_SETTLE_GROUP_MAX
#define GROUP_NS 200000000u

/* A complete output that waits for its name. */
struct finished {
    struct fw_item *item;
    struct fw_output output;
    struct stat source;
    struct stat made;
    struct fw_item_end end;
    bool named;
};

struct fw_settle {
    struct finished group[GROUP_MAX];
    uint32_t count;
    uint64_t first_ns;
};

int fw_settle_open(struct fw_batch *batch, struct fw_error *err)
{
    batch->settle = calloc(1, sizeof(*batch->settle));
    return batch->settle ? FW_OK : fw_fail(err, FW_ERR_MEMORY, "no memory for finished outputs");
}

void fw_settle_close(struct fw_batch *batch)
{
    for (uint32_t i = 0; batch->settle && i < batch->settle->count; i++) {
        fw_output_close(&batch->settle->group[i].output);
        free(batch->settle->group[i].end.losses);
    }
    free(batch->settle);
    batch->settle = NULL;
}

/* ---- recording ---------------------------------------------------------------------------- */

/* What the ledger is told of an item. Texts are borrowed from batch and end. */
static void fill_record(struct fw_batch *batch, const struct fw_item *item,
                        const struct fw_item_end *end, struct fw_ledger_item *record)
{
    *record =
        (struct fw_ledger_item){ .output = fw_item_output(batch, item),
                                 .source = fw_item_source(batch, item),
                                 .settings = fw_item_hash(batch, item),
                                 .exit_code = end->degraded ? 9 : fw_status_exit_code(end->status),
                                 .status = end->status,
                                 .signal = end->signal,
                                 .message = end->err.text[0] ? end->err.text : NULL,
                                 .losses = end->losses,
                                 .frames_in = end->frames_in,
                                 .frames_out = end->frames_out,
                                 .attempts = item->attempts + item->tries,
                                 .started = end->started,
                                 .wall_s = end->wall_s,
                                 .cpu_s = end->cpu_s,
                                 .output_bytes = end->output_bytes,
                                 .output_xxh3 = end->output_xxh3 };
    fw_item_identity(batch, item, &record->input);
    record->input.xxh3 = end->source_xxh3;
    record->input_bytes = record->input.size;
    record->name_bytes = strlen(record->output);
}

/* What has the name as long as the item has not got it. */
static void note_there(struct fw_batch *batch, const struct fw_item *item,
                       struct fw_ledger_item *record)
{
    struct stat there;
    if (!item->replaces || fw_item_stat(batch, item, &there) < 0)
        return;
    record->output_ino = there.st_ino;
    record->output_bytes = (uint64_t)there.st_size;
    record->output_mtime_ns = fw_mtime_ns(&there);
    record->output = fw_item_output(batch, item);
}

/* A name as a shell takes it, whatever bytes it has. */
static int add_quoted(struct fw_text *text, const char *name, struct fw_error *err)
{
    int status = fw_text_add(text, "'", 1, err);
    while (status == FW_OK && *name) {
        size_t bytes = strcspn(name, "'");
        status = fw_text_add(text, name, bytes, err);
        name += bytes;
        if (status == FW_OK && *name) {
            status = fw_text_add(text, "'\\''", 4, err);
            name++;
        }
    }
    return status == FW_OK ? fw_text_add(text, "'", 1, err) : status;
}

static int log_item(struct fw_batch *batch, const struct fw_item *item,
                    const struct fw_ledger_item *record, struct fw_error *err)
{
    struct fw_text command = { 0 };
    if (batch->joblog.fd < 0)
        return FW_OK; /* no --joblog */
    const char *verb = batch->settings.scope == FW_SCOPE_IMAGES ? "framewheel images "
                                                                : "framewheel batch ";
    int status = fw_text_add(&command, verb, strlen(verb), err);
    if (status == FW_OK)
        status = add_quoted(&command, record->source, err);
    const struct fw_joblog_line line = { .sequence = (uint64_t)(item - batch->items) + 1,
                                         .started = record->started,
                                         .wall_s = record->wall_s,
                                         .input_bytes = record->input_bytes,
                                         .output_bytes = record->output_bytes,
                                         .exit_code = record->exit_code,
                                         .signal = record->signal,
                                         .command = command.bytes };
    if (status == FW_OK)
        status = fw_joblog_append(&batch->joblog, &line, err);
    fw_text_deinit(&command);
    return status;
}

/* What the outputs of this run do not hold, by kind: a summary that names them needs no report. */
static void count_losses(struct fw_batch *batch, const struct fw_item *item, const char *losses)
{
    json_t *list = losses ? json_loads(losses, 0, NULL) : NULL;
    json_t *loss;
    size_t index;
    json_array_foreach(list, index, loss)
    {
        char text[FW_SHOWN_BYTES];
        const char *kind = json_string_value(json_object_get(loss, "kind"));
        const char *detail = json_string_value(json_object_get(loss, "detail"));
        (void)snprintf(text, sizeof(text), "%s: %s", kind ? kind : "lost", detail ? detail : "?");
        (void)!fw_causes_add(batch->losses, text, fw_item_source(batch, item), NULL);
    }
    json_decref(list);
}

static void count_done(struct fw_batch *batch, struct fw_item *item, const struct fw_item_end *end)
{
    item->fate = FW_FATE_DONE;
    batch->counts.done++;
    struct fw_identity input;
    fw_item_identity(batch, item, &input);
    batch->counts.bytes_in += input.size;
    batch->counts.bytes_out += end->output_bytes;
    batch->counts.frames_in += end->frames_in;
    batch->counts.frames_out += end->frames_out;
    batch->counts.lossy += end->loss_count > 0;
    count_losses(batch, item, end->losses);
    batch->counts.degraded += end->degraded;
}

/* Of an output that has its name already. */
static void keep_times(struct fw_batch *batch, const struct fw_item *item)
{
    struct stat source;
    struct fw_error err = { 0 };
    char shown[FW_SHOWN_BYTES];
    const char *name = NULL;
    int dir_fd = -1;
    bool times = batch->settings.preserve_times;
    bool mode = batch->settings.preserve_mode;
    if (batch->settings.scope != FW_SCOPE_BATCH || !(times || mode) ||
        stat(fw_item_source(batch, item), &source) < 0 ||
        fw_item_place(batch, item, &dir_fd, &name, &err) < 0)
        return;
    const struct timespec stamps[2] = { source.st_atim, source.st_mtim };
    bool kept = (!mode || fchmodat(dir_fd, name, source.st_mode & 07777, 0) == 0) &&
                (!times || utimensat(dir_fd, name, stamps, AT_SYMLINK_NOFOLLOW) == 0);
    int error = errno;
    if (!kept)
        fw_batch_say(batch, FW_MESSAGE_WARNING, "%s: cannot keep the source's times or mode: %s",
                     fw_path_shown(fw_item_output(batch, item), shown, sizeof(shown)),
                     strerrordesc_np(error));
}

int fw_settle_tried(struct fw_batch *batch, struct fw_item *item, const struct fw_item_end *end,
                    struct fw_error *err)
{
    struct fw_ledger_item record;
    batch->cpu_s += end->cpu_s;
    fill_record(batch, item, end, &record);
    record.state = FW_ITEM_FAILED;
    note_there(batch, item, &record);
    int status = fw_ledger_record(batch->ledger, &record, err);
    return status == FW_OK ? log_item(batch, item, &record, err) : status;
}

static int touch_folder(struct fw_batch *batch, const struct fw_item *item, struct fw_error *err)
{
    fw_text_clear(&batch->folder);
    const char *path = fw_item_output(batch, item);
    const char *slash = strrchr(path, '/');
    int status = fw_text_add(&batch->folder, path, slash ? (size_t)(slash - path) : 0, err);
    return status < 0
               ? status
               : fw_tree_touch(&batch->tree, batch->folder.bytes ? batch->folder.bytes : "", err);
}

int fw_settle_begun(struct fw_batch *batch, struct fw_item *item, const struct fw_item_end *end,
                    struct fw_error *err)
{
    static const struct fw_item_end begun = { 0 };
    struct fw_ledger_item record;
    fill_record(batch, item, end ? end : &begun, &record);
    if (!end)
        record.started = fw_unix_time();
    record.state = FW_ITEM_RUNNING;
    note_there(batch, item, &record);
    int status = fw_ledger_begin_item(batch->ledger, &record, err);
    /* Folders that were made for outputs before must not be less durable than this. */
    if (status == FW_OK && batch->settings.durability != FW_DURABLE_NONE)
        status = fw_tree_sync(&batch->tree, err);
    return status == FW_OK ? fw_ledger_commit(batch->ledger, err) : status;
}

static void fill_state(struct fw_batch *batch, struct fw_item *item, enum fw_fate fate,
                       struct fw_item_end *end, struct fw_ledger_item *record)
{
    static const enum fw_item_state states[] = {
        [FW_FATE_WAITING] = FW_ITEM_INTERRUPTED, [FW_FATE_RUNNING] = FW_ITEM_INTERRUPTED,
        [FW_FATE_DONE] = FW_ITEM_DONE,           [FW_FATE_UNCHANGED] = FW_ITEM_DONE,
        [FW_FATE_SKIPPED] = FW_ITEM_SKIPPED,     [FW_FATE_FAILED] = FW_ITEM_FAILED,
    };
    struct stat made;
    fill_record(batch, item, end, record);
    record->state = states[fate];
    if (fate == FW_FATE_SKIPPED)
        record->exit_code = 0;
    if (fate == FW_FATE_FAILED)
        record->settings = end->passing ? 0 : fw_item_limit_hash(batch, item);
    if (fate != FW_FATE_DONE) {
        note_there(batch, item, record);
    } else if (fw_item_stat(batch, item, &made) == 0) {
        record->output_bytes = end->output_bytes = (uint64_t)made.st_size;
        record->output_mtime_ns = fw_mtime_ns(&made);
        record->output_ino = made.st_ino;
        record->output = fw_item_output(batch, item);
    }
}

int fw_settle_ended(struct fw_batch *batch, struct fw_item *item, enum fw_fate fate,
                    struct fw_item_end *end, struct fw_error *err)
{
    struct fw_ledger_item record;
    int status = FW_OK;
    batch->cpu_s += end->cpu_s;
    if (fate == FW_FATE_DONE) {
        keep_times(batch, item);
        /* A name that a process gave which was killed then may not be durable yet. */
        status = touch_folder(batch, item, err);
    }
    fill_state(batch, item, fate, end, &record);
    if (status == FW_OK)
        status = fw_ledger_record(batch->ledger, &record, err);
    if (batch->settle->first_ns == 0)
        batch->settle->first_ns = fw_now_ns();
    /* Only what is durable is told of as done. */
    if (status == FW_OK && fate == FW_FATE_DONE && !batch->deciding)
        status = fw_settle_flush(batch, true, err);
    if (status == FW_OK)
        status = log_item(batch, item, &record, err);
    if (status == FW_OK && fate == FW_FATE_DONE)
        count_done(batch, item, end);
    else
        item->fate = (uint8_t)fate;
    if (fate == FW_FATE_FAILED)
        fw_batch_note_failure(batch, item, end);
    free(end->losses);
    end->losses = NULL;
    return status;
}

/* ---- the steps ---------------------------------------------------------------------------- */

static void fail_one(struct finished *one, const struct fw_error *why)
{
    one->end.status = why->status;
    one->end.err = *why;
}

/* Whether an earlier one of the group is on the same file system. */
static bool is_synced_with(const struct fw_settle *settle, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (settle->group[i].made.st_dev == settle->group[index].made.st_dev)
            return true;
    }
    return false;
}

/* 1. With --durability full each worker has synced its file; without any, nobody waits. Else one
 * call for each file system, of which a tree may have several. */
static void sync_bytes(struct fw_batch *batch)
{
    struct fw_settle *settle = batch->settle;
    for (uint32_t i = 0; i < settle->count; i++) {
        struct finished *one = &settle->group[i];
        if (batch->settings.durability != FW_DURABLE_BATCH || is_synced_with(settle, i) ||
            syncfs(one->output.fd) == 0)
            continue;
        struct fw_error why = { 0 };
        (void)fw_fail(&why, FW_ERR_OUTPUT, "cannot make it durable: %s", strerrordesc_np(errno));
        for (uint32_t k = 0; k < settle->count; k++) {
            if (settle->group[k].made.st_dev == one->made.st_dev)
                fail_one(&settle->group[k], &why);
        }
    }
}

/* Whoever put something under a name since it was decided that it may go, keeps it. */
static void check_owners(struct fw_batch *batch)
{
    struct fw_settle *settle = batch->settle;
    for (uint32_t i = 0; i < settle->count; i++) {
        struct fw_error why = { 0 };
        int status = fw_batch_owns(batch, settle->group[i].item, &why);
        if (status == FW_END)
            (void)fw_fail(&why, FW_ERR_OUTPUT,
                          "the output was changed during the run; it was left as it is\n"
                          "hint: -y to replace it");
        if (status != FW_OK && settle->group[i].end.status == FW_OK)
            fail_one(&settle->group[i], &why);
    }
}

/* 2. */
static int announce(struct fw_batch *batch, struct fw_error *err)
{
    struct fw_settle *settle = batch->settle;
    struct fw_ledger_item record;
    int status = FW_OK;
    for (uint32_t i = 0; i < settle->count && status == FW_OK; i++) {
        struct finished *one = &settle->group[i];
        if (one->end.status < 0)
            continue;
        fill_record(batch, one->item, &one->end, &record);
        record.state = FW_ITEM_RUNNING;
        note_there(batch, one->item, &record);
        status = fw_ledger_begin_item(batch->ledger, &record, err);
    }
    return status == FW_OK ? fw_ledger_commit(batch->ledger, err) : status;
}

/* 3. */
static int name_all(struct fw_batch *batch, struct fw_error *err)
{
    struct fw_settle *settle = batch->settle;
    for (uint32_t i = 0; i < settle->count; i++) {
        struct finished *one = &settle->group[i];
        struct fw_error why = { 0 };
        if (one->end.status < 0)
            continue;
        if (fw_output_name(&one->output, &why) == FW_OK && fstat(one->output.fd, &one->made) < 0)
            (void)fw_fail(&why, FW_ERR_OUTPUT, "cannot look at it: %s", strerrordesc_np(errno));
        one->named = why.status == FW_OK;
        if (!one->named)
            fail_one(one, &why);
        if (one->named && touch_folder(batch, one->item, err) < 0)
            return err->status;
    }
    return FW_OK;
}

/* 4. */
static int record_all(struct fw_batch *batch, struct fw_error *err)
{
    struct fw_settle *settle = batch->settle;
    int status = FW_OK;
    for (uint32_t i = 0; i < settle->count && status == FW_OK; i++) {
        struct finished *one = &settle->group[i];
        struct fw_ledger_item record;
        if (!one->named)
            continue;
        fill_record(batch, one->item, &one->end, &record);
        record.state = FW_ITEM_DONE;
        record.output_mtime_ns = fw_mtime_ns(&one->made);
        record.output_ino = one->made.st_ino;
        status = fw_ledger_record(batch->ledger, &record, err);
    }
    return status;
}

static int tell_all(struct fw_batch *batch, struct fw_error *err)
{
    struct fw_settle *settle = batch->settle;
    struct fw_ledger_item record;
    int status = FW_OK;
    for (uint32_t i = 0; i < settle->count; i++) {
        struct finished *one = &settle->group[i];
        if (one->named) {
            batch->cpu_s += one->end.cpu_s;
            count_done(batch, one->item, &one->end);
            fill_record(batch, one->item, &one->end, &record);
            if (status == FW_OK)
                status = log_item(batch, one->item, &record, err);
            free(one->end.losses);
        } else if (status == FW_OK) {
            status = fw_settle_ended(batch, one->item, FW_FATE_FAILED, &one->end, err);
        }
        fw_output_close(&one->output);
    }
    settle->count = 0;
    return status;
}

int fw_settle_flush(struct fw_batch *batch, bool now, struct fw_error *err)
{
    struct fw_settle *settle = batch->settle;
    if (settle->first_ns == 0)
        return FW_OK;
    if (!now && settle->count < batch->group_max && fw_now_ns() - settle->first_ns < GROUP_NS)
        return FW_OK;
    settle->first_ns = 0;
    sync_bytes(batch);
    check_owners(batch);
    int status = settle->count > 0 ? announce(batch, err) : FW_OK;
    if (status == FW_OK && settle->count > 0)
        status = name_all(batch, err);
    if (status == FW_OK && batch->settings.durability != FW_DURABLE_NONE)
        status = fw_tree_sync(&batch->tree, err);
    if (status == FW_OK)
        status = record_all(batch, err);
    if (status == FW_OK)
        status = fw_ledger_commit(batch->ledger, err);
    if (status == FW_OK)
        status = tell_all(batch, err);
    return status;
}

/* ---- taking over -------------------------------------------------------------------------- */

/* Times and mode of the source, before the name is there. */
static int preserve(const struct fw_batch *batch, const struct finished *one, struct fw_error *err)
{
    const struct timespec times[2] = { one->source.st_atim, one->source.st_mtim };
    /* What takes a source's place is as private as that was, and its owner's, where we may say so.
     */
    if (batch->settings.in_place &&
        (fchown(one->output.fd, one->source.st_uid, one->source.st_gid) < 0 && errno != EPERM))
        return fw_fail(err, FW_ERR_OUTPUT, "cannot keep the owner: %s", strerrordesc_np(errno));
    if (batch->settings.in_place && fchmod(one->output.fd, one->source.st_mode & 0777) < 0)
        return fw_fail(err, FW_ERR_OUTPUT, "cannot keep the mode: %s", strerrordesc_np(errno));
    if (batch->settings.preserve_mode && fchmod(one->output.fd, one->source.st_mode & 07777) < 0)
        return fw_fail(err, FW_ERR_OUTPUT, "cannot keep the mode: %s", strerrordesc_np(errno));
    if (batch->settings.preserve_times && futimens(one->output.fd, times) < 0)
        return fw_fail(err, FW_ERR_OUTPUT, "cannot keep the times: %s", strerrordesc_np(errno));
    return FW_OK;
}

/* A worker's word is one thing, and what it left in the file another. */
static int check_made(struct finished *one, struct fw_error *err)
{
    if (fstat(one->output.fd, &one->made) < 0)
        return fw_fail(err, FW_ERR_OUTPUT, "cannot look at it: %s", strerrordesc_np(errno));
    if ((uint64_t)one->made.st_size != one->end.output_bytes)
        return fw_fail(err, FW_ERR_VERIFY, "the output has %lld bytes, and %llu were written",
                       (long long)one->made.st_size, (unsigned long long)one->end.output_bytes);
    return FW_OK;
}

int fw_settle_finished(struct fw_batch *batch, struct fw_item *item, struct fw_output *output,
                       const struct stat *source, struct fw_item_end *end, struct fw_error *err)
{
    struct fw_settle *settle = batch->settle;
    struct fw_error why = { 0 };
    struct finished one = { .item = item, .output = *output, .source = *source, .end = *end };
    memset(output, 0, sizeof(*output));
    if (check_made(&one, &why) < 0 || preserve(batch, &one, &why) < 0) {
        fw_output_close(&one.output);
        one.end.status = why.status;
        one.end.err = why;
        return fw_settle_ended(batch, item, FW_FATE_FAILED, &one.end, err);
    }
    if (settle->first_ns == 0)
        settle->first_ns = fw_now_ns();
    settle->group[settle->count++] = one;
    return settle->count >= batch->group_max ? fw_settle_flush(batch, true, err) : FW_OK;
}
