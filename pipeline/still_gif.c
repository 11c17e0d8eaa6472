/* GIF: the blocks of a file and what is said in them; the codec. */
#include "still_gif.h"

#include "filters/check.h"
#include "filters/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES 13
#define XMP_TRAILER_BYTES 257

static uint16_t little16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static int fail_short(struct fw_error *err)
{
    return fw_fail(err, FW_ERR_INPUT, "the file ends early");
}

/* What was said since the last picture. */
struct walk {
    size_t at;
    struct fw_gif_picture control;
    bool looped;
};

/* The end of a chain of blocks, behind its empty one; 0: beyond the file. */
static size_t chain_end(const struct fw_still_bytes *file, size_t at)
{
    while (at < file->count) {
        size_t bytes = file->bytes[at++];
        if (bytes == 0)
            return at;
        at += bytes;
    }
    return 0;
}

/* The bytes of a chain of blocks without their lengths; to be freed. */
static int gather(const struct fw_still_bytes *file, size_t at, size_t end,
                  struct fw_still_bytes *out, struct fw_error *err)
{
    memset(out, 0, sizeof(*out));
    out->bytes = malloc(end - at);
    if (!out->bytes)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for metadata");
    while (file->bytes[at]) {
        memcpy(out->bytes + out->count, file->bytes + at + 1, file->bytes[at]);
        out->count += file->bytes[at];
        at += 1u + file->bytes[at];
    }
    return FW_OK;
}

static int note_chain(struct fw_gif_reader *self, enum fw_note_kind kind, const char *name,
                      size_t at, size_t end, struct fw_error *err)
{
    struct fw_still_bytes bytes;
    int status = gather(&self->file, at, end, &bytes, err);
    if (status == FW_OK)
        status = fw_notes_add(&self->common.notes, kind, name, self->count, NULL, 0, bytes.bytes,
                              bytes.count, err);
    free(bytes.bytes);
    return status;
}

static int take_application(struct fw_gif_reader *self, struct walk *walk, size_t end,
                            struct fw_error *err)
{
    const uint8_t *block = self->file.bytes + walk->at;
    const size_t data = walk->at + 12;
    char name[12] = "";
    if (block[0] != 11 || data >= end) {
        fw_losses_add(&self->common.losses, "metadata", -1, "an application's block");
        return FW_OK;
    }
    memcpy(name, block + 1, 11);
    if (strcmp(name, "NETSCAPE2.0") == 0 || strcmp(name, "ANIMEXTS1.0") == 0) {
        if (end - data >= 5 && block[12] == 3 && block[13] == 1) {
            uint16_t again = little16(block + 14);
            self->common.head.loop_count = again ? again + 1u : 0;
            walk->looped = true;
        }
        return FW_OK;
    }
    if (strcmp(name, "ICCRGBG1012") == 0)
        return note_chain(self, FW_NOTE_ICC, "ICCRGBG1012", data, end, err);
    if (strcmp(name, "XMP DataXMP") == 0 && end - data > XMP_TRAILER_BYTES + 1)
        return fw_notes_add(&self->common.notes, FW_NOTE_XMP, "XMP", 0, NULL, 0,
                            self->file.bytes + data, end - data - XMP_TRAILER_BYTES - 1, err);
    for (char *c = name; *c; c++)
        *c = *c >= ' ' && *c < 127 ? *c : '?';
    fw_losses_add(&self->common.losses, "metadata", -1, "block of the application %s", name);
    return FW_OK;
}

