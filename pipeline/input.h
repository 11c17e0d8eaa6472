/* Opens the input: a name as bytes, standard input, or pictures. Runs in the supervisor; reads
 * nothing. */
#ifndef FW_PIPELINE_INPUT_H
#define FW_PIPELINE_INPUT_H

#include "process.h"
#include "settings.h"

/* A descriptor above 2 for `path`, "-" for standard input. FW_ERR_INPUT: missing, a directory, not
 * readable. */
int fw_input_open(int *fd_out, const char *path, struct fw_error *err) FW_MUST_CHECK;

/* The input of a job. Begin with FW_OPENED_NONE. */
struct fw_opened {
    int fd; /* of the file; of pictures: where fw_file_ask asks for them */
    struct fw_process opener;
};
#define FW_OPENED_NONE ((struct fw_opened){ .fd = -1 })

/* For settings that fw_sequence_recognize has seen. Pictures get a process that knows their names
 * and opens them one by one: whoever decodes them can open nothing. */
int fw_opened_open(struct fw_opened *opened, const struct fw_settings *settings,
                   struct fw_error *err) FW_MUST_CHECK;
void fw_opened_close(struct fw_opened *opened);

#endif
