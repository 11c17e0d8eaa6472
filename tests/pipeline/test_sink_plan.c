#include "pipeline/remux.h"
#include "pipeline/settings.h"
#include "pipeline/sink.h"
#include "pipeline/sink_map.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

struct bench {
    struct fw_settings settings;
    struct fw_media *media;
    struct fw_stream_plan plans[FW_STREAMS_MAX];
    struct fw_losses losses;
    struct fw_error err;
};

static void add(struct fw_media *media, enum AVMediaType type, enum AVCodecID codec,
                const char *language)
{
    struct fw_media_stream *stream = &media->streams[media->stream_count++];
    stream->par = avcodec_parameters_alloc();
    cr_assert_not_null(stream->par);
    stream->par->codec_type = type;
    stream->par->codec_id = codec;
    stream->par->sample_rate = type == AVMEDIA_TYPE_AUDIO ? 48000 : 0;
    stream->par->ch_layout.nb_channels = type == AVMEDIA_TYPE_AUDIO ? 2 : 0;
    stream->time_base = (AVRational){ 1, 1000 };
    stream->usable = true;
    if (language)
        av_dict_set(&stream->metadata, "language", language, 0);
}

/* video, two sounds, text and picture subtitles */
static void init(struct bench *bench, const char *output)
{
    memset(bench, 0, sizeof(*bench));
    fw_settings_init(&bench->settings);
    cr_assert_eq(fw_settings_set(&bench->settings, "o", output, &bench->err), FW_OK);
    bench->media = calloc(1, sizeof(*bench->media));
    cr_assert_not_null(bench->media);
    add(bench->media, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_H264, NULL);
    add(bench->media, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_AAC, "eng");
    add(bench->media, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_PCM_S16LE, "ger");
    add(bench->media, AVMEDIA_TYPE_SUBTITLE, AV_CODEC_ID_SUBRIP, "eng");
    add(bench->media, AVMEDIA_TYPE_SUBTITLE, AV_CODEC_ID_HDMV_PGS_SUBTITLE, NULL);
}

static void deinit(struct bench *bench)
{
    fw_media_deinit(bench->media);
    free(bench->media);
    fw_losses_deinit(&bench->losses);
    fw_settings_deinit(&bench->settings);
}

static int plan(struct bench *bench)
{
    return fw_sink_plan_streams(&bench->settings, bench->media, bench->plans, &bench->losses,
                                &bench->err);
}

static void set(struct bench *bench, const char *name, const char *value)
{
    cr_assert_eq(fw_settings_set(&bench->settings, name, value, &bench->err), FW_OK, "%s",
                 bench->err.text);
}

static void expect(const struct bench *bench, const uint32_t actions[5])
{
    for (int i = 0; i < 5; i++)
        cr_assert_eq(bench->plans[i].action, actions[i], "stream %d: %u", i,
                     bench->plans[i].action);
}

Test(sink_plan, mp4_converts_what_it_cannot_hold)
{
    struct bench bench;
    init(&bench, "out.mp4");
    cr_assert_eq(plan(&bench), FW_OK, "%s", bench.err.text);
    expect(&bench, (uint32_t[]){ FW_STREAM_VIDEO, FW_STREAM_COPY, FW_STREAM_AUDIO,
                                 FW_STREAM_SUBTITLE, FW_STREAM_DROP });
    cr_assert_eq(bench.plans[2].codec, AV_CODEC_ID_AAC);
    cr_assert_eq(bench.plans[3].codec, AV_CODEC_ID_MOV_TEXT);
    cr_assert_eq(bench.losses.count, 3);
    cr_assert_str_eq(bench.losses.items[0].kind, "converted");
    cr_assert_str_eq(bench.losses.items[2].kind, "stream");
    deinit(&bench);
}

Test(sink_plan, matroska_copies_all)
{
    struct bench bench;
    init(&bench, "out.mkv");
    cr_assert_eq(plan(&bench), FW_OK);
    expect(&bench, (uint32_t[]){ FW_STREAM_VIDEO, FW_STREAM_COPY, FW_STREAM_COPY, FW_STREAM_COPY,
                                 FW_STREAM_COPY });
    cr_assert_eq(bench.losses.count, 0);
    deinit(&bench);
}

Test(sink_plan, options_of_sound_ask_for_an_encoder)
{
    struct bench bench;
    init(&bench, "out.mkv");
    set(&bench, "ac", "1");
    cr_assert_eq(plan(&bench), FW_OK);
    expect(&bench, (uint32_t[]){ FW_STREAM_VIDEO, FW_STREAM_AUDIO, FW_STREAM_AUDIO, FW_STREAM_COPY,
                                 FW_STREAM_COPY });
    cr_assert_eq(bench.plans[1].codec, AV_CODEC_ID_AAC);
    cr_assert_eq(bench.losses.count, 0);
    deinit(&bench);
}

