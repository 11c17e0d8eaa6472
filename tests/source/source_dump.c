/* Prints what a source gives: a line a frame as framemd5 has it, or a line a record. A test helper.
 *
 * source_dump [-ss S] [-to S] [-t S] [-map M] [-frames N] [-threads N]
 *             [-on-error stop|conceal|skip] [-on-change scale|error] [-streams copy|decode]
 *             [-null] [-info] FILE|-
 */
#include "pipeline/avframe.h"
#include "pipeline/remux.h"
#include "pipeline/source.h"

#include "filters/format.h"
#include "filters/image.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libavutil/avutil.h>
#include <libavutil/md5.h>
#include <libavutil/mem.h>

struct dump {
    struct fw_settings settings;
    char *map;
    const char *file;
    enum fw_stream_action others;
    bool info;
};

static int64_t microseconds(const char *text)
{
    return (int64_t)(strtod(text, NULL) * AV_TIME_BASE + 0.5);
}

static void set_word(struct dump *dump, const char *name, char *value)
{
    struct fw_settings *settings = &dump->settings;
    if (!strcmp(name, "-ss"))
        settings->seek_us = microseconds(value);
    else if (!strcmp(name, "-to"))
        settings->to_us = microseconds(value);
    else if (!strcmp(name, "-t"))
        settings->length_us = microseconds(value);
    else if (!strcmp(name, "-frames"))
        settings->frames_max = strtoull(value, NULL, 10);
    else if (!strcmp(name, "-threads"))
        settings->decoder_threads = (uint32_t)strtoul(value, NULL, 10);
    else if (!strcmp(name, "-max-pixels"))
        settings->max_pixels = strtoull(value, NULL, 10);
    else if (!strcmp(name, "-on-change"))
        settings->on_change = strcmp(value, "error") ? FW_ON_CHANGE_SCALE : FW_ON_CHANGE_ERROR;
    else if (!strcmp(name, "-on-error"))
        settings->on_error = !strcmp(value, "skip")      ? FW_ON_ERROR_SKIP
                             : !strcmp(value, "conceal") ? FW_ON_ERROR_CONCEAL
                                                         : FW_ON_ERROR_STOP;
    else if (!strcmp(name, "-streams"))
        dump->others = strcmp(value, "decode") ? FW_STREAM_COPY : FW_STREAM_AUDIO;
    else if (!strcmp(name, "-map"))
        dump->map = value;
}

static void parse(struct dump *dump, int argc, char **argv)
{
    dump->settings.seek_us = dump->settings.to_us = dump->settings.length_us = FW_NOPTS;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-info"))
            dump->info = true;
        else if (!strcmp(argv[i], "-null"))
            dump->settings.null_output = true;
        else if (argv[i][0] == '-' && argv[i][1] && i + 1 < argc) {
            set_word(dump, argv[i], argv[i + 1]);
            i++;
        } else {
            dump->file = argv[i];
        }
    }
    if (dump->map) {
        dump->settings.maps.items = &dump->map;
        dump->settings.maps.count = 1;
    }
}

static void print_hash(struct AVMD5 *md5)
{
    uint8_t digest[16];
    av_md5_final(md5, digest);
    for (int i = 0; i < 16; i++)
        (void)printf("%02x", digest[i]);
    (void)printf("\n");
}

static int print_frame(const struct fw_frame_info *info, void *slot, struct AVMD5 *md5)
{
    struct fw_image_layout layout;
    struct fw_image image;
    const struct fw_format *format = fw_format_at(info->format);
    if (fw_image_layout(&layout, format, info->width, info->height) < 0)
        return -1;
    fw_image_map(&image, &layout, format, info->width, info->height, slot);
    size_t total = 0;
    av_md5_init(md5);
    for (uint32_t plane = 0; plane < format->plane_count; plane++) {
        size_t row = fw_format_row_bytes(format, plane, info->width);
        int32_t rows = fw_format_plane_height(format, plane, info->height);
        for (int32_t y = 0; y < rows; y++)
            av_md5_update(md5, image.data[plane] + y * image.stride[plane], row);
        total += row * (size_t)rows;
    }
    (void)printf("frame %" PRId64 " %" PRId64 " %zu ", info->pts, info->duration, total);
    print_hash(md5);
    return 0;
}

static int print_record(const struct fw_event *event, struct AVMD5 *md5, struct fw_error *err)
{
    struct fw_record record;
    int status = fw_record_unpack(&record, event->record, event->record_bytes, err);
    if (status != FW_OK)
        return status;
    av_md5_init(md5);
    if (record.kind == FW_RECORD_PACKET) {
        (void)printf("packet %u %" PRId64 " %" PRId64 " %" PRId64 " %d ", record.stream,
                     record.packet->pts, record.packet->dts, record.packet->duration,
                     record.packet->size);
        av_md5_update(md5, record.packet->data, (size_t)record.packet->size);
        print_hash(md5);
    } else if (record.kind == FW_RECORD_AUDIO) {
        (void)printf("audio %u %" PRId64 " %d\n", record.stream, record.audio->pts,
                     record.audio->nb_samples);
    } else {
        (void)printf("subtitle %u %" PRId64 " %" PRId64 " %s\n", record.stream, record.start_us,
                     record.length_us, record.ass);
    }
    fw_record_deinit(&record);
    return FW_OK;
}

