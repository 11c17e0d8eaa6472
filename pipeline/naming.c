/* From gathered files to the names of their outputs. */
#include "naming.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "naming_template.h"
#include "publish_path.h"

#include "filters/check.h"

#define SHOWN_SHORT 160

/* Names under way. */
struct maker {
    struct fw_output_names *names;
    const struct fw_gathered *gathered;
    const struct fw_naming *naming;
    struct fw_template template;
    uint32_t *mirrored; /* output folder of each gathered folder; FW_NONE: not made yet */
    struct fw_text dir;
    struct fw_text path;
};

/* ---- what a name may be -------------------------------------------------------------------- */

static const char *fault_of(const char *component, size_t bytes)
{
    if (bytes == 0)
        return "an empty name";
    if (bytes > FW_NAME_BYTES)
        return "a name of more than 255 bytes";
    if (strncmp(component, "..", bytes) == 0)
        return "a name that leads elsewhere (. or ..)";
    if (bytes >= 11 && memcmp(component, ".framewheel", 11) == 0)
        return "a name that framewheel keeps for itself (.framewheel...)";
    return NULL;
}

static int fail_name(struct maker *maker, uint32_t file, const char *result, const char *fault,
                     struct fw_error *err)
{
    char source[SHOWN_SHORT];
    char shown[SHOWN_SHORT];
    int status = fw_gathered_path(maker->gathered, file, &maker->dir, err);
    if (status < 0)
        return status;
    return fw_fail(err, FW_ERR_USAGE,
                   "%s: its output would be \"%s\": %s\nhint: choose names with --name",
                   fw_path_shown(maker->dir.bytes, source, sizeof(source)),
                   fw_path_shown(result, shown, sizeof(shown)), fault);
}

/* ---- folders ------------------------------------------------------------------------------- */

/* The folder `component` of the folder `parent`, made when it is new. */
static int intern(struct fw_output_names *names, uint32_t parent, const char *component,
                  size_t bytes, uint32_t *folder_out, struct fw_error *err)
{
    uint32_t hash = fw_table_hash(component, bytes, parent, 0);
    uint32_t cursor = 0;
    uint32_t name;
    for (uint32_t found = fw_table_find(&names->lookup, hash, &cursor); found != FW_NONE;
         found = fw_table_find(&names->lookup, hash, &cursor)) {
        const struct fw_folder *folder = &names->folders.items[found];
        const char *other = fw_names_get(&names->folders, folder->name);
        if (folder->parent == parent && strlen(other) == bytes &&
            memcmp(other, component, bytes) == 0) {
            *folder_out = found;
            return FW_OK;
        }
    }
    int status = fw_names_add(&names->folders, component, bytes, &name, err);
    if (status == FW_OK)
        status = fw_folders_add(&names->folders, parent, name, folder_out, err);
    if (status == FW_OK)
        status = fw_table_put(&names->lookup, hash, *folder_out, err);
    return status;
}

/* Output folders that mirror those with files in them. Parents have smaller numbers, so each pass
 * goes once over all. */
