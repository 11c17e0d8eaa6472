/* From option texts to struct fw_batch_settings. */
#include "batch_settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch_options.h"
#include "filters/check.h"
#include "filters/suggest.h"
#include "still.h"

void fw_batch_settings_init(struct fw_batch_settings *settings, enum fw_scope scope)
{
    memset(settings, 0, sizeof(*settings));
    fw_settings_init(&settings->job);
    settings->scope = scope;
    settings->tries_max = 2;
    settings->image_time_ms = 30000;
}

static void free_strings(struct fw_strings *strings)
{
    for (uint32_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
}

void fw_batch_settings_deinit(struct fw_batch_settings *settings)
{
    fw_settings_deinit(&settings->job);
    free_strings(&settings->sources);
    free_strings(&settings->files0);
    free_strings(&settings->lists);
    free_strings(&settings->excludes);
    free(settings->folder);
    free(settings->name);
    free(settings->to);
    free(settings->state);
    free(settings->joblog);
    free(settings->preserve);
    free(settings->chroma);
    memset(settings, 0, sizeof(*settings));
}

static int fail_unknown(const struct fw_batch_settings *settings, const char *name,
                        struct fw_error *err)
{
    struct fw_suggestion suggestion;
    const struct fw_job_option *option;
    fw_suggest_init(&suggestion, name);
    for (uint32_t i = 0; (option = fw_option_at(settings->scope, i)); i++) {
        if (option->help)
            fw_suggest_offer(&suggestion, option->name);
    }
    const char *near = strlen(name) > 1 ? fw_suggest_best(&suggestion) : NULL;
    if (near)
        return fw_fail(err, FW_ERR_USAGE, "unknown option '%s'\nhint: did you mean '--%s'?", name,
                       near);
    return fw_fail(err, FW_ERR_USAGE, "unknown option '%s'", name);
}

int fw_batch_settings_set(struct fw_batch_settings *settings, const char *name, const char *value,
                          struct fw_error *err)
{
    const struct fw_option_row *row = fw_batch_row_find(settings->scope, name);
    if (row)
        return fw_option_row_set(settings, row, name, value, err);
    if (!fw_batch_shares(settings->scope, name))
        return fail_unknown(settings, name, err);
    return fw_settings_set(&settings->job, name, value, err);
}

static int read_preserve(struct fw_batch_settings *settings, struct fw_error *err)
{
    char *rest = NULL;
    char text[64];
    if (!settings->preserve)
        return FW_OK;
    (void)snprintf(text, sizeof(text), "%s", settings->preserve);
    for (char *word = strtok_r(text, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        if (strcmp(word, "times") == 0)
            settings->preserve_times = true;
        else if (strcmp(word, "mode") == 0)
            settings->preserve_mode = true;
        else
            return fw_fail(err, FW_ERR_USAGE, "--preserve '%s': times, mode, or times,mode",
                           settings->preserve);
    }
    return FW_OK;
}

static int read_chroma(struct fw_batch_settings *settings, struct fw_error *err)
{
    static const struct {
        const char *text;
        uint8_t h, v;
    } rows[] = { { "4:4:4", 1, 1 },
                 { "4:2:2", 2, 1 },
                 { "4:4:0", 1, 2 },
                 { "4:2:0", 2, 2 },
                 { "4:1:1", 4, 1 } };
    if (!settings->chroma)
        return FW_OK;
    for (size_t i = 0; i < FW_COUNT(rows); i++) {
        if (strcmp(rows[i].text, settings->chroma) != 0)
            continue;
        settings->chroma_h = rows[i].h;
        settings->chroma_v = rows[i].v;
        return FW_OK;
    }
    return fw_fail(err, FW_ERR_USAGE, "--subsampling '%s': one of 4:4:4 4:2:2 4:4:0 4:2:0 4:1:1",
                   settings->chroma);
}

static int check_folder(const struct fw_batch_settings *settings, struct fw_error *err)
{
    if (settings->in_place && settings->folder)
        return fw_fail(err, FW_ERR_USAGE, "--in-place writes beside the sources and takes no -o");
    if (settings->in_place && !settings->name && !settings->to &&
        settings->job.exists != FW_EXISTS_REPLACE)
        return fw_fail(err, FW_ERR_USAGE,
                       "--in-place would replace the sources\n"
                       "hint: --name '{dir}/{stem}-small.{ext}' beside them, or -y over them");
    if (!settings->in_place && (!settings->folder || !settings->folder[0]))
        return fw_fail(err, FW_ERR_USAGE, "no output folder given\nhint: -o DIR%s",
                       settings->scope == FW_SCOPE_IMAGES ? ", or --in-place" : "");
    return FW_OK;
}

static int check_kind(const struct fw_batch_settings *settings, struct fw_error *err)
{
    if (!settings->to || fw_still_kind_of_word(settings->to) != FW_STILL_NONE)
        return FW_OK;
    return fw_fail(err, FW_ERR_USAGE,
                   "--to '%s': one of png, jpg, webp, tif, bmp, gif, ppm, pam, exr, ff, qoi",
                   settings->to);
}

int fw_batch_settings_check(struct fw_batch_settings *settings, struct fw_error *err)
{
    if (settings->sources.count + settings->files0.count + settings->lists.count == 0)
        return fw_fail(err, FW_ERR_USAGE, "no sources given");
    if (check_folder(settings, err) < 0 || read_preserve(settings, err) < 0 ||
        read_chroma(settings, err) < 0 || check_kind(settings, err) < 0)
        return FW_ERR_USAGE;
    if (settings->durability == FW_DURABLE_AUTO)
        settings->durability = settings->scope == FW_SCOPE_IMAGES ? FW_DURABLE_BATCH
                                                                  : FW_DURABLE_FULL;
    return FW_OK;
}
