/* JPEG files: the codec's table, what libjpeg complains of in words, and what a header says. */
#include "jpeg_still.h"

#include <ctype.h>
#include <string.h>

#include <jerror.h>

#include "limits.h"

#include "filters/check.h"
#include "filters/format.h"

#define MATRIX_RGB 0
#define MATRIX_BT601 5 /* as libav tags JPEG */
#define UNSPECIFIED 2
#define RANGE_FULL 2
#define CHROMA_CENTER 2

/* ---- errors ------------------------------------------------------------------------------- */

struct complaint {
    int code;
    int status;
    const char *text;
};

static const struct complaint complaints[] = {
    { JWRN_HIT_MARKER, FW_ERR_INPUT, "damaged: pixels are missing" },
    { JWRN_HUFF_BAD_CODE, FW_ERR_INPUT, "damaged: a wrong code among the pixels" },
    { JWRN_ARITH_BAD_CODE, FW_ERR_INPUT, "damaged: a wrong code among the pixels" },
    { JWRN_EXTRANEOUS_DATA, FW_ERR_INPUT, "damaged: bytes among the pixels belong to nothing" },
    { JWRN_MUST_RESYNC, FW_ERR_INPUT, "damaged: a restart marker is not where it should be" },
    { JWRN_BOGUS_PROGRESSION, FW_ERR_INPUT, "damaged: scans that do not fit together" },
    { JERR_BAD_PRECISION, FW_ERR_INPUT, "only JPEG of 8 bits can be read" },
    { JERR_SOF_UNSUPPORTED, FW_ERR_INPUT, "lossless and hierarchical JPEG cannot be read" },
    { JERR_NO_BACKING_STORE, FW_ERR_INPUT,
      "the coefficients of all scans take more than the limit\nhint: --max-slot" },
    { JERR_OUT_OF_MEMORY, FW_ERR_MEMORY, "no memory for a JPEG" },
};

/* Warnings that change no pixel, or none that could be had otherwise. */
static bool is_harmless(const struct fw_jpeg_trap *trap)
{
    switch (trap->mgr.msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
    case JWRN_BOGUS_ICC:
    case JWRN_NOT_SEQUENTIAL: /* a field that baseline decoders ignore */
        return true;
    case JWRN_EXTRANEOUS_DATA:
        return !trap->in_pixels;
    default:
        return false;
    }
}

_Noreturn void fw_jpeg_raise(struct fw_jpeg_trap *trap, int status)
{
    trap->status = status;
    longjmp(trap->jump, 1);
}

static _Noreturn void raise_message(j_common_ptr cinfo)
{
    struct fw_jpeg_trap *trap = (struct fw_jpeg_trap *)cinfo->err;
    char text[JMSG_LENGTH_MAX] = "";
    for (size_t i = 0; i < FW_COUNT(complaints); i++) {
        const struct complaint *row = &complaints[i];
        if (row->code == trap->mgr.msg_code)
            fw_jpeg_raise(trap, fw_fail(trap->err, row->status, "%s", row->text));
    }
    trap->mgr.format_message(cinfo, text);
    text[0] = (char)tolower((unsigned char)text[0]);
    if (cinfo->is_decompressor)
        fw_jpeg_raise(trap, fw_fail(trap->err, FW_ERR_INPUT, "damaged: %s", text));
    fw_jpeg_raise(trap, fw_fail(trap->err, FW_ERR_INTERNAL, "libjpeg: %s", text));
}

static void hear(j_common_ptr cinfo, int level)
{
    struct fw_jpeg_trap *trap = (struct fw_jpeg_trap *)cinfo->err;
    if (level < 0 && !is_harmless(trap))
        raise_message(cinfo);
}

static void print_nothing(j_common_ptr cinfo)
{
    (void)cinfo;
}

void fw_jpeg_trap_init(struct fw_jpeg_trap *trap)
{
    (void)jpeg_std_error(&trap->mgr);
    trap->mgr.error_exit = raise_message;
    trap->mgr.emit_message = hear;
    trap->mgr.output_message = print_nothing;
}

int fw_jpeg_guard(struct fw_jpeg_trap *trap, int (*step)(void *self, struct fw_error *err),
                  void *self, struct fw_error *err)
{
    trap->err = err;
    if (setjmp(trap->jump))
        return trap->status;
    return step(self, err);
}

/* ---- what a file is ----------------------------------------------------------------------- */

static void describe_traits(struct fw_still_traits *traits,
                            const struct jpeg_decompress_struct *cinfo)
{
    traits->jpeg_progressive = cinfo->progressive_mode;
    traits->jpeg_components = (uint8_t)cinfo->num_components;
    for (int i = 0; i < cinfo->num_components; i++) {
        const jpeg_component_info *component = &cinfo->comp_info[i];
        traits->jpeg_h[i] = (uint8_t)component->h_samp_factor;
        traits->jpeg_v[i] = (uint8_t)component->v_samp_factor;
        traits->jpeg_table[i] = (uint8_t)component->quant_tbl_no;
    }
    for (int i = 0; i < NUM_QUANT_TBLS; i++) {
        const JQUANT_TBL *table = cinfo->quant_tbl_ptrs[i];
        if (!table)
            continue;
        traits->jpeg_tables |= (uint8_t)(1u << i);
        memcpy(traits->jpeg_quant[i], table->quantval, sizeof(traits->jpeg_quant[i]));
    }
}

