/*
 * Drives a sink alone, in this process: pictures made here (or a media file read by the source) to
 * one output.
 *
 *   sink_drive OUT make WxH FORMAT FRAMES NUM/DEN PTS [name=value...]
 *   sink_drive OUT from FILE [name=value...]
 *
 * PTS is a step, or "vfr" for a step that grows, with +N for a start. The names are those of the
 * command. `dump=FILE` also writes the pictures, packed; `rate=N/D` tells a frame rate. Prints the
 * losses and the statistics. Exit code: 0, or minus the status.
 */
#include "pipeline/frame_info.h"
#include "pipeline/limits.h"
#include "pipeline/remux.h"
#include "pipeline/settings.h"
#include "pipeline/sink.h"
#include "pipeline/source.h"

#include "filters/format.h"
#include "filters/image.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libavutil/log.h>

struct drive {
    struct fw_settings settings;
    struct fw_media media;
    struct fw_stream_plan streams[FW_STREAMS_MAX];
    struct fw_losses losses;
    struct fw_video video;
    struct fw_source *source;
    struct fw_sink *sink;
    struct fw_error err;
    FILE *dump;
    int fd;
    uint8_t *slot;
    size_t slot_bytes;
    long frames;
    int64_t step;
    int64_t start;
    bool vfr;
};

static void set(struct drive *drive, const char *name, const char *value)
{
    if (fw_settings_set(&drive->settings, name, value, &drive->err) < 0)
        drive->err.status = FW_ERR_USAGE;
}

static void read_options(struct drive *drive, int count, char **words)
{
    for (int i = 0; i < count; i++) {
        char name[256];
        const char *equal = strchr(words[i], '=');
        (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(words[i], "="), words[i]);
        const char *value = equal ? equal + 1 : NULL;
        if (strcmp(name, "dump") == 0)
            drive->dump = fopen(value, "wb");
        else if (strcmp(name, "rate") == 0)
            (void)sscanf(value, "%d/%d", &drive->video.frame_rate.num,
                         &drive->video.frame_rate.den);
        else if (strcmp(name, "range") == 0)
            drive->video.color.range = (uint8_t)atoi(value);
        else
            set(drive, name, value);
    }
}

/* Noise over a moving slope, inside each component's depth. */
static void paint(const struct drive *drive, const struct fw_image_layout *layout, long number)
{
    const struct fw_format *format = drive->video.format;
    uint32_t state = (uint32_t)number * 2654435761u + 12345u;
    uint32_t depth = fw_format_depth(format);
    for (uint32_t plane = 0; plane < format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(format, plane, drive->video.width);
        int32_t rows = fw_format_plane_height(format, plane, drive->video.height);
        for (int32_t y = 0; y < rows; y++) {
            uint8_t *row = drive->slot + layout->offset[plane] + (size_t)y * layout->stride[plane];
            for (size_t x = 0; x < bytes; x++) {
                state = state * 1664525u + 1013904223u;
                row[x] = (uint8_t)(x + (size_t)y * 2 + (size_t)number * 3 + (state >> 29));
            }
            for (size_t x = 0; depth > 8 && depth < 16 && x + 1 < bytes; x += 2)
                row[x + 1] = (uint8_t)(row[x + 1] & ((1u << (depth - 8)) - 1));
        }
    }
}

static void dump(const struct drive *drive, const struct fw_image_layout *layout)
{
    const struct fw_format *format = drive->video.format;
    for (uint32_t plane = 0; drive->dump && plane < format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(format, plane, drive->video.width);
        int32_t rows = fw_format_plane_height(format, plane, drive->video.height);
        for (int32_t y = 0; y < rows; y++)
            (void)fwrite(drive->slot + layout->offset[plane] + (size_t)y * layout->stride[plane], 1,
                         bytes, drive->dump);
    }
}

