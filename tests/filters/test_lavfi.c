/* libavfilter's filters: classes that hold, texts that are refused, graphs with branches. The lines
 * of lavfi.txt, run whole, and in ranges from the last to the first in chains of their own. */
#include "whole.h"

#include "check.h"
#include "format.h"
#include "registry.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libavutil/log.h>

#define FRAMES 11
#define SOME 24 /* lines of a short run */

struct line {
    char text[1024];
    char *chain;
    char format[32];
    int32_t width;
    int32_t height;
};

static bool read_line(FILE *file, struct line *line)
{
    while (fgets(line->text, sizeof(line->text), file)) {
        char *bar = strstr(line->text, " | ");
        if (*line->text == '#' || !bar)
            continue;
        *bar = '\0';
        line->chain = line->text;
        cr_assert_eq(sscanf(bar + 3, "%31s %dx%d", line->format, &line->width, &line->height), 3,
                     "%s", line->chain);
        return true;
    }
    return false;
}

static FILE *open_lines(void)
{
    FILE *file = fopen(FW_TEST_DIR "/lavfi.txt", "r");
    cr_assert(file);
    return file;
}

static struct fw_video video_of(const char *format, int32_t width, int32_t height)
{
    return (struct fw_video){ .format = fw_format_find(format),
                              .width = width,
                              .height = height,
                              .sample_aspect = { 1, 1 },
                              .time_base = { 1, 25 },
                              .frame_rate = { 25, 1 },
                              .color = { .matrix = 2 } };
}

static void take_clip(struct clip *clip, const struct line *line, int fill)
{
    *clip = (struct clip){ .video = video_of(line->format, line->width, line->height) };
    for (uint32_t i = 0; i < FRAMES; i++) {
        struct fw_frame *frame = clip_add(clip, fill);
        frame->flags = i % 3 ? FW_FRAME_INTERLACED | (i % 2 ? FW_FRAME_TOP_FIRST : 0u) : 0u;
        clip_paint(&frame->image, i);
    }
}

static bool same_frame(const struct fw_frame *a, const struct fw_frame *b)
{
    return clip_hash(a) == clip_hash(b) && a->pts == b->pts && a->duration == b->duration &&
           a->flags == b->flags && memcmp(&a->color, &b->color, sizeof(a->color)) == 0;
}

static void compare(const struct line *line, uint32_t range, const struct clip *whole,
                    const struct clip *parts)
{
    cr_expect_eq(whole->count, parts->count, "%s in ranges of %u: %u frames, not %u", line->chain,
                 range, parts->count, whole->count);
    for (uint32_t i = 0; i < whole->count && i < parts->count; i++)
        cr_expect(same_frame(&whole->frames[i].frame, &parts->frames[i].frame),
                  "%s in ranges of %u: frame %u is another", line->chain, range, i);
}

static void check_ranges(const struct line *line)
{
    static const uint32_t ranges[] = { 1, 3, 8 };
    struct fw_error err = { 0 };
    struct clip in[2];
    struct clip whole;
    struct whole run = { .text = line->chain, .fill = 0xA5 };
    take_clip(&in[0], line, 0xA5);
    take_clip(&in[1], line, 0x3C);
    int status = whole_run(&run, &in[0], &whole, &err);
    cr_expect_eq(status, FW_OK, "%s: %s", line->chain, err.text);
    for (size_t i = 0; i < FW_COUNT(ranges) && status == FW_OK; i++) {
        struct clip parts;
        run.range = ranges[i];
        run.step = ranges[i] == 8 ? 5 : 0; /* with gaps longer than most windows */
        run.fill = 0x3C;
        status = whole_run(&run, &in[1], &parts, &err);
        cr_expect_eq(status, FW_OK, "%s in ranges of %u: %s", line->chain, ranges[i], err.text);
        compare(line, ranges[i], &whole, &parts);
        clip_deinit(&parts);
    }
    clip_deinit(&whole);
    clip_deinit(&in[0]);
    clip_deinit(&in[1]);
}

Test(lavfi, parallel_filters_do_not_depend_on_ranges, .timeout = 500)
{
    const char *wanted = getenv("FW_LONG");
    const char *given = getenv("FW_SEED");
    bool all = wanted && strcmp(wanted, "1") == 0;
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    uint32_t lines = 0;
    struct line line;
    FILE *file = open_lines();
    while (read_line(file, &line))
        lines++;
    rewind(file);
    (void)fprintf(stderr, "FW_SEED=%u\n", seed);
    av_log_set_level(AV_LOG_ERROR);
    while (read_line(file, &line)) {
        seed = seed * 1103515245u + 12345u;
        if (all || (seed >> 8) % lines < SOME)
            check_ranges(&line);
    }
    (void)fclose(file);
}

