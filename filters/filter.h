/*
 * The filter ABI, version 1: everything a filter sees, built-in or plugin.
 *
 * This header stands alone. Structures grow at their end only; `struct_size` tells a reader how
 * much of one is there. A filter holds no global state, starts no thread, prints nothing and
 * allocates nothing in process(); errors are returned as a status with the text in fw_error.
 */
#ifndef FW_FILTERS_FILTER_H
#define FW_FILTERS_FILTER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FW_ABI_VERSION 1u
#define FW_ERROR_TEXT 2044
#define FW_PLANES_MAX 4
#define FW_NOPTS INT64_MIN /* a frame without a presentation time */

#if defined(__GNUC__)
#define FW_MUST_CHECK __attribute__((warn_unused_result))
#define FW_PRINTF(format_index, first) __attribute__((format(printf, format_index, first)))
#else
#define FW_MUST_CHECK
#define FW_PRINTF(format_index, first)
#endif

/* Positive values are outcomes, negative ones are failures named by what the user can do. */
enum fw_status {
    FW_OK = 0,
    FW_END = 1,            /* readers: nothing more to come */
    FW_DROP = 2,           /* filters: this frame has no output */
    FW_IDENTITY = 3,       /* filters: the output is the input, untouched */
    FW_VIEW = 4,           /* filters: the output's planes now point into the input's pixels */
    FW_ERR_USAGE = -1,     /* the command, the job or a filter's options are wrong */
    FW_ERR_INPUT = -2,     /* missing, unreadable, damaged or refused by a limit */
    FW_ERR_OUTPUT = -3,    /* exists, locked, unwritable or the disk is full */
    FW_ERR_FILTER = -4,    /* a filter failed on a frame */
    FW_ERR_MEMORY = -5,    /* the memory budget does not fit, or an allocation failed */
    FW_ERR_SYSTEM = -6,    /* a system call failed that has no business failing */
    FW_ERR_DIED = -7,      /* a process died and could not be replaced */
    FW_ERR_STALLED = -8,   /* a process made no progress and could not be replaced */
    FW_ERR_CANCELLED = -9, /* the user or another failure ended the job */
    FW_ERR_VERIFY = -10,   /* the output does not hold what went in */
    FW_ERR_INTERNAL = -11, /* an invariant of framewheel does not hold */
    FW_ERR_LIMIT = -12     /* the sandbox or a limit cannot be set up as asked */
};

/* A failure that can cross a process boundary as it is: no pointers. `text` has no newline at its
 * end; a text of several lines is shown as it is. */
struct fw_error {
    int32_t status; /* enum fw_status */
    char text[FW_ERROR_TEXT];
};

/* Sets *err (which may be NULL) and returns `status`. The first failure wins: an *err that already
 * holds one keeps it, and its status is returned. */
int fw_fail(struct fw_error *err, int status, const char *format, ...) FW_PRINTF(3, 4);
/* Puts "context: " before a text that is already there. */
void fw_error_prefix(struct fw_error *err, const char *format, ...) FW_PRINTF(2, 3);
/* "usage", "input", ...; never NULL. */
const char *fw_status_name(int status);

struct fw_rational {
    int32_t num;
    int32_t den;
};

/* Code points of ITU-T H.273 (2 = unspecified); range 0 unspecified, 1 limited, 2 full;
 * chroma_location 0 unspecified, 1 left, 2 center, 3 topleft, 4 top, 5 bottomleft, 6 bottom. */
struct fw_color {
    uint8_t range;
    uint8_t matrix;
    uint8_t primaries;
    uint8_t transfer;
    uint8_t chroma_location;
    uint8_t reserved[3];
};

enum fw_format_flags {
    FW_FORMAT_RGB = 1u << 0,
    FW_FORMAT_ALPHA = 1u << 1,
    FW_FORMAT_BIG_ENDIAN = 1u << 2,
    FW_FORMAT_FLOAT = 1u << 3,
    FW_FORMAT_PALETTE = 1u << 4,   /* plane 1 holds 256 native-endian 32-bit ARGB entries */
    FW_FORMAT_BITSTREAM = 1u << 5, /* components are counted in bits, not bytes */
    FW_FORMAT_PLANAR = 1u << 6,    /* one component per plane */
    FW_FORMAT_BAYER = 1u << 7,
    FW_FORMAT_XYZ = 1u << 8,
    FW_FORMAT_FULL_RANGE = 1u << 9 /* the yuvj names: full range by definition */
};

