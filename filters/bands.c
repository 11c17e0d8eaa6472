/*
 * Stages band by band: rows of a picture go through several filters while they are in the second
 * level cache, instead of the whole picture through one filter after the other.
 *
 * Bands do not depend on each other. For each band of the last filter's output the rows that every
 * filter before it must make are found from the halos, and made: those between two bands are made
 * twice, which is why halos must be small against a band. An intermediate picture exists as the
 * rows of one band alone; filters see it under the row numbers it has in the whole picture.
 */
#include "stage.h"

#include "check.h"
#include "format.h"
#include "rows.h"

/* Rows below which a filter's start on a band costs more than memory does. */
#define BAND_ROWS_MIN 8
/* A band is so many times the halos of its filters. */
#define BAND_PER_HALO 4

bool fw_stage_has_bands(const struct fw_stage *stage)
{
    const struct fw_caps *caps = &stage->caps;
    return stage->kind == FW_STAGE_FILTER && (caps->flags & FW_CAPS_BANDS) &&
           stage->item->filter->band && caps->filter_class <= FW_CLASS_INDEXED &&
           caps->rate_num == 1 && caps->rate_den == 1 && stage->in.height == stage->out.height;
}

static int32_t max_of(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* Whole chroma rows of either side of a stage, in rows of luma height. */
static int32_t unit_of(const struct fw_stage *stage)
{
    return 1 << max_of(stage->in.format->log2_chroma_h, stage->out.format->log2_chroma_h);
}

static int32_t round_up(int32_t rows, int32_t unit)
{
    return (rows + unit - 1) / unit * unit;
}

static size_t bytes_of(const struct fw_video *video, int32_t rows)
{
    struct fw_image_layout layout;
    FW_CHECK(fw_image_layout(&layout, video->format, video->width, rows) == 0);
    return layout.bytes;
}

/* The most rows of a link that fit a band's block; 0 when not even one unit does. */
static int32_t rows_that_fit(const struct fw_video *video, int32_t unit, size_t bytes)
{
    int32_t low = 0;
    int32_t high = round_up(video->height, unit) / unit;
    while (low < high) {
        int32_t middle = low + (high - low + 1) / 2;
        if (bytes_of(video, middle * unit) <= bytes)
            low = middle;
        else
            high = middle - 1;
    }
    return low * unit;
}

static int32_t sum_halos(const struct fw_chain *chain, const struct fw_bands *bands)
{
    int32_t halos = 0;
    for (uint32_t i = 0; i < bands->count; i++)
        halos += chain->stages[bands->stages[i]].caps.halo_rows;
    return halos;
}

/* Low bands cost nothing where no row is done twice, and stay in the first cache. */
static size_t room_for(const struct fw_chain *chain, const struct fw_bands *bands)
{
    size_t room = chain->running->band_bytes;
    if (sum_halos(chain, bands) > 0 || room < FW_BANDS_NEAR_BYTES / 2)
        return room;
    return FW_BANDS_NEAR_BYTES / 2;
}

/* Rows of a band of the line's output, so that all before it fit; 0: they do not. */
static int32_t find_height(const struct fw_chain *chain, const struct fw_bands *bands)
{
    const size_t room = room_for(chain, bands);
    int32_t halos = 0;
    int32_t rows = round_up(chain->stages[bands->stages[0]].out.height, bands->unit);
    for (uint32_t i = bands->count; i-- > 1;) {
        const struct fw_stage *stage = &chain->stages[bands->stages[i]];
        halos += round_up(stage->caps.halo_rows, bands->unit);
        int32_t fit = rows_that_fit(&stage->in, bands->unit, room);
        if (fit < stage->in.height && fit - 2 * halos < rows)
            rows = fit - 2 * halos;
    }
    return rows < 0 ? 0 : rows / bands->unit * bands->unit;
}

static bool is_worth_it(const struct fw_chain *chain, const struct fw_bands *bands, int32_t rows)
{
    int32_t halos = sum_halos(chain, bands);
    if (chain->band_rows > 0)
        return rows >= bands->unit;
    return rows >= (halos > 0 ? max_of(BAND_ROWS_MIN, BAND_PER_HALO * halos) : bands->unit) ||
           rows >= chain->stages[bands->stages[0]].out.height;
}

uint32_t fw_bands_gather(const struct fw_chain *chain, uint32_t first, uint32_t end,
                         const struct fw_frame *frame, struct fw_bands *bands)
{
    bands->count = 0;
    bands->unit = 1;
    bands->rows = 0;
    if (chain->running->band_bytes == 0 || chain->band_rows < 0)
        return 0;
    for (uint32_t i = first; i < end; i++) {
        const struct fw_stage *stage = &chain->stages[i];
        struct fw_bands longer = *bands;
        bool counts = stage->caps.rate_num == 1 && stage->caps.rate_den == 1 &&
                      stage->caps.lead == 0;
        if (!fw_stage_is_active(stage, frame) && counts)
            continue;
        if (!fw_stage_has_bands(stage) || longer.count == FW_BANDS_MAX)
            break;
        longer.stages[longer.count++] = i;
        longer.unit = max_of(longer.unit, unit_of(stage));
        longer.rows = find_height(chain, &longer);
        if (!is_worth_it(chain, &longer, longer.rows))
            break;
        *bands = longer;
    }
    if (chain->band_rows > 0 && chain->band_rows < bands->rows)
        bands->rows = round_up(chain->band_rows, bands->unit);
    return bands->count;
}

struct span_of_rows {
    int32_t first;
    int32_t end;
};

/* Rows that go into a stage for some of those that come out of it. */
static struct span_of_rows rows_before(const struct fw_stage *stage, struct span_of_rows rows,
                                       int32_t unit)
{
    int32_t first = rows.first - stage->caps.halo_rows;
    int32_t end = rows.end + stage->caps.halo_rows;
    first = first > 0 ? first / unit * unit : 0;
    end = round_up(end, unit);
    return (struct span_of_rows){ first, end < stage->in.height ? end : stage->in.height };
}

/* An image of which only some rows are there. */
static void map_rows(const struct fw_video *video, struct span_of_rows rows, void *block,
                     size_t bytes, struct fw_image *image)
{
    struct fw_image_layout layout;
    FW_CHECK(fw_image_layout(&layout, video->format, video->width, rows.end - rows.first) == 0);
    FW_CHECK(layout.bytes <= bytes);
    fw_image_map(image, &layout, video->format, video->width, video->height, block);
    for (uint32_t plane = 0; plane < video->format->plane_count; plane++) {
        bool palette = plane == 1 && (video->format->flags & FW_FORMAT_PALETTE);
        struct fw_rows there = fw_rows_of(image, plane, rows.first, rows.end);
        if (!palette)
            image->data[plane] -= there.first * image->stride[plane];
    }
}

static int run_band(struct fw_chain *chain, const struct fw_bands *bands, struct fw_frame *frames,
                    struct span_of_rows rows, struct fw_error *err)
{
    struct span_of_rows made[FW_BANDS_MAX];
    for (uint32_t i = bands->count; i-- > 0;) {
        made[i] = rows;
        rows = rows_before(&chain->stages[bands->stages[i]], rows, bands->unit);
    }
    for (uint32_t i = 0; i < bands->count; i++) {
        const struct fw_stage *stage = &chain->stages[bands->stages[i]];
        const struct fw_item *item = stage->item;
        struct fw_frame *out = &frames[i + 1];
        if (i + 1 < bands->count)
            map_rows(&stage->out, made[i], (char *)chain->bands[i % 2] + i % 2 * FW_BANDS_SKEW,
                     chain->running->band_bytes, &out->image);
        fw_chain_note(chain, stage);
        int status = item->filter->band(item->self, &frames[i], out, made[i].first, made[i].end,
                                        chain->scratch, err);
        if (status < 0)
            return fw_stage_blame(chain, stage, status, err);
    }
    return FW_OK;
}

/* Rows [first, end) of the line's output. */
static int run_rows(struct fw_chain *chain, const struct fw_bands *bands, const struct fw_frame *in,
                    struct fw_frame *out, struct span_of_rows rows, struct fw_error *err)
{
    struct fw_frame frames[FW_BANDS_MAX + 1];
    frames[0] = *in;
    for (uint32_t i = 0; i < bands->count; i++) {
        frames[i + 1] = (struct fw_frame){ .index = in->index };
        fw_stage_inherit(&chain->stages[bands->stages[i]], &frames[i], &frames[i + 1]);
    }
    frames[bands->count].image = out->image;
    for (int32_t row = rows.first; row < rows.end; row += bands->rows) {
        int32_t end = rows.end - row > bands->rows ? row + bands->rows : rows.end;
        int status = run_band(chain, bands, frames, (struct span_of_rows){ row, end }, err);
        if (status < 0)
            return status;
    }
    *out = frames[bands->count];
    return FW_OK;
}

int fw_bands_run(struct fw_chain *chain, const struct fw_bands *bands, const struct fw_frame *in,
                 struct fw_frame *out, struct fw_error *err)
{
    return run_rows(chain, bands, in, out, (struct span_of_rows){ 0, out->image.height }, err);
}

/* All of a part's stages that do anything, however little a band of them is worth; false when they
 * cannot go together. */
static bool gather_all(const struct fw_chain *chain, const struct fw_frame *frame,
                       struct fw_bands *bands)
{
    const struct fw_part *part = chain->running;
    *bands = (struct fw_bands){ .unit = 1 };
    for (uint32_t i = part->stage_first; i < part->stage_end; i++) {
        const struct fw_stage *stage = &chain->stages[i];
        if (stage->caps.rate_num != 1 || stage->caps.rate_den != 1 || stage->caps.lead != 0)
            return false;
        if (!fw_stage_is_active(stage, frame))
            continue;
        if (!fw_stage_has_bands(stage) || bands->count == FW_BANDS_MAX)
            return false;
        bands->stages[bands->count++] = i;
        bands->unit = max_of(bands->unit, unit_of(stage));
    }
    if (bands->count == 1)
        bands->rows = round_up(chain->stages[bands->stages[0]].out.height, bands->unit);
    else if (bands->count > 1 && part->band_bytes > 0)
        bands->rows = find_height(chain, bands);
    return bands->rows > 0;
}

int32_t fw_chain_row_unit(const struct fw_chain *chain, const struct fw_frame *frame)
{
    struct fw_bands bands;
    FW_CHECK(chain->running && !chain->running->shown.sequential);
    return gather_all(chain, frame, &bands) ? bands.unit : 0;
}

int fw_chain_process_rows(struct fw_chain *chain, const struct fw_frame *in, struct fw_frame *out,
                          int32_t row_first, int32_t row_end, struct fw_error *err)
{
    struct fw_bands bands;
    uint64_t index = out->index;
    struct fw_image image = out->image;
    FW_CHECK(gather_all(chain, in, &bands) && row_first % bands.unit == 0);
    int status = run_rows(chain, &bands, in, out, (struct span_of_rows){ row_first, row_end }, err);
    out->struct_size = sizeof(*out);
    out->image = image;
    out->index = index;
    return status;
}
