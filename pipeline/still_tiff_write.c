/* Writing TIFF: strips packed by deflate behind a horizontal predictor, then one directory that
 * holds the picture's tags and all that is said of it. In the order of bytes of the EXIF block, so
 * that its values are copied as they are. */
#include "still_tiff.h"

#include "filters/check.h"
#include "filters/format.h"

#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>

#define STRIP_BYTES ((size_t)256 << 10)
#define HEAD_BYTES 8u
#define LEVEL 6
#define PACK_NONE 1u
#define PACK_DEFLATE 8u
#define VALUES_MAX 24

static bool palette_is_opaque(const struct fw_video *have, const struct fw_still_head *source)
{
    return (have->format->flags & FW_FORMAT_PALETTE) && source && !source->has_alpha;
}

const struct fw_format *fw_tiff_fit(const struct fw_still_wish *wish, const struct fw_video *have,
                                    const struct fw_still_head *source, struct fw_losses *losses)
{
    /* A palette of TIFF has no alpha: the list without it stands behind its first word. */
    static const char *const names[] = { "pal8", "rgb24",    "rgb48le", "gray",  "gray16le", "ya8",
                                         "rgba", "rgba64le", "ya16le",  "monob", "monow",    NULL };
    return fw_still_nearest(palette_is_opaque(have, source) ? names : names + 1, wish, have, source,
                            losses);
}

struct tiff_out {
    struct fw_still_writer *writer;
    const struct fw_image *image;
    struct fw_tiff_tree tree;
    struct fw_still_bytes exif; /* the tree's values point into it */
    struct fw_still_bytes notes[3];
    uint8_t values[VALUES_MAX][8]; /* of tags of our own */
    uint32_t value_count;
    struct fw_still_bytes packed; /* all strips */
    size_t packed_room;
    uint8_t *strip_starts; /* as written */
    uint8_t *strip_sizes;
    uint8_t *strip; /* one, not packed */
    uint8_t color_map[3 * 256 * 2];
    uint32_t strip_count;
    int32_t strip_rows;
    size_t row_bytes;
    int level;
};

static int fail_memory(struct fw_error *err)
{
    return fw_fail(err, FW_ERR_MEMORY, "no memory for a picture");
}

/* ---- strips ------------------------------------------------------------------------------- */

/* What a row is stored as: differences to the sample before, in the file's order of bytes. */
static void store_row(const struct tiff_out *self, int32_t y, uint8_t *to)
{
    const struct fw_format *format = self->image->format;
    const uint8_t *from = self->image->data[0] + (ptrdiff_t)y * self->image->stride[0];
    const size_t step = format->component_count;
    const bool differences = self->level > 0 && !(format->flags & FW_FORMAT_PALETTE);
    if (fw_format_depth(format) < 8 || !differences) {
        memcpy(to, from, self->row_bytes);
    } else if (fw_format_depth(format) == 8) {
        for (size_t i = 0; i < self->row_bytes; i++)
            to[i] = (uint8_t)(from[i] - (i < step ? 0 : from[i - step]));
        return;
    }
    if (fw_format_depth(format) <= 8)
        return;
    for (size_t i = 0; i < self->row_bytes / 2; i++) {
        uint32_t value = fw_tiff_get(false, from + 2 * i, 2);
        if (differences && i >= step)
            value -= fw_tiff_get(false, from + 2 * (i - step), 2);
        fw_tiff_put(self->tree.big, to + 2 * i, 2, value & 0xffff);
    }
}

static int pack_strip(struct tiff_out *self, struct libdeflate_compressor *packer, size_t bytes,
                      size_t *used_out)
{
    const size_t most = packer ? libdeflate_zlib_compress_bound(packer, bytes) : bytes;
    if (self->packed_room - self->packed.count < most + 1) {
        size_t room = self->packed_room * 2 + most + 1;
        uint8_t *grown = realloc(self->packed.bytes, room);
        if (!grown)
            return -1;
        self->packed.bytes = grown;
        self->packed_room = room;
    }
    uint8_t *to = self->packed.bytes + self->packed.count;
    if (packer)
        *used_out = libdeflate_zlib_compress(packer, self->strip, bytes, to, most);
    else
        memcpy(to, self->strip, *used_out = bytes);
    return *used_out > 0 ? 0 : -1;
}

