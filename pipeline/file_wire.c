/* Questions and answers about files, with descriptors. */
#include "file_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for one descriptor. */
union control {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int))];
};

int fw_file_pair(int pair[2], struct fw_error *err)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0)
        return FW_OK;
    pair[0] = pair[1] = -1;
    return fw_fail(err, FW_ERR_SYSTEM, "socketpair: %s", strerrordesc_np(errno));
}

static ssize_t send_packet(int socket, const void *bytes, size_t count, int fd)
{
    union control control = { 0 };
    struct iovec part = { (void *)(uintptr_t)bytes, count };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(head), &fd, sizeof(fd));
    }
    ssize_t sent;
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

/* The first descriptor of a packet; any other one is closed. */
static int take_fd(struct msghdr *message)
{
    int taken = -1;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
            if (taken < 0)
                taken = fd;
            else
                (void)close(fd);
        }
    }
    return taken;
}

/* 0: the other side is gone; -1: a packet of another size. */
static ssize_t receive_packet(int socket, void *bytes, size_t count, int *fd_out)
{
    union control control = { 0 };
    struct iovec part = { bytes, count };
    struct msghdr message = { .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof(control) };
    ssize_t got;
    do
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return 0;
    int fd = take_fd(&message);
    if (fd_out != NULL && (size_t)got == count && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
        *fd_out = fd;
        return got;
    }
    if (fd >= 0)
        (void)close(fd);
    return fd_out == NULL && (size_t)got == count && !(message.msg_flags & MSG_TRUNC) ? got : -1;
}

int fw_file_ask(int socket, const struct fw_file_ask *ask, struct fw_file_answer *answer,
                int *fd_out, struct fw_error *err)
{
    *fd_out = -1;
    if (send_packet(socket, ask, sizeof(*ask), -1) < 0)
        return fw_fail(err, FW_ERR_DIED, "the process that hands out the files has ended");
    ssize_t got = receive_packet(socket, answer, sizeof(*answer), fd_out);
    if (got == 0)
        return fw_fail(err, FW_ERR_DIED, "the process that hands out the files has ended");
    if (got < 0)
        return fw_fail(err, FW_ERR_INTERNAL, "an answer about a file is broken");
    answer->name[sizeof(answer->name) - 1] = '\0';
    answer->err.text[sizeof(answer->err.text) - 1] = '\0';
    return FW_OK;
}

int fw_file_hear(int socket, struct fw_file_ask *ask)
{
    return receive_packet(socket, ask, sizeof(*ask), NULL) > 0 ? FW_OK : FW_END;
}

int fw_file_answer(int socket, const struct fw_file_answer *answer, int fd)
{
    return send_packet(socket, answer, sizeof(*answer), fd) < 0 ? FW_END : FW_OK;
}