static bool has_line(const char *name)
{
    size_t bytes = strlen(name);
    struct line line;
    bool found = false;
    FILE *file = open_lines();
    while (!found && read_line(file, &line)) {
        for (const char *at = line.chain; at && !found; at = strchr(at + 1, ',')) {
            const char *word = strstr(at, "lavfi.");
            found = word && strncmp(word + 6, name, bytes) == 0 &&
                    (!word[6 + bytes] || word[6 + bytes] == '=');
        }
    }
    (void)fclose(file);
    return found;
}

/* Read files: they run in the tests of whole jobs. */
static bool is_exempt(const char *name)
{
    return strcmp(name, "ass") == 0 || strcmp(name, "removelogo") == 0 ||
           strcmp(name, "subtitles") == 0;
}

Test(lavfi, every_parallel_filter_has_a_line)
{
    struct fw_foreign kind;
    void *state = NULL;
    while (fw_foreign_next(&state, &kind)) {
        if (!kind.refusal && kind.filter_class != FW_CLASS_SEQUENTIAL && !is_exempt(kind.name))
            cr_expect(has_line(kind.name), "%s", kind.name);
        cr_expect(kind.refusal || kind.reason, "%s", kind.name);
    }
}

static void expect_class(const char *text, enum fw_class filter_class)
{
    struct fw_error err = { 0 };
    struct fw_chain *chain = NULL;
    struct fw_chain_step step;
    cr_assert_eq(fw_chain_create(&chain, text, &err), FW_OK, "%s", err.text);
    fw_chain_step_at(chain, 0, &step);
    cr_expect_eq(step.filter_class, filter_class, "%s: %s", text, step.reason);
    fw_chain_destroy(chain);
}

Test(lavfi, options_decide_the_class)
{
    expect_class("lavfi.normalize=smoothing=0", FW_CLASS_PURE);
    expect_class("lavfi.normalize=smoothing=3", FW_CLASS_SEQUENTIAL);
    expect_class("lavfi.noise=alls=3:allf=u+p", FW_CLASS_PURE);
    expect_class("lavfi.noise=alls=3:allf=t", FW_CLASS_SEQUENTIAL);
    expect_class("geq=lum='random(1)'", FW_CLASS_SEQUENTIAL);
    expect_class("geq=lum=X", FW_CLASS_INDEXED);
    expect_class("lavfi.eq=brightness=random(1):eval=frame", FW_CLASS_SEQUENTIAL);
    expect_class("lavfi.hue=h=360*random(0)", FW_CLASS_SEQUENTIAL);
    expect_class("lavfi.hue=h=time(0)", FW_CLASS_SEQUENTIAL);
    expect_class("lavfi.eq=contrast=st(0\\,ld(0)+0.1):eval=frame", FW_CLASS_SEQUENTIAL);
    expect_class("lavfi.lut=y=val*time(0)", FW_CLASS_SEQUENTIAL);
    expect_class("lavfi.lut=y=random(0)*255", FW_CLASS_PURE);
    expect_class("drawtext=text=a:x=rand(0\\,30)", FW_CLASS_SEQUENTIAL);
    expect_class("drawtext=text=random (x) time(0)", FW_CLASS_INDEXED);
    expect_class("drawtext=text=%{localtime}", FW_CLASS_SEQUENTIAL);
    expect_class("drawtext=text=%{metadata}", FW_CLASS_SEQUENTIAL);
    expect_class("drawtext=text=%H:expansion=strftime", FW_CLASS_SEQUENTIAL);
    expect_class("lavfi.rotate=n:c=random", FW_CLASS_SEQUENTIAL);
    expect_class("vectorscope=e=peak", FW_CLASS_SEQUENTIAL);
    expect_class("waveform=e=instant", FW_CLASS_PURE);
    expect_class("lavfi.yadif=deint=interlaced", FW_CLASS_WINDOWED);
    expect_class("lavfi.yadif=mode=1:deint=interlaced", FW_CLASS_SEQUENTIAL);
    expect_class("lavfi.bwdif=deint=1", FW_CLASS_SEQUENTIAL);
    expect_class("lavfi.tmix=enable=gt(n\\,3)", FW_CLASS_SEQUENTIAL);
    expect_class("shufflepixels=seed=3", FW_CLASS_PURE);
    expect_class("shufflepixels", FW_CLASS_PURE); /* with a seed of ours */
    expect_class("setpts=PTS-STARTPTS", FW_CLASS_SEQUENTIAL);
    expect_class("lavfi.hqdn3d", FW_CLASS_SEQUENTIAL);
    expect_class("[in]hflip[out]", FW_CLASS_SEQUENTIAL);
}

