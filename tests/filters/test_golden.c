/*
 * Every built-in on synthetic frames against the hashes in golden.txt:
 *
 *     CHAIN | FORMAT WxH FRAMES | XXH3 of the visible output pixels, in hexadecimal
 *
 * FW_GOLDEN_PRINT=1 prints the lines with the hashes of this build. `scale` and `format` are not
 * here for formats whose kernels zimg computes in floating point: test_zimage.c checks them.
 */
#include "chain.h"
#include "check.h"
#include "format.h"
#include "image.h"
#include "registry.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

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

static void *take_image(struct fw_image *image, const struct fw_video *video)
{
    struct fw_image_layout layout;
    cr_assert_eq(fw_image_layout(&layout, video->format, video->width, video->height), 0);
    void *block = aligned_alloc(FW_IMAGE_ALIGN, layout.bytes);
    memset(block, 0xC3, layout.bytes);
    fw_image_map(image, &layout, video->format, video->width, video->height, block);
    return block;
}

/* Noise over a ramp; samples stay within the depth of the format. */
static void paint(const struct fw_image *image, uint64_t index)
{
    uint64_t state = index * 977 + 5;
    uint32_t depth = fw_format_depth(image->format);
    uint8_t mask = depth > 8 && depth < 16 ? (uint8_t)((1u << (depth - 8)) - 1) : 0xFF;
    for (uint32_t plane = 0; plane < image->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(image->format, plane, image->width);
        int32_t rows = fw_format_plane_height(image->format, plane, image->height);
        for (int32_t y = 0; y < rows; y++) {
            uint8_t *row = image->data[plane] + y * image->stride[plane];
            for (size_t x = 0; x < bytes; x++) {
                state = state * 6364136223846793005u + 1442695040888963407u;
                row[x] = (uint8_t)((state >> 56) + x + (size_t)y * 3);
                if (depth > 8 && x % 2)
                    row[x] &= mask;
            }
        }
    }
}

static void hash_image(XXH3_state_t *state, const struct fw_image *image)
{
    for (uint32_t plane = 0; plane < image->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(image->format, plane, image->width);
        int32_t rows = fw_format_plane_height(image->format, plane, image->height);
        for (int32_t y = 0; y < rows; y++)
            (void)XXH3_64bits_update(state, image->data[plane] + y * image->stride[plane], bytes);
    }
}

/* Frames [first, first + count) stepped by `step` in a chain of their own, hashed one by one. */
static void run(const char *text, const struct fw_video *in, int first, int end, uint64_t *hashes)
{
    struct fw_error err = { 0 };
    struct fw_chain *chain = NULL;
    struct fw_video out;
    struct fw_frame from = { .struct_size = sizeof(from), .sample_aspect = { 1, 1 } };
    struct fw_frame to = { .struct_size = sizeof(to) };
    int status = fw_chain_create(&chain, text, &err);
    if (status == FW_OK)
        status = fw_chain_negotiate(chain, in, &out, &err);
    if (status == FW_OK)
        status = fw_chain_start(chain, &err);
    cr_assert_eq(status, FW_OK, "%s", err.text);
    void *blocks[2] = { take_image(&from.image, in), take_image(&to.image, &out) };
    struct fw_image target = to.image;
    XXH3_state_t *state = XXH3_createState();
    for (int i = first; i < end; i++) {
        from.index = (uint64_t)i;
        from.pts = i;
        from.color = in->color;
        to.image = target;
        paint(&from.image, (uint64_t)i);
        status = fw_chain_process(chain, &from, &to, &err);
        cr_assert_geq(status, 0, "%s", err.text);
        (void)XXH3_64bits_reset(state);
        hash_image(state, status == FW_IDENTITY ? &from.image : &to.image);
        hashes[i] = XXH3_64bits_digest(state);
    }
    (void)XXH3_freeState(state);
    fw_chain_destroy(chain);
    free(blocks[0]);
    free(blocks[1]);
}

struct line {
    char chain[128];
    char format[24];
    int width;
    int height;
    int frames;
    uint64_t hash;
};

static int read_line(FILE *file, struct line *line)
{
    char text[320];
    while (fgets(text, sizeof(text), file)) {
        unsigned long long hash = 0;
        if (text[0] == '#' || text[0] == '\n')
            continue;
        int count = sscanf(text, "%127[^|]| %23s %dx%d %d | %llx", line->chain, line->format,
                           &line->width, &line->height, &line->frames, &hash);
        cr_assert_geq(count, 5, "%s", text);
        cr_assert(line->frames <= 8);
        for (char *end = strchr(line->chain, '\0'); end > line->chain && end[-1] == ' ';)
            *--end = '\0';
        line->hash = hash;
        return 1;
    }
    return 0;
}

static FILE *open_lines(void)
{
    FILE *file = fopen(FW_TEST_DIR "/golden.txt", "r");
    cr_assert_not_null(file);
    return file;
}

