/* JPEG files in: the bytes for libjpeg, and its samples into an image. */
#include "jpeg_still.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "filters/check.h"
#include "filters/format.h"

#define ROWS_AT_ONCE 16u

static struct fw_jpeg_reader *reader_of(j_decompress_ptr cinfo)
{
    return cinfo->client_data;
}

/* ---- the file's bytes --------------------------------------------------------------------- */

static void no_source(j_decompress_ptr cinfo)
{
    (void)cinfo;
}

/* There is no end that could be made up here: a file without its own is cut. */
static boolean fill_buffer(j_decompress_ptr cinfo)
{
    struct fw_jpeg_reader *reader = reader_of(cinfo);
    struct fw_jpeg_trap *trap = &reader->trap;
    size_t count = sizeof(reader->buffer);
    if (reader->offset >= reader->base.file_bytes)
        fw_jpeg_raise(trap, fw_fail(trap->err, FW_ERR_INPUT, "damaged: the file ends early"));
    /* libjpeg keeps every marker it meets before the pixels. */
    if (!trap->in_pixels && reader->offset > FW_NOTES_BYTES_MAX)
        fw_jpeg_raise(trap, fw_fail(trap->err, FW_ERR_INPUT, "more metadata than %zu MiB",
                                    FW_NOTES_BYTES_MAX >> 20));
    if (count > reader->base.file_bytes - reader->offset)
        count = (size_t)(reader->base.file_bytes - reader->offset);
    int status = fw_still_read_at(&reader->base, reader->offset, reader->buffer, count, trap->err);
    if (status < 0)
        fw_jpeg_raise(trap, status);
    reader->offset += count;
    reader->source.next_input_byte = reader->buffer;
    reader->source.bytes_in_buffer = count;
    return TRUE;
}

static void skip_bytes(j_decompress_ptr cinfo, long count)
{
    struct fw_jpeg_reader *reader = reader_of(cinfo);
    struct jpeg_source_mgr *source = &reader->source;
    if (count <= 0)
        return;
    size_t here = (size_t)count < source->bytes_in_buffer ? (size_t)count : source->bytes_in_buffer;
    source->next_input_byte += here;
    source->bytes_in_buffer -= here;
    reader->offset += (uint64_t)count - here;
}

static uint32_t next_byte(j_decompress_ptr cinfo)
{
    struct jpeg_source_mgr *source = cinfo->src;
    if (source->bytes_in_buffer == 0)
        (void)fill_buffer(cinfo);
    source->bytes_in_buffer--;
    return *source->next_input_byte++;
}

/* A marker behind the first scan: nothing that we write could stand there again. */
static boolean count_late(j_decompress_ptr cinfo)
{
    uint32_t length = next_byte(cinfo) << 8;
    length |= next_byte(cinfo);
    reader_of(cinfo)->late_blocks++;
    skip_bytes(cinfo, length >= 2 ? (long)length - 2 : 0);
    return TRUE;
}

static void watch_scans(j_common_ptr common)
{
    struct fw_jpeg_reader *reader = common->client_data;
    struct fw_jpeg_trap *trap = &reader->trap;
    if (reader->cinfo.input_scan_number > FW_JPEG_SCANS_MAX)
        fw_jpeg_raise(trap, fw_fail(trap->err, FW_ERR_INPUT, "more than %d scans in a picture",
                                    FW_JPEG_SCANS_MAX));
}

/* ---- opening ------------------------------------------------------------------------------ */

static void create(struct fw_jpeg_reader *reader)
{
    struct jpeg_decompress_struct *cinfo = &reader->cinfo;
    uint64_t most = reader->base.limits.max_bytes;
    jpeg_create_decompress(cinfo);
    /* Beyond it libjpeg would go on in a temporary file, or as here give up. */
    cinfo->mem->max_memory_to_use = most < LONG_MAX ? (long)most : LONG_MAX;
    cinfo->progress = &reader->progress;
    reader->progress.progress_monitor = watch_scans;
    cinfo->src = &reader->source;
    reader->source.init_source = no_source;
    reader->source.term_source = no_source;
    reader->source.fill_input_buffer = fill_buffer;
    reader->source.skip_input_data = skip_bytes;
    reader->source.resync_to_restart = jpeg_resync_to_restart;
}

