/* Files of look-up tables with three dimensions. The layouts are those that libavfilter 5.1's lut3d
 * takes: .cube (Iridas, red fastest), .dat (DaVinci), .3dl (17 to an axis, 12 bits), .m3d (Pandora)
 * and .csp (cineSpace, red fastest, with curves before the table). */
#include "lut_file.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int allocate(struct fw_lut3d_data *data, int32_t size, struct fw_error *err)
{
    size_t row = (size_t)size + 1;
    data->size = size;
    data->nodes = calloc(row * row * row, 4 * sizeof(float));
    if (!data->nodes)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a table of %d nodes to an axis", size);
    return FW_OK;
}

static float *node_at(const struct fw_lut3d_data *data, int32_t r, int32_t g, int32_t b)
{
    size_t row = (size_t)data->size + 1;
    return data->nodes + 4 * (((size_t)r * row + (size_t)g) * row + (size_t)b);
}

/* The last of every axis once more, so that a node always has a next one. */
static void pad(const struct fw_lut3d_data *data)
{
    const int32_t size = data->size;
    const size_t bytes = 4 * sizeof(float);
    for (int32_t r = 0; r < size; r++) {
        for (int32_t g = 0; g < size; g++)
            memcpy(node_at(data, r, g, size), node_at(data, r, g, size - 1), bytes);
        memcpy(node_at(data, r, size, 0), node_at(data, r, size - 1, 0),
               ((size_t)size + 1) * bytes);
    }
    size_t row = (size_t)size + 1;
    memcpy(node_at(data, size, 0, 0), node_at(data, size - 1, 0, 0), row * row * bytes);
}

enum order { RED_FASTEST, BLUE_FASTEST };

/* The node that stands at place i of the file. */
static float *node_in_order(const struct fw_lut3d_data *data, int32_t i, enum order order)
{
    int32_t fast = i % data->size;
    int32_t middle = i / data->size % data->size;
    int32_t slow = i / data->size / data->size;
    return order == RED_FASTEST ? node_at(data, fast, middle, slow)
                                : node_at(data, slow, middle, fast);
}

static int32_t node_count(const struct fw_lut3d_data *data)
{
    return data->size * data->size * data->size;
}

static int read_dat(struct fw_lut_reader *reader, struct fw_lut3d_data *data)
{
    int32_t size = 33;
    int status = fw_lut_reader_full_line(reader);
    if (status >= 0 && fw_lut_line_begins(reader->text, "3DLUTSIZE ")) {
        status = fw_lut_reader_int(reader, reader->text + 10, &size, 2, FW_LUT3D_SIZE_MAX);
        if (status >= 0)
            status = fw_lut_reader_full_line(reader);
    }
    if (status >= 0)
        status = allocate(data, size, reader->err);
    for (int32_t i = 0; status >= 0 && i < node_count(data); i++) {
        if (i > 0)
            status = fw_lut_reader_full_line(reader);
        if (status >= 0)
            status = fw_lut_reader_floats(reader, reader->text,
                                          node_in_order(data, i, BLUE_FASTEST), 3);
    }
    return status;
}

static int read_cube(struct fw_lut_reader *reader, struct fw_lut3d_data *data)
{
    float min[3] = { 0, 0, 0 };
    float max[3] = { 1, 1, 1 };
    int32_t size;
    int status = fw_lut_cube_size(reader, "LUT_3D_SIZE", &size, FW_LUT3D_SIZE_MAX);
    if (status >= 0)
        status = allocate(data, size, reader->err);
    for (int32_t i = 0; status >= 0 && i < node_count(data);) {
        status = fw_lut_reader_full_line(reader);
        if (status >= 0)
            status = fw_lut_cube_word(reader, min, max);
        if (status == 0)
            status = fw_lut_reader_floats(reader, reader->text,
                                          node_in_order(data, i++, RED_FASTEST), 3);
    }
    for (int c = 0; c < 3; c++)
        data->scale[c] = fw_lut_scale(min[c], max[c]);
    return status;
}

static int read_3dl(struct fw_lut_reader *reader, struct fw_lut3d_data *data)
{
    int status = fw_lut_reader_full_line(reader); /* the places of the nodes: even ones */
    if (status >= 0)
        status = allocate(data, 17, reader->err);
    for (int32_t i = 0; status >= 0 && i < node_count(data); i++) {
        float *node = node_in_order(data, i, BLUE_FASTEST);
        status = fw_lut_reader_full_line(reader);
        if (status >= 0)
            status = fw_lut_reader_floats(reader, reader->text, node, 3);
        for (int c = 0; c < 3; c++)
            node[c] /= 4096;
    }
    return status;
}