static int pack_strips(struct tiff_out *self, struct libdeflate_compressor *packer,
                       struct fw_error *err)
{
    const int32_t height = self->image->height;
    for (uint32_t i = 0; i < self->strip_count; i++) {
        const int32_t first = (int32_t)i * self->strip_rows;
        int32_t rows = height - first < self->strip_rows ? height - first : self->strip_rows;
        size_t used = 0;
        for (int32_t y = 0; y < rows; y++)
            store_row(self, first + y, self->strip + (size_t)y * self->row_bytes);
        if (pack_strip(self, packer, (size_t)rows * self->row_bytes, &used) < 0)
            return fail_memory(err);
        if (HEAD_BYTES + self->packed.count + used > UINT32_MAX - FW_NOTES_BYTES_MAX * 2)
            return fw_fail(err, FW_ERR_USAGE, "TIFF holds no more than 4 GiB\nhint: use png");
        fw_tiff_put(self->tree.big, self->strip_starts + 4 * (size_t)i, 4,
                    (uint32_t)(HEAD_BYTES + self->packed.count));
        fw_tiff_put(self->tree.big, self->strip_sizes + 4 * (size_t)i, 4, (uint32_t)used);
        self->packed.count += used;
    }
    if (self->packed.count & 1)
        self->packed.bytes[self->packed.count++] = 0;
    return FW_OK;
}

static int make_strips(struct tiff_out *self, struct fw_error *err)
{
    const struct fw_image *image = self->image;
    self->row_bytes = fw_format_row_bytes(image->format, 0, image->width);
    self->strip_rows = (int32_t)(STRIP_BYTES / self->row_bytes);
    self->strip_rows = self->strip_rows < 1 ? 1 : self->strip_rows;
    if (self->strip_rows > image->height)
        self->strip_rows = image->height;
    self->strip_count = (uint32_t)((image->height + self->strip_rows - 1) / self->strip_rows);
    self->strip_starts = calloc(self->strip_count, 4);
    self->strip_sizes = calloc(self->strip_count, 4);
    self->strip = malloc((size_t)self->strip_rows * self->row_bytes);
    if (!self->strip_starts || !self->strip_sizes || !self->strip)
        return fail_memory(err);
    struct libdeflate_compressor *packer = NULL;
    if (self->level > 0 && !(packer = libdeflate_alloc_compressor(self->level)))
        return fail_memory(err);
    int status = pack_strips(self, packer, err);
    if (packer)
        libdeflate_free_compressor(packer);
    return status;
}

/* ---- the directory ------------------------------------------------------------------------ */

static int add_bytes(struct tiff_out *self, uint32_t tag, uint32_t type, uint32_t count,
                     const uint8_t *value)
{
    const struct fw_tiff_entry entry = { (uint16_t)tag, (uint16_t)type, count, value,
                                         (size_t)count * fw_tiff_type_bytes(type) };
    return fw_tiff_add(&self->tree.folders[FW_TIFF_MAIN], &entry);
}

/* Up to four equal SHORTs, or one LONG. */
static int add_number(struct tiff_out *self, uint32_t tag, uint32_t type, uint32_t count,
                      uint32_t value)
{
    FW_CHECK(self->value_count < VALUES_MAX && count <= 4);
    uint8_t *at = self->values[self->value_count++];
    for (uint32_t i = 0; i < count; i++)
        fw_tiff_put(self->tree.big, at + (size_t)i * fw_tiff_type_bytes(type),
                    fw_tiff_type_bytes(type), value);
    return add_bytes(self, tag, type, count, at);
}

static uint32_t photometric(const struct fw_format *format)
{
    if (format->flags & FW_FORMAT_PALETTE)
        return 3;
    if (format->component_count >= 3)
        return 2;
    return strcmp(format->name, "monow") == 0 ? 0 : 1;
}

static int add_palette(struct tiff_out *self)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t argb;
        memcpy(&argb, self->image->data[1] + (size_t)4 * i, sizeof(argb));
        for (uint32_t k = 0; k < 3; k++)
            fw_tiff_put(self->tree.big, self->color_map + 2 * (256 * (size_t)k + i), 2,
                        (argb >> (16 - 8 * k) & 255) * 257);
    }
    return add_bytes(self, FW_TIFF_COLOR_MAP, FW_TIFF_SHORT, 3 * 256, self->color_map);
}

