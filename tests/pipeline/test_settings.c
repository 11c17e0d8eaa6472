/* Option texts: times, sizes, rates, ranges, words, and what is said when they are wrong. */
#include "pipeline/settings.h"

#include "pipeline/settings_parse.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <string.h>

static struct fw_settings settings;
static struct fw_error err;

static void set_up(void)
{
    fw_settings_init(&settings);
    memset(&err, 0, sizeof(err));
}

static void tear_down(void)
{
    fw_settings_deinit(&settings);
}

TestSuite(settings, .init = set_up, .fini = tear_down);

static int set(const char *name, const char *value)
{
    memset(&err, 0, sizeof(err));
    return fw_settings_set(&settings, name, value, &err);
}

static bool says(const char *part)
{
    return strstr(err.text, part) != NULL;
}

Test(settings, times_as_ffmpeg_reads_them)
{
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {
        { "55", 55000000 },     { "0.2", 200000 },
        { "200ms", 200000 },    { "10us", 10 },
        { "1.5s", 1500000 },    { "1:02:03.5", 3723500000 },
        { "02:03", 123000000 }, { "-1", -1000000 },
        { ".5", 500000 },       { "12:03:45", 43425000000 },
        { "0.0000019", 1 },     { "0", 0 },
    };
    static const char *const bad[] = {
        "",       "x",   "1:60", "1:61:00", "1:2:3:4", "5m", "1 ", "1e3", "99999999999999999999",
        "1:00ms", "--1", "0x10", "."
    };
    int64_t us = 0;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cr_expect(fw_parse_time(good[i].text, &us), "%s", good[i].text);
        cr_expect_eq(us, good[i].us, "%s gave %lld", good[i].text, (long long)us);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_not(fw_parse_time(bad[i], &us), "%s", bad[i]);
}

Test(settings, sizes)
{
    uint64_t bytes = 0;
    cr_expect(fw_parse_size("4096", &bytes) && bytes == 4096);
    cr_expect(fw_parse_size("512M", &bytes) && bytes == 512u << 20);
    cr_expect(fw_parse_size("2GiB", &bytes) && bytes == UINT64_C(2) << 30);
    cr_expect(fw_parse_size("1.5k", &bytes) && bytes == 1536);
    cr_expect(fw_parse_size("10MB", &bytes) && bytes == 10000000);
    cr_expect_not(fw_parse_size("2X", &bytes));
    cr_expect_not(fw_parse_size("iB", &bytes));
    cr_expect_not(fw_parse_size("4iB", &bytes));
    cr_expect_not(fw_parse_size("20000000000G", &bytes));
    cr_expect_not(fw_parse_size("-1", &bytes));
}

Test(settings, rates)
{
    struct fw_rational rate = { 0, 1 };
    cr_expect(fw_parse_rate("24", &rate) && rate.num == 24 && rate.den == 1);
    cr_expect(fw_parse_rate("30000/1001", &rate) && rate.num == 30000 && rate.den == 1001);
    cr_expect(fw_parse_rate("50/2", &rate) && rate.num == 25 && rate.den == 1);
    cr_expect(fw_parse_rate("ntsc", &rate) && rate.num == 30000 && rate.den == 1001);
    cr_expect(fw_parse_rate("23.976", &rate) && rate.num == 2997 && rate.den == 125);
    cr_expect_not(fw_parse_rate("0", &rate));
    cr_expect_not(fw_parse_rate("25/0", &rate));
    cr_expect_not(fw_parse_rate("-25", &rate));
    cr_expect_not(fw_parse_rate("", &rate));
    cr_expect_not(fw_parse_rate("99999999999", &rate));
}

Test(settings, no_locale_changes_a_number)
{
    int64_t us = 0;
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8"))
        cr_skip_test("no locale with a decimal comma is installed");
    cr_expect(fw_parse_time("0.5", &us) && us == 500000);
    setlocale(LC_ALL, "C");
}

