/*
 * Where frames go: an encoder and a muxer over one open descriptor, a stream of y4m, or nothing.
 *
 * fw_sink_check and fw_sink_plan decide; they run before the encoder process exists and touch no
 * file. The rest runs in the encoder process.
 */
#ifndef FW_PIPELINE_SINK_H
#define FW_PIPELINE_SINK_H

#include "frame_info.h"
#include "link.h"
#include "losses.h"
#include "settings.h"

#include <stdbool.h>

struct fw_sink;
struct fw_proc;
struct fw_control;
struct fw_stream_plan;
struct fw_record;
struct fw_media;

/* All that can be known without an input: muxer, encoder, their options, container takes codec.
 * Collects all faults in err->text. */
int fw_sink_check(const struct fw_settings *settings, struct fw_error *err) FW_MUST_CHECK;

/* The encoder's picture format for what the chain gives: `chain` itself when the encoder takes it
 * (or -pix_fmt), else the nearest without loss, else the nearest, listed as "converted".
 * FW_ERR_USAGE with the ways out when size or format cannot be taken. */
int fw_sink_choose_format(const struct fw_settings *settings, const struct fw_link *chain,
                          const struct fw_format **format_out, struct fw_losses *losses,
                          struct fw_error *err) FW_MUST_CHECK;
/* Decides for each input stream what happens to it: -map, -an -sn -dn, container, codecs. Fills
 * FW_STREAMS_MAX plans; adds losses. */
int fw_sink_plan_streams(const struct fw_settings *settings, const struct fw_media *media,
                         struct fw_stream_plan *streams, struct fw_losses *losses,
                         struct fw_error *err) FW_MUST_CHECK;

/* Everything pointed to is borrowed until fw_sink_close. */
struct fw_sink_options {
    const struct fw_settings *settings;
    const struct fw_media *media;
    const struct fw_stream_plan *streams;
    struct fw_link video;          /* what arrives: the chain's output in the encoder's format */
    const struct fw_format *given; /* of the chain before that; NULL: the same */
    bool rotated;                  /* the rotation was applied to the pixels */
    int fd;        /* read-write for files, write-only for pipes; -1 for a null output */
    bool seekable; /* fd is a regular file that is ours alone */
    struct fw_control *control; /* NULL in tests */
    struct fw_proc *proc;
};
/* Opens encoders; the header comes with the first frame. FW_ERR_USAGE when an encoder refuses;
 * FW_ERR_OUTPUT. */
int fw_sink_open(struct fw_sink **sink_out, const struct fw_sink_options *options,
                 struct fw_error *err) FW_MUST_CHECK;
/* One frame in order, at `base` as fw_image_layout lays it out. Returns once the pixels are no
 * longer needed. `info.pts` in options.video.time_base. */
int fw_sink_frame(struct fw_sink *sink, const struct fw_frame_info *info, const void *base,
                  const void *blob, struct fw_error *err) FW_MUST_CHECK;
/* One record of the packet ring; its contents may be moved away. Calls to frame and record never
 * overlap. */
int fw_sink_record(struct fw_sink *sink, struct fw_record *record,
                   struct fw_error *err) FW_MUST_CHECK;
/* Flushes encoders, writes the trailer, checks every write, fsyncs a file. */
int fw_sink_commit(struct fw_sink *sink, struct fw_error *err) FW_MUST_CHECK;
/* Reads the committed file again: --verify. FW_ERR_VERIFY names what differs. Only for a seekable
 * output; fills *what with what was verified ("count", "decode", "" when it cannot be). */
int fw_sink_verify(struct fw_sink *sink, char what[32], struct fw_error *err) FW_MUST_CHECK;
void fw_sink_close(struct fw_sink *sink); /* NULL ok; cannot fail */

struct fw_sink_stats {
    uint64_t frames;     /* given to the encoder */
    uint64_t packets;    /* video packets written */
    uint64_t duplicated; /* by -r */
    uint64_t dropped;    /* by -r */
    uint64_t bytes;      /* written */
    int64_t end_us;      /* time of the last frame's end */
};
void fw_sink_stats(const struct fw_sink *sink, struct fw_sink_stats *stats_out);
/* Losses that showed while writing (time stamps, side data). Borrowed. */
const struct fw_losses *fw_sink_losses(const struct fw_sink *sink);

#endif
