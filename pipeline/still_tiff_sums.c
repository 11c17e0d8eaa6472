/* The check sums of a TIFF file's deflated chunks. Its decoder stops where a row is full, and never
 * comes to them: a changed byte would be a changed picture. */
#include "still_tiff.h"

#include "filters/check.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#define SCRATCH_BYTES 65536u
#define SLACK_BYTES ((uint64_t)1 << 20)

/* Inflates to nowhere. `left` is what all chunks may yet come to. */
static bool chunk_is_whole(z_stream *stream, const uint8_t *bytes, size_t count, uint8_t *scratch,
                           uint64_t *left)
{
    int result = inflateReset(stream);
    /* zlib takes what it reads as not constant, and does not change it. */
    stream->next_in = (uint8_t *)(uintptr_t)bytes;
    stream->avail_in = (uInt)count;
    while (result == Z_OK) {
        stream->next_out = scratch;
        stream->avail_out = SCRATCH_BYTES;
        result = inflate(stream, Z_NO_FLUSH);
        const uint64_t made = SCRATCH_BYTES - stream->avail_out;
        if (made > *left)
            return false;
        *left -= made;
    }
    return result == Z_STREAM_END;
}

int fw_tiff_check_sums(const struct fw_tiff_tree *tree, const struct fw_tiff_entry *starts,
                       const struct fw_tiff_entry *sizes, const uint8_t *file, uint64_t most,
                       struct fw_error *err)
{
    z_stream stream = { 0 };
    uint64_t left = most + SLACK_BYTES;
    uint8_t *scratch = malloc(SCRATCH_BYTES);
    int status = FW_OK;
    if (!scratch || inflateInit(&stream) != Z_OK) {
        free(scratch);
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a check");
    }
    for (uint32_t i = 0; i < starts->count && status == FW_OK; i++) {
        if (!chunk_is_whole(&stream, file + fw_tiff_number(tree, starts, i, 0),
                            fw_tiff_number(tree, sizes, i, 0), scratch, &left))
            status = fw_fail(err, FW_ERR_INPUT, "the picture is damaged: strip %u", i);
    }
    (void)inflateEnd(&stream);
    free(scratch);
    return status;
}