static int take_extension(struct fw_gif_reader *self, struct walk *walk, struct fw_error *err)
{
    if (walk->at + 1 >= self->file.count)
        return fail_short(err);
    const uint8_t label = self->file.bytes[walk->at++];
    const size_t end = chain_end(&self->file, walk->at);
    const uint8_t *block = self->file.bytes + walk->at;
    int status = FW_OK;
    if (end == 0)
        return fail_short(err);
    if (label == 0xf9 && block[0] == 4) {
        walk->control.disposal = block[1] >> 2 & 7;
        walk->control.delay_cs = little16(block + 2);
        walk->control.transparent = block[1] & 1 ? block[4] : -1;
    } else if (label == 0xff) {
        status = take_application(self, walk, end, err);
    } else if (label == 0xfe) {
        status = note_chain(self, FW_NOTE_TEXT, "Comment", walk->at, end, err);
    } else {
        fw_losses_add(&self->common.losses, "metadata", -1, "extension 0x%02x", label);
    }
    walk->at = end;
    return status;
}

static int keep_picture(struct fw_gif_reader *self, const struct fw_gif_picture *picture,
                        struct fw_error *err)
{
    uint32_t most = self->common.limits.max_frames;
    if (most > FW_STILL_FRAMES_MAX)
        most = FW_STILL_FRAMES_MAX;
    if (self->count >= most)
        return fw_fail(err, FW_ERR_INPUT, "more than %u pictures", most);
    if (self->count == self->room) {
        uint32_t room = self->room ? self->room * 2 : 16;
        struct fw_gif_picture *pictures = reallocarray(self->pictures, room, sizeof(*pictures));
        if (!pictures)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for a list of pictures");
        self->pictures = pictures;
        self->room = room;
    }
    self->pictures[self->count++] = *picture;
    return FW_OK;
}

static int take_picture(struct fw_gif_reader *self, struct walk *walk, struct fw_error *err)
{
    struct fw_gif_picture *picture = &walk->control;
    if (self->file.count - walk->at < 10)
        return fail_short(err);
    const uint8_t *block = self->file.bytes + walk->at;
    picture->at = walk->at;
    picture->left = little16(block);
    picture->top = little16(block + 2);
    picture->width = little16(block + 4);
    picture->height = little16(block + 6);
    picture->interlaced = block[8] & 0x40;
    picture->colors = (uint16_t)(block[8] & 0x80 ? 2u << (block[8] & 7) : 0);
    size_t data = walk->at + 9 + (size_t)3 * picture->colors;
    walk->at = data < self->file.count ? chain_end(&self->file, data + 1) : 0;
    if (walk->at == 0)
        return fail_short(err);
    if (picture->width == 0 || picture->height == 0 || (!picture->colors && !self->table))
        return fw_fail(err, FW_ERR_INPUT, "picture %u is damaged", self->count);
    int status = keep_picture(self, picture, err);
    *picture = (struct fw_gif_picture){ .transparent = -1 };
    return status;
}

int fw_gif_walk(struct fw_gif_reader *self, struct fw_error *err)
{
    struct walk walk = { .at = HEAD_BYTES, .control = { .transparent = -1 } };
    const struct fw_still_bytes *file = &self->file;
    if (file->count < HEAD_BYTES)
        return fail_short(err);
    const uint8_t packed = file->bytes[10];
    if (packed & 0x80) {
        self->table = file->bytes + HEAD_BYTES;
        self->table_colors = 2u << (packed & 7);
        walk.at += (size_t)3 * self->table_colors;
    }
    self->common.head.loop_count = 1;
    for (;;) {
        if (walk.at >= file->count)
            return fail_short(err);
        const uint8_t mark = file->bytes[walk.at++];
        int status = FW_OK;
        if (mark == 0x3b)
            break;
        if (mark == 0x21)
            status = take_extension(self, &walk, err);
        else if (mark == 0x2c)
            status = take_picture(self, &walk, err);
        else if (mark != 0)
            status = fw_fail(err, FW_ERR_INPUT, "the file is damaged at byte %zu", walk.at - 1);
        if (status < 0)
            return status;
    }
    if (self->count == 0)
        return fw_fail(err, FW_ERR_INPUT, "there is no picture in it");
    return FW_OK;
}

static bool covers(const struct fw_gif_reader *self, const struct fw_gif_picture *picture)
{
    return picture->left == 0 && picture->top == 0 && picture->width >= self->common.head.width &&
           picture->height >= self->common.head.height;
}

