/* Side data of the picture: mastering display, light level, display matrix. In the container
 * always, in the bitstream where the encoder's settings have a place for it. */
#include "sink_lavf.h"

#include <stdio.h>
#include <string.h>

#include <libavutil/mastering_display_metadata.h>
#include <libavutil/mathematics.h>

static const void *find_frame_side(const struct fw_media *media, enum AVFrameSideDataType type,
                                   size_t bytes)
{
    for (uint32_t i = 0; i < media->frame_side_count; i++)
        if (media->frame_side[i]->type == type && media->frame_side[i]->size >= bytes)
            return media->frame_side[i]->data;
    return NULL;
}

static const AVPacketSideData *find_stream_side(const struct fw_media *media,
                                                enum AVPacketSideDataType type, size_t bytes)
{
    if (media->video < 0 || media->video >= FW_STREAMS_MAX)
        return NULL;
    const struct fw_media_stream *stream = &media->streams[media->video];
    for (int i = 0; i < stream->nb_side_data; i++)
        if (stream->side_data[i].type == type && stream->side_data[i].size >= bytes)
            return &stream->side_data[i];
    return NULL;
}

static const AVMasteringDisplayMetadata *mastering_of(const struct fw_media *media)
{
    size_t bytes = sizeof(AVMasteringDisplayMetadata);
    const void *found = find_frame_side(media, AV_FRAME_DATA_MASTERING_DISPLAY_METADATA, bytes);
    const AVPacketSideData *side = find_stream_side(media, AV_PKT_DATA_MASTERING_DISPLAY_METADATA,
                                                    bytes);
    return found ? found : side ? (const void *)side->data : NULL;
}

static const AVContentLightMetadata *light_of(const struct fw_media *media)
{
    size_t bytes = sizeof(AVContentLightMetadata);
    const void *found = find_frame_side(media, AV_FRAME_DATA_CONTENT_LIGHT_LEVEL, bytes);
    const AVPacketSideData *side = find_stream_side(media, AV_PKT_DATA_CONTENT_LIGHT_LEVEL, bytes);
    return found ? found : side ? (const void *)side->data : NULL;
}

static long scaled(AVRational value, int scale)
{
    return value.den ? (long)av_rescale(value.num, scale, value.den) : 0;
}

/* Units of the H.264 and HEVC messages: 1/50000 for colours, 1/10000 cd/m2. */
static int print_mastering(char *text, size_t room, const char *key,
                           const AVMasteringDisplayMetadata *display)
{
    const AVRational(*p)[2] = display->display_primaries;
    return snprintf(text, room, "%s=G(%ld,%ld)B(%ld,%ld)R(%ld,%ld)WP(%ld,%ld)L(%ld,%ld)", key,
                    scaled(p[1][0], 50000), scaled(p[1][1], 50000), scaled(p[2][0], 50000),
                    scaled(p[2][1], 50000), scaled(p[0][0], 50000), scaled(p[0][1], 50000),
                    scaled(display->white_point[0], 50000), scaled(display->white_point[1], 50000),
                    scaled(display->max_luminance, 10000), scaled(display->min_luminance, 10000));
}

/* SVT-AV1 takes plain decimals. */
static int print_mastering_decimal(char *text, size_t room,
                                   const AVMasteringDisplayMetadata *display)
{
    const AVRational(*p)[2] = display->display_primaries;
    return snprintf(text, room,
                    "mastering-display=G(%.5f,%.5f)B(%.5f,%.5f)R(%.5f,%.5f)WP(%.5f,%.5f)"
                    "L(%.4f,%.4f)",
                    av_q2d(p[1][0]), av_q2d(p[1][1]), av_q2d(p[2][0]), av_q2d(p[2][1]),
                    av_q2d(p[0][0]), av_q2d(p[0][1]), av_q2d(display->white_point[0]),
                    av_q2d(display->white_point[1]), av_q2d(display->max_luminance),
                    av_q2d(display->min_luminance));
}

