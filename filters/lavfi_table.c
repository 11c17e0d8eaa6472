/* Which of libavfilter 5.1's filters give the same frames in any order and any process, as data.
 * Everything that is not here counts as sequential. */
#include "check.h"
#include "lavfi_call.h"

#include <string.h>

#define PURE(filter) .name = filter, .filter_class = FW_CLASS_PURE
#define INDEXED(filter) .name = filter, .filter_class = FW_CLASS_INDEXED
/* Envelopes that hold the peaks of all frames so far; their option has two names. */
#define PEAKS                                                                                      \
    " envelope=peak envelope=peak+instant envelope=2 envelope=3 e=peak e=peak+instant e=2 e=3 "

static const struct fw_lavfi_row rows[] = {
    { INDEXED("ass"), .file_option = "*", .stand_in = "pad" },
    { PURE("avgblur") },
    { PURE("bilateral") },
    { PURE("boxblur") },
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
    { INDEXED("crop") },
    { PURE("curves"), .file_option = "psfile" },
    { PURE("dblur") },
    { PURE("dctdnoiz") },
    { PURE("deband") },
    { PURE("deblock") },
    { PURE("deflate") },
    { INDEXED("delogo") },
    { PURE("despill") },
    { PURE("dilation") },
    { INDEXED("drawbox") },
    { PURE("drawgrid") },
    { INDEXED("drawtext"), .file_option = "*", .stand_in = "pad" },
    { PURE("edgedetect") },
    { PURE("epx") },
    { INDEXED("eq") },
    { PURE("erosion") },
    { PURE("exposure") },
    { INDEXED("fade") },
    { INDEXED("fftfilt") },
    { PURE("fieldorder") },
    { PURE("fillborders") },
    { PURE("floodfill") },
    { PURE("format") },
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
    { PURE("kirsch") },
    { PURE("lenscorrection") },
    { PURE("limiter") },
    { PURE("lumakey") },
    { PURE("lut") },
    { PURE("lut1d"), .file_option = "file" },
    { PURE("lut3d"), .file_option = "file" },
    { PURE("lutrgb") },
    { PURE("lutyuv") },
    { PURE("median") },
    { PURE("monochrome") },
    { PURE("negate") },
    { PURE("nlmeans") },
    { PURE("noformat") },
    { PURE("normalize"), .only_option = "smoothing", .only_value = "0", .value_is_default = true },
    { PURE("null") },
    { PURE("owdenoise") },
    { PURE("pad") },
    { INDEXED("perspective") },
    { PURE("pixelize") },
    { PURE("pp7") },
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
    { PURE("setdar") },
    { PURE("setfield") },
    { PURE("setparams"), .colors = true },
    { PURE("setrange"), .colors = true },
    { PURE("setsar") },
    { PURE("shear") },
    { PURE("shuffleplanes") },
    { PURE("smartblur") },
    { PURE("sobel") },
    { PURE("spp") },
    { INDEXED("subtitles"), .file_option = "*", .stand_in = "pad" },
    { PURE("super2xsai") },
    { INDEXED("swaprect") },
    { PURE("swapuv") },
    { PURE("tonemap"), .colors = true },
    { PURE("transpose") },
    { PURE("unsharp") },
    { PURE("v360") },
    { PURE("vaguedenoiser") },
    { PURE("vectorscope"), .never = PEAKS },
    { PURE("vflip") },
    { PURE("vibrance") },
    { INDEXED("vignette"), .only_option = "dither", .only_value = "0" },
    { PURE("waveform"), .never = PEAKS },
    { PURE("xbr") },
    { PURE("yaepblur") },
};

/* Filters that are refused, with what they would need; all others keep state as far as is known. */
static const struct {
    const char *names;
    const char *refusal;
} refusals[] = {
    { " yadif bwdif w3fdif estdif nnedi tblend tlut2 weave phase scdet siti kerndeint atadenoise "
      "dedot tmix amplify tmidequalizer tmedian fftdnoiz deflicker ",
      "reads neighbouring frames (windowed): it needs a windowed stage, which is not supported "
      "yet" },
    { " fps framerate decimate mpdecimate select framestep separatefields doubleweave minterpolate "
      "telecine detelecine pullup repeatfields trim loop tpad tile untile thumbnail reverse ",
      "changes the number of frames (sequential): it needs a sequential stage, which is not "
      "supported yet" },
    { " fspp ",
      "reads memory that it never wrote: the same frame comes out differently from time to "
      "time; 'spp' does the same" },
    { " zscale ", "draws wrong columns at common sizes on CPUs with AVX-512; 'scale' uses the same "
                  "library without that fault" },
};

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
    size_t bytes = strlen(name);
    for (size_t i = 0; i < FW_COUNT(refusals); i++) {
        const char *found = refusals[i].names;
        while ((found = strstr(found, name))) {
            if (found[-1] == ' ' && found[bytes] == ' ')
                return refusals[i].refusal;
            found += bytes;
        }
    }
    return "may keep state between frames (sequential): it needs a sequential stage, which is not "
           "supported yet";
}
