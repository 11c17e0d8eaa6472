#include "file_hash.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>

#define READ_BYTES ((size_t)64 << 10)

int fw_file_hash(int fd, uint64_t *hash_out, struct fw_error *err)
{
    char buffer[READ_BYTES];
    off_t at = 0;
    ssize_t got = 1;
    XXH3_state_t *state = XXH3_createState();
    if (!state || XXH3_64bits_reset(state) != XXH_OK) {
        XXH3_freeState(state);
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a hash");
    }
    while (got > 0) {
        got = pread(fd, buffer, sizeof(buffer), at);
        if (got < 0 && errno == EINTR) {
            got = 1;
            continue;
        }
        if (got > 0)
            (void)XXH3_64bits_update(state, buffer, (size_t)got);
        at += got > 0 ? got : 0;
    }
    int error = errno;
    *hash_out = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return got < 0 ? fw_fail(err, FW_ERR_OUTPUT, "cannot read it again: %s", strerrordesc_np(error))
                   : FW_OK;
}
