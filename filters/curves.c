/*
 * curves: every colour through a natural cubic spline over points.
 *
 * Options, presets and rounding of libavfilter 5.1's filter of that name; bit-exact. The spline is
 * the textbook one: second derivatives from a tridiagonal system, 0 at both ends.
 */
#include "filter.h"
#include "format.h"
#include "lut_file.h"
#include "tables.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define POINTS_MAX 256
#define MASTER 3
#define CURVES 4 /* red, green, blue, master */
#define FILE_TEXT 8192

struct curves {
    int64_t preset;
    char *text[CURVES];
    char *all;
    char *psfile;
    char *plot;
    int32_t cpu;
    const struct fw_format *format;
    struct fw_tables tables;
};

static const struct fw_choice presets[] = {
    { "none", 0, "no preset" },
    { "color_negative", 1, "a colour negative made positive" },
    { "cross_process", 2, "film developed in the wrong bath" },
    { "darker", 3, "darker" },
    { "increase_contrast", 4, "more contrast" },
    { "lighter", 5, "lighter" },
    { "linear_contrast", 6, "a little more contrast" },
    { "medium_contrast", 7, "more contrast in the middle" },
    { "negative", 8, "a negative" },
    { "strong_contrast", 9, "much more contrast" },
    { "vintage", 10, "an old print" },
    { NULL, 0, NULL },
};

static const char *const preset_texts[][CURVES] = {
    { NULL, NULL, NULL, NULL },
    { "0.129/1 0.466/0.498 0.725/0", "0.109/1 0.301/0.498 0.517/0", "0.098/1 0.235/0.498 0.423/0",
      NULL },
    { "0/0 0.25/0.156 0.501/0.501 0.686/0.745 1/1", "0/0 0.25/0.188 0.38/0.501 0.745/0.815 1/0.815",
      "0/0 0.231/0.094 0.709/0.874 1/1", NULL },
    { NULL, NULL, NULL, "0/0 0.5/0.4 1/1" },
    { NULL, NULL, NULL, "0/0 0.149/0.066 0.831/0.905 0.905/0.98 1/1" },
    { NULL, NULL, NULL, "0/0 0.4/0.5 1/1" },
    { NULL, NULL, NULL, "0/0 0.305/0.286 0.694/0.713 1/1" },
    { NULL, NULL, NULL, "0/0 0.286/0.219 0.639/0.643 1/1" },
    { NULL, NULL, NULL, "0/1 1/0" },
    { NULL, NULL, NULL, "0/0 0.301/0.196 0.592/0.6 0.686/0.737 1/1" },
    { "0/0.11 0.42/0.51 1/0.95", "0/0 0.50/0.48 1/1", "0/0.22 0.49/0.44 1/0.8", NULL },
};

#define POINTS(option_name, which, words)                                                          \
    {                                                                                              \
        .name = option_name, .help = words, .type = FW_OPTION_STRING,                              \
        .offset = offsetof(struct curves, text) + (which) * sizeof(char *)                         \
    }

static const struct fw_option curves_options[] = {
    { .name = "preset",
      .help = "curves for what is not given",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct curves, preset),
      .default_text = "none",
      .choices = presets },
    POINTS("master", MASTER, "points x/y of a curve after the others"),
    POINTS("m", MASTER, "points x/y of a curve after the others"),
    POINTS("red", 0, "points x/y for red, 0 to 1"),
    POINTS("r", 0, "points x/y for red, 0 to 1"),
    POINTS("green", 1, "points x/y for green"),
    POINTS("g", 1, "points x/y for green"),
    POINTS("blue", 2, "points x/y for blue"),
    POINTS("b", 2, "points x/y for blue"),
    { .name = "all",
      .help = "points for those of the three that are not given",
      .type = FW_OPTION_STRING,
      .offset = offsetof(struct curves, all) },
    { .name = "psfile",
      .help = "Photoshop curves file (.acv) for what is not given",
      .type = FW_OPTION_PATH,
      .offset = offsetof(struct curves, psfile) },
    { .name = "plot",
      .help = "not supported: a filter writes no files",
      .type = FW_OPTION_STRING,
      .offset = offsetof(struct curves, plot) },
    { .name = NULL },
};

struct points {
    int32_t count;
    double x[POINTS_MAX];
    double y[POINTS_MAX];
};

static int refuse_text(const char *text, const char *why, struct fw_error *err)
{
    return fw_fail(err, FW_ERR_USAGE, "the points '%.200s' are wrong: %s", text, why);
}

/* A number and the one byte behind it, whichever that is. */
static int read_number(const char **at, const char *text, double *value_out, struct fw_error *err)
{
    char *end;
    *value_out = strtod(*at, &end);
    if (end == *at)
        return refuse_text(text, "x/y pairs of numbers are expected", err);
    if (!(*value_out >= 0 && *value_out <= 1))
        return refuse_text(text, "x and y must be from 0 to 1", err);
    *at = end + (*end != '\0');
    return FW_OK;
}

