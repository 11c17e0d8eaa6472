/*
 * Chains of made-up filters of every class and rate against a model that applies them to whole
 * clips one after the other: what lies around a frame, beyond the ends and behind changes of the
 * rate is the same in any order and any ranges.
 */
#include "stage.h"
#include "whole.h"

#include "check.h"
#include "format.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/log.h>

#define WIDTH 5
#define CLIP_MAX 512
#define PROBES_MAX 6

enum kind { PURE, INDEXED, WINDOW, MORE_OF, ONE_OF, VIEW, HOLD, KINDS };

/* State of every made-up filter. */
struct probe {
    int32_t kind;
    int32_t before;
    int32_t after;
    int32_t rate;
    int32_t lead; /* WINDOW */
    float cost;
    int32_t enabled_odd; /* only frames with odd numbers: `enable` of the chain's text */
    uint8_t past[WIDTH]; /* HOLD: the frame before */
    int32_t holding;
    int32_t running;
};

static uint8_t mix(uint8_t value, uint64_t number, int32_t x)
{
    return (uint8_t)(value * 5u + number * 3u + (uint32_t)x);
}

static int probe_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                           struct fw_caps *caps, struct fw_error *err)
{
    const struct probe *probe = self;
    (void)err;
    *out = *in;
    caps->flags |= FW_CAPS_VIEW;
    caps->cost_ns_per_pixel = probe->cost;
    caps->filter_class = probe->kind == INDEXED  ? FW_CLASS_INDEXED
                         : probe->kind == WINDOW ? FW_CLASS_WINDOWED
                         : probe->kind == HOLD   ? FW_CLASS_SEQUENTIAL
                                                 : FW_CLASS_PURE;
    caps->before = probe->before;
    caps->after = probe->after;
    caps->lead = probe->lead;
    if (probe->kind == MORE_OF || probe->kind == WINDOW)
        caps->rate_num = probe->rate;
    if (probe->kind == ONE_OF)
        caps->rate_den = probe->rate;
    return FW_OK;
}

static int probe_start(void *self, struct fw_error *err)
{
    struct probe *probe = self;
    (void)err;
    probe->holding = 0;
    probe->running = 1;
    return FW_OK;
}

static int probe_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                         struct fw_error *err)
{
    struct probe *probe = self;
    (void)scratch;
    (void)err;
    FW_CHECK(probe->running);
    const uint8_t *from = in->image.data[0];
    uint8_t *to = out->image.data[0];
    if (probe->kind == ONE_OF)
        return in->index % (uint64_t)probe->rate ? FW_DROP : FW_IDENTITY;
    if (probe->kind == VIEW) {
        out->image.data[0] = in->image.data[0];
        return FW_VIEW;
    }
    if (probe->kind == HOLD) {
        bool first = !probe->holding;
        memcpy(to, probe->past, WIDTH);
        memcpy(probe->past, from, WIDTH);
        probe->holding = 1;
        return first ? FW_DROP : FW_OK;
    }
    for (int32_t x = 0; x < WIDTH; x++) {
        uint64_t number = probe->kind == INDEXED   ? in->index
                          : probe->kind == MORE_OF ? out->index % (uint64_t)probe->rate
                                                   : 0;
        to[x] = mix(from[x], number, x);
    }
    return FW_OK;
}

static uint8_t window_sample(const struct probe *probe, const uint8_t *const *around, uint64_t k,
                             int32_t x)
{
    uint32_t sum = (uint32_t)k * 7;
    for (int32_t i = -probe->before; i <= probe->after; i++)
        sum += (uint32_t)(i + 9) * (around[i] ? around[i][x] : 201u);
    return (uint8_t)sum;
}

static int probe_window(void *self, const struct fw_frame *const *in, struct fw_frame *out,
                        void *scratch, struct fw_error *err)
{
    const struct probe *probe = self;
    const uint8_t *samples[8] = { NULL };
    (void)scratch;
    (void)err;
    FW_CHECK(in[0]->index >= (uint64_t)probe->lead);
    if (probe->after == 2 && !in[2])
        return FW_DROP; /* has no output at the end */
    for (int32_t i = -probe->before; i <= probe->after; i++) {
        samples[probe->before + i] = in[i] ? in[i]->image.data[0] : NULL;
        FW_CHECK(!in[i] || in[i]->index == in[0]->index + (uint64_t)i);
    }
    for (int32_t x = 0; x < WIDTH; x++)
        out->image.data[0][x] = window_sample(probe, samples + probe->before,
                                              out->index % (uint64_t)probe->rate, x);
    return FW_OK;
}

