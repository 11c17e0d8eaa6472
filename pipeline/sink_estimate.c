#include "sink_estimate.h"

#include "sink_target.h"

#include "filters/format.h"

#include <stdlib.h>

const char *fw_sink_encoder_name(const struct fw_settings *settings)
{
    struct fw_target target;
    struct fw_error ignored = { 0 };
    if (fw_target_choose(&target, settings, &ignored) != FW_OK)
        return "";
    if (target.kind == FW_TARGET_NULL)
        return "null";
    if (target.kind == FW_TARGET_Y4M)
        return "y4m";
    if (target.kind == FW_TARGET_PICTURES)
        return fw_still_kind_name(target.still);
    return target.encoder == NULL ? "" : target.encoder->name;
}

static int64_t raw_bytes(const struct fw_link *video)
{
    const struct fw_format *format = fw_format_at(video->format);
    int64_t bytes = 0;
    for (uint32_t i = 0; format != NULL && i < format->plane_count; i++)
        bytes += (int64_t)fw_format_row_bytes(format, i, video->width) *
                 fw_format_plane_height(format, i, video->height);
    return bytes;
}

int64_t fw_sink_estimate(const struct fw_settings *settings, const struct fw_link *video,
                         uint64_t frames)
{
    struct fw_target target;
    struct fw_error ignored = { 0 };
    if (frames == 0 || fw_target_choose(&target, settings, &ignored) != FW_OK)
        return -1;
    bool raw = target.kind == FW_TARGET_Y4M ||
               (target.encoder != NULL && target.encoder->id == AV_CODEC_ID_RAWVIDEO &&
                !fw_target_is_hash(&target));
    if (raw)
        return raw_bytes(video) * (int64_t)frames;
    const char *rate = fw_av_option_value(settings, "b", 'v');
    if (target.kind != FW_TARGET_LAVF || rate == NULL || video->frame_rate.num <= 0)
        return -1;
    char *end = NULL;
    double bits = strtod(rate, &end);
    bits *= *end == 'k' || *end == 'K' ? 1e3 : *end == 'M' ? 1e6 : *end == 'G' ? 1e9 : 1;
    double seconds = (double)frames * video->frame_rate.den / video->frame_rate.num;
    return (int64_t)(bits * seconds / 8);
}