/* "values red green blue": which colour each column is. */
static void read_columns(const char *text, int columns[3])
{
    char words[FW_LUT_LINE];
    memcpy(words, text, strlen(text) + 1);
    char *rest = words;
    for (int i = 0; i < 3; i++) {
        const char *word = strtok_r(rest, " \t\r\n", &rest);
        const char *place = word && *word ? strchr("rgb", *word) : NULL;
        columns[i] = place ? (int)(place - "rgb") : i;
    }
}

static int read_m3d(struct fw_lut_reader *reader, struct fw_lut3d_data *data)
{
    const int32_t most = FW_LUT3D_SIZE_MAX * FW_LUT3D_SIZE_MAX * FW_LUT3D_SIZE_MAX;
    int columns[3] = { 0, 1, 2 };
    int32_t in = 0;
    int32_t out = 0;
    int32_t size = 1;
    int status;
    do {
        status = fw_lut_reader_line(reader);
        if (status >= 0 && fw_lut_line_begins(reader->text, "in"))
            status = fw_lut_reader_int(reader, reader->text + 2, &in, 2, most);
        else if (status >= 0 && fw_lut_line_begins(reader->text, "out"))
            status = fw_lut_reader_int(reader, reader->text + 3, &out, 2, most);
    } while (status >= 0 && !fw_lut_line_begins(reader->text, "values"));
    if (status >= 0 && (!in || !out))
        return fw_lut_reader_fail(reader, "'in' and 'out' must come before 'values'");
    if (status >= 0)
        read_columns(reader->text + 6, columns);
    while (size * size * size < in)
        size++;
    if (status >= 0)
        status = allocate(data, size, reader->err);
    float scale = (float)(1. / (out - 1));
    for (int32_t i = 0; status >= 0 && i < node_count(data); i++) {
        float *node = node_in_order(data, i, BLUE_FASTEST);
        float values[3] = { 0, 0, 0 };
        status = fw_lut_reader_line(reader);
        if (status >= 0)
            status = fw_lut_reader_floats(reader, reader->text, values, 3);
        for (int c = 0; c < 3; c++)
            node[c] = values[columns[c]] * scale;
    }
    return status;
}

/* The points of a curve, and the line behind it. `span` gets how far its results reach. */
static int read_curve(struct fw_lut_reader *reader, struct fw_lut_curve *curve, float *span)
{
    int32_t count;
    float low = FLT_MAX;
    float high = -FLT_MAX;
    int status = fw_lut_reader_int(reader, reader->text, &count, 2, FW_LUT1D_SIZE_MAX);
    if (status < 0)
        return status;
    curve->count = count;
    curve->in = calloc((size_t)count * 2, sizeof(float));
    if (!curve->in)
        return fw_fail(reader->err, FW_ERR_MEMORY, "no memory for a curve");
    curve->out = curve->in + count;
    status = fw_lut_reader_words(reader, curve->in, count);
    for (int32_t i = 1; i < count && status >= 0; i++) {
        if (curve->in[i] < curve->in[i - 1])
            status = fw_lut_reader_fail(reader, "the points of a curve must not fall");
    }
    if (status >= 0)
        status = fw_lut_reader_words(reader, curve->out, count);
    if (status < 0)
        return status;
    curve->min = curve->in[0];
    curve->max = curve->in[count - 1];
    for (int32_t i = 0; i < count; i++) {
        low = curve->out[i] < low ? curve->out[i] : low;
        high = curve->out[i] > high ? curve->out[i] : high;
    }
    *span = count == 2 ? curve->out[1] - curve->out[0] : high - low;
    return fw_lut_reader_full_line(reader);
}

/* Curves of two points are a scale; others count only where all three colours have them. */
static void settle_curves(struct fw_lut3d_data *data)
{
    bool all = true;
    for (int c = 0; c < 3; c++)
        all = all && data->before[c].count > 2;
    for (int c = 0; c < 3; c++) {
        if (all) {
            data->scale[c] = 1;
            continue;
        }
        data->scale[c] = fw_lut_scale(data->before[c].min, data->before[c].max);
        free(data->before[c].in);
        memset(&data->before[c], 0, sizeof(data->before[c]));
    }
}

