#include "causes.h"

#include "publish_path.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#define TEXT_BYTES 400

struct group {
    char key[TEXT_BYTES];   /* without names and numbers */
    char first[TEXT_BYTES]; /* of the first message, without its name */
    bool alike;             /* all messages were that one */
    uint64_t hash;
    uint64_t count;
    uint32_t order;
    char *names[FW_CAUSE_NAMES_MAX];
    uint32_t name_count;
};

struct fw_causes {
    struct group *groups; /* FW_CAUSES_MAX, and one for the rest */
    uint32_t count;
    bool sorted;
};

int fw_causes_create(struct fw_causes **causes_out, struct fw_error *err)
{
    struct fw_causes *causes = calloc(1, sizeof(*causes));
    struct group *groups = calloc(FW_CAUSES_MAX + 1, sizeof(*groups));
    if (!causes || !groups) {
        free(groups);
        free(causes);
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the list of failures");
    }
    causes->groups = groups;
    *causes_out = causes;
    return FW_OK;
}

void fw_causes_destroy(struct fw_causes *causes)
{
    if (!causes)
        return;
    for (uint32_t i = 0; i < causes->count; i++) {
        for (uint32_t n = 0; n < causes->groups[i].name_count; n++)
            free(causes->groups[i].names[n]);
    }
    free(causes->groups);
    free(causes);
}

/* ---- one message -------------------------------------------------------------------------- */

/* Replaces `name`, and what of a path stands before it, by "...". */
static bool replace_name(char *text, size_t room, const char *name)
{
    char rest[TEXT_BYTES];
    char *at = name[0] ? strstr(text, name) : NULL;
    if (!at)
        return false;
    (void)snprintf(rest, sizeof(rest), "%s", at + strlen(name));
    while (at > text && !strchr(" '\"(", at[-1]))
        at--;
    size_t used = (size_t)(at - text);
    (void)snprintf(at, room - used, "...%s", rest);
    return true;
}

/* The message's first line; its own name is gone where it stands in front. */
static void strip(const char *message, const char *name, char *text)
{
    char shown[FW_SHOWN_BYTES];
    (void)snprintf(text, TEXT_BYTES, "%.*s", (int)strcspn(message, "\n"), message);
    /* Messages hold names in their shown form. */
    (void)fw_path_shown(name, shown, sizeof(shown));
    if (!replace_name(text, TEXT_BYTES, shown)) {
        (void)fw_path_shown(fw_path_name(name), shown, sizeof(shown));
        (void)replace_name(text, TEXT_BYTES, shown);
    }
    if (strncmp(text, "...: ", 5) == 0)
        memmove(text, text + 5, strlen(text + 5) + 1);
    if (!text[0])
        (void)snprintf(text, TEXT_BYTES, "unknown cause");
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Numbers become "N", but not those that belong to a word, as in h264. */
static void blank_numbers(const char *text, char *key)
{
    size_t used = 0;
    for (const char *at = text; *at && used + 2 < TEXT_BYTES;) {
        size_t digits = 0;
        if (at == text || !is_word(at[-1]))
            digits = strncmp(at, "0x", 2) == 0 ? 2 + strspn(at + 2, "0123456789abcdefABCDEF")
                                               : strspn(at, "0123456789");
        key[used++] = digits > 0 ? 'N' : *at;
        at += digits > 0 ? digits : 1;
    }
    key[used] = '\0';
}

/* ---- groups ------------------------------------------------------------------------------- */

static struct group *find_group(struct fw_causes *causes, const char *key, uint64_t hash)
{
    for (uint32_t i = 0; i < causes->count; i++) {
        if (causes->groups[i].hash == hash && strcmp(causes->groups[i].key, key) == 0)
            return &causes->groups[i];
    }
    return NULL;
}

static struct group *new_group(struct fw_causes *causes, const char *key, const char *first,
                               uint64_t hash)
{
    struct group *group = &causes->groups[causes->count];
    (void)snprintf(group->key, sizeof(group->key), "%s", key);
    (void)snprintf(group->first, sizeof(group->first), "%s", first);
    group->alike = true;
    group->hash = hash;
    group->order = causes->count++;
    return group;
}

static struct group *group_for(struct fw_causes *causes, const char *text)
{
    static const char others[] = "other causes";
    char key[TEXT_BYTES];
    blank_numbers(text, key);
    uint64_t hash = XXH3_64bits(key, strlen(key));
    struct group *group = find_group(causes, key, hash);
    if (group || causes->count < FW_CAUSES_MAX)
        return group ? group : new_group(causes, key, text, hash);
    hash = XXH3_64bits(others, strlen(others));
    group = find_group(causes, others, hash);
    return group ? group : new_group(causes, others, others, hash);
}

int fw_causes_add(struct fw_causes *causes, const char *message, const char *name,
                  struct fw_error *err)
{
    char text[TEXT_BYTES];
    char *copy = NULL;
    strip(message ? message : "", name ? name : "", text);
    struct group *group = group_for(causes, text);
    if (name && group->name_count < FW_CAUSE_NAMES_MAX) {
        copy = strdup(name);
        if (!copy)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for the list of failures");
        group->names[group->name_count++] = copy;
    }
    group->alike = group->alike && strcmp(group->first, text) == 0;
    group->count++;
    causes->sorted = false;
    return FW_OK;
}

uint32_t fw_causes_count(const struct fw_causes *causes)
{
    return causes->count;
}

static int bigger_first(const void *a, const void *b)
{
    const struct group *one = a;
    const struct group *other = b;
    if (one->count != other->count)
        return one->count < other->count ? 1 : -1;
    return one->order < other->order ? -1 : 1;
}

bool fw_causes_at(struct fw_causes *causes, uint32_t index, struct fw_cause *cause_out)
{
    if (index >= causes->count)
        return false;
    if (!causes->sorted)
        qsort(causes->groups, causes->count, sizeof(*causes->groups), bigger_first);
    causes->sorted = true;
    const struct group *group = &causes->groups[index];
    cause_out->text = group->alike ? group->first : group->key;
    cause_out->count = group->count;
    cause_out->names = (const char *const *)group->names;
    cause_out->name_count = group->name_count;
    return true;
}
