#include "image_wire.h"

#include "filters/check.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FDS_MAX 2u

static size_t bytes_of(uint32_t losses)
{
    return offsetof(struct fw_wire, losses) + losses * sizeof(struct fw_loss);
}

int fw_wire_send(int fd, const struct fw_wire *wire, const int *fds, uint32_t fd_count,
                 struct fw_error *err)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
    } control = { 0 };
    FW_CHECK(fd_count <= FDS_MAX && wire->loss_count <= FW_WIRE_LOSSES_MAX);
    struct iovec part = { (void *)(uintptr_t)wire, bytes_of(wire->loss_count) };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    if (fd_count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(head), fds, fd_count * sizeof(int));
    }
    ssize_t sent;
    do
        sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN))
        return FW_END;
    if (sent < 0)
        return fw_fail(err, FW_ERR_SYSTEM, "cannot speak to a worker: %s", strerrordesc_np(errno));
    return FW_OK;
}

/* Descriptors of a packet into `fds`, in their order; those beyond are closed. */
static uint32_t take_fds(struct msghdr *message, int *fds, uint32_t fd_count)
{
    uint32_t taken = 0;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
            if (taken < fd_count)
                fds[taken++] = fd;
            else
                (void)close(fd);
        }
    }
    return taken;
}

int fw_wire_receive(int fd, bool nowait, struct fw_wire *wire, int *fds, uint32_t fd_count,
                    bool *gone_out, struct fw_error *err)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
    } control = { 0 };
    struct iovec part = { wire, sizeof(*wire) };
    struct msghdr message = { .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof(control) };
    *gone_out = false;
    ssize_t got;
    do
        got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | (nowait ? MSG_DONTWAIT : 0));
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return FW_END;
    if (got <= 0) {
        *gone_out = true;
        return FW_END;
    }
    uint32_t taken = take_fds(&message, fds, fd_count);
    bool whole = (size_t)got >= bytes_of(0) && wire->loss_count <= FW_WIRE_LOSSES_MAX &&
                 (size_t)got == bytes_of(wire->loss_count);
    bool wanted = taken == (wire->kind == FW_WIRE_TASK ? FDS_MAX : 0);
    if (whole && wanted && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
        return FW_OK;
    for (uint32_t i = 0; i < taken; i++)
        (void)close(fds[i]);
    return fw_fail(err, FW_ERR_INTERNAL, "a packet between pool and worker is broken");
}
