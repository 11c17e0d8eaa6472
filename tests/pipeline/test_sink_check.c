#include "pipeline/settings.h"
#include "pipeline/sink.h"

#include <criterion/criterion.h>
#include <libavutil/log.h>
#include <stdio.h>
#include <string.h>

/* Checks "name=value" settings; the text of what is refused, "" when nothing is. */
static struct fw_error check(const char *const *words)
{
    struct fw_settings settings;
    struct fw_error err = { 0 };
    av_log_set_level(AV_LOG_QUIET);
    fw_settings_init(&settings);
    for (; *words; words++) {
        char name[64];
        const char *equal = strchr(*words, '=');
        (void)snprintf(name, sizeof(name), "%.*s", (int)(equal - *words), *words);
        cr_assert_eq(fw_settings_set(&settings, name, equal + 1, &err), FW_OK, "%s", err.text);
    }
    int status = fw_sink_check(&settings, &err);
    cr_assert_eq(status, err.status < 0 ? err.status : FW_OK);
    fw_settings_deinit(&settings);
    return err;
}

#define CHECK(...) check((const char *[]){ __VA_ARGS__, NULL })

static void refused(struct fw_error err, const char *part)
{
    cr_assert_eq(err.status, FW_ERR_USAGE, "taken: %s", part);
    cr_assert_not_null(strstr(err.text, part), "no '%s' in: %s", part, err.text);
}

Test(sink_check, takes_what_is_usual)
{
    cr_assert_eq(CHECK("o=a.mp4", "crf=20", "preset=slow", "movflags=+faststart").status, FW_OK);
    cr_assert_eq(CHECK("o=a.mkv", "c:v=ffv1", "c:a=libopus").status, FW_OK);
    cr_assert_eq(CHECK("o=a.mkv", "c:v=mpeg4", "b:v=2M", "g=25", "b:a=96k").status, FW_OK);
    cr_assert_eq(CHECK("o=-").status, FW_OK);
    cr_assert_eq(CHECK("o=-", "f=framemd5").status, FW_OK);
    cr_assert_eq(CHECK("o=a.mkv", "c:v=mjpeg", "q:v=2").status, FW_OK);
    cr_assert_eq(CHECK("o=a.mp4", "pix_fmt=yuv420p10").status, FW_OK);
}

Test(sink_check, a_plain_name_is_one_picture)
{
    static const char *const names[] = {
        "o=a.png", "o=d/a.JPG", "o=a.jpeg", "o=a.tif", "o=a.bmp",
        "o=a.qoi", "o=a.ppm",   "o=a.exr",  "o=a.ff",  "o=a1.png"
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        cr_expect_eq(CHECK(names[i]).status, FW_OK, "%s", names[i]);
    cr_expect_eq(CHECK("o=a.jpg", "q:v=3", "c:v=mjpeg", "update=1").status, FW_OK);
    cr_expect_eq(CHECK("o=a.webp", "f=image2", "lossless=1").status, FW_OK);
    /* Video containers, with the options of an encoder. */
    cr_expect_eq(CHECK("o=a.webp", "c:v=libwebp_anim").status, FW_OK);
    cr_expect_eq(CHECK("o=a.gif", "loop=0").status, FW_OK);
    refused(CHECK("o=a.jpg", "crf=3"), "no such option");
    refused(CHECK("o=a.jpg", "update=0"), "no such option");
    refused(CHECK("o=a%d.jpg", "update=1"), "no such option");
    refused(CHECK("o=a.jpg", "c:v=libx264"), "extension says");
    refused(CHECK("o=a.tga"), "pictures are written as");
    refused(CHECK("o=a.mkv", "f=image2"), "pictures are written as");
}

Test(sink_check, refuses_names)
{
    refused(CHECK("o=a.mkx"), "no output format");
    refused(CHECK("o=a.mkv", "f=matrosca"), "did you mean 'matroska'");
    refused(CHECK("o=a.mkv", "c:v=libx246"), "did you mean 'libx264'");
    refused(CHECK("o=a.mkv", "c:v=copy"), "must be encoded");
    refused(CHECK("o=a.mkv", "c:v=aac"), "no video encoder");
    refused(CHECK("o=a.mp4", "c:v=ffv1"), "cannot hold ffv1");
    refused(CHECK("o=a.mp4", "c:v=ffv1"), "it fits in .mkv, .mov, .avi, .nut");
    refused(CHECK("o=a.ts", "c:v=ffv1"), "cannot hold ffv1");
    refused(CHECK("o=a.ts", "c:v=mjpeg"), "cannot hold mjpeg");
    refused(CHECK("o=a.mpg", "c:v=utvideo"), "cannot hold utvideo");
    refused(CHECK("o=a.h264", "c:v=mpeg4"), "cannot hold mpeg4");
    refused(CHECK("o=a.mp4", "c:a=pcm_s16le"), "cannot hold it");
    refused(CHECK("o=a.wav"), "holds no video");
    refused(CHECK("o=a.mkv", "pix_fmt=yuv421p"), "no such pixel format");
}

Test(sink_check, refuses_options_of_sound_that_is_not_encoded)
{
    refused(CHECK("o=a.mkv", "c:a=copy", "ar=22050"), "-ar: -c:a copy takes the sound over");
    refused(CHECK("o=a.mkv", "c:a=copy", "b:a=32k"), "-b:a: -c:a copy");
    refused(CHECK("o=-", "ac=1"), "-ac: no sound is written");
    refused(CHECK("o=a.mkv", "c:a=vorbis"), "-strict -2");
    cr_assert_eq(CHECK("o=a.mkv", "c:a=vorbis", "strict:a=-2").status, FW_OK);
    cr_assert_eq(CHECK("o=a.mkv", "ac=1", "q:a=2").status, FW_OK);
}

Test(sink_check, refuses_a_movie_into_a_pipe)
{
    refused(CHECK("o=-", "f=mp4"), "empty_moov");
    cr_assert_eq(CHECK("o=-", "f=mp4", "movflags=frag_keyframe+empty_moov").status, FW_OK);
    cr_assert_eq(CHECK("o=-", "f=matroska").status, FW_OK);
}

Test(sink_check, tells_all_faults_at_once)
{
    struct fw_error err = CHECK("o=a.mkv", "crff=20", "g=many", "preset=fasst");
    refused(err, "did you mean '-crf'");
    refused(err, "-g many");
    refused(CHECK("o=a.mkv", "b:v=fast"), "-b:v fast");
    refused(err, "did you mean 'fast'");
}

Test(sink_check, refuses_a_rate_for_jpeg)
{
    refused(CHECK("o=a.mkv", "c:v=mjpeg", "b:v=2M"), "quality alone");
}
