/* Chain texts: grammar, messages, carets, classes. */
#include "chain.h"
#include "format.h"
#include "grammar.h"
#include "token.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/avstring.h>
#include <libavutil/mem.h>

static void refuses(const char *text, const char *const *pieces)
{
    struct fw_error err = { 0 };
    struct fw_chain *chain = NULL;
    cr_assert_eq(fw_chain_create(&chain, text, &err), FW_ERR_USAGE, "%s", text);
    cr_assert_null(chain);
    for (; *pieces; pieces++)
        cr_assert_not_null(strstr(err.text, *pieces), "no \"%s\" in:\n%s", *pieces, err.text);
}
#define REFUSES(text, ...) refuses(text, (const char *const[]){ __VA_ARGS__, NULL })

static struct fw_chain *makes(const char *text)
{
    struct fw_error err = { 0 };
    struct fw_chain *chain = NULL;
    cr_assert_eq(fw_chain_create(&chain, text, &err), FW_OK, "%s: %s", text, err.text);
    return chain;
}

static struct fw_video video(const char *format, int32_t width, int32_t height)
{
    return (struct fw_video){ .format = fw_format_find(format),
                              .width = width,
                              .height = height,
                              .time_base = { 1, 25 },
                              .frame_rate = { 25, 1 },
                              .color = { .matrix = 2 } };
}

Test(chain, unknown_option_has_a_caret_under_it)
{
    REFUSES("scale=640:-2,dblur=agnle=2", "unknown option 'agnle' for filter 'dblur'\n"
                                          "  -vf \"scale=640:-2,dblur=agnle=2\"\n"
                                          "                          ^~~~~\n"
                                          "  did you mean 'angle'?  (float, 0..360, default 45)");
}

Test(chain, all_errors_come_at_once)
{
    REFUSES("hflp,negate=componets=y,boxblur=lp=-3,unsharp=lx=99", "unknown filter 'hflp'",
            "did you mean 'hflip'?", "did you mean 'components'?", "value '-3' of option 'lp'",
            "is out of range", "unsharp' is out of range");
}

Test(chain, values_are_checked)
{
    REFUSES("crop=w=iw:x=q*2", "unknown variable 'q'", "in_w iw in_h");
    REFUSES("transpose=clok", "did you mean 'clock'?");
    REFUSES("fade=c=rad", "cannot be read");
    REFUSES("hflip=3", "takes fewer values");
    REFUSES("crop=w=3:4", "cannot follow a named one");
    REFUSES("negate=enable='between(q,1,2)'", "unknown variable 'q'");
    REFUSES("negate=enable='random(1)'", "random() is not allowed");
    REFUSES("crop=enable=1:w=3,lavfi.crop=enable=1", "cannot be switched");
}

Test(chain, suggestions_know_both_lists_and_synonyms)
{
    REFUSES("blur", "did you mean 'boxblur' or 'gblur'?");
    REFUSES("grayscale", "did you mean 'format=gray'?");
    REFUSES("gbulr", "did you mean 'gblur'?");
    REFUSES("fw.dblur=2", "unknown filter 'dblur' among the built-in ones");
}

Test(chain, names_are_there)
{
    REFUSES("hflip,,vflip", "name is missing");
    REFUSES("hflip,", "name is missing");
}

Test(chain, built_ins_keep_no_values_in_expressions)
{
    REFUSES("hue=h=360*random(0)", "random() is not allowed");
    REFUSES("eq=brightness=random(1):eval=frame", "random() is not allowed");
    REFUSES("eq=contrast=st(0\\,ld(0)+0.1):eval=frame", "st() is not allowed");
    REFUSES("hue=h=time(0)", "time() is not allowed");
    REFUSES("lut=y=val*time(0)", "time() is not allowed");
    REFUSES("crop=10:10:time(0)", "time() is not allowed");
    REFUSES("crop=10:10:ld(0)", "ld() is not allowed");
}

Test(chain, engines)
{
    struct fw_chain *chain = makes(" hflip , lavfi.hflip@left,\n dblur = angle = 2 ,fw.vflip");
    static const char *const engines[] = { "built-in", "libavfilter", "libavfilter", "built-in" };
    cr_assert_eq(fw_chain_step_count(chain), 4);
    for (uint32_t i = 0; i < 4; i++) {
        struct fw_chain_step step;
        fw_chain_step_at(chain, i, &step);
        cr_assert_str_eq(step.engine, engines[i]);
    }
    fw_chain_destroy(chain);
    fw_chain_destroy(makes(""));
    fw_chain_destroy(makes(NULL));
    fw_chain_destroy(NULL);
}

