/* framewheel explain, and run --dry-run: the plan, nothing else. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "paper.h"
#include "run_options.h"
#include "term.h"

static void print_input(FILE *out, const json_t *plan)
{
    const json_t *input = json_object_get(plan, "input");
    char name[1024];
    char text[64];
    fprintf(out, "%s: %s", fw_json_name_of(plan, "input_name", name, sizeof(name)),
            fw_json_text_of(input, "format"));
    if (fw_json_number_of(input, "duration_s") > 0)
        fprintf(out, ", %s",
                fw_duration_text(fw_json_number_of(input, "duration_s"), text, sizeof(text)));
    if (fw_json_count_of(plan, "frames") > 0)
        fprintf(out, ", %s%lld frames",
                json_is_false(json_object_get(plan, "frames_exact")) ? "about " : "",
                fw_json_count_of(plan, "frames"));
    fputc('\n', out);
}

/* decode -> steps of the chain -> encode, with what is between them. */
static void print_chain(FILE *out, const json_t *plan)
{
    size_t index;
    const json_t *step;
    const json_t *output = json_object_get(plan, "output");
    char name[1024];
    char args[512];
    fputs("  decode    ", out);
    fw_json_print_video(out, json_object_get(json_object_get(plan, "input"), "video"));
    fputc('\n', out);
    json_array_foreach(json_object_get(plan, "chain"), index, step)
    {
        fw_json_name_of(step, "args", args, sizeof(args));
        fprintf(out, "  filter    %s%s%s  [%s, %s%s]\n", fw_json_text_of(step, "name"),
                args[0] ? "=" : "", args, fw_json_text_of(step, "engine"),
                fw_json_text_of(step, "class"),
                json_is_true(json_object_get(step, "inserted")) ? ", inserted" : "");
        fputs("            -> ", out);
        fw_json_print_video(out, json_object_get(step, "out"));
        if (fw_json_text_of(step, "reason")[0])
            fprintf(out, "; %s", fw_json_text_of(step, "reason"));
        if (fw_json_count_of(step, "before") > 0 || fw_json_count_of(step, "after") > 0)
            fprintf(out, ": %lld before, %lld after", fw_json_count_of(step, "before"),
                    fw_json_count_of(step, "after"));
        fputc('\n', out);
    }
    fprintf(out, "  encode    %s, ", fw_json_text_of(output, "encoder"));
    fw_json_print_video(out, json_object_get(output, "video"));
    (void)fw_json_name_of(output, "name", name, sizeof(name));
    fprintf(out, " -> %s\n", name[0] ? name : "nothing is written");
}

static void print_streams(FILE *out, const json_t *plan)
{
    size_t index;
    const json_t *stream;
    json_array_foreach(json_object_get(plan, "streams"), index, stream)
    {
        const char *to = fw_json_text_of(stream, "to");
        fprintf(out, "  stream    %lld %s %s: %s%s%s\n", fw_json_count_of(stream, "input"),
                fw_json_text_of(stream, "type"), fw_json_text_of(stream, "codec"),
                fw_json_text_of(stream, "action"), to[0] ? " to " : "", to);
    }
}

/* What lies between two single processes, where there is more than one such place. */
static void print_hops(FILE *out, const json_t *plan)
{
    size_t index;
    const json_t *hop;
    char bytes[32];
    json_array_foreach(json_object_get(plan, "hops"), index, hop)
    {
        fprintf(out, "  hop %-6zu", index + 1);
        if (json_is_true(json_object_get(hop, "direct")))
            fputs("no filter, frames go straight on", out);
        else
            fprintf(out, "%lld worker%s, ranges of %lld", fw_json_count_of(hop, "workers"),
                    fw_json_count_of(hop, "workers") == 1 ? "" : "s",
                    fw_json_count_of(hop, "range"));
        fprintf(out, "; %lld + %lld slots, %s\n", fw_json_count_of(hop, "in_slots"),
                fw_json_count_of(hop, "out_slots"),
                fw_bytes_text(fw_json_number_of(hop, "ring_bytes") +
                                  fw_json_number_of(hop, "scratch_bytes"),
                              bytes, sizeof(bytes)));
    }
}

