/* The lines between a library caller and its helper process. */
#ifndef FW_PIPELINE_HELPER_H
#define FW_PIPELINE_HELPER_H

#include "framewheel.h"

#include <jansson.h>

#define FW_HELPER_FD 3
#define FW_HELPER_CANCEL_FD 4

/* A text of any bytes as JSON and back; NULL is null. unpack returns memory from malloc. */
json_t *fw_helper_pack(const char *text);
char *fw_helper_unpack(const json_t *value);
/* One record as a line; takes the reference. */
int fw_helper_send(int fd, json_t *record, struct fw_error *err) FW_MUST_CHECK;
/* One line, from malloc; NULL with *err set. Reads no byte beyond the line. */
char *fw_helper_receive(int fd, struct fw_error *err);
json_t *fw_helper_progress(const struct fw_progress *progress);
/* Calls the callback that a record is for. */
void fw_helper_deliver(const json_t *record, const struct fw_events *events);

#endif
