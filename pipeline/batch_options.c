/* The option tables of `images` and `batch`: rows of their own, then those that they share with a
 * job. */
#include "batch_options.h"

#include <string.h>

#include "filters/check.h"

#define IMAGES (1u << FW_SCOPE_IMAGES)
#define BATCH (1u << FW_SCOPE_BATCH)
#define BOTH (IMAGES | BATCH)
#define FIELD(member) offsetof(struct fw_batch_settings, member)
#define ROW(scopes, name, aliases, value, group, help, text, repeat, command, kind, member, low,   \
            high)                                                                                  \
    {                                                                                              \
        { { name, aliases, (value) ? FW_ARG_VALUE : FW_ARG_FLAG, value, group, help, text, repeat, \
            command },                                                                             \
          kind,                                                                                    \
          FIELD(member),                                                                           \
          low,                                                                                     \
          high },                                                                                  \
            scopes                                                                                 \
    }
#define FLAG(scopes, name, group, help, member)                                                    \
    ROW(scopes, name, NULL, NULL, group, help, NULL, 0, 0, FW_VALUE_BOOL, member, 0, 0)
#define TEXT(scopes, name, value, group, help, text, member)                                       \
    ROW(scopes, name, NULL, value, group, help, text, 0, 0, FW_VALUE_TEXT, member, 0, 0)
#define LIST(scopes, name, value, group, help, member)                                             \
    ROW(scopes, name, NULL, value, group, help, NULL, 1, 0, FW_VALUE_LIST, member, 0, 0)
#define WORD(scopes, name, value, group, help, text, member)                                       \
    ROW(scopes, name, NULL, value, group, help, text, 0, 0, FW_VALUE_WORD, member, 0, 0)
#define COUNT(scopes, name, aliases, value, group, help, text, kind, member, low, high)            \
    ROW(scopes, name, aliases, value, group, help, text, 0, 0, kind, member, low, high)

#define file_group "Files"
#define choose_group "What is done, and what is left alone"
#define picture_group "Picture"
#define trust_group "When something is wrong"
#define machine_group "Processes and memory"
#define limit_group "Limits"
#define report_group "Progress and reports"

struct scoped_row {
    struct fw_option_row row;
    uint32_t scopes;
};

static const struct scoped_row rows[] = {
    ROW(BOTH, "output", "-o", "DIR", file_group,
        "Where outputs go, in the tree of their sources; made when it is missing.", NULL, 0, 0,
        FW_VALUE_TEXT, folder, 0, 0),
    LIST(BOTH, "files0-from", "FILE|-", file_group,
         "Sources from a list whose names end in a zero byte, as of find -print0.", files0),
    LIST(BATCH, "jobs", "FILE|-", file_group,
         "Jobs from a list: a name a line, or a JSON object a line with input, output, options.",
         lists),
    LIST(BOTH, "exclude", "GLOB", file_group,
         "Leave out what matches: a name, dir/ for a folder, or a path of the tree.", excludes),
    TEXT(BOTH, "name", "TEMPLATE", file_group,
         "Names of outputs: {dir} {stem} {ext} {name} {n} {n:06}, {{ for a brace.", "the source's",
         name),
    TEXT(IMAGES, "to", "png|jpg|webp|tif|bmp|gif|ppm|pam|exr|ff|qoi", file_group,
         "Kind of the outputs, and their extension.", "the source's", to),
    FLAG(IMAGES, "in-place", file_group,
         "Write beside the sources: with a --name that differs, or over them with -y.", in_place),
    TEXT(BOTH, "preserve", "times,mode", file_group,
         "Give outputs the times or the mode of sources.", NULL, preserve),
    TEXT(BOTH, "state", "FILE", file_group, "Where the state of the batch is kept.",
         ".framewheel.db in DIR", state),

    WORD(BOTH, "if", "changed|newer|missing|always", choose_group,
         "Do an item when source or settings changed, when the source is newer than the output, "
         "when there is no output, or always.",
         "changed", when),
    FLAG(BOTH, "retry-failed", choose_group, "Try items again that failed by their own fault.",
         retry_failed),
    FLAG(BOTH, "wait", choose_group, "Wait for another run on the same folder; else exit 5.", wait),
    WORD(BATCH, "order", "longest|listed", choose_group, "Which job comes first.", "longest",
         order),

    COUNT(IMAGES, "quality", "-quality", "N", picture_group, "Of JPEG and WebP, 1 to 100.",
          "the source's tables; 90, WebP 80", FW_VALUE_U32, quality, 1, 100),
    TEXT(IMAGES, "subsampling", "4:4:4|4:2:2|4:4:0|4:2:0|4:1:1", picture_group, "Of JPEG's colour.",
         "the source's; 4:4:4 from quality 90 on", chroma),
    COUNT(IMAGES, "compression", NULL, "N", picture_group, "Of PNG and TIFF, 0 to 9.", "6",
          FW_VALUE_LEVEL, compression, 0, 9),
    WORD(IMAGES, "progressive", "keep|yes|no", picture_group, "JPEG, and interlace of PNG.", "keep",
         progressive),
    WORD(IMAGES, "lossless", "keep|yes|no", picture_group, "WebP.", "keep", lossless),
    FLAG(IMAGES, "linear", picture_group, "Filter in linear light.", linear),
    FLAG(IMAGES, "strip", picture_group, "Write no EXIF, XMP, texts; the colour profile stays.",
         strip),

    WORD(BOTH, "halt", "never|soon|now", trust_group,
         "When an item fails: go on, finish what runs and stop, or end everything.", "never", halt),
    COUNT(BOTH, "max-tries", NULL, "N", trust_group,
          "How often an item is tried that a crash or the system ended.", "2", FW_VALUE_U32,
          tries_max, 1, 100),

    COUNT(BATCH, "j", "-j", "N|auto", machine_group, "Jobs at once, sharing the workers.", "auto",
          FW_VALUE_U32_AUTO, jobs, 1, FW_WORKERS_MAX),
    WORD(BOTH, "durability", "auto|full|batch|none", machine_group,
         "Sync every output, groups of them, or none. Either way no name holds half a file while "
         "the machine runs.",
         "auto: batch for images, full for videos", durability),
    COUNT(IMAGES, "max-image-time", NULL, "TIME", limit_group, "Longest time for one file.", "30",
          FW_VALUE_MILLIS, image_time_ms, 100, 86400000),

    TEXT(BOTH, "joblog", "FILE.tsv", report_group, "A line an item, in GNU parallel's columns.",
         NULL, joblog),
};