static int add_structure(struct tiff_out *self)
{
    const struct fw_format *format = self->image->format;
    const bool palette = format->flags & FW_FORMAT_PALETTE;
    const uint32_t depth = fw_format_depth(format);
    const uint32_t samples = palette ? 1 : format->component_count;
    int bad = 0;
    bad |= add_number(self, FW_TIFF_WIDTH, FW_TIFF_LONG, 1, (uint32_t)self->image->width);
    bad |= add_number(self, FW_TIFF_HEIGHT, FW_TIFF_LONG, 1, (uint32_t)self->image->height);
    bad |= add_number(self, FW_TIFF_BITS, FW_TIFF_SHORT, samples, depth);
    bad |= add_number(self, FW_TIFF_COMPRESSION, FW_TIFF_SHORT, 1,
                      self->level > 0 ? PACK_DEFLATE : PACK_NONE);
    bad |= add_number(self, FW_TIFF_PHOTOMETRIC, FW_TIFF_SHORT, 1, photometric(format));
    bad |= add_bytes(self, FW_TIFF_STRIPS, FW_TIFF_LONG, self->strip_count, self->strip_starts);
    bad |= add_number(self, FW_TIFF_SAMPLES, FW_TIFF_SHORT, 1, samples);
    bad |= add_number(self, FW_TIFF_STRIP_ROWS, FW_TIFF_LONG, 1, (uint32_t)self->strip_rows);
    bad |= add_bytes(self, FW_TIFF_STRIP_BYTES, FW_TIFF_LONG, self->strip_count, self->strip_sizes);
    bad |= add_number(self, FW_TIFF_PLANAR, FW_TIFF_SHORT, 1, 1);
    if (self->level > 0 && depth >= 8 && !palette)
        bad |= add_number(self, FW_TIFF_PREDICTOR, FW_TIFF_SHORT, 1, 2);
    if (palette)
        bad |= add_palette(self);
    else if (format->flags & FW_FORMAT_ALPHA)
        bad |= add_number(self, FW_TIFF_EXTRA_SAMPLES, FW_TIFF_SHORT, 1, 2);
    return bad;
}

/* Pixels per inch, rounded to a hundredth. */
static int add_density(struct tiff_out *self)
{
    const struct fw_still_writing *writing = &self->writer->writing;
    const struct fw_note *note = writing->wish.strip
                                     ? NULL
                                     : fw_notes_find(writing->notes, FW_NOTE_DENSITY);
    struct fw_density density;
    int bad = 0;
    if (!note || note->plain_bytes != sizeof(density) ||
        fw_tiff_find(&self->tree.folders[FW_TIFF_MAIN], FW_TIFF_X_RESOLUTION))
        return 0;
    memcpy(&density, note->plain, sizeof(density));
    const uint32_t sides[2] = { density.x, density.y };
    for (uint32_t i = 0; i < 2; i++) {
        uint8_t *at = self->values[self->value_count++];
        const uint64_t inch = ((uint64_t)sides[i] * 254 + 50) / 100;
        fw_tiff_put(self->tree.big, at, 4, density.metres ? (uint32_t)inch : sides[i]);
        fw_tiff_put(self->tree.big, at + 4, 4, density.metres ? 100 : 1);
        bad |= add_bytes(self, FW_TIFF_X_RESOLUTION + i, FW_TIFF_RATIONAL, 1, at);
    }
    bad |= add_number(self, FW_TIFF_RESOLUTION_UNIT, FW_TIFF_SHORT, 1, density.metres ? 2 : 1);
    return bad;
}

/* The EXIF block begins the tree; without one, or with a broken one, the tree is empty. */
static int begin_tree(struct tiff_out *self, struct fw_error *err)
{
    const struct fw_still_writing *writing = &self->writer->writing;
    struct fw_tiff_list *main = &self->tree.folders[FW_TIFF_MAIN];
    uint32_t kept = 0;
    int status = fw_still_carry(writing, FW_NOTE_EXIF, &self->exif, err);
    if (status < 0 || !self->exif.bytes)
        return status;
    if (fw_tiff_tree_init(&self->tree, self->exif.bytes, self->exif.count) < 0) {
        fw_tiff_tree_deinit(&self->tree);
        fw_losses_add(writing->losses, "metadata", -1, "EXIF: its block is damaged");
        return FW_OK;
    }
    for (uint32_t i = 0; i < main->count; i++) {
        if (!fw_tiff_is_structure(main->entries[i].tag) && main->entries[i].type != FW_TIFF_IFD)
            main->entries[kept++] = main->entries[i];
    }
    main->count = kept;
    return FW_OK;
}

