/* Bytes into a file: gathered, counted, hashed. */
#include "still_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#define BUFFER_BYTES ((size_t)256 << 10)

static int write_all(int fd, const uint8_t *bytes, size_t count, struct fw_error *err)
{
    while (count > 0) {
        ssize_t written = write(fd, bytes, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return fw_fail(err, FW_ERR_OUTPUT, "cannot write: %s", strerrordesc_np(errno));
        bytes += written;
        count -= (size_t)written;
    }
    return FW_OK;
}

int fw_still_out_init(struct fw_still_out *out, int fd, struct fw_error *err)
{
    memset(out, 0, sizeof(*out));
    out->fd = fd;
    out->buffer = malloc(BUFFER_BYTES);
    out->hash = XXH3_createState();
    if (!out->buffer || !out->hash || XXH3_64bits_reset(out->hash) != XXH_OK)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a file's bytes");
    return FW_OK;
}

static int flush(struct fw_still_out *out, struct fw_error *err)
{
    size_t count = out->used;
    out->used = 0;
    return write_all(out->fd, out->buffer, count, err);
}

int fw_still_out_write(struct fw_still_out *out, const void *bytes, size_t count,
                       struct fw_error *err)
{
    int status = FW_OK;
    (void)XXH3_64bits_update(out->hash, bytes, count);
    out->bytes += count;
    if (count > BUFFER_BYTES - out->used)
        status = flush(out, err);
    if (status == FW_OK && count >= BUFFER_BYTES)
        return write_all(out->fd, bytes, count, err);
    if (status == FW_OK) {
        memcpy(out->buffer + out->used, bytes, count);
        out->used += count;
    }
    return status;
}

static int hash_again(struct fw_still_out *out, struct fw_error *err)
{
    uint64_t at = 0;
    if (XXH3_64bits_reset(out->hash) != XXH_OK)
        return fw_fail(err, FW_ERR_INTERNAL, "a hash cannot begin again");
    while (at < out->bytes) {
        ssize_t got = pread(out->fd, out->buffer, BUFFER_BYTES, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return fw_fail(err, FW_ERR_OUTPUT, "cannot read what was written: %s",
                           got < 0 ? strerrordesc_np(errno) : "it is gone");
        (void)XXH3_64bits_update(out->hash, out->buffer, (size_t)got);
        at += (uint64_t)got;
    }
    return FW_OK;
}

int fw_still_out_patch(struct fw_still_out *out, uint64_t offset, const void *bytes, size_t count,
                       struct fw_error *err)
{
    const uint8_t *next = bytes;
    int status = flush(out, err);
    while (count > 0 && status == FW_OK) {
        ssize_t written = pwrite(out->fd, next, count, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return fw_fail(err, FW_ERR_OUTPUT, "cannot write: %s", strerrordesc_np(errno));
        next += written;
        offset += (uint64_t)written;
        count -= (size_t)written;
    }
    return status < 0 ? status : hash_again(out, err);
}

int fw_still_out_finish(struct fw_still_out *out, struct fw_still_sum *sum_out,
                        struct fw_error *err)
{
    struct stat status;
    if (flush(out, err) < 0)
        return FW_ERR_OUTPUT;
    if (fstat(out->fd, &status) < 0)
        return fw_fail(err, FW_ERR_OUTPUT, "cannot look at it: %s", strerrordesc_np(errno));
    if ((uint64_t)status.st_size != out->bytes)
        return fw_fail(err, FW_ERR_VERIFY, "the file holds %lld bytes, and %llu were written",
                       (long long)status.st_size, (unsigned long long)out->bytes);
    sum_out->bytes = out->bytes;
    sum_out->xxh3 = XXH3_64bits_digest(out->hash);
    return FW_OK;
}

void fw_still_out_deinit(struct fw_still_out *out)
{
    free(out->buffer);
    if (out->hash)
        (void)XXH3_freeState(out->hash);
    memset(out, 0, sizeof(*out));
}
