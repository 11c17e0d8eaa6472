/* Which sizes side data of each kind may have. libav casts the bytes of most kinds to a structure
 * without looking at their number, so that a short block would be read past its end. */
#include "remux_wire.h"

#include <libavutil/film_grain_params.h>
#include <libavutil/hdr_dynamic_metadata.h>
#include <libavutil/hdr_dynamic_vivid_metadata.h>
#include <libavutil/mastering_display_metadata.h>
#include <libavutil/replaygain.h>
#include <libavutil/spherical.h>
#include <libavutil/stereo3d.h>

#include <libavutil/dovi_meta.h>

#include "filters/check.h"

struct side_size {
    int type;
    size_t least;
};

static const struct side_size packet_sizes[] = {
    { AV_PKT_DATA_PALETTE, 1024 },
    { AV_PKT_DATA_NEW_EXTRADATA, 0 },
    { AV_PKT_DATA_PARAM_CHANGE, 4 },
    { AV_PKT_DATA_REPLAYGAIN, sizeof(AVReplayGain) },
    { AV_PKT_DATA_DISPLAYMATRIX, 36 },
    { AV_PKT_DATA_STEREO3D, sizeof(AVStereo3D) },
    { AV_PKT_DATA_AUDIO_SERVICE_TYPE, sizeof(int) },
    { AV_PKT_DATA_QUALITY_STATS, 8 },
    { AV_PKT_DATA_FALLBACK_TRACK, sizeof(int) },
    { AV_PKT_DATA_CPB_PROPERTIES, sizeof(AVCPBProperties) },
    { AV_PKT_DATA_SKIP_SAMPLES, 10 },
    { AV_PKT_DATA_JP_DUALMONO, 1 },
    { AV_PKT_DATA_STRINGS_METADATA, 0 },
    { AV_PKT_DATA_SUBTITLE_POSITION, 16 },
    { AV_PKT_DATA_MATROSKA_BLOCKADDITIONAL, 8 },
    { AV_PKT_DATA_WEBVTT_IDENTIFIER, 0 },
    { AV_PKT_DATA_WEBVTT_SETTINGS, 0 },
    { AV_PKT_DATA_METADATA_UPDATE, 0 },
    { AV_PKT_DATA_MPEGTS_STREAM_ID, 1 },
    { AV_PKT_DATA_MASTERING_DISPLAY_METADATA, sizeof(AVMasteringDisplayMetadata) },
    { AV_PKT_DATA_SPHERICAL, sizeof(AVSphericalMapping) },
    { AV_PKT_DATA_CONTENT_LIGHT_LEVEL, sizeof(AVContentLightMetadata) },
    { AV_PKT_DATA_A53_CC, 0 },
    { AV_PKT_DATA_AFD, 1 },
    { AV_PKT_DATA_PRFT, sizeof(AVProducerReferenceTime) },
    { AV_PKT_DATA_ICC_PROFILE, 0 },
    { AV_PKT_DATA_DOVI_CONF, sizeof(AVDOVIDecoderConfigurationRecord) },
    { AV_PKT_DATA_S12M_TIMECODE, 16 },
    { AV_PKT_DATA_DYNAMIC_HDR10_PLUS, sizeof(AVDynamicHDRPlus) },
};

/* The kinds that belong to a picture and hold no pointers or offsets. */
static const struct side_size frame_sizes[] = {
    { AV_FRAME_DATA_PANSCAN, sizeof(AVPanScan) },
    { AV_FRAME_DATA_A53_CC, 0 },
    { AV_FRAME_DATA_STEREO3D, sizeof(AVStereo3D) },
    { AV_FRAME_DATA_AFD, 1 },
    { AV_FRAME_DATA_MASTERING_DISPLAY_METADATA, sizeof(AVMasteringDisplayMetadata) },
    { AV_FRAME_DATA_GOP_TIMECODE, 8 },
    { AV_FRAME_DATA_SPHERICAL, sizeof(AVSphericalMapping) },
    { AV_FRAME_DATA_CONTENT_LIGHT_LEVEL, sizeof(AVContentLightMetadata) },
    { AV_FRAME_DATA_ICC_PROFILE, 0 },
    { AV_FRAME_DATA_S12M_TIMECODE, 16 },
    { AV_FRAME_DATA_DYNAMIC_HDR_PLUS, sizeof(AVDynamicHDRPlus) },
    { AV_FRAME_DATA_SEI_UNREGISTERED, 16 },
    { AV_FRAME_DATA_FILM_GRAIN_PARAMS, sizeof(AVFilmGrainParams) },
    { AV_FRAME_DATA_DOVI_RPU_BUFFER, 0 },
    { AV_FRAME_DATA_DYNAMIC_HDR_VIVID, sizeof(AVDynamicHDRVivid) },
};

static bool fits(const struct side_size *sizes, size_t count, int type, size_t bytes)
{
    for (size_t i = 0; i < count; i++) {
        if (sizes[i].type == type)
            return bytes >= sizes[i].least && bytes < INT32_MAX / 2;
    }
    return false;
}

bool fw_wire_packet_side_fits(int type, size_t bytes)
{
    return fits(packet_sizes, FW_COUNT(packet_sizes), type, bytes);
}

bool fw_wire_frame_side_fits(int type, size_t bytes)
{
    return fits(frame_sizes, FW_COUNT(frame_sizes), type, bytes);
}
