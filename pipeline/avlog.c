/* libav's messages: silenced, and error lines handed to the source they concern. */
#include "avlog.h"

#include <stdio.h>
#include <string.h>

#include <libavutil/log.h>
#include <libavutil/mem.h>

#include "filters/filter.h"

#define ALLOCATION_MAX (1u << 30)

/* The sources of this process that listen; guarded by list_lock. One in a decoder process, a few in
 * threads mode. Process-wide because av_log_set_callback is. */
static struct fw_avlog *list;
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void keep_text(char kept[FW_AVLOG_TEXT], const char *text)
{
    if (kept[0])
        return;
    size_t bytes = strcspn(text, "\n");
    if (bytes >= FW_AVLOG_TEXT)
        bytes = FW_AVLOG_TEXT - 1;
    memcpy(kept, text, bytes);
    kept[bytes] = '\0';
}

static void note_format(struct fw_avlog *log, const char *text)
{
    pthread_mutex_lock(&log->lock);
    log->format_lines++;
    keep_text(log->format_text, text);
    pthread_mutex_unlock(&log->lock);
}

void fw_avlog_note_packet(struct fw_avlog *log, int64_t packet, const char *text)
{
    pthread_mutex_lock(&log->lock);
    bool known = packet < log->packet_first;
    for (uint32_t i = 0; i < log->packet_count; i++)
        known = known || log->packets[i] == packet;
    if (!known && log->packet_count < FW_AVLOG_PACKETS)
        log->packets[log->packet_count++] = packet;
    if (packet >= log->packet_first)
        keep_text(log->decoder_text, text);
    pthread_mutex_unlock(&log->lock);
}

/* Concealment is told at a lower level, and the frame's own flag for it is set by another thread:
 * often after the frame was handed out. */
static bool tells_damage(const char *format)
{
    static const char words[] = "concealing ";
    return !strncmp(format, words, sizeof(words) - 1);
}

FW_PRINTF(3, 0)
static void hear(void *context, int level, const char *format, va_list arguments)
{
    if (level < 0 || !context || ((level & 0xff) > AV_LOG_ERROR && !tells_damage(format)))
        return;
    const AVClass *class = *(const AVClass **)context;
    bool decoder = class == avcodec_get_class();
    if (!decoder && class != avformat_get_class())
        return;
    char text[FW_AVLOG_TEXT];
    (void)vsnprintf(text, sizeof(text), format, arguments);
    pthread_mutex_lock(&list_lock);
    for (struct fw_avlog *log = list; log; log = log->next) {
        if (decoder && ((const AVCodecContext *)context)->opaque == log)
            fw_avlog_note_packet(log, ((const AVCodecContext *)context)->reordered_opaque, text);
        else if (!decoder && context == log->format)
            note_format(log, text);
    }
    pthread_mutex_unlock(&list_lock);
}

static void silence(void)
{
    av_log_set_callback(hear);
}

void fw_avlog_limit_memory(void)
{
    av_max_alloc(ALLOCATION_MAX);
}

void fw_avlog_silence(void)
{
    (void)pthread_once(&once, silence);
}

void fw_avlog_init(struct fw_avlog *log, const AVFormatContext *format)
{
    memset(log, 0, sizeof(*log));
    pthread_mutex_init(&log->lock, NULL);
    log->format = format;
    fw_avlog_silence();
    pthread_mutex_lock(&list_lock);
    log->next = list;
    list = log;
    pthread_mutex_unlock(&list_lock);
}

void fw_avlog_deinit(struct fw_avlog *log)
{
    if (!log->format)
        return;
    pthread_mutex_lock(&list_lock);
    struct fw_avlog **at = &list;
    while (*at && *at != log)
        at = &(*at)->next;
    if (*at)
        *at = log->next;
    pthread_mutex_unlock(&list_lock);
    pthread_mutex_destroy(&log->lock);
    memset(log, 0, sizeof(*log));
}

uint64_t fw_avlog_take_format(struct fw_avlog *log, char text[FW_AVLOG_TEXT])
{
    pthread_mutex_lock(&log->lock);
    uint64_t lines = log->format_lines;
    memcpy(text, log->format_text, FW_AVLOG_TEXT);
    log->format_lines = 0;
    log->format_text[0] = '\0';
    pthread_mutex_unlock(&log->lock);
    return lines;
}

bool fw_avlog_take_packet(struct fw_avlog *log, int64_t packet, char text[FW_AVLOG_TEXT])
{
    bool found = false;
    pthread_mutex_lock(&log->lock);
    for (uint32_t i = 0; i < log->packet_count && !found; i++) {
        if (log->packets[i] != packet)
            continue;
        log->packets[i] = log->packets[--log->packet_count];
        found = true;
    }
    text[0] = '\0';
    if (found) {
        memcpy(text, log->decoder_text, FW_AVLOG_TEXT);
        log->decoder_text[0] = '\0';
    }
    pthread_mutex_unlock(&log->lock);
    return found;
}

uint32_t fw_avlog_take_rest(struct fw_avlog *log, char text[FW_AVLOG_TEXT])
{
    pthread_mutex_lock(&log->lock);
    uint32_t count = log->packet_count;
    memcpy(text, log->decoder_text, FW_AVLOG_TEXT);
    log->packet_count = 0;
    log->decoder_text[0] = '\0';
    pthread_mutex_unlock(&log->lock);
    return count;
}

void fw_avlog_begin_at(struct fw_avlog *log, int64_t packet)
{
    pthread_mutex_lock(&log->lock);
    log->packet_first = packet;
    pthread_mutex_unlock(&log->lock);
}