/* Where one component lives: sample i of a row starts at offset + i * step bytes of its plane
 * (bits for FW_FORMAT_BITSTREAM) and holds `depth` bits after a right shift by `shift`. */
struct fw_component {
    uint8_t plane;
    uint8_t step;
    uint8_t offset;
    uint8_t shift;
    uint8_t depth;
    uint8_t reserved[3];
};

/* A pixel format. Names are FFmpeg's. Rows live in the host's constant table: compare pointers. */
struct fw_format {
    const char *name;
    uint16_t id; /* index in the host's table; not stable between versions */
    uint8_t component_count;
    uint8_t plane_count;
    uint8_t log2_chroma_w; /* planes 1 and 2 (not for RGB) are ceil(w / 2^n) wide */
    uint8_t log2_chroma_h;
    uint8_t reserved[2];
    uint32_t flags; /* enum fw_format_flags */
    struct fw_component components[4];
};

/* Pixels in memory, borrowed. Strides are in bytes; an input's may be negative. */
struct fw_image {
    const struct fw_format *format;
    int32_t width;
    int32_t height;
    uint8_t *data[FW_PLANES_MAX];
    ptrdiff_t stride[FW_PLANES_MAX];
};

/* What a link between two filters carries, the same for all of its frames. */
struct fw_video {
    const struct fw_format *format;
    int32_t width;
    int32_t height;
    struct fw_rational sample_aspect; /* 0/1 when unknown */
    struct fw_rational time_base;     /* unit of pts, in seconds */
    struct fw_rational frame_rate;    /* 0/1 when unknown or variable */
    struct fw_color color;
};

enum fw_frame_flags {
    FW_FRAME_INTERLACED = 1u << 0,
    FW_FRAME_TOP_FIRST = 1u << 1,
    FW_FRAME_KEY = 1u << 2,
    FW_FRAME_CORRUPT = 1u << 3, /* the decoder concealed damage in it */
    FW_FRAME_REPEAT = 1u << 4   /* the source asks for one field to be shown again */
};

enum fw_hdr_flags {
    FW_HDR_PRIMARIES = 1u << 0,   /* primaries and white point are known */
    FW_HDR_LUMINANCE = 1u << 1,   /* luminances are known */
    FW_HDR_LIGHT_LEVELS = 1u << 2 /* max_content and max_average are known */
};

/* What a picture was graded on: SMPTE ST 2086 and CTA-861.3. */
struct fw_hdr {
    uint32_t struct_size;
    uint32_t flags;                     /* enum fw_hdr_flags */
    struct fw_rational primaries[3][2]; /* red, green, blue; x and y of CIE 1931 */
    struct fw_rational white_point[2];
    struct fw_rational min_luminance; /* cd/m2 */
    struct fw_rational max_luminance;
    uint32_t max_content; /* MaxCLL, cd/m2 */
    uint32_t max_average; /* MaxFALL */
};

struct fw_frame {
    uint32_t struct_size;
    uint32_t flags;        /* enum fw_frame_flags */
    struct fw_image image; /* outputs: planes are 64-byte aligned with 64 spare bytes behind them */
    uint64_t index;        /* n: number of the frame, 0 at the first kept one */
    int64_t pts;           /* in the link's time base, 0 at the file's start; or FW_NOPTS */
    int64_t duration;      /* in the link's time base; 0 when unknown */
    struct fw_rational sample_aspect;
    struct fw_color color;
    const struct fw_hdr *hdr; /* borrowed; NULL when the frame says nothing of it */
};

