#include "helper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define LINE_MAX_BYTES (16u << 20)

json_t *fw_helper_pack(const char *text)
{
    if (text == NULL)
        return json_null();
    json_t *value = json_string(text);
    if (value != NULL)
        return value;
    size_t count = strlen(text);
    char *hex = malloc(count * 2 + 1);
    if (hex == NULL)
        return json_null();
    for (size_t i = 0; i < count; i++)
        snprintf(hex + 2 * i, 3, "%02x", (unsigned)(unsigned char)text[i]);
    value = json_pack("{s:s}", "hex", hex);
    free(hex);
    return value;
}

char *fw_helper_unpack(const json_t *value)
{
    if (json_is_string(value))
        return strdup(json_string_value(value));
    const char *hex = json_string_value(json_object_get(value, "hex"));
    if (hex == NULL)
        return NULL;
    size_t count = strlen(hex) / 2;
    char *text = calloc(1, count + 1);
    unsigned byte = 0;
    for (size_t i = 0; text != NULL && i < count; i++)
        text[i] = sscanf(hex + 2 * i, "%2x", &byte) == 1 ? (char)byte : '?';
    return text;
}

int fw_helper_send(int fd, json_t *record, struct fw_error *err)
{
    char *line = record == NULL ? NULL : json_dumps(record, JSON_COMPACT);
    json_decref(record);
    char *whole = NULL;
    int bytes = line == NULL ? -1 : asprintf(&whole, "%s\n", line);
    free(line);
    if (bytes < 0)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a message");
    int status = FW_OK;
    for (int done = 0; status == FW_OK && done < bytes;) {
        ssize_t sent = send(fd, whole + done, (size_t)(bytes - done), MSG_NOSIGNAL);
        if (sent > 0)
            done += (int)sent;
        else if (errno != EINTR)
            status = fw_fail(err, FW_ERR_DIED, "the other end is gone");
    }
    free(whole);
    return status;
}

char *fw_helper_receive(int fd, struct fw_error *err)
{
    size_t bytes = 0, room = 0;
    char *line = NULL;
    for (;;) {
        if (bytes + 2 > room) {
            room = room == 0 ? 4096 : room * 2;
            char *larger = room > LINE_MAX_BYTES ? NULL : realloc(line, room);
            if (larger == NULL)
                break;
            line = larger;
        }
        ssize_t got = recv(fd, line + bytes, 1, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        if (line[bytes] == '\n') {
            line[bytes] = '\0';
            return line;
        }
        bytes++;
    }
    free(line);
    fw_fail(err, FW_ERR_USAGE, "no job came over the socket");
    return NULL;
}

json_t *fw_helper_progress(const struct fw_progress *p)
{
    return json_pack(
        "{s:{s:I,s:I,s:b,s:f,s:f,s:f,s:f,s:f,s:I,s:i,s:i,s:i,s:I,s:I,s:I,s:f,s:f,s:f,s:f,s:s}}",
        "progress", "frames", (json_int_t)p->frames, "frames_total", (json_int_t)p->frames_total,
        "frames_total_exact", p->frames_total_exact, "elapsed_s", p->elapsed_s, "fps", p->fps,
        "fps_mean", p->fps_mean, "eta_s", p->eta_s, "media_s", p->media_s, "bytes",
        (json_int_t)p->bytes, "workers", (int)p->workers, "ring_used", (int)p->ring_used,
        "ring_slots", (int)p->ring_slots, "duplicated", (json_int_t)p->duplicated, "dropped",
        (json_int_t)p->dropped, "damaged", (json_int_t)p->damaged, "busy_decoder", p->busy_decoder,
        "busy_workers", p->busy_workers, "busy_encoder", p->busy_encoder, "busy_sequential",
        p->busy_sequential, "limit", p->limit);
}

static uint64_t count_of(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

static double real_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void deliver_progress(const json_t *object, const struct fw_events *events)
{
    const char *limit = json_string_value(json_object_get(object, "limit"));
    const struct fw_progress progress = {
        .struct_size = sizeof(progress),
        .workers = (uint32_t)count_of(object, "workers"),
        .elapsed_s = real_of(object, "elapsed_s"),
        .frames = count_of(object, "frames"),
        .frames_total = count_of(object, "frames_total"),
        .frames_total_exact = json_is_true(json_object_get(object, "frames_total_exact")),
        .fps = real_of(object, "fps"),
        .fps_mean = real_of(object, "fps_mean"),
        .eta_s = real_of(object, "eta_s"),
        .media_s = real_of(object, "media_s"),
        .bytes = count_of(object, "bytes"),
        .ring_used = (uint32_t)count_of(object, "ring_used"),
        .ring_slots = (uint32_t)count_of(object, "ring_slots"),
        .duplicated = count_of(object, "duplicated"),
        .dropped = count_of(object, "dropped"),
        .damaged = count_of(object, "damaged"),
        .busy_decoder = real_of(object, "busy_decoder"),
        .busy_workers = real_of(object, "busy_workers"),
        .busy_encoder = real_of(object, "busy_encoder"),
        .limit = limit == NULL ? "" : limit,
        .busy_sequential = real_of(object, "busy_sequential"),
    };
    events->progress(events->user, &progress);
}

void fw_helper_deliver(const json_t *record, const struct fw_events *events)
{
    const json_t *progress = json_object_get(record, "progress");
    const json_t *message = json_object_get(record, "message");
    if (progress != NULL && events->progress != NULL)
        deliver_progress(progress, events);
    if (message == NULL || events->message == NULL)
        return;
    char *text = fw_helper_unpack(json_array_get(message, 1));
    int level = (int)json_integer_value(json_array_get(message, 0));
    if (text != NULL)
        events->message(events->user, (enum fw_message_level)level, text);
    free(text);
}
