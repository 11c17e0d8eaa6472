/* What a TIFF file says of its picture, and a file that says no more than its decoder must know. */
#include "still_tiff.h"

#include "filters/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_BYTES_MAX ((size_t)1 << 20) /* of one tag beside the known ones */
#define PAGES_MAX 10000u
#define MULTIPLIED 1u
#define UNSIGNED 1u
#define PACK_DEFLATE 8u
#define PACK_DEFLATE_OLD 32946u

/* What libavcodec's decoder knows and needs. Anything else would make it fail or guess. */
static bool decoder_needs(uint32_t tag)
{
    static const uint16_t tags[] = { 256, 257, 258, 259, 262, 266, 273, 277, 278, 279,
                                     284, 292, 293, 317, 320, 322, 323, 324, 325, 530 };
    for (size_t i = 0; i < FW_COUNT(tags); i++) {
        if (tags[i] == tag)
            return true;
    }
    return false;
}

static int check_chunks(const struct fw_tiff_tree *tree, const struct fw_still_bytes *file,
                        uint64_t most, struct fw_error *err)
{
    const struct fw_tiff_list *main = &tree->folders[FW_TIFF_MAIN];
    const bool tiled = fw_tiff_find(main, FW_TIFF_TILES);
    const struct fw_tiff_entry *starts = fw_tiff_find(main, tiled ? FW_TIFF_TILES : FW_TIFF_STRIPS);
    const struct fw_tiff_entry *sizes = fw_tiff_find(main, tiled ? FW_TIFF_TILE_BYTES
                                                                 : FW_TIFF_STRIP_BYTES);
    if (!starts || !sizes || starts->count != sizes->count)
        return fw_fail(err, FW_ERR_INPUT, "the file does not say where its pixels are");
    for (uint32_t i = 0; i < starts->count; i++) {
        const uint64_t start = fw_tiff_number(tree, starts, i, 0);
        const uint64_t bytes = fw_tiff_number(tree, sizes, i, 0);
        if (start < 8 || bytes == 0 || start + bytes > file->count)
            return fw_fail(err, FW_ERR_INPUT, "the file ends early, or strip %u is damaged", i);
    }
    const uint32_t packing = fw_tiff_number(tree, fw_tiff_find(main, FW_TIFF_COMPRESSION), 0, 1);
    const uint32_t order = fw_tiff_number(tree, fw_tiff_find(main, FW_TIFF_FILL_ORDER), 0, 1);
    if ((packing == PACK_DEFLATE || packing == PACK_DEFLATE_OLD) && order == 1)
        return fw_tiff_check_sums(tree, starts, sizes, file->bytes, most, err);
    return FW_OK;
}

static int check_kind(const struct fw_tiff_tree *tree, struct fw_error *err)
{
    const struct fw_tiff_list *main = &tree->folders[FW_TIFF_MAIN];
    const struct fw_tiff_entry *form = fw_tiff_find(main, FW_TIFF_SAMPLE_FORMAT);
    if (fw_tiff_find(main, FW_TIFF_DNG_VERSION) ||
        (fw_tiff_number(tree, fw_tiff_find(main, FW_TIFF_SUBFILE), 0, 0) & 1))
        return fw_fail(err, FW_ERR_INPUT,
                       "a camera's raw file cannot be read\nhint: develop it to TIFF first");
    for (uint32_t i = 0; form && i < form->count; i++) {
        const uint32_t kind = fw_tiff_number(tree, form, i, UNSIGNED);
        if (kind != UNSIGNED && kind != 4)
            return fw_fail(err, FW_ERR_INPUT, "TIFF with %s samples cannot be read",
                           kind == 3 ? "float" : "signed");
    }
    return FW_OK;
}

/* What libavcodec's decoder takes for something else, or gives up on as if it were damaged. */
static int check_decodable(const struct fw_tiff_tree *tree, struct fw_error *err)
{
    static const struct {
        uint16_t number;
        const char *name;
    } packings[] = { { 6, "JPEG" },          { 7, "JPEG" },     { 34712, "JPEG 2000" },
                     { 50000, "Zstandard" }, { 50001, "WebP" }, { 34925, "LZMA" },
                     { 34887, "LERC" } };
    const struct fw_tiff_list *main = &tree->folders[FW_TIFF_MAIN];
    const uint32_t packing = fw_tiff_number(tree, fw_tiff_find(main, FW_TIFF_COMPRESSION), 0, 1);
    const uint32_t meaning = fw_tiff_number(tree, fw_tiff_find(main, FW_TIFF_PHOTOMETRIC), 0, 1);
    const struct fw_tiff_entry *bits = fw_tiff_find(main, FW_TIFF_BITS);
    for (size_t i = 0; i < FW_COUNT(packings); i++) {
        if (packings[i].number == packing)
            return fw_fail(err, FW_ERR_INPUT, "TIFF with %s inside cannot be read",
                           packings[i].name);
    }
    if (fw_tiff_find(main, FW_TIFF_TILES))
        return fw_fail(err, FW_ERR_INPUT, "tiled TIFF cannot be read\nhint: write it in strips");
    if (meaning == 8 || meaning == 9 || meaning == 10)
        return fw_fail(err, FW_ERR_INPUT, "TIFF in CIE L*a*b* cannot be read");
    for (uint32_t i = 0; bits && i < bits->count; i++) {
        const uint32_t depth = fw_tiff_number(tree, bits, i, 8);
        if (depth != 1 && depth != 2 && depth != 4 && depth != 8 && depth != 16)
            return fw_fail(err, FW_ERR_INPUT, "TIFF of %u bits a sample cannot be read", depth);
    }
    return FW_OK;
}

