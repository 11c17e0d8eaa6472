/*
 * framewheel-checkkernels: every variant of every kernel against the scalar one.
 *
 * One check_NAME.c per operation, with one function per kernel that loops over variants, sizes,
 * paddings and fills, and calls check_same(); and one that measures. check_list.h names them.
 */
#ifndef FW_TESTS_KERNELS_CHECK_H
#define FW_TESTS_KERNELS_CHECK_H

#include "filters/kernels/cpu.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the samples of a plane are. */
enum check_fill { CHECK_ZERO, CHECK_MAX, CHECK_RAMP, CHECK_STRIPES, CHECK_NOISE, CHECK_FILLS };

/* Rows of bytes in memory of their own: `pad` canary bytes between rows, more in front of the
 * first one, and the last row ends flush against a page that cannot be touched. A plane whose
 * pad is odd has rows at all alignments. */
struct check_plane {
    uint8_t *data; /* first byte of row 0 */
    ptrdiff_t stride;
    int32_t row_bytes;
    int32_t rows;
    void *mapping;
    size_t mapping_bytes;
};

/* Ends the program when there is no memory. */
void check_plane_init(struct check_plane *plane, int32_t row_bytes, int32_t rows, int32_t pad);
void check_plane_deinit(struct check_plane *plane);
/* `sample_bytes` 1 or 2; values below 2^bits. The same seed gives the same samples. */
void check_plane_fill(struct check_plane *plane, enum check_fill fill, int sample_bytes, int bits,
                      uint32_t seed);
/* Whether the bytes between the rows and in front of them are as they were made. */
bool check_plane_intact(const struct check_plane *plane);

struct check_run {
    enum fw_cpu limit; /* variants above it are not run on this machine */
    const char *only;  /* operations whose name holds this; NULL: all */
    bool json;
    uint64_t passed;
    uint64_t failed;
};

/* Widths to try: 1..130 and some real ones. Index from 0; 0 is the end. */
int32_t check_width(int32_t index);
/* Rows of both are equal and the canaries of both are whole; counts, and prints the first
 * difference with operation, variant and the words of `format`. */
void check_same(struct check_run *run, const char *operation, const char *variant,
                const struct check_plane *expected, const struct check_plane *actual,
                const char *format, ...) __attribute__((format(printf, 6, 7)));
/* The same for plain memory. */
void check_bytes(struct check_run *run, const char *operation, const char *variant,
                 const void *expected, const void *actual, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 7, 8)));
/* Calls body(argument) until it has a stable time, and prints ns per sample of `samples`. Returns
 * ns per call. */
double check_time(struct check_run *run, const char *operation, const char *variant,
                  uint64_t samples, void (*body)(void *argument), void *argument);

#define CHECK_OPERATION(name)                                                                      \
    void check_##name(struct check_run *run);                                                      \
    void bench_##name(struct check_run *run);
#include "check_list.h"
#undef CHECK_OPERATION

#endif