Test(sink_plan, asked_for_losses_are_none)
{
    struct bench bench;
    init(&bench, "out.mkv");
    set(&bench, "map", "0:a:1");
    cr_assert_eq(plan(&bench), FW_OK);
    expect(&bench, (uint32_t[]){ FW_STREAM_VIDEO, FW_STREAM_DROP, FW_STREAM_COPY, FW_STREAM_DROP,
                                 FW_STREAM_DROP });
    cr_assert_eq(bench.plans[0].output, 0);
    cr_assert_eq(bench.plans[2].output, 1);
    cr_assert_eq(bench.losses.count, 0);
    deinit(&bench);
}

Test(sink_plan, copy_that_cannot_be_is_an_error)
{
    struct bench bench;
    init(&bench, "out.mp4");
    set(&bench, "c:a", "copy");
    cr_assert_eq(plan(&bench), FW_ERR_USAGE);
    cr_assert_not_null(strstr(bench.err.text, "-c:a copy"));
    deinit(&bench);
}

Test(sink_plan, hashes_hold_video_alone)
{
    struct bench bench;
    init(&bench, "-");
    set(&bench, "f", "framemd5");
    cr_assert_eq(plan(&bench), FW_OK);
    cr_assert_eq(bench.plans[1].action, FW_STREAM_DROP);
    cr_assert_eq(bench.losses.count, 4);
    deinit(&bench);
}

static uint32_t order_of(struct bench *bench, const char *const *maps, uint32_t *order)
{
    uint32_t count = 0;
    for (uint32_t i = 0; maps[i]; i++)
        set(bench, "map", maps[i]);
    int status = fw_maps_apply(&bench->settings, bench->media, order, &count, &bench->losses,
                               &bench->err);
    return status < 0 ? 0 : count;
}

static void expect_order(const char *const *maps, uint32_t count, const uint32_t *want)
{
    struct bench bench;
    uint32_t order[FW_STREAMS_MAX];
    init(&bench, "out.mkv");
    cr_assert_eq(order_of(&bench, maps, order), count, "%s: %s", maps[0], bench.err.text);
    for (uint32_t i = 0; i < count; i++)
        cr_assert_eq(order[i], want[i], "%s: place %u holds %u", maps[0], i, order[i]);
    deinit(&bench);
}

Test(sink_map, selects_as_ffmpeg_does)
{
    expect_order((const char *[]){ "0", NULL }, 5, (uint32_t[]){ 0, 1, 2, 3, 4 });
    expect_order((const char *[]){ "0:2", NULL }, 2, (uint32_t[]){ 0, 2 });
    expect_order((const char *[]){ "0:s", "0:v", NULL }, 3, (uint32_t[]){ 3, 4, 0 });
    expect_order((const char *[]){ "-0:a", NULL }, 3, (uint32_t[]){ 0, 3, 4 });
    expect_order((const char *[]){ "0", "-0:s:1", NULL }, 4, (uint32_t[]){ 0, 1, 2, 3 });
    expect_order((const char *[]){ "0:m:language:eng", NULL }, 3, (uint32_t[]){ 0, 1, 3 });
    expect_order((const char *[]){ "0:a:m:language:ger", NULL }, 2, (uint32_t[]){ 0, 2 });
    expect_order((const char *[]){ "0:t?", NULL }, 1, (uint32_t[]){ 0 });
}

Test(sink_map, finds_the_containers_numbers)
{
    struct bench bench;
    uint32_t order[FW_STREAMS_MAX];
    init(&bench, "out.mkv");
    for (uint32_t i = 0; i < bench.media->stream_count; i++)
        bench.media->streams[i].id = 0x100 + (int)i;
    cr_assert_eq(order_of(&bench, (const char *[]){ "0:i:0x102", "0:#259", NULL }, order), 3, "%s",
                 bench.err.text);
    cr_assert_eq(order[1], 2);
    cr_assert_eq(order[2], 3);
    deinit(&bench);
}

Test(sink_map, lists_what_is_named_twice)
{
    struct bench bench;
    uint32_t order[FW_STREAMS_MAX];
    init(&bench, "out.mkv");
    cr_assert_eq(order_of(&bench, (const char *[]){ "0:v", "0:a", "0:1", NULL }, order), 3, "%s",
                 bench.err.text);
    cr_assert_eq(bench.losses.count, 1);
    deinit(&bench);
}

Test(sink_plan, leaves_out_sound_that_nothing_describes)
{
    struct bench bench;
    init(&bench, "out.mkv");
    bench.media->streams[1].par->sample_rate = 0;
    cr_assert_eq(plan(&bench), FW_OK, "%s", bench.err.text);
    cr_assert_eq(bench.plans[1].action, FW_STREAM_DROP);
    cr_assert_eq(bench.losses.count, 1);
    deinit(&bench);
}

Test(sink_map, refuses)
{
    static const char *const wrong[] = { "1",    "0:x",  "0:t",   "0:a:7", "a",
                                         "0:a:", "0:m:", "0:p:1", "0:i:x", "0:i:0x999" };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct bench bench;
        uint32_t order[FW_STREAMS_MAX];
        init(&bench, "out.mkv");
        cr_assert_eq(order_of(&bench, (const char *[]){ wrong[i], NULL }, order), 0, "%s",
                     wrong[i]);
        deinit(&bench);
    }
}
