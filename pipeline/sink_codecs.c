#include "sink_codecs.h"

#include "avlog.h"

#include "filters/check.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>

#include <stdio.h>

void fw_sink_silence(void)
{
    fw_avlog_silence();
}

bool fw_sink_has_encoder(const char *name)
{
    return avcodec_find_encoder_by_name(name) != NULL;
}

static void version_text(char *text, size_t bytes, unsigned version)
{
    snprintf(text, bytes, "%u.%u.%u", AV_VERSION_MAJOR(version), AV_VERSION_MINOR(version),
             AV_VERSION_MICRO(version));
}

json_t *fw_sink_library_versions(void)
{
    const struct {
        const char *name;
        unsigned built;
        unsigned running;
    } libraries[] = {
        { "libavformat", LIBAVFORMAT_VERSION_INT, avformat_version() },
        { "libavcodec", LIBAVCODEC_VERSION_INT, avcodec_version() },
        { "libavutil", LIBAVUTIL_VERSION_INT, avutil_version() },
        { "libswscale", LIBSWSCALE_VERSION_INT, swscale_version() },
        { "libswresample", LIBSWRESAMPLE_VERSION_INT, swresample_version() },
    };
    json_t *object = json_object();
    for (size_t i = 0; i < FW_COUNT(libraries); i++) {
        char built[32], running[32];
        version_text(built, sizeof(built), libraries[i].built);
        version_text(running, sizeof(running), libraries[i].running);
        json_object_set_new(object, libraries[i].name,
                            json_pack("{s:s,s:s}", "built", built, "running", running));
    }
    return object;
}
