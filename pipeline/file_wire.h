/*
 * How a locked process gets files: it asks by number, and a process that knows the names answers
 * with an open descriptor. One packet of a SOCK_SEQPACKET pair each way.
 */
#ifndef FW_PIPELINE_FILE_WIRE_H
#define FW_PIPELINE_FILE_WIRE_H

#include "filters/filter.h"

enum fw_file_ask_kind {
    FW_FILE_COUNT = 1, /* of an input: how many pictures there are; no descriptor */
    FW_FILE_OPEN,      /* of an input: picture `number`, from 0, to read */
    FW_FILE_MAKE       /* of an output: file `number`, from 0, one after the other, to write */
};

struct fw_file_ask {
    uint32_t kind;
    uint32_t reserved;
    uint64_t number;
};

enum fw_file_flags { FW_FILE_REPEAT = 1u << 0 /* OPEN: the picture before it again */ };

struct fw_file_answer {
    uint32_t flags;
    uint32_t reserved;
    uint64_t count;      /* COUNT: pictures, repeated ones included */
    uint64_t left_out;   /* COUNT: other files of the folder */
    char name[256];      /* OPEN: the file's, for messages */
    struct fw_error err; /* status FW_OK, or why there is no descriptor */
};

/* Asks and waits. FW_ERR_DIED when nobody answers any more; a refusal is the answer's `err`. With a
 * descriptor, *fd_out is it, else -1. */
int fw_file_ask(int socket, const struct fw_file_ask *ask, struct fw_file_answer *answer,
                int *fd_out, struct fw_error *err) FW_MUST_CHECK;
/* The other side. FW_END: the one who asks is gone. */
int fw_file_hear(int socket, struct fw_file_ask *ask) FW_MUST_CHECK;
/* `fd` -1: none. It stays the caller's. FW_END: nobody is there to hear it. */
int fw_file_answer(int socket, const struct fw_file_answer *answer, int fd) FW_MUST_CHECK;
/* A pair: [0] for who asks, [1] for who answers; neither survives an exec. */
int fw_file_pair(int pair[2], struct fw_error *err) FW_MUST_CHECK;

#endif
