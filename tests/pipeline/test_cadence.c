#include "pipeline/cadence.h"

#include <criterion/criterion.h>

static struct fw_cadence at(int32_t num, int32_t den, int32_t rate)
{
    struct fw_cadence cadence;
    fw_cadence_init(&cadence, (struct fw_rational){ num, den }, (struct fw_rational){ rate, 1 });
    return cadence;
}

static void expect(struct fw_cadence_run run, int64_t first, int64_t count)
{
    cr_assert_eq(run.count, count, "%lld ticks, not %lld", (long long)run.count, (long long)count);
    if (count)
        cr_assert_eq(run.first, first);
}

Test(cadence, same_rate_passes)
{
    struct fw_cadence cadence = at(1, 25, 25);
    expect(fw_cadence_push(&cadence, 0), 0, 0);
    expect(fw_cadence_push(&cadence, 1), 0, 1);
    expect(fw_cadence_push(&cadence, 2), 1, 1);
    expect(fw_cadence_finish(&cadence, 3), 2, 1);
    cr_assert_eq(cadence.duplicated + cadence.dropped, 0);
}

Test(cadence, doubles)
{
    struct fw_cadence cadence = at(1, 25, 50);
    expect(fw_cadence_push(&cadence, 0), 0, 0);
    expect(fw_cadence_push(&cadence, 1), 0, 2);
    expect(fw_cadence_finish(&cadence, 2), 2, 2);
    cr_assert_eq(cadence.duplicated, 2);
}

Test(cadence, halves)
{
    struct fw_cadence cadence = at(1, 50, 25);
    uint64_t shown = 0;
    for (int64_t i = 0; i < 10; i++)
        shown += (uint64_t)fw_cadence_push(&cadence, i).count;
    shown += (uint64_t)fw_cadence_finish(&cadence, 10).count;
    cr_assert_eq(shown, 5);
    cr_assert_eq(cadence.dropped, 5);
}

Test(cadence, starts_at_the_first_frame)
{
    struct fw_cadence cadence = at(1, 1000, 25);
    expect(fw_cadence_push(&cadence, 400), 0, 0);
    expect(fw_cadence_push(&cadence, 440), 10, 1);
    expect(fw_cadence_finish(&cadence, 480), 11, 1);
}

Test(cadence, times_that_go_back_drop)
{
    struct fw_cadence cadence = at(1, 25, 25);
    expect(fw_cadence_push(&cadence, 5), 0, 0);
    expect(fw_cadence_push(&cadence, 3), 0, 0);
    expect(fw_cadence_finish(&cadence, 6), 5, 1);
    cr_assert_eq(cadence.dropped, 1);
}

Test(cadence, nothing_came)
{
    struct fw_cadence cadence = at(1, 25, 25);
    expect(fw_cadence_finish(&cadence, 100), 0, 0);
}

Test(cadence, rescale_rounds_halves_away)
{
    const struct fw_rational half = { 1, 2 };
    const struct fw_rational one = { 1, 1 };
    cr_assert_eq(fw_rescale(1, half, one), 1);
    cr_assert_eq(fw_rescale(-1, half, one), -1);
    cr_assert_eq(fw_rescale(INT64_MAX, one, half), INT64_MAX);
}
