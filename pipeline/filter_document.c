#include "filter_document.h"

#include "document.h"

#include <stdbool.h>

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

json_t *fw_filter_document(const struct fw_filter *filter, const char *plugin)
{
    json_t *options = json_array();
    for (const struct fw_option *option = filter->options; option && option->name; option++)
        (void)json_array_append_new(options, option_json(option));
    json_t *object = json_pack("{s:s,s:s,s:s,s:s,s:o}", "schema", "framewheel-filter/1", "name",
                               filter->name, "summary", filter->summary, "engine",
                               plugin != NULL ? "plugin" : "built-in", "options", options);
    if (object != NULL && plugin != NULL)
        (void)json_object_set_new(object, "file", fw_json_text(plugin));
    return object;
}

json_t *fw_foreign_document(const struct fw_foreign *foreign)
{
    static const char *const classes[] = {
        [FW_CLASS_PURE] = "pure",
        [FW_CLASS_INDEXED] = "indexed",
        [FW_CLASS_WINDOWED] = "windowed",
        [FW_CLASS_SEQUENTIAL] = "sequential",
    };
    if (foreign->refusal != NULL)
        return json_pack("{s:s,s:s,s:s,s:s,s:s}", "schema", "framewheel-filter/1", "name",
                         foreign->name, "summary", foreign->summary, "engine", "libavfilter",
                         "refused", foreign->refusal);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "schema", "framewheel-filter/1", "name",
                     foreign->name, "summary", foreign->summary, "engine", "libavfilter", "class",
                     classes[foreign->filter_class], "reason", foreign->reason);
}
