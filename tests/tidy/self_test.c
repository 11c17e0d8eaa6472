/* Shows that each rule can fail, and that its neighbours do not. */
#include "tidy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sample {
    const char *rule; /* NULL: nothing to report */
    const char *path;
    const char *text;
};

static const struct sample samples[] = {
    { NULL, "pipeline/run.c", "#include \"run.h\"\n#include \"filters/chain.h\"\nint x;\n" },
    { NULL, "pipeline/run.c", "/* printf() is for tools */\nconst char *s = \"exit(1)\";\n" },
    { NULL, "pipeline/a.c",
      "char t[] = \".XX"
      "XXXX\";\n" },
    { NULL, "pipeline/a.c", "void f(void)\n{\n    snprintf(b, 1, c);\n    goto done;\n}\n" },
    { NULL, "pipeline/source_lavf.c", "#include <libavcodec/avcodec.h>\n" },
    { NULL, "pipeline/child.c", "int p = fork();\n" },
    { NULL, "pipeline/job_helper.c", "char *p = getenv(\"X\");\n" },
    { NULL, "tests/e2e/run.c", "#include \"pipeline/ring.h\"\nprintf(x);\n" },
    { NULL, "filters/lavfi.c", "#include <libavfilter/avfilter.h>\n" },
    { NULL, "filters/a_list.h", "/* A(x) lines */\nA(b)\nA(b_c)\nA(c)\n" },
    { NULL, "filters/a.h", "A(b)\nA(b)\n" },
    { "list", "filters/a_list.h", "A(b)\nA(b)\nA(c)\n" },
    { "list", "tests/a_list.h", "A(c)\nA(b)\n" },
    { "mark", "tools/a.c",
      "/* TO"
      "DO: later */\n" },
    { "mark", "tests/a.c",
      "int x; // FIX"
      "ME\n" },
    { "blank", "tools/a.c", "int x; \n" },
    { "blank", "tools/a.c", "\tint x;\n" },
    { "arrow", "filters/blur.c", "#include \"pipeline/ring.h\"\n" },
    { "arrow", "filters/blur.c", "#include \"../pipeline/ring.h\"\n" },
    { "arrow", "filters/kernels/lut.c", "#include \"../filter.h\"\n" },
    { "arrow", "filters/kernels/lut.c", "#include <framewheel/filter.h>\n" },
    { "arrow", "pipeline/run.c", "#include \"filters/grammar.h\"\n" },
    { "arrow", "tools/cmd_run.c", "#include \"pipeline/ring.h\"\n" },
    { "owner", "tools/cmd_run.c", "#include <libavutil/frame.h>\n" },
    { "owner", "pipeline/supervisor.c", "#include <libavutil/frame.h>\n" },
    { "owner", "filters/blur.c", "#include <libswscale/swscale.h>\n" },
    { "owner", "pipeline/sink_lavf.c", "#include <libavfilter/avfilter.h>\n" },
    { "owner", "pipeline/run.c", "#include <stdatomic.h>\n" },
    { "owner", "pipeline/run.c", "#include <png.h>\n" },
    { "call", "pipeline/run.c", "    printf(\"x\");\n" },
    { "call", "filters/blur.c", "    exit (1);\n" },
    { "call", "pipeline/run.c", "    x = getenv(\"HOME\");\n" },
    { "call", "pipeline/run.c", "    getopt_long(a, b);\n" },
    { "call", "pipeline/worker.c", "    kill(pid, 9);\n" },
    { "goto", "pipeline/run.c", "    goto out;\n" },
};

struct seen {
    int count;
    char rule[32];
};

static void note(void *user, const struct tidy_file *file, const char *rule, size_t line,
                 const char *what)
{
    struct seen *seen = user;
    (void)file;
    (void)line;
    (void)what;
    seen->count++;
    (void)snprintf(seen->rule, sizeof(seen->rule), "%s", rule);
}

static int try_one(const struct sample *sample)
{
    struct seen seen = { 0 };
    const struct tidy_file file = { sample->path, sample->text };
    const struct tidy_sink sink = { &seen, note };
    tidy_file_check(&file, &sink);
    if (sample->rule ? seen.count == 1 && strcmp(seen.rule, sample->rule) == 0 : seen.count == 0)
        return 0;
    (void)printf("self-test: %s: %d findings, the last is %s, expected %s:\n%s", sample->path,
                 seen.count, seen.count ? seen.rule : "none", sample->rule ? sample->rule : "none",
                 sample->text);
    return 1;
}

/* A text of `head`, `count` times `line`, and `tail`. */
static int try_long(const char *rule, const char *head, const char *line, size_t count,
                    const char *tail)
{
    char *text = malloc(strlen(head) + strlen(line) * count + strlen(tail) + 1);
    if (!text)
        abort();
    char *end = stpcpy(text, head);
    for (size_t i = 0; i < count; i++)
        end = stpcpy(end, line);
    (void)stpcpy(end, tail);
    const struct sample sample = { rule, "pipeline/a.c", text };
    int bad = try_one(&sample);
    free(text);
    return bad;
}

int tidy_self_test(void)
{
    int bad = 0;
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        bad += try_one(&samples[i]);
    bad += try_long(NULL, "", "x", 100, "\n");
    bad += try_long("columns", "", "x", 101, "\n");
    bad += try_long(NULL, "", "\xc3\xa9", 100, "\n");
    bad += try_long(NULL, "void f(void)\n{\n", "    x();\n", 68, "}\n");
    bad += try_long("function", "void f(void)\n{\n", "    x();\n", 69, "}\n");
    bad += try_long(NULL, "", "int x;\n", 600, "");
    bad += try_long("file", "", "int x;\n", 601, "");
    bad += tidy_symbols_self_test();
    return bad;
}