static bool rational(const struct fw_tiff_tree *tree, uint32_t tag, double *value_out)
{
    const struct fw_tiff_entry *entry = fw_tiff_find(&tree->folders[FW_TIFF_MAIN], tag);
    if (!entry || entry->type != FW_TIFF_RATIONAL)
        return false;
    const uint32_t num = fw_tiff_get(tree->big, entry->value, 4);
    const uint32_t den = fw_tiff_get(tree->big, entry->value + 4, 4);
    *value_out = den ? (double)num / den : 0;
    return num > 0 && den > 0;
}

static int note_density(struct fw_still_reader *reader, const struct fw_tiff_tree *tree,
                        struct fw_error *err)
{
    double x = 0;
    double y = 0;
    const uint32_t unit = fw_tiff_number(
        tree, fw_tiff_find(&tree->folders[FW_TIFF_MAIN], FW_TIFF_RESOLUTION_UNIT), 0, 2);
    const double a_metre = unit == 3 ? 100 : unit == 2 ? 1 / 0.0254 : 1;
    if (!rational(tree, FW_TIFF_X_RESOLUTION, &x) || !rational(tree, FW_TIFF_Y_RESOLUTION, &y))
        return FW_OK;
    x = x * a_metre + 0.5;
    y = y * a_metre + 0.5;
    if (x < 1 || y < 1 || x >= INT32_MAX || y >= INT32_MAX)
        return FW_OK;
    const struct fw_density density = { (uint32_t)x, (uint32_t)y, unit != 1 };
    return fw_notes_add(&reader->notes, FW_NOTE_DENSITY, "resolution", 0, NULL, 0, &density,
                        sizeof(density), err);
}

/* Records of IPTC alone become the one Photoshop block that holds them. */
static int note_iptc(struct fw_still_reader *reader, const struct fw_tiff_entry *entry,
                     struct fw_error *err)
{
    static const uint8_t head[8] = "8BIM\x04\x04\0";
    const size_t bytes = 12 + entry->bytes + (entry->bytes & 1);
    uint8_t *block = calloc(1, bytes);
    if (!block)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for metadata");
    memcpy(block, head, sizeof(head));
    fw_tiff_put(true, block + 8, 4, (uint32_t)entry->bytes);
    memcpy(block + 12, entry->value, entry->bytes);
    int status = fw_notes_add(&reader->notes, FW_NOTE_IPTC, "IPTC", 0, NULL, 0, block, bytes, err);
    free(block);
    return status;
}

static int note_known(struct fw_still_reader *reader, const struct fw_tiff_tree *tree,
                      struct fw_error *err)
{
    static const struct {
        uint16_t tag;
        enum fw_note_kind kind;
        const char *name;
    } known[] = { { FW_TIFF_XMP, FW_NOTE_XMP, "XMP" },
                  { FW_TIFF_ICC, FW_NOTE_ICC, "ICC" },
                  { FW_TIFF_PHOTOSHOP, FW_NOTE_IPTC, "Photoshop" } };
    const struct fw_tiff_list *main = &tree->folders[FW_TIFF_MAIN];
    const struct fw_tiff_entry *iptc = fw_tiff_find(main, FW_TIFF_IPTC);
    int status = FW_OK;
    for (size_t i = 0; i < FW_COUNT(known) && status == FW_OK; i++) {
        const struct fw_tiff_entry *entry = fw_tiff_find(main, known[i].tag);
        if (entry)
            status = fw_notes_add(&reader->notes, known[i].kind, known[i].name, 0, NULL, 0,
                                  entry->value, entry->bytes, err);
    }
    if (status == FW_OK && iptc && !fw_tiff_find(main, FW_TIFF_PHOTOSHOP))
        status = note_iptc(reader, iptc, err);
    return status == FW_OK ? note_density(reader, tree, err) : status;
}

