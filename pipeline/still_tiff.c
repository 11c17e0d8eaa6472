/* Directories of tagged values: read with every offset checked, and laid out anew. */
#include "still_tiff.h"

#include "filters/check.h"

#include <stdlib.h>
#include <string.h>

uint32_t fw_tiff_get(bool big, const uint8_t *at, uint32_t width)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < width; i++)
        value |= (uint32_t)at[i] << 8 * (big ? width - 1 - i : i);
    return value;
}

void fw_tiff_put(bool big, uint8_t *at, uint32_t width, uint32_t value)
{
    for (uint32_t i = 0; i < width; i++)
        at[i] = (uint8_t)(value >> 8 * (big ? width - 1 - i : i));
}

uint32_t fw_tiff_type_bytes(uint32_t type)
{
    static const uint8_t bytes[] = { 0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4 };
    return type < FW_COUNT(bytes) ? bytes[type] : 0;
}

uint32_t fw_tiff_number(const struct fw_tiff_tree *tree, const struct fw_tiff_entry *entry,
                        uint32_t index, uint32_t otherwise)
{
    if (!entry || index >= entry->count ||
        (entry->type != FW_TIFF_BYTE && entry->type != FW_TIFF_SHORT &&
         entry->type != FW_TIFF_LONG))
        return otherwise;
    const uint32_t width = fw_tiff_type_bytes(entry->type);
    return fw_tiff_get(tree->big, entry->value + (size_t)index * width, width);
}

const struct fw_tiff_entry *fw_tiff_find(const struct fw_tiff_list *list, uint32_t tag)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->entries[i].tag == tag)
            return &list->entries[i];
    }
    return NULL;
}

void fw_tiff_remove(struct fw_tiff_list *list, uint32_t tag)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->entries[i].tag != tag)
            list->entries[kept++] = list->entries[i];
    }
    list->count = kept;
}

int fw_tiff_add(struct fw_tiff_list *list, const struct fw_tiff_entry *entry)
{
    fw_tiff_remove(list, entry->tag);
    if (list->count == FW_TIFF_ENTRIES_MAX)
        return -1;
    if (list->count == list->room) {
        uint32_t room = list->room ? list->room * 2 : 32;
        struct fw_tiff_entry *entries = reallocarray(list->entries, room, sizeof(*entries));
        if (!entries)
            return -1;
        list->entries = entries;
        list->room = room;
    }
    list->entries[list->count++] = *entry;
    return 0;
}

void fw_tiff_tree_deinit(struct fw_tiff_tree *tree)
{
    for (uint32_t i = 0; i < FW_TIFF_FOLDERS; i++)
        free(tree->folders[i].entries);
    memset(tree, 0, sizeof(*tree));
}

bool fw_tiff_is_structure(uint32_t tag)
{
    static const uint16_t tags[] = {
        254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266,   273,   277,   278,   279, 280,
        281, 284, 288, 289, 290, 291, 292, 293, 301, 317, 320,   321,   322,   323,   324, 325,
        326, 327, 328, 330, 332, 334, 338, 339, 340, 341, 342,   347,   512,   513,   514, 515,
        517, 518, 519, 520, 521, 529, 530, 531, 532, 700, 33723, 34377, 34675, 37724,
    };
    for (size_t i = 0; i < FW_COUNT(tags); i++) {
        if (tags[i] == tag)
            return true;
    }
    return false;
}

/* ---- reading ------------------------------------------------------------------------------ */

struct source {
    const uint8_t *bytes;
    size_t count;
    bool big;
};

