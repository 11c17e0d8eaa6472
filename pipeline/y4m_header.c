/* Parsing the parameters of a y4m file. */
#include "y4m_header.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libavcodec/codec_par.h>
#include <libavutil/pixfmt.h>
#include <libavutil/rational.h>

#include "limits.h"

#include "filters/check.h"
#include "filters/format.h"

struct chroma {
    const char *tag;
    const char *format;
    uint8_t location;
};

/* Samples of more than 8 bits are little-endian pairs of bytes. */
static const struct chroma chromas[] = {
    { "420jpeg", "yuv420p", AVCHROMA_LOC_CENTER },
    { "420mpeg2", "yuv420p", AVCHROMA_LOC_LEFT },
    { "420paldv", "yuv420p", AVCHROMA_LOC_TOPLEFT },
    { "420", "yuv420p", AVCHROMA_LOC_CENTER },
    { "411", "yuv411p", 0 },
    { "410", "yuv410p", 0 },
    { "422", "yuv422p", 0 },
    { "440", "yuv440p", 0 },
    { "444", "yuv444p", 0 },
    { "444alpha", "yuva444p", 0 },
    { "mono", "gray", 0 },
    { "mono9", "gray9le", 0 },
    { "mono10", "gray10le", 0 },
    { "mono12", "gray12le", 0 },
    { "mono14", "gray14le", 0 },
    { "mono16", "gray16le", 0 },
    { "420p9", "yuv420p9le", 0 },
    { "420p10", "yuv420p10le", 0 },
    { "420p12", "yuv420p12le", 0 },
    { "420p14", "yuv420p14le", 0 },
    { "420p16", "yuv420p16le", 0 },
    { "422p9", "yuv422p9le", 0 },
    { "422p10", "yuv422p10le", 0 },
    { "422p12", "yuv422p12le", 0 },
    { "422p14", "yuv422p14le", 0 },
    { "422p16", "yuv422p16le", 0 },
    { "444p9", "yuv444p9le", 0 },
    { "444p10", "yuv444p10le", 0 },
    { "444p12", "yuv444p12le", 0 },
    { "444p14", "yuv444p14le", 0 },
    { "444p16", "yuv444p16le", 0 },
};

static bool parse_count(const char *text, int32_t *out)
{
    char *end;
    if (!isdigit((unsigned char)text[0]))
        return false;
    long value = strtol(text, &end, 10);
    if (*end || value < 1 || value > FW_DIMENSION_MAX)
        return false;
    *out = (int32_t)value;
    return true;
}

static bool parse_ratio(const char *text, struct fw_rational *out)
{
    char *end;
    long num = strtol(text, &end, 10);
    if (end == text || *end != ':')
        return false;
    const char *rest = end + 1;
    long den = strtol(rest, &end, 10);
    if (end == rest || *end || num < 0 || den < 0 || num > INT32_MAX || den > INT32_MAX)
        return false;
    *out = (struct fw_rational){ (int32_t)num, (int32_t)den };
    return true;
}

static bool parse_chroma(const char *tag, struct fw_video *video)
{
    for (size_t i = 0; i < FW_COUNT(chromas); i++) {
        if (strcasecmp(chromas[i].tag, tag) != 0)
            continue;
        video->format = fw_format_find(chromas[i].format);
        video->color.chroma_location = chromas[i].location;
        return video->format != NULL;
    }
    return false;
}

static bool parse_fields(char letter, struct fw_y4m_header *header)
{
    switch (letter) {
    case '?':
    case '\0':
        return true;
    case 'p':
        header->field_order = AV_FIELD_PROGRESSIVE;
        return true;
    case 't':
        header->field_order = AV_FIELD_TT;
        header->flags = FW_FRAME_INTERLACED | FW_FRAME_TOP_FIRST;
        return true;
    case 'b':
        header->field_order = AV_FIELD_BB;
        header->flags = FW_FRAME_INTERLACED;
        return true;
    case 'm':
        header->flags = FW_FRAME_INTERLACED;
        return true;
    default:
        return false;
    }
}

/* Comments: other programs' spelling of the chroma, and the range. Unknown ones are ignored. */
static bool parse_comment(const char *text, struct fw_video *video, bool chroma_known)
{
    if (!strncasecmp(text, "COLORRANGE=", 11)) {
        if (!strcasecmp(text + 11, "FULL"))
            video->color.range = AVCOL_RANGE_JPEG;
        else if (!strcasecmp(text + 11, "LIMITED"))
            video->color.range = AVCOL_RANGE_MPEG;
        return true;
    }
    if (!strncasecmp(text, "YSCSS=", 6) && !chroma_known)
        return parse_chroma(text + 6, video);
    return true;
}

static bool parse_word(const char *word, struct fw_y4m_header *header, struct fw_video *video,
                       bool *chroma_known)
{
    switch (word[0]) {
    case 'W':
        return parse_count(word + 1, &video->width);
    case 'H':
        return parse_count(word + 1, &video->height);
    case 'F':
        return parse_ratio(word + 1, &video->frame_rate);
    case 'A':
        return parse_ratio(word + 1, &video->sample_aspect);
    case 'I':
        return parse_fields(word[1], header);
    case 'C':
        *chroma_known = true;
        return parse_chroma(word + 1, video);
    case 'X':
        return parse_comment(word + 1, video, *chroma_known);
    default:
        return true;
    }
}

int fw_y4m_header_parse(struct fw_y4m_header *header, char *line, struct fw_video *video,
                        struct fw_error *err)
{
    bool chroma_known = false;
    char *rest = NULL;
    memset(header, 0, sizeof(*header));
    memset(video, 0, sizeof(*video));
    video->format = fw_format_find("yuv420p");
    video->color = (struct fw_color){ .matrix = AVCOL_SPC_UNSPECIFIED,
                                      .primaries = AVCOL_PRI_UNSPECIFIED,
                                      .transfer = AVCOL_TRC_UNSPECIFIED };
    const char *word = strtok_r(line, " ", &rest);
    if (!word || strcmp(word, "YUV4MPEG2") != 0)
        return fw_fail(err, FW_ERR_INPUT, "no y4m header");
    while ((word = strtok_r(NULL, " ", &rest)) != NULL) {
        if (!parse_word(word, header, video, &chroma_known))
            return fw_fail(err, FW_ERR_INPUT, "the y4m header has \"%.40s\", which is not known",
                           word);
    }
    if (!video->width || !video->height)
        return fw_fail(err, FW_ERR_INPUT, "the y4m header gives no size");
    if (!video->frame_rate.num || !video->frame_rate.den)
        video->frame_rate = (struct fw_rational){ 25, 1 };
    (void)av_reduce(&video->frame_rate.num, &video->frame_rate.den, video->frame_rate.num,
                    video->frame_rate.den, INT32_MAX);
    if (!video->sample_aspect.num || !video->sample_aspect.den)
        video->sample_aspect = (struct fw_rational){ 0, 1 };
    video->time_base = (struct fw_rational){ video->frame_rate.den, video->frame_rate.num };
    return FW_OK;
}