enum fw_option_type {
    FW_OPTION_BOOL,    /* int32_t, 0 or 1 */
    FW_OPTION_INT,     /* int64_t */
    FW_OPTION_FLOAT,   /* double */
    FW_OPTION_ENUM,    /* int64_t, one of `choices` */
    FW_OPTION_FLAGS,   /* int64_t, choices joined by '+' */
    FW_OPTION_COLOR,   /* uint32_t, 0xRRGGBBAA */
    FW_OPTION_STRING,  /* char *, owned by the host */
    FW_OPTION_PATH,    /* char *, owned by the host; a file the filter reads */
    FW_OPTION_EXPR,    /* char *, owned by the host; variables are listed in `variables` */
    FW_OPTION_DURATION /* int64_t, microseconds; written as seconds or [HH:]MM:SS[.m] or 5ms */
};

struct fw_choice {
    const char *name;
    int64_t value;
    const char *help;
};

/* One option. The host parses, range-checks and stores it at `offset` in the filter's state before
 * negotiate(); an alias is a second row with the same offset. The order of the rows is the order of
 * positional values. A table ends with a row whose name is NULL. */
struct fw_option {
    const char *name;
    const char *help;
    enum fw_option_type type;
    uint32_t offset;
    double min;
    double max;
    const char *default_text; /* NULL: zero, or NULL for text */
    const struct fw_choice *choices;
    const char *variables; /* EXPR: names separated by spaces */
    const char *unit;      /* "px", "s", ...; or NULL */
};

/* How frames may be handed to a filter. */
enum fw_class {
    FW_CLASS_PURE,      /* any frame, any order */
    FW_CLASS_INDEXED,   /* as pure, but reads the frame's index or time */
    FW_CLASS_WINDOWED,  /* reads `before` and `after` neighbours */
    FW_CLASS_SEQUENTIAL /* every frame once, in order */
};

enum fw_caps_flags {
    FW_CAPS_IN_PLACE = 1u << 0,     /* out may be the same memory as in */
    FW_CAPS_BANDS = 1u << 1,        /* band() works on any rows, given `halo_rows` around them */
    FW_CAPS_IDENTITY = 1u << 2,     /* this instance changes nothing: skip it */
    FW_CAPS_PROCESS_ONLY = 1u << 3, /* not safe beside itself in one process */
    FW_CAPS_READS_FILES = 1u << 4,  /* opens the files its PATH options name, in start() */
    FW_CAPS_VIEW = 1u << 5,         /* process() may return FW_VIEW */
    FW_CAPS_PLANES = 1u << 6,       /* plane() does one plane; planes may run beside each other */
    FW_CAPS_SEES_ALL = 1u << 7      /* SEQUENTIAL: also called for frames that `enable` leaves out,
                                     * for what it keeps of them; they pass as they are */
};

/* What one instance needs, known after negotiate(). */
struct fw_caps {
    uint32_t struct_size;
    enum fw_class filter_class;
    uint32_t flags;    /* enum fw_caps_flags */
    int32_t before;    /* frames read before the current one */
    int32_t after;     /* frames read after it */
    int32_t halo_rows; /* BANDS: input rows of luma height read above and below an output row; with
                        * halved chroma, twice the chroma rows */
    int32_t rate_num; /* output frames per `rate_den` input frames; 1/1 usually. Either is 1, but */
    int32_t rate_den; /* for 0/0: how many depends on the pixels (sequential filters alone) */
    size_t scratch_bytes;
    float cost_ns_per_pixel; /* rough, one core; 0 when unknown */
    int32_t lead; /* WINDOWED: the first frames of the stream, which have no output and are not
                   * counted behind the filter; it is not called for them */
};

/*
 * A filter. `self` is a zeroed block of self_size bytes with the options stored in it; the host
 * owns it. Every callback may be NULL but negotiate and one of process, band, window, plane. Calls
 * on one `self` never overlap, except of plane().
 *
 * The host fills `out` before a call: what the filter leaves alone is the input's, `index` counts
 * the filter's own output frames, and `image` is memory to write to unless FW_IDENTITY, FW_VIEW or
 * FW_DROP is returned. Inputs are read-only. No call may read or write beyond the visible pixels
 * of a row.
 *
 * With a rate of n/1 the host asks n times for each input; out->index % n tells which one. With
 * 1/n the filter returns FW_DROP for n - 1 of n inputs.
 */