static int describe_space(struct fw_jpeg_reader *reader, const char **name_out,
                          struct fw_error *err)
{
    static const struct {
        J_COLOR_SPACE theirs;
        enum fw_jpeg_space ours;
        int components;
        const char *name;
    } spaces[] = {
        { JCS_GRAYSCALE, FW_JPEG_GRAY, 1, "gray" }, { JCS_YCbCr, FW_JPEG_YCC, 3, "YCbCr" },
        { JCS_RGB, FW_JPEG_RGB, 3, "RGB" },         { JCS_CMYK, FW_JPEG_CMYK, 4, "CMYK" },
        { JCS_YCCK, FW_JPEG_YCCK, 4, "YCCK" },
    };
    const struct jpeg_decompress_struct *cinfo = &reader->cinfo;
    for (size_t i = 0; i < FW_COUNT(spaces); i++) {
        if (spaces[i].theirs != cinfo->jpeg_color_space ||
            spaces[i].components != cinfo->num_components)
            continue;
        reader->base.head.traits.jpeg_space = spaces[i].ours;
        *name_out = spaces[i].name;
        return FW_OK;
    }
    return fw_fail(err, FW_ERR_INPUT, "a JPEG of %d components cannot be read",
                   cinfo->num_components);
}

/* Chroma in words: by its usual name, or the factors of the components. */
static void describe_layout(struct fw_still_head *head, const struct jpeg_decompress_struct *cinfo,
                            const char *space)
{
    const struct fw_still_traits *traits = &head->traits;
    const uint8_t *h = traits->jpeg_h;
    const uint8_t *v = traits->jpeg_v;
    const char *after = "";
    char chroma[32] = "";
    if (cinfo->arith_code)
        after = cinfo->progressive_mode ? ", progressive, arithmetic" : ", arithmetic";
    else if (cinfo->progressive_mode)
        after = ", progressive";
    if (traits->jpeg_space == FW_JPEG_YCC || traits->jpeg_space == FW_JPEG_YCCK) {
        (void)snprintf(chroma, sizeof(chroma), " %ux%u,%ux%u,%ux%u", h[0], v[0], h[1], v[1], h[2],
                       v[2]);
        const char *name = NULL;
        if (h[0] % h[1] == 0 && v[0] % v[1] == 0 && h[1] == h[2] && v[1] == v[2])
            name = fw_jpeg_sampling_name(h[0] / h[1], v[0] / v[1]);
        if (name)
            (void)snprintf(chroma, sizeof(chroma), " %s", name);
    }
    (void)snprintf(head->layout, sizeof(head->layout), "%s%s%s", space, chroma, after);
}

/* ---- the ways to have it ------------------------------------------------------------------ */

static void add_offer(struct fw_jpeg_reader *reader, const char *format, uint32_t shrink, bool raw)
{
    struct fw_still_offer *offer = &reader->offers[reader->offer_count++];
    const struct fw_format *row = fw_format_find(format);
    FW_CHECK(row && reader->offer_count <= FW_STILL_OFFERS_MAX);
    *offer = (struct fw_still_offer){ .shrink = shrink, .raw = raw };
    offer->video = (struct fw_video){ .format = row,
                                      .width = (int32_t)reader->cinfo.output_width,
                                      .height = (int32_t)reader->cinfo.output_height,
                                      .sample_aspect = { 0, 1 },
                                      .time_base = { 1, 1 },
                                      .frame_rate = { 0, 1 } };
    offer->video.color = (struct fw_color){ .range = RANGE_FULL,
                                            .matrix = MATRIX_BT601,
                                            .primaries = UNSPECIFIED,
                                            .transfer = UNSPECIFIED };
    if (row->flags & FW_FORMAT_RGB)
        offer->video.color.matrix = MATRIX_RGB;
    else if (row->component_count == 3)
        offer->video.color.chroma_location = CHROMA_CENTER;
}

/* The format of the planes that the decoder leaves before it brings chroma to luma's size. When it
 * shrinks, it keeps chroma larger than its share where it can: 4:2:0 at a half is 4:4:4. */
