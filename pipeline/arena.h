/* Memory files that the processes of a job share: created empty and mapped at full virtual size
 * before any fork, grown and sealed once the sizes are known. */
#ifndef FW_PIPELINE_ARENA_H
#define FW_PIPELINE_ARENA_H

#include "filters/filter.h"

#include <stdbool.h>

/* One memfd and its mapping in this process. Zeroed: nothing to close. */
struct fw_arena {
    int fd;    /* read-write; valid when `open` */
    int fd_ro; /* the same file opened read-only, for processes that may only read */
    bool open;
    uint8_t *base; /* NULL when not mapped */
    size_t virtual_bytes;
    size_t bytes; /* current size of the file */
};

/* `name` shows as memfd:framewheel-NAME. Maps nothing. */
int fw_arena_open(struct fw_arena *arena, const char *name, size_t virtual_bytes,
                  struct fw_error *err) FW_MUST_CHECK;
/* Sizes the file once and seals it against shrinking, growing and further seals. */
int fw_arena_size(struct fw_arena *arena, size_t bytes, struct fw_error *err) FW_MUST_CHECK;
/* Maps all of virtual_bytes (memory beyond the file's end must not be touched) read-only or
 * read-write, shared; a guard page follows. Excluded from core dumps when `payload`. */
int fw_arena_map(struct fw_arena *arena, bool writable, bool payload,
                 struct fw_error *err) FW_MUST_CHECK;
void fw_arena_unmap(struct fw_arena *arena);
void fw_arena_close(struct fw_arena *arena);
/* Populates [offset, offset + bytes) for writing or reading; errors instead of SIGBUS. */
int fw_arena_populate(void *base, size_t bytes, bool writable, struct fw_error *err) FW_MUST_CHECK;

#endif
