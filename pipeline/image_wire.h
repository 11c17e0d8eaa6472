/* What pool and worker say to each other: one packet of a SOCK_SEQPACKET pair each. */
#ifndef FW_PIPELINE_IMAGE_WIRE_H
#define FW_PIPELINE_IMAGE_WIRE_H

#include "image_pool.h"

#define FW_WIRE_LOSSES_MAX 64u

enum fw_wire_kind {
    FW_WIRE_READY = 1, /* worker: locked; number: sandbox layers */
    FW_WIRE_TASK,      /* pool, with two descriptors; still, flags */
    FW_WIRE_WANT,      /* worker: number bytes for a picture; waits for GRANT */
    FW_WIRE_GRANT,     /* pool: number threads may work on it */
    FW_WIRE_DONE       /* worker: err, outcome, cpu_ns, losses */
};
enum fw_wire_flags { FW_WIRE_SYNC = 1u << 0 };

struct fw_wire {
    uint32_t kind;
    uint32_t flags;
    uint64_t id;
    uint64_t number;
    uint32_t still;
    uint32_t loss_count; /* that follow the packet's fixed part */
    uint64_t cpu_ns;
    struct fw_image_outcome outcome;
    struct fw_error err;
    struct fw_loss losses[FW_WIRE_LOSSES_MAX];
};

/* Sends the used part, with up to two descriptors. FW_END when the other end is gone. */
int fw_wire_send(int fd, const struct fw_wire *wire, const int *fds, uint32_t fd_count,
                 struct fw_error *err) FW_MUST_CHECK;
/* FW_END: nothing there (with `nowait`), or the other end is gone: *gone_out. A packet of another
 * shape is FW_ERR_INTERNAL. Descriptors that nobody asked for are closed. */
int fw_wire_receive(int fd, bool nowait, struct fw_wire *wire, int *fds, uint32_t fd_count,
                    bool *gone_out, struct fw_error *err) FW_MUST_CHECK;

/* The body of a worker: returns when the pool's end is closed. */
struct fw_image_worker {
    const struct fw_pool_options *options;
    uint64_t free_bytes;
    int socket;
};
int fw_image_worker_run(void *worker);

#endif
