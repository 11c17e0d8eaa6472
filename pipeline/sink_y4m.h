/* Which pixel formats y4m has. */
#ifndef FW_PIPELINE_SINK_Y4M_H
#define FW_PIPELINE_SINK_Y4M_H

#include <stdint.h>

/* Names in the table's order; NULL behind the last. */
const char *fw_y4m_format_at(uint32_t index);

#endif