static void print_machine(FILE *out, const json_t *plan)
{
    const json_t *memory = json_object_get(plan, "memory");
    char total[32];
    char budget[32];
    size_t index;
    const json_t *stage;
    fputs("  stages    ", out);
    json_array_foreach(json_object_get(plan, "stages"), index, stage)
    {
        fprintf(out, "%s%s x%lld", index ? ", " : "", fw_json_text_of(stage, "name"),
                json_object_get(stage, "processes") ? fw_json_count_of(stage, "processes") : 1);
        if (fw_json_number_of(stage, "cost_ms") > 0)
            fprintf(out, " (about %.3g ms a frame)", fw_json_number_of(stage, "cost_ms"));
    }
    fprintf(out, "; ranges of %lld\n", fw_json_count_of(plan, "range"));
    if (json_array_size(json_object_get(plan, "hops")) > 1)
        print_hops(out, plan);
    const json_t *limit = json_object_get(plan, "scaling_limit");
    if (fw_json_text_of(limit, "text")[0])
        fprintf(out, "  scaling   %s\n", fw_json_text_of(limit, "text"));
    fprintf(out, "  memory    %s for %lld + %lld frames in flight",
            fw_bytes_text(fw_json_number_of(memory, "total_bytes"), total, sizeof(total)),
            fw_json_count_of(memory, "in_slots"), fw_json_count_of(memory, "out_slots"));
    if (fw_json_number_of(memory, "budget_bytes") > 0)
        fprintf(out, ", of %s allowed",
                fw_bytes_text(fw_json_number_of(memory, "budget_bytes"), budget, sizeof(budget)));
    fputc('\n', out);
}

static void print_notes(FILE *out, const json_t *plan)
{
    size_t index;
    const json_t *entry;
    char shown[1024];
    json_array_foreach(json_object_get(plan, "losses"), index, entry)
        fprintf(out, "  loss      %s: %s\n", fw_json_text_of(entry, "kind"),
                fw_json_name_of(entry, "detail", shown, sizeof(shown)));
    json_array_foreach(json_object_get(plan, "decisions"), index, entry)
    {
        const char *text = json_string_value(entry);
        fprintf(out, "  decision  %s\n",
                fw_escape(text ? text : fw_json_text_of(entry, "text"), shown, sizeof(shown), 0));
    }
}

int fw_explain_print(const char *verb, const char *plan_json)
{
    struct fw_paper paper;
    json_t *plan = json_loads(plan_json, 0, NULL);
    if (!plan || !fw_paper_open(&paper)) {
        json_decref(plan);
        return 70;
    }
    print_input(paper.stream, plan);
    print_chain(paper.stream, plan);
    print_streams(paper.stream, plan);
    print_machine(paper.stream, plan);
    print_notes(paper.stream, plan);
    json_decref(plan);
    return fw_paper_print(&paper, verb);
}

static int make_plan(const struct fw_cli *cli, char **json_out, struct fw_error *err)
{
    struct fw_job *job = NULL;
    int status = fw_job_create(&job, err);
    if (status == FW_OK)
        status = fw_run_options_apply(cli, job, err);
    /* Without an output, the plan is that of the filters alone. */
    if (status == FW_OK && !fw_run_options_name_output(cli))
        status = fw_job_set(job, "null", NULL, err);
    if (status == FW_OK)
        status = fw_job_explain(job, json_out, err);
    fw_job_destroy(job);
    return status;
}

int fw_cmd_explain(const struct fw_verb *verb, int argc, char **argv)
{
    struct fw_cli cli;
    struct fw_error err = { 0 };
    char *plan = NULL;
    int code = fw_cli_start(&cli, verb, argc, argv);
    if (code < 0) {
        int status = make_plan(&cli, &plan, &err);
        code = fw_status_exit_code(status);
        if (status < 0)
            fw_complain_to_user(verb->name, err.text);
        else if (fw_cli_count(&cli, "json") > 0)
            code = fw_print_data(verb->name, plan);
        else
            code = fw_explain_print(verb->name, plan);
    }
    free(plan);
    fw_cli_deinit(&cli);
    return code;
}
