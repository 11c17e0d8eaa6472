/* Lines and words of files of look-up tables, and those with one dimension. The layouts are those
 * that libavfilter 5.1's lut1d and lut3d take. */
#include "lut_file.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int fw_lut_reader_open(struct fw_lut_reader *reader, const char *path, struct fw_error *err)
{
    memset(reader, 0, sizeof(*reader));
    reader->path = path;
    reader->err = err;
    reader->file = fopen(path, "re");
    if (!reader->file)
        return fw_fail(err, FW_ERR_INPUT, "cannot open %s: %s", path, strerror(errno));
    return FW_OK;
}

void fw_lut_reader_close(struct fw_lut_reader *reader)
{
    if (reader->file)
        (void)fclose(reader->file);
    reader->file = NULL;
}

int fw_lut_reader_fail(struct fw_lut_reader *reader, const char *what)
{
    return fw_fail(reader->err, FW_ERR_INPUT, "%s, line %u: %s", reader->path, reader->line, what);
}

/* The next line; FW_END behind the last one. */
static int any_line(struct fw_lut_reader *reader)
{
    if (!fgets(reader->text, sizeof(reader->text), reader->file)) {
        if (ferror(reader->file))
            return fw_fail(reader->err, FW_ERR_INPUT, "cannot read %s", reader->path);
        return FW_END;
    }
    reader->line++;
    size_t bytes = strlen(reader->text);
    if (bytes == sizeof(reader->text) - 1 && reader->text[bytes - 1] != '\n')
        return fw_lut_reader_fail(reader, "the line is too long");
    return FW_OK;
}

int fw_lut_reader_line(struct fw_lut_reader *reader)
{
    int status = any_line(reader);
    return status == FW_END ? fw_lut_reader_fail(reader, "the file ends too early") : status;
}

static bool is_empty(const char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    return *text == '\0' || *text == '#';
}

bool fw_lut_line_begins(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

int fw_lut_reader_full_line(struct fw_lut_reader *reader)
{
    int status;
    do
        status = fw_lut_reader_line(reader);
    while (status == FW_OK && is_empty(reader->text));
    return status;
}

int fw_lut_reader_floats(struct fw_lut_reader *reader, const char *text, float *values, int count)
{
    for (int i = 0; i < count; i++) {
        char *end;
        values[i] = strtof(text, &end);
        if (end == text || !isfinite(values[i]))
            return fw_lut_reader_fail(reader, "numbers are expected here");
        text = end;
    }
    return FW_OK;
}

int fw_lut_reader_int(struct fw_lut_reader *reader, const char *text, int32_t *value_out,
                      int32_t low, int32_t high)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text)
        return fw_lut_reader_fail(reader, "a number is expected here");
    if (errno || value < low || value > high)
        return fw_fail(reader->err, FW_ERR_INPUT, "%s, line %u: a number from %d to %d is expected",
                       reader->path, reader->line, low, high);
    *value_out = (int32_t)value;
    return FW_OK;
}

/* The next word, cut to what fits; returns the byte behind it. */
static int next_word(struct fw_lut_reader *reader)
{
    size_t bytes = 0;
    int byte;
    while ((byte = fgetc(reader->file)) != EOF && isspace(byte))
        reader->line += byte == '\n';
    for (; byte != EOF && !isspace(byte); byte = fgetc(reader->file)) {
        if (bytes < sizeof(reader->text) - 1)
            reader->text[bytes++] = (char)byte;
    }
    reader->text[bytes] = '\0';
    return byte;
}

int fw_lut_reader_words(struct fw_lut_reader *reader, float *values, int32_t count)
{
    int status = FW_OK;
    reader->line++;
    for (int32_t i = 0; i < count && status >= 0; i++) {
        int behind = next_word(reader);
        status = fw_lut_reader_floats(reader, reader->text, &values[i], 1);
        if (status >= 0 && i + 1 < count)
            reader->line += behind == '\n';
        else if (status >= 0 && behind != '\n') /* the rest is a line that is still to come */
            reader->line--;
    }
    return status;
}

const char *fw_lut_extension(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');
    return dot ? dot + 1 : "";
}

int fw_lut_cube_size(struct fw_lut_reader *reader, const char *word, int32_t *size_out,
                     int32_t high)
{
    int status;
    do
        status = fw_lut_reader_line(reader);
    while (status >= 0 && !fw_lut_line_begins(reader->text, word));
    if (status >= 0)
        status = fw_lut_reader_int(reader, reader->text + strlen(word), size_out, 2, high);
    return status;
}

int fw_lut_cube_word(struct fw_lut_reader *reader, float *min, float *max)
{
    const char *text = reader->text;
    int status = 0;
    if (fw_lut_line_begins(text, "TITLE"))
        return 1;
    if (fw_lut_line_begins(text, "DOMAIN_MIN "))
        status = fw_lut_reader_floats(reader, text + 11, min, 3);
    else if (fw_lut_line_begins(text, "DOMAIN_MAX "))
        status = fw_lut_reader_floats(reader, text + 11, max, 3);
    else
        return 0;
    return status < 0 ? status : 1;
}

float fw_lut_scale(float min, float max)
{
    float scale = (float)(1. / (max - min));
    return isnan(scale) || scale < 0 ? 0 : fminf(scale, 1);
}

static int allocate(struct fw_lut1d_data *data, int32_t size, struct fw_error *err)
{
    data->size = size;
    data->values[0] = calloc((size_t)size * 3, sizeof(float));
    if (!data->values[0])
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a table of %d entries", size);
    data->values[1] = data->values[0] + size;
    data->values[2] = data->values[1] + size;
    return FW_OK;
}