static void expect_refusal(const char *text, const char *piece)
{
    struct fw_error err = { 0 };
    struct fw_chain *chain = NULL;
    cr_expect_eq(fw_chain_create(&chain, text, &err), FW_ERR_USAGE, "%s", text);
    cr_expect(strstr(err.text, piece), "%s: %s", text, err.text);
    fw_chain_destroy(chain);
}

Test(lavfi, what_cannot_run_is_refused_with_a_reason)
{
    expect_refusal("avgblur_opencl", "OpenCL device");
    expect_refusal("hwupload", "device's memory");
    expect_refusal("signature", "writes a file");
    expect_refusal("lavfi.curves=plot=x", "writes a file");
    expect_refusal("deshake=filename=x", "writes a file");
    expect_refusal("metadata=print:file=x", "writes a file");
    expect_refusal("[in]split[a][b];[a][b]psnr=f=x", "writes a file");
    expect_refusal("fspp", "never wrote");
    expect_refusal("zscale=w=3", "wrong columns");
    expect_refusal("metadata=mode=print", "nobody would see");
    expect_refusal("drawtext=text=%{pict_type}", "type of the coded picture");
    expect_refusal("drawtext=textfile=a:reload=1", "again and again");
    expect_refusal("lavfi.overlay", "needs a graph with branches");
    expect_refusal("volume", "needs a graph with branches");
}

Test(lavfi, expressions_name_the_wrong_variable)
{
    expect_refusal("lavfi.pad=iw+4:ih:q*2", "unknown variable 'q' in option 'x' of filter 'pad'");
    expect_refusal("lavfi.pad=iw+4:ih:q*2", "  -vf \"lavfi.pad=iw+4:ih:q*2\"\n"
                                            "                         ^\n"
                                            "  did you mean 'x'?  it may use: in_w");
    expect_refusal("lavfi.rotate=in_t*3", "unknown variable 'in_t'");
    expect_refusal("zoompan=z=pzoon+0.1", "did you mean 'pzoom'?");
    expect_refusal("geq=lum='X+'", "cannot be read as an expression");
    expect_refusal("select=gt(scen\\,0.3)", "did you mean 'scene'?");
}

Test(lavfi, graphs_are_checked_filter_by_filter)
{
    expect_refusal("split[a][b];[a]gblur=sgima=2[c];[b][c]hstak", "did you mean 'sigma'?");
    expect_refusal("split[a][b];[a]gblur=sgima=2[c];[b][c]hstak", "no filter 'hstak'");
    expect_refusal("[in]hflip[out", "no closing ']'");
    expect_refusal("[]hflip", "label's name is missing");
    expect_refusal("hflip;", "name is missing");
    expect_refusal("split[a][b];[a]showinfo[c];[b][c]hstack", "nobody would see");
    expect_refusal("[in]fw.hflip[out]", "no filter 'hflip'");
}

static int negotiate(const char *text, struct fw_error *err)
{
    struct fw_chain *chain = NULL;
    struct fw_video in = video_of("yuv420p", 64, 48);
    struct fw_video out;
    int status = fw_chain_create(&chain, text, err);
    if (status == FW_OK)
        status = fw_chain_negotiate(chain, &in, &out, err);
    fw_chain_destroy(chain);
    return status;
}

Test(lavfi, graphs_have_one_way_in_and_one_out)
{
    struct fw_error err[3] = { 0 };
    cr_expect_eq(negotiate("hflip;vflip", &err[0]), FW_ERR_USAGE);
    cr_expect(strstr(err[0].text, "several inputs"), "%s", err[0].text);
    cr_expect_eq(negotiate("split[a][b]", &err[1]), FW_ERR_USAGE);
    cr_expect(strstr(err[1].text, "several outputs"), "%s", err[1].text);
    cr_expect_eq(negotiate("nullsink;color", &err[2]), FW_OK, "%s", err[2].text);
}

Test(lavfi, formats_that_do_not_meet_are_named)
{
    struct fw_error err = { 0 };
    cr_expect_eq(negotiate("lavfi.vflip,lavfi.format=nv20le", &err), FW_ERR_USAGE);
    cr_expect(strstr(err.text, "filter 'format' takes nv20le, and there is no conversion to that "
                               "from yuv420p"),
              "%s", err.text);
}
