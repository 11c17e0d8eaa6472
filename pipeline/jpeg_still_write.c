/* JPEG files out: how a picture is coded, and its samples to libjpeg. */
#include "jpeg_still.h"

#include <stdlib.h>
#include <string.h>

#include "filters/check.h"
#include "filters/format.h"

#define QUALITY_DEFAULT 90
#define LINES_MAX 32u      /* of a row of blocks, of any sampling */
#define PLANE_ROWS_MAX 16u /* two blocks: no format here has chroma of less than half the rows */
#define QUANT_MAX 8191u    /* libjpeg divides by eight times as much, in 16 bits */
#define PART_STEP 8u
#define PART_MIN 4096u /* columns times rows of blocks, below which the part says too little */

/* ---- bytes -------------------------------------------------------------------------------- */

static void give_buffer(struct fw_jpeg_writer *writer)
{
    writer->destination.next_output_byte = writer->buffer;
    writer->destination.free_in_buffer = sizeof(writer->buffer);
}

static void init_destination(j_compress_ptr cinfo)
{
    give_buffer(cinfo->client_data);
}

static void put(struct fw_jpeg_writer *writer, size_t count)
{
    struct fw_jpeg_trap *trap = &writer->trap;
    if (writer->tries)
        return;
    int status = fw_still_out_write(&writer->base.out, writer->buffer, count, trap->err);
    if (status < 0)
        fw_jpeg_raise(trap, status);
}

/* libjpeg asks when the buffer is full, whatever free_in_buffer says. */
static boolean empty_buffer(j_compress_ptr cinfo)
{
    struct fw_jpeg_writer *writer = cinfo->client_data;
    put(writer, sizeof(writer->buffer));
    give_buffer(writer);
    return TRUE;
}

static void end_destination(j_compress_ptr cinfo)
{
    struct fw_jpeg_writer *writer = cinfo->client_data;
    put(writer, sizeof(writer->buffer) - writer->destination.free_in_buffer);
}

/* ---- how it is coded ---------------------------------------------------------------------- */

static const struct fw_still_traits *source_traits(const struct fw_jpeg_writer *writer)
{
    const struct fw_still_head *source = writer->base.writing.source;
    return source && source->kind == FW_STILL_JPEG ? &source->traits : NULL;
}

static bool is_planar(const struct fw_format *format)
{
    return format->component_count == 3 && format->plane_count == 3;
}

/* Whether RGB stays RGB: as the source, as long as nothing else is wished. */
static bool keeps_rgb(const struct fw_jpeg_writer *writer)
{
    const struct fw_still_traits *traits = source_traits(writer);
    const struct fw_still_wish *wish = &writer->base.writing.wish;
    return traits && traits->jpeg_space == FW_JPEG_RGB && wish->quality == 0 &&
           wish->chroma_h == 0 && !is_planar(writer->base.writing.video.format);
}

static bool table_is_usable(const struct fw_still_traits *traits, uint32_t index)
{
    if (index >= NUM_QUANT_TBLS || !(traits->jpeg_tables & 1u << index))
        return false;
    for (int i = 0; i < DCTSIZE2; i++) {
        if (traits->jpeg_quant[index][i] == 0 || traits->jpeg_quant[index][i] > QUANT_MAX)
            return false;
    }
    return true;
}

/* The source's tables for our components, which may be fewer or more than it had; false: it has
 * none that can be used. */
static bool use_source_tables(struct fw_jpeg_writer *writer, const struct fw_still_traits *traits)
{
    struct jpeg_compress_struct *cinfo = &writer->cinfo;
    uint32_t table[3] = { 0 };
    for (int i = 0; i < cinfo->num_components; i++) {
        table[i] = traits->jpeg_table[i < traits->jpeg_components ? i : 0];
        if (!table_is_usable(traits, table[i]))
            return false;
    }
    for (int i = 0; i < cinfo->num_components; i++) {
        JQUANT_TBL **slot = &cinfo->quant_tbl_ptrs[table[i]];
        if (!*slot)
            *slot = jpeg_alloc_quant_table((j_common_ptr)cinfo);
        memcpy((*slot)->quantval, traits->jpeg_quant[table[i]], sizeof((*slot)->quantval));
        (*slot)->sent_table = FALSE;
        cinfo->comp_info[i].quant_tbl_no = (int)table[i];
    }
    return true;
}

static void set_tables(struct fw_jpeg_writer *writer)
{
    const struct fw_still_traits *traits = source_traits(writer);
    int quality = (int)writer->base.writing.wish.quality;
    if (quality == 0 && traits && use_source_tables(writer, traits))
        return;
    jpeg_set_quality(&writer->cinfo, quality ? quality : QUALITY_DEFAULT, TRUE);
}

static void set_sampling(struct fw_jpeg_writer *writer)
{
    const struct fw_still_writing *writing = &writer->base.writing;
    const struct fw_format *format = writing->video.format;
    jpeg_component_info *components = writer->cinfo.comp_info;
    struct fw_jpeg_sampling sampling;
    fw_jpeg_sampling_of_rgb(&writing->wish, writing->source, &sampling);
    for (int i = 0; i < 3; i++) {
        components[i].h_samp_factor = sampling.h[i];
        components[i].v_samp_factor = sampling.v[i];
        if (is_planar(format)) {
            components[i].h_samp_factor = i ? 1 : 1 << format->log2_chroma_w;
            components[i].v_samp_factor = i ? 1 : 1 << format->log2_chroma_h;
        }
    }
}

