/* JPEG files: which format a writer takes, how much chroma it keeps, and what is lost thereby. */
#include "jpeg_still.h"

#include "filters/check.h"
#include "filters/format.h"

#define MATRIX_BT601 5 /* as libav tags JPEG; 6 has the same numbers */
#define MATRIX_BT601_525 6
#define UNSPECIFIED 2
#define BLOCKS_OF_MCU_MAX 10 /* the standard's */
#define QUALITY_WHOLE 90     /* from here on whoever asks for nothing keeps all of the chroma */

static const struct {
    uint8_t h;
    uint8_t v;
    const char *format;
    const char *name;
} samplings[] = {
    { 1, 1, "yuvj444p", "4:4:4" }, { 2, 1, "yuvj422p", "4:2:2" }, { 2, 2, "yuvj420p", "4:2:0" },
    { 1, 2, "yuvj440p", "4:4:0" }, { 4, 1, "yuvj411p", "4:1:1" }, { 4, 2, NULL, "4:1:0" },
};

const struct fw_format *fw_jpeg_planar(uint32_t h, uint32_t v)
{
    for (size_t i = 0; i < FW_COUNT(samplings); i++) {
        if (samplings[i].h == h && samplings[i].v == v && samplings[i].format)
            return fw_format_find(samplings[i].format);
    }
    return NULL;
}

const char *fw_jpeg_sampling_name(uint32_t h, uint32_t v)
{
    for (size_t i = 0; i < FW_COUNT(samplings); i++) {
        if (samplings[i].h == h && samplings[i].v == v)
            return samplings[i].name;
    }
    return NULL;
}

/* ---- chroma of RGB ------------------------------------------------------------------------ */

/* What libjpeg can make smaller: whole shares of luma, no more blocks together than allowed. */
static bool factors_are_usable(const struct fw_still_traits *traits)
{
    int blocks = 0;
    if (traits->jpeg_components < 3)
        return false;
    for (int i = 0; i < 3; i++) {
        int h = traits->jpeg_h[i];
        int v = traits->jpeg_v[i];
        if (h < 1 || v < 1 || h > 4 || v > 4 || traits->jpeg_h[0] % h || traits->jpeg_v[0] % v)
            return false;
        blocks += h * v;
    }
    return blocks <= BLOCKS_OF_MCU_MAX;
}

void fw_jpeg_sampling_of_rgb(const struct fw_still_wish *wish, const struct fw_still_head *source,
                             struct fw_jpeg_sampling *sampling_out)
{
    const struct fw_still_traits *traits = source && source->kind == FW_STILL_JPEG ? &source->traits
                                                                                   : NULL;
    bool as_source = !wish->chroma_h && traits && factors_are_usable(traits);
    bool whole = wish->quality == 0 || wish->quality >= QUALITY_WHOLE;
    for (int i = 0; i < 3; i++) {
        sampling_out->h[i] = sampling_out->v[i] = i || whole ? 1 : 2;
        if (wish->chroma_h) {
            sampling_out->h[i] = i ? 1 : wish->chroma_h;
            sampling_out->v[i] = i ? 1 : wish->chroma_v;
        } else if (as_source) {
            sampling_out->h[i] = traits->jpeg_h[i];
            sampling_out->v[i] = traits->jpeg_v[i];
        }
    }
}

void fw_still_keep_chroma(struct fw_still_wish *wish, const struct fw_format *given)
{
    const uint32_t colours = FW_FORMAT_RGB | FW_FORMAT_PALETTE | FW_FORMAT_BAYER | FW_FORMAT_XYZ;
    bool ycc = !(given->flags & colours) && given->component_count >= 3;
    if (wish->kind != FW_STILL_JPEG || wish->chroma_h || !ycc)
        return;
    uint32_t h = 1u << given->log2_chroma_w;
    uint32_t v = 1u << given->log2_chroma_h;
    bool known = fw_jpeg_planar(h, v) != NULL;
    wish->chroma_h = known ? (uint8_t)h : 2;
    wish->chroma_v = known ? (uint8_t)v : 2;
}

/* Chroma that the pixels may hold and the file will not, where nobody asked for that. */
static void list_subsampled(const struct fw_still_wish *wish, const struct fw_format *from,
                            const struct fw_still_head *source, struct fw_losses *losses)
{
    struct fw_jpeg_sampling to;
    fw_jpeg_sampling_of_rgb(wish, source, &to);
    bool kept = source && source->kind == FW_STILL_JPEG && factors_are_usable(&source->traits);
    /* Of one colour a pixel, or stored with half of its chroma. */
    bool half = (from->flags & FW_FORMAT_BAYER) ||
                (source && source->kind == FW_STILL_WEBP && !source->traits.webp_lossless);
    if (wish->chroma_h || kept || half || to.h[0] == 1)
        return;
    fw_losses_add(losses, "subsampled", -1,
                  "chroma 4:4:4 to 4:2:0, as below quality %d: --subsampling or -pix_fmt keeps it",
                  QUALITY_WHOLE);
}

/* ---- what a writer takes ------------------------------------------------------------------ */

static const struct fw_format *fit_yuv(const struct fw_still_wish *wish,
                                       const struct fw_video *have)
{
    const struct fw_format *format = have->format;
    uint32_t matrix = have->color.matrix;
    /* JPEG knows one matrix alone; of another one only RGB tells the colours. */
    if (matrix != MATRIX_BT601 && matrix != MATRIX_BT601_525 && matrix != UNSPECIFIED)
        return fw_format_find("rgb24");
    uint32_t h = 1u << format->log2_chroma_w;
    uint32_t v = 1u << format->log2_chroma_h;
    if (wish->chroma_h) {
        h = wish->chroma_h;
        v = wish->chroma_v;
    }
    const struct fw_format *planar = fw_jpeg_planar(h, v);
    return planar ? planar : fw_jpeg_planar(2, 2);
}

static void list_lost(const struct fw_format *from, const struct fw_format *to,
                      const struct fw_still_head *source, struct fw_losses *losses)
{
    uint32_t depth = fw_format_depth(from);
    bool alpha = from->flags & FW_FORMAT_ALPHA;
    bool deep = depth > 8 && !(from->flags & FW_FORMAT_BAYER);
    /* A palette always has room for alpha; the file says whether there is any. */
    if ((from->flags & FW_FORMAT_PALETTE) && source && !source->has_alpha)
        alpha = false;
    if (!alpha && !deep)
        return;
    char text[64] = "";
    if (deep)
        (void)snprintf(text, sizeof(text), "%u bit%s to 8", depth,
                       from->flags & FW_FORMAT_FLOAT ? " float" : "");
    fw_losses_add(losses, "converted", -1, "%s to %s: %s%s%s", from->name, to->name,
                  alpha ? "no alpha" : "", alpha && deep ? ", " : "", text);
}

const struct fw_format *fw_jpeg_fit(const struct fw_still_wish *wish, const struct fw_video *have,
                                    const struct fw_still_head *source, struct fw_losses *losses)
{
    const struct fw_format *from = have->format;
    const uint32_t colours = FW_FORMAT_RGB | FW_FORMAT_PALETTE | FW_FORMAT_BAYER | FW_FORMAT_XYZ;
    const struct fw_format *to;
    bool ycc = !(from->flags & colours) && from->component_count >= 3;
    if (from->flags & colours)
        to = fw_format_find("rgb24");
    else if (ycc)
        to = fit_yuv(wish, have);
    else
        to = fw_format_find("gray");
    list_lost(from, to, source, losses);
    if (losses && !ycc && to->component_count == 3)
        list_subsampled(wish, from, source, losses);
    return to;
}
