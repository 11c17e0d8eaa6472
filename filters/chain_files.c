/* Files that a chain's text names: whether they can be read is known before anything runs. */
#include "stage.h"

#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Options of libavfilter's filters that name a file to read; a first value without a name counts as
 * the first of them. */
static const struct {
    const char *filter;
    const char *options;
} readers[] = {
    { "ass", " filename f " },
    { "subtitles", " filename f " },
    { "movie", " filename " },
    { "drawtext", " textfile fontfile " },
    { "removelogo", " filename f " },
    { "lut1d", " file " },
    { "lut3d", " file " },
    { "nnedi", " weights " },
    { "curves", " psfile " },
    { "selectivecolor", " psfile " },
    { "sendcmd", " filename f " },
    { "find_rect", " object " },
    { "cover_rect", " cover " },
    { "vidstabtransform", " input " },
};

/* Filters whose first value is not the file. */
static bool leads_with_file(const char *filter)
{
    static const char others[] = " drawtext nnedi curves selectivecolor sendcmd cover_rect ";
    char word[40];
    int length = snprintf(word, sizeof(word), " %s ", filter);
    return length < (int)sizeof(word) && !strstr(others, word);
}

static bool is_listed(const char *list, const char *key)
{
    char word[40];
    int length = snprintf(word, sizeof(word), " %s ", key);
    return length < (int)sizeof(word) && strstr(list, word);
}

static void check_file(const struct fw_call *call, const struct fw_arg *arg,
                       struct fw_complaints *complaints)
{
    const char *hint = strcmp(call->name, "overlay") == 0
                           ? "a picture: overlay=logo.png:10:10; two branches: "
                             "movie=logo.png[l];[in][l]overlay=10:10"
                           : NULL;
    struct stat status = { 0 };
    if (!*arg->value)
        return;
    if (access(arg->value, R_OK) == 0 && stat(arg->value, &status) == 0) {
        /* One that may never end, or never begin. */
        if (!S_ISREG(status.st_mode))
            fw_complain(complaints, arg->value_first, arg->value_end, NULL,
                        "file '%.200s' of filter '%s' is no regular file", arg->value, call->name);
        return;
    }
    fw_complain(complaints, arg->value_first, arg->value_end, hint,
                "file '%.200s' of filter '%s' cannot be read: %s", arg->value, call->name,
                strerrordesc_np(errno));
}

static void check_foreign(const struct fw_call *call, struct fw_complaints *complaints)
{
    for (size_t i = 0; i < FW_COUNT(readers); i++) {
        if (strcmp(call->name, readers[i].filter) != 0)
            continue;
        for (uint32_t k = 0; k < call->arg_count; k++) {
            const struct fw_arg *arg = &call->args[k];
            bool named = arg->key ? is_listed(readers[i].options, arg->key)
                                  : k == 0 && leads_with_file(call->name);
            if (named)
                check_file(call, arg, complaints);
        }
    }
}

/* The value as it was stored tells which argument it came from. */
static void check_own(const struct fw_item *item, struct fw_complaints *complaints)
{
    for (const struct fw_option *option = item->filter->options; option && option->name; option++) {
        const char *path = NULL;
        if (option->type == FW_OPTION_PATH)
            memcpy(&path, (const char *)item->self + option->offset, sizeof(path));
        for (uint32_t k = 0; path && k < item->call->arg_count; k++) {
            if (strcmp(item->call->args[k].value, path) == 0) {
                check_file(item->call, &item->call->args[k], complaints);
                path = NULL;
            }
        }
    }
}

int fw_chain_check_files(const struct fw_chain *chain, struct fw_error *err)
{
    struct fw_complaints complaints = { .text = chain->text, .err = err };
    bool whole = chain->item_count == 1 && chain->items[0].call == &chain->grammar.whole;
    for (uint32_t i = 0; whole && i < chain->grammar.call_count; i++)
        check_foreign(&chain->grammar.calls[i], &complaints);
    for (uint32_t i = 0; !whole && i < chain->item_count; i++) {
        if (chain->items[i].filter)
            check_own(&chain->items[i], &complaints);
        else
            check_foreign(chain->items[i].call, &complaints);
    }
    return complaints.count ? FW_ERR_USAGE : FW_OK;
}