/* false: broken, and to be left out. */
static bool read_entry(const struct source *in, size_t at, struct fw_tiff_entry *entry)
{
    entry->tag = (uint16_t)fw_tiff_get(in->big, in->bytes + at, 2);
    entry->type = (uint16_t)fw_tiff_get(in->big, in->bytes + at + 2, 2);
    entry->count = fw_tiff_get(in->big, in->bytes + at + 4, 4);
    const uint64_t bytes = (uint64_t)entry->count * fw_tiff_type_bytes(entry->type);
    const size_t where = bytes <= 4 ? at + 8 : fw_tiff_get(in->big, in->bytes + at + 8, 4);
    if (bytes == 0 || bytes > in->count || where > in->count - bytes)
        return false;
    entry->value = in->bytes + where;
    entry->bytes = (size_t)bytes;
    return true;
}

static int folder_of_tag(uint32_t tag)
{
    switch (tag) {
    case FW_TIFF_EXIF:
        return FW_TIFF_IN_EXIF;
    case FW_TIFF_GPS:
        return FW_TIFF_IN_GPS;
    case FW_TIFF_INTEROP:
        return FW_TIFF_IN_INTEROP;
    default:
        return -1;
    }
}

/* Folders that are still to be read: offsets by enum fw_tiff_folder, 0: none. */
static int read_folder(struct fw_tiff_tree *tree, const struct source *in, uint32_t folder,
                       uint32_t starts[FW_TIFF_FOLDERS])
{
    const size_t at = starts[folder];
    if (at < 8 || in->count < 2 || at > in->count - 2)
        return -1;
    const uint32_t entries = fw_tiff_get(in->big, in->bytes + at, 2);
    if (entries == 0 || entries > FW_TIFF_ENTRIES_MAX || at + 2 + 12 * (size_t)entries > in->count)
        return -1;
    for (uint32_t i = 0; i < entries; i++) {
        struct fw_tiff_entry entry;
        if (!read_entry(in, at + 2 + 12 * (size_t)i, &entry))
            continue;
        const int points_to = folder_of_tag(entry.tag);
        const bool pointer = entry.bytes == 4 &&
                             (entry.type == FW_TIFF_LONG || entry.type == FW_TIFF_IFD);
        if (points_to >= 0) {
            /* Only downwards, so that no chain of folders has a loop. */
            if (pointer && points_to > (int)folder)
                starts[points_to] = fw_tiff_get(in->big, entry.value, 4);
        } else if (fw_tiff_add(&tree->folders[folder], &entry) < 0) {
            return -1;
        }
    }
    const size_t end = at + 2 + 12 * (size_t)entries;
    if (folder == FW_TIFF_MAIN && end + 4 <= in->count) {
        tree->whole = true;
        tree->next = fw_tiff_get(in->big, in->bytes + end, 4);
    }
    return 0;
}

int fw_tiff_tree_init(struct fw_tiff_tree *tree, const uint8_t *bytes, size_t count)
{
    uint32_t starts[FW_TIFF_FOLDERS] = { 0 };
    memset(tree, 0, sizeof(*tree));
    if (count < 8 || bytes[0] != bytes[1] || (bytes[0] != 'I' && bytes[0] != 'M'))
        return -1;
    const struct source in = { bytes, count, bytes[0] == 'M' };
    tree->big = in.big;
    starts[FW_TIFF_MAIN] = fw_tiff_get(in.big, bytes + 4, 4);
    if (fw_tiff_get(in.big, bytes + 2, 2) != 42 || read_folder(tree, &in, FW_TIFF_MAIN, starts) < 0)
        return -1;
    for (uint32_t i = 1; i < FW_TIFF_FOLDERS; i++) {
        /* What a broken folder held before it broke is no use. */
        if (starts[i] && read_folder(tree, &in, i, starts) < 0)
            tree->folders[i].count = 0;
    }
    return 0;
}

/* ---- packing ------------------------------------------------------------------------------ */

static int by_tag(const void *first, const void *second)
{
    const struct fw_tiff_entry *a = first;
    const struct fw_tiff_entry *b = second;
    return a->tag < b->tag ? -1 : a->tag > b->tag;
}

static size_t even(size_t bytes)
{
    return bytes + (bytes & 1);
}

