/*
 * Numbered pictures as output: made in a hidden folder beside their names, given those when all of
 * them are complete and durable. Private to publish*.c.
 */
#ifndef FW_PIPELINE_PUBLISH_PICTURES_H
#define FW_PIPELINE_PUBLISH_PICTURES_H

#include "publish.h"

#include "pattern.h"
#include "process.h"

struct fw_output_pictures {
    struct fw_pattern pattern;
    uint64_t first;
    char hidden_name[64];
    int hidden_fd;
    int life_fd;
    struct fw_process keeper;
};

/* As fw_output_check, of the first number and of what is known to be in the way. */
int fw_output_pictures_check(const struct fw_settings *settings, const struct fw_pattern *pattern,
                             int dir_fd, int input_fd, bool *skip,
                             struct fw_error *err) FW_MUST_CHECK;
/* Under the output's lock. `frames`: how many there will be; 0: not known. */
int fw_output_pictures_open(struct fw_output *output, const struct fw_settings *settings,
                            const struct fw_pattern *pattern, uint64_t frames,
                            struct fw_error *err) FW_MUST_CHECK;
/* `name` gets the pattern of the names that were given. */
int fw_output_pictures_commit(struct fw_output *output, bool interrupted, char *name, size_t bytes,
                              struct fw_error *err) FW_MUST_CHECK;
void fw_output_pictures_close(struct fw_output *output);

#endif
