#include "arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Newer than the oldest headers we build with. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

#define NAME_BYTES 128 /* the kernel takes up to 249 */

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t round_to_page(size_t bytes)
{
    size_t mask = page_bytes() - 1;

    return (bytes + mask) & ~mask;
}

/* Kernels before 6.3 do not know MFD_NOEXEC_SEAL and say EINVAL. */
static int memory_file(const char *name)
{
    unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    int fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);

    if (fd < 0 && errno == EINVAL)
        fd = memfd_create(name, flags);
    return fd;
}

int fw_arena_open(struct fw_arena *arena, const char *name, size_t virtual_bytes,
                  struct fw_error *err)
{
    char text[NAME_BYTES];

    memset(arena, 0, sizeof(*arena));
    if (virtual_bytes == 0 || virtual_bytes > SIZE_MAX / 2)
        return fw_fail(err, FW_ERR_INTERNAL, "shared memory %s of %zu bytes", name, virtual_bytes);
    snprintf(text, sizeof(text), "framewheel-%s", name);
    int fd = memory_file(text);
    if (fd < 0)
        return fw_fail(err, FW_ERR_SYSTEM, "cannot create shared memory %s: %s", name,
                       strerror(errno));
    /* A second opening is the only way to a descriptor that can never be mapped writable. */
    snprintf(text, sizeof(text), "/proc/self/fd/%d", fd);
    int fd_ro = open(text, O_RDONLY | O_CLOEXEC);
    if (fd_ro < 0) {
        int status = fw_fail(err, FW_ERR_SYSTEM, "cannot open shared memory %s read-only: %s", name,
                             strerror(errno));
        close(fd);
        return status;
    }
    arena->fd = fd;
    arena->fd_ro = fd_ro;
    arena->open = true;
    arena->virtual_bytes = round_to_page(virtual_bytes);
    return FW_OK;
}

int fw_arena_size(struct fw_arena *arena, size_t bytes, struct fw_error *err)
{
    if (bytes > arena->virtual_bytes)
        return fw_fail(err, FW_ERR_INTERNAL, "shared memory of %zu bytes planned as %zu", bytes,
                       arena->virtual_bytes);
    if (ftruncate(arena->fd, (off_t)bytes) < 0) {
        if (errno == EFBIG)
            return fw_fail(err, FW_ERR_LIMIT,
                           "shared memory of %zu bytes exceeds the file size limit (ulimit -f)",
                           bytes);
        return fw_fail(err, FW_ERR_MEMORY, "cannot size shared memory to %zu bytes: %s", bytes,
                       strerror(errno));
    }
    /* From here on no process can shrink it under another one's feet: no SIGBUS. */
    if (fcntl(arena->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        return fw_fail(err, FW_ERR_SYSTEM, "cannot seal shared memory: %s", strerror(errno));
    arena->bytes = bytes;
    return FW_OK;
}

int fw_arena_map(struct fw_arena *arena, bool writable, bool payload, struct fw_error *err)
{
    size_t bytes = arena->virtual_bytes;
    int prot = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    int fd = writable ? arena->fd : arena->fd_ro;

    /* The reservation is one page longer: what stays of it is the guard. */
    uint8_t *base = mmap(NULL, bytes + page_bytes(), PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return fw_fail(err, FW_ERR_MEMORY, "cannot reserve %zu bytes of addresses: %s", bytes,
                       strerror(errno));
    if (mmap(base, bytes, prot, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, fd, 0) == MAP_FAILED) {
        int status = fw_fail(err, FW_ERR_MEMORY, "cannot map %zu bytes of shared memory: %s", bytes,
                             strerror(errno));
        munmap(base, bytes + page_bytes());
        return status;
    }
    if (payload)
        (void)madvise(base, bytes, MADV_DONTDUMP); /* only makes core files larger */
    arena->base = base;
    return FW_OK;
}

void fw_arena_unmap(struct fw_arena *arena)
{
    if (arena->base)
        munmap(arena->base, arena->virtual_bytes + page_bytes());
    arena->base = NULL;
}

void fw_arena_close(struct fw_arena *arena)
{
    fw_arena_unmap(arena);
    if (arena->open) {
        close(arena->fd);
        close(arena->fd_ro);
    }
    memset(arena, 0, sizeof(*arena));
}

/* For kernels before 5.14. The caller is the memory's only writer, so writing back what was read
 * loses nothing. */
static void touch_pages(uint8_t *base, size_t bytes, bool writable)
{
    size_t step = page_bytes();

    for (size_t at = 0; at < bytes; at += step) {
        volatile uint8_t *byte = base + at;
        uint8_t value = *byte;
        if (writable)
            *byte = value;
    }
}

int fw_arena_populate(void *base, size_t bytes, bool writable, struct fw_error *err)
{
    int advice = writable ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
    int result;

    if ((uintptr_t)base % page_bytes() != 0)
        return fw_fail(err, FW_ERR_INTERNAL, "memory to populate is not aligned to a page");
    bytes = round_to_page(bytes);
    do
        result = madvise(base, bytes, advice);
    while (result < 0 && (errno == EINTR || errno == EAGAIN));
    if (result == 0)
        return FW_OK;
    /* No length: says only whether the kernel knows the advice. One that does and still refuses
     * would have us touch memory we may not touch. */
    if (errno == EINVAL && madvise(base, 0, advice) < 0) {
        touch_pages(base, bytes, writable);
        return FW_OK;
    }
    return fw_fail(err, FW_ERR_MEMORY, "cannot populate %zu bytes of shared memory: %s", bytes,
                   strerror(errno));
}
