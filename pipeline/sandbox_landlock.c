/* Landlock by system call: Debian's headers stop at version 2 of its interface. */
#include "sandbox_layers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1
#define FS_READ_FILE (UINT64_C(1) << 2)
#define FS_READ_DIR (UINT64_C(1) << 3)
#define NET_TCP UINT64_C(3)   /* bind, connect */
#define SCOPE_ALL UINT64_C(3) /* abstract sockets, signals */

/* Bits of file rights that version 1, 2, 3, 4, 5 and later know. */
static const uint64_t fs_bits[] = { 13, 14, 15, 15, 16 };

struct ruleset {
    uint64_t fs;
    uint64_t net;    /* version 4 */
    uint64_t scoped; /* version 6 */
};

struct path_rule {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

int fw_landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    return abi > 0 ? (int)abi : 0;
}

static int allow_path(int ruleset_fd, const char *path, struct fw_error *err)
{
    struct stat status;
    struct path_rule rule = { .allowed = FS_READ_FILE };
    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return FW_OK; /* the filter that wants it says so better */
    if (rule.parent_fd < 0)
        return fw_fail(err, FW_ERR_LIMIT, "cannot keep '%s' readable: %s", path,
                       strerrordesc_np(errno));
    if (fstat(rule.parent_fd, &status) == 0 && S_ISDIR(status.st_mode))
        rule.allowed |= FS_READ_DIR;
    int failed = syscall(SYS_landlock_add_rule, ruleset_fd, RULE_PATH_BENEATH, &rule, 0) < 0;
    int error = errno;
    close(rule.parent_fd);
    if (failed)
        return fw_fail(err, FW_ERR_LIMIT, "cannot keep '%s' readable: %s", path,
                       strerrordesc_np(error));
    return FW_OK;
}

int fw_landlock_enter(const struct fw_sandbox_options *options, int abi, bool *scoped_out,
                      struct fw_error *err)
{
    int known = (int)(sizeof(fs_bits) / sizeof(fs_bits[0]));
    struct ruleset ruleset = {
        .fs = (UINT64_C(1) << fs_bits[(abi < known ? abi : known) - 1]) - 1,
        .net = abi >= 4 ? NET_TCP : 0,
        .scoped = abi >= 6 ? SCOPE_ALL : 0,
    };
    size_t bytes = abi >= 6 ? sizeof(ruleset) : abi >= 4 ? 16 : 8;
    int status = FW_OK;
    int fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, bytes, 0);
    if (fd < 0)
        return fw_fail(err, FW_ERR_LIMIT, "cannot set up Landlock: %s", strerrordesc_np(errno));
    for (uint32_t i = 0; i < options->read_path_count && status == FW_OK; i++)
        status = allow_path(fd, options->read_paths[i], err);
    if (status == FW_OK && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
        status = fw_fail(err, FW_ERR_LIMIT, "cannot enter Landlock: %s", strerrordesc_np(errno));
    close(fd);
    *scoped_out = status == FW_OK && abi >= 6;
    return status;
}
