/* A chain's text: finding filters, checking options, listing steps, releasing. */
#include "stage.h"

#include "check.h"
#include "kernels/cpu.h"
#include "params.h"
#include "plugin.h"
#include "registry.h"
#include "suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENABLE_VARIABLES "t n pos w h"

const char *fw_class_reason(enum fw_class filter_class)
{
    static const char *const reasons[] = {
        [FW_CLASS_PURE] = "reads nothing but the frame",
        [FW_CLASS_INDEXED] = "reads the frame's number or time",
        [FW_CLASS_WINDOWED] = "reads the frames around the frame",
        [FW_CLASS_SEQUENTIAL] = "reads what it kept of the frames before",
    };
    return reasons[filter_class];
}

const char *fw_item_engine(const struct fw_item *item)
{
    return item->plugged ? "plugin" : item->filter ? "built-in" : "libavfilter";
}

void fw_chain_list_items(struct fw_chain *chain)
{
    chain->step_count = chain->item_count;
    for (uint32_t i = 0; i < chain->item_count; i++) {
        const struct fw_item *item = &chain->items[i];
        struct fw_chain_step *step = &chain->steps[i];
        memset(step, 0, sizeof(*step));
        step->name = item->call->name;
        step->args = item->call->text;
        step->engine = fw_item_engine(item);
        step->filter_class = item->enable ? FW_CLASS_INDEXED : FW_CLASS_PURE;
        step->reason = fw_class_reason(step->filter_class);
        if (item->foreign) {
            struct fw_lavfi_traits traits;
            fw_lavfi_call_traits(item->foreign, &traits);
            step->filter_class = traits.filter_class;
            step->reason = traits.reason;
        }
    }
}

static void complain_unknown(const struct fw_call *call, struct fw_plugins *plugins,
                             struct fw_complaints *complaints)
{
    const struct fw_filter *plugged = NULL;
    const char *path = NULL;
    char hint[160] = "";
    const char *near = fw_suggest_synonym(call->name);
    struct fw_suggestion suggestion;
    if (!near) {
        void *state = NULL;
        fw_suggest_init(&suggestion, call->name);
        for (uint32_t i = 0; i < fw_filter_count(); i++)
            fw_suggest_offer(&suggestion, fw_filter_at(i)->name);
        for (uint32_t i = 0; plugins && (plugged = fw_plugins_at(plugins, i, &path)); i++)
            fw_suggest_offer(&suggestion, plugged->name);
        for (const char *name = fw_lavfi_next_name(&state); name; name = fw_lavfi_next_name(&state))
            fw_suggest_offer(&suggestion, name);
        near = fw_suggest_best(&suggestion);
    }
    if (near)
        (void)snprintf(hint, sizeof(hint), "did you mean '%s'?", near);
    fw_complain(complaints, call->name_first, call->name_end, hint, "unknown filter '%s'%s",
                call->name, call->engine == FW_ENGINE_OWN ? " among the built-in ones" : "");
}

static int create_enable(struct fw_item *item, struct fw_complaints *complaints)
{
    const struct fw_arg *arg = fw_params_enable(item->call);
    struct fw_error reason = { 0 };
    if (!arg)
        return FW_OK;
    int status = fw_expr_create(&item->enable, arg->value, ENABLE_VARIABLES, &reason);
    if (status < 0)
        fw_complain(complaints, arg->value_first, arg->value_end, NULL,
                    "value '%.200s' of option 'enable' of filter '%s' is wrong: %.400s", arg->value,
                    item->call->name, reason.text);
    return FW_OK;
}

/* A built-in, else a plugin's; neither is no failure. */
static int find_own(struct fw_item *item, struct fw_plugins *plugins,
                    struct fw_complaints *complaints)
{
    const struct fw_call *call = item->call;
    struct fw_error reason = { 0 };
    if (call->engine == FW_ENGINE_LAVFI)
        return FW_OK;
    item->filter = fw_filter_find(call->name);
    if (item->filter || !plugins)
        return FW_OK;
    int status = fw_plugins_find(plugins, call->name, &item->filter, &reason);
    item->plugged = status == FW_OK;
    if (status >= 0)
        return FW_OK;
    fw_complain(complaints, call->name_first, call->name_end, NULL, "%s", reason.text);
    return status;
}

static int create_item(struct fw_item *item, const struct fw_call *call, struct fw_plugins *plugins,
                       struct fw_complaints *complaints)
{
    item->call = call;
    if (find_own(item, plugins, complaints) < 0)
        return FW_ERR_USAGE;
    if (!item->filter) {
        if (call->engine != FW_ENGINE_OWN && fw_lavfi_exists(call->name))
            return fw_lavfi_call_create(&item->foreign, call, complaints);
        complain_unknown(call, plugins, complaints);
        return FW_ERR_USAGE;
    }
    item->self = calloc(1, item->filter->self_size ? item->filter->self_size : 1);
    if (!item->self)
        return fw_fail(complaints->err, FW_ERR_MEMORY, "no memory for filter '%s'", call->name);
    int status = fw_params_store(item->self, item->filter, call, complaints);
    if (status == FW_ERR_MEMORY)
        return status;
    return create_enable(item, complaints);
}

