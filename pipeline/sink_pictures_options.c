#include "sink_pictures.h"

#include <stdlib.h>
#include <string.h>

#include "settings_parse.h"
#include "sink_format.h"
#include "sink_target.h"

#include "filters/check.h"

enum picture_option { OPTION_Q, OPTION_QUALITY, OPTION_LEVEL, OPTION_LOSSLESS };

struct row {
    const char *name;
    enum picture_option option;
    enum fw_still_kind kinds[2]; /* that have it */
    uint64_t min;
    uint64_t max;
};

static const struct row rows[] = {
    { "q", OPTION_Q, { FW_STILL_JPEG }, 1, 31 },
    { "qscale", OPTION_Q, { FW_STILL_JPEG }, 1, 31 },
    { "quality", OPTION_QUALITY, { FW_STILL_JPEG, FW_STILL_WEBP }, 1, 100 },
    { "compression_level", OPTION_LEVEL, { FW_STILL_PNG, FW_STILL_TIFF }, 0, 9 },
    { "lossless", OPTION_LOSSLESS, { FW_STILL_WEBP }, 0, 1 },
};

static const struct row *row_of(const char *name, enum fw_still_kind kind)
{
    for (size_t i = 0; i < FW_COUNT(rows); i++) {
        bool has = rows[i].kinds[0] == kind || rows[i].kinds[1] == kind;
        if (has && strcmp(rows[i].name, name) == 0)
            return &rows[i];
    }
    return NULL;
}

static int check_option(const struct fw_av_option *option, enum fw_still_kind kind,
                        struct fw_error *err)
{
    uint64_t value = 0;
    struct fw_av_name name = fw_av_option_name(option);
    const struct row *row = row_of(name.name, kind);
    if (!row || (name.stream && name.stream != 'v'))
        return fw_fault_add(err, "-%s: %s pictures have no such option",
                            fw_av_option_written(option).name, fw_still_kind_name(kind));
    if (!fw_parse_u64(option->value, &value) || value < row->min || value > row->max)
        return fw_fault_add(err, "-%s '%s': a whole number from %llu to %llu is wanted",
                            fw_av_option_written(option).name, option->value,
                            (unsigned long long)row->min, (unsigned long long)row->max);
    return FW_OK;
}

/* FFmpeg's users name the encoder beside the pattern: fine, where it says the same. */
static int check_codec(const struct fw_settings *settings, enum fw_still_kind kind,
                       struct fw_error *err)
{
    static const struct {
        enum fw_still_kind kind;
        const char *name;
    } names[] = {
        { FW_STILL_PNG, "png" },   { FW_STILL_JPEG, "mjpeg" }, { FW_STILL_WEBP, "libwebp" },
        { FW_STILL_TIFF, "tiff" }, { FW_STILL_BMP, "bmp" },    { FW_STILL_GIF, "gif" },
        { FW_STILL_PNM, "ppm" },   { FW_STILL_PNM, "pgm" },    { FW_STILL_PNM, "pbm" },
        { FW_STILL_PAM, "pam" },   { FW_STILL_EXR, "exr" },    { FW_STILL_QOI, "qoi" },
        { FW_STILL_WEBP, "webp" }, { FW_STILL_JPEG, "jpeg" },
    };
    for (size_t i = 0; settings->video_codec && i < FW_COUNT(names); i++) {
        if (names[i].kind == kind && strcmp(names[i].name, settings->video_codec) == 0)
            return FW_OK;
    }
    if (!settings->video_codec)
        return FW_OK;
    return fw_fault_add(err, "-c:v %s: the name's extension says that the pictures are %s",
                        settings->video_codec, fw_still_kind_name(kind));
}

/* How FFmpeg's users say that the name is no pattern. */
static bool says_single(const struct fw_av_option *option)
{
    return strcmp(option->name, "update") == 0 && strcmp(option->value, "1") == 0;
}

