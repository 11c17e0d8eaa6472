/*
 * Rows reversed and planes transposed with AVX2.
 *
 * A transposition reads 16 (for pixels of 3 and 6 bytes 12) bytes of as many source rows as give 32
 * (24) bytes of destination rows. The last tile of a row or column lies flush with the end, over
 * the one before it.
 */
#if defined(__x86_64__)
#include "turn.h"

#include <immintrin.h>
#include <string.h>

/* 16 bytes at a time; dst bytes beyond the whole pixels are written again by what follows. */
static void reverse_16(uint8_t *dst, const uint8_t *src, int32_t count, int32_t unit)
{
    int32_t block = 16 / unit * unit;
    ptrdiff_t left = (ptrdiff_t)count * unit;
    uint8_t order[16] = { 0 };
    for (int32_t i = 0; i < block; i++)
        order[i] = (uint8_t)(16 - unit - i / unit * unit + i % unit);
    __m128i index = _mm_loadu_si128((const __m128i *)order);
    for (; left >= 16; left -= block, dst += block) {
        __m128i pixels = _mm_loadu_si128((const __m128i *)(src + left - 16));
        _mm_storeu_si128((__m128i *)dst, _mm_shuffle_epi8(pixels, index));
    }
    fw_turn_reverse_c(dst, src, (int32_t)(left / unit), unit);
}

void fw_turn_reverse_avx2(uint8_t *dst, const uint8_t *src, int32_t count, int32_t unit)
{
    if (unit != 1 && unit != 2 && unit != 4 && unit != 8) {
        if (unit <= 8)
            reverse_16(dst, src, count, unit);
        else
            fw_turn_reverse_c(dst, src, count, unit);
        return;
    }
    ptrdiff_t left = (ptrdiff_t)count * unit;
    uint8_t order[16];
    for (int32_t i = 0; i < 16; i++)
        order[i] = (uint8_t)(16 - unit - i / unit * unit + i % unit);
    __m256i index = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)order));
    for (; left >= 32; left -= 32, dst += 32) {
        __m256i pixels = _mm256_loadu_si256((const __m256i *)(src + left - 32));
        pixels = _mm256_shuffle_epi8(pixels, index);
        _mm256_storeu_si256((__m256i *)dst, _mm256_permute2x128_si256(pixels, pixels, 1));
    }
    reverse_16(dst, src, (int32_t)(left / unit), unit);
}

#define LOAD(at) _mm_loadu_si128((const __m128i *)(at))

/* 16 bytes of `rows` rows in the low lanes, of the next `rows` rows in the high ones. */
static inline void load_rows(__m256i *v, const uint8_t *src, ptrdiff_t stride, int rows)
{
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
        v[i] = _mm256_inserti128_si256(_mm256_castsi128_si256(LOAD(src + i * stride)),
                                       LOAD(src + (i + rows) * stride), 1);
}

static inline void store_rows(uint8_t *dst, ptrdiff_t stride, const __m256i *v, int rows)
{
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
        _mm256_storeu_si256((__m256i *)(dst + i * stride), v[i]);
}

/* A perfect shuffle of vectors; log2(count) of them transpose. */
#define SHUFFLE(v, count, suffix)                                                                  \
    do {                                                                                           \
        __m256i t[count];                                                                          \
        _Pragma("GCC unroll 16") for (int i = 0; i < (count) / 2; i++)                             \
        {                                                                                          \
            t[2 * i] = _mm256_unpacklo_##suffix(v[i], v[i + (count) / 2]);                         \
            t[2 * i + 1] = _mm256_unpackhi_##suffix(v[i], v[i + (count) / 2]);                     \
        }                                                                                          \
        memcpy(v, t, sizeof(t));                                                                   \
    } while (0)

static void tile_1(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src, ptrdiff_t src_stride)
{
    __m256i v[16];
    load_rows(v, src, src_stride, 16);
    SHUFFLE(v, 16, epi8);
    SHUFFLE(v, 16, epi8);
    SHUFFLE(v, 16, epi8);
    SHUFFLE(v, 16, epi8);
    store_rows(dst, dst_stride, v, 16);
}

static void tile_2(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src, ptrdiff_t src_stride)
{
    __m256i v[8];
    load_rows(v, src, src_stride, 8);
    SHUFFLE(v, 8, epi16);
    SHUFFLE(v, 8, epi16);
    SHUFFLE(v, 8, epi16);
    store_rows(dst, dst_stride, v, 8);
}

