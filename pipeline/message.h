/*
 * Messages between a role and its supervisor, over one socket pair each.
 *
 * A message is a header and `bytes` of payload. The supervisor never blocks on a child: it collects
 * bytes as they come and hands out whole messages; a payload over FW_MESSAGE_MAX ends the job.
 */
#ifndef FW_PIPELINE_MESSAGE_H
#define FW_PIPELINE_MESSAGE_H

#include "filters/filter.h"

#include <stdbool.h>

#define FW_MESSAGE_MAX (256u << 20)

enum fw_message_kind {
    FW_MESSAGE_MEDIA = 1, /* decoder: the packed struct fw_media */
    FW_MESSAGE_GO,        /* supervisor to decoder: struct fw_plan */
    FW_MESSAGE_READY,     /* role: open, locked, about to run; uint32_t sandbox layers */
    FW_MESSAGE_LOSSES,    /* role: array of struct fw_loss */
    FW_MESSAGE_LOG,       /* role: text worth the user's while */
    FW_MESSAGE_RESULT,    /* role, last: its struct fw_*_result */
    FW_MESSAGE_PROGRESS,  /* job of a batch: struct fw_progress */
    FW_MESSAGE_NAMING     /* job of a batch: struct fw_job_made; goes on after one byte back */
};

struct fw_message_header {
    uint32_t kind;
    uint32_t reserved;
    uint64_t bytes;
};

/* Blocking, for roles and for the supervisor's GO. FW_ERR_SYSTEM when the other end is gone. */
int fw_message_send(int fd, enum fw_message_kind kind, const void *payload, size_t bytes,
                    struct fw_error *err) FW_MUST_CHECK;
/* Blocking, for roles. The caller frees *payload_out. FW_ERR_CANCELLED when the supervisor is gone.
 */
int fw_message_receive(int fd, struct fw_message_header *header, void **payload_out,
                       struct fw_error *err) FW_MUST_CHECK;

/* The supervisor's side of one child. Zeroed: empty. */
struct fw_message_inbox {
    uint8_t *data;
    size_t start; /* of what is not popped yet, */
    size_t bytes; /* and how much that is */
    size_t room;
    bool closed; /* the child's end is closed, or nothing more of it is read after a failure */
};
/* Reads what is there without blocking, and not for ever: of a flood it leaves the rest. */
int fw_message_collect(struct fw_message_inbox *inbox, int fd, struct fw_error *err) FW_MUST_CHECK;
/* The first whole message, borrowed until the next call on this inbox; false when there is none. */
bool fw_message_peek(const struct fw_message_inbox *inbox, struct fw_message_header *header,
                     const void **payload_out);
void fw_message_pop(struct fw_message_inbox *inbox);
void fw_message_inbox_deinit(struct fw_message_inbox *inbox);

#endif
