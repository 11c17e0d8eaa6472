/*
 * Files that hold look-up tables: lines and words of them, and what they come to.
 *
 * A wrong file is told with its path and line. Numbers that are not finite are wrong. Sizes are
 * bounded before anything is allocated for them. Reading stops where the table is complete.
 */
#ifndef FW_FILTERS_LUT_FILE_H
#define FW_FILTERS_LUT_FILE_H

#include "filter.h"

#include <stdbool.h>
#include <stdio.h>

#define FW_LUT_LINE 512
#define FW_LUT3D_SIZE_MAX 256
#define FW_LUT1D_SIZE_MAX 65536

struct fw_lut_reader {
    FILE *file;
    const char *path;
    uint32_t line; /* number of the one in `text` */
    char text[FW_LUT_LINE];
    struct fw_error *err;
};

/* Points of a curve from min to max, for one colour. */
struct fw_lut_curve {
    int32_t count;
    float *in; /* never falling */
    float *out;
    float min;
    float max;
};

struct fw_lut1d_data {
    int32_t size;
    float scale[3];
    float *values[3]; /* red, green, blue; one block, owned by values[0] */
};

struct fw_lut3d_data {
    int32_t size;
    float scale[3];
    /* Red, green, blue and 0 of node (r, g, b) at 4 * ((r * (size + 1) + g) * (size + 1) + b). The
     * last of every axis is there twice. */
    float *nodes;
    struct fw_lut_curve before[3]; /* count 0: none */
};

int fw_lut_reader_open(struct fw_lut_reader *reader, const char *path,
                       struct fw_error *err) FW_MUST_CHECK;
void fw_lut_reader_close(struct fw_lut_reader *reader);
/* What is wrong, with path and line. */
int fw_lut_reader_fail(struct fw_lut_reader *reader, const char *what);
/* The next line; the file must not end. */
int fw_lut_reader_line(struct fw_lut_reader *reader) FW_MUST_CHECK;
/* The next line that is neither empty nor a comment; the file must not end. */
int fw_lut_reader_full_line(struct fw_lut_reader *reader) FW_MUST_CHECK;
/* Numbers at `text` in the current line. */
int fw_lut_reader_floats(struct fw_lut_reader *reader, const char *text, float *values,
                         int count) FW_MUST_CHECK;
int fw_lut_reader_int(struct fw_lut_reader *reader, const char *text, int32_t *value_out,
                      int32_t low, int32_t high) FW_MUST_CHECK;
/* Numbers behind the current line, over as many lines as they take. */
int fw_lut_reader_words(struct fw_lut_reader *reader, float *values, int32_t count) FW_MUST_CHECK;
bool fw_lut_line_begins(const char *text, const char *word);
/* What the extension of `path` is, without the dot; "" without one. */
const char *fw_lut_extension(const char *path);
/* The number behind `word`, from 2 to `high`. As libavfilter: what stands before it does not count.
 */
int fw_lut_cube_size(struct fw_lut_reader *reader, const char *word, int32_t *size_out,
                     int32_t high) FW_MUST_CHECK;
/* DOMAIN_MIN, DOMAIN_MAX and TITLE lines of .cube files: 1 taken, 0 it is another one, or an error.
 */
int fw_lut_cube_word(struct fw_lut_reader *reader, float *min, float *max) FW_MUST_CHECK;
/* 1 / (max - min), from 0 to 1. */
float fw_lut_scale(float min, float max);

/* From a file, by its extension: .cube, .1dlut, .csp; NULL path: one that changes nothing. */
int fw_lut1d_init(struct fw_lut1d_data *data, const char *path, struct fw_error *err) FW_MUST_CHECK;
void fw_lut1d_deinit(struct fw_lut1d_data *data);
/* From a file, by its extension: .cube, .3dl, .dat, .m3d, .csp; NULL path: one that changes
 * nothing. */
int fw_lut3d_init(struct fw_lut3d_data *data, const char *path, struct fw_error *err) FW_MUST_CHECK;
void fw_lut3d_deinit(struct fw_lut3d_data *data);

#endif
