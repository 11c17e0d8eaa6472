/* y4m headers, frames into slots, cuts, and files that end too soon. */
#include "pipeline/source.h"

#include "pipeline/remux.h"
#include "pipeline/y4m_header.h"

#include "filters/format.h"
#include "filters/image.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libavcodec/codec_par.h>

static int parse(const char *text, struct fw_video *video, struct fw_y4m_header *header)
{
    char line[256];
    struct fw_error err = { 0 };
    strcpy(line, text);
    return fw_y4m_header_parse(header, line, video, &err);
}

Test(y4m, header_words)
{
    struct fw_video video;
    struct fw_y4m_header header;
    cr_assert_eq(parse("YUV4MPEG2 W352 H288 F30000:1001 It A128:117 C422p10 XCOLORRANGE=FULL",
                       &video, &header),
                 FW_OK);
    cr_assert_eq(video.width, 352);
    cr_assert_eq(video.time_base.num, 1001);
    cr_assert_eq(video.sample_aspect.den, 117);
    cr_assert_eq(video.color.range, 2);
    cr_assert_str_eq(video.format->name, "yuv422p10le");
    cr_assert_eq(header.field_order, AV_FIELD_TT);
    cr_assert_eq(header.flags, FW_FRAME_INTERLACED | FW_FRAME_TOP_FIRST);
    cr_assert_eq(parse("YUV4MPEG2 W2 H2 F50:2 XYSCSS=444P16", &video, &header), FW_OK);
    cr_assert_str_eq(video.format->name, "yuv444p16le");
    cr_assert_eq(video.frame_rate.num, 25);
    cr_assert_eq(parse("YUV4MPEG2 W2 H2", &video, &header), FW_OK);
    cr_assert_str_eq(video.format->name, "yuv420p");
    static const char *const bad[] = { "YUV4MPEG3 W2 H2",    "YUV4MPEG2 W2",
                                       "YUV4MPEG2 W-2 H2",   "YUV4MPEG2 W99999 H2",
                                       "YUV4MPEG2 W2 H2 Cx", "YUV4MPEG2 W2 H2 F1",
                                       "YUV4MPEG2 W2x H2",   "YUV4MPEG2 W2 H2 Iz" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(parse(bad[i], &video, &header), FW_ERR_INPUT, "%s", bad[i]);
}

#define WIDTH 5
#define HEIGHT 3
#define FRAME_BYTES (WIDTH * HEIGHT + 2 * 3 * 2)

/* A 4:2:0 file of `count` frames; every byte of frame n is n, but the first, which is 100 + n. */
static int make_file(int count, size_t cut)
{
    int fd = memfd_create("y4m", MFD_CLOEXEC);
    uint8_t frame[FRAME_BYTES];
    static const char head[] = "YUV4MPEG2 W5 H3 F10:1\n";
    cr_assert_eq(write(fd, head, sizeof(head) - 1), (ssize_t)sizeof(head) - 1);
    for (int i = 0; i < count; i++) {
        memset(frame, i, sizeof(frame));
        frame[0] = (uint8_t)(100 + i);
        cr_assert_eq(write(fd, "FRAME\n", 6), 6);
        cr_assert_eq(write(fd, frame, sizeof(frame)), FRAME_BYTES);
    }
    off_t end = lseek(fd, 0, SEEK_CUR);
    cr_assert_eq(ftruncate(fd, end - (off_t)cut), 0);
    cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void no_cut(struct fw_settings *settings)
{
    memset(settings, 0, sizeof(*settings));
    settings->seek_us = settings->to_us = settings->length_us = FW_NOPTS;
}

static int pump(int fd, const struct fw_settings *settings, int *frames, int64_t *first,
                struct fw_error *err)
{
    struct fw_source *source = NULL;
    const struct fw_source_options options = { .fd = fd, .name = "x", .settings = settings };
    size_t bytes = 65536 + FW_BLOB_MAX;
    uint8_t *slot = aligned_alloc(64, bytes);
    *frames = 0;
    int status = fw_source_open(&source, &options, err);
    while (status == FW_OK) {
        struct fw_event event;
        struct fw_frame_info info;
        status = fw_source_next(source, &event, err);
        if (status != FW_OK)
            break;
        status = fw_source_fill(source, slot, bytes, &info, err);
        if (status != FW_OK)
            break;
        if (!*frames)
            *first = info.pts;
        cr_assert_eq(info.width, WIDTH);
        cr_assert_eq(slot[64], slot[1], "rows are spread to the stride");
        cr_assert_eq(slot[0], slot[1] + 100);
        ++*frames;
    }
    fw_source_close(source);
    free(slot);
    close(fd);
    return status;
}

Test(y4m, frames_and_cuts)
{
    struct fw_error err = { 0 };
    struct fw_settings settings;
    int frames;
    int64_t first = -1;
    no_cut(&settings);
    cr_assert_eq(pump(make_file(7, 0), &settings, &frames, &first, &err), FW_END, "%s", err.text);
    cr_assert_eq(frames, 7);
    settings.seek_us = 250000;
    cr_assert_eq(pump(make_file(7, 0), &settings, &frames, &first, &err), FW_END);
    cr_assert_eq(frames, 4, "2.5 rounds to 3 frames, as in the ffmpeg command");
    cr_assert_eq(first, 0);
    settings.length_us = 200000;
    cr_assert_eq(pump(make_file(7, 0), &settings, &frames, &first, &err), FW_END);
    cr_assert_eq(frames, 2);
    settings.frames_max = 1;
    cr_assert_eq(pump(make_file(7, 0), &settings, &frames, &first, &err), FW_END);
    cr_assert_eq(frames, 1);
    no_cut(&settings);
    settings.seek_us = 9000000;
    cr_assert_eq(pump(make_file(7, 0), &settings, &frames, &first, &err), FW_ERR_INPUT);
}

Test(y4m, cut_files_are_damage)
{
    struct fw_error err = { 0 };
    struct fw_settings settings;
    int frames;
    int64_t first;
    no_cut(&settings);
    cr_assert_eq(pump(make_file(4, 1), &settings, &frames, &first, &err), FW_ERR_INPUT);
    cr_assert_not_null(strstr(err.text, "frame 3 (0.300 s)"), "%s", err.text);
    cr_assert_eq(frames, 3);
    settings.on_error = FW_ON_ERROR_CONCEAL;
    err.status = 0;
    cr_assert_eq(pump(make_file(4, 1), &settings, &frames, &first, &err), FW_END);
    cr_assert_eq(frames, 3);
}

Test(y4m, a_pipe_is_read_in_order)
{
    struct fw_error err = { 0 };
    struct fw_settings settings;
    int ends[2];
    int frames;
    int64_t first;
    uint8_t bytes[4096];
    int file = make_file(3, 2);
    ssize_t count = read(file, bytes, sizeof(bytes));
    close(file);
    no_cut(&settings);
    settings.on_error = FW_ON_ERROR_SKIP;
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], bytes, (size_t)count), count);
    close(ends[1]);
    cr_assert_eq(pump(ends[0], &settings, &frames, &first, &err), FW_END, "%s", err.text);
    cr_assert_eq(frames, 2);
}

