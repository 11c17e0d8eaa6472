/* A plan comes from a process that read hostile bytes: whatever it says, the supervisor says no. */
#include "pipeline/budget.h"
#include "pipeline/plan_lock.h"

#include "filters/format.h"

#include <criterion/criterion.h>

#include <string.h>

static void sound_plan(struct fw_plan *plan)
{
    struct fw_settings settings;
    struct fw_error err = { 0 };
    const struct fw_video video = { .format = fw_format_find("yuv420p"),
                                    .width = 64,
                                    .height = 48,
                                    .time_base = { 1, 25 },
                                    .frame_rate = { 25, 1 } };
    fw_settings_init(&settings);
    *plan = (struct fw_plan){ .hop_count = 1,
                              .output_format = UINT32_MAX,
                              .budget_bytes = 64u << 20,
                              .cores = 2,
                              .step_count = 1 };
    fw_link_from_video(&plan->source, &video);
    fw_link_from_video(&plan->output, &video);
    plan->hops[0] = (struct fw_hop_plan){ .geometry.fanout = 1,
                                          .in = plan->source,
                                          .out = plan->output,
                                          .step_count = 1,
                                          .decimation = 1,
                                          .range_best = 1,
                                          .range_multiple = 1 };
    cr_assert_eq(fw_budget_fit(plan, &settings, &err), FW_OK, "%s", err.text);
    fw_settings_deinit(&settings);
}

/* One lie each; false when there is none of that number. */
static bool spoil(struct fw_plan *plan, int what)
{
    struct fw_hop_plan *hop = &plan->hops[0];
    uint32_t *const words[] = { &plan->hop_count,        &plan->workers,
                                &plan->output_format,    &plan->prefix_steps,
                                &plan->source.format,    &plan->output.format,
                                &hop->workers,           &hop->first_proc,
                                &hop->geometry.ring_len, &hop->geometry.range_len,
                                &hop->geometry.in_slots, &hop->geometry.out_slots,
                                &hop->geometry.in_cap,   &hop->geometry.out_cap,
                                &hop->geometry.fanout,   &hop->geometry.direct,
                                &hop->step_first,        &hop->step_count,
                                &hop->in.format,         &hop->out.format,
                                &plan->streams[3].action };
    uint64_t *const longs[] = { &hop->in_pool_bytes, &hop->out_pool_bytes,
                                &hop->geometry.in_slot_bytes, &hop->geometry.out_slot_bytes };
    int32_t *const signs[] = {
        &plan->source.width,  &plan->output.height,      &hop->geometry.before,
        &hop->geometry.after, &plan->streams[63].output, &plan->source.time_base.den,
        &hop->out.width
    };
    const int word_count = sizeof(words) / sizeof(words[0]);
    const int long_count = sizeof(longs) / sizeof(longs[0]);
    const int sign_count = sizeof(signs) / sizeof(signs[0]);
    if (what < word_count)
        *words[what] = 0x7ffffff1;
    else if (what < word_count + long_count)
        *longs[what - word_count] += 4096;
    else if (what < word_count + long_count + sign_count)
        *signs[what - word_count - long_count] = -2;
    else
        return false;
    return true;
}

Test(plan_check, takes_what_the_planner_makes)
{
    struct fw_plan plan;
    struct fw_error err = { 0 };
    sound_plan(&plan);
    cr_expect_eq(fw_plan_check(&plan, &err), FW_OK, "%s", err.text);
}

Test(plan_check, refuses_every_lie)
{
    struct fw_plan plan;
    int what = 0;
    for (sound_plan(&plan); spoil(&plan, what); what++) {
        struct fw_error err = { 0 };
        cr_expect_eq(fw_plan_check(&plan, &err), FW_ERR_INTERNAL, "lie %d", what);
        sound_plan(&plan);
    }
    cr_expect_eq(what, 32);
    plan.hop_count = 0;
    cr_expect_eq(fw_plan_check(&plan, NULL), FW_ERR_INTERNAL);
    sound_plan(&plan);
    plan.budget_bytes = plan.hops[0].in_pool_bytes - 1;
    cr_expect_eq(fw_plan_check(&plan, NULL), FW_ERR_INTERNAL);
}

