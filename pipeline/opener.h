/*
 * The process that opens the pictures of a sequence, one by one, for a decoder that cannot open
 * anything. It reads no byte of them. It ends when nobody is left who could ask.
 */
#ifndef FW_PIPELINE_OPENER_H
#define FW_PIPELINE_OPENER_H

#include "process.h"
#include "sequence.h"

/* `sequence` is inherited; the caller closes its own. *socket_out: where to ask (file_wire.h). */
int fw_opener_start(struct fw_process *process, const struct fw_sequence *sequence, int *socket_out,
                    struct fw_error *err) FW_MUST_CHECK;

#endif