static void set_space(struct fw_jpeg_writer *writer)
{
    struct jpeg_compress_struct *cinfo = &writer->cinfo;
    const struct fw_format *format = writer->base.writing.video.format;
    cinfo->input_components = format->component_count;
    cinfo->in_color_space = format->flags & FW_FORMAT_RGB ? JCS_RGB : JCS_YCbCr;
    if (format->component_count == 1)
        cinfo->in_color_space = JCS_GRAYSCALE;
    jpeg_set_defaults(cinfo);
    if (keeps_rgb(writer))
        jpeg_set_colorspace(cinfo, JCS_RGB);
    else if (format->component_count == 3)
        set_sampling(writer);
    cinfo->raw_data_in = is_planar(format);
}

static int open_step(void *self, struct fw_error *err)
{
    struct fw_jpeg_writer *writer = self;
    struct jpeg_compress_struct *cinfo = &writer->cinfo;
    const struct fw_still_writing *writing = &writer->base.writing;
    const struct fw_still_traits *traits = source_traits(writer);
    (void)err;
    jpeg_create_compress(cinfo);
    cinfo->mem->max_memory_to_use = 0; /* no limit, whatever the environment says */
    cinfo->dest = &writer->destination;
    writer->destination.init_destination = init_destination;
    writer->destination.empty_output_buffer = empty_buffer;
    writer->destination.term_destination = end_destination;
    cinfo->image_width = (JDIMENSION)writing->video.width;
    cinfo->image_height = (JDIMENSION)writing->video.height;
    set_space(writer);
    set_tables(writer);
    cinfo->dct_method = JDCT_ISLOW;
    cinfo->optimize_coding = TRUE;
    if (writing->wish.progressive > 0 ||
        (writing->wish.progressive == 0 && traits && traits->jpeg_progressive))
        jpeg_simple_progression(cinfo);
    fw_jpeg_set_density(writer);
    return FW_OK;
}

static int check_writing(const struct fw_still_writing *writing, struct fw_error *err)
{
    const struct fw_video *video = &writing->video;
    const struct fw_still_wish *wish = &writing->wish;
    const struct fw_format *format = video->format;
    bool known = format == fw_format_find("gray") || format == fw_format_find("rgb24");
    if (!known && is_planar(format) && !(format->flags & FW_FORMAT_RGB))
        known = format == fw_jpeg_planar(1u << format->log2_chroma_w, 1u << format->log2_chroma_h);
    if (!known)
        return fw_fail(err, FW_ERR_USAGE, "JPEG does not take %s", format->name);
    if (video->width < 1 || video->height < 1 || video->width > FW_JPEG_SIDE_MAX ||
        video->height > FW_JPEG_SIDE_MAX)
        return fw_fail(err, FW_ERR_USAGE, "JPEG holds pictures of 1 to %d pixels a side, not %dx%d",
                       FW_JPEG_SIDE_MAX, video->width, video->height);
    if (wish->quality > 100)
        return fw_fail(err, FW_ERR_USAGE, "the quality of JPEG is 1 to 100, not %u", wish->quality);
    if ((wish->chroma_h || wish->chroma_v) && !fw_jpeg_planar(wish->chroma_h, wish->chroma_v))
        return fw_fail(err, FW_ERR_USAGE,
                       "the chroma of JPEG is 1x1, 2x1, 1x2, 2x2 or 4x1, not "
                       "%ux%u",
                       wish->chroma_h, wish->chroma_v);
    return FW_OK;
}

int fw_jpeg_writer_open(struct fw_still_writer *base, struct fw_error *err)
{
    struct fw_jpeg_writer *writer = (struct fw_jpeg_writer *)base;
    int status = check_writing(&base->writing, err);
    if (status < 0)
        return status;
    fw_jpeg_trap_init(&writer->trap);
    writer->cinfo.err = &writer->trap.mgr;
    writer->cinfo.client_data = writer;
    return fw_jpeg_guard(&writer->trap, open_step, writer, err);
}

/* ---- pixels ------------------------------------------------------------------------------- */

/* Lines of one row of blocks. */
static uint32_t band_lines(const struct fw_jpeg_writer *writer)
{
    return (uint32_t)writer->cinfo.max_v_samp_factor * DCTSIZE;
}

static void write_rows(struct fw_jpeg_writer *writer)
{
    struct jpeg_compress_struct *cinfo = &writer->cinfo;
    const struct fw_image *image = writer->image;
    uint32_t lines = band_lines(writer);
    FW_CHECK(lines <= LINES_MAX);
    for (uint32_t band = 0; cinfo->next_scanline < cinfo->image_height; band += writer->step) {
        JSAMPROW rows[LINES_MAX];
        uint32_t count = cinfo->image_height - cinfo->next_scanline;
        if (count > lines)
            count = lines;
        for (uint32_t i = 0; i < count; i++)
            rows[i] = image->data[0] + (ptrdiff_t)(band * lines + i) * image->stride[0];
        (void)jpeg_write_scanlines(cinfo, rows, count);
    }
}

