/* The summary of a run. */
#include "summary.h"

#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paper.h"
#include "term.h"

#define WIDTH 80

/* A line whose items go on below, indented, where 80 columns are full. */
struct row {
    FILE *out;
    size_t column;
};

static void item(struct row *row, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void item(struct row *row, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    bool fits = row->column + 2 + strlen(text) < WIDTH;
    fprintf(row->out, "%s%s", fits ? ", " : ",\n    ", text);
    row->column = (fits ? row->column + 2 : 4) + strlen(text);
}

static struct row begin(FILE *out, const char *text)
{
    fputs(text, out);
    return (struct row){ out, strlen(text) };
}

static void print_head(FILE *out, const json_t *report, const char *output)
{
    char buffer[64];
    char rate[64];
    char name[1024];
    char text[1200];
    const json_t *frames = json_object_get(report, "frames");
    const char *published = fw_json_text_of(report, "published");
    long long encoded = fw_json_count_of(frames, "encoded");
    double wall = fw_json_number_of(report, "wall_s");
    double media = fw_json_number_of(report, "media_s");
    double bytes = fw_json_number_of(report, "bytes");
    const char *shown = published[0] ? published : output ? output : "no output";
    (void)snprintf(text, sizeof(text), "%s: %lld frames in %s",
                   fw_escape(shown, name, sizeof(name), 0), encoded,
                   fw_duration_text(wall, buffer, sizeof(buffer)));
    struct row row = begin(out, text);
    if (wall > 0) {
        double fps = fw_json_number_of(report, "fps");
        (void)snprintf(rate, sizeof(rate), " (%.2fx)", media / wall);
        item(&row, "%.1f fps%s", fps > 0 ? fps : (double)encoded / wall, media > 0 ? rate : "");
    }
    if (bytes > 0)
        item(&row, "%s", fw_bytes_text(bytes, buffer, sizeof(buffer)));
    if (bytes > 0 && media > 0)
        item(&row, "%.0f kb/s", bytes * 8 / media / 1000);
    const char *verified = fw_json_text_of(report, "verified");
    if (verified[0] && strcmp(verified, "none") != 0)
        item(&row, "verified: %s", verified);
    fputc('\n', out);
}

static void print_account(FILE *out, const json_t *report)
{
    static const char *const keys[] = { "added",    "removed", "dropped", "duplicated",
                                        "poisoned", "skipped", "damaged" };
    const json_t *frames = json_object_get(report, "frames");
    fprintf(out, "  frames: %lld in, %lld out", fw_json_count_of(frames, "decoded"),
            fw_json_count_of(frames, "encoded"));
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (fw_json_count_of(frames, keys[i]) > 0)
            fprintf(out, ", %lld %s", fw_json_count_of(frames, keys[i]), keys[i]);
    }
    fputc('\n', out);
}

/* "per frame 19.6 ms CPU: filter 13.1, encode 4.6, decode 1.9", the dearest first. */
static void print_stages(FILE *out, const json_t *report)
{
    const json_t *stages = json_object_get(report, "stages");
    bool told[16] = { false };
    double total = 0;
    size_t index;
    const json_t *stage;
    json_array_foreach(stages, index, stage) total += fw_json_number_of(stage, "ms_per_frame");
    if (total <= 0)
        return;
    fprintf(out, "  CPU per frame %.2f ms:", total);
    for (size_t turn = 0; turn < json_array_size(stages) && turn < 16; turn++) {
        size_t best = 16;
        for (size_t i = 0; i < json_array_size(stages) && i < 16; i++) {
            if (!told[i] &&
                (best == 16 || fw_json_number_of(json_array_get(stages, i), "ms_per_frame") >
                                   fw_json_number_of(json_array_get(stages, best), "ms_per_frame")))
                best = i;
        }
        told[best] = true;
        fprintf(out, "%s %s %.2f", turn ? "," : "",
                fw_json_text_of(json_array_get(stages, best), "name"),
                fw_json_number_of(json_array_get(stages, best), "ms_per_frame"));
    }
    fputc('\n', out);
}

static void print_machine(FILE *out, const json_t *report)
{
    char buffer[64];
    char text[160];
    double cpu = fw_json_number_of(report, "cpu_s");
    double wall = fw_json_number_of(report, "wall_s");
    (void)snprintf(text, sizeof(text), "  CPU %s", fw_duration_text(cpu, buffer, sizeof(buffer)));
    struct row row = begin(out, text);
    if (wall > 0) {
        fprintf(out, " (%.1f cores)", cpu / wall);
        row.column += strlen(" (0.0 cores)") + 2;
    }
    if (fw_json_count_of(report, "workers") > 0)
        item(&row, "%lld workers", fw_json_count_of(report, "workers"));
    if (fw_json_number_of(report, "peak_bytes") > 0)
        item(&row, "peak memory %s",
             fw_bytes_text(fw_json_number_of(report, "peak_bytes"), buffer, sizeof(buffer)));
    if (fw_json_text_of(report, "limit")[0])
        item(&row, "limit was %s", fw_json_text_of(report, "limit"));
    fputc('\n', out);
}

