/* AVFrame and AVPixelFormat to fw_image and fw_format, and nothing else. Exactness lives here:
 * cropping, side data, time stamps are carried, never guessed. */
#ifndef FW_PIPELINE_AVFRAME_H
#define FW_PIPELINE_AVFRAME_H

#include "frame_info.h"

#include <libavutil/frame.h>
#include <libavutil/pixfmt.h>

/* NULL when the table of formats has no such row (hardware formats). */
const struct fw_format *fw_format_from_av(enum AVPixelFormat format);
enum AVPixelFormat fw_format_to_av(const struct fw_format *format);

/* Everything of a frame but its pixels and side data. Crop fields are applied to the size. */
void fw_frame_info_from_av(struct fw_frame_info *info, const AVFrame *frame);
/* Copies the visible pixels of `frame`, crop applied exactly, to an image laid out by
 * fw_image_layout at `base`. */
int fw_avframe_store(const AVFrame *frame, void *base, size_t base_bytes,
                     struct fw_error *err) FW_MUST_CHECK;
/* Packs the frame's side data that belongs to the picture (captions, time code, HDR, AFD, film
 * grain, ICC, SEI user data, ...) into `blob`. Returns bytes; sets *lost to the number of entries
 * that did not fit or cannot travel. */
uint32_t fw_avframe_store_side(const AVFrame *frame, void *blob, uint32_t room, uint32_t *lost);

/* A read-only frame over the pixels at `base` (no copy; buf[0] set, freed without effect), with
 * info and side data from a checked blob. The pixels must outlive the frame and every reference to
 * it: use fw_avframe_load for an encoder that may keep one. */
int fw_avframe_wrap(AVFrame *frame, const struct fw_frame_info *info, const void *base,
                    const void *blob, struct fw_error *err) FW_MUST_CHECK;
/* The same with the pixels copied to memory of the frame's own. */
int fw_avframe_load(AVFrame *frame, const struct fw_frame_info *info, const void *base,
                    const void *blob, struct fw_error *err) FW_MUST_CHECK;

#endif
