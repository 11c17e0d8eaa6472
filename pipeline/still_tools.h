/* What the kinds of pictures share beyond still_impl.h: whole files, offers, the nearest format,
 * rows in another order of bytes, and notes that a file takes or does not. */
#ifndef FW_PIPELINE_STILL_TOOLS_H
#define FW_PIPELINE_STILL_TOOLS_H

#include "still_impl.h"

struct fw_still_bytes {
    uint8_t *bytes; /* free() */
    size_t count;
};

/* The whole file with `spare` zero bytes behind it; to be freed. Files of more than 1 GiB, or of
 * far more than a picture of the limits takes, are FW_ERR_INPUT. */
int fw_still_load(const struct fw_still_reader *reader, size_t spare, struct fw_still_bytes *out,
                  struct fw_error *err) FW_MUST_CHECK;

/* A still's link: RGB and gray are full range. */
void fw_still_video_init(struct fw_video *video, const struct fw_format *format, int32_t width,
                         int32_t height);
/* Fills the next offer with the head's size; returns the count with it. */
uint32_t fw_still_offer(struct fw_still_offer *offers, uint32_t count,
                        const struct fw_still_reader *reader, const char *format, bool raw);
/* Whether a file of this kind holds indices and a palette. */
bool fw_still_holds_palette(enum fw_still_kind kind);

/* The one of `names` (ended by NULL) that is nearest to what a chain gives; what it cannot hold is
 * listed. Palettes are taken by a writer that names pal8, and by no other. */
const struct fw_format *fw_still_nearest(const char *const *names, const struct fw_still_wish *wish,
                                         const struct fw_video *have,
                                         const struct fw_still_head *source,
                                         struct fw_losses *losses);

/* The same samples in this machine's order of bytes; the format itself when they are. */
const struct fw_format *fw_still_native(const struct fw_format *format);
/* Pixels of one format to another that holds the same: other order of bytes, palette to rgb24,
 * rgba or bgra, one bit to gray, an unused byte to opaque alpha. -1: no such step is known. */
int fw_still_place(const struct fw_image *to, const struct fw_image *from) FW_MUST_CHECK;
/* Colours of a picture whose alpha is multiplied in, 8 or 16 bits native, brought back. */
void fw_still_unmultiply(const struct fw_image *image);

/* A copy of the plain form of a note, with orientation and size as the written picture has them;
 * {NULL, 0} when there is none or notes are not wanted. */
int fw_still_carry(const struct fw_still_writing *writing, enum fw_note_kind kind,
                   struct fw_still_bytes *out, struct fw_error *err) FW_MUST_CHECK;
/* Lists the notes whose kind is no bit (1 << enum fw_note_kind) of `held`. */
void fw_still_list_lost(const struct fw_still_writing *writing, uint32_t held);

#endif