/* What `images` shares with a job. */
static const char *const image_words[] = {
    "recipe",      "y",        "vf",          "plugin",
    "plugin-path", "verify",   "strict",      "workers",
    "ring-mem",    "cpu",      "sandbox",     "max-pixels",
    "max-slot",    "progress", "progress-to", "progress-interval",
    "json",        "report",   "dry-run",     "verbose",
    "quiet",       "log-file", "loglevel",    "fault",
};
/* What only a single job has. */
static const char *const single_words[] = { "input", "output", "n", "null" };

static bool among(const char *const *words, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], name) == 0)
            return true;
    }
    return false;
}

static bool is_shared(enum fw_scope scope, const struct fw_job_option *option)
{
    if (scope == FW_SCOPE_IMAGES)
        return among(image_words, FW_COUNT(image_words), option->name);
    return !among(single_words, FW_COUNT(single_words), option->name);
}

const struct fw_option_row *fw_batch_row_find(enum fw_scope scope, const char *name)
{
    for (size_t i = 0; i < FW_COUNT(rows); i++) {
        if ((rows[i].scopes & 1u << scope) && fw_option_row_is(&rows[i].row, name))
            return &rows[i].row;
    }
    return NULL;
}

bool fw_batch_shares(enum fw_scope scope, const char *name)
{
    const struct fw_job_option *option = fw_job_option_find(name);
    return option ? is_shared(scope, option) : scope == FW_SCOPE_BATCH;
}

const struct fw_job_option *fw_option_at(enum fw_scope scope, uint32_t index)
{
    if (scope == FW_SCOPE_RUN)
        return fw_job_option_at(index);
    for (size_t i = 0; i < FW_COUNT(rows); i++) {
        if ((rows[i].scopes & 1u << scope) && index-- == 0)
            return &rows[i].row.option;
    }
    for (uint32_t i = 0; i < fw_job_option_count(); i++) {
        if (is_shared(scope, fw_job_option_at(i)) && index-- == 0)
            return fw_job_option_at(i);
    }
    return NULL;
}

const struct fw_job_option *fw_option_find(enum fw_scope scope, const char *name)
{
    if (scope == FW_SCOPE_RUN)
        return fw_job_option_find(name);
    const struct fw_option_row *row = fw_batch_row_find(scope, name);
    if (row)
        return &row->option;
    const struct fw_job_option *option = fw_job_option_find(name);
    return option && is_shared(scope, option) ? option : NULL;
}
