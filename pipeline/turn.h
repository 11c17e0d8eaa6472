/* EXIF's orientations: pictures turned and mirrored so that they stand upright, without loss. */
#ifndef FW_PIPELINE_TURN_H
#define FW_PIPELINE_TURN_H

#include "filters/filter.h"

#include <stdbool.h>

/* Whether pictures of a format stay pictures of it: not where samples share bytes, or where chroma
 * would be halved the other way. `orientation` is 1 to 8. */
bool fw_turn_fits(const struct fw_format *format, uint32_t orientation);
/* Size and aspect behind the turn. */
void fw_turn_video(struct fw_video *video, uint32_t orientation);
/* `to` has the size that fw_turn_video says, and shares no memory with `from`. */
void fw_turn_image(const struct fw_image *from, const struct fw_image *to, uint32_t orientation);

#endif
