/*
 * Bytes of an open descriptor, for a demuxer that can open nothing else.
 *
 * A regular file is read at a position of our own; a pipe is waited for in short steps, so that the
 * process beats and an abort ends the wait.
 */
#ifndef FW_PIPELINE_AVIO_H
#define FW_PIPELINE_AVIO_H

#include "filters/filter.h"

#include <libavformat/avformat.h>

#include <stdbool.h>

#define FW_INPUT_HEAD 16

struct fw_control;
struct fw_proc;

struct fw_input {
    int fd; /* borrowed */
    struct fw_control *control;
    struct fw_proc *proc;
    bool seekable;
    int64_t base; /* where the descriptor stood: position 0 */
    int64_t position;
    int64_t bytes; /* of the whole input; -1 for a pipe */
    uint64_t bytes_read;
    uint8_t head[FW_INPUT_HEAD]; /* a pipe's first bytes, looked at before they were read */
    size_t head_bytes;
    int error;      /* errno of a failed read; 0: none */
    bool cancelled; /* the job was aborted */
    bool drained;   /* the job ends early: the input counts as ended */
};

int fw_input_init(struct fw_input *input, int fd, struct fw_control *control, struct fw_proc *proc,
                  struct fw_error *err) FW_MUST_CHECK;
/* Copies up to FW_INPUT_HEAD first bytes without taking them. Returns their number. */
size_t fw_input_peek(struct fw_input *input, uint8_t head[FW_INPUT_HEAD]);
/* Returns the bytes read, less than asked for only at the end; 0 at the end; -1 on a failure (see
 * `error`, `cancelled`). */
ssize_t fw_input_read_all(struct fw_input *input, void *data, size_t bytes);
/* Whether the job was aborted meanwhile. */
bool fw_input_aborted(struct fw_input *input);
/* FW_OK, or the failure of the last read: FW_ERR_CANCELLED or FW_ERR_INPUT. */
int fw_input_status(const struct fw_input *input, struct fw_error *err) FW_MUST_CHECK;

/* NULL without memory. Free with fw_input_close_avio. */
AVIOContext *fw_input_open_avio(struct fw_input *input);
void fw_input_close_avio(AVIOContext **avio);
/* For AVFormatContext.io_open: refuses every name. */
int fw_input_refuse(AVFormatContext *format, AVIOContext **avio, const char *url, int flags,
                    AVDictionary **options);

#endif
