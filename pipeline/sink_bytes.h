/*
 * Bytes to an open descriptor, every write checked. A regular file of our own is written by
 * position and can be read again; a pipe is written without ever blocking for longer than a beat.
 */
#ifndef FW_PIPELINE_SINK_BYTES_H
#define FW_PIPELINE_SINK_BYTES_H

#include "filters/filter.h"

#include <libavformat/avformat.h>

#include <stdbool.h>

struct fw_proc;
struct fw_control;

struct fw_sink_bytes {
    int fd;
    bool seekable;
    bool fifo;        /* a pipe: takes a page without blocking once it is ready */
    int64_t position; /* next write, where seekable */
    int64_t size;     /* end of what is written */
    uint64_t bytes;   /* written, rewritten ones too */
    int failure;      /* first errno; sticks */
    bool cancelled;
    struct fw_control *control;
    struct fw_proc *proc;
};

/* Looks at what `fd` is. */
void fw_sink_bytes_init(struct fw_sink_bytes *output, int fd, bool seekable,
                        struct fw_control *control, struct fw_proc *proc);
/* Everything or an error: FW_ERR_OUTPUT, FW_ERR_CANCELLED. */
int fw_sink_bytes_write(struct fw_sink_bytes *output, const void *data, size_t bytes,
                        struct fw_error *err) FW_MUST_CHECK;
/* The sticking failure in words, or FW_OK. */
int fw_sink_bytes_status(const struct fw_sink_bytes *output, struct fw_error *err);
/* To disk, where it is a file. */
int fw_sink_bytes_sync(struct fw_sink_bytes *output, struct fw_error *err) FW_MUST_CHECK;

/* libavformat's view of it. `output` outlives the context. */
AVIOContext *fw_sink_bytes_avio_create(struct fw_sink_bytes *output);
/* A reader over the same file from its start, with a position of its own. */
AVIOContext *fw_sink_bytes_reader_create(const struct fw_sink_bytes *output);
void fw_sink_bytes_avio_destroy(AVIOContext *avio); /* NULL ok; flushes nothing */

#endif
