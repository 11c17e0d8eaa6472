/* Reading an open descriptor for libavformat. */
#include "avio.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <libavutil/mem.h>

#include "control.h"

#define BUFFER_BYTES 65536
#define WAIT_MS 250

int fw_input_init(struct fw_input *input, int fd, struct fw_control *control, struct fw_proc *proc,
                  struct fw_error *err)
{
    memset(input, 0, sizeof(*input));
    input->fd = fd;
    input->control = control;
    input->proc = proc;
    input->bytes = -1;
    /* The process is locked: a name-less stat is refused, so seeking tells files from pipes. */
    off_t at = lseek(fd, 0, SEEK_CUR);
    off_t end = at < 0 ? -1 : lseek(fd, 0, SEEK_END);
    if (at < 0 && errno == EBADF)
        return fw_fail(err, FW_ERR_INPUT, "cannot read the input: it is closed");
    if (end > 0) {
        input->seekable = end >= at;
        input->base = at;
        input->bytes = end >= at ? end - at : 0;
    }
    return FW_OK;
}

bool fw_input_aborted(struct fw_input *input)
{
    if (input->control && atomic_load(&input->control->run_state) == FW_ABORT)
        input->cancelled = true;
    return input->cancelled;
}

static void set_wait(struct fw_input *input, enum fw_wait_kind kind)
{
    if (!input->proc)
        return;
    atomic_store(&input->proc->wait_kind, (uint32_t)kind);
    atomic_fetch_add(&input->proc->beat, 1);
}

/* false: aborted, or the job drains and more bytes are not wanted. */
static bool wait_readable(struct fw_input *input)
{
    struct pollfd entry = { .fd = input->fd, .events = POLLIN };
    bool ready = false;
    set_wait(input, FW_WAIT_READ);
    while (!ready && !fw_input_aborted(input)) {
        if (input->control && atomic_load(&input->control->run_state) == FW_DRAIN) {
            input->drained = true;
            break;
        }
        int count = poll(&entry, 1, WAIT_MS);
        ready = count > 0 || (count < 0 && errno != EINTR && errno != EAGAIN);
        if (input->proc)
            atomic_fetch_add(&input->proc->beat, 1);
    }
    set_wait(input, FW_WAIT_NONE);
    return ready;
}

/* One read of at most `bytes`: the number, 0 at the end, -1 on a failure. */
static ssize_t read_some(struct fw_input *input, uint8_t *data, size_t bytes)
{
    while (!fw_input_aborted(input)) {
        if (!input->seekable && !wait_readable(input))
            return input->cancelled ? -1 : 0;
        ssize_t got = input->seekable ? pread(input->fd, data, bytes, input->base + input->position)
                                      : read(input->fd, data, bytes);
        if (got >= 0) {
            input->position += got;
            input->bytes_read += (uint64_t)got;
            if (input->proc) {
                atomic_fetch_add(&input->proc->beat, 1);
                atomic_fetch_add(&input->proc->bytes, (uint64_t)got);
            }
            return got;
        }
        if (errno != EINTR && errno != EAGAIN) {
            input->error = errno;
            return -1;
        }
    }
    return -1;
}

static size_t take_head(struct fw_input *input, uint8_t *data, size_t bytes)
{
    size_t take = bytes < input->head_bytes ? bytes : input->head_bytes;
    if (!take)
        return 0;
    memcpy(data, input->head, take);
    memmove(input->head, input->head + take, input->head_bytes - take);
    input->head_bytes -= take;
    return take;
}

size_t fw_input_peek(struct fw_input *input, uint8_t head[FW_INPUT_HEAD])
{
    while (input->head_bytes < FW_INPUT_HEAD) {
        ssize_t got = read_some(input, input->head + input->head_bytes,
                                FW_INPUT_HEAD - input->head_bytes);
        if (got <= 0)
            break;
        input->head_bytes += (size_t)got;
    }
    size_t bytes = input->head_bytes;
    memcpy(head, input->head, bytes);
    if (input->seekable) {
        input->position = 0;
        input->head_bytes = 0;
    }
    return bytes;
}

ssize_t fw_input_read_all(struct fw_input *input, void *data, size_t bytes)
{
    size_t done = take_head(input, data, bytes);
    while (done < bytes) {
        ssize_t got = read_some(input, (uint8_t *)data + done, bytes - done);
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

int fw_input_status(const struct fw_input *input, struct fw_error *err)
{
    if (input->cancelled)
        return fw_fail(err, FW_ERR_CANCELLED, "cancelled");
    if (input->error)
        return fw_fail(err, FW_ERR_INPUT, "reading the input failed at byte %lld: %s",
                       (long long)input->position, strerror(input->error));
    return FW_OK;
}

static int avio_read_bytes(void *opaque, uint8_t *data, int bytes)
{
    struct fw_input *input = opaque;
    size_t head = take_head(input, data, (size_t)bytes);
    if (head)
        return (int)head;
    ssize_t got = read_some(input, data, (size_t)bytes);
    if (got < 0)
        return input->cancelled ? AVERROR_EXIT : AVERROR(input->error);
    return got ? (int)got : AVERROR_EOF;
}

static int64_t avio_move(void *opaque, int64_t offset, int whence)
{
    struct fw_input *input = opaque;
    whence &= ~AVSEEK_FORCE;
    if (whence == AVSEEK_SIZE)
        return input->bytes >= 0 ? input->bytes : AVERROR(ENOSYS);
    if (!input->seekable)
        return AVERROR(ESPIPE);
    int64_t from = whence == SEEK_CUR ? input->position : whence == SEEK_END ? input->bytes : 0;
    int64_t to;
    if (__builtin_add_overflow(from, offset, &to) || to < 0)
        return AVERROR(EINVAL);
    input->position = to;
    return to;
}

AVIOContext *fw_input_open_avio(struct fw_input *input)
{
    uint8_t *buffer = av_malloc(BUFFER_BYTES);
    if (!buffer)
        return NULL;
    AVIOContext *avio = avio_alloc_context(buffer, BUFFER_BYTES, 0, input, avio_read_bytes, NULL,
                                           avio_move);
    if (!avio) {
        av_free(buffer);
        return NULL;
    }
    avio->seekable = input->seekable ? AVIO_SEEKABLE_NORMAL : 0;
    return avio;
}

void fw_input_close_avio(AVIOContext **avio)
{
    if (*avio)
        av_freep(&(*avio)->buffer);
    avio_context_free(avio);
}

int fw_input_refuse(AVFormatContext *format, AVIOContext **avio, const char *url, int flags,
                    AVDictionary **options)
{
    (void)format;
    (void)url;
    (void)flags;
    (void)options;
    *avio = NULL;
    return AVERROR(EPERM);
}
