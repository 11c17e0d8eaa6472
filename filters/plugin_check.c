#include "plugin_check.h"

#include "registry.h"

#include <stdbool.h>
#include <string.h>

#define NAME_MAX_BYTES 32
#define SELF_MAX_BYTES (16u << 20)
#define OPTIONS_MAX 256

/* As a chain can name it, and a file in the search path. */
static bool is_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t length = name ? strnlen(name, NAME_MAX_BYTES + 1) : 0;
    return length > 0 && length <= NAME_MAX_BYTES && strspn(name, letters) == length;
}

static size_t stored_bytes(enum fw_option_type type)
{
    switch (type) {
    case FW_OPTION_BOOL:
    case FW_OPTION_COLOR:
        return sizeof(int32_t);
    case FW_OPTION_INT:
    case FW_OPTION_ENUM:
    case FW_OPTION_FLAGS:
    case FW_OPTION_DURATION:
        return sizeof(int64_t);
    case FW_OPTION_FLOAT:
        return sizeof(double);
    case FW_OPTION_STRING:
    case FW_OPTION_PATH:
    case FW_OPTION_EXPR:
        return sizeof(char *);
    }
    return 0;
}

static bool is_inside(const struct fw_filter *filter, size_t offset, size_t bytes)
{
    return bytes > 0 && offset % bytes == 0 && filter->self_size >= bytes &&
           offset <= filter->self_size - bytes;
}

/* What is wrong with an option's row, or NULL. */
static const char *find_option_fault(const struct fw_filter *filter, const struct fw_option *option)
{
    bool chosen = option->type == FW_OPTION_ENUM || option->type == FW_OPTION_FLAGS;
    if (!is_inside(filter, option->offset, stored_bytes(option->type)))
        return "is stored outside of the filter's state";
    if (!option->help)
        return "has no help";
    if (chosen && (!option->choices || !option->choices[0].name))
        return "has no choices";
    if (option->type == FW_OPTION_EXPR && !option->variables)
        return "lists no variables";
    return NULL;
}

static int check_options(const struct fw_filter *filter, const char *path, struct fw_error *err)
{
    uint32_t count = 0;
    for (const struct fw_option *option = filter->options; option && option->name; option++) {
        const char *fault = find_option_fault(filter, option);
        if (fault)
            return fw_fail(err, FW_ERR_USAGE, "plugin '%s': option '%.64s' of filter '%s' %s", path,
                           option->name, filter->name, fault);
        if (++count > OPTIONS_MAX)
            return fw_fail(err, FW_ERR_USAGE,
                           "plugin '%s': filter '%s' has more than %d options: does the table end?",
                           path, filter->name, OPTIONS_MAX);
    }
    return FW_OK;
}

static int check_filter(const struct fw_filter *filter, const char *path, struct fw_error *err)
{
    if (filter->struct_size < sizeof(*filter) || filter->abi != FW_ABI_VERSION)
        return fw_fail(err, FW_ERR_USAGE,
                       "plugin '%s' has a filter of ABI %u with %u bytes; this is ABI %u with %zu",
                       path, filter->abi, filter->struct_size, FW_ABI_VERSION, sizeof(*filter));
    if (!is_name(filter->name))
        return fw_fail(err, FW_ERR_USAGE,
                       "plugin '%s' has a filter without a name of 1 to %d of a-z, 0-9 and _", path,
                       NAME_MAX_BYTES);
    if (fw_filter_find(filter->name))
        return fw_fail(err, FW_ERR_USAGE, "plugin '%s': a built-in filter is named '%s', too", path,
                       filter->name);
    if (!filter->summary || !filter->negotiate ||
        !(filter->process || filter->band || filter->window || filter->plane))
        return fw_fail(err, FW_ERR_USAGE,
                       "plugin '%s': filter '%s' lacks a summary, negotiate or process", path,
                       filter->name);
    if (filter->self_size > SELF_MAX_BYTES ||
        (filter->cpu_offset && !is_inside(filter, filter->cpu_offset, sizeof(int32_t))))
        return fw_fail(err, FW_ERR_USAGE, "plugin '%s': the state of filter '%s' makes no sense",
                       path, filter->name);
    return check_options(filter, path, err);
}

int fw_plugin_check(const struct fw_plugin *plugin, const char *path, struct fw_error *err)
{
    if (plugin->abi != FW_ABI_VERSION || plugin->struct_size < sizeof(*plugin))
        return fw_fail(err, FW_ERR_USAGE, "plugin '%s' is of ABI %u; this program has ABI %u", path,
                       plugin->abi, FW_ABI_VERSION);
    if (!plugin->filters || !plugin->filters[0])
        return fw_fail(err, FW_ERR_USAGE, "plugin '%s' has no filter", path);
    int status = FW_OK;
    for (uint32_t i = 0; status == FW_OK && plugin->filters[i]; i++)
        status = check_filter(plugin->filters[i], path, err);
    return status;
}
