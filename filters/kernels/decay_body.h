/* The body of decay.h's kernels, for the instruction set of the file that includes it. */
#ifndef FW_FILTERS_KERNELS_DECAY_BODY_H
#define FW_FILTERS_KERNELS_DECAY_BODY_H

#include "decay.h"
#include "lanes.h"

#define DECAY_VECTORS (FW_DECAY_LANES / LANES_32)
#define DECAY_TINY 1e-15f /* lost beside a sample of 1 */
#define DECAY_ROWS_AHEAD 8

LANES_INLINE v32f decay_own_8(const uint8_t *from)
{
    return __builtin_convertvector((v32s)load_32_8(from, LANES_32), v32f) + DECAY_TINY;
}

LANES_INLINE v32f decay_own_16(const uint16_t *from)
{
    return __builtin_convertvector((v32s)load_32_16(from, LANES_32), v32f) + DECAY_TINY;
}

/* One direction from `row` on. */
LANES_INLINE void decay_run(float *row, ptrdiff_t stride, int32_t count,
                            const struct fw_decay *decay)
{
    const float nu = decay->nu;
    v32f sum[DECAY_VECTORS];
#pragma GCC unroll 16
    for (int k = 0; k < DECAY_VECTORS; k++) {
        sum[k] = load_f_f(row + k * LANES_32, LANES_32) * decay->edge;
        store_f_f(row + k * LANES_32, sum[k], LANES_32);
    }
    for (int32_t i = 1; i < count; i++) {
        row += stride;
#pragma GCC unroll 16
        for (int k = 0; k < DECAY_VECTORS; k++) {
            sum[k] = load_f_f(row + k * LANES_32, LANES_32) + sum[k] * nu;
            store_f_f(row + k * LANES_32, sum[k], LANES_32);
        }
    }
}

LANES_INLINE void decay_down(float *rows, int32_t count, const struct fw_decay *decay)
{
    decay_run(rows, FW_DECAY_LANES, count, decay);
}

LANES_INLINE void decay_up(float *rows, int32_t count, const struct fw_decay *decay)
{
    decay_run(rows + (ptrdiff_t)(count - 1) * FW_DECAY_LANES, -FW_DECAY_LANES, count, decay);
}

#define DECAY(bits)                                                                                \
    LANES_INLINE void decay_widen_##bits(float *rows, const uint##bits##_t *samples,               \
                                         int32_t count)                                            \
    {                                                                                              \
        for (ptrdiff_t i = 0; i < (ptrdiff_t)count * FW_DECAY_LANES; i += LANES_32)                \
            store_f_f(rows + i, decay_own_##bits(samples + i), LANES_32);                          \
    }                                                                                              \
    /* Down for the first time. */                                                                 \
    LANES_INLINE void decay_take_##bits(float *row, const uint##bits##_t *samples, int32_t count,  \
                                        const struct fw_decay *decay)                              \
    {                                                                                              \
        const float nu = decay->nu;                                                                \
        const float edge = decay->edge;                                                            \
        v32f sum[DECAY_VECTORS] = { { 0 } };                                                       \
        for (int32_t i = 0; i < count; i++) {                                                      \
            _Pragma("GCC unroll 16") for (int k = 0; k < DECAY_VECTORS; k++)                       \
            {                                                                                      \
                v32f own = decay_own_##bits(samples + k * LANES_32);                               \
                sum[k] = i == 0 ? own * edge : own + sum[k] * nu;                                  \
                store_f_f(row + k * LANES_32, sum[k], LANES_32);                                   \
            }                                                                                      \
            row += FW_DECAY_LANES;                                                                 \
            samples += FW_DECAY_LANES;                                                             \
        }                                                                                          \
    }                                                                                              \
    static void decay_begin_##bits(float *rows, const void *samples, int32_t count,                \
                                   const struct fw_decay *decay)                                   \
    {                                                                                              \
        const struct fw_decay own = *decay; /* which no store can change */                        \
        if (own.steps == 0) {                                                                      \
            decay_widen_##bits(rows, samples, count);                                              \
            return;                                                                                \
        }                                                                                          \
        decay_take_##bits(rows, samples, count, &own);                                             \
        decay_up(rows, count, &own);                                                               \
        for (int32_t step = 1; step < own.steps; step++) {                                         \
            decay_down(rows, count, &own);                                                         \
            decay_up(rows, count, &own);                                                           \
        }                                                                                          \
    }                                                                                              \
    LANES_INLINE void decay_store_##bits(uint##bits##_t *to, v32f value,                           \
                                         const struct fw_decay_target *target, int32_t count)      \
    {                                                                                              \
        const v32s most = (v32s){ 0 } + (int32_t)target->max;                                      \
        v32s whole = __builtin_convertvector(value * target->scale + 0.5f, v32s);                  \
        whole = min_s32(whole, most);                                                              \
        if (count >= LANES_32)                                                                     \
            store_32_##bits(to, (v32u)whole, LANES_32);                                            \
        else if (count > 0)                                                                        \
            store_32_##bits(to, (v32u)whole, count);                                               \
    }                                                                                              \
    /* Up for the last time; without decays as it is. */                                           \
    LANES_INLINE void decay_give_##bits(const struct fw_decay_target *target, const float *rows,   \
                                        int32_t count, const struct fw_decay *decay)               \
    {                                                                                              \
        const float nu = decay->nu;                                                                \
        const float edge = decay->edge;                                                            \
        v32f sum[DECAY_VECTORS] = { { 0 } };                                                       \
        for (ptrdiff_t i = count - 1; i >= 0; i--) {                                               \
            const float *row = rows + i * FW_DECAY_LANES;                                          \
            uint##bits##_t *to = (uint##bits##_t *)(target->data + i * target->stride);            \
            if (i >= DECAY_ROWS_AHEAD)                                                             \
                __builtin_prefetch(target->data + (i - DECAY_ROWS_AHEAD) * target->stride, 1);     \
            _Pragma("GCC unroll 16") for (int k = 0; k < DECAY_VECTORS; k++)                       \
            {                                                                                      \
                v32f own = load_f_f(row + k * LANES_32, LANES_32);                                 \
                sum[k] = i == count - 1 ? own * edge : own + sum[k] * nu;                          \
                decay_store_##bits(to + k * LANES_32, sum[k], target,                              \
                                   target->columns - k * LANES_32);                                \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    static void decay_finish_##bits(const struct fw_decay_target *given, float *rows,              \
                                    int32_t count, const struct fw_decay *decay)                   \
    {                                                                                              \
        const struct fw_decay own = *decay;                                                        \
        const struct fw_decay still = { 0, 1, 0 };                                                 \
        const struct fw_decay_target target = *given;                                              \
        for (int32_t step = 0; step < own.steps; step++) {                                         \
            decay_down(rows, count, &own);                                                         \
            if (step + 1 < own.steps)                                                              \
                decay_up(rows, count, &own);                                                       \
        }                                                                                          \
        decay_give_##bits(&target, rows, count, own.steps == 0 ? &still : &own);                   \
    }

DECAY(8)
DECAY(16)

#define DECAY_TABLE                                                                                \
    { decay_begin_8, decay_begin_16 },                                                             \
    {                                                                                              \
        decay_finish_8, decay_finish_16                                                            \
    }

#endif