static int read_points(struct points *points, const char *text, int32_t top, struct fw_error *err)
{
    const char *at = text ? text : "";
    points->count = 0;
    while (isspace((unsigned char)*at))
        at++;
    while (*at) {
        int32_t i = points->count;
        if (i == POINTS_MAX)
            return refuse_text(text, "there are more than 256", err);
        int status = read_number(&at, text, &points->x[i], err);
        if (status >= 0)
            status = read_number(&at, text, &points->y[i], err);
        if (status < 0)
            return status;
        if (i > 0 && (int32_t)(points->x[i - 1] * top) >= (int32_t)(points->x[i] * top))
            return refuse_text(text, "x must rise, by more than the format can hold", err);
        points->count++;
        while (isspace((unsigned char)*at))
            at++;
    }
    return FW_OK;
}

static uint16_t to_sample(double value, int32_t top)
{
    if (value <= 0)
        return 0;
    return (uint16_t)(value >= top ? top : (int32_t)value);
}

/* The second derivatives at the points: forward elimination, then back. */
static void solve(const struct points *points, const double *width, double *bend)
{
    double above[POINTS_MAX] = { 0 };
    const double *y = points->y;
    int32_t last = points->count - 1;
    bend[0] = bend[last] = 0;
    for (int32_t i = 1; i < last; i++) {
        double right = 6 * ((y[i + 1] - y[i]) / width[i] - (y[i] - y[i - 1]) / width[i - 1]);
        double pivot = 2 * (width[i - 1] + width[i]) - width[i - 1] * above[i - 1];
        double gain = pivot != 0 ? 1. / pivot : 1.;
        above[i] = width[i] * gain;
        bend[i] = (right - width[i - 1] * bend[i - 1]) * gain;
    }
    for (int32_t i = last - 1; i >= 0; i--)
        bend[i] = bend[i] - above[i] * bend[i + 1];
}

static void draw_piece(const struct points *points, int32_t i, const double *width,
                       const double *bend, int32_t top, uint16_t *graph)
{
    double rise = points->y[i + 1] - points->y[i];
    double a = points->y[i];
    double b = rise / width[i] - width[i] * bend[i] / 2. - width[i] * (bend[i + 1] - bend[i]) / 6.;
    double c = bend[i] / 2.;
    double d = (bend[i + 1] - bend[i]) / (6. * width[i]);
    int32_t first = (int32_t)(points->x[i] * top);
    int32_t last = (int32_t)(points->x[i + 1] * top);
    for (int32_t x = first; x <= last; x++) {
        double t = (x - first) * 1. / top;
        graph[x] = to_sample((a + b * t + c * t * t + d * t * t * t) * top, top);
    }
}

static void draw(const struct points *points, int32_t top, uint16_t *graph)
{
    double width[POINTS_MAX];
    double bend[POINTS_MAX];
    int32_t last = points->count - 1;
    if (last < 0) {
        for (int32_t x = 0; x <= top; x++)
            graph[x] = (uint16_t)x;
        return;
    }
    for (int32_t x = 0; x <= top; x++)
        graph[x] = to_sample(points->y[0] * top, top);
    if (last == 0)
        return;
    for (int32_t i = 0; i < last; i++)
        width[i] = points->x[i + 1] - points->x[i];
    solve(points, width, bend);
    for (int32_t i = 0; i < last; i++)
        draw_piece(points, i, width, bend, top, graph);
    for (int32_t x = (int32_t)(points->x[last] * top); x <= top; x++)
        graph[x] = to_sample(points->y[last] * top, top);
}

static int read_word(struct fw_lut_reader *reader, int32_t *value_out)
{
    int high = fgetc(reader->file);
    int low = fgetc(reader->file);
    if (low == EOF)
        return fw_fail(reader->err, FW_ERR_INPUT, "%s: the file ends too early", reader->path);
    *value_out = high << 8 | low;
    return FW_OK;
}

/* One curve of the file as points: a count, then y and x from 0 to 255, 16 bits each. */
static int read_file_curve(struct fw_lut_reader *reader, char *text)
{
    int32_t count = 0;
    size_t bytes = 0;
    text[0] = '\0';
    int status = read_word(reader, &count);
    if (status >= 0 && count > POINTS_MAX)
        return fw_fail(reader->err, FW_ERR_INPUT, "%s: a curve of %d points; at most 256 are read",
                       reader->path, count);
    for (int32_t i = 0; i < count && status >= 0; i++) {
        int32_t x = 0;
        int32_t y = 0;
        status = read_word(reader, &y);
        if (status >= 0)
            status = read_word(reader, &x);
        if (status >= 0)
            bytes += (size_t)snprintf(text + bytes, FILE_TEXT - bytes, "%f/%f ", x / 255.,
                                      y / 255.);
    }
    return status;
}