int fw_pictures_check(const struct fw_settings *settings, const struct fw_target *target,
                      struct fw_error *err)
{
    int status = check_codec(settings, target->still, err);
    for (uint32_t i = 0; i < settings->av_option_count; i++) {
        if (target->single && says_single(&settings->av_options[i]))
            continue;
        int one = check_option(&settings->av_options[i], target->still, err);
        status = status < 0 ? status : one;
    }
    return status;
}

/* FFmpeg's quantiser scales its matrix by q/8, libjpeg's quality a steeper one by percents: with
 * 7.8 % for each step of q the files come to about the same sizes. */
static uint32_t quality_of_q(uint64_t q)
{
    uint64_t tenths = 78 * q; /* of a percent */
    uint64_t quality = tenths <= 1000 ? (2000 - tenths) / 20 : 50000 / tenths;
    return quality < 1 ? 1 : (uint32_t)quality;
}

/* A format of JPEG's planes by its name, of either range, is a wish for its share of chroma. */
static bool chroma_of(const char *format, struct fw_still_wish *wish)
{
    static const struct {
        const char *name;
        uint8_t h;
        uint8_t v;
    } planes[] = {
        { "444p", 1, 1 }, { "422p", 2, 1 }, { "420p", 2, 2 }, { "440p", 1, 2 }, { "411p", 4, 1 },
    };
    if (!format || wish->kind != FW_STILL_JPEG || strncmp(format, "yuv", 3) != 0)
        return false;
    const char *share = format + (format[3] == 'j' ? 4 : 3);
    for (size_t i = 0; i < FW_COUNT(planes); i++) {
        if (strcmp(planes[i].name, share) != 0)
            continue;
        wish->chroma_h = planes[i].h;
        wish->chroma_v = planes[i].v;
        return true;
    }
    return false;
}

void fw_pictures_wish(const struct fw_settings *settings, enum fw_still_kind kind,
                      struct fw_still_wish *wish_out)
{
    *wish_out = (struct fw_still_wish){ .kind = kind };
    (void)chroma_of(settings->pixel_format, wish_out);
    for (uint32_t i = 0; i < settings->av_option_count; i++) {
        const struct row *row = row_of(fw_av_option_name(&settings->av_options[i]).name, kind);
        uint64_t value = 0;
        if (!row || !fw_parse_u64(settings->av_options[i].value, &value))
            continue;
        switch (row->option) {
        case OPTION_Q:
            wish_out->quality = quality_of_q(value);
            break;
        case OPTION_QUALITY:
            wish_out->quality = (uint32_t)value;
            break;
        case OPTION_LEVEL:
            wish_out->compression_plus1 = (int32_t)value + 1;
            break;
        case OPTION_LOSSLESS:
            wish_out->lossless = value ? 1 : -1;
            break;
        }
    }
}

int fw_pictures_format(const struct fw_settings *settings, enum fw_still_kind kind,
                       const struct fw_video *video, const struct fw_format **format_out,
                       struct fw_losses *losses, struct fw_error *err)
{
    struct fw_still_wish wish;
    struct fw_video have = *video;
    fw_pictures_wish(settings, kind, &wish);
    if (!settings->pixel_format || (wish.chroma_h && video->format->component_count >= 3)) {
        *format_out = fw_still_fit(&wish, &have, NULL, losses);
        return FW_OK;
    }
    have.format = fw_format_named(settings->pixel_format);
    if (wish.chroma_h && have.format)
        have.format = fw_still_fit(&wish, &have, NULL, NULL);
    if (!have.format)
        return fw_fail(err, FW_ERR_USAGE, "-pix_fmt %s: no such pixel format",
                       settings->pixel_format);
    const struct fw_format *fit = fw_still_fit(&wish, &have, NULL, NULL);
    if (fit != have.format)
        return fw_fail(err, FW_ERR_USAGE, "-pix_fmt %s: %s pictures take %s for it",
                       settings->pixel_format, fw_still_kind_name(kind), fit->name);
    *format_out = fit;
    return FW_OK;
}