/* What each stage did and what it waited for. */
static void print_waits(FILE *out, const json_t *report)
{
    size_t index;
    const json_t *stage;
    json_array_foreach(json_object_get(report, "stages"), index, stage)
    {
        char text[96];
        (void)snprintf(text, sizeof(text), "  %s x%lld: %lld frames",
                       fw_json_text_of(stage, "name"), fw_json_count_of(stage, "processes"),
                       fw_json_count_of(stage, "frames"));
        struct row row = begin(out, text);
        item(&row, "busy %.2f s", fw_json_number_of(stage, "busy_s"));
        item(&row, "starved %.2f s", fw_json_number_of(stage, "starved_s"));
        item(&row, "blocked %.2f s", fw_json_number_of(stage, "blocked_s"));
        item(&row, "%lld wakes", fw_json_count_of(stage, "wakes"));
        fputc('\n', out);
    }
}

/* All layers when `verbose`, else those that are missing. */
static void print_sandbox(FILE *out, const json_t *report, bool verbose)
{
    static const char *const layers[] = { "no_new_privs", "rlimits", "landlock", "seccomp" };
    const char *sandbox = fw_json_text_of(report, "sandbox");
    const char *separator = "  sandbox: ";
    if (!sandbox[0])
        return;
    if (verbose || strcmp(sandbox, "off") == 0) {
        fprintf(out, "  sandbox: %s\n", sandbox);
        return;
    }
    for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++) {
        if (strstr(sandbox, layers[i]))
            continue;
        fprintf(out, "%sno %s", separator, layers[i]);
        separator = ", ";
    }
    if (separator[0] == ',')
        fputc('\n', out);
}

static void print_losses(FILE *out, const json_t *report)
{
    size_t index;
    const json_t *loss;
    char shown[1024];
    char number[32];
    json_array_foreach(json_object_get(report, "losses"), index, loss)
    {
        const json_t *stream = json_object_get(loss, "stream");
        const char *detail = fw_json_name_of(loss, "detail", shown, sizeof(shown));
        fprintf(out, "  %s", fw_json_text_of(loss, "kind"));
        /* Many details name their stream: "audio 1 (aac) is left out". */
        (void)snprintf(number, sizeof(number), " %lld (", (long long)json_integer_value(stream));
        if (json_is_integer(stream) && json_integer_value(stream) >= 0 && !strstr(detail, number))
            fprintf(out, ", stream %lld", (long long)json_integer_value(stream));
        fprintf(out, ": %s\n", detail);
    }
}

static void print_deaths(FILE *out, const json_t *report)
{
    size_t index;
    const json_t *death;
    json_array_foreach(json_object_get(report, "deaths"), index, death)
    {
        const json_t *frame = json_object_get(death, "frame");
        const char *process = fw_json_text_of(death, "process");
        fprintf(out, "  %s %s", process[0] ? process : fw_json_text_of(death, "role"),
                json_is_true(json_object_get(death, "hung")) ? "hung" : "died");
        if (fw_json_count_of(death, "signal") > 0)
            fprintf(out, " (SIG%s)",
                    sigabbrev_np((int)fw_json_count_of(death, "signal"))
                        ? sigabbrev_np((int)fw_json_count_of(death, "signal"))
                        : "?");
        if (json_is_integer(frame))
            fprintf(out, " on frame %lld", (long long)json_integer_value(frame));
        if (fw_json_text_of(death, "filter")[0])
            fprintf(out, " in %s", fw_json_text_of(death, "filter"));
        fprintf(out, ": %s\n", fw_json_text_of(death, "action"));
    }
}

char *fw_summary_text(const char *report_json, const char *output, bool verbose)
{
    char *text = NULL;
    size_t bytes = 0;
    char name[1024];
    json_t *report = report_json ? json_loads(report_json, 0, NULL) : NULL;
    FILE *out = report ? open_memstream(&text, &bytes) : NULL;
    if (!out) {
        json_decref(report);
        return NULL;
    }
    const char *status = fw_json_text_of(report, "status");
    if (strcmp(status, "skipped") == 0) {
        fprintf(out, "%s exists: skipped\n",
                fw_escape(output ? output : "the output", name, sizeof(name), 0));
    } else if (strcmp(status, "failed") != 0 &&
               (strcmp(status, "interrupted") != 0 || fw_json_text_of(report, "published")[0])) {
        print_head(out, report, output);
        print_account(out, report);
        print_stages(out, report);
        print_machine(out, report);
        if (verbose)
            print_waits(out, report);
        print_sandbox(out, report, verbose);
    }
    print_losses(out, report);
    print_deaths(out, report);
    json_decref(report);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
