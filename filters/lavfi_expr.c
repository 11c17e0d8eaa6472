/* The variables of libavfilter's expressions, so that a wrong one is named before anything runs. */
#include "check.h"
#include "lavfi_call.h"
#include "suggest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <libavutil/eval.h>

#define VARIABLES_MAX 48
#define QUIET 1000 /* keeps the parser from logging */

struct row {
    const char *filter;
    const char *options; /* " name name " */
    const char *variables;
};

static const struct row rows[] = {
    { "boxblur", " luma_radius lr chroma_radius cr alpha_radius ar ", "w h cw ch hsub vsub" },
    { "crop", " out_w w out_h h x y ",
      "in_w iw in_h ih out_w ow out_h oh a sar dar hsub vsub x y n pos t" },
    { "delogo", " x y w h ", "x y w h n t" },
    { "drawbox", " x y width w height h thickness t ",
      "dar hsub vsub in_h ih in_w iw sar x y h w t fill" },
    { "drawgrid", " x y width w height h thickness t ",
      "dar hsub vsub in_h ih in_w iw sar x y h w t fill" },
    { "drawtext", " x y fontsize alpha ",
      "dar hsub vsub line_h lh main_h h H main_w w W max_glyph_a ascent max_glyph_d descent "
      "max_glyph_h max_glyph_w n sar t text_h th text_w tw x y pict_type pkt_pos pkt_duration "
      "pkt_size" },
    { "eq", " contrast brightness saturation gamma gamma_r gamma_g gamma_b gamma_weight ",
      "n pos r t" },
    { "fftfilt", " weight_Y weight_U weight_V ", "X Y W H N WS HS" },
    { "geq",
      " lum_expr lum cb_expr cb cr_expr cr alpha_expr a red_expr r green_expr g blue_expr b ",
      "X Y W H N SW SH T" },
    { "hue", " h s H b ", "n pts r t tb" },
    { "lut", " c0 c1 c2 c3 y u v r g b a ", "w h val maxval minval negval clipval" },
    { "lutrgb", " c0 c1 c2 c3 y u v r g b a ", "w h val maxval minval negval clipval" },
    { "lutyuv", " c0 c1 c2 c3 y u v r g b a ", "w h val maxval minval negval clipval" },
    { "overlay", " x y ", "main_w W main_h H overlay_w w overlay_h h hsub vsub x y n pos t" },
    { "pad", " width w height h x y ",
      "in_w iw in_h ih out_w ow out_h oh x y a sar dar hsub vsub" },
    { "perspective", " x0 y0 x1 y1 x2 y2 x3 y3 ", "W H in on" },
    { "rotate", " angle a out_w ow out_h oh ", "in_w iw in_h ih out_w ow out_h oh hsub vsub n t" },
    { "scale", " w width h height ",
      "in_w iw in_h ih out_w ow out_h oh a sar dar hsub vsub ohsub ovsub n t pos main_a main_dar "
      "main_h main_n main_pos main_sar main_t main_w" },
    { "select", " expr e ",
      "TB pts start_pts prev_pts prev_selected_pts t start_t prev_t prev_selected_t pict_type I P "
      "B S SI SP BI PICT_TYPE_I PICT_TYPE_P PICT_TYPE_B PICT_TYPE_S PICT_TYPE_SI PICT_TYPE_SP "
      "PICT_TYPE_BI interlace_type PROGRESSIVE TOPFIRST BOTTOMFIRST consumed_samples_n samples_n "
      "sample_rate n selected_n prev_selected_n key pos scene concatdec_select" },
    { "setdar", " dar ratio r ", "w h a sar dar hsub vsub" },
    { "setpts", " expr ",
      "FRAME_RATE INTERLACED N NB_CONSUMED_SAMPLES NB_SAMPLES POS PREV_INPTS PREV_INT PREV_OUTPTS "
      "PREV_OUTT PTS SAMPLE_RATE STARTPTS STARTT T TB RTCTIME RTCSTART S SR FR" },
    { "setsar", " sar ratio r ", "w h a sar dar hsub vsub" },
    { "settb", " expr tb ", "AVTB intb sr" },
    { "swaprect", " w h x1 y1 x2 y2 ", "w h a n t pos sar dar" },
    { "tblend", " c0_expr c1_expr c2_expr c3_expr all_expr ", "X Y W H SW SH T N A B TOP BOTTOM" },
    { "tlut2", " c0 c1 c2 c3 ", "w h x y bdx bdy" },
    { "vignette", " angle a x0 y0 ", "w h n pts r t tb" },
    { "zoompan", " zoom z x y ",
      "in_w iw in_h ih out_w ow out_h oh in on duration pduration in_time it out_time time ot "
      "frame zoom pzoom px x py y a sar dar hsub vsub" },
};

struct names {
    char text[640];
    const char *list[VARIABLES_MAX + 1];
    uint32_t count;
};

static const char *variables_of(const char *filter, const char *key)
{
    char word[40];
    int written = snprintf(word, sizeof(word), " %s ", key);
    if (written < 0 || (size_t)written >= sizeof(word))
        return NULL;
    for (size_t i = 0; i < FW_COUNT(rows); i++) {
        if (strcmp(rows[i].filter, filter) == 0 && strstr(rows[i].options, word))
            return rows[i].variables;
    }
    return NULL;
}

