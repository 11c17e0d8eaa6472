/* Every row of the format table against libavutil's descriptors. */
#include "format.h"

#include <criterion/criterion.h>
#include <string.h>

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>

static void check_components(const struct fw_format *format, const AVPixFmtDescriptor *desc)
{
    for (uint32_t i = 0; i < format->component_count; i++) {
        const struct fw_component *ours = &format->components[i];
        const AVComponentDescriptor *theirs = &desc->comp[i];
        /* libavutil reads sub-byte parts of big-endian words one byte further on. */
        int fix = (desc->flags & AV_PIX_FMT_FLAG_BE) && theirs->shift + theirs->depth <= 8 &&
                  !(desc->flags & (AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_BAYER));
        cr_assert_eq(ours->plane, theirs->plane, "%s", format->name);
        cr_assert_eq(ours->step, theirs->step, "%s", format->name);
        cr_assert_eq(ours->offset, theirs->offset + fix, "%s", format->name);
        cr_assert_eq(ours->shift, theirs->shift, "%s", format->name);
        cr_assert_eq(ours->depth, theirs->depth, "%s", format->name);
    }
}

static void check_flag(const struct fw_format *format, const AVPixFmtDescriptor *desc,
                       uint32_t ours, uint64_t theirs)
{
    cr_assert_eq((format->flags & ours) != 0, (desc->flags & theirs) != 0, "%s flag %x",
                 format->name, ours);
}

Test(format, rows_are_those_of_libavutil)
{
    for (uint32_t id = 0; id < fw_format_count(); id++) {
        const struct fw_format *format = fw_format_at(id);
        enum AVPixelFormat av = av_get_pix_fmt(format->name);
        const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(av);
        cr_assert_not_null(desc, "%s", format->name);
        int palette = (format->flags & FW_FORMAT_PALETTE) != 0;
        cr_assert_eq(format->id, id);
        cr_assert_eq(fw_format_find(format->name), format);
        cr_assert_eq(format->component_count, desc->nb_components, "%s", format->name);
        cr_assert_eq(format->plane_count, av_pix_fmt_count_planes(av) + palette, "%s",
                     format->name);
        cr_assert_eq(format->log2_chroma_w, desc->log2_chroma_w, "%s", format->name);
        cr_assert_eq(format->log2_chroma_h, desc->log2_chroma_h, "%s", format->name);
        check_components(format, desc);
        check_flag(format, desc, FW_FORMAT_RGB, AV_PIX_FMT_FLAG_RGB);
        check_flag(format, desc, FW_FORMAT_ALPHA, AV_PIX_FMT_FLAG_ALPHA);
        check_flag(format, desc, FW_FORMAT_BIG_ENDIAN, AV_PIX_FMT_FLAG_BE);
        check_flag(format, desc, FW_FORMAT_FLOAT, AV_PIX_FMT_FLAG_FLOAT);
        check_flag(format, desc, FW_FORMAT_PALETTE, AV_PIX_FMT_FLAG_PAL);
        check_flag(format, desc, FW_FORMAT_BITSTREAM, AV_PIX_FMT_FLAG_BITSTREAM);
        check_flag(format, desc, FW_FORMAT_BAYER, AV_PIX_FMT_FLAG_BAYER);
        for (uint32_t plane = 0; plane < format->plane_count - (uint32_t)palette; plane++) {
            for (int32_t width = 1; width < 70; width++)
                cr_assert_eq((int)fw_format_row_bytes(format, plane, width),
                             av_image_get_linesize(av, width, (int)plane), "%s plane %u width %d",
                             format->name, plane, width);
        }
    }
}

Test(format, every_software_format_is_there)
{
    const AVPixFmtDescriptor *desc = NULL;
    while ((desc = av_pix_fmt_desc_next(desc))) {
        if (!(desc->flags & AV_PIX_FMT_FLAG_HWACCEL))
            cr_assert_not_null(fw_format_find(desc->name), "%s", desc->name);
    }
}

Test(format, other_spellings)
{
    static const char *const names[] = { "gray8",     "y8",     "gray16", "rgb48",
                                         "yuv420p10", "p010",   "gbr24p", "gray10",
                                         "y16",       "rgb565", "gray8a" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        enum AVPixelFormat av = av_get_pix_fmt(names[i]);
        const struct fw_format *format = fw_format_find(names[i]);
        cr_assert_not_null(format, "%s", names[i]);
        if (av != AV_PIX_FMT_NONE)
            cr_assert_str_eq(format->name, av_get_pix_fmt_name(av), "%s", names[i]);
    }
    cr_assert_null(fw_format_find("yuv421p"));
    cr_assert_null(fw_format_find(NULL));
    cr_assert_null(fw_format_at(fw_format_count()));
}

Test(format, kinds)
{
    cr_assert(fw_format_is_planar_int(fw_format_find("yuv420p")));
    cr_assert(fw_format_is_planar_int(fw_format_find("gray16le")));
    cr_assert(fw_format_is_planar_int(fw_format_find("gbrap12le")));
    cr_assert_not(fw_format_is_planar_int(fw_format_find("gray16be")));
    cr_assert_not(fw_format_is_planar_int(fw_format_find("nv12")));
    cr_assert_not(fw_format_is_planar_int(fw_format_find("gbrpf32le")));
    cr_assert_not(fw_format_is_planar_int(fw_format_find("pal8")));
    cr_assert_eq(fw_format_plane_width(fw_format_find("yuv420p"), 1, 65), 33);
    cr_assert_eq(fw_format_plane_height(fw_format_find("yuv410p"), 2, 5), 2);
    cr_assert_eq(fw_format_plane_width(fw_format_find("pal8"), 1, 65), 256);
}
