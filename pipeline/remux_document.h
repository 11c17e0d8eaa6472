/* An input as a JSON document: streams, chapters, tags. */
#ifndef FW_PIPELINE_REMUX_DOCUMENT_H
#define FW_PIPELINE_REMUX_DOCUMENT_H

#include <jansson.h>

struct fw_media;
struct fw_stream_plan;
struct fw_plan;

/* {"format", "duration_s", ..., "streams": [...], "video": {...}, "chapters", "metadata"}. */
json_t *fw_media_json(const struct fw_media *media);
/* What happens to each stream: [{"input", "type", "codec", "action", "output", "to"}]. */
json_t *fw_stream_plans_json(const struct fw_media *media, const struct fw_stream_plan *streams,
                             const char *encoder);

#endif
