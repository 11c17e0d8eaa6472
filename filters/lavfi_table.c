/* Which of libavfilter 5.1's filters give the same frames in any order and any process, as data.
 * Everything that is not here counts as sequential. */
#include "check.h"
#include "lavfi_call.h"

#include <string.h>

#define PURE(filter) .name = filter, .filter_class = FW_CLASS_PURE
#define INDEXED(filter) .name = filter, .filter_class = FW_CLASS_INDEXED
#define WINDOWED(filter) .name = filter, .filter_class = FW_CLASS_WINDOWED
#define SEQUENTIAL(filter) .name = filter, .filter_class = FW_CLASS_SEQUENTIAL
/* Envelopes that hold the peaks of all frames so far; their option has two names. */
#define PEAKS                                                                                      \
    " envelope=peak envelope=peak+instant envelope=2 envelope=3 e=peak e=peak+instant e=2 e=3 "
/* Deinterlacers that put out both fields, and those that leave some frames as they are. */
#define FIELDS " mode=send_field mode=send_field_nospatial mode=field mode=1 mode=3 "
#define SOME " deint=interlaced deint=1 "

static const struct fw_lavfi_row rows[] = {
    { WINDOWED("amplify"), .after = 1, .size_option = "radius", .size_default = 2,
      .after_halves = 4 },
    { INDEXED("ass"), .file_option = "*", .stand_in = "pad" },
    { WINDOWED("atadenoise"), .after = 1, .size_option = "s", .size_default = 9, .before_halves = 1,
      .after_halves = 1 },
    { PURE("avgblur") },
    { PURE("bilateral") },
    { PURE("boxblur") },
    { WINDOWED("bwdif"), .before = 1, .after = 1, .doubling = FIELDS, .doubles_by_default = true,
      .never_doubled = SOME },
    { PURE("cas") },
    { PURE("chromahold") },
    { PURE("chromakey") },
    { PURE("chromanr") },
    { PURE("chromashift") },
    { PURE("colorbalance") },
    { PURE("colorchannelmixer") },
    { PURE("colorcontrast") },
    { PURE("colorcorrect") },
    { PURE("colorhold") },
    { PURE("colorize") },
    { PURE("colorkey") },
    { PURE("colorlevels") },
    { PURE("colormatrix") },
    { PURE("colorspace"), .colors = true },
    { PURE("colortemperature") },
    { PURE("convolution") },
    { PURE("copy") },
    { SEQUENTIAL("cover_rect"), .file_option = "*", .stand_in = "format=yuv420p|yuvj420p" },
    { INDEXED("crop") },
    { PURE("curves"), .file_option = "psfile" },
    { PURE("datascope") },
    { PURE("dblur") },
    { PURE("dctdnoiz") },
    { PURE("deband") },
    { PURE("deblock") },
    { WINDOWED("dedot"), .before = 2, .after = 2 },
    { PURE("deflate") },
    { WINDOWED("deflicker"), .size_option = "size", .size_default = 5, .before_halves = 2,
      .after_halves = 2 },
    { INDEXED("delogo") },
    { PURE("despill") },
    { PURE("dilation") },
    { WINDOWED("doubleweave"), .after = 1 },
    { INDEXED("drawbox") },
    { PURE("drawgrid") },
    { INDEXED("drawtext"), .file_option = "*", .stand_in = "pad" },
    { PURE("edgedetect") },
    { PURE("epx") },
    { INDEXED("eq") },
    { PURE("erosion") },
    { WINDOWED("estdif"), .before = 1, .after = 1, .doubling = FIELDS, .doubles_by_default = true,
      .never_doubled = SOME },
    { PURE("exposure") },
    { PURE("extractplanes") },
    { INDEXED("fade") },
    { WINDOWED("fftdnoiz"), .before = 1, .after = 1 },
    { INDEXED("fftfilt") },
    { PURE("field") },
    { SEQUENTIAL("fieldhint"), .file_option = "*", .stand_in = "null" },
    { PURE("fieldorder") },
    { PURE("fillborders") },
    { SEQUENTIAL("find_rect"), .file_option = "*", .stand_in = "format=yuv420p|yuvj420p" },
    { PURE("floodfill") },
    { PURE("format") },
    { WINDOWED("framestep"), .step_option = "step", .step_default = 1 },
    { SEQUENTIAL("frei0r"), .file_option = "*", .stand_in = "format=bgra|rgba" },
    { PURE("gblur") },
    { INDEXED("geq") },
    { PURE("gradfun") },
    { PURE("grayworld") },
    { PURE("greyedge") },
    { PURE("hflip") },
    { PURE("histeq"), .only_option = "antibanding", .only_value = "none",
      .value_is_default = true },
    { PURE("histogram") },
    { PURE("hqx") },
    { PURE("hsvhold") },
    { PURE("hsvkey") },
    { INDEXED("hue") },
    { PURE("huesaturation") },
    { PURE("il") },
    { PURE("inflate") },
    { WINDOWED("kerndeint"), .before = 1 },
    { PURE("kirsch") },
    { PURE("lenscorrection") },
    { PURE("limiter") },
    { PURE("lumakey") },
    { PURE("lut") },
    { PURE("lut1d"), .file_option = "file" },
    { PURE("lut3d"), .file_option = "file" },
    { PURE("lutrgb") },
    { PURE("lutyuv") },
    { PURE("maskfun") },
    { PURE("median") },
    { SEQUENTIAL("metadata"), .never = " mode=print mode=4 " },
    { PURE("monochrome") },
    { SEQUENTIAL("movie"), .file_option = "*", .stand_in = "color=s=64x64" },
    { PURE("negate") },
    { PURE("nlmeans") },
    { SEQUENTIAL("nnedi"), .file_option = "*", .stand_in = "yadif=mode=1" },
    { PURE("noformat") },
    { PURE("noise") },
    { PURE("normalize"), .only_option = "smoothing", .only_value = "0", .value_is_default = true },
    { PURE("null") },
    { PURE("oscilloscope") },
    { PURE("owdenoise") },
    { PURE("pad") },
    { INDEXED("perspective") },
    { WINDOWED("phase"), .before = 1 },
    { PURE("pixelize") },
    { PURE("pixscope") },
    { PURE("pp7") },
    { PURE("premultiply") },
    { PURE("prewitt") },
    { PURE("pseudocolor") },
    { PURE("removegrain") },
    { PURE("removelogo"), .file_option = "*", .stand_in = "format=yuv420p" },
    { PURE("rgbashift") },
    { PURE("roberts") },
    { INDEXED("rotate") },
    { PURE("sab") },
    { INDEXED("scale"), .colors = true },
    { PURE("scharr") },
    { PURE("selectivecolor"), .file_option = "psfile" },
    { SEQUENTIAL("sendcmd"), .file_option = "*", .stand_in = "null" },
    { WINDOWED("separatefields"), .before = 1, .after = 1, .doubling = "*" },
    { PURE("setdar") },
    { PURE("setfield") },
    { PURE("setparams"), .colors = true },
    { PURE("setrange"), .colors = true },
    { PURE("setsar") },
    { PURE("settb") },
    { PURE("shear") },
    { PURE("showpalette") },
    { PURE("shufflepixels"), .only_option = "seed", .only_value = "*" },
    { PURE("shuffleplanes") },
    { PURE("smartblur") },
    { PURE("sobel") },
    { PURE("split") },
    { PURE("spp") },
    { INDEXED("subtitles"), .file_option = "*", .stand_in = "pad" },
    { PURE("super2xsai") },
    { INDEXED("swaprect") },
    { PURE("swapuv") },
    { WINDOWED("tblend"), .after = 1 },
    { WINDOWED("tlut2"), .after = 1 },
    { WINDOWED("tmedian"), .size_option = "radius", .size_default = 1, .after_halves = 4 },
    { WINDOWED("tmidequalizer"), .size_option = "radius", .size_default = 5, .before_halves = 2,
      .after_halves = 2 },
    { WINDOWED("tmix"), .size_option = "frames", .size_default = 3, .before = -1,
      .before_halves = 2 },
    { PURE("tonemap"), .colors = true },
    { PURE("transpose") },
    { PURE("unpremultiply") },
    { PURE("unsharp") },
    { PURE("v360") },
    { PURE("vaguedenoiser") },
    { PURE("vectorscope"), .never = PEAKS },
    { PURE("vflip") },
    { PURE("vibrance") },
    { SEQUENTIAL("vidstabtransform"), .file_option = "*",
      .stand_in =
          "format=yuv444p|yuv422p|yuv420p|yuv411p|yuv410p|yuva420p|yuv440p|gray|rgb24|bgr24|rgba" },
    { INDEXED("vignette"), .only_option = "dither", .only_value = "0" },
    { WINDOWED("w3fdif"), .before = 1, .after = 1, .doubling = FIELDS, .doubles_by_default = true,
      .never_doubled = SOME },
    { PURE("waveform"), .never = PEAKS },
    { WINDOWED("weave"), .after = 1, .step_default = 2 },
    { PURE("xbr") },
    { WINDOWED("yadif"), .before = 1, .after = 1, .doubling = FIELDS, .never_doubled = SOME },
    { PURE("yaepblur") },
};

