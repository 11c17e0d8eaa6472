/* The list of losses as JSON, the same in plans and reports. */
#ifndef FW_PIPELINE_LOSSES_DOCUMENT_H
#define FW_PIPELINE_LOSSES_DOCUMENT_H

#include "losses.h"

#include <jansson.h>

/* [{"kind", "stream", "detail"}]; `losses` may be NULL when there are none. */
void fw_json_append_losses(json_t *list, const struct fw_loss *losses, uint32_t count);

#endif