/* HOLD: its last frame comes at the end, twice. */
static int probe_more(void *self, struct fw_frame *out, int at_end, void *scratch,
                      struct fw_error *err)
{
    struct probe *probe = self;
    (void)scratch;
    (void)err;
    if (!at_end || probe->holding == 0 || probe->holding == 3)
        return FW_END;
    probe->holding++;
    memcpy(out->image.data[0], probe->past, WIDTH);
    return FW_OK;
}

static void probe_stop(void *self)
{
    struct probe *probe = self;
    probe->running = 0;
}

static const struct fw_option no_options[] = { { .name = NULL } };
static const struct fw_filter probe_any = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "probe",
    .options = no_options,
    .self_size = sizeof(struct probe),
    .negotiate = probe_negotiate,
    .start = probe_start,
    .process = probe_process,
    .window = probe_window,
    .more = probe_more,
    .stop = probe_stop,
};

/* ---- the model ---------------------------------------------------------------------------------
 */

struct line {
    uint32_t count;
    uint8_t samples[CLIP_MAX][WIDTH];
};

static void add(struct line *line, const uint8_t *samples)
{
    FW_CHECK(line->count < CLIP_MAX);
    memcpy(line->samples[line->count++], samples, WIDTH);
}

static void model_window(const struct probe *probe, const struct line *in, uint32_t at,
                         struct line *out)
{
    const uint8_t *around[8] = { NULL };
    for (int32_t i = -probe->before; i <= probe->after; i++) {
        int64_t number = (int64_t)at + i;
        bool there = number >= 0 && number < in->count;
        around[probe->before + i] = there ? in->samples[number] : NULL;
    }
    for (int32_t k = 0; k < probe->rate; k++) {
        uint8_t samples[WIDTH];
        for (int32_t x = 0; x < WIDTH; x++)
            samples[x] = window_sample(probe, around + probe->before, (uint64_t)k, x);
        add(out, samples);
    }
}

static void model_frame(const struct probe *probe, const struct line *in, uint32_t at,
                        struct line *out)
{
    int32_t copies = probe->kind == MORE_OF ? probe->rate : 1;
    bool changes = probe->kind != ONE_OF && probe->kind != VIEW && probe->kind != HOLD;
    if (probe->kind == ONE_OF && at % (uint32_t)probe->rate)
        return;
    for (int32_t k = 0; k < copies; k++) {
        uint8_t samples[WIDTH];
        uint64_t number = probe->kind == INDEXED ? at : (uint64_t)k;
        for (int32_t x = 0; x < WIDTH; x++)
            samples[x] = changes ? mix(in->samples[at][x], number, x) : in->samples[at][x];
        add(out, samples);
    }
}

static void model(const struct probe *probe, const struct line *in, struct line *out)
{
    out->count = 0;
    for (uint32_t i = 0; i < in->count; i++) {
        bool over = probe->kind == WINDOW && probe->after == 2 && i + 2 >= in->count;
        if (i < (uint32_t)probe->lead)
            continue;
        if (probe->enabled_odd && i % 2 == 0)
            add(out, in->samples[i]);
        else if (probe->kind == WINDOW && !over)
            model_window(probe, in, i, out);
        else if (!over)
            model_frame(probe, in, i, out);
    }
    if (probe->kind == HOLD && in->count > 0)
        add(out, in->samples[in->count - 1]);
}

/* ---- chains of them ----------------------------------------------------------------------------
 */

static struct fw_chain *make_chain(const struct probe *probes, uint32_t count)
{
    struct fw_error err = { 0 };
    struct fw_chain *chain = NULL;
    char text[PROBES_MAX * 40] = "";
    for (uint32_t i = 0; i < count; i++) {
        strcat(text, i ? ",null" : "null");
        strcat(text, probes[i].enabled_odd ? "=enable='mod(n,2)'" : "");
    }
    cr_assert_eq(fw_chain_create(&chain, text, &err), FW_OK, "%s", err.text);
    for (uint32_t i = 0; i < count; i++) {
        struct fw_item *item = &chain->items[i];
        free(item->self);
        item->filter = &probe_any;
        item->self = malloc(sizeof(struct probe));
        memcpy(item->self, &probes[i], sizeof(struct probe));
    }
    return chain;
}

static const struct fw_video gray = { .width = WIDTH,
                                      .height = 1,
                                      .sample_aspect = { 1, 1 },
                                      .time_base = { 1, 25 },
                                      .frame_rate = { 25, 1 } };

static struct fw_video video(void)
{
    struct fw_video in = gray;
    in.format = fw_format_find("gray");
    return in;
}

