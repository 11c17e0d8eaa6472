/* What is to be done with an item, from what the ledger knows and what is on disk. */
#include "batch.h"

#include "file_hash.h"
#include "read_paths.h"

#include "filters/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>

/* Words that change how a batch runs, and nothing in its outputs. */
static const char *const idle_words[] = {
    "output",
    "files0-from",
    "jobs",
    "exclude",
    "name",
    "in-place",
    "state",
    "if",
    "retry-failed",
    "wait",
    "order",
    "halt",
    "max-tries",
    "j",
    "durability",
    "max-image-time",
    "joblog",
    "y",
    "verify",
    "strict",
    "stall",
    "workers",
    "range",
    "ring-mem",
    "decoder-threads",
    "cpu",
    "isolation",
    "sandbox",
    "max-pixels",
    "max-streams",
    "max-slot",
    "progress",
    "progress-to",
    "progress-interval",
    "json",
    "report",
    "dry-run",
    "verbose",
    "quiet",
    "log-file",
    "loglevel",
    "hide_banner",
    "nostdin",
    "fault",
    "recipe",
};

/* Of these, the ones that decide whether an item can be done. */
static const char *const limit_words[] = { "max-pixels", "max-streams",    "max-slot",
                                           "stall",      "strict",         "ring-mem",
                                           "verify",     "max-image-time", "sandbox",
                                           "isolation" };

const char *fw_reason_text(enum fw_reason reason)
{
    static const char *const texts[] = {
        [FW_REASON_NEW] = "new",
        [FW_REASON_SOURCE_CHANGED] = "the source changed",
        [FW_REASON_SETTINGS_CHANGED] = "the settings changed",
        [FW_REASON_OUTPUT_CHANGED] = "the output is missing or changed",
        [FW_REASON_FAILED_BEFORE] = "it failed before",
        [FW_REASON_ASKED] = "asked for",
        [FW_REASON_NEWER] = "the source is newer",
        [FW_REASON_UNCHANGED] = "unchanged",
        [FW_REASON_FINISHED] = "finished by an earlier run",
        [FW_REASON_OLDER] = "the output is not older",
        [FW_REASON_EXISTS] = "the output exists",
        [FW_REASON_NO_PICTURE] = "no picture",
        [FW_REASON_NO_VIDEO] = "no video",
        [FW_REASON_UNREADABLE] = "it cannot be read",
        [FW_REASON_BLOCKED] = "its folder cannot be: something else has the name",
        [FW_REASON_FOREIGN] = "the output exists and no earlier run made it",
    };
    return texts[reason];
}

/* ---- the hash ----------------------------------------------------------------------------- */

static bool is_among(const char *const *words, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], name) == 0)
            return true;
    }
    return false;
}

static uint64_t hash_words(uint64_t hash, const struct fw_batch_word *words, uint32_t count,
                           bool limits)
{
    for (uint32_t i = 0; i < count; i++) {
        const char *value = words[i].value ? words[i].value : "";
        bool wanted = limits ? is_among(limit_words, FW_COUNT(limit_words), words[i].name)
                             : !is_among(idle_words, FW_COUNT(idle_words), words[i].name);
        if (!wanted)
            continue;
        /* With their ends, so that no two lists of words are the same bytes. */
        hash = XXH3_64bits_withSeed(words[i].name, strlen(words[i].name) + 1, hash);
        hash = XXH3_64bits_withSeed(value, strlen(value) + 1, hash);
    }
    return hash;
}

uint64_t fw_batch_hash(const struct fw_batch *batch)
{
    char *versions = NULL;
    uint64_t hash = fw_read_paths_stamp(&batch->settings.job);
    if (fw_version_json(&versions, NULL) == FW_OK)
        hash = XXH3_64bits_withSeed(versions, strlen(versions), hash);
    free(versions);
    return hash_words(hash, batch->words, batch->word_count, false);
}

uint64_t fw_item_hash(const struct fw_batch *batch, const struct fw_item *item)
{
    if (item->file != FW_NONE)
        return batch->hash;
    const struct fw_listed_job *job = &batch->jobs[item->job];
    return hash_words(batch->hash ^ job->stamp, job->words, job->word_count, false);
}

