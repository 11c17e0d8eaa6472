#include "message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES 65536u        /* what there is room for at least */
#define COLLECT_BYTES (4u << 20) /* of one call */

static int send_all(int fd, const void *data, size_t bytes, struct fw_error *err)
{
    const uint8_t *from = data;
    while (bytes > 0) {
        ssize_t sent = send(fd, from, bytes, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return fw_fail(err, FW_ERR_SYSTEM, "cannot send to the other process: %s",
                           strerror(errno));
        from += sent;
        bytes -= (size_t)sent;
    }
    return FW_OK;
}

int fw_message_send(int fd, enum fw_message_kind kind, const void *payload, size_t bytes,
                    struct fw_error *err)
{
    struct fw_message_header header = { .kind = kind, .bytes = bytes };
    int status = send_all(fd, &header, sizeof(header), err);
    if (status == FW_OK && bytes > 0)
        status = send_all(fd, payload, bytes, err);
    return status;
}

static int receive_all(int fd, void *data, size_t bytes, struct fw_error *err)
{
    uint8_t *to = data;
    while (bytes > 0) {
        ssize_t got = recv(fd, to, bytes, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return fw_fail(err, FW_ERR_CANCELLED, "the supervisor is gone");
        to += got;
        bytes -= (size_t)got;
    }
    return FW_OK;
}

int fw_message_receive(int fd, struct fw_message_header *header, void **payload_out,
                       struct fw_error *err)
{
    *payload_out = NULL;
    int status = receive_all(fd, header, sizeof(*header), err);
    if (status != FW_OK)
        return status;
    if (header->bytes > FW_MESSAGE_MAX)
        return fw_fail(err, FW_ERR_INTERNAL, "a message of %llu bytes",
                       (unsigned long long)header->bytes);
    void *payload = malloc(header->bytes + 1);
    if (payload == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a message");
    status = receive_all(fd, payload, header->bytes, err);
    if (status != FW_OK)
        free(payload);
    else
        *payload_out = payload;
    return status;
}

static int make_room(struct fw_message_inbox *inbox, struct fw_error *err)
{
    size_t end = inbox->start + inbox->bytes;
    if (inbox->room - end >= READ_BYTES)
        return FW_OK;
    /* Moved only when half of it is free again, so each byte moves about once. */
    if (inbox->start > 0 && inbox->start >= inbox->room / 2) {
        memmove(inbox->data, inbox->data + inbox->start, inbox->bytes);
        inbox->start = 0;
        return FW_OK;
    }
    if (inbox->room > FW_MESSAGE_MAX)
        return fw_fail(err, FW_ERR_INTERNAL, "a process sent more than %u MiB of messages",
                       FW_MESSAGE_MAX >> 20);
    size_t room = inbox->room == 0 ? 131072 : inbox->room * 2;
    uint8_t *data = realloc(inbox->data, room);
    if (data == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for messages");
    inbox->data = data;
    inbox->room = room;
    return FW_OK;
}

static int check_size(struct fw_message_inbox *inbox, struct fw_error *err)
{
    struct fw_message_header header;
    if (inbox->bytes < sizeof(header))
        return FW_OK;
    memcpy(&header, inbox->data + inbox->start, sizeof(header));
    if (header.bytes <= FW_MESSAGE_MAX)
        return FW_OK;
    *inbox = (struct fw_message_inbox){ .data = inbox->data, .room = inbox->room, .closed = true };
    return fw_fail(err, FW_ERR_INTERNAL, "a process sent a message of %llu bytes",
                   (unsigned long long)header.bytes);
}

int fw_message_collect(struct fw_message_inbox *inbox, int fd, struct fw_error *err)
{
    size_t before = inbox->bytes;
    while (!inbox->closed && inbox->bytes - before < COLLECT_BYTES) {
        int status = make_room(inbox, err);
        if (status != FW_OK) {
            inbox->closed = true;
            return status;
        }
        size_t end = inbox->start + inbox->bytes;
        ssize_t got = recv(fd, inbox->data + end, inbox->room - end, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (got <= 0)
            inbox->closed = true;
        else
            inbox->bytes += (size_t)got;
    }
    return check_size(inbox, err);
}

bool fw_message_peek(const struct fw_message_inbox *inbox, struct fw_message_header *header,
                     const void **payload_out)
{
    if (inbox->bytes < sizeof(*header))
        return false;
    memcpy(header, inbox->data + inbox->start, sizeof(*header));
    if (inbox->bytes - sizeof(*header) < header->bytes)
        return false;
    *payload_out = inbox->data + inbox->start + sizeof(*header);
    return true;
}

void fw_message_pop(struct fw_message_inbox *inbox)
{
    struct fw_message_header header;
    const void *payload = NULL;
    if (!fw_message_peek(inbox, &header, &payload))
        return;
    size_t bytes = sizeof(header) + (size_t)header.bytes;
    inbox->bytes -= bytes;
    inbox->start = inbox->bytes == 0 ? 0 : inbox->start + bytes;
}

void fw_message_inbox_deinit(struct fw_message_inbox *inbox)
{
    free(inbox->data);
    *inbox = (struct fw_message_inbox){ 0 };
}
