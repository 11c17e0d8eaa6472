/* What an output does not hold of its input, and why: a list that people read. */
#ifndef FW_PIPELINE_LOSSES_H
#define FW_PIPELINE_LOSSES_H

#include "filters/filter.h"

/* A loss that the defaults allow. kind: "stream", "converted", "timestamps", "metadata",
 * "side-data", "attachment", "chapter", "rotation", "field-order", ... */
struct fw_loss {
    char kind[24];
    int32_t stream; /* input stream index, or -1 */
    char detail[228];
};
struct fw_losses {
    struct fw_loss *items;
    uint32_t count;
    uint32_t room;
};
void fw_losses_add(struct fw_losses *losses, const char *kind, int32_t stream, const char *format,
                   ...) FW_PRINTF(4, 5);
void fw_losses_deinit(struct fw_losses *losses);

#endif