/* What only the first picture, or clearing, can leave open. */
static bool is_opaque(const struct fw_gif_reader *self)
{
    const struct fw_gif_picture *first = &self->pictures[0];
    if (!covers(self, first) || first->transparent >= 0)
        return false;
    for (uint32_t i = 0; i + 1 < self->count; i++) {
        const struct fw_gif_picture *picture = &self->pictures[i];
        if (picture->disposal == FW_GIF_CLEAR || (i == 0 && picture->disposal == FW_GIF_RESTORE))
            return false;
    }
    return true;
}

static void copy_table(struct fw_gif_reader *self)
{
    struct fw_still_traits *traits = &self->common.head.traits;
    const struct fw_gif_picture *first = &self->pictures[0];
    const uint8_t *table = first->colors ? self->file.bytes + first->at + 9 : self->table;
    traits->palette_count = first->colors ? first->colors : (uint16_t)self->table_colors;
    for (uint32_t i = 0; i < traits->palette_count; i++) {
        memcpy(traits->palette[i], table + (size_t)3 * i, 3);
        traits->palette[i][3] = first->transparent == (int32_t)i ? 0 : 255;
    }
    if (first->transparent >= 0 && first->transparent < traits->palette_count)
        traits->palette_alpha_count = (uint16_t)(first->transparent + 1);
}

static int reader_open(struct fw_still_reader *reader, struct fw_error *err)
{
    struct fw_gif_reader *self = (struct fw_gif_reader *)reader;
    struct fw_still_head *head = &reader->head;
    int status = fw_still_load(reader, 0, &self->file, err);
    if (status < 0)
        return status;
    if (self->file.count < HEAD_BYTES)
        return fail_short(err);
    head->width = little16(self->file.bytes + 6);
    head->height = little16(self->file.bytes + 8);
    status = fw_still_check_size(reader, (uint64_t)head->width, (uint64_t)head->height, 4, err);
    if (status == FW_OK)
        status = fw_gif_walk(self, err);
    if (status < 0)
        return status;
    self->opaque = is_opaque(self);
    head->has_alpha = !self->opaque;
    head->bit_depth = 8;
    head->frame_count = self->count;
    copy_table(self);
    (void)snprintf(head->layout, sizeof(head->layout), "palette of %u%s%s",
                   head->traits.palette_count, self->opaque ? "" : ", transparent",
                   self->pictures[0].interlaced ? ", interlaced" : "");
    return FW_OK;
}

static uint32_t offers(const struct fw_still_reader *reader, enum fw_still_kind target,
                       struct fw_still_offer *list)
{
    const struct fw_gif_reader *self = (const struct fw_gif_reader *)reader;
    const bool keeps_alpha = target == FW_STILL_GIF || target == FW_STILL_PNG;
    uint32_t count = 0;
    if (self->count == 1 && covers(self, &self->pictures[0]) && fw_still_holds_palette(target) &&
        (self->opaque || keeps_alpha))
        count = fw_still_offer(list, count, reader, "pal8", true);
    return fw_still_offer(list, count, reader, self->opaque ? "rgb24" : "rgba", false);
}

static void reader_deinit(struct fw_still_reader *reader)
{
    struct fw_gif_reader *self = (struct fw_gif_reader *)reader;
    free(self->file.bytes);
    free(self->pictures);
    free(self->canvas);
    free(self->saved);
    free(self->indices);
}

const struct fw_still_codec fw_still_codec_gif = {
    .reader_bytes = sizeof(struct fw_gif_reader),
    .writer_bytes = sizeof(struct fw_gif_writer),
    .animates = true,
    .reader_open = reader_open,
    .offers = offers,
    .begin = fw_gif_begin,
    .next = fw_gif_next,
    .reader_deinit = reader_deinit,
    .fit = fw_gif_fit,
    .writer_open = fw_gif_writer_open,
    .frame = fw_gif_frame,
    .finish = fw_gif_finish,
    .writer_deinit = fw_gif_writer_deinit,
};
