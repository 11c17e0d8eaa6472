/*
 * What a batch is asked to do: the options of `images` and `batch` that are not those of a job.
 *
 * Owned by struct fw_batch; read-only once it runs.
 */
#ifndef FW_PIPELINE_BATCH_SETTINGS_H
#define FW_PIPELINE_BATCH_SETTINGS_H

#include "framewheel.h"
#include "settings.h"

enum fw_when { FW_WHEN_CHANGED, FW_WHEN_NEWER, FW_WHEN_MISSING, FW_WHEN_ALWAYS };
enum fw_halt { FW_HALT_NEVER, FW_HALT_SOON, FW_HALT_NOW };
enum fw_order { FW_ORDER_LONGEST, FW_ORDER_LISTED };
enum fw_keep { FW_KEEP, FW_KEEP_YES, FW_KEEP_NO }; /* as the source has it, or not */
enum fw_durable { FW_DURABLE_AUTO, FW_DURABLE_FULL, FW_DURABLE_BATCH, FW_DURABLE_NONE };

struct fw_batch_settings {
    enum fw_scope scope;
    struct fw_settings job; /* what both have: chain, limits, workers, sandbox, -y, ... */
    char *folder;           /* -o */
    struct fw_strings sources;
    struct fw_strings files0; /* --files0-from */
    struct fw_strings lists;  /* --jobs */
    struct fw_strings excludes;
    char *name;  /* --name; NULL: as the source */
    char *to;    /* --to; NULL: the source's kind */
    char *state; /* --state; NULL: .framewheel.db in the folder */
    char *joblog;
    char *preserve; /* --preserve, "times,mode" */
    bool preserve_times, preserve_mode;
    bool in_place, wait, retry_failed, strip, linear;
    enum fw_when when;
    enum fw_halt halt;
    enum fw_order order;
    enum fw_durable durability;
    uint32_t tries_max;
    uint32_t jobs; /* at once; 0: auto */
    uint32_t image_time_ms;
    /* Pictures */
    uint32_t quality;     /* 1 to 100; 0: the source's or usual */
    uint32_t compression; /* 1 + level; 0: default */
    char *chroma;         /* "4:2:0"; NULL: the source's */
    uint8_t chroma_h, chroma_v;
    enum fw_keep progressive, lossless;
};

void fw_batch_settings_init(struct fw_batch_settings *settings, enum fw_scope scope);
void fw_batch_settings_deinit(struct fw_batch_settings *settings);
/* As fw_settings_set; a batch of videos takes the options of encoders, too. */
int fw_batch_settings_set(struct fw_batch_settings *settings, const char *name, const char *value,
                          struct fw_error *err) FW_MUST_CHECK;
/* Combinations that cannot be, without a look at any file; fills what is derived. */
int fw_batch_settings_check(struct fw_batch_settings *settings, struct fw_error *err) FW_MUST_CHECK;

#endif
