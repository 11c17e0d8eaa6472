/* A batch's report as a few lines for people. */
#include "batch_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paper.h"
#include "term.h"

#define CAUSES_SHOWN 8
#define NAMES_SHOWN 3

static void print_count(FILE *out, const json_t *counts, const char *key, const char *word)
{
    long long count = fw_json_count_of(counts, key);
    if (count > 0)
        fprintf(out, ", %lld %s", count, word);
}

static void print_kinds(FILE *out, const json_t *counts, const char *key, const char *one,
                        const char *many, const char *what)
{
    long long count = fw_json_count_of(counts, key);
    if (count > 0)
        fprintf(out, "  %lld %s %s\n", count, count == 1 ? one : many, what);
}

static void print_cause(FILE *out, const json_t *cause)
{
    const json_t *names = json_object_get(cause, "names");
    char text[512];
    fprintf(out, "  %lld x %s:", fw_json_count_of(cause, "count"),
            fw_json_name_of(cause, "cause", text, sizeof(text)));
    for (size_t i = 0; i < json_array_size(names) && i < NAMES_SHOWN; i++)
        fprintf(out, " %s", fw_json_name(json_array_get(names, i), text, sizeof(text)));
    if ((size_t)fw_json_count_of(cause, "count") > NAMES_SHOWN)
        fputs(" ...", out);
    fputc('\n', out);
}

static void print_counts(FILE *out, const json_t *report)
{
    const json_t *counts = json_object_get(report, "counts");
    const json_t *bytes = json_object_get(report, "bytes");
    char time[32], in[32], made[32];
    double wall = fw_json_number_of(report, "wall_s");
    long long done = fw_json_count_of(counts, "done");
    fprintf(out, "%lld done", done);
    print_count(out, counts, "unchanged", "unchanged");
    print_count(out, counts, "skipped", "skipped");
    print_count(out, counts, "failed", "failed");
    print_count(out, counts, "not_begun", "not begun");
    fprintf(out, " in %s", fw_duration_text(wall, time, sizeof(time)));
    if (done > 0 && wall > 0)
        fprintf(out, "  -  %.1f a second, %s read, %s written", (double)done / wall,
                fw_bytes_text(fw_json_number_of(bytes, "in"), in, sizeof(in)),
                fw_bytes_text(fw_json_number_of(bytes, "out"), made, sizeof(made)));
    fputc('\n', out);
    long long lossy = fw_json_count_of(counts, "with_losses");
    if (lossy > 0)
        fprintf(out, "  %lld %s:\n", lossy,
                lossy == 1 ? "output holds less than its source"
                           : "outputs hold less than their sources");
    const json_t *losses = json_object_get(report, "losses");
    for (size_t i = 0; i < json_array_size(losses) && i < CAUSES_SHOWN; i++)
        print_cause(out, json_array_get(losses, i));
    if (json_array_size(losses) > CAUSES_SHOWN)
        fputs("  and more losses: --json or --report lists them\n", out);
    print_kinds(out, counts, "degraded", "output has", "outputs have",
                "frames that were damaged or left out");
    print_kinds(out, counts, "no_pictures", "file is no picture", "files are no pictures",
                "that can be read");
    print_kinds(out, counts, "no_videos", "file is no video", "files are no videos",
                "that can be read");
}

/* Kinds of pictures that cannot be read; what is no picture at all is counted above. */
static void print_others(FILE *out, const json_t *report)
{
    const json_t *others = json_object_get(report, "others");
    for (size_t i = 0; i < json_array_size(others) && i < CAUSES_SHOWN; i++) {
        const json_t *kind = json_array_get(others, i);
        const char *text = json_string_value(json_object_get(kind, "cause"));
        if (text && strcmp(text, "no picture") != 0)
            print_cause(out, kind);
    }
}

static void print_details(FILE *out, const json_t *report)
{
    char time[32];
    const char *sandbox = json_string_value(json_object_get(report, "sandbox"));
    const char *durability = json_string_value(json_object_get(report, "durability"));
    fprintf(out, "  %lld at once, %s of CPU time, durability %s, sandbox %s, %lld deaths\n",
            fw_json_count_of(report, "workers"),
            fw_duration_text(fw_json_number_of(report, "cpu_s"), time, sizeof(time)),
            durability ? durability : "-", sandbox ? sandbox : "-",
            fw_json_count_of(report, "deaths"));
}

char *fw_batch_summary(const char *report_json, bool verbose)
{
    json_t *report = json_loads(report_json, 0, NULL);
    char *text = NULL;
    size_t bytes = 0;
    const json_t *causes = json_object_get(report, "causes");
    FILE *out = json_object_get(report, "counts") ? open_memstream(&text, &bytes) : NULL;
    if (out) {
        print_counts(out, report);
        print_others(out, report);
        for (size_t i = 0; i < json_array_size(causes) && i < CAUSES_SHOWN; i++)
            print_cause(out, json_array_get(causes, i));
        if (json_array_size(causes) > CAUSES_SHOWN)
            fputs("  and more causes: --json, or framewheel status\n", out);
        if (verbose)
            print_details(out, report);
        (void)fclose(out);
    }
    json_decref(report);
    return text;
}
