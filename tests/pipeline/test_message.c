/* The supervisor's side of a socket: whole messages, in turn, and no end of them. */
#include "pipeline/message.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct line {
    int fds[2];
    struct fw_message_inbox inbox;
    struct fw_error err;
};

static void open_line(struct line *line)
{
    *line = (struct line){ 0 };
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line->fds) == 0);
}

static void close_line(struct line *line)
{
    fw_message_inbox_deinit(&line->inbox);
    close(line->fds[0]);
    close(line->fds[1]);
}

static void expect_text(struct line *line, const char *text)
{
    struct fw_message_header header = { 0 };
    const void *payload = NULL;
    cr_assert(fw_message_peek(&line->inbox, &header, &payload), "no message for '%s'", text);
    cr_assert(header.kind == FW_MESSAGE_LOG);
    cr_assert(header.bytes == strlen(text));
    cr_assert(memcmp(payload, text, header.bytes) == 0);
    fw_message_pop(&line->inbox);
}

Test(message, come_in_turn)
{
    struct line line;
    open_line(&line);
    for (int i = 0; i < 3; i++)
        cr_assert(fw_message_send(line.fds[1], FW_MESSAGE_LOG, "abc", (size_t)i, &line.err) == 0);
    cr_assert(fw_message_collect(&line.inbox, line.fds[0], &line.err) == FW_OK);
    expect_text(&line, "");
    expect_text(&line, "a");
    expect_text(&line, "ab");
    struct fw_message_header header;
    const void *payload = NULL;
    cr_assert_not(fw_message_peek(&line.inbox, &header, &payload));
    cr_assert_not(line.inbox.closed);
    close_line(&line);
}

/* Popped and collected by turns, so that the room behind the start is used again. */
Test(message, keep_their_bytes_for_long)
{
    struct line line;
    char text[3001];
    size_t room = 0;
    open_line(&line);
    for (int i = 0; i < 2000; i++) {
        memset(text, 'a' + i % 26, sizeof(text));
        text[1000 + i] = '\0';
        for (int k = 0; k < 2; k++)
            cr_assert(fw_message_send(line.fds[1], FW_MESSAGE_LOG, text, strlen(text), &line.err) ==
                      FW_OK);
        cr_assert(fw_message_collect(&line.inbox, line.fds[0], &line.err) == FW_OK);
        expect_text(&line, text);
        expect_text(&line, text);
        room = line.inbox.room > room ? line.inbox.room : room;
    }
    cr_assert(room <= 262144, "%zu bytes of room", room);
    close_line(&line);
}

Test(message, flood_leaves_a_rest)
{
    struct line line;
    static const char text[60000];
    open_line(&line);
    int bytes = 64 << 20;
    cr_assert(setsockopt(line.fds[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 300; i++)
            if (fw_message_send(line.fds[1], FW_MESSAGE_LOG, text, sizeof(text), NULL) != FW_OK)
                _exit(1);
        _exit(0);
    }
    close(line.fds[1]);
    line.fds[1] = -1;
    size_t most = 0;
    int messages = 0;
    while (!line.inbox.closed) {
        struct fw_message_header header;
        const void *payload = NULL;
        size_t before = line.inbox.bytes;
        cr_assert(fw_message_collect(&line.inbox, line.fds[0], &line.err) == FW_OK);
        most = line.inbox.bytes - before > most ? line.inbox.bytes - before : most;
        while (fw_message_peek(&line.inbox, &header, &payload)) {
            fw_message_pop(&line.inbox);
            messages++;
        }
    }
    cr_assert(messages == 300, "%d messages", messages);
    cr_assert(most <= (8u << 20), "%zu bytes of one call", most);
    close_line(&line);
}

/* A header that promises more than is allowed ends the reading, once and for all. */
Test(message, too_much_closes_the_inbox)
{
    struct line line;
    open_line(&line);
    struct fw_message_header header = { .kind = FW_MESSAGE_LOG, .bytes = UINT64_MAX };
    cr_assert(write(line.fds[1], &header, sizeof(header)) == sizeof(header));
    cr_assert(fw_message_collect(&line.inbox, line.fds[0], &line.err) == FW_ERR_INTERNAL);
    cr_assert(line.inbox.closed);
    cr_assert(fw_message_collect(&line.inbox, line.fds[0], &line.err) == FW_OK);
    close_line(&line);
}