static int open_step(void *self, struct fw_error *err)
{
    struct fw_jpeg_reader *reader = self;
    struct jpeg_decompress_struct *cinfo = &reader->cinfo;
    create(reader);
    jpeg_save_markers(cinfo, JPEG_COM, FW_JPEG_MARKER_MAX);
    for (int i = 0; i < 16; i++)
        jpeg_save_markers(cinfo, JPEG_APP0 + i, FW_JPEG_MARKER_MAX);
    (void)jpeg_read_header(cinfo, TRUE);
    int status = fw_jpeg_describe(reader, err);
    if (status == FW_OK)
        status = fw_jpeg_read_notes(reader, err);
    jpeg_set_marker_processor(cinfo, JPEG_COM, count_late);
    for (int i = 0; i < 16; i++)
        jpeg_set_marker_processor(cinfo, JPEG_APP0 + i, count_late);
    return status;
}

int fw_jpeg_reader_open(struct fw_still_reader *base, struct fw_error *err)
{
    struct fw_jpeg_reader *reader = (struct fw_jpeg_reader *)base;
    fw_jpeg_trap_init(&reader->trap);
    reader->cinfo.err = &reader->trap.mgr;
    reader->cinfo.client_data = reader;
    return fw_jpeg_guard(&reader->trap, open_step, reader, err);
}

uint32_t fw_jpeg_offers(const struct fw_still_reader *base, enum fw_still_kind target,
                        struct fw_still_offer *offers)
{
    const struct fw_jpeg_reader *reader = (const struct fw_jpeg_reader *)base;
    uint32_t count = 0;
    for (uint32_t i = 0; i < reader->offer_count; i++) {
        if (target == FW_STILL_JPEG || !reader->offers[i].raw)
            offers[count++] = reader->offers[i];
    }
    return count;
}

int fw_jpeg_begin(struct fw_still_reader *base, struct fw_error *err)
{
    struct fw_jpeg_reader *reader = (struct fw_jpeg_reader *)base;
    struct jpeg_decompress_struct *cinfo = &reader->cinfo;
    const struct fw_still_offer *offer = &base->offer;
    (void)err;
    cinfo->scale_num = 1;
    cinfo->scale_denom = offer->shrink;
    cinfo->dct_method = JDCT_ISLOW;
    cinfo->do_fancy_upsampling = TRUE;
    cinfo->raw_data_out = offer->raw && offer->video.format->component_count == 3;
    if (cinfo->raw_data_out)
        cinfo->out_color_space = cinfo->jpeg_color_space;
    else if (cinfo->num_components == 4)
        cinfo->out_color_space = JCS_CMYK;
    else
        cinfo->out_color_space = cinfo->num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    return FW_OK;
}

/* ---- pixels ------------------------------------------------------------------------------- */

static void read_rows(struct fw_jpeg_reader *reader, const struct fw_image *image)
{
    struct jpeg_decompress_struct *cinfo = &reader->cinfo;
    while (cinfo->output_scanline < cinfo->output_height) {
        JSAMPROW rows[ROWS_AT_ONCE];
        uint32_t first = cinfo->output_scanline;
        uint32_t count = cinfo->output_height - first;
        if (count > ROWS_AT_ONCE)
            count = ROWS_AT_ONCE;
        for (uint32_t i = 0; i < count; i++)
            rows[i] = image->data[0] + (ptrdiff_t)(first + i) * image->stride[0];
        (void)jpeg_read_scanlines(cinfo, rows, count);
    }
}

/* Four inks by their usual storing, 255 for none: the paper's light times what the ink and the
 * black let through. */
static void read_inks(struct fw_jpeg_reader *reader, const struct fw_image *image)
{
    struct jpeg_decompress_struct *cinfo = &reader->cinfo;
    JSAMPARRAY inks = cinfo->mem->alloc_sarray((j_common_ptr)cinfo, JPOOL_IMAGE,
                                               cinfo->output_width * 4, 1);
    while (cinfo->output_scanline < cinfo->output_height) {
        const JSAMPLE *from = inks[0];
        uint8_t *to = image->data[0] + (ptrdiff_t)cinfo->output_scanline * image->stride[0];
        (void)jpeg_read_scanlines(cinfo, inks, 1);
        for (JDIMENSION x = 0; x < cinfo->output_width; x++, from += 4, to += 3) {
            for (int i = 0; i < 3; i++)
                to[i] = (uint8_t)(((uint32_t)from[i] * from[3] + 127) / 255);
        }
    }
}

/* The rows of one plane that a group of blocks gave, without what lies beyond its edges. */
static void copy_band(const struct fw_image *image, uint32_t plane, JSAMPARRAY rows,
                      uint32_t row_first, uint32_t row_count)
{
    size_t width = (size_t)fw_format_plane_width(image->format, plane, image->width);
    uint32_t height = (uint32_t)fw_format_plane_height(image->format, plane, image->height);
    for (uint32_t i = 0; i < row_count && row_first + i < height; i++)
        memcpy(image->data[plane] + (ptrdiff_t)(row_first + i) * image->stride[plane], rows[i],
               width);
}