static int read_entry(struct fw_lut_reader *reader, struct fw_lut1d_data *data, int32_t i,
                      const float *gain)
{
    float values[3];
    int status = fw_lut_reader_floats(reader, reader->text, values, 3);
    for (int c = 0; c < 3 && status >= 0; c++)
        data->values[c][i] = values[c] * gain[c];
    return status;
}

static int read_cube(struct fw_lut_reader *reader, struct fw_lut1d_data *data)
{
    static const float gain[3] = { 1, 1, 1 };
    float min[3] = { 0, 0, 0 };
    float max[3] = { 1, 1, 1 };
    int32_t size;
    int status = fw_lut_cube_size(reader, "LUT_1D_SIZE", &size, FW_LUT1D_SIZE_MAX);
    if (status >= 0)
        status = allocate(data, size, reader->err);
    for (int32_t i = 0; status >= 0 && i < size;) {
        status = fw_lut_reader_full_line(reader);
        if (status >= 0 && fw_lut_line_begins(reader->text, "LUT_1D_INPUT_RANGE ")) {
            float range[2] = { 0, 1 };
            status = fw_lut_reader_floats(reader, reader->text + 19, range, 2);
            for (int c = 0; c < 3 && status >= 0; c++) {
                min[c] = range[0];
                max[c] = range[1];
            }
            continue;
        }
        if (status >= 0)
            status = fw_lut_cube_word(reader, min, max);
        if (status == 0)
            status = read_entry(reader, data, i++, gain);
    }
    for (int c = 0; c < 3; c++)
        data->scale[c] = fw_lut_scale(min[c], max[c]);
    return status;
}

/* A range of two points, and the line behind it. */
static int read_range(struct fw_lut_reader *reader, float *in, float *out)
{
    int32_t points;
    int status = fw_lut_reader_int(reader, reader->text, &points, 2, 2);
    if (status >= 0)
        status = fw_lut_reader_full_line(reader);
    if (status >= 0)
        status = fw_lut_reader_floats(reader, reader->text, in, 2);
    if (status >= 0)
        status = fw_lut_reader_full_line(reader);
    if (status >= 0)
        status = fw_lut_reader_floats(reader, reader->text, out, 2);
    return status >= 0 ? fw_lut_reader_full_line(reader) : status;
}

static int read_cinespace(struct fw_lut_reader *reader, struct fw_lut1d_data *data)
{
    float gain[3] = { 1, 1, 1 };
    int32_t size;
    bool inside = false;
    int status = fw_lut_reader_full_line(reader);
    if (status >= 0 && !fw_lut_line_begins(reader->text, "CSPLUTV100"))
        return fw_lut_reader_fail(reader, "'CSPLUTV100' is expected here");
    if (status >= 0)
        status = fw_lut_reader_full_line(reader);
    if (status >= 0 && !fw_lut_line_begins(reader->text, "1D"))
        return fw_lut_reader_fail(reader, "'1D' is expected here");
    do {
        status = status < 0 ? status : fw_lut_reader_full_line(reader);
        if (status >= 0 && fw_lut_line_begins(reader->text, "BEGIN METADATA"))
            inside = true;
        else if (status >= 0 && fw_lut_line_begins(reader->text, "END METADATA"))
            inside = false;
        else if (!inside)
            break;
    } while (status >= 0);
    for (int c = 0; c < 3 && status >= 0; c++) {
        float in[2] = { 0, 1 };
        float out[2] = { 0, 1 };
        status = read_range(reader, in, out);
        if (status >= 0) {
            data->scale[c] = fw_lut_scale(in[0], in[1]);
            gain[c] = out[1] - out[0];
        }
    }
    if (status >= 0)
        status = fw_lut_reader_int(reader, reader->text, &size, 2, FW_LUT1D_SIZE_MAX);
    if (status >= 0)
        status = allocate(data, size, reader->err);
    for (int32_t i = 0; status >= 0 && i < size; i++) {
        status = fw_lut_reader_full_line(reader);
        if (status >= 0)
            status = read_entry(reader, data, i, gain);
    }
    return status;
}

static int identity(struct fw_lut1d_data *data, struct fw_error *err)
{
    const int32_t size = 32;
    int status = allocate(data, size, err);
    float step = (float)(1. / (size - 1));
    for (int c = 0; c < 3 && status >= 0; c++) {
        data->scale[c] = 1;
        for (int32_t i = 0; i < size; i++)
            data->values[c][i] = (float)i * step;
    }
    return status;
}

int fw_lut1d_init(struct fw_lut1d_data *data, const char *path, struct fw_error *err)
{
    struct fw_lut_reader reader;
    memset(data, 0, sizeof(*data));
    if (!path)
        return identity(data, err);
    const char *extension = fw_lut_extension(path);
    bool cube = strcasecmp(extension, "cube") == 0 || strcasecmp(extension, "1dlut") == 0;
    if (!cube && strcasecmp(extension, "csp") != 0)
        return fw_fail(err, FW_ERR_USAGE, "%s: the name must end with .cube, .1dlut or .csp", path);
    int status = fw_lut_reader_open(&reader, path, err);
    if (status >= 0)
        status = cube ? read_cube(&reader, data) : read_cinespace(&reader, data);
    fw_lut_reader_close(&reader);
    return status < 0 ? status : FW_OK;
}

void fw_lut1d_deinit(struct fw_lut1d_data *data)
{
    free(data->values[0]);
    memset(data, 0, sizeof(*data));
}
