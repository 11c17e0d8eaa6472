/* Directories of tagged values, as TIFF and EXIF have them. */
#ifndef FW_PIPELINE_STILL_TIFF_H
#define FW_PIPELINE_STILL_TIFF_H

#include "still_tools.h"

enum fw_tiff_tag {
    FW_TIFF_SUBFILE = 254,
    FW_TIFF_WIDTH = 256,
    FW_TIFF_HEIGHT = 257,
    FW_TIFF_BITS = 258,
    FW_TIFF_COMPRESSION = 259,
    FW_TIFF_PHOTOMETRIC = 262,
    FW_TIFF_FILL_ORDER = 266,
    FW_TIFF_STRIPS = 273,
    FW_TIFF_ORIENTATION = 274,
    FW_TIFF_SAMPLES = 277,
    FW_TIFF_STRIP_ROWS = 278,
    FW_TIFF_STRIP_BYTES = 279,
    FW_TIFF_X_RESOLUTION = 282,
    FW_TIFF_Y_RESOLUTION = 283,
    FW_TIFF_PLANAR = 284,
    FW_TIFF_RESOLUTION_UNIT = 296,
    FW_TIFF_PREDICTOR = 317,
    FW_TIFF_COLOR_MAP = 320,
    FW_TIFF_TILES = 324,
    FW_TIFF_TILE_BYTES = 325,
    FW_TIFF_EXTRA_SAMPLES = 338,
    FW_TIFF_SAMPLE_FORMAT = 339,
    FW_TIFF_XMP = 700,
    FW_TIFF_IPTC = 33723,
    FW_TIFF_PHOTOSHOP = 34377,
    FW_TIFF_EXIF = 34665,
    FW_TIFF_ICC = 34675,
    FW_TIFF_GPS = 34853,
    FW_TIFF_INTEROP = 40965,
    FW_TIFF_DNG_VERSION = 50706
};
enum fw_tiff_type {
    FW_TIFF_BYTE = 1,
    FW_TIFF_ASCII = 2,
    FW_TIFF_SHORT = 3,
    FW_TIFF_LONG = 4,
    FW_TIFF_RATIONAL = 5,
    FW_TIFF_UNDEFINED = 7,
    FW_TIFF_IFD = 13
};

struct fw_tiff_entry {
    uint16_t tag;
    uint16_t type;
    uint32_t count;
    const uint8_t *value; /* borrowed, in the tree's order of bytes */
    size_t bytes;
};

enum fw_tiff_folder { FW_TIFF_MAIN, FW_TIFF_IN_EXIF, FW_TIFF_IN_GPS, FW_TIFF_IN_INTEROP };
#define FW_TIFF_FOLDERS 4
#define FW_TIFF_ENTRIES_MAX 1024 /* of a folder */

struct fw_tiff_list {
    struct fw_tiff_entry *entries;
    uint32_t count;
    uint32_t room;
};

/* Entries that only point to another folder are not in the lists. */
struct fw_tiff_tree {
    bool big;
    uint32_t next; /* where the main folder's successor stands; 0: none */
    bool whole;    /* the bytes reach to where that is said */
    struct fw_tiff_list folders[FW_TIFF_FOLDERS];
};

uint32_t fw_tiff_get(bool big, const uint8_t *at, uint32_t width);
void fw_tiff_put(bool big, uint8_t *at, uint32_t width, uint32_t value);
/* Bytes of one value; 0: no such type. */
uint32_t fw_tiff_type_bytes(uint32_t type);
/* One number of an entry of BYTE, SHORT or LONG; `otherwise` when it has none. */
uint32_t fw_tiff_number(const struct fw_tiff_tree *tree, const struct fw_tiff_entry *entry,
                        uint32_t index, uint32_t otherwise);
const struct fw_tiff_entry *fw_tiff_find(const struct fw_tiff_list *list, uint32_t tag);

/* -1 when the main folder is broken or memory is short; broken entries are left out. The bytes must
 * outlive the tree. */
int fw_tiff_tree_init(struct fw_tiff_tree *tree, const uint8_t *bytes, size_t count) FW_MUST_CHECK;
void fw_tiff_tree_deinit(struct fw_tiff_tree *tree); /* zeroed ok */
/* Adds, or replaces one of the same tag. -1 without memory or beyond the most. */
int fw_tiff_add(struct fw_tiff_list *list, const struct fw_tiff_entry *entry) FW_MUST_CHECK;
void fw_tiff_remove(struct fw_tiff_list *list, uint32_t tag);
/* All folders as bytes that stand at `base` of a file, the main one first. -1 without memory. */
int fw_tiff_tree_pack(struct fw_tiff_tree *tree, uint32_t base,
                      struct fw_still_bytes *out) FW_MUST_CHECK;
/* Whether the tag says how the samples are stored, so that it belongs to the file and not to what
 * is said of the picture. */
bool fw_tiff_is_structure(uint32_t tag);

/* Looks at a TIFF file's first folder: fills head, notes and losses, checks that its data lie in
 * the file, and leaves in the bytes no more than what a decoder of the pixels must know. */
int fw_tiff_prepare(struct fw_still_reader *reader, struct fw_still_bytes *file,
                    bool *multiplied_out, struct fw_error *err) FW_MUST_CHECK;

/* Deflated chunks, which must lie in the file: inflates them all, to `most` bytes and a little. */
int fw_tiff_check_sums(const struct fw_tiff_tree *tree, const struct fw_tiff_entry *starts,
                       const struct fw_tiff_entry *sizes, const uint8_t *file, uint64_t most,
                       struct fw_error *err) FW_MUST_CHECK;

/* Writing, for the codec of still_lavc.c. */
const struct fw_format *fw_tiff_fit(const struct fw_still_wish *wish, const struct fw_video *have,
                                    const struct fw_still_head *source, struct fw_losses *losses);
int fw_tiff_write(struct fw_still_writer *writer, const struct fw_image *image,
                  struct fw_error *err) FW_MUST_CHECK;

#endif