static void split_names(struct names *names, const char *variables)
{
    memset(names, 0, sizeof(*names));
    FW_CHECK(strlen(variables) < sizeof(names->text));
    (void)snprintf(names->text, sizeof(names->text), "%s", variables);
    char *rest = names->text;
    for (char *name = strtok_r(rest, " ", &rest); name; name = strtok_r(rest, " ", &rest)) {
        FW_CHECK(names->count < VARIABLES_MAX);
        names->list[names->count++] = name;
    }
}

static bool is_known(const struct names *names, const char *name, size_t bytes)
{
    static const char *const constants[] = { "PI", "E", "PHI", "QP2LAMBDA" };
    for (uint32_t i = 0; i < names->count; i++) {
        if (strlen(names->list[i]) == bytes && strncmp(names->list[i], name, bytes) == 0)
            return true;
    }
    for (size_t i = 0; i < FW_COUNT(constants); i++) {
        if (strlen(constants[i]) == bytes && strncmp(constants[i], name, bytes) == 0)
            return true;
    }
    return false;
}

static bool is_name_byte(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_';
}

/* The first name that is neither a variable nor a function; numbers with their postfixes are
 * skipped. Returns its length, 0 when there is none. */
static size_t find_unknown(const struct names *names, const char *text, size_t *first_out)
{
    size_t at = 0;
    while (text[at]) {
        size_t first = at;
        bool number = isdigit((unsigned char)text[at]) || text[at] == '.';
        while (is_name_byte(text[at]) || (number && text[at] == '.'))
            at++;
        size_t bytes = at - first;
        const char *behind = text + at + strspn(text + at, " \t\n\r");
        if (bytes && !number && *behind != '(' && !is_known(names, text + first, bytes)) {
            *first_out = first;
            return bytes;
        }
        at += bytes == 0;
    }
    return 0;
}

/* What the filters' own functions give is of no interest here: nothing is evaluated, they only make
 * their names and numbers of values known to av_expr_parse. */
static double any1(void *opaque, double x)
{
    (void)opaque;
    return x;
}

static double any2(void *opaque, double x, double y)
{
    (void)opaque;
    return x + y;
}

/* With the functions that some filters have on top of libavutil's. */
static bool can_be_parsed(const struct names *names, const char *text)
{
    static const char *const names1[] = { "gammaval", "gammaval709", "rotw", "roth", NULL };
    static double (*const functions1[])(void *, double) = { any1, any1, any1, any1, NULL };
    static const char *const names2[] = { "lum",  "cb",   "cr",       "alpha", "r",     "g",
                                          "b",    "p",    "lumsum",   "cbsum", "crsum", "rsum",
                                          "gsum", "bsum", "alphasum", "psum",  "rand",  NULL };
    static double (*const functions2[])(
        void *, double, double) = { any2, any2, any2, any2, any2, any2, any2, any2, any2,
                                    any2, any2, any2, any2, any2, any2, any2, any2, NULL };
    AVExpr *tree = NULL;
    if (strstr(text, "clip(") || strstr(text, "weight("))
        return true; /* of one value in some filters */
    int code = av_expr_parse(&tree, text, names->list, names1, functions1, names2, functions2,
                             QUIET, NULL);
    av_expr_free(tree);
    return code >= 0;
}

static void complain_name(const struct names *names, const struct fw_call *text,
                          const struct fw_arg *arg, const char *key, const char *variables,
                          size_t first, size_t bytes, struct fw_complaints *complaints)
{
    char wanted[64];
    char hint[720];
    struct fw_suggestion suggestion;
    (void)snprintf(wanted, sizeof(wanted), "%.*s", (int)bytes, arg->value + first);
    fw_suggest_init(&suggestion, wanted);
    for (uint32_t i = 0; i < names->count; i++)
        fw_suggest_offer(&suggestion, names->list[i]);
    const char *near = fw_suggest_best(&suggestion);
    (void)snprintf(hint, sizeof(hint), "%s%s%sit may use: %s", near ? "did you mean '" : "",
                   near ? near : "", near ? "'?  " : "", variables);
    /* Escapes would shift the columns: then the whole value is shown. */
    bool plain = arg->value_end - arg->value_first == strlen(arg->value);
    uint32_t start = plain ? arg->value_first + (uint32_t)first : arg->value_first;
    fw_complain(complaints, start, plain ? start + (uint32_t)bytes : arg->value_end, hint,
                "unknown variable '%s' in option '%s' of filter '%s'", wanted, key, text->name);
}

void fw_lavfi_expression_check(const struct fw_lavfi_call *call, const struct fw_call *text,
                               const struct fw_arg *arg, const char *key,
                               struct fw_complaints *complaints)
{
    struct names names;
    size_t first = 0;
    const char *variables = variables_of(call->filter->name, key);
    if (!variables)
        return;
    split_names(&names, variables);
    size_t bytes = find_unknown(&names, arg->value, &first);
    if (bytes)
        complain_name(&names, text, arg, key, variables, first, bytes, complaints);
    else if (!can_be_parsed(&names, arg->value))
        fw_complain(complaints, arg->value_first, arg->value_end, NULL,
                    "value '%s' of option '%s' of filter '%s' cannot be read as an expression",
                    arg->value, key, text->name);
}
