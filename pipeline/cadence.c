#include "cadence.h"

#include <string.h>

__extension__ typedef __int128 wide;

int64_t fw_rescale(int64_t value, struct fw_rational from, struct fw_rational to)
{
    wide up = (wide)value * from.num * to.den;
    wide down = (wide)from.den * to.num;
    if (down <= 0)
        return value;
    wide half = down / 2;
    wide result = up >= 0 ? (up + half) / down : -((-up + half) / down);
    if (result > INT64_MAX)
        return INT64_MAX;
    return result < INT64_MIN ? INT64_MIN : (int64_t)result;
}

static int64_t tick_of(const struct fw_cadence *cadence, int64_t pts)
{
    struct fw_rational tick = { cadence->rate.den, cadence->rate.num };
    return fw_rescale(pts, cadence->base, tick);
}

void fw_cadence_init(struct fw_cadence *cadence, struct fw_rational base, struct fw_rational rate)
{
    memset(cadence, 0, sizeof(*cadence));
    cadence->base = base;
    cadence->rate = rate;
}

/* The kept frame is shown until `tick`. */
static struct fw_cadence_run show(struct fw_cadence *cadence, int64_t tick)
{
    struct fw_cadence_run run = { cadence->next, 0 };
    if (!cadence->held)
        return run;
    if (tick > cadence->next)
        run.count = tick - cadence->next;
    cadence->next += run.count;
    if (run.count == 0)
        cadence->dropped++;
    else
        cadence->duplicated += (uint64_t)(run.count - 1);
    return run;
}

struct fw_cadence_run fw_cadence_push(struct fw_cadence *cadence, int64_t pts)
{
    int64_t tick = tick_of(cadence, pts);
    if (!cadence->started) {
        cadence->started = true;
        cadence->next = tick;
    }
    struct fw_cadence_run run = show(cadence, tick);
    cadence->held = true;
    return run;
}

struct fw_cadence_run fw_cadence_finish(struct fw_cadence *cadence, int64_t end)
{
    struct fw_cadence_run run = show(cadence, tick_of(cadence, end));
    cadence->held = false;
    return run;
}
