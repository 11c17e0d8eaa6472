/* Rules over the text of one file. */
#include "tidy.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_COLUMNS 100
#define FILE_MAX_LINES 600
#define FUNCTION_MAX_LINES 70

/* Headers and calls that have few owners. `where` limits the rule to files, `owners` are exempt. */
struct owner {
    const char *what;
    const char *where;
    const char *owners;
    const char *reason;
};

static const struct owner headers[] = {
    { "libavfilter/*", "*", "filters/lavfi* pipeline/version* pipeline/doctor* tests/*",
      "only filters/lavfi* speaks libavfilter" },
    { "libav* libsw*", "filters/*.c filters/*.h", "filters/lavfi* filters/convert* filters/expr*",
      "filters work on fw_image" },
    { "libav* libsw*", "pipeline/*.c pipeline/*.h",
      "pipeline/source* pipeline/sink* pipeline/avframe* pipeline/remux* pipeline/record* "
      "pipeline/avio* pipeline/avlog* pipeline/y4m* pipeline/encoder_* "
      "pipeline/snapshot.c pipeline/probe* pipeline/plan_* pipeline/version* pipeline/losses* "
      "pipeline/doctor* pipeline/still_lavc*",
      "libav types stay in the files that need them" },
    { "libav* libsw*", "tools/* samples/*", "", "tools are written on the public headers" },
    { "png.h setjmp.h", "pipeline/* filters/* tools/* samples/*",
      "pipeline/png_* filters/png_* pipeline/jpeg_*",
      "longjmp stays with the libraries that use it, in png_*.c and jpeg_*.c" },
    { "stdatomic.h", "pipeline/* filters/* tools/* samples/*",
      "pipeline/control.h pipeline/ring* pipeline/ranges* pipeline/bell* pipeline/packet_ring* "
      "pipeline/wait*",
      "atomics belong to the ring's files" },
    { "getopt.h", "pipeline/* filters/*", "", "options are parsed in tools" },
};

static const struct owner calls[] = {
    { "printf fprintf vprintf vfprintf puts perror putchar", "pipeline/*.c filters/*.c", "",
      "the library never prints" },
    { "exit system popen", "pipeline/*.c filters/*.c", "", "the library never exits" },
    { "getopt getopt_long", "pipeline/*.c filters/*.c", "", "options are parsed in tools" },
    /* A library caller names the helper program by FRAMEWHEEL_HELPER. */
    { "getenv secure_getenv", "pipeline/*.c filters/*.c", "pipeline/job*.c pipeline/helper*.c",
      "the library reads no environment" },
    { "fork vfork waitid waitpid wait4 kill pidfd_open clone3", "pipeline/*.c filters/*.c",
      "pipeline/supervisor*.c pipeline/spawn*.c pipeline/child.c pipeline/helper*.c "
      "pipeline/process.c "
      "pipeline/doctor.c", /* asks whether the kernel has pidfds */
      "processes are started and ended in few places" },
};

struct arrow {
    const char *where;
    const char *quoted;  /* globs of "..." includes; a name without a slash is always its own */
    const char *bracket; /* globs of <framewheel/...> includes */
};

