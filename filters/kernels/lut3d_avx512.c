/*
 * Tetrahedral interpolation of 16 pixels: places, weights and corners as vectors over the pixels,
 * then four pixels a vector, a colour in each quarter. Quarter q of vector k is pixel 4q + k, so
 * that one transposition within quarters gives back vectors over the pixels in their order.
 */
#if defined(__x86_64__)
#include "lut3d.h"

#include "lut3d_rows.h"

#include <immintrin.h>

struct corners {
    _Alignas(64) int32_t offset[4][FW_LUT3D_CHUNK]; /* floats from the first node */
    _Alignas(64) float weight[4][FW_LUT3D_CHUNK];
};

static inline void find_corners(const struct fw_lut3d *lut, const struct lut3d_chunk *chunk,
                                int32_t x, struct corners *corners)
{
    const int32_t row = lut->size + 1;
    const __m512i step_r = _mm512_set1_epi32(4 * row * row);
    const __m512i step_g = _mm512_set1_epi32(4 * row);
    const __m512i step_b = _mm512_set1_epi32(4);
    __m512 r = _mm512_load_ps(chunk->place[0] + x);
    __m512 g = _mm512_load_ps(chunk->place[1] + x);
    __m512 b = _mm512_load_ps(chunk->place[2] + x);
    __m512i whole_r = _mm512_cvttps_epi32(r);
    __m512i whole_g = _mm512_cvttps_epi32(g);
    __m512i whole_b = _mm512_cvttps_epi32(b);
    r = _mm512_sub_ps(r, _mm512_cvtepi32_ps(whole_r));
    g = _mm512_sub_ps(g, _mm512_cvtepi32_ps(whole_g));
    b = _mm512_sub_ps(b, _mm512_cvtepi32_ps(whole_b));
    __m512i first = _mm512_add_epi32(
        _mm512_mullo_epi32(whole_r, step_r),
        _mm512_add_epi32(_mm512_mullo_epi32(whole_g, step_g), _mm512_slli_epi32(whole_b, 2)));
    __m512 high = _mm512_max_ps(r, g);
    __m512 low = _mm512_min_ps(r, g);
    __m512 most = _mm512_max_ps(high, b);
    __m512 middle = _mm512_max_ps(_mm512_min_ps(high, b), low);
    __m512 least = _mm512_min_ps(low, b);
    __m512i to_most = _mm512_mask_mov_epi32(step_b, _mm512_cmpeq_ps_mask(most, g), step_g);
    to_most = _mm512_mask_mov_epi32(to_most, _mm512_cmpeq_ps_mask(most, r), step_r);
    __m512i to_least = _mm512_mask_mov_epi32(step_b, _mm512_cmpeq_ps_mask(least, g), step_g);
    to_least = _mm512_mask_mov_epi32(to_least, _mm512_cmpeq_ps_mask(least, r), step_r);
    __m512i last = _mm512_add_epi32(first, _mm512_set1_epi32(4 * (row * row + row + 1)));
    _mm512_store_si512(corners->offset[0] + x, first);
    _mm512_store_si512(corners->offset[1] + x, _mm512_add_epi32(first, to_most));
    _mm512_store_si512(corners->offset[2] + x, _mm512_sub_epi32(last, to_least));
    _mm512_store_si512(corners->offset[3] + x, last);
    _mm512_store_ps(corners->weight[0] + x, _mm512_sub_ps(_mm512_set1_ps(1), most));
    _mm512_store_ps(corners->weight[1] + x, _mm512_sub_ps(most, middle));
    _mm512_store_ps(corners->weight[2] + x, _mm512_sub_ps(middle, least));
    _mm512_store_ps(corners->weight[3] + x, least);
}

static inline __m512 load_nodes(const float *nodes, const int32_t *offset)
{
    __m512 four = _mm512_castps128_ps512(_mm_load_ps(nodes + offset[0]));
    four = _mm512_insertf32x4(four, _mm_load_ps(nodes + offset[4]), 1);
    four = _mm512_insertf32x4(four, _mm_load_ps(nodes + offset[8]), 2);
    return _mm512_insertf32x4(four, _mm_load_ps(nodes + offset[12]), 3);
}

/* Pixels k, k + 4, k + 8 and k + 12 of those at x. */
static inline __m512 pixels(const float *nodes, const struct corners *corners, int32_t x, int k)
{
    const __m512i lane = _mm512_set_epi32(12, 12, 12, 12, 8, 8, 8, 8, 4, 4, 4, 4, 0, 0, 0, 0);
    const __m512i pick = _mm512_add_epi32(lane, _mm512_set1_epi32(k));
    __m512 sum = _mm512_mul_ps(_mm512_permutexvar_ps(pick, _mm512_load_ps(corners->weight[0] + x)),
                               load_nodes(nodes, corners->offset[0] + x + k));
    for (int c = 1; c < 4; c++) {
        __m512 weight = _mm512_permutexvar_ps(pick, _mm512_load_ps(corners->weight[c] + x));
        sum = _mm512_add_ps(sum,
                            _mm512_mul_ps(weight, load_nodes(nodes, corners->offset[c] + x + k)));
    }
    return sum;
}

static inline void store_samples(uint16_t *to, __m512 values, float top)
{
    __m512 scaled = _mm512_mul_ps(values, _mm512_set1_ps(top));
    scaled = _mm512_min_ps(_mm512_max_ps(scaled, _mm512_setzero_ps()), _mm512_set1_ps(top));
    _mm256_store_si256((__m256i *)(void *)to, _mm512_cvtepi32_epi16(_mm512_cvttps_epi32(scaled)));
}

static void interpolate_tetrahedral(const struct fw_lut3d *lut, struct lut3d_chunk *chunk)
{
    float top = (float)((1u << lut->depth) - 1);
    struct corners corners;
    for (int32_t x = 0; x < FW_LUT3D_CHUNK; x += 16)
        find_corners(lut, chunk, x, &corners);
    for (int32_t x = 0; x < FW_LUT3D_CHUNK; x += 16) {
        __m512 p0 = pixels(lut->nodes, &corners, x, 0);
        __m512 p1 = pixels(lut->nodes, &corners, x, 1);
        __m512 p2 = pixels(lut->nodes, &corners, x, 2);
        __m512 p3 = pixels(lut->nodes, &corners, x, 3);
        __m512d rg01 = _mm512_castps_pd(_mm512_unpacklo_ps(p0, p1));
        __m512d rg23 = _mm512_castps_pd(_mm512_unpacklo_ps(p2, p3));
        __m512d b01 = _mm512_castps_pd(_mm512_unpackhi_ps(p0, p1));
        __m512d b23 = _mm512_castps_pd(_mm512_unpackhi_ps(p2, p3));
        store_samples(chunk->value[0] + x, _mm512_castpd_ps(_mm512_unpacklo_pd(rg01, rg23)), top);
        store_samples(chunk->value[1] + x, _mm512_castpd_ps(_mm512_unpackhi_pd(rg01, rg23)), top);
        store_samples(chunk->value[2] + x, _mm512_castpd_ps(_mm512_unpacklo_pd(b01, b23)), top);
    }
}

void fw_lut3d_row_avx512(const struct fw_lut3d *lut, const struct fw_lut3d_row *row, int32_t count)
{
    lut3d_row(lut, row, count,
              lut->interpolation == FW_LUT3D_TETRAHEDRAL
                  ? interpolate_tetrahedral
                  : fw_lut3d_interpolate_c(lut->interpolation));
}
#endif
