/* Side data that comes with frames: which of it the output could not hold. */
#include "sink_impl.h"

#include <string.h>

#include <libavcodec/defs.h>
#include <libavutil/opt.h>

#include "remux_wire.h"

#include "filters/check.h"

/* Messages in which encoders describe their own settings: no longer true of what is coded anew. */
static bool is_encoders_own(const uint8_t *data, size_t bytes)
{
    static const uint8_t x264[16] = { 0xdc, 0x45, 0xe9, 0xbd, 0xe6, 0xd9, 0x48, 0xb7,
                                      0x96, 0x2c, 0xd8, 0x20, 0xd9, 0x23, 0xee, 0xef };
    static const uint8_t x265[16] = { 0x2c, 0xa2, 0xde, 0x09, 0xb5, 0x17, 0x47, 0xdb,
                                      0xbb, 0x55, 0xa4, 0xfe, 0x7f, 0xc2, 0xfc, 0x4e };
    return bytes >= sizeof(x264) &&
           (memcmp(data, x264, sizeof(x264)) == 0 || memcmp(data, x265, sizeof(x265)) == 0);
}

/* Pictures whose shown part lies in their middle. */
static bool pans(const uint8_t *data, size_t bytes)
{
    AVPanScan pan;
    memset(&pan, 0, sizeof(pan));
    memcpy(&pan, data, bytes < sizeof(pan) ? bytes : sizeof(pan));
    for (size_t i = 0; i < FW_COUNT(pan.position); i++)
        if (pan.position[i][0] || pan.position[i][1])
            return true;
    return false;
}

/* Whether it says something of the film: not how it was coded, nor wishes to an encoder. */
static bool is_film(int type, const uint8_t *data, size_t bytes)
{
    switch (type) {
    case AV_FRAME_DATA_SEI_UNREGISTERED:
        return !is_encoders_own(data, bytes);
    case AV_FRAME_DATA_PANSCAN:
        return pans(data, bytes);
    case AV_FRAME_DATA_GOP_TIMECODE:
    case AV_FRAME_DATA_REGIONS_OF_INTEREST:
    case AV_FRAME_DATA_DETECTION_BBOXES:
        return false;
    default:
        return true;
    }
}

void fw_sink_side_note(struct fw_sink *sink, const struct fw_frame_info *info, const void *blob)
{
    bool any = blob && info->blob_bytes <= FW_BLOB_MAX;
    struct fw_wire_reader in = { .at = blob, .left = any ? info->blob_bytes : 0, .bad = false };
    while (in.left && !in.bad) {
        size_t bytes;
        int type = fw_wire_get_i32(&in);
        const uint8_t *data = fw_wire_get_block(&in, &bytes);
        if (in.bad || type < 0 || type > 63)
            return;
        if (is_film(type, data, bytes))
            sink->side_seen |= UINT64_C(1) << type;
    }
}

static bool switched_on(const AVCodecContext *context, const char *option)
{
    int64_t value = 0;
    return context->priv_data && context->codec->priv_class &&
           av_opt_get_int(context->priv_data, option, 0, &value) >= 0 && value != 0;
}

static bool is_named(const AVCodecContext *context, const char *first, const char *second)
{
    return strcmp(context->codec->name, first) == 0 || strcmp(context->codec->name, second) == 0;
}

/* The container has it for the whole stream. */
static bool in_container(const AVStream *stream, enum AVPacketSideDataType type)
{
    return av_stream_get_side_data(stream, type, NULL) != NULL;
}

static bool is_written(enum AVFrameSideDataType type, const AVCodecContext *context,
                       const AVStream *stream)
{
    switch (type) {
    case AV_FRAME_DATA_MASTERING_DISPLAY_METADATA:
    case AV_FRAME_DATA_CONTENT_LIGHT_LEVEL:
        return true; /* told, if lost, where they are written */
    case AV_FRAME_DATA_A53_CC:
        return switched_on(context, "a53cc");
    case AV_FRAME_DATA_SEI_UNREGISTERED:
        return switched_on(context, "udu_sei");
    case AV_FRAME_DATA_STEREO3D:
        return is_named(context, "libx264", "mpeg2video") ||
               in_container(stream, AV_PKT_DATA_STEREO3D);
    case AV_FRAME_DATA_PANSCAN:
        return is_named(context, "mpeg2video", "mpeg1video");
    case AV_FRAME_DATA_SPHERICAL:
        return in_container(stream, AV_PKT_DATA_SPHERICAL);
    case AV_FRAME_DATA_ICC_PROFILE:
        return in_container(stream, AV_PKT_DATA_ICC_PROFILE);
    default:
        return false;
    }
}

void fw_sink_side_tell(struct fw_sink *sink, const AVCodecContext *context, const AVStream *stream)
{
    int32_t video = sink->options.media ? sink->options.media->video : -1;
    if (fw_target_is_hash(&sink->target))
        return;
    for (int i = 0; i < 64; i++) {
        enum AVFrameSideDataType type = (enum AVFrameSideDataType)i;
        const char *name = av_frame_side_data_name(type);
        bool raw = !context || fw_target_is_raw(&sink->target);
        if (!(sink->side_seen >> i & 1) || !name || (!raw && is_written(type, context, stream)))
            continue;
        fw_losses_add(&sink->losses, "side-data", video, "%s: %s has no place for it", name,
                      raw ? sink->target.name : context->codec->name);
    }
}