static int make_media(struct drive *drive, char **words)
{
    struct fw_media *media = &drive->media;
    drive->video.format = fw_format_find(words[1]);
    if (!drive->video.format ||
        sscanf(words[0], "%dx%d", &drive->video.width, &drive->video.height) != 2 ||
        sscanf(words[3], "%d/%d", &drive->video.time_base.num, &drive->video.time_base.den) != 2)
        return fw_fail(&drive->err, FW_ERR_USAGE, "WxH FORMAT FRAMES NUM/DEN PTS expected");
    drive->frames = atol(words[2]);
    drive->video.color.matrix = drive->video.format->flags & FW_FORMAT_RGB ? 0 : 2;
    drive->video.color.primaries = 2;
    drive->video.color.transfer = 2;
    drive->vfr = strncmp(words[4], "vfr", 3) == 0;
    drive->step = drive->vfr ? 10 : atoll(words[4]);
    const char *plus = strchr(words[4], '+');
    drive->start = plus ? atoll(plus + 1) : 0;
    media->stream_count = 1;
    media->start_time = 0;
    media->streams[0].par = avcodec_parameters_alloc();
    if (!media->streams[0].par)
        return fw_fail(&drive->err, FW_ERR_MEMORY, "no memory");
    media->streams[0].par->codec_type = AVMEDIA_TYPE_VIDEO;
    media->streams[0].time_base = (AVRational){ drive->video.time_base.num,
                                                drive->video.time_base.den };
    drive->streams[0].action = FW_STREAM_VIDEO;
    return FW_OK;
}

static int open_source(struct drive *drive, const char *name)
{
    struct fw_source_options options = { .fd = open(name, O_RDONLY),
                                         .name = name,
                                         .settings = &drive->settings };
    struct fw_buffer packed = { 0 };
    int status = fw_source_open(&drive->source, &options, &drive->err);
    if (status == FW_OK)
        status = fw_source_media(drive->source, &packed, &drive->err);
    if (status == FW_OK)
        status = fw_media_unpack(&drive->media, packed.data, packed.bytes, &drive->err);
    fw_buffer_deinit(&packed);
    drive->video = drive->media.video_params;
    return status;
}

static int open_sink(struct drive *drive)
{
    struct fw_link link;
    fw_link_from_video(&link, &drive->video);
    int status = fw_sink_check(&drive->settings, &drive->err);
    const struct fw_format *format = NULL;
    if (status == FW_OK)
        status = fw_sink_choose_format(&drive->settings, &link, &format, &drive->losses,
                                       &drive->err);
    if (status == FW_OK && format != drive->video.format)
        return fw_fail(&drive->err, FW_ERR_USAGE, "the encoder wants %s", format->name);
    if (status == FW_OK && drive->source)
        status = fw_sink_plan_streams(&drive->settings, &drive->media, drive->streams,
                                      &drive->losses, &drive->err);
    if (status == FW_OK && drive->source)
        status = fw_source_plan(drive->source, drive->streams, &drive->err);
    bool pipe = !drive->settings.output || strcmp(drive->settings.output, "-") == 0;
    drive->fd = pipe ? STDOUT_FILENO
                     : open(drive->settings.output, O_RDWR | O_CREAT | O_TRUNC, 0644);
    const struct fw_sink_options options = { .settings = &drive->settings,
                                             .media = &drive->media,
                                             .streams = drive->streams,
                                             .video = link,
                                             .fd = drive->fd,
                                             .seekable = !pipe };
    return status == FW_OK ? fw_sink_open(&drive->sink, &options, &drive->err) : status;
}

static int make_frames(struct drive *drive, const struct fw_image_layout *layout)
{
    int status = FW_OK;
    int64_t pts = drive->start;
    for (long i = 0; i < drive->frames && status == FW_OK; i++) {
        int64_t length = drive->vfr ? drive->step + i * 3 : drive->step;
        struct fw_frame_info info = { .pts = pts,
                                      .duration = length,
                                      .format = drive->video.format->id,
                                      .width = drive->video.width,
                                      .height = drive->video.height,
                                      .color = drive->video.color };
        paint(drive, layout, i);
        dump(drive, layout);
        status = fw_sink_frame(drive->sink, &info, drive->slot, NULL, &drive->err);
        pts += length;
    }
    return status;
}