/* Photoshop's curves file: version, number of curves, then master, red, green, blue. */
static int read_file(const char *path, char (*texts)[FILE_TEXT], struct fw_error *err)
{
    static const int order[CURVES] = { MASTER, 0, 1, 2 };
    struct fw_lut_reader reader;
    int32_t version;
    int32_t count = 0;
    int status = fw_lut_reader_open(&reader, path, err);
    if (status >= 0)
        status = read_word(&reader, &version);
    if (status >= 0)
        status = read_word(&reader, &count);
    for (int32_t i = 0; i < count && i < CURVES && status >= 0; i++)
        status = read_file_curve(&reader, texts[order[i]]);
    fw_lut_reader_close(&reader);
    return status;
}

/* The points of a curve: its own, else those for all, else the file's, else the preset's. */
static const char *choose_text(const struct curves *curves, int which, const char *from_file)
{
    if (curves->text[which])
        return curves->text[which];
    if (curves->all && which != MASTER)
        return curves->all;
    if (from_file && *from_file)
        return from_file;
    return preset_texts[curves->preset][which];
}

static int curves_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    if (fw_tables_is_packed_rgb(format))
        return 1;
    return fw_format_is_planar_int(format) && (format->flags & FW_FORMAT_RGB);
}

static int32_t top_of(const struct fw_format *format)
{
    return (1 << fw_format_depth(format)) - 1;
}

static int curves_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                            struct fw_caps *caps, struct fw_error *err)
{
    struct curves *curves = self;
    *out = *in;
    if (!curves_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    if (curves->plot)
        return fw_fail(err, FW_ERR_USAGE,
                       "option 'plot' is not supported: a filter writes no "
                       "files; 'ffmpeg -vf curves=...:plot=FILE' draws them");
    for (int i = 0; i < CURVES; i++) {
        struct points points;
        int status = read_points(&points, choose_text(curves, i, NULL), top_of(in->format), err);
        if (status < 0)
            return status;
    }
    curves->format = in->format;
    caps->flags |= FW_CAPS_IN_PLACE | FW_CAPS_BANDS | (curves->psfile ? FW_CAPS_READS_FILES : 0);
    caps->cost_ns_per_pixel = fw_format_depth(in->format) == 8 ? 0.2f : 0.8f;
    return FW_OK;
}

struct work {
    struct points points;
    char file[CURVES][FILE_TEXT];
    uint16_t graph[2][65536]; /* a colour's, master's */
};

static int fill(struct curves *curves, struct work *work, struct fw_error *err)
{
    int32_t top = top_of(curves->format);
    int status = curves->psfile ? read_file(curves->psfile, work->file, err) : FW_OK;
    if (status >= 0)
        status = read_points(&work->points, choose_text(curves, MASTER, work->file[MASTER]), top,
                             err);
    if (status < 0)
        return status;
    draw(&work->points, top, work->graph[1]);
    for (uint32_t i = 0; i < MASTER; i++) {
        status = read_points(&work->points, choose_text(curves, (int)i, work->file[i]), top, err);
        if (status < 0)
            return status;
        draw(&work->points, top, work->graph[0]);
        for (int32_t x = 0; x <= top; x++)
            fw_tables_set(&curves->tables, i, (uint32_t)x, work->graph[1][work->graph[0][x]]);
    }
    fw_tables_seal(&curves->tables);
    return FW_OK;
}

static int curves_start(void *self, struct fw_error *err)
{
    struct curves *curves = self;
    struct work *work = calloc(1, sizeof(*work));
    if (!work)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for curves");
    int status = fw_tables_init(&curves->tables, curves->format, curves->cpu, err);
    if (status >= 0)
        status = fill(curves, work, err);
    free(work);
    return status;
}

static void curves_stop(void *self)
{
    struct curves *curves = self;
    fw_tables_deinit(&curves->tables);
}

static int curves_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                       int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct curves *curves = self;
    fw_tables_band(&curves->tables, &out->image, &in->image, row_first, row_end);
    return FW_OK;
}

static int curves_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                          void *scratch, struct fw_error *err)
{
    return curves_band(self, in, out, 0, in->image.height, scratch, err);
}

const struct fw_filter fw_filter_curves = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "curves",
    .summary = "map red, green and blue through curves over points",
    .options = curves_options,
    .self_size = sizeof(struct curves),
    .negotiate = curves_negotiate,
    .accepts = curves_accepts,
    .start = curves_start,
    .process = curves_process,
    .band = curves_band,
    .stop = curves_stop,
    .cpu_offset = FW_CPU_OFFSET(struct curves, cpu),
};
