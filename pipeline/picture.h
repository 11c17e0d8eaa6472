/* Frames of a link as the filters see them, and what the ring says of them. */
#ifndef FW_PIPELINE_PICTURE_H
#define FW_PIPELINE_PICTURE_H

#include "frame_info.h"
#include "link.h"
#include "plan.h"

#include "filters/image.h"

/* What all pictures of a link share. */
struct fw_picture {
    struct fw_video video;
    struct fw_image_layout layout;
    uint64_t slot_bytes;
};

/* One picture in a slot, as an input of a filter. */
struct fw_pictured {
    struct fw_frame frame;
    struct fw_hdr hdr; /* what frame.hdr points to, where it does */
};

/* FW_ERR_INTERNAL when the link is no picture. */
int fw_picture_init(struct fw_picture *picture, const struct fw_link *link, uint64_t slot_bytes,
                    struct fw_error *err) FW_MUST_CHECK;
/* Whether a frame is of the link's size and format. */
bool fw_picture_fits(const struct fw_picture *picture, const struct fw_frame_info *info);
/* The filters only read through the pointers: a slot of another process may be mapped read-only. */
void fw_picture_read(const struct fw_picture *picture, const struct fw_frame_info *info,
                     const uint8_t *slot, uint64_t index, struct fw_pictured *pictured);
/* Lays the image of an output into a slot. */
void fw_picture_place(const struct fw_picture *picture, uint8_t *slot, struct fw_image *image);
/* What became of a frame; side data is that of `info_out` as it was. */
void fw_picture_describe(const struct fw_picture *picture, const struct fw_frame *frame,
                         struct fw_frame_info *info_out);

/* The last picture, to be repeated by --on-poison hold. Zeroed: none. */
struct fw_held {
    uint8_t *pixels; /* NULL: none */
    size_t bytes;
    struct fw_frame_info info;
};
/* The repeated picture's info takes the place in time of output `taken`, which has none. */
void fw_held_retime(struct fw_held *held, const struct fw_taken *taken,
                    const struct fw_hop_plan *hop);
int fw_held_keep(struct fw_held *held, const struct fw_taken *taken,
                 struct fw_error *err) FW_MUST_CHECK;
void fw_held_deinit(struct fw_held *held);

#endif