Test(golden, pixels_are_those_written_down, .timeout = 60)
{
    struct line line;
    FILE *file = open_lines();
    int print = getenv("FW_GOLDEN_PRINT") != NULL;
    int wrong = 0;
    while (read_line(file, &line)) {
        uint64_t hashes[8] = { 0 };
        struct fw_video in = video_of(line.format, line.width, line.height);
        run(line.chain, &in, 0, line.frames, hashes);
        uint64_t hash = XXH3_64bits(hashes, (size_t)line.frames * sizeof(hashes[0]));
        if (print)
            (void)printf("%s | %s %dx%d %d | %016llx\n", line.chain, line.format, line.width,
                         line.height, line.frames, (unsigned long long)hash);
        if (!print && hash != line.hash) {
            wrong++;
            cr_log_error("%s | %s %dx%d: %016llx", line.chain, line.format, line.width, line.height,
                         (unsigned long long)hash);
        }
    }
    (void)fclose(file);
    (void)fflush(stdout);
    cr_assert_eq(wrong, 0, "%d lines differ", wrong);
}

/* The key property: every frame alone, in a chain of its own, is the frame of the whole run. */
Test(golden, a_frame_does_not_depend_on_its_range, .timeout = 60)
{
    struct line line;
    FILE *file = open_lines();
    while (read_line(file, &line)) {
        uint64_t whole[8] = { 0 };
        uint64_t alone[8] = { 0 };
        struct fw_video in = video_of(line.format, line.width, line.height);
        run(line.chain, &in, 0, line.frames, whole);
        for (int i = line.frames - 1; i >= 0; i--)
            run(line.chain, &in, i, i + 1, alone);
        cr_assert_eq(memcmp(whole, alone, sizeof(whole)), 0, "%s | %s", line.chain, line.format);
    }
    (void)fclose(file);
}

Test(golden, every_built_in_has_a_line)
{
    for (uint32_t i = 0; i < fw_filter_count(); i++) {
        struct line line;
        const char *name = fw_filter_at(i)->name;
        bool found = false;
        FILE *file = open_lines();
        while (read_line(file, &line))
            found = found || strncmp(line.chain, name, strlen(name)) == 0;
        (void)fclose(file);
        cr_assert(found, "%s", name);
    }
}

/* libavfilter's filters of the class table: what is called parallel must be. */
static const char *const foreign[] = {
    "avgblur",
    "bilateral",
    "cas",
    "chromahold",
    "chromakey",
    "chromanr",
    "chromashift=cbh=3",
    "colorbalance=rs=.3",
    "colorchannelmixer=.5:.3",
    "colorcontrast=rc=.4",
    "colorcorrect=.2",
    "colorhold",
    "colorize",
    "colorkey",
    "colorlevels",
    "colortemperature",
    "convolution",
    "curves=preset=vintage",
    "dblur",
    "dctdnoiz=2",
    "deband",
    "deblock",
    "deflate",
    "despill",
    "dilation",
    "drawbox=x=t*30:c=red",
    "drawgrid",
    "edgedetect",
    "epx",
    "erosion",
    "exposure=.5",
    "fftfilt=dc_Y=1",
    "fieldorder",
    "fillborders=2:2:2:2",
    "floodfill",
    "gblur",
    "geq=lum='X+N'",
    "gradfun",
    "grayworld",
    "greyedge",
    "histeq",
    "histogram",
    "hqx",
    "hsvhold",
    "hsvkey",
    "hue=h=n*20",
    "huesaturation=30",
    "il=d:d:d",
    "inflate",
    "kirsch",
    "lenscorrection=.1",
    "limiter",
    "lumakey",
    "lut=y=negval",
    "lut1d",
    "lut3d",
    "median",
    "monochrome",
    "nlmeans=r=5",
    "normalize=smoothing=0",
    "owdenoise",
    "pad=90:70:3:3",
    "perspective=eval=frame:x0=on",
    "pixelize",
    "pp7",
    "prewitt",
    "pseudocolor=preset=0",
    "removegrain=4",
    "rgbashift=rh=3",
    "roberts",
    "rotate=n*0.1",
    "sab",
    "scharr",
    "selectivecolor=reds=.3",
    "shear=.2",
    "shuffleplanes=0:2:1:3",
    "smartblur",
    "sobel",
    "spp",
    "super2xsai",
    "swaprect=w=8:h=8:x1=n",
    "swapuv",
    "v360=e:c3x2:w=48:h=32",
    "vaguedenoiser",
    "vectorscope",
    "vibrance=.5",
    "vignette=dither=0",
    "waveform",
    "xbr",
    "yaepblur",
    "eq=gamma=1+n*.1:eval=frame",
    "lavfi.scale=40:-2",
    "lavfi.fade=n=4",
    "lavfi.crop=20:20:n:n",
    "gblur=2:enable='between(n,1,2)'",
};

Test(golden, libavfilter_frames_do_not_depend_on_their_range, .timeout = 100)
{
    for (size_t k = 0; k < FW_COUNT(foreign); k++) {
        uint64_t whole[8] = { 0 };
        uint64_t alone[8] = { 0 };
        struct fw_video in = video_of("yuv420p", 64, 48);
        run(foreign[k], &in, 0, 4, whole);
        for (int i = 3; i >= 0; i--)
            run(foreign[k], &in, i, i + 1, alone);
        cr_expect_eq(memcmp(whole, alone, sizeof(whole)), 0, "%s", foreign[k]);
    }
}
