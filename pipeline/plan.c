#include "plan.h"

#include "budget.h"
#include "child.h"
#include "loader.h"
#include "plan_document.h"
#include "plan_hops.h"
#include "plan_lock.h"
#include "read_paths.h"
#include "remux.h"
#include "sandbox.h"
#include "sink.h"
#include "sink_estimate.h"

#include "filters/chain.h"
#include "filters/check.h"
#include "filters/format.h"
#include "filters/plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAN_TIMEOUT_MS 120000
#define LOSSES_MAX 4096u

char *fw_plan_chain_text(const struct fw_plan *plan, const struct fw_settings *settings)
{
    const char *user = settings->chain == NULL ? "" : settings->chain;
    char *text = NULL;
    const char *comma = plan->prefix[0] != '\0' && user[strspn(user, " \t\r\n")] != '\0' ? "," : "";
    if (asprintf(&text, "%s%s%s", plan->prefix, comma, user) < 0)
        return NULL;
    return text;
}

/* The tag says how to turn the picture so that it stands upright: once, in front of the chain. */
static void plan_rotation(struct fw_plan *plan, const struct fw_settings *settings,
                          const struct fw_media *media)
{
    if (settings->rotate == FW_ROTATE_KEEP || media->matrix_odd)
        return;
    const char *turn = media->rotation == 90    ? "transpose=clock,"
                       : media->rotation == 180 ? "hflip,vflip,"
                       : media->rotation == 270 ? "transpose=cclock,"
                                                : "";
    snprintf(plan->prefix, sizeof(plan->prefix), "%s%s%s", turn, media->flip_h ? "hflip," : "",
             media->flip_v ? "vflip," : "");
    size_t length = strlen(plan->prefix);
    if (length > 0)
        plan->prefix[length - 1] = '\0';
    plan->rotated = length > 0;
    for (const char *c = plan->prefix; *c != '\0'; c++)
        plan->prefix_steps += *c == ',';
    plan->prefix_steps += length > 0;
}

bool fw_plan_has_records(const struct fw_plan *plan)
{
    bool any = false;
    for (uint32_t i = 0; i < FW_STREAMS_MAX; i++) {
        uint32_t action = plan->streams[i].action;
        any = any || action == FW_STREAM_COPY || action == FW_STREAM_AUDIO ||
              action == FW_STREAM_SUBTITLE;
    }
    return any;
}

uint32_t fw_plan_slots(const struct fw_plan *plan)
{
    uint32_t slots = 0;
    for (uint32_t i = 0; i < plan->hop_count; i++)
        slots += plan->hops[i].geometry.in_slots + plan->hops[i].geometry.out_slots;
    return slots;
}

uint32_t fw_plan_range(const struct fw_plan *plan)
{
    uint32_t hop = 0;
    while (hop + 1 < plan->hop_count && plan->hops[hop].workers == 0)
        hop++;
    return plan->hops[hop].geometry.range_len;
}

uint32_t fw_plan_hop_of(const struct fw_plan *plan, uint32_t proc_index)
{
    uint32_t hop = 0;
    if (proc_index < FW_PROC_WORKERS)
        return proc_index < FW_PROC_SEQUENTIAL ? 0 : proc_index - FW_PROC_SEQUENTIAL;
    while (hop + 1 < plan->hop_count && proc_index >= plan->hops[hop + 1].first_proc)
        hop++;
    return hop;
}

struct planning {
    const struct fw_settings *settings;
    const void *media_bytes;
    size_t media_count;
    bool want_document;
    bool locked; /* in a process of its own: lock it */
    struct fw_media media;
    struct fw_plugins *plugins;
    struct fw_chain *chain;
    struct fw_plan plan;
    struct fw_losses losses;
};