Test(y4m, media_tells_format_and_count)
{
    struct fw_error err = { 0 };
    struct fw_settings settings;
    struct fw_source *source = NULL;
    struct fw_buffer packed = { 0 };
    struct fw_media *media = calloc(1, sizeof(*media));
    no_cut(&settings);
    int fd = make_file(6, 0);
    const struct fw_source_options options = { .fd = fd, .name = "x", .settings = &settings };
    cr_assert_eq(fw_source_open(&source, &options, &err), FW_OK);
    cr_assert_eq(fw_source_media(source, &packed, &err), FW_OK);
    cr_assert_eq(fw_media_unpack(media, packed.data, packed.bytes, &err), FW_OK);
    cr_assert_eq(media->frames_estimate, 6);
    cr_assert_str_eq(media->video_params.format->name, "yuv420p");
    fw_media_deinit(media);
    free(media);
    fw_buffer_deinit(&packed);
    fw_source_close(source);
    close(fd);
}

Test(source, content_that_is_no_media_is_refused)
{
    static const char *const texts[] = { "ffconcat version 1.0\nfile secret.mp4\n",
                                         "#EXTM3U\n#EXTINF:5,\nsecret.mp4\n#EXT-X-ENDLIST\n",
                                         "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
                                         "just a text", "" };
    struct fw_settings settings;
    no_cut(&settings);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct fw_error err = { 0 };
        struct fw_source *source = NULL;
        int fd = memfd_create("text", MFD_CLOEXEC);
        cr_assert_eq(write(fd, texts[i], strlen(texts[i])), (ssize_t)strlen(texts[i]));
        (void)lseek(fd, 0, SEEK_SET);
        const struct fw_source_options options = { .fd = fd, .name = "x", .settings = &settings };
        cr_assert_eq(fw_source_open(&source, &options, &err), FW_ERR_INPUT, "%s", texts[i]);
        cr_assert_null(source);
        close(fd);
    }
}
