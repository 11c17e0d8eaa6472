#include "pipeline/arena.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES(n) ((size_t)(n) * (size_t)sysconf(_SC_PAGESIZE))

static void arena_ready(struct fw_arena *arena, bool writable)
{
    cr_assert(fw_arena_open(arena, "test", PAGES(8), NULL) == FW_OK);
    cr_assert(fw_arena_map(arena, writable, true, NULL) == FW_OK);
    cr_assert(fw_arena_size(arena, PAGES(4), NULL) == FW_OK);
}

/* The signal that a write or read there ends a process with; 0: none. */
static int signal_of_touch(volatile uint8_t *byte, bool write)
{
    int status;
    pid_t pid = fork();

    cr_assert(pid >= 0);
    if (pid == 0) {
        const struct rlimit none = { 0, 0 };
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        if (write)
            *byte = 1;
        else
            (void)*byte;
        _exit(0);
    }
    cr_assert(waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

Test(arena, grows_under_its_mapping)
{
    struct fw_arena arena;

    arena_ready(&arena, true);
    memset(arena.base, 0x5a, PAGES(4));
    cr_assert(arena.bytes == PAGES(4) && arena.virtual_bytes == PAGES(8));
    fw_arena_close(&arena);
    fw_arena_close(&arena);
}

Test(arena, name_is_seen)
{
    struct fw_arena arena;
    char path[64];
    char target[128] = "";

    cr_assert(fw_arena_open(&arena, "in", PAGES(1), NULL) == FW_OK);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", arena.fd);
    cr_assert(readlink(path, target, sizeof(target) - 1) > 0);
    cr_assert(strstr(target, "memfd:framewheel-in") != NULL);
    cr_assert(fcntl(arena.fd, F_GETFD) & FD_CLOEXEC);
    cr_assert(fcntl(arena.fd_ro, F_GETFD) & FD_CLOEXEC);
    fw_arena_close(&arena);
}

Test(arena, size_is_final)
{
    struct fw_arena arena;

    arena_ready(&arena, true);
    cr_assert(ftruncate(arena.fd, 0) < 0 && errno == EPERM);
    cr_assert(ftruncate(arena.fd, (off_t)PAGES(8)) < 0 && errno == EPERM);
    cr_assert(fw_arena_size(&arena, PAGES(2), NULL) < 0);
    fw_arena_close(&arena);
}

Test(arena, more_than_planned_is_refused)
{
    struct fw_arena arena;

    cr_assert(fw_arena_open(&arena, "test", PAGES(1), NULL) == FW_OK);
    cr_assert(fw_arena_size(&arena, PAGES(2), NULL) == FW_ERR_INTERNAL);
    fw_arena_close(&arena);
    cr_assert(fw_arena_open(&arena, "test", 0, NULL) == FW_ERR_INTERNAL);
    cr_assert(fw_arena_open(&arena, "test", SIZE_MAX, NULL) == FW_ERR_INTERNAL);
}

Test(arena, readers_cannot_write)
{
    struct fw_arena arena;

    arena_ready(&arena, false);
    cr_assert(signal_of_touch(arena.base, false) == 0);
    cr_assert(signal_of_touch(arena.base, true) == SIGSEGV);
    cr_assert(mprotect(arena.base, PAGES(4), PROT_READ | PROT_WRITE) < 0 && errno == EACCES);
    cr_assert(mmap(NULL, PAGES(4), PROT_READ | PROT_WRITE, MAP_SHARED, arena.fd_ro, 0) ==
              MAP_FAILED);
    fw_arena_close(&arena);
}

Test(arena, a_guard_page_follows)
{
    struct fw_arena arena;

    cr_assert(fw_arena_open(&arena, "test", PAGES(4), NULL) == FW_OK);
    cr_assert(fw_arena_map(&arena, true, false, NULL) == FW_OK);
    cr_assert(fw_arena_size(&arena, PAGES(4), NULL) == FW_OK);
    cr_assert(signal_of_touch(arena.base + PAGES(4) - 1, true) == 0);
    cr_assert(signal_of_touch(arena.base + PAGES(4), false) == SIGSEGV);
    fw_arena_close(&arena);
}

Test(arena, both_mappings_see_the_same)
{
    struct fw_arena arena;
    struct fw_arena view;

    arena_ready(&arena, true);
    view = arena;
    cr_assert(fw_arena_map(&view, false, true, NULL) == FW_OK);
    arena.base[PAGES(1) + 3] = 77;
    cr_assert(view.base[PAGES(1) + 3] == 77);
    fw_arena_unmap(&view);
    fw_arena_close(&arena);
}

static size_t file_blocks(const struct fw_arena *arena)
{
    struct stat st;

    cr_assert(fstat(arena->fd, &st) == 0);
    return (size_t)st.st_blocks * 512;
}

Test(arena, memory_is_taken_on_first_use)
{
    struct fw_arena arena;

    arena_ready(&arena, true);
    cr_assert(file_blocks(&arena) == 0);
    cr_assert(fw_arena_populate(arena.base + PAGES(1), PAGES(2), true, NULL) == FW_OK);
    cr_assert(file_blocks(&arena) == PAGES(2));
    arena.base[PAGES(1)] = 9;
    cr_assert(fw_arena_populate(arena.base + PAGES(1), PAGES(2), true, NULL) == FW_OK);
    cr_assert(arena.base[PAGES(1)] == 9);
    fw_arena_close(&arena);
}

Test(arena, populating_what_is_not_there_is_an_error)
{
    struct fw_arena arena;
    struct fw_error err = { 0 };

    arena_ready(&arena, true);
    cr_assert(fw_arena_populate(arena.base + PAGES(3), PAGES(2), true, &err) == FW_ERR_MEMORY);
    cr_assert(fw_arena_populate(arena.base + PAGES(3), PAGES(2), false, NULL) == FW_ERR_MEMORY);
    cr_assert(fw_arena_populate(arena.base + 1, PAGES(1), true, NULL) == FW_ERR_INTERNAL);
    fw_arena_close(&arena);
    arena_ready(&arena, false);
    cr_assert(fw_arena_populate(arena.base, PAGES(1), false, NULL) == FW_OK);
    cr_assert(fw_arena_populate(arena.base, PAGES(1), true, NULL) == FW_ERR_MEMORY);
    fw_arena_close(&arena);
}