/* Records of IPTC that stand alone in their block go where most programs look for them. */
static bool is_iptc_alone(const struct fw_still_bytes *block)
{
    if (block->count < 12 || memcmp(block->bytes, "8BIM\x04\x04\0\0", 8) != 0)
        return false;
    const size_t bytes = fw_tiff_get(true, block->bytes + 8, 4);
    return bytes > 0 && bytes <= block->count - 12 && block->count - 12 - bytes <= 1;
}

static int add_notes(struct tiff_out *self, struct fw_error *err)
{
    static const enum fw_note_kind kinds[3] = { FW_NOTE_XMP, FW_NOTE_ICC, FW_NOTE_IPTC };
    static const uint16_t tags[3] = { FW_TIFF_XMP, FW_TIFF_ICC, FW_TIFF_PHOTOSHOP };
    static const uint8_t types[3] = { FW_TIFF_BYTE, FW_TIFF_UNDEFINED, FW_TIFF_BYTE };
    int bad = 0;
    for (uint32_t i = 0; i < 3; i++) {
        struct fw_still_bytes *note = &self->notes[i];
        int status = fw_still_carry(&self->writer->writing, kinds[i], note, err);
        if (status < 0)
            return status;
        if (!note->bytes)
            continue;
        if (kinds[i] == FW_NOTE_IPTC && is_iptc_alone(note))
            bad |= add_bytes(self, FW_TIFF_IPTC, FW_TIFF_BYTE,
                             fw_tiff_get(true, note->bytes + 8, 4), note->bytes + 12);
        else
            bad |= add_bytes(self, tags[i], types[i], (uint32_t)note->count, note->bytes);
    }
    return bad ? fail_memory(err) : FW_OK;
}

static int write_all(struct tiff_out *self, struct fw_error *err)
{
    struct fw_still_out *out = &self->writer->out;
    struct fw_still_bytes folders = { 0 };
    uint8_t head[HEAD_BYTES];
    const uint32_t start = (uint32_t)(HEAD_BYTES + self->packed.count);
    if (fw_tiff_tree_pack(&self->tree, start, &folders) < 0)
        return fail_memory(err);
    memcpy(head, self->tree.big ? "MM" : "II", 2);
    fw_tiff_put(self->tree.big, head + 2, 2, 42);
    fw_tiff_put(self->tree.big, head + 4, 4, start);
    int status = fw_still_out_write(out, head, sizeof(head), err);
    if (status == FW_OK)
        status = fw_still_out_write(out, self->packed.bytes, self->packed.count, err);
    if (status == FW_OK)
        status = fw_still_out_write(out, folders.bytes, folders.count, err);
    free(folders.bytes);
    return status;
}

static int build(struct tiff_out *self, struct fw_error *err)
{
    int status = begin_tree(self, err);
    if (status == FW_OK)
        status = make_strips(self, err);
    if (status == FW_OK && (add_structure(self) < 0 || add_density(self) < 0))
        status = fail_memory(err);
    if (status == FW_OK)
        status = add_notes(self, err);
    return status == FW_OK ? write_all(self, err) : status;
}

int fw_tiff_write(struct fw_still_writer *writer, const struct fw_image *image,
                  struct fw_error *err)
{
    const int32_t wished = writer->writing.wish.compression_plus1;
    struct tiff_out *self = calloc(1, sizeof(*self));
    if (!self)
        return fail_memory(err);
    self->writer = writer;
    self->image = image;
    self->level = wished > 0 ? wished - 1 : LEVEL;
    int status = build(self, err);
    fw_tiff_tree_deinit(&self->tree);
    free(self->exif.bytes);
    for (uint32_t i = 0; i < 3; i++)
        free(self->notes[i].bytes);
    free(self->packed.bytes);
    free(self->strip_starts);
    free(self->strip_sizes);
    free(self->strip);
    free(self);
    return status;
}