static int mirror_folders(struct maker *maker, struct fw_error *err)
{
    const struct fw_folders *folders = &maker->gathered->folders;
    uint32_t *mirrored = malloc(((size_t)folders->count + 1) * sizeof(*mirrored));
    maker->mirrored = mirrored;
    if (mirrored == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the names of the outputs");
    memset(mirrored, 0xff, folders->count * sizeof(*mirrored));
    for (uint32_t i = 0; i < maker->gathered->count; i++)
        mirrored[maker->gathered->files[i].folder] = 0;
    for (uint32_t i = folders->count; i > 0; i--) {
        if (mirrored[i - 1] == 0 && folders->items[i - 1].depth > 0)
            mirrored[folders->items[i - 1].parent] = 0;
    }
    int status = FW_OK;
    for (uint32_t i = 0; status == FW_OK && i < folders->count; i++) {
        const struct fw_folder *folder = &folders->items[i];
        const char *name = fw_names_get(folders, folder->name);
        if (mirrored[i] == 0 && folder->depth > 0)
            status = intern(maker->names, mirrored[folder->parent], name, strlen(name),
                            &mirrored[i], err);
    }
    return status;
}

/* ---- names --------------------------------------------------------------------------------- */

/* Fills maker->path with the file's name by the template, or its own. */
static int fill(struct maker *maker, uint32_t file, struct fw_error *err)
{
    const struct fw_gathered_file *item = &maker->gathered->files[file];
    struct fw_template_values values = {
        .dir = "",
        .name = fw_names_get(&maker->gathered->folders, item->name),
        .extension = maker->naming->extension,
        .number = (uint64_t)file + 1,
    };
    int status = FW_OK;
    fw_text_clear(&maker->path);
    if (maker->naming->template_text == NULL && values.extension == NULL)
        return fw_text_add(&maker->path, values.name, strlen(values.name), err);
    if (maker->template.has_dir && !maker->naming->in_place) {
        status = fw_folders_path(&maker->gathered->folders, item->folder, NULL, false, &maker->dir,
                                 err);
        values.dir = maker->dir.bytes;
    }
    if (status == FW_OK)
        status = fw_template_fill(&maker->template, &values, &maker->path, err);
    return status;
}

/* Puts the path's components in their places, from `folder` on. */
static int place(struct maker *maker, uint32_t file, uint32_t folder, struct fw_error *err)
{
    struct fw_output_name *output = &maker->names->items[file];
    const char *at = maker->path.bytes;
    int status = FW_OK;
    for (;;) {
        size_t bytes = strcspn(at, "/");
        const char *fault = fault_of(at, bytes);
        if (at[0] == '/' && at == maker->path.bytes)
            fault = "an absolute path";
        if (at[bytes] == '/' && maker->naming->in_place)
            fault = "a path, but the output lies beside its source";
        if (fault != NULL)
            return fail_name(maker, file, maker->path.bytes, fault, err);
        if (at[bytes] == '\0') {
            output->folder = folder;
            return fw_names_add(&maker->names->folders, at, bytes, &output->name, err);
        }
        status = intern(maker->names, folder, at, bytes, &folder, err);
        if (status < 0)
            return status;
        at += bytes + 1;
    }
}

static int make_one(struct maker *maker, uint32_t file, struct fw_error *err)
{
    uint32_t source_folder = maker->gathered->files[file].folder;
    uint32_t folder = 0;
    int status = fill(maker, file, err);
    if (status < 0)
        return status;
    if (maker->naming->in_place)
        folder = source_folder;
    else if (maker->mirrored != NULL)
        folder = maker->mirrored[source_folder];
    return place(maker, file, folder, err);
}

static int make_all(struct maker *maker, struct fw_error *err)
{
    struct fw_output_names *names = maker->names;
    const struct fw_naming *naming = maker->naming;
    uint32_t name;
    uint32_t root;
    const char *text = naming->template_text != NULL ? naming->template_text : "{name}";
    if (naming->extension != NULL &&
        (naming->extension[0] == '\0' || strchr(naming->extension, '/') != NULL))
        return fw_fail(err, FW_ERR_USAGE, "the extension of the outputs is empty or has a slash");
    int status = fw_template_parse(&maker->template, text, err);
    names->in_place = naming->in_place;
    names->count = maker->gathered->count;
    names->items = calloc((size_t)names->count + 1, sizeof(*names->items));
    if (names->items == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the names of the outputs");
    if (status == FW_OK)
        status = fw_names_add(&names->folders, "", 0, &name, err);
    if (status == FW_OK)
        status = fw_folders_add(&names->folders, FW_NONE, name, &root, err);
    if (status == FW_OK && naming->template_text == NULL && !naming->in_place)
        status = mirror_folders(maker, err);
    for (uint32_t i = 0; status == FW_OK && i < names->count; i++)
        status = make_one(maker, i, err);
    return status;
}

int fw_output_names_make(struct fw_output_names *names, const struct fw_gathered *gathered,
                         const struct fw_naming *naming, struct fw_error *err)
{
    struct maker maker = { .names = names, .gathered = gathered, .naming = naming };
    int status = make_all(&maker, err);
    if (status < 0)
        fw_output_names_deinit(names);
    free(maker.mirrored);
    fw_text_deinit(&maker.dir);
    fw_text_deinit(&maker.path);
    return status;
}

int fw_output_names_folder(const struct fw_output_names *names, const struct fw_gathered *gathered,
                           uint32_t output, struct fw_text *text, struct fw_error *err)
{
    const struct fw_folders *folders = names->in_place ? &gathered->folders : &names->folders;
    int status = fw_folders_path(folders, names->items[output].folder, NULL, names->in_place, text,
                                 err);
    if (status == FW_OK && names->in_place && text->used == 0)
        status = fw_text_add(text, ".", 1, err);
    return status;
}

const char *fw_output_names_name(const struct fw_output_names *names, uint32_t output)
{
    return fw_names_get(&names->folders, names->items[output].name);
}

int fw_output_names_path(const struct fw_output_names *names, const struct fw_gathered *gathered,
                         uint32_t output, struct fw_text *text, struct fw_error *err)
{
    const struct fw_folders *folders = names->in_place ? &gathered->folders : &names->folders;
    return fw_folders_path(folders, names->items[output].folder,
                           fw_output_names_name(names, output), names->in_place, text, err);
}

void fw_output_names_deinit(struct fw_output_names *names)
{
    fw_folders_deinit(&names->folders);
    fw_table_deinit(&names->lookup);
    free(names->items);
    *names = (struct fw_output_names){ 0 };
}
