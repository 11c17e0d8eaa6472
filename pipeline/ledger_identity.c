/* Which file an input is, and the words for what became of an item. */
#include "ledger.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#include "filters/check.h"

#define END_BYTES 65536u

/* Adds what lies at `offset`. A file that became shorter is hashed as far as it goes. */
static int hash_part(XXH3_state_t *state, int fd, uint64_t offset, size_t bytes)
{
    unsigned char part[8192];
    while (bytes > 0) {
        size_t want = bytes < sizeof(part) ? bytes : sizeof(part);
        ssize_t got = pread(fd, part, want, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        (void)XXH3_64bits_update(state, part, (size_t)got);
        offset += (uint64_t)got;
        bytes -= (size_t)got;
    }
    return 0;
}

static int hash_ends(struct fw_identity *identity, int fd, struct fw_error *err)
{
    XXH3_state_t *state = XXH3_createState();
    if (state == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a hash");
    (void)XXH3_64bits_reset(state);
    (void)XXH3_64bits_update(state, &identity->size, sizeof(identity->size));
    size_t head = identity->size < END_BYTES ? (size_t)identity->size : END_BYTES;
    uint64_t rest = identity->size - head;
    size_t tail = rest < END_BYTES ? (size_t)rest : END_BYTES;
    int result = hash_part(state, fd, 0, head);
    if (result == 0)
        result = hash_part(state, fd, identity->size - tail, tail);
    int error = errno;
    identity->xxh3 = XXH3_64bits_digest(state);
    /* 0 says that there is none. */
    if (identity->xxh3 == 0)
        identity->xxh3 = 1;
    (void)XXH3_freeState(state);
    if (result < 0)
        return fw_fail(err, FW_ERR_INPUT, "cannot read it: %s", strerrordesc_np(error));
    return FW_OK;
}

int64_t fw_mtime_ns(const struct stat *status)
{
    /* A time stamp is anybody's to set: one that does not fit is as good as its remainder. */
    uint64_t seconds = (uint64_t)status->st_mtim.tv_sec;
    return (int64_t)(seconds * 1000000000u + (uint64_t)status->st_mtim.tv_nsec);
}

int fw_identity_take(struct fw_identity *identity, int fd, bool hash, struct fw_error *err)
{
    struct stat status;
    memset(identity, 0, sizeof(*identity));
    if (fstat(fd, &status) < 0)
        return fw_fail(err, FW_ERR_INPUT, "cannot look at it: %s", strerrordesc_np(errno));
    identity->dev = status.st_dev;
    identity->ino = status.st_ino;
    identity->size = (uint64_t)status.st_size;
    identity->mtime_ns = fw_mtime_ns(&status);
    return hash ? hash_ends(identity, fd, err) : FW_OK;
}

bool fw_identity_same(const struct fw_identity *a, const struct fw_identity *b)
{
    bool unlike = a->xxh3 != 0 && b->xxh3 != 0 && a->xxh3 != b->xxh3;
    return a->size == b->size && a->mtime_ns == b->mtime_ns && !unlike;
}

const char *fw_item_state_name(enum fw_item_state state)
{
    static const char *const names[] = {
        [FW_ITEM_RUNNING] = "running",         [FW_ITEM_DONE] = "done",
        [FW_ITEM_FAILED] = "failed",           [FW_ITEM_SKIPPED] = "skipped",
        [FW_ITEM_INTERRUPTED] = "interrupted",
    };
    FW_CHECK((unsigned)state < FW_COUNT(names));
    return names[state];
}
