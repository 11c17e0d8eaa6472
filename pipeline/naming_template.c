/* Templates: fields in braces, braces doubled. */
#include "naming_template.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "publish_path.h"

#include "filters/check.h"
#include "filters/suggest.h"

#define WIDTH_MAX 18
#define TEMPLATE_BYTES 512
#define HINT_FIELDS "fields are {dir} {name} {stem} {ext} {n} {n:06}; write a brace as {{ or }}"

static const struct {
    const char *word;
    enum fw_template_field field;
} words[] = {
    { "dir", FW_TEMPLATE_DIR }, { "name", FW_TEMPLATE_NAME }, { "stem", FW_TEMPLATE_STEM },
    { "ext", FW_TEMPLATE_EXT }, { "n", FW_TEMPLATE_N },
};

/* ---- parsing ------------------------------------------------------------------------------- */

/* Columns that the first `bytes` of a text take when shown. */
static size_t shown_columns(const char *text, size_t bytes)
{
    char part[TEMPLATE_BYTES + 1];
    char shown[4 * TEMPLATE_BYTES + 32];
    size_t columns = 0;
    memcpy(part, text, bytes);
    part[bytes] = '\0';
    for (const char *c = fw_path_shown(part, shown, sizeof(shown)); *c != '\0'; c++)
        columns += ((unsigned char)*c & 0xc0) != 0x80;
    return columns;
}

static int fail_at(const char *text, const char *at, size_t bytes, const char *what,
                   const char *hint, struct fw_error *err)
{
    char shown[FW_SHOWN_BYTES];
    char carets[FW_SHOWN_BYTES];
    size_t before = shown_columns(text, (size_t)(at - text));
    size_t marks = shown_columns(at, bytes);
    size_t used = 0;
    for (; used < before && used < sizeof(carets) - 1; used++)
        carets[used] = ' ';
    for (size_t i = 0; (i < marks || i == 0) && used < sizeof(carets) - 1; i++)
        carets[used++] = i == 0 ? '^' : '~';
    carets[used] = '\0';
    return fw_fail(err, FW_ERR_USAGE, "--name: %s\n  %s\n  %s\nhint: %s", what,
                   fw_path_shown(text, shown, sizeof(shown)), carets, hint);
}

static int fail_word(const char *text, const char *at, size_t bytes, struct fw_error *err)
{
    char word[64];
    char shown[96];
    char what[160];
    char hint[256];
    struct fw_suggestion suggestion;
    (void)snprintf(word, sizeof(word), "%.*s", (int)(bytes < 60 ? bytes : 60), at);
    fw_suggest_init(&suggestion, word);
    for (size_t i = 0; i < FW_COUNT(words); i++)
        fw_suggest_offer(&suggestion, words[i].word);
    const char *best = fw_suggest_best(&suggestion);
    (void)snprintf(what, sizeof(what), "no field is called '%s'",
                   fw_path_shown(word, shown, sizeof(shown)));
    (void)snprintf(hint, sizeof(hint), "%s%s%s" HINT_FIELDS, best != NULL ? "did you mean {" : "",
                   best != NULL ? best : "", best != NULL ? "}? " : "");
    return fail_at(text, at, bytes, what, hint, err);
}

/* "06" as 6; false for anything else than a zero and digits, or more than WIDTH_MAX. */
static bool read_width(const char *at, size_t bytes, uint32_t *width)
{
    uint32_t value = 0;
    if (bytes < 2 || bytes > 3 || at[0] != '0')
        return false;
    for (size_t i = 0; i < bytes; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(at[i] - '0');
    }
    *width = value;
    return value >= 1 && value <= WIDTH_MAX;
}

/* The field between the braces at [at, end). */
static int parse_field(const char *text, const char *at, const char *end,
                       struct fw_template_part *part, struct fw_error *err)
{
    const char *colon = memchr(at, ':', (size_t)(end - at));
    size_t bytes = (size_t)((colon != NULL ? colon : end) - at);
    *part = (struct fw_template_part){ .width = 1 };
    for (size_t i = 0; i < FW_COUNT(words); i++) {
        if (strlen(words[i].word) == bytes && memcmp(words[i].word, at, bytes) == 0)
            part->field = words[i].field;
    }
    if (part->field == FW_TEMPLATE_TEXT)
        return fail_word(text, at, bytes, err);
    if (colon != NULL && (part->field != FW_TEMPLATE_N ||
                          !read_width(colon + 1, (size_t)(end - colon - 1), &part->width)))
        return fail_at(text, colon, (size_t)(end - colon), "a width that cannot be",
                       "only {n} takes one: {n:06} is six digits, at most {n:018}", err);
    return FW_OK;
}

