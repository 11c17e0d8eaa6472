/* fw_doctor: what this machine offers and lacks, each as one check with a sentence. */
#include "framewheel.h"

#include "document.h"
#include "plan.h"
#include "sandbox.h"
#include "sink_codecs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#define MIB (1024.0 * 1024.0)

static void add(json_t *checks, const char *name, bool ok, const char *format, ...) FW_PRINTF(4, 5);

static void add(json_t *checks, const char *name, bool ok, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    json_array_append_new(checks, json_pack("{s:s,s:b,s:s}", "name", name, "ok", ok, "text", text));
}

static void check_kernel(json_t *checks)
{
    struct utsname kernel;
    if (uname(&kernel) == 0)
        add(checks, "kernel", true, "%s %s on %s", kernel.sysname, kernel.release, kernel.machine);
    int fd = memfd_create("framewheel-doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    bool populated = false;
    if (fd >= 0 && ftruncate(fd, 4096) == 0) {
        void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        populated = page != MAP_FAILED && madvise(page, 4096, MADV_POPULATE_WRITE) == 0;
        if (page != MAP_FAILED)
            munmap(page, 4096);
    }
    add(checks, "shared memory", fd >= 0,
        fd >= 0 ? "memory files work%s; /dev/shm is not used" : "memfd_create fails%s",
        populated ? "" : ", without population in advance (slower first frames)");
    if (fd >= 0)
        close(fd);
    int pidfd = pidfd_open(getpid(), 0);
    add(checks, "process handles", pidfd >= 0, "%s",
        pidfd >= 0 ? "pidfd works" : "pidfd_open fails: Linux 5.3 or later is needed");
    if (pidfd >= 0)
        close(pidfd);
}

static void check_sandbox(json_t *checks)
{
    int abi = 0;
    char text[128];
    uint32_t layers = fw_sandbox_available(&abi);
    fw_sandbox_describe(layers, text, sizeof(text));
    add(checks, "sandbox", (layers & FW_LAYER_SECCOMP) != 0, "%s (Landlock ABI %d)", text, abi);
}

static void check_machine(json_t *checks)
{
    uint64_t available = fw_available_memory();
    add(checks, "cores", true, "%u usable", fw_usable_cores());
    add(checks, "memory", available > 512u << 20, "%.0f MiB available", (double)available / MIB);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        add(checks, "open files", files.rlim_cur >= 256, "up to %llu",
            (unsigned long long)files.rlim_cur);
    struct rlimit size;
    if (getrlimit(RLIMIT_FSIZE, &size) == 0 && size.rlim_cur != RLIM_INFINITY)
        add(checks, "file size", false, "ulimit -f allows %.0f MiB a file: larger outputs fail",
            (double)size.rlim_cur / MIB);
#if defined(__x86_64__)
    add(checks, "cpu", true, "AVX2 %s, AVX-512 %s", __builtin_cpu_supports("avx2") ? "yes" : "no",
        __builtin_cpu_supports("avx512vbmi2") ? "yes" : "no");
#endif
}

static void check_encoders(json_t *checks)
{
    static const char *const wanted[] = { "libx264",    "libx265",   "libvpx-vp9", "libsvtav1",
                                          "ffv1",       "prores_ks", "mjpeg",      "mpeg4",
                                          "mpeg2video", "rawvideo",  "huffyuv",    "utvideo",
                                          "aac",        "libopus",   "flac",       "pcm_s16le" };
    char missing[256] = "";
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        size_t used = strlen(missing);
        if (!fw_sink_has_encoder(wanted[i]) && used < sizeof(missing))
            snprintf(missing + used, sizeof(missing) - used, " %s", wanted[i]);
    }
    add(checks, "encoders", missing[0] == '\0', "%s%s",
        missing[0] == '\0' ? "all of the usual ones" : "missing:", missing);
}

int fw_doctor(char **json_out, struct fw_error *err)
{
    json_t *checks = json_array();
    check_kernel(checks);
    check_sandbox(checks);
    check_machine(checks);
    check_encoders(checks);
    bool ok = true;
    size_t index = 0;
    json_t *check = NULL;
    json_array_foreach(checks, index, check) ok = ok && json_is_true(json_object_get(check, "ok"));
    return fw_json_finish(
        json_pack("{s:s,s:b,s:o}", "schema", "framewheel-doctor/1", "ok", ok, "checks", checks),
        json_out, err);
}
