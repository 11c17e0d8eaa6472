/*
 * What the outputs of a batch are called: the relative path of the source, or a template. All names
 * are made and checked against each other before anything starts. Runs in the supervising process.
 */
#ifndef FW_PIPELINE_NAMING_H
#define FW_PIPELINE_NAMING_H

#include "gather.h"

#define FW_TEMPLATE_PARTS 32

/*
 * All borrowed. A template is text with fields in braces; "{{" and "}}" are braces:
 *   {dir}   folder of the source below its argument; with an empty one, the next slash goes too;
 *           in place it is empty, since the output lies there anyway
 *   {name}  {stem}.{ext}
 *   {stem}  name without its last extension
 *   {ext}   extension without the dot; with an empty one, the dot before it goes too
 *   {n}     number of the source in natural order, from 1; {n:06}: with zeros before it
 * Without a template, an output has the relative path of its source. With an `extension`, {ext} is
 * that one; a leading dot in a name starts no extension.
 */
struct fw_naming {
    const char *template_text; /* NULL: mirror */
    const char *extension;     /* without its dot; NULL: as the source has it */
    const char *folder;        /* of the outputs; ignored with in_place */
    bool in_place;             /* outputs lie beside their sources and may replace them */
};

struct fw_output_name {
    uint32_t folder; /* in `folders`; with in_place, in those of the gathered files */
    uint32_t name;   /* in `folders` */
};

/* Zeroed: none. */
struct fw_output_names {
    struct fw_folders folders; /* folder 0 is the folder of the outputs */
    struct fw_table lookup;    /* folders by parent and name */
    struct fw_output_name *items;
    uint32_t count;
    bool in_place;
};

/* Fills a zeroed *names with one name for each gathered file, in their order; on failure it is
 * zeroed again. FW_ERR_USAGE: a mistake in the template (with a caret), or a name that leads
 * outside, is empty, over 255 bytes, or framewheel's own (".framewheel..."); names the file. */
int fw_output_names_make(struct fw_output_names *names, const struct fw_gathered *gathered,
                         const struct fw_naming *naming, struct fw_error *err) FW_MUST_CHECK;
/* FW_ERR_USAGE lists what cannot be: two sources with one output; an output that is a source (with
 * in_place: another one's source); a file where another output, or the disk, has a folder, or the
 * other way round; a symbolic link for a folder in the tree of the outputs. FW_ERR_OUTPUT when that
 * tree cannot be looked at. Changes nothing on disk. */
int fw_output_names_check(const struct fw_output_names *names, const struct fw_gathered *gathered,
                          const struct fw_naming *naming, struct fw_error *err) FW_MUST_CHECK;
/* Folder of an output, for fw_tree_folder: "" or "a/b". With in_place: the folder of the source as
 * a path, "." where it was given without one. */
int fw_output_names_folder(const struct fw_output_names *names, const struct fw_gathered *gathered,
                           uint32_t output, struct fw_text *text,
                           struct fw_error *err) FW_MUST_CHECK;
/* The name in that folder; until `names` changes. */
const char *fw_output_names_name(const struct fw_output_names *names, uint32_t output);
/* Both joined: below the folder of the outputs, or with in_place as the source's path is. */
int fw_output_names_path(const struct fw_output_names *names, const struct fw_gathered *gathered,
                         uint32_t output, struct fw_text *text, struct fw_error *err) FW_MUST_CHECK;
void fw_output_names_deinit(struct fw_output_names *names);

#endif