uint64_t fw_item_limit_hash(const struct fw_batch *batch, const struct fw_item *item)
{
    uint64_t hash = hash_words(fw_item_hash(batch, item), batch->words, batch->word_count, true);
    if (item->file != FW_NONE)
        return hash;
    const struct fw_listed_job *job = &batch->jobs[item->job];
    return hash_words(hash, job->words, job->word_count, true);
}

/* ---- the decision ------------------------------------------------------------------------- */

/* Whether what has the name is what the ledger says was given it. */
static bool is_recorded(const struct fw_ledger_item *known, const struct stat *there)
{
    return known->output_ino == there->st_ino && known->output_bytes == (uint64_t)there->st_size &&
           known->output_mtime_ns == fw_mtime_ns(there);
}

/* Hash of what has the output's name; durable where that is asked for. 0: it is no file, or cannot
 * be read. */
static uint64_t hash_there(struct fw_batch *batch, const struct fw_item *item)
{
    uint64_t hash = 0;
    int fd = fw_item_open(batch, item);
    bool good = fd >= 0 && fw_file_hash(fd, &hash, NULL) == FW_OK;
    if (good && batch->settle && batch->settings.durability != FW_DURABLE_NONE)
        good = fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd);
    return good ? hash : 0;
}

/* Whether a run that was killed gave the output its name already, and could not say so. */
static bool is_finished(struct fw_batch *batch, const struct fw_item *item,
                        const struct fw_ledger_item *known, const struct stat *there)
{
    bool open = known->state == FW_ITEM_INTERRUPTED || known->state == FW_ITEM_RUNNING;
    if (!open || !there || !S_ISREG(there->st_mode))
        return false;
    return known->output_xxh3 != 0 && hash_there(batch, item) == known->output_xxh3;
}

/* Failures that another try would only repeat: of the settings, the input, the filters. */
static bool is_lasting(const struct fw_ledger_item *known)
{
    return known->status == FW_ERR_USAGE || known->status == FW_ERR_INPUT ||
           known->status == FW_ERR_FILTER || known->status == FW_ERR_VERIFY ||
           known->status == FW_ERR_LIMIT;
}

static void leave(struct fw_item *item, enum fw_fate fate, enum fw_reason reason)
{
    item->fate = (uint8_t)fate;
    item->reason = reason;
}

/* Another file of the same size and time: as a copy of the tree has them, or two that were
 * exchanged. Its content tells. */