struct fw_filter {
    uint32_t struct_size;
    uint32_t abi; /* FW_ABI_VERSION */
    const char *name;
    const char *summary;
    const struct fw_option *options;
    size_t self_size;

    /* Says what comes out for `in`, and sets the caps. FW_ERR_USAGE with a text when the options do
     * not fit this input. A format the filter cannot take: set out->format to NULL and
     * accepts() is asked. Called in a process that has no pixels; may be called again. */
    int (*negotiate)(void *self, const struct fw_video *in, struct fw_video *out,
                     struct fw_caps *caps, struct fw_error *err);
    /* Whether the filter takes `format`. NULL: every format for which negotiate succeeds. The host
     * converts the input to the nearest accepted format. */
    int (*accepts)(const void *self, const struct fw_format *format);
    /* Once per process before the first frame: tables, files. */
    int (*start)(void *self, struct fw_error *err);
    /* One frame. Returns FW_OK, FW_IDENTITY, FW_VIEW or an error; FW_DROP with a rate of 1/n, or as
     * a sequential filter. */
    int (*process)(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                   struct fw_error *err);
    /* BANDS: rows [row_first, row_end) of the output, of luma height and whole chroma rows; the
     * other rows of `out` are not touched, and those of `in` beyond the halo are not there. Returns
     * FW_OK or an error. Without process() the host calls it for whole frames too. */
    int (*band)(void *self, const struct fw_frame *in, struct fw_frame *out, int32_t row_first,
                int32_t row_end, void *scratch, struct fw_error *err);
    /* Releases what start() took; accepts a self that never started. */
    void (*stop)(void *self);

    /* WINDOWED, instead of process: in[-caps.before] to in[caps.after], NULL beyond the ends of the
     * stream; in[0] is the frame that `out` stands for. Returns as process. */
    int (*window)(void *self, const struct fw_frame *const *in, struct fw_frame *out, void *scratch,
                  struct fw_error *err);
    /* SEQUENTIAL: another frame, asked for after each process() and, with `at_end` not 0, after the
     * last one, until it returns FW_END. NULL: none but those of process(). The filter sets pts,
     * duration and flags of `out`. */
    int (*more)(void *self, struct fw_frame *out, int at_end, void *scratch, struct fw_error *err);
    /* PLANES, of sequential filters, instead of process: one plane of `out`. Several planes may run
     * at once in threads of the host, each once a frame; `scratch` is NULL. FW_OK or an error. */
    int (*plane)(void *self, const struct fw_frame *in, struct fw_frame *out, uint32_t plane,
                 void *scratch, struct fw_error *err);
    /* Offset in self of an int32_t where the host stores, before start(), the highest level of
     * instructions to use: 0 portable C, 1 AVX2, 2 AVX-512. 0: no such member. */
    size_t cpu_offset;
};

/* For cpu_offset: does not compile for the first member, whose offset would say that there is none.
 */
#define FW_CPU_OFFSET(type, member) (offsetof(type, member) / (size_t)(offsetof(type, member) != 0))

/*
 * What a plugin exports, as a constant of this type under the name FW_PLUGIN_SYMBOL:
 *
 *     static const struct fw_filter *const filters[] = { &sepia, NULL };
 *     FW_PLUGIN(filters, "1.0", "MIT")
 *
 * The host loads the object once per process, after looking at its file, and checks every table. A
 * plugin may call fw_fail and fw_error_prefix, which the host provides, and what it links itself.
 */
struct fw_plugin {
    uint32_t struct_size;
    uint32_t abi;                           /* FW_ABI_VERSION */
    const struct fw_filter *const *filters; /* ended by NULL */
    const char *version;
    const char *licence; /* SPDX */
};

#define FW_PLUGIN_SYMBOL "fw_filter_plugin_v1"
#define FW_PLUGIN(filter_table, version_text, licence_text)                                        \
    extern const struct fw_plugin fw_filter_plugin_v1;                                             \
    __attribute__((visibility("default"))) const struct fw_plugin fw_filter_plugin_v1 = {          \
        sizeof(struct fw_plugin), FW_ABI_VERSION, filter_table, version_text, licence_text,        \
    };

#ifdef __cplusplus
}
#endif
#endif
