/* How values that are text come into struct fw_settings. Every text is copied. */
#ifndef FW_PIPELINE_SETTINGS_STORE_H
#define FW_PIPELINE_SETTINGS_STORE_H

#include "settings.h"

int fw_store_text(char **field, const char *value, struct fw_error *err) FW_MUST_CHECK;
int fw_store_string(struct fw_strings *strings, const char *value,
                    struct fw_error *err) FW_MUST_CHECK;
/* An option for encoder, codec or muxer; the last one of a name wins. */
int fw_store_av(struct fw_settings *settings, const char *name, const char *value,
                struct fw_error *err) FW_MUST_CHECK;
/* FFmpeg's own -strict, which has nothing to do with the flag of that name. */
int fw_store_strictness(struct fw_settings *settings, const char *value,
                        struct fw_error *err) FW_MUST_CHECK;
/* "metadata:SPEC", as FFmpeg has it: g for the file, s[:STREAM] for streams of the output. */
int fw_store_stream_tag(struct fw_settings *settings, const char *specifier, const char *value,
                        struct fw_error *err) FW_MUST_CHECK;

#endif
