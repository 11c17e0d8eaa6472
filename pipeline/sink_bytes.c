#include "sink_bytes.h"

#include "bell.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libavutil/mem.h>

#define AVIO_BYTES 262144
#define BEAT_MS 250
#define PIPE_CHUNK 4096 /* what a pipe that polls ready takes without blocking */

void fw_sink_bytes_init(struct fw_sink_bytes *output, int fd, bool seekable,
                        struct fw_control *control, struct fw_proc *proc)
{
    memset(output, 0, sizeof(*output));
    output->fd = fd;
    output->seekable = seekable;
    output->control = control;
    output->proc = proc;
    struct stat info;
    if (fd >= 0 && fstat(fd, &info) == 0)
        output->fifo = S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode);
}

static void beat(struct fw_sink_bytes *output, uint32_t wait_kind)
{
    if (!output->proc)
        return;
    atomic_store_explicit(&output->proc->wait_kind, wait_kind, memory_order_relaxed);
    atomic_fetch_add_explicit(&output->proc->beat, 1, memory_order_relaxed);
}

static bool aborted(const struct fw_sink_bytes *output)
{
    return output->control &&
           atomic_load_explicit(&output->control->run_state, memory_order_acquire) == FW_ABORT;
}

/* Waits for room in a pipe. A reader that is slow is no stall: each wait beats. */
static int wait_for_room(struct fw_sink_bytes *output)
{
    for (;;) {
        if (aborted(output)) {
            output->cancelled = true;
            return ECANCELED;
        }
        struct pollfd entry = { output->fd, POLLOUT, 0 };
        int ready = poll(&entry, 1, BEAT_MS);
        if (ready > 0)
            break;
        if (ready < 0 && errno != EINTR)
            return errno;
        beat(output, FW_WAIT_WRITE);
    }
    beat(output, FW_WAIT_NONE);
    return 0;
}

/* One system call's worth; bytes taken, or -errno. */
static ssize_t write_some(struct fw_sink_bytes *output, const uint8_t *data, size_t bytes)
{
    if (output->seekable) {
        ssize_t taken = pwrite(output->fd, data, bytes, output->position);
        return taken < 0 ? -errno : taken;
    }
    if (output->fifo) {
        int failure = wait_for_room(output);
        if (failure)
            return -failure;
        bytes = bytes < PIPE_CHUNK ? bytes : PIPE_CHUNK;
    }
    ssize_t taken = write(output->fd, data, bytes);
    return taken < 0 ? -errno : taken;
}

/* 0, or the errno that sticks from now on. */
static int write_all(struct fw_sink_bytes *output, const uint8_t *data, size_t bytes)
{
    if (output->failure)
        return output->failure;
    while (bytes > 0) {
        ssize_t taken = write_some(output, data, bytes);
        if (taken == -EINTR)
            continue;
        if (taken == -EAGAIN) {
            int failure = wait_for_room(output);
            taken = failure ? -failure : taken;
            if (!failure)
                continue;
        }
        if (taken <= 0) {
            output->failure = taken ? (int)-taken : EIO;
            return output->failure;
        }
        /* Each call: a disk that is slow is no hang. */
        fw_proc_beat(output->proc);
        data += taken;
        bytes -= (size_t)taken;
        output->position += taken;
        output->bytes += (uint64_t)taken;
        if (output->position > output->size)
            output->size = output->position;
    }
    if (output->proc)
        atomic_store_explicit(&output->proc->bytes, output->bytes, memory_order_relaxed);
    return 0;
}

int fw_sink_bytes_write(struct fw_sink_bytes *output, const void *data, size_t bytes,
                        struct fw_error *err)
{
    (void)write_all(output, data, bytes);
    return fw_sink_bytes_status(output, err);
}

int fw_sink_bytes_status(const struct fw_sink_bytes *output, struct fw_error *err)
{
    if (output->cancelled)
        return fw_fail(err, FW_ERR_CANCELLED, "cancelled while writing");
    switch (output->failure) {
    case 0:
        return FW_OK;
    case ENOSPC:
    case EDQUOT:
        return fw_fail(err, FW_ERR_OUTPUT, "disk full after %lld bytes (%s)",
                       (long long)output->size, strerror(output->failure));
    case EPIPE:
        return fw_fail(err, FW_ERR_OUTPUT, "the reader closed the pipe after %llu bytes",
                       (unsigned long long)output->bytes);
    case EFBIG:
        return fw_fail(err, FW_ERR_OUTPUT, "the file is larger than the system allows (%lld bytes)",
                       (long long)output->size);
    default:
        return fw_fail(err, FW_ERR_OUTPUT, "cannot write: %s", strerror(output->failure));
    }
}