Test(settings, names_and_aliases_are_one_option)
{
    cr_expect_eq(set("vf", "null"), FW_OK);
    cr_expect_eq(set("filter:v", "hflip"), FW_OK);
    cr_expect_str_eq(settings.chain, "hflip");
    cr_expect_eq(set("vcodec", "ffv1"), FW_OK);
    cr_expect_str_eq(settings.video_codec, "ffv1");
    cr_expect_eq(set("i", "-odd name"), FW_OK);
    cr_expect_str_eq(settings.input, "-odd name");
    cr_expect_eq(set("stall", "2.5"), FW_OK);
    cr_expect_eq(settings.stall_ms, 2500);
    cr_expect_eq(set("workers", "auto"), FW_OK);
    cr_expect_eq(set("isolation", "threads"), FW_OK);
    cr_expect_eq(settings.isolation, FW_ISOLATION_THREADS);
    cr_expect_eq(set("cpu", "avx2"), FW_OK);
    cr_expect_eq(settings.cpu, FW_CPU_LIMIT_AVX2);
    cr_expect_eq(set("max-pixels", "3840x2160"), FW_OK);
    cr_expect_eq(settings.max_pixels, 3840u * 2160u);
    cr_expect_eq(set("json", NULL), FW_OK, "the command's own options are let pass");
}

Test(settings, options_of_encoders_are_kept)
{
    cr_expect_eq(set("crf", "20"), FW_OK);
    cr_expect_eq(set("b:v", "2M"), FW_OK);
    cr_expect_eq(set("b:a", "96k"), FW_OK);
    cr_expect_eq(set("x264-params", "keyint=30"), FW_OK);
    cr_expect_eq(set("crf", "21"), FW_OK);
    cr_assert_eq(settings.av_option_count, 4);
    cr_expect_str_eq(settings.av_options[0].value, "21", "the last one wins");
    cr_expect_str_eq(settings.av_options[1].name, "b");
    cr_expect_eq(settings.av_options[1].stream, 'v');
    cr_expect_eq(settings.av_options[2].stream, 'a');
    cr_expect_eq(settings.av_options[3].stream, 0);
    cr_expect_eq(set("maxrate", "1M"), FW_OK);
    cr_expect_eq(settings.av_options[4].stream, 'v');
}

Test(settings, what_is_wrong_is_said)
{
    cr_expect_eq(set("workers", "65"), FW_ERR_USAGE);
    cr_expect(says("1 to 64"), "%s", err.text);
    cr_expect_eq(set("on-error", "skipp"), FW_ERR_USAGE);
    cr_expect(says("stop|conceal|skip") && says("did you mean 'skip'"), "%s", err.text);
    cr_expect_eq(set("ss", "-3"), FW_ERR_USAGE);
    cr_expect_eq(set("frames:v", "0"), FW_ERR_USAGE);
    cr_expect_eq(set("r", "fast"), FW_ERR_USAGE);
    cr_expect_eq(set("output", NULL), FW_ERR_USAGE);
    cr_expect(says("wants a value"), "%s", err.text);
    cr_expect_eq(set("wrokers", NULL), FW_ERR_USAGE);
    cr_expect(says("did you mean 'workers'"), "%s", err.text);
    cr_expect_eq(set("c", "copy"), FW_ERR_USAGE);
    cr_expect(says("-c:v"), "%s", err.text);
    cr_expect_eq(set("report", "x.html"), FW_ERR_USAGE);
    cr_expect_eq(set("metadata", "title"), FW_ERR_USAGE);
    cr_expect_eq(set("y", "maybe"), FW_ERR_USAGE);
}

Test(settings, y_and_n_exclude_each_other)
{
    cr_expect_eq(set("y", NULL), FW_OK);
    cr_expect_eq(set("y", "yes"), FW_OK);
    cr_expect_eq(set("n", "no"), FW_OK);
    cr_expect_eq(settings.exists, FW_EXISTS_REPLACE);
    cr_expect_eq(set("n", NULL), FW_ERR_USAGE);
}

static int check(void)
{
    memset(&err, 0, sizeof(err));
    return fw_settings_check(&settings, &err);
}