Test(chain, classes)
{
    static const struct {
        const char *text;
        enum fw_class filter_class;
    } rows[] = {
        { "hflip", FW_CLASS_PURE },
        { "crop=10:10", FW_CLASS_PURE },
        { "crop=10:10:n", FW_CLASS_INDEXED },
        { "fade", FW_CLASS_INDEXED },
        { "hflip=enable=n", FW_CLASS_INDEXED },
        { "dblur", FW_CLASS_PURE },
        { "dblur=enable=n", FW_CLASS_INDEXED },
        { "hue=h=n", FW_CLASS_INDEXED },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fw_video in = video("yuv420p", 64, 48);
        struct fw_video out;
        struct fw_error err = { 0 };
        struct fw_chain_needs needs;
        struct fw_chain *chain = makes(rows[i].text);
        cr_assert_eq(fw_chain_negotiate(chain, &in, &out, &err), FW_OK, "%s", err.text);
        fw_chain_needs(chain, &needs);
        cr_assert_eq(needs.filter_class, rows[i].filter_class, "%s", rows[i].text);
        fw_chain_destroy(chain);
    }
}

Test(chain, conversions_are_listed_and_negotiation_may_be_repeated)
{
    struct fw_error err = { 0 };
    struct fw_video in = video("yuv420p", 65, 47);
    struct fw_video out;
    struct fw_chain_step step;
    struct fw_chain *chain = makes("fade=c=red,hflip");
    fw_chain_set_output_format(chain, fw_format_find("yuv444p"));
    for (int round = 0; round < 2; round++) {
        cr_assert_eq(fw_chain_negotiate(chain, &in, &out, &err), FW_OK, "%s", err.text);
        cr_assert_eq(fw_chain_step_count(chain), 4);
        fw_chain_step_at(chain, 0, &step);
        cr_assert(step.inserted);
        cr_assert_str_eq(step.engine, "libswscale");
        fw_chain_step_at(chain, 3, &step);
        cr_assert(step.inserted);
        cr_assert_str_eq(out.format->name, "yuv444p");
        cr_assert_eq(fw_chain_start(chain, 0, &err), FW_OK, "%s", err.text);
    }
    fw_chain_destroy(chain);
}

Test(chain, enable_needs_a_filter_that_keeps_the_size)
{
    struct fw_error err = { 0 };
    struct fw_video in = video("yuv420p", 65, 47);
    struct fw_video out;
    struct fw_chain *chain = makes("transpose=enable='gt(n,3)'");
    cr_assert_eq(fw_chain_negotiate(chain, &in, &out, &err), FW_ERR_USAGE);
    cr_assert_not_null(strstr(err.text, "cannot take 'enable'"));
    fw_chain_destroy(chain);
}

/* Our tokens against libavutil's on generated text. */
Test(token, equals_av_get_token)
{
    static const char letters[] = "ab'\\ \n:,=;[]x\t";
    uint64_t state = 1;
    for (int round = 0; round < 200000; round++) {
        char text[24];
        size_t bytes = 0;
        for (size_t i = 0; i < sizeof(text) - 1; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            bytes = i + 1;
            text[i] = letters[(state >> 33) % (sizeof(letters) - 1)];
            if ((state >> 40) % 16 == 0)
                break;
        }
        text[bytes] = '\0';
        const char *terminators = round % 2 ? ":" : "[],;";
        const char *rest = text;
        char *theirs = av_get_token(&rest, terminators);
        struct fw_token ours;
        size_t pos = 0;
        cr_assert_eq(fw_token_read(&ours, text, NULL, &pos, terminators), 0);
        cr_assert_str_eq(ours.text, theirs, "of \"%s\"", text);
        cr_assert_eq(pos, (size_t)(rest - text), "of \"%s\"", text);
        for (size_t i = 0; i < ours.bytes; i++)
            cr_assert_eq(text[ours.origin[i]], ours.text[i]);
        fw_token_deinit(&ours);
        av_free(theirs);
    }
}

Test(grammar, two_levels_of_quoting)
{
    struct fw_error err = { 0 };
    struct fw_grammar grammar;
    const char *text = "drawtext=text='a\\:b\\,c':x=1\\,2,crop=w='min(iw\\,3)'";
    struct fw_complaints complaints = { .text = text, .err = &err };
    cr_assert_eq(fw_grammar_parse(&grammar, &complaints), FW_OK);
    cr_assert_eq(grammar.call_count, 2);
    cr_assert_str_eq(grammar.calls[0].args[0].value, "a:b,c");
    cr_assert_str_eq(grammar.calls[0].args[1].value, "1,2");
    cr_assert_str_eq(grammar.calls[1].args[0].value, "min(iw,3)");
    cr_assert_eq(memcmp(text + grammar.calls[0].args[1].key_first, "x=", 2), 0);
    fw_grammar_deinit(&grammar);
}