static int pass_frames(struct drive *drive)
{
    for (;;) {
        struct fw_event event = { 0 };
        int status = fw_source_next(drive->source, &event, &drive->err);
        if (status != FW_OK)
            return status == FW_END ? FW_OK : status;
        struct fw_frame_info info = { 0 };
        struct fw_record record = { 0 };
        if (event.kind == FW_EVENT_FRAME) {
            status = fw_source_fill(drive->source, drive->slot, drive->slot_bytes, &info,
                                    &drive->err);
            if (status == FW_OK)
                status = fw_sink_frame(drive->sink, &info, drive->slot,
                                       drive->slot + drive->slot_bytes - FW_BLOB_MAX, &drive->err);
        } else {
            status = fw_record_unpack(&record, event.record, event.record_bytes, &drive->err);
            if (status == FW_OK)
                status = fw_sink_record(drive->sink, &record, &drive->err);
            fw_record_deinit(&record);
        }
        if (status < 0)
            return status;
    }
}

static int run(struct drive *drive, int count, char **words)
{
    bool make = strcmp(words[2], "make") == 0;
    set(drive, "o", words[1]);
    int used = make ? 8 : 4;
    if (count < used)
        return fw_fail(&drive->err, FW_ERR_USAGE, "too few words");
    read_options(drive, count - used, words + used);
    int status = drive->err.status < 0 ? drive->err.status : FW_OK;
    if (status == FW_OK)
        status = make ? make_media(drive, words + 3) : open_source(drive, words[3]);
    if (status == FW_OK)
        status = open_sink(drive);
    struct fw_image_layout layout = { 0 };
    if (status == FW_OK &&
        fw_image_layout(&layout, drive->video.format, drive->video.width, drive->video.height) < 0)
        return fw_fail(&drive->err, FW_ERR_USAGE, "size out of range");
    drive->slot_bytes = layout.bytes + FW_BLOB_MAX;
    drive->slot = aligned_alloc(64, drive->slot_bytes);
    if (status == FW_OK)
        status = make ? make_frames(drive, &layout) : pass_frames(drive);
    if (status == FW_OK)
        status = fw_sink_commit(drive->sink, &drive->err);
    char what[32] = "";
    if (status == FW_OK)
        status = fw_sink_verify(drive->sink, what, &drive->err);
    if (status == FW_OK)
        fprintf(stderr, "verified: %s\n", what);
    return status;
}

static void tell(const struct fw_losses *losses)
{
    for (uint32_t i = 0; i < losses->count; i++)
        fprintf(stderr, "loss %s %d: %s\n", losses->items[i].kind, losses->items[i].stream,
                losses->items[i].detail);
}

int main(int count, char **words)
{
    struct drive *drive = calloc(1, sizeof(*drive));
    if (!drive || count < 4)
        return 2;
    av_log_set_level(getenv("SINK_LOG") ? AV_LOG_INFO : AV_LOG_QUIET);
    fw_settings_init(&drive->settings);
    int status = run(drive, count, words);
    tell(&drive->losses);
    if (drive->sink) {
        struct fw_sink_stats stats;
        tell(fw_sink_losses(drive->sink));
        fw_sink_stats(drive->sink, &stats);
        fprintf(stderr, "frames %llu packets %llu duplicated %llu dropped %llu\n",
                (unsigned long long)stats.frames, (unsigned long long)stats.packets,
                (unsigned long long)stats.duplicated, (unsigned long long)stats.dropped);
    }
    if (status < 0)
        fprintf(stderr, "%s: %s\n", fw_status_name(status), drive->err.text);
    fw_sink_close(drive->sink);
    fw_source_close(drive->source);
    fw_losses_deinit(&drive->losses);
    fw_media_deinit(&drive->media);
    fw_settings_deinit(&drive->settings);
    if (drive->dump)
        (void)fclose(drive->dump);
    free(drive->slot);
    free(drive);
    return status < 0 ? -status : 0;
}