/* The part that starts at *cursor. */
static int parse_part(const char *text, const char **cursor, struct fw_template_part *part,
                      struct fw_error *err)
{
    const char *at = *cursor;
    if (*at != '{' && *at != '}') {
        size_t bytes = strcspn(at, "{}");
        *part = (struct fw_template_part){ .text = at, .bytes = (uint32_t)bytes };
        *cursor = at + bytes;
        return FW_OK;
    }
    if (at[1] == at[0]) {
        *part = (struct fw_template_part){ .text = at, .bytes = 1 };
        *cursor = at + 2;
        return FW_OK;
    }
    const char *end = at + 1 + strcspn(at + 1, "{}");
    if (*at == '}' || *end != '}')
        return fail_at(text, at, 1, "a brace without its other one", HINT_FIELDS, err);
    *cursor = end + 1;
    return parse_field(text, at + 1, end, part, err);
}

int fw_template_parse(struct fw_template *template, const char *text, struct fw_error *err)
{
    *template = (struct fw_template){ 0 };
    if (text[0] == '\0')
        return fw_fail(err, FW_ERR_USAGE, "--name: the template is empty");
    if (strlen(text) > TEMPLATE_BYTES)
        return fw_fail(err, FW_ERR_USAGE, "--name: a template has at most %d bytes",
                       TEMPLATE_BYTES);
    for (const char *at = text; *at != '\0';) {
        if (template->count == FW_TEMPLATE_PARTS)
            return fail_at(text, at, 1, "too many fields", "make the template simpler", err);
        struct fw_template_part *part = &template->parts[template->count++];
        int status = parse_part(text, &at, part, err);
        if (status < 0)
            return status;
        template->has_dir = template->has_dir || part->field == FW_TEMPLATE_DIR;
    }
    return FW_OK;
}

/* ---- filling in ---------------------------------------------------------------------------- */

/* Where the extension's dot stands; the end when there is none. */
static size_t stem_bytes(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && dot != name && dot[1] != '\0' ? (size_t)(dot - name) : strlen(name);
}

/* Takes off the dot that stands before an extension that is not there. */
static void drop_dot(struct fw_text *text, size_t start)
{
    if (text->used > start && text->bytes[text->used - 1] == '.')
        text->bytes[--text->used] = '\0';
}

static int fill_name(const struct fw_template_values *values, size_t stem, const char *extension,
                     struct fw_text *text, struct fw_error *err)
{
    int status = fw_text_add(text, values->name, stem, err);
    if (status == FW_OK && extension[0] != '\0')
        status = fw_text_add(text, ".", 1, err);
    if (status == FW_OK)
        status = fw_text_add(text, extension, strlen(extension), err);
    return status;
}

int fw_template_fill(const struct fw_template *template, const struct fw_template_values *values,
                     struct fw_text *text, struct fw_error *err)
{
    size_t start = text->used;
    size_t stem = stem_bytes(values->name);
    const char *rest = values->name + stem;
    const char *extension = values->extension != NULL ? values->extension
                            : rest[0] == '.'          ? rest + 1
                                                      : rest;
    bool swallow = false; /* an empty {dir} was the part before */
    int status = FW_OK;
    for (uint32_t i = 0; status == FW_OK && i < template->count; i++) {
        const struct fw_template_part *part = &template->parts[i];
        char number[32];
        uint32_t skip = swallow && part->field == FW_TEMPLATE_TEXT && part->text[0] == '/';
        swallow = part->field == FW_TEMPLATE_DIR && values->dir[0] == '\0';
        if (part->field == FW_TEMPLATE_TEXT) {
            status = fw_text_add(text, part->text + skip, part->bytes - skip, err);
        } else if (part->field == FW_TEMPLATE_DIR) {
            status = fw_text_add(text, values->dir, strlen(values->dir), err);
        } else if (part->field == FW_TEMPLATE_STEM) {
            status = fw_text_add(text, values->name, stem, err);
        } else if (part->field == FW_TEMPLATE_NAME) {
            status = fill_name(values, stem, extension, text, err);
        } else if (part->field == FW_TEMPLATE_EXT) {
            if (extension[0] == '\0')
                drop_dot(text, start);
            status = fw_text_add(text, extension, strlen(extension), err);
        } else {
            int bytes = snprintf(number, sizeof(number), "%0*" PRIu64, (int)part->width,
                                 values->number);
            status = fw_text_add(text, number, (size_t)bytes, err);
        }
    }
    return status;
}
