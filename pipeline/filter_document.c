#include "filter_document.h"

#include "document.h"

#include "filters/chain.h"
#include "filters/format.h"

#include <stdbool.h>

static const char *const class_names[] = {
    [FW_CLASS_PURE] = "pure",
    [FW_CLASS_INDEXED] = "indexed",
    [FW_CLASS_WINDOWED] = "windowed",
    [FW_CLASS_SEQUENTIAL] = "sequential",
};

static const char *type_name(enum fw_option_type type)
{
    static const char *const names[] = {
        [FW_OPTION_BOOL] = "bool",     [FW_OPTION_INT] = "int",     [FW_OPTION_FLOAT] = "float",
        [FW_OPTION_ENUM] = "choice",   [FW_OPTION_FLAGS] = "flags", [FW_OPTION_COLOR] = "color",
        [FW_OPTION_STRING] = "string", [FW_OPTION_PATH] = "file",   [FW_OPTION_EXPR] = "expression",
        [FW_OPTION_DURATION] = "time",
    };
    return (size_t)type < sizeof(names) / sizeof(names[0]) ? names[type] : "?";
}

static bool has_range(const struct fw_option *option)
{
    return (option->type == FW_OPTION_INT || option->type == FW_OPTION_FLOAT) &&
           option->min < option->max;
}

static json_t *option_json(const struct fw_option *option)
{
    json_t *object = json_pack("{s:s,s:s,s:s}", "name", option->name, "type",
                               type_name(option->type), "help",
                               option->help != NULL ? option->help : "");
    json_t *choices = option->choices ? json_array() : NULL;
    if (option->default_text)
        (void)json_object_set_new(object, "default", json_string(option->default_text));
    if (has_range(option)) {
        (void)json_object_set_new(object, "min", json_real(option->min));
        (void)json_object_set_new(object, "max", json_real(option->max));
    }
    if (option->unit)
        (void)json_object_set_new(object, "unit", json_string(option->unit));
    for (const struct fw_choice *choice = option->choices; choice && choice->name; choice++)
        (void)json_array_append_new(choices, json_string(choice->name));
    if (choices)
        (void)json_object_set_new(object, "choices", choices);
    if (option->variables)
        (void)json_object_set_new(object, "variables", json_string(option->variables));
    return object;
}

/* Whether the chain takes frames of `format` as they are; *step_out is what is said of its filter.
 */
static bool takes(struct fw_chain *chain, const struct fw_format *format,
                  struct fw_chain_step *step_out)
{
    struct fw_error err = { 0 };
    struct fw_video out;
    const struct fw_video in = { .format = format,
                                 .width = 64,
                                 .height = 64,
                                 .sample_aspect = { 1, 1 },
                                 .time_base = { 1, 25 },
                                 .frame_rate = { 25, 1 },
                                 .color = { .matrix = 2 } };
    if (fw_chain_negotiate(chain, &in, &out, &err) != FW_OK || fw_chain_step_count(chain) == 0)
        return false;
    struct fw_chain_step step;
    fw_chain_step_at(chain, 0, &step);
    if (!step.inserted)
        *step_out = step;
    return !step.inserted;
}

/* What a filter is with its default options; nothing is added for one that needs more. */
static void add_defaults(json_t *object, const char *name, struct fw_plugins *plugins)
{
    struct fw_error err = { 0 };
    struct fw_chain *chain = NULL;
    struct fw_chain_step step = { 0 };
    json_t *formats = json_array();
    if (fw_chain_create_with(&chain, name, plugins, &err) == FW_OK) {
        for (uint32_t i = 0; i < fw_format_count(); i++) {
            if (takes(chain, fw_format_at(i), &step))
                (void)json_array_append_new(formats, json_string(fw_format_at(i)->name));
        }
    }
    if (json_array_size(formats) > 0) {
        (void)json_object_set_new(object, "class", json_string(class_names[step.filter_class]));
        (void)json_object_set_new(object, "reason", json_string(step.reason));
        (void)json_object_set_new(object, "bands", json_boolean(step.flags & FW_CAPS_BANDS));
        (void)json_object_set(object, "formats", formats);
    }
    json_decref(formats);
    fw_chain_destroy(chain);
}

json_t *fw_filter_document(const struct fw_filter *filter, const char *file,
                           struct fw_plugins *plugins)
{
    json_t *options = json_array();
    for (const struct fw_option *option = filter->options; option && option->name; option++)
        (void)json_array_append_new(options, option_json(option));
    json_t *object = json_pack("{s:s,s:s,s:s,s:s,s:o}", "schema", "framewheel-filter/1", "name",
                               filter->name, "summary", filter->summary, "engine",
                               file != NULL ? "plugin" : "built-in", "options", options);
    if (object != NULL && file != NULL)
        (void)json_object_set_new(object, "file", fw_json_text(file));
    if (object != NULL)
        add_defaults(object, filter->name, plugins);
    return object;
}

json_t *fw_foreign_document(const struct fw_foreign *foreign)
{
    if (foreign->refusal != NULL)
        return json_pack("{s:s,s:s,s:s,s:s,s:s}", "schema", "framewheel-filter/1", "name",
                         foreign->name, "summary", foreign->summary, "engine", "libavfilter",
                         "refused", foreign->refusal);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "schema", "framewheel-filter/1", "name",
                     foreign->name, "summary", foreign->summary, "engine", "libavfilter", "class",
                     class_names[foreign->filter_class], "reason", foreign->reason);
}