/* What cannot run in a locked process without devices, threads and files of its own. */
static const struct {
    const char *names;
    const char *refusal;
} refusals[] = {
    { " avgblur_opencl boxblur_opencl colorkey_opencl convolution_opencl deshake_opencl "
      "dilation_opencl erosion_opencl nlmeans_opencl overlay_opencl pad_opencl prewitt_opencl "
      "program_opencl roberts_opencl sobel_opencl tonemap_opencl transpose_opencl unsharp_opencl "
      "xfade_opencl openclsrc ",
      "needs an OpenCL device, which locked processes cannot open" },
    { " avgblur_vulkan chromaber_vulkan flip_vulkan gblur_vulkan hflip_vulkan overlay_vulkan "
      "scale_vulkan transpose_vulkan vflip_vulkan libplacebo ",
      "needs a Vulkan device, which locked processes cannot open" },
    { " deinterlace_vaapi denoise_vaapi misc_vaapi overlay_vaapi procamp_vaapi scale_vaapi "
      "sharpness_vaapi tonemap_vaapi transpose_vaapi hstack_vaapi vstack_vaapi xstack_vaapi "
      "deinterlace_qsv overlay_qsv scale_qsv vpp_qsv ",
      "needs a VA-API device, which locked processes cannot open" },
    { " bilateral_cuda chromakey_cuda overlay_cuda scale_cuda thumbnail_cuda yadif_cuda "
      "hwupload_cuda scale_npp hwupload hwdownload hwmap ",
      "works on frames in a device's memory, and there are none here" },
    { " derain dnn_classify dnn_detect dnn_processing sr ",
      "runs a neural network in threads of its own, which locked processes may not start" },
    { " signature vidstabdetect vmafmotion ",
      "writes a file of what it finds, which locked processes may not" },
    { " zmq azmq ", "listens on the network, which locked processes may not" },
    { " bench showinfo ", "only writes to libavfilter's log, which nobody would see" },
    { " realtime ", "only slows the job down, to the speed of a live source" },
    { " buffer buffersink abuffer abuffersink ", "is an end of the graph, which is made here" },
    { " fspp ",
      "reads memory that it never wrote: the same frame comes out differently from time to "
      "time; 'spp' does the same" },
    { " zscale ", "draws wrong columns at common sizes on CPUs with AVX-512; 'scale' uses the same "
                  "library without that fault" },
};

