/* -map: which streams of the input go to the output. */
#ifndef FW_PIPELINE_SINK_MAP_H
#define FW_PIPELINE_SINK_MAP_H

#include "remux.h"
#include "settings.h"
#include "sink.h"

#include <stdbool.h>

/* Syntax alone, without an input; all faults are added to err. */
int fw_maps_check(const struct fw_settings *settings, struct fw_error *err) FW_MUST_CHECK;
/* Streams in output order. `order` has FW_STREAMS_MAX places; the main video is always among them.
 * Streams that several maps name are written once, which is listed (NULL: not). */
int fw_maps_apply(const struct fw_settings *settings, const struct fw_media *media,
                  uint32_t order[FW_STREAMS_MAX], uint32_t *count_out, struct fw_losses *losses,
                  struct fw_error *err) FW_MUST_CHECK;

#endif
