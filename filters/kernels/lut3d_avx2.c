/*
 * Tetrahedral interpolation of 8 pixels: places, weights and corners as vectors over the pixels,
 * then two pixels a vector, a colour in each half. Half h of vector k is pixel 4h + k, so that one
 * transposition within halves gives back vectors over the pixels in their order.
 */
#if defined(__x86_64__)
#include "lut3d.h"

#include "lut3d_rows.h"

#include <immintrin.h>

struct corners {
    _Alignas(32) int32_t offset[4][FW_LUT3D_CHUNK]; /* floats from the first node */
    _Alignas(32) float weight[4][FW_LUT3D_CHUNK];
};

static inline __m256i choose(__m256 one, __m256 other, __m256i equal, __m256i different)
{
    __m256 mask = _mm256_cmp_ps(one, other, _CMP_EQ_OQ);
    return _mm256_blendv_epi8(different, equal, _mm256_castps_si256(mask));
}

static inline void find_corners(const struct fw_lut3d *lut, const struct lut3d_chunk *chunk,
                                int32_t x, struct corners *corners)
{
    const int32_t row = lut->size + 1;
    const __m256i step_r = _mm256_set1_epi32(4 * row * row);
    const __m256i step_g = _mm256_set1_epi32(4 * row);
    const __m256i step_b = _mm256_set1_epi32(4);
    __m256 r = _mm256_load_ps(chunk->place[0] + x);
    __m256 g = _mm256_load_ps(chunk->place[1] + x);
    __m256 b = _mm256_load_ps(chunk->place[2] + x);
    __m256i whole_r = _mm256_cvttps_epi32(r);
    __m256i whole_g = _mm256_cvttps_epi32(g);
    __m256i whole_b = _mm256_cvttps_epi32(b);
    r = _mm256_sub_ps(r, _mm256_cvtepi32_ps(whole_r));
    g = _mm256_sub_ps(g, _mm256_cvtepi32_ps(whole_g));
    b = _mm256_sub_ps(b, _mm256_cvtepi32_ps(whole_b));
    __m256i first = _mm256_add_epi32(
        _mm256_mullo_epi32(whole_r, step_r),
        _mm256_add_epi32(_mm256_mullo_epi32(whole_g, step_g), _mm256_slli_epi32(whole_b, 2)));
    __m256 high = _mm256_max_ps(r, g);
    __m256 low = _mm256_min_ps(r, g);
    __m256 most = _mm256_max_ps(high, b);
    __m256 middle = _mm256_max_ps(_mm256_min_ps(high, b), low);
    __m256 least = _mm256_min_ps(low, b);
    __m256i to_most = choose(most, r, step_r, choose(most, g, step_g, step_b));
    __m256i to_least = choose(least, r, step_r, choose(least, g, step_g, step_b));
    __m256i last = _mm256_add_epi32(first, _mm256_set1_epi32(4 * (row * row + row + 1)));
    _mm256_store_si256((__m256i *)(void *)(corners->offset[0] + x), first);
    _mm256_store_si256((__m256i *)(void *)(corners->offset[1] + x),
                       _mm256_add_epi32(first, to_most));
    _mm256_store_si256((__m256i *)(void *)(corners->offset[2] + x),
                       _mm256_sub_epi32(last, to_least));
    _mm256_store_si256((__m256i *)(void *)(corners->offset[3] + x), last);
    _mm256_store_ps(corners->weight[0] + x, _mm256_sub_ps(_mm256_set1_ps(1), most));
    _mm256_store_ps(corners->weight[1] + x, _mm256_sub_ps(most, middle));
    _mm256_store_ps(corners->weight[2] + x, _mm256_sub_ps(middle, least));
    _mm256_store_ps(corners->weight[3] + x, least);
}

/* Pixel k, a colour in each lane but the last. */
static inline __m128 pixel(const float *nodes, const struct corners *corners, int32_t k)
{
    __m128 sum = _mm_mul_ps(_mm_broadcast_ss(&corners->weight[0][k]),
                            _mm_load_ps(nodes + corners->offset[0][k]));
    for (int c = 1; c < 4; c++) {
        __m128 weight = _mm_broadcast_ss(&corners->weight[c][k]);
        sum = _mm_add_ps(sum, _mm_mul_ps(weight, _mm_load_ps(nodes + corners->offset[c][k])));
    }
    return sum;
}

/* Pixels k and k + 4. */
static inline __m256 pixels(const float *nodes, const struct corners *corners, int32_t k)
{
    return _mm256_set_m128(pixel(nodes, corners, k + 4), pixel(nodes, corners, k));
}

static inline void store_samples(uint16_t *to, __m256 values, float top)
{
    __m256 scaled = _mm256_mul_ps(values, _mm256_set1_ps(top));
    scaled = _mm256_min_ps(_mm256_max_ps(scaled, _mm256_setzero_ps()), _mm256_set1_ps(top));
    __m256i whole = _mm256_cvttps_epi32(scaled);
    _mm_store_si128((__m128i *)(void *)to, _mm_packus_epi32(_mm256_castsi256_si128(whole),
                                                            _mm256_extracti128_si256(whole, 1)));
}

static void interpolate_tetrahedral(const struct fw_lut3d *lut, struct lut3d_chunk *chunk)
{
    float top = (float)((1u << lut->depth) - 1);
    struct corners corners;
    for (int32_t x = 0; x < FW_LUT3D_CHUNK; x += 8)
        find_corners(lut, chunk, x, &corners);
    for (int32_t x = 0; x < FW_LUT3D_CHUNK; x += 8) {
        __m256 p0 = pixels(lut->nodes, &corners, x + 0);
        __m256 p1 = pixels(lut->nodes, &corners, x + 1);
        __m256 p2 = pixels(lut->nodes, &corners, x + 2);
        __m256 p3 = pixels(lut->nodes, &corners, x + 3);
        __m256d rg01 = _mm256_castps_pd(_mm256_unpacklo_ps(p0, p1));
        __m256d rg23 = _mm256_castps_pd(_mm256_unpacklo_ps(p2, p3));
        __m256d b01 = _mm256_castps_pd(_mm256_unpackhi_ps(p0, p1));
        __m256d b23 = _mm256_castps_pd(_mm256_unpackhi_ps(p2, p3));
        store_samples(chunk->value[0] + x, _mm256_castpd_ps(_mm256_unpacklo_pd(rg01, rg23)), top);
        store_samples(chunk->value[1] + x, _mm256_castpd_ps(_mm256_unpackhi_pd(rg01, rg23)), top);
        store_samples(chunk->value[2] + x, _mm256_castpd_ps(_mm256_unpacklo_pd(b01, b23)), top);
    }
}

void fw_lut3d_row_avx2(const struct fw_lut3d *lut, const struct fw_lut3d_row *row, int32_t count)
{
    lut3d_row(lut, row, count,
              lut->interpolation == FW_LUT3D_TETRAHEDRAL
                  ? interpolate_tetrahedral
                  : fw_lut3d_interpolate_c(lut->interpolation));
}
#endif