/* Why filters are sequential; the rest are taken to keep state. */
static const struct {
    const char *names;
    const char *reason;
} reasons[] = {
    { " decimate dejudder detelecine fieldmatch fps framerate loop minterpolate mpdecimate pullup "
      "repeatfields reverse select shuffleframes telecine thistogram thumbnail tile tinterlace "
      "interlace tpad trim untile zoompan freezeframes palettegen ",
      "puts out another number of frames, or in another order" },
    { " bbox bitplanenoise blackdetect blackframe blockdetect blurdetect cropdetect entropy "
      "freezedetect idet metadata scdet sidedata signalstats siti vfrdet find_rect cover_rect "
      "readeia608 readvitc photosensitivity drawgraph graphmonitor ",
      "finds out or reads what later filters of its group may read, too" },
    { " setpts ", "changes times, that of the end too, which later filters read" },
    { " hqdn3d lagfun normalize deshake vidstabtransform random scroll ",
      "makes every frame from the one before" },
    { " frei0r ", "is a plugin, which may keep state between frames" },
    { " nnedi ", "reads a file and cannot start again after files are locked away" },
};

static bool is_named(const char *names, const char *name)
{
    size_t bytes = strlen(name);
    const char *found = names;
    while ((found = strstr(found, name))) {
        if (found[-1] == ' ' && found[bytes] == ' ')
            return true;
        found += bytes;
    }
    return false;
}

const struct fw_lavfi_row *fw_lavfi_row_find(const char *name)
{
    for (size_t i = 0; i < FW_COUNT(rows); i++) {
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    }
    return NULL;
}

const char *fw_lavfi_refusal(const char *name)
{
    for (size_t i = 0; i < FW_COUNT(refusals); i++) {
        if (is_named(refusals[i].names, name))
            return refusals[i].refusal;
    }
    return NULL;
}

const char *fw_lavfi_sequence_reason(const char *name)
{
    for (size_t i = 0; i < FW_COUNT(reasons); i++) {
        if (is_named(reasons[i].names, name))
            return reasons[i].reason;
    }
    return "may keep state between frames";
}