Test(plan_check, ends_every_text)
{
    struct fw_plan plan;
    sound_plan(&plan);
    memset(plan.prefix, 'x', sizeof(plan.prefix));
    memset(plan.encoder, 'x', sizeof(plan.encoder));
    memset(plan.steps, 'x', sizeof(plan.steps));
    cr_expect_eq(fw_plan_check(&plan, NULL), FW_OK);
    cr_expect_eq(strlen(plan.prefix), sizeof(plan.prefix) - 1);
    cr_expect_eq(strlen(plan.encoder), sizeof(plan.encoder) - 1);
    cr_expect_eq(strlen(plan.steps[FW_PLAN_STEPS - 1]), sizeof(plan.steps[0]) - 1);
}

/* Two hops, the first without workers, as the planner makes them for a sequential filter alone. */
static void line_plan(struct fw_plan *plan, uint64_t budget)
{
    struct fw_settings settings;
    struct fw_error err = { 0 };
    sound_plan(plan);
    fw_settings_init(&settings);
    plan->hop_count = 3;
    plan->hops[2] = plan->hops[1] = plan->hops[0];
    plan->hops[0].geometry.direct = 1;
    plan->hops[0].step_count = plan->hops[1].step_count = 0;
    plan->hops[1].geometry.direct = 1;
    plan->hops[2].geometry.before = 2;
    plan->hops[2].geometry.fanout = 2;
    plan->hops[2].range_multiple = 2;
    plan->hops[2].range_best = 13;
    plan->joints[0].step_count = 1;
    plan->budget_bytes = budget;
    cr_assert_eq(fw_budget_fit(plan, &settings, &err), FW_OK, "%s", err.text);
    fw_settings_deinit(&settings);
}

Test(plan_check, takes_hops_without_workers)
{
    struct fw_plan plan;
    struct fw_error err = { 0 };
    line_plan(&plan, 64u << 20);
    cr_expect_eq(fw_plan_check(&plan, &err), FW_OK, "%s", err.text);
    cr_expect_eq(plan.workers, 2);
    cr_expect_eq(plan.hops[0].workers, 0);
    cr_expect_eq(plan.hops[1].out_pool_bytes, 0);
    cr_expect_eq(plan.hops[2].geometry.range_len, 14, "rounded up to whole inputs");
    cr_expect_eq(fw_plan_hop_of(&plan, FW_PROC_WORKERS), 2);
    cr_expect_eq(fw_plan_hop_of(&plan, FW_PROC_SEQUENTIAL + 1), 1);
    plan.joints[1].step_first = 5;
    cr_expect_eq(fw_plan_check(&plan, NULL), FW_ERR_INTERNAL, "steps of a joint");
    line_plan(&plan, 64u << 20);
    plan.hops[0].workers = 1;
    cr_expect_eq(fw_plan_check(&plan, NULL), FW_ERR_INTERNAL, "a worker of a direct hop");
}

Test(plan_check, shrinks_ranges_before_it_refuses)
{
    struct fw_plan plan;
    struct fw_settings settings;
    struct fw_error err = { 0 };
    line_plan(&plan, 64u << 20);
    uint64_t slot = plan.hops[0].geometry.in_slot_bytes;
    line_plan(&plan, 26 * slot);
    cr_expect_eq(plan.hops[2].geometry.range_len % 2, 0);
    cr_expect_lt(plan.hops[2].geometry.range_len, 14);
    fw_settings_init(&settings);
    plan.budget_bytes = 10 * slot;
    cr_expect_eq(fw_budget_fit(&plan, &settings, &err), FW_ERR_MEMORY);
    cr_expect(strstr(err.text, "slots in 3 hops") != NULL, "%s", err.text);
    cr_expect(strstr(err.text, "fewer than 2 neighbours") != NULL, "%s", err.text);
    fw_settings_deinit(&settings);
}

Test(plan_check, shares_workers_by_cost)
{
    struct fw_plan plan;
    struct fw_settings settings;
    sound_plan(&plan);
    fw_settings_init(&settings);
    plan.hop_count = 2;
    plan.hops[1] = plan.hops[0];
    plan.hops[0].cost_ns = 9e6;
    plan.hops[1].cost_ns = 3e6;
    settings.workers = 8;
    cr_assert_eq(fw_budget_fit(&plan, &settings, NULL), FW_OK);
    cr_expect_eq(plan.hops[0].workers, 6);
    cr_expect_eq(plan.hops[1].workers, 2);
    settings.workers = 1;
    cr_assert_eq(fw_budget_fit(&plan, &settings, NULL), FW_OK);
    cr_expect_eq(plan.workers, 2, "no hop can do without");
    fw_settings_deinit(&settings);
}
