/*
 * Levels of instruction sets, and how kernels come in variants of them.
 *
 * An operation NAME has filters/kernels/NAME.h with a struct of function pointers, NAME.c with the
 * scalar functions, which define what is right, and the table of variants, best first; and
 * NAME_avx2.c, NAME_avx512.c where they are worth having. All variants give the same bytes. No
 * kernel reads or writes outside the rows it is given.
 *
 *     struct fw_lut_kernels { enum fw_cpu level; void (*map_u8)(...); };
 *     extern const struct fw_lut_kernels fw_lut_variants[];
 *     const struct fw_lut_kernels *fw_lut_kernels(int level);
 */
#ifndef FW_FILTERS_KERNELS_CPU_H
#define FW_FILTERS_KERNELS_CPU_H

#include <stddef.h>
#include <stdint.h>

enum fw_cpu {
    FW_CPU_C = 0,
    FW_CPU_AVX2 = 1,  /* AVX2, FMA, BMI2 */
    FW_CPU_AVX512 = 2 /* F, BW, DQ, VL, CD, VBMI, VBMI2, VNNI, BITALG: Ice Lake, Zen 4 and later */
};

/* The highest level that this machine and its kernel allow. */
enum fw_cpu fw_cpu_detect(void);
/* "c", "avx2", "avx512". */
const char *fw_cpu_name(enum fw_cpu level);
/* The level of a name; -1: no such name. */
int fw_cpu_parse(const char *name);

/* The best row of a variants table for a level: a row's first member is its enum fw_cpu, the last
 * row is FW_CPU_C. */
#define FW_CPU_PICK(variants, wanted, row)                                                         \
    do {                                                                                           \
        (row) = (variants);                                                                        \
        while ((int)(row)->level > (int)(wanted))                                                  \
            (row)++;                                                                               \
    } while (0)

#endif