static const struct arrow arrows[] = {
    { "filters/kernels/*", "", "" },
    { "filters/*", "kernels/*.h", "" },
    { "pipeline/*",
      "filters/filter.h filters/check.h filters/chain.h filters/registry.h filters/params.h "
      "filters/plugin.h "
      "filters/format.h filters/image.h filters/metrics.h filters/suggest.h",
      "framewheel/framewheel.h framewheel/filter.h" },
    { "tools/*", "", "framewheel/framewheel.h framewheel/filter.h" },
    { "samples/*", "", "framewheel/framewheel.h framewheel/filter.h" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool tidy_match(const char *pattern, const char *path)
{
    char globs[512];
    char *rest = NULL;
    (void)snprintf(globs, sizeof(globs), "%s", pattern);
    for (char *glob = strtok_r(globs, " ", &rest); glob; glob = strtok_r(NULL, " ", &rest)) {
        if (fnmatch(glob, path, 0) == 0)
            return true;
    }
    return false;
}

/* A copy whose comments and literals are blanked, so that words in them are no code. The texts of
 * includes stay. */
static char *code_of(const char *text)
{
    enum { CODE, LINE, BLOCK, STRING, CHARACTER } state = CODE;
    char *code = strdup(text);
    for (char *c = code; c && *c; c++) {
        if (*c == '\n') {
            state = state == BLOCK ? BLOCK : CODE;
            continue;
        }
        if (state == CODE) {
            if (c[0] == '/' && (c[1] == '*' || c[1] == '/'))
                state = c[1] == '*' ? BLOCK : LINE;
            else if (*c == '"' || *c == '\'')
                state = *c == '"' ? STRING : CHARACTER;
            continue;
        }
        if (state == BLOCK && c[0] == '*' && c[1] == '/') {
            *c++ = ' ';
            *c = ' ';
            state = CODE;
        } else if ((state == STRING && *c == '"') || (state == CHARACTER && *c == '\'')) {
            state = CODE;
        } else if (state >= STRING && c[0] == '\\' && c[1] != '\n' && c[1]) {
            *c++ = ' ';
            *c = ' ';
        } else {
            *c = ' ';
        }
    }
    return code;
}

struct check {
    const struct tidy_file *file;
    const struct tidy_sink *sink;
    size_t line;
};

static void report(const struct check *check, const char *rule, const char *what)
{
    check->sink->report(check->sink->user, check->file, rule, check->line, what);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Where `word` stands alone in the line, or NULL. */
static const char *find_word(const char *line, const char *word)
{
    const size_t bytes = strlen(word);
    for (const char *at = strstr(line, word); at; at = strstr(at + 1, word)) {
        if ((at == line || !is_word(at[-1])) && !is_word(at[bytes]))
            return at;
    }
    return NULL;
}

static size_t columns(const char *line)
{
    size_t count = 0;
    for (; *line; line++)
        count += ((unsigned char)*line & 0xc0) != 0x80;
    return count;
}

static void check_text(const struct check *check, const char *line)
{
    static const char *const marks[] = { "TO"
                                         "DO",
                                         "FIX"
                                         "ME",
                                         "XX"
                                         "X" };
    for (size_t i = 0; i < COUNT(marks); i++) {
        if (find_word(line, marks[i]))
            report(check, "mark", "work left for later has no place in the tree");
    }
    if (columns(line) > LINE_MAX_COLUMNS)
        report(check, "columns", "the line is longer than 100 columns");
    const size_t bytes = strlen(line);
    if (bytes > 0 && (line[bytes - 1] == ' ' || line[bytes - 1] == '\t'))
        report(check, "blank", "white space at the end of the line");
    if (strchr(line, '\t'))
        report(check, "blank", "a tab");
}

static void check_include(const struct check *check, const char *line)
{
    char name[256];
    char open;
    if (sscanf(line, " # include %c%255[^\">]", &open, name) != 2 || (open != '"' && open != '<'))
        return;
    const char *path = check->file->path;
    for (size_t i = 0; i < COUNT(headers); i++) {
        if (tidy_match(headers[i].what, name) && tidy_match(headers[i].where, path) &&
            !tidy_match(headers[i].owners, path))
            report(check, "owner", headers[i].reason);
    }
    for (size_t i = 0; i < COUNT(arrows); i++) {
        if (!tidy_match(arrows[i].where, path))
            continue;
        bool bad = open == '"' ? strchr(name, '/') && !tidy_match(arrows[i].quoted, name)
                               : strncmp(name, "framewheel/", 11) == 0 &&
                                     !tidy_match(arrows[i].bracket, name);
        if (bad)
            report(check, "arrow", "an include against the arrows (docs/HACKING.md)");
        return; /* the first, narrowest row decides */
    }
}

static void check_calls(const struct check *check, const char *code)
{
    for (size_t i = 0; i < COUNT(calls); i++) {
        char words[256];
        char *rest = NULL;
        if (!tidy_match(calls[i].where, check->file->path) ||
            tidy_match(calls[i].owners, check->file->path))
            continue;
        (void)snprintf(words, sizeof(words), "%s", calls[i].what);
        for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
            const char *at = find_word(code, word);
            if (at && at[strlen(word) + strspn(at + strlen(word), " ")] == '(')
                report(check, "call", calls[i].reason);
        }
    }
    const char *jump = find_word(code, "goto");
    if (jump && strncmp(jump, "goto done;", 10) != 0)
        report(check, "goto", "the one label is `done`");
}

/* A function's body stands between a brace and a brace in the first column. */
static void check_function(struct check *check, const char *code, size_t *opened)
{
    if (strcmp(code, "{") == 0)
        *opened = check->line;
    if (code[0] != '}' || *opened == 0)
        return;
    const size_t lines = check->line - *opened + 1;
    if (lines > FUNCTION_MAX_LINES) {
        check->line = *opened;
        report(check, "function", "the function is longer than 70 lines");
        check->line = *opened + lines - 1;
    }
    *opened = 0;
}

/* A list that other code reads line by line: `NAME(word)`, each larger than the one before. */
static void check_list(const struct check *check, const char *line, char *before, size_t bytes)
{
    size_t name = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    if (name == 0 || line[name] != '(')
        return;
    int order = strcmp(before, line);
    if (order >= 0)
        report(check, "list", order ? "the list is not sorted" : "the line is there twice");
    (void)snprintf(before, bytes, "%s", line);
}

void tidy_file_check(const struct tidy_file *file, const struct tidy_sink *sink)
{
    struct check check = { file, sink, 0 };
    const bool is_c = tidy_match("*.c *.h", file->path);
    char *text = strdup(file->text);
    char *code = code_of(file->text);
    const bool is_list = tidy_match("*_list.h", file->path);
    char before[256] = "";
    size_t opened = 0;

    if (!text || !code)
        abort();
    char *code_line = code;
    for (char *line = text; *line;) {
        char *end = strchrnul(line, '\n');
        char *code_end = code_line + (end - line);
        const bool last = *end == '\0';
        *end = '\0';
        *code_end = '\0';
        check.line++;
        if (is_c) {
            check_text(&check, line);
            check_include(&check, line);
            check_calls(&check, code_line);
            check_function(&check, code_line, &opened);
        }
        if (is_list)
            check_list(&check, line, before, sizeof(before));
        line = last ? end : end + 1;
        code_line = last ? code_end : code_end + 1;
    }
    if (is_c && check.line > FILE_MAX_LINES)
        report(&check, "file", "the file is longer than 600 lines");
    free(code);
    free(text);
}