/* All that is said of the picture, as a block of EXIF. */
static int note_exif(struct fw_still_reader *reader, struct fw_tiff_tree *tree,
                     struct fw_error *err)
{
    struct fw_tiff_list *main = &tree->folders[FW_TIFF_MAIN];
    struct fw_still_bytes folders = { 0 };
    uint32_t kept = 0;
    for (uint32_t i = 0; i < main->count; i++) {
        const struct fw_tiff_entry *entry = &main->entries[i];
        if (fw_tiff_is_structure(entry->tag) || entry->type == FW_TIFF_IFD)
            continue;
        if (entry->bytes > NOTE_BYTES_MAX)
            fw_losses_add(&reader->losses, "metadata", -1, "tag %u: too long", entry->tag);
        else
            main->entries[kept++] = *entry;
    }
    main->count = kept;
    if (kept == 0 && tree->folders[FW_TIFF_IN_EXIF].count == 0 &&
        tree->folders[FW_TIFF_IN_GPS].count == 0)
        return FW_OK;
    if (fw_tiff_tree_pack(tree, 8, &folders) < 0)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for metadata");
    int status = FW_ERR_MEMORY;
    uint8_t *block = malloc(8 + folders.count);
    if (block) {
        memcpy(block, tree->big ? "MM" : "II", 2);
        fw_tiff_put(tree->big, block + 2, 2, 42);
        fw_tiff_put(tree->big, block + 4, 4, 8);
        memcpy(block + 8, folders.bytes, folders.count);
        status = fw_notes_add(&reader->notes, FW_NOTE_EXIF, "EXIF", 0, NULL, 0, block,
                              8 + folders.count, err);
    } else {
        status = fw_fail(err, FW_ERR_MEMORY, "no memory for metadata");
    }
    free(block);
    free(folders.bytes);
    return status;
}

/* Pages beside the first one are not read; how many is told. */
static void list_pages(struct fw_still_reader *reader, const struct fw_tiff_tree *tree,
                       const struct fw_still_bytes *file)
{
    uint32_t pages = 0;
    size_t at = tree->next;
    while (at >= 8 && at + 2 <= file->count && pages < PAGES_MAX) {
        const size_t end = at + 2 + 12 * (size_t)fw_tiff_get(tree->big, file->bytes + at, 2);
        pages++;
        at = end + 4 <= file->count ? fw_tiff_get(tree->big, file->bytes + end, 4) : 0;
    }
    if (pages > 0)
        fw_losses_add(&reader->losses, "stream", -1, "further pages: %u", pages);
}

/* The folder keeps its place, entries that a decoder need not know are taken out, and it is the
 * last one. */
static void strip_folder(const struct fw_tiff_tree *tree, struct fw_still_bytes *file)
{
    uint8_t *folder = file->bytes + fw_tiff_get(tree->big, file->bytes + 4, 4);
    const uint32_t entries = fw_tiff_get(tree->big, folder, 2);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < entries; i++) {
        const uint8_t *entry = folder + 2 + 12 * (size_t)i;
        if (decoder_needs(fw_tiff_get(tree->big, entry, 2)))
            memmove(folder + 2 + 12 * (size_t)kept++, entry, 12);
    }
    fw_tiff_put(tree->big, folder, 2, kept);
    fw_tiff_put(tree->big, folder + 2 + 12 * (size_t)kept, 4, 0);
}

static int take_folder(struct fw_still_reader *reader, struct fw_tiff_tree *tree,
                       struct fw_still_bytes *file, struct fw_error *err)
{
    const struct fw_tiff_list *main = &tree->folders[FW_TIFF_MAIN];
    struct fw_still_head *head = &reader->head;
    const uint32_t turn = fw_tiff_number(tree, fw_tiff_find(main, FW_TIFF_ORIENTATION), 0, 1);
    int status = check_kind(tree, err);
    if (status == FW_OK)
        status = check_decodable(tree, err);
    if (status == FW_OK)
        status = check_chunks(tree, file, reader->limits.max_bytes, err);
    if (status == FW_OK)
        status = note_known(reader, tree, err);
    if (status < 0)
        return status;
    head->orientation = turn >= 1 && turn <= 8 ? turn : 1;
    list_pages(reader, tree, file);
    return note_exif(reader, tree, err);
}

int fw_tiff_prepare(struct fw_still_reader *reader, struct fw_still_bytes *file,
                    bool *multiplied_out, struct fw_error *err)
{
    struct fw_tiff_tree tree;
    int status = FW_OK;
    if (fw_tiff_tree_init(&tree, file->bytes, file->count) < 0 || !tree.whole)
        status = fw_fail(err, FW_ERR_INPUT, "the file ends early, or its directory is damaged");
    if (status == FW_OK) {
        const struct fw_tiff_entry *extra = fw_tiff_find(&tree.folders[FW_TIFF_MAIN],
                                                         FW_TIFF_EXTRA_SAMPLES);
        *multiplied_out = extra && fw_tiff_number(&tree, extra, 0, 0) == MULTIPLIED;
        status = take_folder(reader, &tree, file, err);
    }
    if (status == FW_OK)
        strip_folder(&tree, file);
    fw_tiff_tree_deinit(&tree);
    return status;
}
