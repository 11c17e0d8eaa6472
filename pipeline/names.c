/* Growing blocks of names, folders and numbers. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "filters/check.h"

int fw_grow(void **items, uint32_t *room, uint32_t count, size_t bytes, struct fw_error *err)
{
    size_t size;
    if (count < *room)
        return FW_OK;
    uint32_t wanted = *room < 16 ? 16 : *room + *room / 2;
    if (wanted <= *room || __builtin_mul_overflow((size_t)wanted, bytes, &size))
        return fw_fail(err, FW_ERR_MEMORY, "too many files for one run\nhint: name fewer sources");
    void *moved = realloc(*items, size);
    if (moved == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the list of files");
    *items = moved;
    *room = wanted;
    return FW_OK;
}

/* Makes the text `length` bytes longer; what stands in them is up to the caller. */
static int lengthen(struct fw_text *text, size_t length, struct fw_error *err)
{
    size_t end;
    if (__builtin_add_overflow(text->used, length, &end) || end > SIZE_MAX / 2)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a file name");
    if (text->bytes == NULL || end >= text->room) {
        size_t room = end + end / 2 + 256;
        char *moved = realloc(text->bytes, room);
        if (moved == NULL)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for a file name");
        text->bytes = moved;
        text->room = room;
    }
    text->used = end;
    text->bytes[end] = '\0';
    return FW_OK;
}

int fw_text_add(struct fw_text *text, const char *bytes, size_t length, struct fw_error *err)
{
    int status = lengthen(text, length, err);
    if (status == FW_OK && length > 0)
        memcpy(text->bytes + text->used - length, bytes, length);
    return status;
}

void fw_text_clear(struct fw_text *text)
{
    text->used = 0;
    if (text->bytes != NULL)
        text->bytes[0] = '\0';
}

void fw_text_deinit(struct fw_text *text)
{
    free(text->bytes);
    *text = (struct fw_text){ 0 };
}

int fw_names_add(struct fw_folders *folders, const char *name, size_t length, uint32_t *at_out,
                 struct fw_error *err)
{
    uint64_t end = (uint64_t)folders->names_used + length + 1;
    if (length >= UINT32_MAX || end >= UINT32_MAX)
        return fw_fail(err, FW_ERR_MEMORY,
                       "the names of the files take more than 4 GiB\nhint: name fewer sources");
    if (end > folders->names_room) {
        uint64_t room = end + end / 2 + 1024;
        room = room < UINT32_MAX ? room : UINT32_MAX;
        char *moved = realloc(folders->names, room);
        if (moved == NULL)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for the names of the files");
        folders->names = moved;
        folders->names_room = (uint32_t)room;
    }
    *at_out = folders->names_used;
    memcpy(folders->names + *at_out, name, length);
    folders->names[*at_out + length] = '\0';
    folders->names_used = (uint32_t)end;
    return FW_OK;
}

const char *fw_names_get(const struct fw_folders *folders, uint32_t at)
{
    FW_CHECK(at < folders->names_used);
    return folders->names + at;
}

int fw_folders_add(struct fw_folders *folders, uint32_t parent, uint32_t name, uint32_t *folder_out,
                   struct fw_error *err)
{
    void *items = folders->items;
    int status = fw_grow(&items, &folders->room, folders->count, sizeof(*folders->items), err);
    folders->items = items;
    if (status < 0)
        return status;
    struct fw_folder folder = { .parent = parent, .name = name };
    if (parent != FW_NONE)
        folder.depth = folders->items[parent].depth + 1;
    *folder_out = folders->count;
    folders->items[folders->count++] = folder;
    return FW_OK;
}

/* Writes the components from the last to the first, so that no list of them is needed. */
static void write_backwards(const struct fw_folders *folders, uint32_t folder, char *end)
{
    const struct fw_folder *at = &folders->items[folder];
    while (at->depth > 0) {
        const char *component = fw_names_get(folders, at->name);
        size_t length = strlen(component);
        end -= length;
        memcpy(end, component, length);
        at = &folders->items[at->parent];
        if (at->depth > 0)
            *--end = '/';
    }
}

int fw_folders_path(const struct fw_folders *folders, uint32_t folder, const char *name,
                    bool with_top, struct fw_text *text, struct fw_error *err)
{
    size_t length = 0;
    const struct fw_folder *top = &folders->items[folder];
    for (; top->depth > 0; top = &folders->items[top->parent])
        length += strlen(fw_names_get(folders, top->name)) + (length > 0);
    const char *prefix = fw_names_get(folders, top->name);
    size_t prefix_bytes = with_top ? strlen(prefix) : 0;
    fw_text_clear(text);
    int status = fw_text_add(text, prefix, prefix_bytes, err);
    if (status == FW_OK)
        status = lengthen(text, length, err);
    if (status == FW_OK && length > 0)
        write_backwards(folders, folder, text->bytes + text->used);
    if (status == FW_OK && name != NULL && length > 0)
        status = fw_text_add(text, "/", 1, err);
    if (status == FW_OK && name != NULL)
        status = fw_text_add(text, name, strlen(name), err);
    return status;
}

void fw_folders_deinit(struct fw_folders *folders)
{
    free(folders->items);
    free(folders->names);
    *folders = (struct fw_folders){ 0 };
}

/* ---- numbers by hash ----------------------------------------------------------------------- */

uint32_t fw_table_hash(const void *bytes, size_t length, uint64_t a, uint64_t b)
{
    const uint64_t seeds[] = { a, b };
    uint64_t seed = XXH3_64bits(seeds, sizeof(seeds));
    return (uint32_t)XXH3_64bits_withSeed(bytes, length, seed);
}

uint32_t fw_table_find(const struct fw_table *table, uint32_t hash, uint32_t *cursor)
{
    while (*cursor < table->room) {
        const struct fw_table_slot *slot = &table->slots[(hash + *cursor) & (table->room - 1)];
        if (slot->value == FW_NONE)
            return FW_NONE;
        (*cursor)++;
        if (slot->hash == hash)
            return slot->value;
    }
    return FW_NONE;
}

static void place(struct fw_table_slot *slots, uint32_t room, struct fw_table_slot slot)
{
    uint32_t at = slot.hash & (room - 1);
    while (slots[at].value != FW_NONE)
        at = (at + 1) & (room - 1);
    slots[at] = slot;
}

int fw_table_put(struct fw_table *table, uint32_t hash, uint32_t value, struct fw_error *err)
{
    if (table->used >= table->room / 2) {
        uint32_t room = table->room < 64 ? 64 : table->room * 2;
        size_t bytes = (size_t)room * sizeof(*table->slots);
        struct fw_table_slot *slots = room > table->room ? malloc(bytes) : NULL;
        if (slots == NULL)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for the list of files");
        memset(slots, 0xff, bytes); /* every value FW_NONE */
        for (uint32_t i = 0; i < table->room; i++) {
            if (table->slots[i].value != FW_NONE)
                place(slots, room, table->slots[i]);
        }
        free(table->slots);
        table->slots = slots;
        table->room = room;
    }
    place(table->slots, table->room, (struct fw_table_slot){ hash, value });
    table->used++;
    return FW_OK;
}

void fw_table_deinit(struct fw_table *table)
{
    free(table->slots);
    *table = (struct fw_table){ 0 };
}