static void fill(struct line *line, struct clip *clip, uint32_t count)
{
    line->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t samples[WIDTH];
        for (uint32_t x = 0; x < WIDTH; x++)
            samples[x] = (uint8_t)(i * 37 + x * x * 11);
        memcpy(clip_add(clip, 0)->image.data[0], samples, WIDTH);
        add(line, samples);
    }
}

static void check_chain(const struct probe *probes, uint32_t count, uint32_t frames, uint32_t range)
{
    static struct line lines[2];
    struct fw_error err = { 0 };
    struct fw_video out;
    struct clip from = { .video = video() };
    struct clip to;
    struct fw_chain *chain = make_chain(probes, count);
    struct whole whole = { .range = range, .fill = 0x77 };
    fill(&lines[0], &from, frames);
    for (uint32_t i = 0; i < count; i++)
        model(&probes[i], &lines[i % 2], &lines[(i + 1) % 2]);
    const struct line *wanted = &lines[count % 2];
    cr_assert_eq(fw_chain_negotiate(chain, &from.video, &out, &err), FW_OK, "%s", err.text);
    cr_assert_eq(whole_run_chain(&whole, chain, &from, &to, &err), FW_OK, "%s", err.text);
    cr_assert_eq(to.count, wanted->count, "%u frames instead of %u", to.count, wanted->count);
    for (uint32_t i = 0; i < to.count; i++) {
        bool same = memcmp(to.frames[i].frame.image.data[0], wanted->samples[i], WIDTH) == 0;
        if (!same)
            for (uint32_t k = 0; k < count; k++)
                cr_log_error("kind %d -%d +%d rate %d odd %d", probes[k].kind, probes[k].before,
                             probes[k].after, probes[k].rate, probes[k].enabled_odd);
        cr_assert(same, "frame %u of %u in ranges of %u", i, frames, range);
    }
    clip_deinit(&from);
    clip_deinit(&to);
    fw_chain_destroy(chain);
}

static uint32_t draw(uint64_t *state, uint32_t limit)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % limit;
}

static struct probe make_probe(uint64_t *state, bool sequential)
{
    struct probe probe = { .kind = (int32_t)draw(state, sequential ? KINDS : HOLD),
                           .rate = 1,
                           /* Some are dear enough for a relay behind them. */
                           .cost = draw(state, 3) ? 0.1f : 1000.0f };
    if (probe.kind == WINDOW) {
        probe.before = (int32_t)draw(state, 4);
        probe.after = (int32_t)draw(state, 3);
        probe.lead = draw(state, 3) ? 0 : 1 + (int32_t)draw(state, 2);
    }
    if (probe.kind == MORE_OF || probe.kind == ONE_OF || (probe.kind == WINDOW && !draw(state, 4)))
        probe.rate = 1 + (int32_t)draw(state, 3);
    bool ends = probe.after == 2;
    bool counts = ends || probe.rate != 1 || probe.kind == HOLD;
    probe.enabled_odd = !counts && draw(state, 4) == 0;
    return probe;
}

Test(segment, any_chain_in_any_ranges_is_its_model, .timeout = 60)
{
    uint64_t state = 3;
    av_log_set_level(AV_LOG_QUIET); /* on what it thinks of the text that stands in for them */
    for (int round = 0; round < 3000; round++) {
        struct probe probes[PROBES_MAX];
        uint32_t count = 1 + draw(&state, PROBES_MAX);
        uint32_t grown = 1;
        for (uint32_t i = 0; i < count; i++) {
            probes[i] = make_probe(&state, round % 2);
            grown *= probes[i].kind == ONE_OF ? 1 : (uint32_t)probes[i].rate;
            if (grown > 16)
                probes[i].rate = 1;
        }
        check_chain(probes, count, draw(&state, 12), draw(&state, 6));
    }
}

static struct fw_chain_segment segment_of(struct fw_chain *chain, uint32_t index)
{
    struct fw_error err = { 0 };
    struct fw_video in = video();
    struct fw_video out;
    struct fw_chain_segment segment;
    cr_assert_eq(fw_chain_negotiate(chain, &in, &out, &err), FW_OK, "%s", err.text);
    fw_chain_segment_at(chain, index, &segment);
    return segment;
}

