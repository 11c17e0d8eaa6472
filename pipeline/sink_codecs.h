/* What the codec libraries of this machine hold. */
#ifndef FW_PIPELINE_SINK_CODECS_H
#define FW_PIPELINE_SINK_CODECS_H

#include <jansson.h>
#include <stdbool.h>

/* The codec libraries stay silent from here on, in this process and those forked from it. */
void fw_sink_silence(void);
bool fw_sink_has_encoder(const char *name);
/* {"libavcodec": {"built": "59.37.100", "running": "59.37.100"}, ...} */
json_t *fw_sink_library_versions(void);

#endif