static const char *planes_format(const struct jpeg_decompress_struct *cinfo)
{
    const jpeg_component_info *luma = &cinfo->comp_info[0];
    const jpeg_component_info *chroma = &cinfo->comp_info[1];
    const jpeg_component_info *other = &cinfo->comp_info[2];
    int luma_w = luma->h_samp_factor * luma->DCT_scaled_size;
    int luma_h = luma->v_samp_factor * luma->DCT_scaled_size;
    int chroma_w = chroma->h_samp_factor * chroma->DCT_scaled_size;
    int chroma_h = chroma->v_samp_factor * chroma->DCT_scaled_size;
    if (luma_w % chroma_w || luma_h % chroma_h ||
        chroma_w != other->h_samp_factor * other->DCT_scaled_size ||
        chroma_h != other->v_samp_factor * other->DCT_scaled_size)
        return NULL;
    const struct fw_format *format = fw_jpeg_planar((uint32_t)(luma_w / chroma_w),
                                                    (uint32_t)(luma_h / chroma_h));
    for (uint32_t i = 0; format && i < 3; i++) {
        const jpeg_component_info *component = &cinfo->comp_info[i];
        int32_t width = fw_format_plane_width(format, i, (int32_t)cinfo->output_width);
        int32_t height = fw_format_plane_height(format, i, (int32_t)cinfo->output_height);
        if (component->downsampled_width != (JDIMENSION)width ||
            component->downsampled_height != (JDIMENSION)height)
            return NULL;
    }
    return format ? format->name : NULL;
}

static void add_offers(struct fw_jpeg_reader *reader)
{
    struct jpeg_decompress_struct *cinfo = &reader->cinfo;
    for (uint32_t shrink = 1; shrink <= 8; shrink *= 2) {
        cinfo->scale_num = 1;
        cinfo->scale_denom = shrink;
        jpeg_calc_output_dimensions(cinfo);
        bool gray = cinfo->jpeg_color_space == JCS_GRAYSCALE;
        const char *planes = gray ? "gray" : NULL;
        if (cinfo->jpeg_color_space == JCS_YCbCr)
            planes = planes_format(cinfo);
        if (planes)
            add_offer(reader, planes, shrink, true);
        add_offer(reader, gray ? "gray" : "rgb24", shrink, false);
    }
}

/* Every coefficient is in memory at once, when they come in several scans. */
static int check_coefficients(const struct fw_jpeg_reader *reader, struct fw_error *err)
{
    const struct jpeg_decompress_struct *cinfo = &reader->cinfo;
    uint64_t bytes = 0;
    for (int i = 0; i < cinfo->num_components; i++)
        bytes += (uint64_t)cinfo->comp_info[i].width_in_blocks *
                 cinfo->comp_info[i].height_in_blocks * sizeof(JBLOCK);
    if (bytes > reader->base.limits.max_bytes)
        return fw_fail(err, FW_ERR_INPUT,
                       "the coefficients of all scans take %llu MiB, over the limit of %llu MiB\n"
                       "hint: --max-slot %lluM",
                       (unsigned long long)(bytes >> 20),
                       (unsigned long long)(reader->base.limits.max_bytes >> 20),
                       (unsigned long long)(bytes >> 20) + 1);
    return FW_OK;
}

int fw_jpeg_describe(struct fw_jpeg_reader *reader, struct fw_error *err)
{
    struct jpeg_decompress_struct *cinfo = &reader->cinfo;
    struct fw_still_head *head = &reader->base.head;
    const char *space = NULL;
    int status = describe_space(reader, &space, err);
    if (status == FW_OK)
        status = fw_still_check_size(&reader->base, cinfo->image_width, cinfo->image_height,
                                     cinfo->num_components == 1 ? 1 : 3, err);
    if (status == FW_OK &&
        (cinfo->image_width > FW_DIMENSION_MAX || cinfo->image_height > FW_DIMENSION_MAX))
        status = fw_fail(err, FW_ERR_INPUT, "%ux%u is over %d pixels a side", cinfo->image_width,
                         cinfo->image_height, FW_DIMENSION_MAX);
    if (status == FW_OK && jpeg_has_multiple_scans(cinfo))
        status = check_coefficients(reader, err);
    if (status < 0)
        return status;
    head->width = (int32_t)cinfo->image_width;
    head->height = (int32_t)cinfo->image_height;
    head->bit_depth = 8;
    describe_traits(&head->traits, cinfo);
    describe_layout(head, cinfo, space);
    add_offers(reader);
    if (cinfo->num_components == 4)
        fw_losses_add(&reader->base.losses, "converted", -1, "%s to RGB, without a colour profile",
                      space);
    return FW_OK;
}

const struct fw_still_codec fw_still_codec_jpeg = {
    .reader_bytes = sizeof(struct fw_jpeg_reader),
    .writer_bytes = sizeof(struct fw_jpeg_writer),
    .reader_open = fw_jpeg_reader_open,
    .offers = fw_jpeg_offers,
    .begin = fw_jpeg_begin,
    .next = fw_jpeg_next,
    .reader_deinit = fw_jpeg_reader_deinit,
    .fit = fw_jpeg_fit,
    .writer_open = fw_jpeg_writer_open,
    .frame = fw_jpeg_frame,
    .finish = fw_jpeg_finish,
    .writer_deinit = fw_jpeg_writer_deinit,
};
