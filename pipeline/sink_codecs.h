/* What the codec libraries of this machine hold. */
#ifndef FW_PIPELINE_SINK_CODECS_H
#define FW_PIPELINE_SINK_CODECS_H

#include <jansson.h>
#include <stdbool.h>

bool fw_sink_has_encoder(const char *name);
/* {"libavcodec": {"built": "59.37.100", "running": "59.37.100"}, ...} */
json_t *fw_sink_library_versions(void);

#endif
