/* The layers in their order: limits, no new privileges, files, system calls. */
#include "sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "filters/check.h"
#include "sandbox_layers.h"

/* Files that a filter with read_paths may hold open at a time. */
#define FILES_SPARE 16

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED                                                                                  \
    1 /* shadow memory is address space, and the leak checker traces its own process */
#else
#define SANITIZED 0
#endif

static const struct {
    uint32_t layer;
    const char *name;
} names[] = {
    { FW_LAYER_NO_NEW_PRIVS, "no_new_privs" },
    { FW_LAYER_RLIMITS, "rlimits" },
    { FW_LAYER_LANDLOCK, "landlock" },
    { FW_LAYER_SECCOMP, "seccomp" },
    { FW_LAYER_SCOPE, "scope" },
};

static int limit(int what, rlim_t value, const char *name, struct fw_error *err)
{
    struct rlimit old;
    if (getrlimit((__rlimit_resource_t)what, &old) < 0)
        return fw_fail(err, FW_ERR_LIMIT, "cannot read %s: %s", name, strerrordesc_np(errno));
    if (old.rlim_max < value)
        return FW_OK; /* somebody was stricter */
    const struct rlimit fresh = { value, value };
    if (setrlimit((__rlimit_resource_t)what, &fresh) < 0)
        return fw_fail(err, FW_ERR_LIMIT, "cannot set %s: %s", name, strerrordesc_np(errno));
    return FW_OK;
}

/* One more than the highest open descriptor; 0 when unknown. */
static rlim_t descriptors_in_use(void)
{
    long highest = -1;
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return 0;
    int own = dirfd(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        long fd = strtol(entry->d_name, NULL, 10);
        if (entry->d_name[0] != '.' && fd != own && fd > highest)
            highest = fd;
    }
    closedir(folder);
    return (rlim_t)(highest + 1);
}

static int enter_limits(const struct fw_sandbox_options *options, struct fw_error *err)
{
    int status = limit(RLIMIT_CORE, 0, "RLIMIT_CORE", err);
    if (status == FW_OK && options->address_space > 0 && !SANITIZED)
        status = limit(RLIMIT_AS, options->address_space, "RLIMIT_AS", err);
    /* A core handler that is a pipe ignores RLIMIT_CORE, but not this. */
    if (status == FW_OK && !SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        status = fw_fail(err, FW_ERR_LIMIT, "cannot forbid core dumps: %s", strerrordesc_np(errno));
    return status;
}

/* No descriptor beyond those in use. After Landlock, which needs one to get ready, and with the
 * count taken before it, when /proc could still be read. */
static int enter_file_limit(const struct fw_sandbox_options *options, rlim_t in_use,
                            struct fw_error *err)
{
    if (in_use == 0)
        return FW_OK;
    return limit(RLIMIT_NOFILE,
                 in_use + options->spare_files +
                     (options->read_path_count > 0 ? FILES_SPARE : 0),
                 "RLIMIT_NOFILE", err);
}

/* What --sandbox=strict asks for. */
static int check_strict(int abi, struct fw_error *err)
{
    if (SANITIZED)
        return fw_fail(err, FW_ERR_LIMIT,
                       "--sandbox=strict: this build has a sanitizer, which "
                       "seccomp would end");
    if (!fw_seccomp_available())
        return fw_fail(err, FW_ERR_LIMIT, "--sandbox=strict: this kernel has no seccomp filters");
    if (abi < 1)
        return fw_fail(err, FW_ERR_LIMIT,
                       "--sandbox=strict: this kernel has no Landlock\n"
                       "hint: --sandbox=auto uses the layers there are");
    return FW_OK;
}

int fw_sandbox_enter(const struct fw_sandbox_options *options, uint32_t *layers_out,
                     struct fw_error *err)
{
    bool scoped = false;
    *layers_out = 0;
    if (options->mode == FW_SANDBOX_OFF)
        return FW_OK;
    int abi = fw_landlock_abi();
    if (options->mode == FW_SANDBOX_STRICT && check_strict(abi, err) < 0)
        return FW_ERR_LIMIT;
    rlim_t files = descriptors_in_use();
    if (enter_limits(options, err) < 0)
        return FW_ERR_LIMIT;
    *layers_out |= FW_LAYER_RLIMITS;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return fw_fail(err, FW_ERR_LIMIT, "cannot set no_new_privs: %s", strerrordesc_np(errno));
    *layers_out |= FW_LAYER_NO_NEW_PRIVS;
    if (abi >= 1) {
        if (fw_landlock_enter(options, abi, &scoped, err) < 0)
            return FW_ERR_LIMIT;
        *layers_out |= FW_LAYER_LANDLOCK | (scoped ? FW_LAYER_SCOPE : 0u);
    }
    if (enter_file_limit(options, files, err) < 0)
        return FW_ERR_LIMIT;
    if (fw_seccomp_available()) {
        if (fw_seccomp_enter(options, err) < 0)
            return FW_ERR_LIMIT;
        *layers_out |= FW_LAYER_SECCOMP;
    }
    return FW_OK;
}

void fw_sandbox_describe(uint32_t layers, char *text, size_t bytes)
{
    size_t used = 0;
    (void)snprintf(text, bytes, "off");
    for (size_t i = 0; i < FW_COUNT(names) && used < bytes; i++) {
        if (layers & names[i].layer)
            used += (size_t)snprintf(text + used, bytes - used, "%s%s", used ? "," : "",
                                     names[i].name);
    }
}

uint32_t fw_sandbox_available(int *landlock_abi_out)
{
    int abi = fw_landlock_abi();
    uint32_t layers = FW_LAYER_NO_NEW_PRIVS | FW_LAYER_RLIMITS;
    if (abi >= 1)
        layers |= FW_LAYER_LANDLOCK;
    if (abi >= 6)
        layers |= FW_LAYER_SCOPE;
    if (fw_seccomp_available())
        layers |= FW_LAYER_SECCOMP;
    if (landlock_abi_out)
        *landlock_abi_out = abi;
    return layers;
}
