/* The lock of an output folder: a file whose holder is named in it. */
#ifndef FW_PIPELINE_LEDGER_LOCK_H
#define FW_PIPELINE_LEDGER_LOCK_H

#include "filters/filter.h"

#include <stdbool.h>

#define FW_HOLDER_TEXT 1024

struct fw_folder_lock {
    int dir_fd; /* -1: none */
    int fd;     /* -1: not held */
    char name[256];
};

/* Who holds a lock, as it says of itself. */
struct fw_lock_holder {
    bool held;
    long pid; /* 0: it could not write it */
    double since;
    char host[256];
    char command[FW_HOLDER_TEXT];
};

struct fw_lock_request {
    const char *folder;
    const char *name;    /* of the lock file */
    const char *shown;   /* what is locked, for messages */
    const char *command; /* for others' messages */
    bool wait;
    int cancel_fd;
};

/* FW_ERR_OUTPUT naming the holder; FW_ERR_CANCELLED while waiting. */
int fw_folder_lock_open(struct fw_folder_lock *lock, const struct fw_lock_request *request,
                        struct fw_error *err) FW_MUST_CHECK;
/* Removes the file and lets go. A lock that is zeroed but for its descriptors, -1, is fine. */
void fw_folder_lock_close(struct fw_folder_lock *lock);
/* Looks without taking anything; held is false when nobody has it, or it cannot be told. */
void fw_folder_lock_look(const char *folder, const char *name, struct fw_lock_holder *holder);

#endif
