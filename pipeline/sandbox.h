/*
 * Takes rights away from a process, for good: no new privileges, limits, Landlock, seccomp.
 *
 * Called in a child after it holds everything it needs. Never in the supervisor, never in
 * --isolation=threads.
 */
#ifndef FW_PIPELINE_SANDBOX_H
#define FW_PIPELINE_SANDBOX_H

#include "settings.h"

/* Heap, code, stacks and codec tables of one process: the least for RLIMIT_AS. glibc reserves 64
 * MiB for each thread that allocates, and codecs start a thread for each core. */
#define FW_ADDRESS_SPACE_BASE (8ull << 30)

enum fw_sandbox_role {
    FW_SANDBOX_DECODER, /* compute, read and lseek on open descriptors */
    FW_SANDBOX_WORKER,  /* compute */
    FW_SANDBOX_ENCODER, /* compute, read, write, lseek, fsync, ftruncate on open descriptors */
    FW_SANDBOX_IMAGES,  /* compute, read, write, lseek, fsync on open descriptors, take new ones */
    FW_SANDBOX_LOADER   /* compute, map code of readable files, and enter another lock */
};

enum fw_sandbox_layer {
    FW_LAYER_NO_NEW_PRIVS = 1u << 0,
    FW_LAYER_RLIMITS = 1u << 1,
    FW_LAYER_LANDLOCK = 1u << 2,
    FW_LAYER_SECCOMP = 1u << 3,
    FW_LAYER_SCOPE = 1u << 4 /* Landlock's signal and socket scopes */
};

struct fw_sandbox_options {
    enum fw_sandbox_role role;
    enum fw_sandbox_mode mode;
    uint64_t address_space;        /* bytes for RLIMIT_AS; 0: unlimited */
    const char *const *read_paths; /* files and folders that stay readable (reads_files filters) */
    uint32_t read_path_count;
    uint32_t spare_files; /* descriptors that will be handed in later, at a time */
};

/* All threads of the process are locked (TSYNC). *layers_out says which layers hold. AUTO: a layer
 * that the kernel lacks is left out; STRICT: FW_ERR_LIMIT when seccomp or Landlock is missing. Any
 * other failure of a layer is FW_ERR_LIMIT in both. OFF: does nothing. */
int fw_sandbox_enter(const struct fw_sandbox_options *options, uint32_t *layers_out,
                     struct fw_error *err) FW_MUST_CHECK;
/* "no_new_privs,rlimits,landlock,seccomp" for a report; "off" when none. */
void fw_sandbox_describe(uint32_t layers, char *text, size_t bytes);
/* What this kernel offers, for doctor; changes nothing. */
uint32_t fw_sandbox_available(int *landlock_abi_out);

#endif