static bool same_ends(struct fw_batch *batch, const struct fw_item *item,
                      const struct fw_ledger_item *known)
{
    struct fw_identity now = { 0 };
    int fd = fw_path_open_long(fw_item_source(batch, item),
                               O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    bool taken = fd >= 0 && known->input.xxh3 != 0 &&
                 fw_identity_take(&now, fd, true, NULL) == FW_OK;
    if (fd >= 0)
        (void)close(fd);
    return taken && now.xxh3 == known->input.xxh3;
}

/* --if changed */
static void decide_changed(struct fw_batch *batch, struct fw_item *item,
                           const struct fw_ledger_item *known, const struct fw_identity *input,
                           const struct stat *there)
{
    bool same_input = fw_identity_same(&known->input, input) &&
                      (known->input.ino == input->ino || same_ends(batch, item, known));
    bool same_settings = known->settings == (known->state == FW_ITEM_FAILED
                                                 ? fw_item_limit_hash(batch, item)
                                                 : fw_item_hash(batch, item));
    bool same_output = there && is_recorded(known, there);
    bool finished = same_settings && is_finished(batch, item, known, there);
    item->degraded = known->exit_code == 9;
    /* Where the source is what was put in its place. */
    if (batch->settings.in_place && there && there->st_ino == input->ino &&
        (finished || (known->state == FW_ITEM_DONE && same_output)))
        same_input = true;
    /* Losses that were fine then are not now. */
    bool fine = !batch->settings.job.strict || !known->losses;
    if (known->state == FW_ITEM_DONE && same_output && same_input && same_settings && fine)
        leave(item, FW_FATE_UNCHANGED, FW_REASON_UNCHANGED);
    else if (known->state == FW_ITEM_SKIPPED && batch->settings.scope == FW_SCOPE_BATCH &&
             same_input && same_settings)
        leave(item, FW_FATE_SKIPPED, FW_REASON_NO_VIDEO);
    else if (finished && same_input)
        leave(item, FW_FATE_DONE, FW_REASON_FINISHED);
    else if (known->state == FW_ITEM_FAILED && same_input && same_settings && is_lasting(known) &&
             !batch->settings.retry_failed)
        leave(item, FW_FATE_FAILED, FW_REASON_FAILED_BEFORE);
    else if (known->state == FW_ITEM_FAILED)
        item->reason = FW_REASON_FAILED_BEFORE;
    else if (!same_input)
        item->reason = FW_REASON_SOURCE_CHANGED;
    else if (!same_settings)
        item->reason = FW_REASON_SETTINGS_CHANGED;
    else
        item->reason = FW_REASON_OUTPUT_CHANGED;
}

static void decide_when(struct fw_batch *batch, struct fw_item *item,
                        const struct fw_ledger_item *known, const struct stat *there)
{
    struct fw_identity input;
    fw_item_identity(batch, item, &input);
    switch (batch->settings.when) {
    case FW_WHEN_ALWAYS:
        item->reason = FW_REASON_ASKED;
        return;
    case FW_WHEN_MISSING:
        if (there)
            leave(item, FW_FATE_SKIPPED, FW_REASON_EXISTS);
        return;
    case FW_WHEN_NEWER:
        item->reason = there ? FW_REASON_NEWER : FW_REASON_NEW;
        if (there && fw_mtime_ns(there) >= input.mtime_ns)
            leave(item, FW_FATE_SKIPPED, FW_REASON_OLDER);
        return;
    case FW_WHEN_CHANGED:
        if (known)
            decide_changed(batch, item, known, &input, there);
        return;
    }
}

/* Whether something that a run of ours did not write would have to go. */
static bool is_foreign(const struct fw_batch *batch, const struct fw_ledger_item *known,
                       const struct stat *there)
{
    if (!there || batch->settings.job.exists == FW_EXISTS_REPLACE)
        return false;
    return !known || !is_recorded(known, there);
}

int fw_batch_decide(struct fw_batch *batch, struct fw_item *item, struct fw_error *err)
{
    struct fw_ledger_item found;
    const struct fw_ledger_item *known = NULL;
    struct stat status;
    const struct stat *there = NULL;
    const char *output = fw_item_output(batch, item);
    leave(item, FW_FATE_WAITING, FW_REASON_NEW);
    int result = batch->ledger ? fw_ledger_find(batch->ledger, output, strlen(output), &found, err)
                               : FW_END;
    if (result < 0)
        return result;
    if (result == FW_OK)
        known = &found;
    if (fw_item_stat(batch, item, &status) == 0)
        there = &status;
    else if (errno != ENOENT)
        leave(item, FW_FATE_FAILED, FW_REASON_BLOCKED);
    item->attempts = known ? known->attempts : 0;
    if (item->fate == FW_FATE_WAITING)
        decide_when(batch, item, known, there);
    item->replaces = there != NULL;
    if (item->fate == FW_FATE_WAITING && is_foreign(batch, known, there))
        leave(item, FW_FATE_FAILED, FW_REASON_FOREIGN);
    return FW_OK;
}

int fw_batch_owns(struct fw_batch *batch, const struct fw_item *item, struct fw_error *err)
{
    struct fw_ledger_item known;
    struct stat there;
    if (fw_item_stat(batch, item, &there) < 0)
        return FW_OK; /* there is nothing; or what is wrong shows when it is opened */
    const char *output = fw_item_output(batch, item);
    int status = fw_ledger_find(batch->ledger, output, strlen(output), &known, err);
    if (status < 0)
        return status;
    return is_foreign(batch, status == FW_OK ? &known : NULL, &there) ? FW_END : FW_OK;
}
