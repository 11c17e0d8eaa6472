/*
 * Where frames come from: a media file through libavformat, or y4m read straight into slots.
 *
 * Runs in the decoder process, after its sandbox: it opens no file and gets an open descriptor.
 */
#ifndef FW_PIPELINE_SOURCE_H
#define FW_PIPELINE_SOURCE_H

#include "frame_info.h"
#include "settings.h"

#include <stdbool.h>

struct fw_source;
struct fw_proc;
struct fw_control;
struct fw_stream_plan;
struct fw_buffer;

struct fw_source_options {
    int fd;           /* open for reading; a regular file, pipe or device; with settings->pictures
                         where fw_file_ask asks for them */
    const char *name; /* for messages */
    const struct fw_settings *settings;
    struct fw_control *control; /* waits on a pipe end on its abort; NULL in tests */
    struct fw_proc *proc;       /* beats while waiting for a pipe; NULL in tests */
};

/* Probes the container, picks the main video stream, opens its decoder and decodes up to the first
 * kept frame (-ss applied). FW_ERR_INPUT: not media, no video, damaged, refused by a limit. */
int fw_source_open(struct fw_source **source_out, const struct fw_source_options *options,
                   struct fw_error *err) FW_MUST_CHECK;
void fw_source_close(struct fw_source *source); /* NULL ok */
/* What fw_source_open says of a file that is whole, but no film. */
#define FW_SOURCE_NO_MEDIA "not a media file of a kind that is read here"
#define FW_SOURCE_NO_VIDEO "no video stream"
/* The packed struct fw_media of remux.h. */
int fw_source_media(struct fw_source *source, struct fw_buffer *out,
                    struct fw_error *err) FW_MUST_CHECK;
/* What to do with the streams; before the first fw_source_next. Streams that are dropped are not
 * read any more. FW_STREAMS_MAX entries. */
int fw_source_plan(struct fw_source *source, const struct fw_stream_plan *streams,
                   struct fw_error *err) FW_MUST_CHECK;

enum fw_event_kind {
    FW_EVENT_FRAME, /* a video frame waits: fw_source_fill takes it */
    FW_EVENT_RECORD /* `record` goes into the packet ring; valid until the next call */
};
struct fw_event {
    enum fw_event_kind kind;
    const void *record;
    size_t record_bytes;
};
/* FW_OK, FW_END after the last frame and record, FW_ERR_INPUT on damage under --on-error stop (text
 * names frame and time), FW_ERR_CANCELLED. */
int fw_source_next(struct fw_source *source, struct fw_event *event,
                   struct fw_error *err) FW_MUST_CHECK;
/* Puts the waiting frame into a slot of `bytes` bytes whose last FW_BLOB_MAX are for side data. The
 * info has the time stamps of the output (offset taken off). A frame of another size or format than
 * the first one is converted, or FW_ERR_INPUT under --on-change error, as for other aspects,
 * ranges and matrices. */
int fw_source_fill(struct fw_source *source, void *slot, size_t bytes, struct fw_frame_info *info,
                   struct fw_error *err) FW_MUST_CHECK;

/* What happened so far, for accounting and the list of losses. */
struct fw_source_stats {
    uint64_t frames;         /* given out */
    uint64_t frames_decoded; /* by the codec */
    uint64_t frames_cut;     /* decoded, but outside -ss/-to/-t/-frames:v */
    uint64_t damaged;        /* frames or packets with damage, concealed or skipped */
    uint64_t skipped;        /* frames left out by --on-error skip */
    uint64_t changed;        /* frames of another size, format, aspect or colour than the first */
    uint64_t side_lost;      /* side data entries that could not travel */
    uint64_t bytes_read;
    char first_damage[240]; /* "" when none */
    char first_change[120];
    uint64_t notes_lost; /* of pictures: EXIF, XMP, profiles, texts */
    uint64_t animations; /* of which the first picture was taken */
    uint64_t read_losses;
    char first_read_loss[200];
    uint32_t late_streams; /* wanted streams that begin after the probe and are left out */
};
void fw_source_stats(const struct fw_source *source, struct fw_source_stats *stats_out);

#endif