/* libjpeg gives whole blocks of every plane, so they pass through rows of our own. */
static void read_planes(struct fw_jpeg_reader *reader, const struct fw_image *image)
{
    struct jpeg_decompress_struct *cinfo = &reader->cinfo;
    JSAMPARRAY planes[3];
    uint32_t counts[3];
    uint32_t lines = (uint32_t)(cinfo->max_v_samp_factor * cinfo->min_DCT_scaled_size);
    for (int i = 0; i < 3; i++) {
        const jpeg_component_info *component = &cinfo->comp_info[i];
        JDIMENSION size = (JDIMENSION)component->DCT_scaled_size;
        JDIMENSION blocks = component->width_in_blocks + (JDIMENSION)component->h_samp_factor;
        counts[i] = (uint32_t)component->v_samp_factor * size;
        planes[i] = cinfo->mem->alloc_sarray((j_common_ptr)cinfo, JPOOL_IMAGE, blocks * size,
                                             counts[i]);
    }
    for (uint32_t band = 0; cinfo->output_scanline < cinfo->output_height; band++) {
        (void)jpeg_read_raw_data(cinfo, planes, lines);
        for (uint32_t i = 0; i < 3; i++)
            copy_band(image, i, planes[i], band * counts[i], counts[i]);
    }
}

/* A scan that is left out whole is no error to libjpeg. */
static int check_whole(const struct jpeg_decompress_struct *cinfo, struct fw_error *err)
{
    for (int i = 0; i < cinfo->num_components; i++) {
        if (!cinfo->comp_info[i].quant_table || (cinfo->coef_bits && cinfo->coef_bits[i][0] < 0))
            return fw_fail(err, FW_ERR_INPUT, "damaged: component %d has no pixels", i + 1);
    }
    return FW_OK;
}

/* Whether what lies behind the end is more than padding. */
static bool has_trailer(const struct fw_jpeg_reader *reader)
{
    const struct jpeg_source_mgr *source = &reader->source;
    for (size_t i = 0; i < source->bytes_in_buffer; i++) {
        uint8_t byte = source->next_input_byte[i];
        if (byte != 0 && byte != 0xff && byte != '\r' && byte != '\n')
            return true;
    }
    return source->bytes_in_buffer == 0 && reader->offset < reader->base.file_bytes;
}

static void list_behind(struct fw_jpeg_reader *reader)
{
    struct fw_losses *losses = &reader->base.losses;
    uint64_t bytes = reader->base.file_bytes - reader->offset + reader->source.bytes_in_buffer;
    if (reader->late_blocks)
        fw_losses_add(losses, "metadata", -1, "%u blocks behind the first scan",
                      reader->late_blocks);
    if (has_trailer(reader) && !reader->has_more)
        fw_losses_add(losses, "metadata", -1, "%llu bytes behind the picture",
                      (unsigned long long)bytes);
}

struct reading {
    struct fw_jpeg_reader *reader;
    const struct fw_image *image;
};

static int next_step(void *self, struct fw_error *err)
{
    const struct reading *reading = self;
    struct fw_jpeg_reader *reader = reading->reader;
    struct jpeg_decompress_struct *cinfo = &reader->cinfo;
    const struct fw_image *image = reading->image;
    reader->trap.in_pixels = true;
    (void)jpeg_start_decompress(cinfo);
    FW_CHECK(cinfo->output_width == (JDIMENSION)image->width &&
             cinfo->output_height == (JDIMENSION)image->height);
    if (cinfo->raw_data_out)
        read_planes(reader, image);
    else if (cinfo->num_components == 4)
        read_inks(reader, image);
    else
        read_rows(reader, image);
    int status = check_whole(cinfo, err);
    (void)jpeg_finish_decompress(cinfo);
    if (status == FW_OK)
        list_behind(reader);
    return status;
}

int fw_jpeg_next(struct fw_still_reader *base, struct fw_image *image, int64_t *delay_us_out,
                 struct fw_error *err)
{
    struct fw_jpeg_reader *reader = (struct fw_jpeg_reader *)base;
    struct reading reading = { reader, image };
    (void)delay_us_out;
    if (reader->done)
        return FW_END;
    reader->done = true;
    return fw_jpeg_guard(&reader->trap, next_step, &reading, err);
}

void fw_jpeg_reader_deinit(struct fw_still_reader *base)
{
    struct fw_jpeg_reader *reader = (struct fw_jpeg_reader *)base;
    jpeg_destroy_decompress(&reader->cinfo);
    free(reader->gathered);
}
