/* A name template, parsed once and filled in for every file. */
#ifndef FW_PIPELINE_NAMING_TEMPLATE_H
#define FW_PIPELINE_NAMING_TEMPLATE_H

#include "naming.h"

enum fw_template_field {
    FW_TEMPLATE_TEXT,
    FW_TEMPLATE_DIR,
    FW_TEMPLATE_NAME,
    FW_TEMPLATE_STEM,
    FW_TEMPLATE_EXT,
    FW_TEMPLATE_N
};

struct fw_template_part {
    enum fw_template_field field;
    const char *text; /* piece of the template */
    uint32_t bytes;
    uint32_t width; /* of {n} */
};

struct fw_template {
    struct fw_template_part parts[FW_TEMPLATE_PARTS];
    uint32_t count;
    bool has_dir;
};

/* What one file puts into the fields. */
struct fw_template_values {
    const char *dir;       /* "" or "a/b" */
    const char *name;      /* of the source */
    const char *extension; /* NULL: the source's */
    uint64_t number;
};

/* `text` stays borrowed. FW_ERR_USAGE with a caret under the mistake. */
int fw_template_parse(struct fw_template *template, const char *text,
                      struct fw_error *err) FW_MUST_CHECK;
/* Appends to the text. */
int fw_template_fill(const struct fw_template *template, const struct fw_template_values *values,
                     struct fw_text *text, struct fw_error *err) FW_MUST_CHECK;

#endif
