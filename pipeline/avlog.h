/*
 * What libav says, caught: nothing of it is printed, and error lines of a demuxer or decoder that
 * a source owns are damage.
 *
 * libav has one callback for the whole process; this file holds the only state that goes with it.
 * It knows a demuxer by its context, and a decoder, its thread copies included, by
 * AVCodecContext.opaque.
 */
#ifndef FW_PIPELINE_AVLOG_H
#define FW_PIPELINE_AVLOG_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define FW_AVLOG_PACKETS 256
#define FW_AVLOG_TEXT 200

/* The error lines of one source. Filled from any thread. */
struct fw_avlog {
    pthread_mutex_t lock;
    const AVFormatContext *format;
    uint64_t format_lines;           /* by the demuxer */
    char format_text[FW_AVLOG_TEXT]; /* the first of them not yet taken */
    char decoder_text[FW_AVLOG_TEXT];
    int64_t packets[FW_AVLOG_PACKETS]; /* AVCodecContext.reordered_opaque of packets with a line */
    uint32_t packet_count;
    int64_t packet_first; /* lines about earlier packets are no damage */
    struct fw_avlog *next;
};

/* Takes the process's callback, once; other calls have no effect. */
void fw_avlog_silence(void);
/* No single allocation of libav above 1 GiB from here on: for processes that read hostile bytes. */
void fw_avlog_limit_memory(void);
/* From here on lines of `format`, and of codec contexts whose `opaque` is `log`, go to `log`. */
void fw_avlog_init(struct fw_avlog *log, const AVFormatContext *format);
void fw_avlog_deinit(struct fw_avlog *log); /* zeroed ok */
/* The lines of the demuxer since the last call; their first text. */
uint64_t fw_avlog_take_format(struct fw_avlog *log, char text[FW_AVLOG_TEXT]);
/* Lines about packets before this one do not count. */
void fw_avlog_begin_at(struct fw_avlog *log, int64_t packet);
/* Counts the packet so numbered as if its decoder had complained of it. */
void fw_avlog_note_packet(struct fw_avlog *log, int64_t packet, const char *text);
/* Whether decoding the packet so numbered made the decoder complain; forgets it. */
bool fw_avlog_take_packet(struct fw_avlog *log, int64_t packet, char text[FW_AVLOG_TEXT]);
/* Forgets all that the decoder said of packets not taken; returns their number. */
uint32_t fw_avlog_take_rest(struct fw_avlog *log, char text[FW_AVLOG_TEXT]);

#endif
