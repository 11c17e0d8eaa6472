#include "plan_lock.h"

#include "avlog.h"
#include "sandbox.h"

#include "filters/check.h"
#include "filters/format.h"
#include "filters/image.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- in the planner ----------------------------------------------------------------------- */

#define PATHS_MAX 96

/* Libraries and their data, fonts, and how many cores of which kind there are. */
static const char *const system_paths[] = {
    "/usr",
    "/lib",
    "/lib64",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/var/cache/fontconfig",
    "/sys/devices/system",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/dev/null",
};

struct paths {
    const char *items[PATHS_MAX];
    char *words[PATHS_MAX]; /* those of `items` that are from malloc */
    uint32_t count;
    uint32_t word_count;
};

/* Takes the word. One that names a file may be read; a folder only when it is written as a path. */
static void offer(struct paths *paths, char *word)
{
    struct stat status;
    bool found = word != NULL && stat(word, &status) == 0;
    bool folder = found && S_ISDIR(status.st_mode);
    bool wanted = found && (!folder || (strchr(word, '/') != NULL && word[strspn(word, "/.")]));
    if (wanted && paths->count < PATHS_MAX) {
        paths->items[paths->count++] = word;
        paths->words[paths->word_count++] = word;
    } else {
        free(word);
    }
}

/* Takes off one level of escapes, or all that is only there to escape. */
static void unescape(char *text, bool all)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (all && (*from == '\\' || *from == '\''))
            continue;
        if (!all && *from == '\\' && from[1] != '\0')
            from++;
        *to++ = *from;
    }
    *to = '\0';
}

static void offer_word(struct paths *paths, const char *start, size_t length)
{
    char *plain = strndup(start, length);
    char *once = strndup(start, length);
    char *bare = strndup(start, length);
    if (once != NULL)
        unescape(once, false);
    if (bare != NULL)
        unescape(bare, true);
    offer(paths, plain);
    offer(paths, once);
    offer(paths, bare);
}

/* The text has two levels of quotes and escapes, and each filter its own options, so every word
 * that could be a name is tried: what a user wrote into a chain is not what the lock is against. */
static void collect_words(struct paths *paths, const char *chain, bool quotes)
{
    bool quoted = false;
    const char *start = chain;
    for (const char *c = chain; start != NULL; c++) {
        bool escaped = c > chain && c[-1] == '\\';
        if (quotes && *c == '\'' && !escaped)
            quoted = !quoted;
        bool ends = *c == '\0' || (!quoted && !escaped && strchr("=:,;|[]", *c) != NULL);
        if (ends && c > start)
            offer_word(paths, start, (size_t)(c - start));
        if (ends)
            start = *c == '\0' ? NULL : c + 1;
    }
}

int fw_plan_lock(const struct fw_settings *settings, struct fw_error *err)
{
    struct paths paths = { 0 };
    uint32_t layers = 0;
    fw_avlog_limit_memory();
    for (size_t i = 0; i < FW_COUNT(system_paths); i++)
        paths.items[paths.count++] = system_paths[i];
    if (settings->chain != NULL) {
        collect_words(&paths, settings->chain, true);
        collect_words(&paths, settings->chain, false);
    }
    const struct fw_sandbox_options options = {
        .role = FW_SANDBOX_WORKER,
        .mode = settings->sandbox,
        .address_space = FW_ADDRESS_SPACE_BASE,
        .read_paths = paths.items,
        .read_path_count = paths.count,
    };
    int status = fw_sandbox_enter(&options, &layers, err);
    for (uint32_t i = 0; i < paths.word_count; i++)
        free(paths.words[i]);
    return status;
}

/* ---- in the supervisor -------------------------------------------------------------------- */

static bool pool_fits(uint32_t slots, uint64_t slot_bytes, uint64_t pool_bytes, uint64_t most)
{
    uint64_t bytes = 0;
    return slots > 0 && !__builtin_mul_overflow(slots, slot_bytes, &bytes) && bytes == pool_bytes &&
           bytes <= most;
}

static bool frame_fits(const struct fw_link *link, uint64_t slot_bytes)
{
    struct fw_video video;
    struct fw_image_layout layout;
    return fw_link_to_video(link, &video) &&
           fw_image_layout(&layout, video.format, video.width, video.height) == 0 &&
           layout.bytes + FW_BLOB_MAX <= slot_bytes;
}

static int check_hops(const struct fw_plan *plan, struct fw_error *err)
{
    uint32_t workers = 0;
    for (uint32_t i = 0; i < plan->hop_count; i++) {
        const struct fw_hop_plan *hop = &plan->hops[i];
        const struct fw_hop_geometry *g = &hop->geometry;
        if (fw_hop_geometry_check(g, hop->workers, NULL) < 0 ||
            hop->first_proc != FW_PLAN_FIRST_WORKER + workers ||
            !pool_fits(g->in_slots, g->in_slot_bytes, hop->in_pool_bytes, plan->budget_bytes) ||
            !pool_fits(g->out_slots, g->out_slot_bytes, hop->out_pool_bytes, plan->budget_bytes))
            return fw_fail(err, FW_ERR_INTERNAL, "the plan's hop %u makes no sense", i);
        workers += hop->workers;
    }
    if (workers != plan->workers || workers > FW_PROCS_MAX - FW_PLAN_FIRST_WORKER)
        return fw_fail(err, FW_ERR_INTERNAL, "the plan has %u workers", plan->workers);
    return FW_OK;
}

static int check_streams(const struct fw_plan *plan, struct fw_error *err)
{
    for (uint32_t i = 0; i < FW_STREAMS_MAX; i++) {
        const struct fw_stream_plan *stream = &plan->streams[i];
        if (stream->action > FW_STREAM_ATTACHMENT || stream->output < -1 ||
            stream->output >= FW_STREAMS_MAX)
            return fw_fail(err, FW_ERR_INTERNAL, "the plan's stream %u makes no sense", i);
    }
    return FW_OK;
}

int fw_plan_check(struct fw_plan *plan, struct fw_error *err)
{
    plan->prefix[sizeof(plan->prefix) - 1] = '\0';
    plan->encoder[sizeof(plan->encoder) - 1] = '\0';
    for (uint32_t i = 0; i < FW_PLAN_STEPS; i++)
        plan->steps[i][sizeof(plan->steps[i]) - 1] = '\0';
    if (plan->hop_count < 1 || plan->hop_count > FW_HOPS_MAX ||
        plan->prefix_steps > plan->step_count)
        return fw_fail(err, FW_ERR_INTERNAL, "the plan has %u hops and %u filters", plan->hop_count,
                       plan->step_count);
    if (!frame_fits(&plan->source, plan->hops[0].geometry.in_slot_bytes) ||
        !frame_fits(&plan->output, plan->hops[plan->hop_count - 1].geometry.out_slot_bytes) ||
        (plan->output_format != UINT32_MAX && fw_format_at(plan->output_format) == NULL))
        return fw_fail(err, FW_ERR_INTERNAL, "the plan's pictures make no sense");
    int status = check_hops(plan, err);
    return status == FW_OK ? check_streams(plan, err) : status;
}
