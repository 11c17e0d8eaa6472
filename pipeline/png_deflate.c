/*
 * Deflate for filtered rows, by whichever way makes less of them.
 *
 * In most photographs repeated bytes are chance: a search for matches costs much and takes short
 * codes from the literals. There zlib's run lengths alone are both smaller and faster. Where
 * pictures repeat themselves, libdeflate finds it. Samples of the rows decide.
 */
#include "png_still.h"

#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>
#include <zlib.h>

#define SAMPLES 4u
#define SAMPLE_BYTES ((size_t)64 << 10)
#define SCRATCH_BYTES ((size_t)64 << 10)
#define RUNS_LEVEL 6  /* any: run lengths know no levels */
#define LEAST_LEVEL 2 /* below it only time counts */
#define WINDOW_BITS 15
#define MEMORY_LEVEL 9

/* zlib's conservative bound for any settings, and room for libdeflate's, for head, sum and flush.
 */
size_t fw_png_deflate_bound(size_t count)
{
    return count + (count >> 3) + (count >> 6) + 1024;
}

/* Number of bytes, or 0 without memory. */
static size_t by_runs(const struct fw_png_piece *piece, uint8_t *to)
{
    z_stream stream = { 0 };
    size_t room = fw_png_deflate_bound(piece->count);
    if (deflateInit2(&stream, RUNS_LEVEL, Z_DEFLATED, piece->strip ? -WINDOW_BITS : WINDOW_BITS,
                     MEMORY_LEVEL, Z_RLE) != Z_OK)
        return 0;
    stream.next_in = (uint8_t *)(uintptr_t)piece->raw;
    stream.avail_in = (uInt)piece->count;
    stream.next_out = to;
    stream.avail_out = (uInt)room;
    int result = deflate(&stream, piece->open ? Z_SYNC_FLUSH : Z_FINISH);
    bool good = result == (piece->open ? Z_OK : Z_STREAM_END) && stream.avail_in == 0 &&
                stream.avail_out > 0;
    size_t count = room - stream.avail_out;
    (void)deflateEnd(&stream);
    return good ? count : 0;
}

/* Bit positions in a deflate stream. */
struct ends {
    uint64_t last_block; /* where its head begins */
    uint64_t end;
};

static bool find_ends(const uint8_t *bytes, size_t count, uint8_t *scratch, struct ends *ends_out)
{
    z_stream stream = { 0 };
    *ends_out = (struct ends){ 0 };
    if (inflateInit2(&stream, -WINDOW_BITS) != Z_OK)
        return false;
    stream.next_in = (uint8_t *)(uintptr_t)bytes;
    stream.avail_in = (uInt)count;
    while (ends_out->end == 0) {
        stream.next_out = scratch;
        stream.avail_out = SCRATCH_BYTES;
        if (inflate(&stream, Z_BLOCK) != Z_OK)
            break;
        /* 128: stands between two blocks; 64: behind the last; below: bits taken too many. */
        uint64_t at = (uint64_t)stream.total_in * 8 - (uint64_t)(stream.data_type & 63);
        if ((stream.data_type & 192) == 192)
            ends_out->end = at;
        else if (stream.data_type & 128)
            ends_out->last_block = at;
    }
    (void)inflateEnd(&stream);
    return ends_out->end > 0;
}

/* libdeflate always ends its stream. So that more may follow, the last block's mark is taken away,
 * and an empty stored block fills up the last byte, as a flush of zlib's does. */
static size_t leave_open(uint8_t *to, size_t count)
{
    static const uint8_t stored[4] = { 0, 0, 0xff, 0xff };
    struct ends ends;
    uint8_t *scratch = malloc(SCRATCH_BYTES);
    bool found = scratch && find_ends(to, count, scratch, &ends);
    free(scratch);
    if (!found)
        return 0;
    to[ends.last_block / 8] &= (uint8_t) ~(1u << ends.last_block % 8);
    size_t bytes = (size_t)(ends.end + 7) / 8;
    if (ends.end % 8 != 0)
        to[bytes - 1] &= (uint8_t)((1u << ends.end % 8) - 1);
    if (bytes * 8 - ends.end < 3) /* the stored block's own head */
        to[bytes++] = 0;
    memcpy(to + bytes, stored, sizeof(stored));
    return bytes + sizeof(stored);
}

static size_t by_matches(const struct fw_png_piece *piece, uint8_t *to,
                         struct libdeflate_compressor *deflate)
{
    size_t room = fw_png_deflate_bound(piece->count);
    if (!piece->strip)
        return libdeflate_zlib_compress(deflate, piece->raw, piece->count, to, room);
    size_t count = libdeflate_deflate_compress(deflate, piece->raw, piece->count, to, room);
    return piece->open && count > 0 ? leave_open(to, count) : count;
}

static bool prefers_runs(const struct fw_png_piece *piece, uint8_t *to,
                         struct libdeflate_compressor *deflate)
{
    size_t runs = 0;
    size_t matches = 0;
    size_t step = piece->count / SAMPLES;
    if (piece->level < LEAST_LEVEL)
        return false;
    for (size_t i = 0; i < SAMPLES; i++) {
        const struct fw_png_piece sample = { .raw = piece->raw + i * step,
                                             .count = SAMPLE_BYTES,
                                             .level = piece->level };
        runs += by_runs(&sample, to);
        matches += by_matches(&sample, to, deflate);
    }
    return runs <= matches;
}

/* A small one both ways: the samples would be all of it. */
static size_t by_both(const struct fw_png_piece *piece, uint8_t *to,
                      struct libdeflate_compressor *deflate)
{
    uint8_t *other = malloc(fw_png_deflate_bound(piece->count));
    size_t runs = other ? by_runs(piece, other) : 0;
    size_t matches = runs > 0 ? by_matches(piece, to, deflate) : 0;
    bool smaller = runs < matches;
    if (smaller)
        memcpy(to, other, runs);
    free(other);
    return smaller ? runs : matches;
}

int fw_png_deflate(const struct fw_png_piece *piece, uint8_t *to, size_t *count_out,
                   struct fw_error *err)
{
    struct libdeflate_compressor *deflate = libdeflate_alloc_compressor(piece->level);
    bool small = piece->count <= SAMPLES * SAMPLE_BYTES && piece->level >= LEAST_LEVEL;
    *count_out = 0;
    if (deflate && small)
        *count_out = by_both(piece, to, deflate);
    else if (deflate && prefers_runs(piece, to, deflate))
        *count_out = by_runs(piece, to);
    else if (deflate)
        *count_out = by_matches(piece, to, deflate);
    libdeflate_free_compressor(deflate);
    return *count_out > 0 ? FW_OK : fw_fail(err, FW_ERR_MEMORY, "no memory to compress a PNG");
}