static size_t folder_bytes(const struct fw_tiff_list *list)
{
    size_t bytes = 2 + 12 * (size_t)list->count + 4;
    for (uint32_t i = 0; i < list->count; i++)
        bytes += list->entries[i].bytes > 4 ? even(list->entries[i].bytes) : 0;
    return even(bytes);
}

static void pack_folder(const struct fw_tiff_tree *tree, uint32_t folder, uint32_t start,
                        uint8_t *to)
{
    const struct fw_tiff_list *list = &tree->folders[folder];
    uint8_t *entry_at = to + 2;
    size_t used = 2 + 12 * (size_t)list->count + 4;
    fw_tiff_put(tree->big, to, 2, list->count);
    for (uint32_t i = 0; i < list->count; i++, entry_at += 12) {
        const struct fw_tiff_entry *entry = &list->entries[i];
        fw_tiff_put(tree->big, entry_at, 2, entry->tag);
        fw_tiff_put(tree->big, entry_at + 2, 2, entry->type);
        fw_tiff_put(tree->big, entry_at + 4, 4, entry->count);
        if (entry->bytes <= 4) {
            memcpy(entry_at + 8, entry->value, entry->bytes);
            continue;
        }
        fw_tiff_put(tree->big, entry_at + 8, 4, (uint32_t)(start + used));
        memcpy(to + used, entry->value, entry->bytes);
        used += even(entry->bytes);
    }
}

int fw_tiff_tree_pack(struct fw_tiff_tree *tree, uint32_t base, struct fw_still_bytes *out)
{
    static const uint16_t tags[FW_TIFF_FOLDERS] = { 0, FW_TIFF_EXIF, FW_TIFF_GPS, FW_TIFF_INTEROP };
    static const uint8_t parents[FW_TIFF_FOLDERS] = { 0, FW_TIFF_MAIN, FW_TIFF_MAIN,
                                                      FW_TIFF_IN_EXIF };
    uint8_t pointers[FW_TIFF_FOLDERS][4] = { 0 };
    size_t starts[FW_TIFF_FOLDERS] = { 0 };
    size_t bytes = 0;
    memset(out, 0, sizeof(*out));
    if (tree->folders[FW_TIFF_IN_INTEROP].count > 0 && tree->folders[FW_TIFF_IN_EXIF].count == 0)
        tree->folders[FW_TIFF_IN_INTEROP].count = 0;
    for (uint32_t i = FW_TIFF_FOLDERS - 1; i > 0; i--) {
        const struct fw_tiff_entry entry = { tags[i], FW_TIFF_LONG, 1, pointers[i], 4 };
        if (tree->folders[i].count > 0 && fw_tiff_add(&tree->folders[parents[i]], &entry) < 0)
            return -1;
    }
    for (uint32_t i = 0; i < FW_TIFF_FOLDERS; i++) {
        starts[i] = base + bytes;
        bytes += i == 0 || tree->folders[i].count > 0 ? folder_bytes(&tree->folders[i]) : 0;
        if (tree->folders[i].count > 0)
            qsort(tree->folders[i].entries, tree->folders[i].count, sizeof(struct fw_tiff_entry),
                  by_tag);
        fw_tiff_put(tree->big, pointers[i], 4, (uint32_t)starts[i]);
    }
    out->bytes = starts[0] + bytes <= UINT32_MAX ? calloc(1, bytes) : NULL;
    out->count = bytes;
    for (uint32_t i = 0; out->bytes && i < FW_TIFF_FOLDERS; i++) {
        if (i == 0 || tree->folders[i].count > 0)
            pack_folder(tree, i, (uint32_t)starts[i], out->bytes + (starts[i] - base));
    }
    /* The pointers were this function's own. */
    for (uint32_t i = 1; i < FW_TIFF_FOLDERS; i++)
        fw_tiff_remove(&tree->folders[parents[i]], tags[i]);
    return out->bytes ? 0 : -1;
}