int fw_sink_bytes_sync(struct fw_sink_bytes *output, struct fw_error *err)
{
    int status = fw_sink_bytes_status(output, err);
    if (status < 0 || !output->seekable)
        return status;
    /* However long the disk takes; the supervisor knows the reason. */
    beat(output, FW_WAIT_SYNC);
    if (fsync(output->fd) != 0 && errno != EINVAL && errno != ENOSYS)
        output->failure = errno;
    beat(output, FW_WAIT_NONE);
    return fw_sink_bytes_status(output, err);
}

static int avio_write_cb(void *opaque, uint8_t *data, int bytes)
{
    int failure = write_all(opaque, data, (size_t)(bytes > 0 ? bytes : 0));
    return failure ? AVERROR(failure) : bytes;
}

static int64_t avio_move(int64_t offset, int whence, int64_t position, int64_t size)
{
    switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
        return size;
    case SEEK_SET:
        return offset >= 0 ? offset : AVERROR(EINVAL);
    case SEEK_CUR:
        return position + offset >= 0 ? position + offset : AVERROR(EINVAL);
    case SEEK_END:
        return size + offset >= 0 ? size + offset : AVERROR(EINVAL);
    default:
        return AVERROR(EINVAL);
    }
}

static int64_t avio_seek_cb(void *opaque, int64_t offset, int whence)
{
    struct fw_sink_bytes *output = opaque;
    int64_t target = avio_move(offset, whence, output->position, output->size);
    if (target >= 0 && (whence & ~AVSEEK_FORCE) != AVSEEK_SIZE)
        output->position = target;
    return target;
}

AVIOContext *fw_sink_bytes_avio_create(struct fw_sink_bytes *output)
{
    uint8_t *buffer = av_malloc(AVIO_BYTES);
    if (!buffer)
        return NULL;
    AVIOContext *avio = avio_alloc_context(buffer, AVIO_BYTES, 1, output, NULL, avio_write_cb,
                                           output->seekable ? avio_seek_cb : NULL);
    if (!avio) {
        av_free(buffer);
        return NULL;
    }
    avio->seekable = output->seekable ? AVIO_SEEKABLE_NORMAL : 0;
    return avio;
}

struct reader {
    int fd;
    int64_t position;
    int64_t size;
    struct fw_proc *proc;
};

static int reader_read_cb(void *opaque, uint8_t *data, int bytes)
{
    struct reader *reader = opaque;
    ssize_t got;
    do {
        got = pread(reader->fd, data, (size_t)bytes, reader->position);
    } while (got < 0 && errno == EINTR);
    fw_proc_beat(reader->proc);
    if (got < 0)
        return AVERROR(errno);
    reader->position += got;
    return got ? (int)got : AVERROR_EOF;
}

static int64_t reader_seek_cb(void *opaque, int64_t offset, int whence)
{
    struct reader *reader = opaque;
    int64_t target = avio_move(offset, whence, reader->position, reader->size);
    if (target >= 0 && (whence & ~AVSEEK_FORCE) != AVSEEK_SIZE)
        reader->position = target;
    return target;
}

AVIOContext *fw_sink_bytes_reader_create(const struct fw_sink_bytes *output)
{
    struct reader *reader = av_mallocz(sizeof(*reader));
    uint8_t *buffer = av_malloc(AVIO_BYTES);
    AVIOContext *avio = NULL;
    if (reader && buffer) {
        reader->fd = output->fd;
        reader->size = output->size;
        reader->proc = output->proc;
        avio = avio_alloc_context(buffer, AVIO_BYTES, 0, reader, reader_read_cb, NULL,
                                  reader_seek_cb);
    }
    if (!avio) {
        av_free(reader);
        av_free(buffer);
    }
    return avio;
}

void fw_sink_bytes_avio_destroy(AVIOContext *avio)
{
    if (!avio)
        return;
    if (!avio->write_flag)
        av_freep(&avio->opaque);
    av_freep(&avio->buffer);
    avio_context_free(&avio);
}
