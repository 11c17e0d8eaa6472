#!/usr/bin/env python3
"""Every filter that runs in parallel, in whole jobs: the frames of a whole run come out of any number
of workers and any size of range. Chains are those of tests/filters: built-ins of golden.txt,
libavfilter's of lavfi.txt.

A short run takes a chain of every built-in, some of libavfilter's filters, and three cuts, by a seed
that it prints; FW_SEED=N repeats one. Filters share runs by fours; four that differ are run again one
by one. FW_LONG=1: every chain, every cut.
"""
import itertools
import os
import random

from lib import FRAMEWHEEL, LONG, ROOT, Failed, Suite, need, run
from procs import y4m

LISTS = ROOT / "tests" / "filters"
WHOLE = (1, 64)  # more frames to a range than there are
CUTS = list(itertools.product((1, 2, 3, 4), (1, 3, 8)))
FRAMES = 11
SAMPLE = 24  # of libavfilter's filters, in a short run
TOGETHER = 4
SEED = int(os.environ.get("FW_SEED") or random.SystemRandom().randrange(1 << 32))

suite = Suite()


def chains_of(name):
    """Single calls by the filter's name; formats of one layout, which a y4m file can hold."""
    found = {}
    for line in (LISTS / name).read_text(encoding="utf-8").splitlines():
        chain, bar, _ = line.partition(" | ")
        if bar and not line.startswith("#") and not set(chain) & set(",;["):
            calls = found.setdefault(chain.partition("=")[0], [])
            if chain not in calls:
                calls.append(chain)
    return found


def frames(clip, chain, cut):
    """The sums of all frames, or None where the chain does not fit the clip."""
    done = run([FRAMEWHEEL, "run", clip, "-", "-f", "framemd5", "-vf", chain, "--workers", cut[0],
                "--range", cut[1], "--progress", "none"], cwd=LISTS)
    if cut == WHOLE and done.code == 2:
        return None
    need(done.code == 0, done.text())
    return done.out


def differing(clip, chain, cuts):
    """None: the chain does not fit."""
    whole = frames(clip, chain, WHOLE)
    if whole is None:
        return None
    return [cut for cut in cuts if frames(clip, chain, cut) != whole]


def check_together(clip, chains, cuts):
    chain = ",".join(chains)
    wrong = differing(clip, chain, cuts)
    if wrong == []:
        return
    alone = {one: differing(clip, one, cuts) for one in chains} if len(chains) > 1 else {}
    wrongs = {one: cuts for one, cuts in alone.items() if cuts}
    if wrong or wrongs:
        raise Failed("seed %d: other frames with (workers, range) %s: %s %s" % (
            SEED, wrong, chain, wrongs or ""))


def clip_of(shop):
    return y4m(str(shop.fresh(".y4m")), width=64, height=48, frames=FRAMES)


def add_checks():
    dice = random.Random(SEED)
    built_in = chains_of("golden.txt")
    names = (ROOT / "filters" / "filter_list.h").read_text(encoding="utf-8")
    names = {line[10:-1] for line in names.splitlines() if line.startswith("FW_FILTER(")}
    for name in sorted(names - set(built_in)):
        suite.add(name, need, False, "golden.txt has no chain of " + name)
    foreign = chains_of("lavfi.txt")
    if LONG:
        chains = [one for group in (built_in, foreign) for calls in group.values() for one in calls]
        cuts = CUTS
    else:
        chains = [dice.choice(built_in[name]) for name in sorted(built_in)]
        chains += [dice.choice(foreign[name]) for name in dice.sample(sorted(foreign), SAMPLE)]
        cuts = dice.sample(CUTS, 3)
    dice.shuffle(chains)
    print("seed %d: %d chains, (workers, range) %s" % (SEED, len(chains), cuts))
    clip = clip_of(suite.shop)
    for i in range(0, len(chains), TOGETHER):
        group = chains[i:i + TOGETHER]
        suite.add(" ".join(one.partition("=")[0] for one in group), check_together, clip, group, cuts)


if __name__ == "__main__":
    add_checks()
    suite.main()
