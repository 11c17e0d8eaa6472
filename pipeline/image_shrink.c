#include "image_shrink.h"

#include "filters/chain.h"
#include "filters/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHRINK_MAX 8u
/* What the filter itself still shrinks by: a decoder's scaling is coarse, and this hides it. */
#define LEFT_MIN 2
/* For a filter's name, its size, and a colon more for every argument. */
#define SIZE_TEXT_BYTES 128

/* Options of the filters below that the written-out size stands for. */
static const char *const size_words[] = {
    "w",
    "h",
    "width",
    "height",
    "size",
    "s",
    "mode",
    "enlarge",
    "force_original_aspect_ratio",
    "force_divisible_by",
};

struct first_filter {
    bool thumb;       /* else scale */
    const char *args; /* behind the '=', or the end of the name */
    size_t args_bytes;
    const char *behind; /* the rest of the chain, with its comma */
};

/* The first filter when it is one that resizes, written so plainly that its text can be taken apart
 * at ':' and '='. */
static bool read_first(const char *chain, struct first_filter *first)
{
    size_t bytes = strcspn(chain, ",");
    size_t name = strcspn(chain, "=,");
    if (strcspn(chain, ";[]'\\") < bytes || strcspn(chain, ";[]") < strlen(chain))
        return false;
    memset(first, 0, sizeof(*first));
    first->thumb = name == 5 && strncmp(chain, "thumb", 5) == 0;
    if (!first->thumb && !(name == 5 && strncmp(chain, "scale", 5) == 0))
        return false;
    first->args = chain + name + (chain[name] == '=');
    first->args_bytes = bytes > name ? bytes - name - 1 : 0;
    first->behind = chain + bytes;
    return true;
}

static bool is_size_word(const char *word, size_t bytes)
{
    for (size_t i = 0; i < FW_COUNT(size_words); i++) {
        if (strlen(size_words[i]) == bytes && memcmp(size_words[i], word, bytes) == 0)
            return true;
    }
    return false;
}

/* Appends the named arguments that say nothing of the size. False when one stands by its place
 * alone behind the size, or when it decides whether the filter runs at all. */
static bool keep_others(const struct first_filter *first, char *text)
{
    const char *end = first->args + first->args_bytes;
    for (const char *at = first->args; at < end;) {
        size_t bytes = 0;
        while (at + bytes < end && at[bytes] != ':')
            bytes++;
        const char *equals = memchr(at, '=', bytes);
        size_t name = equals ? (size_t)(equals - at) : 0;
        bool placed = !equals;
        uint32_t place = 0;
        for (const char *c = first->args; c < at; c++)
            place += *c == ':';
        if (placed && place > 1)
            return false;
        if (equals && (strncmp(at, "enable", name) == 0 ||
                       (first->thumb && name == 4 && strncmp(at, "mode=crop", bytes) == 0)))
            return false;
        if (first->thumb && placed && bytes == 4 && strncmp(at, "crop", 4) == 0)
            return false;
        if (!placed && !is_size_word(at, name))
            text += sprintf(text, ":%.*s", (int)bytes, at);
        at += bytes + (at + bytes < end);
    }
    return true;
}

/* What the first filter makes of the whole picture. */
static int size_of(const struct first_filter *first, const char *chain,
                   const struct fw_video *upright, struct fw_plugins *plugins, struct fw_video *out,
                   struct fw_error *err)
{
    struct fw_chain *alone = NULL;
    char *text = strndup(chain, (size_t)(first->behind - chain));
    if (!text)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a chain");
    int status = fw_chain_create_with(&alone, text, plugins, err);
    if (status == FW_OK)
        status = fw_chain_negotiate(alone, upright, out, err);
    fw_chain_destroy(alone);
    free(text);
    return status;
}

static char *write_out(const struct first_filter *first, const struct fw_video *size)
{
    size_t room = SIZE_TEXT_BYTES + first->args_bytes + strlen(first->behind);
    char *text = malloc(room);
    if (!text)
        return NULL;
    (void)snprintf(text, room,
                   first->thumb ? "thumb=size=%dx%d:mode=fill:enlarge=1" : "scale=w=%d:h=%d",
                   size->width, size->height);
    if (!keep_others(first, text + strlen(text))) {
        free(text);
        return NULL;
    }
    strcat(text, first->behind);
    return text;
}

int fw_shrink_find(const char *chain, const struct fw_still_head *head,
                   const struct fw_video *whole, struct fw_plugins *plugins, uint32_t *shrink_out,
                   char **pinned_out, struct fw_error *err)
{
    struct first_filter first;
    struct fw_video upright = *whole;
    struct fw_video out;
    *shrink_out = 1;
    *pinned_out = NULL;
    if (!chain || !read_first(chain, &first))
        return FW_OK;
    if (head->orientation >= 5) {
        upright.width = whole->height;
        upright.height = whole->width;
    }
    int status = size_of(&first, chain, &upright, plugins, &out, err);
    if (status < 0)
        return status;
    uint32_t shrink = 1;
    while (shrink < SHRINK_MAX && upright.width / (int32_t)(2 * shrink) >= LEFT_MIN * out.width &&
           upright.height / (int32_t)(2 * shrink) >= LEFT_MIN * out.height)
        shrink *= 2;
    if (shrink > 1)
        *pinned_out = write_out(&first, &out);
    *shrink_out = *pinned_out ? shrink : 1;
    return FW_OK;
}