Test(segment, neighbours_add_up_and_follow_the_rate)
{
    const struct probe probes[] = {
        { .kind = WINDOW, .before = 1, .after = 1, .rate = 1, .cost = 0.1f },
        { .kind = MORE_OF, .rate = 2, .cost = 0.1f },
        { .kind = WINDOW, .before = 3, .after = 1, .rate = 1, .cost = 0.1f },
        { .kind = ONE_OF, .rate = 3, .cost = 0.1f },
        { .kind = WINDOW, .before = 1, .after = 0, .rate = 1, .cost = 0.1f },
    };
    struct fw_chain *chain = make_chain(probes, 5);
    struct fw_chain_segment segment = segment_of(chain, 0);
    cr_assert_eq(fw_chain_segment_count(chain), 1);
    cr_assert_eq(segment.before, 1 + 3); /* 1 * 3 + 3 = 6 doubled frames, 3 of the input, and 1 */
    cr_assert_eq(segment.after, 1 + 1);
    cr_assert_eq(segment.rate_num, 2);
    cr_assert_eq(segment.rate_den, 3);
    cr_assert_eq(segment.range_multiple, 6);
    cr_assert_eq(segment.range_best, 20 * 6);
    cr_assert_eq(segment.step_count, 5);
    fw_chain_destroy(chain);
}

/* The first window reads the caller's frames: nothing is computed twice. */
Test(segment, a_first_window_asks_for_no_long_ranges)
{
    const struct probe probes[] = {
        { .kind = WINDOW, .before = 4, .after = 2, .rate = 1, .cost = 900 },
        { .kind = PURE, .rate = 1, .cost = 900 },
    };
    struct fw_chain *chain = make_chain(probes, 2);
    struct fw_chain_segment segment = segment_of(chain, 0);
    cr_assert_eq(fw_chain_segment_count(chain), 1);
    cr_assert_eq(segment.range_best, 1);
    fw_chain_destroy(chain);
}

Test(segment, dear_filters_before_a_window_are_handed_over)
{
    struct probe probes[] = {
        { .kind = PURE, .rate = 1, .cost = 0.1f },
        { .kind = WINDOW, .before = 1, .after = 1, .rate = 1, .cost = 0.1f },
    };
    struct fw_video out;
    for (int dear = 0; dear < 2; dear++) {
        struct fw_error err = { 0 };
        struct fw_video in = video();
        struct fw_chain_segment segment;
        in.width = 640;
        in.height = 480;
        probes[0].cost = dear ? 50 : 0.1f;
        struct fw_chain *chain = make_chain(probes, 2);
        cr_assert_eq(fw_chain_negotiate(chain, &in, &out, &err), FW_OK, "%s", err.text);
        cr_assert_eq(fw_chain_segment_count(chain), dear ? 3 : 1);
        if (dear) {
            fw_chain_segment_at(chain, 1, &segment);
            cr_assert(segment.sequential && segment.step_count == 0);
            fw_chain_segment_at(chain, 2, &segment);
            cr_assert(!segment.sequential && segment.step_first == 1);
        }
        fw_chain_destroy(chain);
    }
}

Test(segment, sequential_ones_lie_between_parallel_ones)
{
    const struct probe hold = { .kind = HOLD, .rate = 1 };
    const struct probe pure = { .kind = PURE, .rate = 1 };
    const struct probe probes[] = { hold, hold, pure, hold };
    const uint32_t steps[] = { 0, 2, 1, 1, 0 };
    struct fw_chain *chain = make_chain(probes, 4);
    (void)segment_of(chain, 0);
    cr_assert_eq(fw_chain_segment_count(chain), 5);
    for (uint32_t i = 0; i < 5; i++) {
        struct fw_chain_segment segment;
        fw_chain_segment_at(chain, i, &segment);
        cr_assert_eq(segment.sequential, i % 2 == 1);
        cr_assert_eq(segment.step_count, steps[i]);
    }
    fw_chain_destroy(chain);
}

Test(segment, what_cannot_be_is_refused)
{
    const struct {
        struct probe probe;
        const char *word;
    } rows[] = {
        { { .kind = WINDOW, .before = 600, .rate = 1 }, "600 frames before" },
        { { .kind = PURE, .before = 1, .rate = 1 }, "1 frames before" },
        { { .kind = MORE_OF, .rate = 65 }, "65" },
        { { .kind = MORE_OF, .rate = 0 }, "rate of 0/1" },
        { { .kind = MORE_OF, .rate = 2, .enabled_odd = 1 }, "number of frames" },
    };
    for (size_t i = 0; i < FW_COUNT(rows); i++) {
        struct fw_error err = { 0 };
        struct fw_video in = video();
        struct fw_video out;
        struct fw_chain *chain = make_chain(&rows[i].probe, 1);
        cr_assert_lt(fw_chain_negotiate(chain, &in, &out, &err), 0, "row %zu", i);
        cr_expect(strstr(err.text, rows[i].word) || i == 2, "%s", err.text);
        fw_chain_destroy(chain);
    }
}