/* Commands find filters in their own graph alone. */
static bool sends_commands(const struct fw_grammar *grammar)
{
    bool found = false;
    for (uint32_t i = 0; i < grammar->call_count && !found; i++)
        found = strcmp(grammar->calls[i].name, "sendcmd") == 0;
    return found;
}

/* libavfilter runs a text with branches as a whole. */
static int create_graph(struct fw_chain *chain, struct fw_complaints *complaints)
{
    struct fw_item *item = &chain->items[0];
    item->call = &chain->grammar.whole;
    int status = fw_lavfi_graph_create(&item->foreign, &chain->grammar, complaints);
    chain->item_count = item->foreign ? 1 : 0;
    return status == FW_OK && complaints->count ? FW_ERR_USAGE : status;
}

static int create_items(struct fw_chain *chain, struct fw_plugins *plugins,
                        struct fw_complaints *complaints)
{
    if (chain->grammar.branched || sends_commands(&chain->grammar))
        return create_graph(chain, complaints);
    for (uint32_t i = 0; i < chain->grammar.call_count; i++) {
        const struct fw_call *call = &chain->grammar.calls[i];
        if (!*call->name)
            continue;
        struct fw_item *item = &chain->items[chain->item_count++];
        if (create_item(item, call, plugins, complaints) == FW_ERR_MEMORY)
            return FW_ERR_MEMORY;
    }
    return complaints->count ? FW_ERR_USAGE : FW_OK;
}

int fw_chain_create(struct fw_chain **chain_out, const char *text, struct fw_error *err)
{
    return fw_chain_create_with(chain_out, text, NULL, err);
}

int fw_chain_create_with(struct fw_chain **chain_out, const char *text, struct fw_plugins *plugins,
                         struct fw_error *err)
{
    *chain_out = NULL;
    if (!text)
        text = "";
    if (strlen(text) > FW_CHAIN_TEXT_MAX)
        return fw_fail(err, FW_ERR_USAGE, "a filter chain takes at most %d bytes",
                       FW_CHAIN_TEXT_MAX);
    struct fw_chain *chain = calloc(1, sizeof(*chain));
    if (!chain)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a filter chain");
    chain->cpu = (int32_t)fw_cpu_detect();
    chain->text = strdup(text);
    if (!chain->text) {
        fw_chain_destroy(chain);
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a filter chain");
    }
    struct fw_complaints complaints = { .text = chain->text, .err = err };
    int status = fw_grammar_parse(&chain->grammar, &complaints);
    if (status != FW_ERR_MEMORY)
        status = create_items(chain, plugins, &complaints);
    if (status < 0) {
        fw_chain_destroy(chain);
        return status;
    }
    fw_chain_list_items(chain);
    *chain_out = chain;
    return FW_OK;
}

void fw_chain_destroy(struct fw_chain *chain)
{
    if (!chain)
        return;
    fw_chain_stop(chain);
    for (uint32_t i = 0; i < chain->item_count; i++) {
        struct fw_item *item = &chain->items[i];
        if (item->self) {
            if (item->filter->stop)
                item->filter->stop(item->self);
            fw_params_release(item->self, item->filter);
        }
        free(item->self);
        fw_expr_destroy(item->enable);
        fw_lavfi_call_destroy(item->foreign);
    }
    fw_grammar_deinit(&chain->grammar);
    free(chain->text);
    free(chain);
}

void fw_chain_set_output_format(struct fw_chain *chain, const struct fw_format *format)
{
    chain->output_format = format;
    chain->negotiated = false;
}

void fw_chain_set_cpu(struct fw_chain *chain, int level)
{
    chain->cpu = level < chain->cpu ? level : chain->cpu;
}

uint32_t fw_chain_step_count(const struct fw_chain *chain)
{
    return chain->step_count;
}

void fw_chain_step_at(const struct fw_chain *chain, uint32_t index, struct fw_chain_step *step_out)
{
    FW_CHECK(index < chain->step_count);
    *step_out = chain->steps[index];
}

void fw_chain_watch(struct fw_chain *chain, volatile uint32_t *cell)
{
    chain->cell = cell;
}

void fw_chain_needs(const struct fw_chain *chain, struct fw_chain_needs *needs_out)
{
    memset(needs_out, 0, sizeof(*needs_out));
    for (uint32_t i = 0; i < chain->step_count; i++) {
        const struct fw_chain_step *step = &chain->steps[i];
        if (step->filter_class > needs_out->filter_class)
            needs_out->filter_class = step->filter_class;
        needs_out->flags |= step->flags & (FW_CAPS_PROCESS_ONLY | FW_CAPS_READS_FILES);
    }
}