/* libjpeg reads whole blocks. Rows that end within one are copied and go on with their last sample;
 * rows below the last one are that one again. */
static void point_rows(const struct fw_jpeg_writer *writer, uint32_t plane, uint32_t first,
                       JSAMPARRAY padded, JSAMPROW *rows)
{
    const jpeg_component_info *component = &writer->cinfo.comp_info[plane];
    const struct fw_image *image = writer->image;
    size_t width = (size_t)fw_format_plane_width(image->format, plane, image->width);
    uint32_t height = (uint32_t)fw_format_plane_height(image->format, plane, image->height);
    size_t whole = (size_t)component->width_in_blocks * DCTSIZE;
    uint32_t count = (uint32_t)component->v_samp_factor * DCTSIZE;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t y = first + i < height ? first + i : height - 1;
        rows[i] = image->data[plane] + (ptrdiff_t)y * image->stride[plane];
        if (whole == width)
            continue;
        memcpy(padded[i], rows[i], width);
        memset(padded[i] + width, rows[i][width - 1], whole - width);
        rows[i] = padded[i];
    }
}

static void write_planes(struct fw_jpeg_writer *writer)
{
    struct jpeg_compress_struct *cinfo = &writer->cinfo;
    JSAMPARRAY padded[3];
    JSAMPROW rows[3][PLANE_ROWS_MAX];
    JSAMPARRAY planes[3] = { rows[0], rows[1], rows[2] };
    uint32_t lines = band_lines(writer);
    FW_CHECK(lines <= PLANE_ROWS_MAX);
    for (int i = 0; i < 3; i++)
        padded[i] = cinfo->mem->alloc_sarray((j_common_ptr)cinfo, JPOOL_IMAGE,
                                             cinfo->comp_info[i].width_in_blocks * DCTSIZE,
                                             PLANE_ROWS_MAX);
    for (uint32_t band = 0; cinfo->next_scanline < cinfo->image_height; band += writer->step) {
        for (uint32_t i = 0; i < 3; i++) {
            uint32_t count = (uint32_t)cinfo->comp_info[i].v_samp_factor * DCTSIZE;
            point_rows(writer, i, band * count, padded[i], rows[i]);
        }
        (void)jpeg_write_raw_data(cinfo, planes, lines);
    }
}

static void write_pixels(struct fw_jpeg_writer *writer)
{
    if (writer->cinfo.raw_data_in)
        write_planes(writer);
    else
        write_rows(writer);
    jpeg_finish_compress(&writer->cinfo);
}

/* Codes a part of a large picture into nothing, for the codes of the whole. */
static void try_part(struct fw_jpeg_writer *writer)
{
    struct jpeg_compress_struct *cinfo = &writer->cinfo;
    JDIMENSION height = cinfo->image_height;
    uint32_t lines = 0;
    for (int i = 0; i < cinfo->num_components; i++) {
        uint32_t of_one = (uint32_t)cinfo->comp_info[i].v_samp_factor * DCTSIZE;
        lines = of_one > lines ? of_one : lines;
    }
    uint32_t bands = height / lines / PART_STEP;
    if (cinfo->num_scans > 0 || (uint64_t)cinfo->image_width * bands < PART_MIN)
        return;
    writer->step = PART_STEP;
    writer->tries = true;
    cinfo->image_height = bands * lines;
    jpeg_start_compress(cinfo, TRUE);
    write_pixels(writer);
    fw_jpeg_complete_codes(writer);
    writer->step = 1;
    writer->tries = false;
    cinfo->image_height = height;
    cinfo->optimize_coding = FALSE;
}

static int frame_step(void *self, struct fw_error *err)
{
    struct fw_jpeg_writer *writer = self;
    try_part(writer);
    jpeg_start_compress(&writer->cinfo, TRUE);
    int status = fw_jpeg_write_notes(writer, err);
    if (status == FW_OK)
        write_pixels(writer);
    return status;
}

int fw_jpeg_frame(struct fw_still_writer *base, const struct fw_image *image, int64_t delay_us,
                  struct fw_error *err)
{
    struct fw_jpeg_writer *writer = (struct fw_jpeg_writer *)base;
    (void)delay_us;
    FW_CHECK(image->width == base->writing.video.width &&
             image->height == base->writing.video.height);
    writer->image = image;
    writer->step = 1;
    return fw_jpeg_guard(&writer->trap, frame_step, writer, err);
}

int fw_jpeg_finish(struct fw_still_writer *base, struct fw_error *err)
{
    if (base->frames != 1)
        return fw_fail(err, FW_ERR_INTERNAL, "a JPEG without a picture");
    return FW_OK;
}

void fw_jpeg_writer_deinit(struct fw_still_writer *base)
{
    struct fw_jpeg_writer *writer = (struct fw_jpeg_writer *)base;
    jpeg_destroy_compress(&writer->cinfo);
    free(writer->marker);
}
