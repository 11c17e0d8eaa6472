/*
 * Many names in little memory: bytes in one growing block, folders as chains of components, so that
 * a path is put together only when it is asked for. Names are named by their offset, because the
 * block moves when it grows. Nothing here is shared between processes.
 */
#ifndef FW_PIPELINE_NAMES_H
#define FW_PIPELINE_NAMES_H

#include "filters/filter.h"

#include <stdbool.h>

#define FW_NONE UINT32_MAX

/* Text that is built up and used again. Zeroed: empty; `bytes` is NULL until something was added,
 * from then on it ends with a NUL. */
struct fw_text {
    char *bytes;
    size_t used;
    size_t room;
};

/* A place of a hash table that finds numbers. */
struct fw_table_slot {
    uint32_t hash;
    uint32_t value; /* FW_NONE: free */
};

/* Zeroed: empty. What the numbers stand for is compared by the caller. */
struct fw_table {
    struct fw_table_slot *slots;
    uint32_t room; /* a power of two, or 0 */
    uint32_t used;
};

/* A top folder (depth 0) has no parent, and its name is what stands before the names in it: "" or
 * a path that ends in a slash. Below it, the name is one component. */
struct fw_folder {
    uint64_t dev;
    uint64_t ino;
    uint32_t parent; /* FW_NONE at the top; always smaller than the folder's own number */
    uint32_t name;
    uint32_t depth;
};

struct fw_folders {
    struct fw_folder *items;
    uint32_t count;
    uint32_t room;
    char *names; /* every name, each with its NUL */
    uint32_t names_used;
    uint32_t names_room;
};

/* Makes room for one more item of `bytes` bytes. FW_ERR_MEMORY. */
int fw_grow(void **items, uint32_t *room, uint32_t count, size_t bytes,
            struct fw_error *err) FW_MUST_CHECK;

int fw_text_add(struct fw_text *text, const char *bytes, size_t length,
                struct fw_error *err) FW_MUST_CHECK;
void fw_text_clear(struct fw_text *text);
void fw_text_deinit(struct fw_text *text);

/* Copies a name of `length` bytes without NUL in it, not one of this very block. FW_ERR_MEMORY. */
int fw_names_add(struct fw_folders *folders, const char *name, size_t length, uint32_t *at_out,
                 struct fw_error *err) FW_MUST_CHECK;
/* Until the next name is added. */
const char *fw_names_get(const struct fw_folders *folders, uint32_t at);
/* `parent` FW_NONE: a top folder. */
int fw_folders_add(struct fw_folders *folders, uint32_t parent, uint32_t name, uint32_t *folder_out,
                   struct fw_error *err) FW_MUST_CHECK;
/* The folder's path joined by slashes: with the top's name before it, or relative to the top ("" is
 * the top itself). With a `name` (not NULL), the path of that name in the folder. */
int fw_folders_path(const struct fw_folders *folders, uint32_t folder, const char *name,
                    bool with_top, struct fw_text *text, struct fw_error *err) FW_MUST_CHECK;
void fw_folders_deinit(struct fw_folders *folders);

uint32_t fw_table_hash(const void *bytes, size_t length, uint64_t a, uint64_t b);
/* The next number that was put with this hash, FW_NONE after the last. *cursor starts as 0. */
uint32_t fw_table_find(const struct fw_table *table, uint32_t hash, uint32_t *cursor);
int fw_table_put(struct fw_table *table, uint32_t hash, uint32_t value,
                 struct fw_error *err) FW_MUST_CHECK;
void fw_table_deinit(struct fw_table *table);

#endif