static void print_info(const struct fw_media *media)
{
    const struct fw_video *video = &media->video_params;
    (void)printf("video %d of %u: %s %dx%d sar %d/%d tb %d/%d rate %d/%d\n", media->video,
                 media->stream_count, video->format->name, video->width, video->height,
                 video->sample_aspect.num, video->sample_aspect.den, video->time_base.num,
                 video->time_base.den, video->frame_rate.num, video->frame_rate.den);
    (void)printf("color %d %d %d %d %d field %d flags %u\n", video->color.range,
                 video->color.primaries, video->color.transfer, video->color.matrix,
                 video->color.chroma_location, media->field_order, media->first_flags);
    (void)printf("rotation %d flip %d %d odd %d side %u frames %" PRId64 " exact %d chapters %u\n",
                 media->rotation, media->flip_h, media->flip_v, media->matrix_odd,
                 media->frame_side_count, media->frames_estimate, media->frames_exact,
                 media->chapter_count);
}

static int plan_streams(struct fw_source *source, const struct dump *dump, size_t *slot_bytes,
                        struct fw_error *err)
{
    struct fw_buffer packed = { 0 };
    struct fw_media *media = calloc(1, sizeof(*media));
    struct fw_stream_plan plan[FW_STREAMS_MAX] = { 0 };
    struct fw_image_layout layout;
    int status = media ? fw_source_media(source, &packed, err) : FW_ERR_MEMORY;
    if (status == FW_OK)
        status = fw_media_unpack(media, packed.data, packed.bytes, err);
    if (status == FW_OK) {
        const struct fw_video *video = &media->video_params;
        if (fw_image_layout(&layout, video->format, video->width, video->height) < 0)
            status = fw_fail(err, FW_ERR_INTERNAL, "no layout");
        *slot_bytes = layout.bytes + FW_BLOB_MAX;
        if (dump->info)
            print_info(media);
        for (uint32_t i = 0; i < media->stream_count; i++) {
            enum AVMediaType type = media->streams[i].par->codec_type;
            plan[i].action = dump->others;
            if (dump->others == FW_STREAM_AUDIO && type != AVMEDIA_TYPE_AUDIO)
                plan[i].action = type == AVMEDIA_TYPE_SUBTITLE ? FW_STREAM_SUBTITLE
                                                               : FW_STREAM_DROP;
        }
        if (status == FW_OK)
            status = fw_source_plan(source, plan, err);
        fw_media_deinit(media);
    }
    free(media);
    fw_buffer_deinit(&packed);
    return status;
}

static int run(struct fw_source *source, const struct dump *dump, struct fw_error *err)
{
    size_t bytes = 0;
    int status = plan_streams(source, dump, &bytes, err);
    void *slot = aligned_alloc(64, (bytes + 63) / 64 * 64);
    struct AVMD5 *md5 = av_md5_alloc();
    if (!slot || !md5)
        status = FW_ERR_MEMORY;
    while (status == FW_OK) {
        struct fw_event event;
        struct fw_frame_info info;
        status = fw_source_next(source, &event, err);
        if (status == FW_OK && event.kind == FW_EVENT_RECORD) {
            status = print_record(&event, md5, err);
        } else if (status == FW_OK) {
            status = fw_source_fill(source, slot, bytes, &info, err);
            if (status == FW_OK && print_frame(&info, slot, md5) < 0)
                status = fw_fail(err, FW_ERR_INTERNAL, "bad frame info");
        }
    }
    av_free(md5);
    free(slot);
    return status;
}

int main(int argc, char **argv)
{
    static struct dump dump;
    static struct fw_error err;
    parse(&dump, argc, argv);
    if (!dump.file)
        return 2;
    int fd = strcmp(dump.file, "-") ? open(dump.file, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (fd < 0) {
        perror(dump.file);
        return 2;
    }
    const struct fw_source_options options = { .fd = fd,
                                               .name = dump.file,
                                               .settings = &dump.settings };
    struct fw_source *source = NULL;
    int status = fw_source_open(&source, &options, &err);
    if (status == FW_OK)
        status = run(source, &dump, &err);
    struct fw_source_stats stats = { 0 };
    if (source)
        fw_source_stats(source, &stats);
    if (stats.damaged || stats.changed || stats.skipped)
        (void)fprintf(
            stderr, "damaged %" PRIu64 " skipped %" PRIu64 " changed %" PRIu64 "\n%s\n%s\n",
            stats.damaged, stats.skipped, stats.changed, stats.first_damage, stats.first_change);
    if (status != FW_END)
        (void)fprintf(stderr, "status %s: %s\n", fw_status_name(status), err.text);
    fw_source_close(source);
    return status == FW_END ? 0 : 1;
}