struct spelling {
    const char *encoder;
    const char *mastering; /* NULL: decimals */
    const char *light;
};

static const struct spelling *spelling_of(const AVCodec *encoder)
{
    static const struct spelling rows[] = {
        { "libx265", "master-display", "max-cll" },
        { "libx264", "mastering-display", "cll" },
        { "libsvtav1", NULL, "content-light" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (encoder && strcmp(encoder->name, rows[i].encoder) == 0)
            return &rows[i];
    return NULL;
}

static bool is_hdr(const struct fw_color *color)
{
    return color->transfer == AVCOL_TRC_SMPTE2084 || color->transfer == AVCOL_TRC_ARIB_STD_B67;
}

/* Pictures whose light was mapped to another curve: what was said of the old light is untrue. */
static bool tone_mapped(const struct fw_sink *sink)
{
    return is_hdr(&sink->options.media->video_params.color) && !is_hdr(&sink->video.color);
}

void fw_hdr_params(struct fw_hdr_params *params, struct fw_sink *sink)
{
    const struct fw_media *media = sink->options.media;
    const AVCodec *encoder = sink->target.encoder;
    struct fw_losses *losses = &sink->losses;
    params->text[0] = '\0';
    const AVMasteringDisplayMetadata *display = mastering_of(media);
    const AVContentLightMetadata *light = light_of(media);
    bool colours = display && display->has_primaries && display->has_luminance;
    if (!display && !light)
        return;
    if (tone_mapped(sink)) {
        fw_losses_add(losses, "side-data", media->video,
                      "HDR mastering display and light level: untrue of the mapped pictures");
        return;
    }
    const struct spelling *spelling = spelling_of(encoder);
    if (!spelling) {
        fw_losses_add(losses, "side-data", media->video,
                      "HDR mastering display and light level: in the container, not in the "
                      "bitstream (%s has no setting for them)",
                      encoder->name);
        return;
    }
    size_t room = sizeof(params->text);
    int used = 0;
    if (colours && spelling->mastering)
        used = print_mastering(params->text, room, spelling->mastering, display);
    else if (colours)
        used = print_mastering_decimal(params->text, room, display);
    if (light && used >= 0 && (size_t)used < room)
        (void)snprintf(params->text + used, room - (size_t)used, "%s%s=%u,%u", used ? ":" : "",
                       spelling->light, light->MaxCLL, light->MaxFALL);
}

static int add_side(AVStream *stream, enum AVPacketSideDataType type, const void *data,
                    size_t bytes, struct fw_error *err)
{
    if (!data)
        return FW_OK;
    uint8_t *copy = av_stream_new_side_data(stream, type, bytes);
    if (!copy)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for side data");
    memcpy(copy, data, bytes);
    return FW_OK;
}

int fw_hdr_container(AVStream *stream, const struct fw_sink *sink, struct fw_error *err)
{
    const struct fw_media *media = sink->options.media;
    bool rotated = sink->options.rotated;
    bool mapped = tone_mapped(sink);
    int status = FW_OK;
    if (!mapped)
        status = add_side(stream, AV_PKT_DATA_MASTERING_DISPLAY_METADATA, mastering_of(media),
                          sizeof(AVMasteringDisplayMetadata), err);
    if (status == FW_OK && !mapped)
        status = add_side(stream, AV_PKT_DATA_CONTENT_LIGHT_LEVEL, light_of(media),
                          sizeof(AVContentLightMetadata), err);
    static const enum AVPacketSideDataType kept[] = { AV_PKT_DATA_DISPLAYMATRIX,
                                                      AV_PKT_DATA_STEREO3D, AV_PKT_DATA_SPHERICAL,
                                                      AV_PKT_DATA_ICC_PROFILE };
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]) && status == FW_OK; i++) {
        const AVPacketSideData *side = find_stream_side(media, kept[i], 1);
        if (side && !(rotated && kept[i] == AV_PKT_DATA_DISPLAYMATRIX))
            status = add_side(stream, kept[i], side->data, side->size, err);
    }
    return status;
}