static void tile_4(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src, ptrdiff_t src_stride)
{
    __m256i v[4];
    load_rows(v, src, src_stride, 4);
    SHUFFLE(v, 4, epi32);
    SHUFFLE(v, 4, epi32);
    store_rows(dst, dst_stride, v, 4);
}

static void tile_8(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src, ptrdiff_t src_stride)
{
    __m256i v[2];
    load_rows(v, src, src_stride, 2);
    SHUFFLE(v, 2, epi64);
    store_rows(dst, dst_stride, v, 2);
}

static inline __m128i load_12(const uint8_t *at)
{
    int32_t last;
    memcpy(&last, at + 8, 4);
    return _mm_insert_epi32(_mm_loadl_epi64((const __m128i *)at), last, 2);
}

/* 12 bytes of each row, spread by `spread` to pixels of a power of two. */
static inline void load_rows_12(__m256i *v, const uint8_t *src, ptrdiff_t stride, int rows,
                                __m256i spread)
{
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++)
        v[i] = _mm256_shuffle_epi8(
            _mm256_inserti128_si256(_mm256_castsi128_si256(load_12(src + i * stride)),
                                    load_12(src + (i + rows) * stride), 1),
            spread);
}

/* The pixels put together again, 24 bytes a row. */
static inline void store_rows_24(uint8_t *dst, ptrdiff_t stride, const __m256i *v, int rows,
                                 __m256i gather)
{
    const __m256i join = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7);
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++) {
        __m256i row = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(v[i], gather), join);
        _mm_storeu_si128((__m128i *)(dst + i * stride), _mm256_castsi256_si128(row));
        _mm_storel_epi64((__m128i *)(dst + i * stride + 16), _mm256_extracti128_si256(row, 1));
    }
}

static void tile_3(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src, ptrdiff_t src_stride)
{
    const __m256i spread = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1));
    const __m256i gather = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    __m256i v[4];
    load_rows_12(v, src, src_stride, 4, spread);
    SHUFFLE(v, 4, epi32);
    SHUFFLE(v, 4, epi32);
    store_rows_24(dst, dst_stride, v, 4, gather);
}

static void tile_6(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src, ptrdiff_t src_stride)
{
    const __m256i spread = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 2, 3, 4, 5, -1, -1, 6, 7, 8, 9, 10, 11, -1, -1));
    const __m256i gather = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1));
    __m256i v[2];
    load_rows_12(v, src, src_stride, 2, spread);
    SHUFFLE(v, 2, epi64);
    store_rows_24(dst, dst_stride, v, 2, gather);
}

struct shape {
    void (*tile)(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src, ptrdiff_t src_stride);
    int32_t width; /* of the tile in dst, in pixels */
    int32_t height;
};

static const struct shape shapes[9] = {
    [1] = { tile_1, 32, 16 }, [2] = { tile_2, 16, 8 }, [3] = { tile_3, 8, 4 },
    [4] = { tile_4, 8, 4 },   [6] = { tile_6, 4, 2 },  [8] = { tile_8, 4, 2 },
};

/* Blocks of destination rows and columns whose cache lines are used up before they leave. */
#define BLOCK_ROWS 64
#define BLOCK_COLUMNS 64

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

void fw_turn_transpose_avx2(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src,
                            ptrdiff_t src_stride, int32_t width, int32_t height, int32_t unit)
{
    const struct shape *shape = &shapes[unit <= 8 ? unit : 0];
    if (!shape->tile || width < shape->width || height < shape->height) {
        fw_turn_transpose_c(dst, dst_stride, src, src_stride, width, height, unit);
        return;
    }
    for (int32_t top = 0; top < height; top += BLOCK_ROWS) {
        int32_t bottom = least(top + BLOCK_ROWS, height);
        for (int32_t left = 0; left < width; left += BLOCK_COLUMNS) {
            int32_t right = least(left + BLOCK_COLUMNS, width);
            for (int32_t row = top; row < bottom; row += shape->height) {
                for (int32_t column = left; column < right; column += shape->width) {
                    int32_t y = least(row, height - shape->height);
                    int32_t x = least(column, width - shape->width);
                    shape->tile(dst + y * dst_stride + (ptrdiff_t)x * unit, dst_stride,
                                src + x * src_stride + (ptrdiff_t)y * unit, src_stride);
                }
            }
        }
    }
}
#endif
