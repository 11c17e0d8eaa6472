/*
 * The process that makes the files of numbered pictures for an encoder that cannot open anything.
 *
 * They lie in a hidden folder until the supervisor gives them their names. When the supervisor goes
 * without a word, the keeper takes folder and lock away, so that a killed run leaves nothing.
 */
#ifndef FW_PIPELINE_KEEPER_H
#define FW_PIPELINE_KEEPER_H

#include "pattern.h"
#include "process.h"

/* Everything is borrowed, and inherited by the process. */
struct fw_keeper_plan {
    const struct fw_pattern *pattern;
    uint64_t first; /* number of the first file */
    int dir_fd;
    const char *hidden_name; /* of the folder in dir_fd */
    int hidden_fd;
    const char *lock_name;
    int lock_fd;
};

/* *socket_out: where the encoder asks (file_wire.h). *life_out: closing it without a kill tells
 * that the supervisor is gone. */
int fw_keeper_start(struct fw_process *process, const struct fw_keeper_plan *plan, int *socket_out,
                    int *life_out, struct fw_error *err) FW_MUST_CHECK;
/* Takes the folder away, with the files in it. What has its name and is no folder goes as well. */
void fw_keeper_clear(int dir_fd, const char *hidden_name);

#endif