static int plan_chain(struct planning *planning, struct fw_error *err)
{
    struct fw_plan *plan = &planning->plan;
    const struct fw_format *wanted = NULL;
    struct fw_video out;
    char *text = fw_plan_chain_text(plan, planning->settings);
    if (text == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the chain");
    int status = fw_chain_create_with(&planning->chain, text, planning->plugins, err);
    free(text);
    if (status == FW_OK)
        status = fw_chain_negotiate(planning->chain, &planning->media.video_params, &out, err);
    if (status != FW_OK)
        return status;
    fw_link_from_video(&plan->output, &out);
    plan->given_format = plan->output.format;
    status = fw_sink_choose_format(planning->settings, &plan->output, &wanted, &planning->losses,
                                   err);
    if (status == FW_OK && wanted != out.format) {
        plan->output_format = wanted->id;
        fw_chain_set_output_format(planning->chain, wanted);
        status = fw_chain_negotiate(planning->chain, &planning->media.video_params, &out, err);
        fw_link_from_video(&plan->output, &out);
    }
    if (status == FW_OK)
        status = fw_plan_hops(plan, planning->chain, err);
    return status;
}

static void plan_length(struct planning *planning)
{
    struct fw_plan *plan = &planning->plan;
    int64_t frames = planning->media.frames_estimate;
    plan->frames_exact = planning->media.frames_exact;
    plan->frames_total = frames > 0
                             ? fw_plan_frames_out(plan, (uint64_t)frames, &plan->frames_exact)
                             : 0;
    plan->output_estimate = fw_sink_estimate(planning->settings, &plan->output, plan->frames_total);
    snprintf(plan->encoder, sizeof(plan->encoder), "%s", fw_sink_encoder_name(planning->settings));
}

/* Code is loaded before anything of the input is read: afterwards none can be. A first look at the
 * chain finds the plugins that it names. */
static int load_and_lock(struct planning *planning, struct fw_error *err)
{
    const struct fw_settings *settings = planning->settings;
    bool plugged = fw_settings_has_plugins(settings);
    struct fw_chain *chain = NULL;
    int status = FW_OK;
    if (planning->locked && plugged)
        status = fw_loader_lock(settings, FW_ADDRESS_SPACE_BASE, err);
    if (status == FW_OK)
        status = fw_loader_open(settings, &planning->plugins, err);
    if (status == FW_OK && plugged)
        status = fw_chain_create_with(&chain, settings->chain, planning->plugins, err);
    fw_chain_destroy(chain);
    if (status == FW_OK && planning->locked)
        status = fw_plan_lock(settings, err);
    return status;
}

static int make(struct planning *planning, struct fw_error *err)
{
    struct fw_plan *plan = &planning->plan;
    plan->output_format = UINT32_MAX;
    int status = load_and_lock(planning, err);
    if (status == FW_OK)
        status = fw_media_unpack(&planning->media, planning->media_bytes, planning->media_count,
                                 err);
    if (status != FW_OK)
        return status;
    fw_link_from_video(&plan->source, &planning->media.video_params);
    plan_rotation(plan, planning->settings, &planning->media);
    status = plan_chain(planning, err);
    if (status == FW_OK)
        status = fw_sink_plan_streams(planning->settings, &planning->media, plan->streams,
                                      &planning->losses, err);
    if (status == FW_OK)
        status = fw_budget_fit(plan, planning->settings, err);
    if (status == FW_OK)
        plan_length(planning);
    return status;
}

/* The answer: the plan, the number of losses, the losses, the document. */
static int answer(struct planning *planning, struct fw_buffer *out, struct fw_error *err)
{
    char *document = NULL;
    int status = FW_OK;
    if (planning->want_document)
        status = fw_plan_document(&document, planning->settings, &planning->plan, &planning->media,
                                  planning->chain, &planning->losses, err);
    if (status == FW_OK)
        status = fw_buffer_append(out, &planning->plan, sizeof(planning->plan), err);
    if (status == FW_OK)
        status = fw_buffer_append(out, &planning->losses.count, sizeof(planning->losses.count),
                                  err);
    if (status == FW_OK && planning->losses.count > 0)
        status = fw_buffer_append(out, planning->losses.items,
                                  planning->losses.count * sizeof(planning->losses.items[0]), err);
    if (status == FW_OK && document != NULL)
        status = fw_buffer_append(out, document, strlen(document), err);
    free(document);
    return status;
}

static int plan_to_buffer(struct planning *planning, struct fw_buffer *out, struct fw_error *err)
{
    int status = make(planning, err);
    if (status == FW_OK)
        status = answer(planning, out, err);
    fw_chain_destroy(planning->chain);
    fw_plugins_destroy(planning->plugins);
    fw_media_deinit(&planning->media);
    fw_losses_deinit(&planning->losses);
    return status;
}

static int plan_in_child(void *argument, int result_fd, struct fw_error *err)
{
    struct fw_buffer out = { 0 };
    int status = plan_to_buffer(argument, &out, err);
    if (status == FW_OK)
        status = fw_child_answer(result_fd, out.data, out.bytes, err);
    fw_buffer_deinit(&out);
    return status;
}

/* The answer comes from a process that read what the input says of itself. */
static int read_answer(struct fw_planned *planned, const struct fw_plan_request *request,
                       const uint8_t *bytes, size_t count, struct fw_error *err)
{
    size_t head = sizeof(planned->plan) + sizeof(planned->loss_count);
    if (count < head)
        return fw_fail(err, FW_ERR_INTERNAL, "the planner's answer is short");
    uint32_t loss_count = 0;
    memcpy(&planned->plan, bytes, sizeof(planned->plan));
    memcpy(&loss_count, bytes + sizeof(planned->plan), sizeof(loss_count));
    planned->plan.budget_bytes = request->budget_bytes;
    planned->plan.cores = request->cores;
    planned->plan.files_stamp = fw_read_paths_stamp(request->settings);
    int status = fw_plan_check(&planned->plan, err);
    if (status != FW_OK)
        return status;
    size_t losses = loss_count * sizeof(planned->losses[0]);
    if (loss_count > LOSSES_MAX || count - head < losses)
        return fw_fail(err, FW_ERR_INTERNAL, "the planner's answer does not hold its losses");
    planned->losses = malloc(losses + 1);
    planned->document = strndup((const char *)bytes + head + losses, count - head - losses);
    if (planned->losses == NULL || planned->document == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the plan");
    memcpy(planned->losses, bytes + head, losses);
    planned->loss_count = loss_count;
    for (uint32_t i = 0; i < loss_count; i++) {
        struct fw_loss *loss = &planned->losses[i];
        loss->kind[sizeof(loss->kind) - 1] = '\0';
        loss->detail[sizeof(loss->detail) - 1] = '\0';
    }
    return FW_OK;
}

int fw_plan_make(struct fw_planned *planned, const struct fw_plan_request *request,
                 struct fw_error *err)
{
    struct planning *planning = calloc(1, sizeof(*planning));
    struct fw_buffer here = { 0 };
    void *bytes = NULL;
    size_t count = 0;
    if (planning == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory to plan");
    planning->settings = request->settings;
    planning->media_bytes = request->media;
    planning->media_count = request->media_bytes;
    planning->want_document = request->want_document;
    planning->plan.budget_bytes = request->budget_bytes;
    planning->plan.cores = request->cores;
    int status = FW_OK;
    if (request->settings->isolation == FW_ISOLATION_THREADS) {
        status = plan_to_buffer(planning, &here, err);
        bytes = here.data;
        count = here.bytes;
    } else {
        planning->locked = true;
        const struct fw_child_question question = { .body = plan_in_child,
                                                    .arg = planning,
                                                    .timeout_ms = PLAN_TIMEOUT_MS,
                                                    .cancel_fd = request->cancel_fd };
        status = fw_child_call(&question, &bytes, &count, err);
    }
    if (status == FW_OK)
        status = read_answer(planned, request, bytes, count, err);
    free(bytes);
    free(planning);
    return status;
}

void fw_planned_deinit(struct fw_planned *planned)
{
    free(planned->losses);
    free(planned->document);
    *planned = (struct fw_planned){ 0 };
}
