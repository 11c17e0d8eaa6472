/*
 * Packed pixels to rows of components and back with AVX2: two groups of 16 bytes of a component,
 * one in each lane. Every vector of one side is the union of shuffled vectors of the other.
 */
#if defined(__x86_64__)
#include "interleave.h"

#include <immintrin.h>

#define LOAD(at) _mm_loadu_si128((const __m128i *)(at))
#define MASK(bytes) _mm256_broadcastsi128_si256(LOAD(bytes))

static inline void load_masks(__m256i (*masks)[4], const uint8_t (*from)[4][16], int parts)
{
    for (int i = 0; i < parts; i++)
        for (int k = 0; k < parts; k++)
            masks[i][k] = MASK(from[i][k]);
}

static inline __m256i shuffled(const __m256i *v, const __m256i *masks, int parts)
{
    __m256i sum = _mm256_or_si256(
        _mm256_shuffle_epi8(v[0], masks[0]),
        _mm256_or_si256(_mm256_shuffle_epi8(v[1], masks[1]), _mm256_shuffle_epi8(v[2], masks[2])));
    return parts == 4 ? _mm256_or_si256(sum, _mm256_shuffle_epi8(v[3], masks[3])) : sum;
}

/* Returns how many bytes of each component were done. */
static inline ptrdiff_t split_blocks(const struct fw_interleave *plan, uint8_t *const *rows,
                                     const uint8_t *src, ptrdiff_t bytes, int parts)
{
    __m256i masks[4][4];
    ptrdiff_t done = 0;
    load_masks(masks, plan->split, parts);
    for (; done + 32 <= bytes; done += 32, src += 32 * parts) {
        __m256i v[4];
        for (int k = 0; k < parts; k++)
            v[k] = _mm256_inserti128_si256(_mm256_castsi128_si256(LOAD(src + 16 * k)),
                                           LOAD(src + 16 * (parts + k)), 1);
        for (int i = 0; i < parts; i++)
            _mm256_storeu_si256((__m256i *)(rows[i] + done), shuffled(v, masks[i], parts));
    }
    return done;
}

static inline ptrdiff_t join_blocks(const struct fw_interleave *plan, uint8_t *dst,
                                    const uint8_t *const *rows, ptrdiff_t bytes, int parts)
{
    __m256i masks[4][4];
    ptrdiff_t done = 0;
    load_masks(masks, plan->join, parts);
    for (; done + 32 <= bytes; done += 32, dst += 32 * parts) {
        __m256i v[4];
        for (int i = 0; i < parts; i++)
            v[i] = _mm256_loadu_si256((const __m256i *)(rows[i] + done));
        for (int k = 0; k < parts; k++) {
            __m256i packed = shuffled(v, masks[k], parts);
            _mm_storeu_si128((__m128i *)(dst + 16 * k), _mm256_castsi256_si128(packed));
            _mm_storeu_si128((__m128i *)(dst + 16 * (parts + k)),
                             _mm256_extracti128_si256(packed, 1));
        }
    }
    return done;
}

void fw_interleave_split_avx2(const struct fw_interleave *plan, uint8_t *const *rows,
                              const uint8_t *src, int32_t count)
{
    ptrdiff_t bytes = (ptrdiff_t)count * plan->sample_bytes;
    ptrdiff_t done = plan->parts == 3 ? split_blocks(plan, rows, src, bytes, 3)
                                      : split_blocks(plan, rows, src, bytes, 4);
    uint8_t *const rest[4] = { rows[0] + done, rows[1] + done, rows[2] + done,
                               plan->parts == 4 ? rows[3] + done : NULL };
    fw_interleave_split_c(plan, rest, src + done * plan->parts,
                          count - (int32_t)(done / plan->sample_bytes));
}

void fw_interleave_join_avx2(const struct fw_interleave *plan, uint8_t *dst,
                             const uint8_t *const *rows, int32_t count)
{
    ptrdiff_t bytes = (ptrdiff_t)count * plan->sample_bytes;
    ptrdiff_t done = plan->parts == 3 ? join_blocks(plan, dst, rows, bytes, 3)
                                      : join_blocks(plan, dst, rows, bytes, 4);
    const uint8_t *const rest[4] = { rows[0] + done, rows[1] + done, rows[2] + done,
                                     plan->parts == 4 ? rows[3] + done : NULL };
    fw_interleave_join_c(plan, dst + done * plan->parts, rest,
                         count - (int32_t)(done / plan->sample_bytes));
}
#endif
