/* The constants of each encoder. Threads change the bytes of most encoders, so they never follow
 * the machine; -threads overrides. */
#include "encoder_options.h"

#include <string.h>

#include "filters/check.h"

#define X265_FIXED "log-level=none:pools=4:frame-threads=2"

const struct fw_encoder_traits *fw_encoder_traits(const AVCodec *encoder)
{
    static const struct fw_encoder_traits rows[] = {
        /* name, threads, takes_copy, quality, wide, params_key, params */
        { "libx264", 8, true, false, false, "x264-params", "cpu-independent=1" },
        { "libx264rgb", 8, true, false, false, "x264-params", "cpu-independent=1" },
        { "libx265", 1, true, false, true, "x265-params", X265_FIXED },
        { "libvpx-vp9", 4, true, false, false, NULL, NULL },
        { "libvpx", 1, true, false, false, NULL, NULL },
        { "libaom-av1", 4, true, false, false, NULL, NULL },
        { "libsvtav1", 1, true, false, true, "svtav1-params", "lp=4" },
        { "ffv1", 4, true, false, false, NULL, NULL },
        { "mjpeg", 1, true, true, false, NULL, NULL },
        { "prores_ks", 1, true, false, false, NULL, NULL },
        { "dnxhd", 4, true, false, false, NULL, NULL },
        { "rawvideo", 1, true, false, false, NULL, NULL },
        { "huffyuv", 4, false, false, false, NULL, NULL },
        { "ffvhuff", 4, false, false, false, NULL, NULL },
        { "utvideo", 4, false, false, false, NULL, NULL },
        { "magicyuv", 4, false, false, false, NULL, NULL },
        { "png", 4, false, false, false, NULL, NULL },
    };
    static const struct fw_encoder_traits other = { "", 1, false, false, false, NULL, NULL };
    for (size_t i = 0; encoder && i < FW_COUNT(rows); i++)
        if (strcmp(encoder->name, rows[i].name) == 0)
            return &rows[i];
    return &other;
}