Test(settings, the_whole_is_checked)
{
    cr_expect_eq(check(), FW_ERR_USAGE);
    cr_expect_eq(set("input", "a"), FW_OK);
    cr_expect_eq(check(), FW_ERR_USAGE, "no output");
    cr_expect(says("--null"), "%s", err.text);
    cr_expect_eq(set("output", "b.mkv"), FW_OK);
    cr_expect_eq(check(), FW_OK);
    cr_expect_eq(set("ss", "5"), FW_OK);
    cr_expect_eq(set("to", "5"), FW_OK);
    cr_expect_eq(check(), FW_ERR_USAGE);
    cr_expect_eq(set("t", "1"), FW_OK);
    cr_expect_eq(check(), FW_OK, "-t wins over -to");
    cr_expect_eq(set("c:v", "copy"), FW_OK);
    cr_expect_eq(check(), FW_ERR_USAGE);
    cr_expect_eq(set("c:v", "ffv1"), FW_OK);
    cr_expect_eq(set("null", NULL), FW_OK);
    cr_expect_eq(check(), FW_ERR_USAGE, "an output beside --null");
    cr_expect_eq(set("f", "null"), FW_OK);
    cr_expect_eq(check(), FW_OK, "-f null OUT is FFmpeg's way to say it");
}

Test(settings, raw_video_needs_a_size)
{
    cr_expect_eq(set("input", "a.yuv"), FW_OK);
    cr_expect_eq(set("null", NULL), FW_OK);
    cr_expect_eq(set("framerate", "30"), FW_OK);
    cr_expect_eq(check(), FW_ERR_USAGE, "only raw video has a rate that is told");
    cr_expect_eq(set("input-format", "rawvideo"), FW_OK);
    cr_expect_eq(check(), FW_ERR_USAGE);
    cr_expect(says("-video_size"), "%s", err.text);
    cr_expect_eq(set("video_size", "64x48"), FW_OK);
    cr_expect_eq(check(), FW_OK);
}

Test(settings, format_null_is_null)
{
    cr_expect_eq(set("f", "null"), FW_OK);
    cr_expect(settings.null_output);
    cr_expect_eq(set("f", "matroska"), FW_OK);
    cr_expect_not(settings.null_output, "the last -f wins");
    cr_expect_eq(set("null", NULL), FW_OK);
    cr_expect_eq(set("f", "matroska"), FW_OK);
    cr_expect(settings.null_output, "--null was said for itself");
}

Test(settings, tags_of_streams)
{
    cr_expect_eq(set("metadata:s:a:0", "language=deu"), FW_OK);
    cr_expect_eq(set("metadata:s", "title="), FW_OK);
    cr_expect_eq(set("metadata:g", "title=whole"), FW_OK);
    cr_assert_eq(settings.stream_tag_count, 2);
    cr_expect_str_eq(settings.stream_tags[0].specifier, "a:0");
    cr_expect_str_eq(settings.stream_tags[0].text, "language=deu");
    cr_expect_str_eq(settings.stream_tags[1].specifier, "");
    cr_expect_str_eq(settings.metadata.items[0], "title=whole");
    cr_expect_eq(set("metadata:c:0", "title=x"), FW_ERR_USAGE);
    cr_expect_eq(set("metadata:s:v", "title"), FW_ERR_USAGE);
    cr_expect_eq(set("vtag", "hvc1"), FW_OK);
    cr_expect_str_eq(settings.video_tag, "hvc1");
}

Test(settings, strict_is_two_options)
{
    cr_expect_eq(set("strict", NULL), FW_OK);
    cr_expect(settings.strict);
    cr_expect_eq(settings.av_option_count, 0);
    cr_expect_eq(set("-strict", "-2"), FW_OK);
    cr_expect_eq(set("-strict", "experimental"), FW_OK);
    cr_assert_eq(settings.av_option_count, 1);
    cr_expect_str_eq(settings.av_options[0].name, "strict");
    cr_expect_str_eq(settings.av_options[0].value, "experimental");
    cr_expect_eq(set("-strict", "-y"), FW_ERR_USAGE);
    cr_expect(says("--strict"), "%s", err.text);
}

Test(settings, words_of_ffmpeg_get_a_hint)
{
    static const char *const words[] = { "c:a:0",        "disposition:a:0",  "map_metadata",
                                         "map_chapters", "map_metadata:s:0", "timecode",
                                         "tag:a",        "force_key_frames" };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        cr_expect_eq(set(words[i], "0"), FW_ERR_USAGE, "%s", words[i]);
        cr_expect(says("hint: "), "%s: %s", words[i], err.text);
    }
}