static int read_head(struct fw_lut_reader *reader)
{
    bool inside = false;
    int status = fw_lut_reader_full_line(reader);
    if (status >= 0 && !fw_lut_line_begins(reader->text, "CSPLUTV100"))
        return fw_lut_reader_fail(reader, "'CSPLUTV100' is expected here");
    if (status >= 0)
        status = fw_lut_reader_full_line(reader);
    if (status >= 0 && !fw_lut_line_begins(reader->text, "3D"))
        return fw_lut_reader_fail(reader, "'3D' is expected here");
    while (status >= 0) {
        status = fw_lut_reader_full_line(reader);
        if (status >= 0 && fw_lut_line_begins(reader->text, "BEGIN METADATA"))
            inside = true;
        else if (status >= 0 && fw_lut_line_begins(reader->text, "END METADATA"))
            inside = false;
        else if (!inside)
            break;
    }
    return status;
}

static int read_cinespace(struct fw_lut_reader *reader, struct fw_lut3d_data *data)
{
    float span[3] = { 1, 1, 1 };
    float sizes[3];
    int status = read_head(reader);
    for (int c = 0; c < 3 && status >= 0; c++)
        status = read_curve(reader, &data->before[c], &span[c]);
    if (status >= 0)
        status = fw_lut_reader_floats(reader, reader->text, sizes, 3);
    if (status < 0)
        return status;
    if (sizes[0] != sizes[1] || sizes[0] != sizes[2] || sizes[0] < 2 ||
        sizes[0] > FW_LUT3D_SIZE_MAX)
        return fw_lut_reader_fail(reader, "three equal sizes from 2 to 256 are expected");
    settle_curves(data);
    status = allocate(data, (int32_t)sizes[0], reader->err);
    for (int32_t i = 0; status >= 0 && i < node_count(data); i++) {
        float *node = node_in_order(data, i, RED_FASTEST);
        status = fw_lut_reader_full_line(reader);
        if (status >= 0)
            status = fw_lut_reader_floats(reader, reader->text, node, 3);
        for (int c = 0; c < 3; c++)
            node[c] *= span[c];
    }
    return status;
}

static int identity(struct fw_lut3d_data *data, struct fw_error *err)
{
    const int32_t size = 32;
    float step = (float)(1. / (size - 1));
    int status = allocate(data, size, err);
    for (int32_t i = 0; status >= 0 && i < node_count(data); i++) {
        float *node = node_in_order(data, i, BLUE_FASTEST);
        node[0] = (float)(i / size / size) * step;
        node[1] = (float)(i / size % size) * step;
        node[2] = (float)(i % size) * step;
    }
    return status;
}

static const struct {
    const char *extension;
    int (*read)(struct fw_lut_reader *reader, struct fw_lut3d_data *data);
} kinds[] = {
    { "cube", read_cube }, { "3dl", read_3dl },       { "dat", read_dat },
    { "m3d", read_m3d },   { "csp", read_cinespace },
};

static int read_file(struct fw_lut3d_data *data, const char *path, struct fw_error *err)
{
    const char *extension = fw_lut_extension(path);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcasecmp(extension, kinds[i].extension) != 0)
            continue;
        struct fw_lut_reader reader;
        int status = fw_lut_reader_open(&reader, path, err);
        if (status >= 0)
            status = kinds[i].read(&reader, data);
        fw_lut_reader_close(&reader);
        return status;
    }
    return fw_fail(err, FW_ERR_USAGE, "%s: the name must end with .cube, .3dl, .dat, .m3d or .csp",
                   path);
}

int fw_lut3d_init(struct fw_lut3d_data *data, const char *path, struct fw_error *err)
{
    memset(data, 0, sizeof(*data));
    for (int c = 0; c < 3; c++)
        data->scale[c] = 1;
    int status = path ? read_file(data, path, err) : identity(data, err);
    if (status < 0)
        return status;
    pad(data);
    return FW_OK;
}

void fw_lut3d_deinit(struct fw_lut3d_data *data)
{
    free(data->nodes);
    for (int c = 0; c < 3; c++)
        free(data->before[c].in);
    memset(data, 0, sizeof(*data));
}
