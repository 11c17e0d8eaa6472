#!/usr/bin/env python3
"""framewheel images over very many files: memory that stays, progress that moves, nothing twice."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

from lib import FRAMEWHEEL, LONG
from pictures import images, ledger, names, png, tree
from procs import equal, main, session_pids, tracer, true

COUNT = 100000 if LONG else 20000
# The ledger's pages stay in SQLite's cache, which has an end: 32 MiB. Nothing else may grow.
GROWTH_BYTES = min((2 << 20) + COUNT * 400, 36 << 20)


def forest(folder, count, distinct=50):
    """Many names for a few pictures of 64x64, in folders of 500."""
    top = os.path.join(folder, "in")
    bases = []
    os.mkdir(top)
    for n in range(distinct):
        bases.append(os.path.join(folder, "base%d.png" % n))
        with open(bases[-1], "wb") as stream:
            stream.write(png(64, 64, seed=n))
    for n in range(count):
        if n % 500 == 0:
            place = os.path.join(top, "d%03d" % (n // 500))
            os.mkdir(place)
        os.link(bases[n % distinct], os.path.join(place, "p%03d.png" % (n % 500)))
    return top, bases


def private_bytes(pid):
    """What a process holds for itself alone, now."""
    try:
        with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as stream:
            text = stream.read()
    except OSError:
        return 0
    return 1024 * sum(int(n) for n in re.findall(r"^(?:Private_Dirty|Anonymous): +(\d+)", text,
                                                 re.MULTILINE)[-1:])


class Watched:
    """A run whose progress and memory are written down while it lasts."""

    def __init__(self, *args):
        self.lines, self.memory = [], []
        start = time.monotonic()
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen([FRAMEWHEEL, "images", *args, "--progress", "json",
                                        "--progress-interval", "100ms"], stdout=subprocess.PIPE,
                                       stderr=errors, stdin=subprocess.DEVNULL,
                                       start_new_session=True)
            for line in process.stdout:
                self.lines.append((time.monotonic() - start, json.loads(line)))
                pids = session_pids(process.pid)
                self.memory.append((private_bytes(process.pid), max(
                    [private_bytes(pid) for pid in pids if pid != process.pid], default=0)))
            self.code = process.wait()
            errors.seek(0)
            self.err = errors.read().decode("utf-8", "replace")[-800:]
        self.seconds = time.monotonic() - start

    def at(self, share):
        """Memory of supervisor and largest worker when this part was done."""
        for (_, line), memory in zip(self.lines, self.memory):
            if line.get("type") == "progress" and line["done"] >= share * line["items"]:
                return memory
        return self.memory[-2]


def test_very_many_files(folder):
    top, bases = forest(folder, COUNT)
    out = os.path.join(folder, "out")
    options = ("-o", out, "--vf", "negate", "--durability", "none")
    done = Watched(top, *options)
    equal(done.code, 0, "exit code: " + done.err)
    last = done.lines[-1][1]
    equal(last["counts"]["done"], COUNT, "done")
    equal(len(names(out)), COUNT, "outputs")
    once = os.path.join(folder, "once")
    images(*bases, "-o", once, "--vf", "negate")
    wanted = [tree(once)[b"base%d.png" % n] for n in range(len(bases))]
    for key, data in tree(out).items():
        if data != "folder":
            n = int(key[1:4]) * 500 + int(key[6:9])
            true(data == wanted[n % len(bases)], "%r is another picture" % key)

    early, late = done.at(0.25), done.at(0.95)
    for word, before, after in zip(("supervisor", "worker"), early, late):
        true(before > 0 and after - before < GROWTH_BYTES, "the %s grew from %d to %d bytes" % (
            word, before, after))
    times = [when for when, _ in done.lines]
    gaps = [b - a for a, b in zip([0, *times], times)]
    true(max(gaps) < 2, "no progress for %.1f s" % max(gaps))
    counts = [line["done"] for _, line in done.lines if line.get("type") == "progress"]
    equal(counts, sorted(counts), "counts of progress")
    true(len(set(counts)) > 5, "progress did not move: %r" % counts[:20])

    start = time.monotonic()
    again = images(top, *options, "--json")
    again.counts(done=0, unchanged=COUNT)
    rest = time.monotonic() - start
    true(rest < max(10.0, done.seconds / 2), "a run with nothing to do took %.1f s of %.1f" % (
        rest, done.seconds))
    equal(ledger(out, "select count(*), max(attempts) from items"), [(COUNT, 1)], "the ledger")
    print("     %d files in %.1f s: %.0f a second; supervisor %.1f -> %.1f MB, worker %.1f -> %.1f"
          " MB; nothing to do: %.1f s" % (
              COUNT, done.seconds, COUNT / done.seconds, early[0] / 1e6, late[0] / 1e6,
              early[1] / 1e6, late[1] / 1e6, rest))


def test_unchanged_sources_are_not_opened(folder):
    strace = tracer()
    top, _ = forest(folder, 600)
    out = os.path.join(folder, "out")
    images(top, "-o", out, "--durability", "none")
    trace = os.path.join(folder, "trace")
    done = images(top, "-o", out, "--json", before=(
        strace, "-f", "-qq", "-o", trace, "-e", "trace=open,openat,openat2,execve"))
    done.counts(unchanged=600)
    with open(trace, encoding="utf-8", errors="replace") as stream:
        opened = [line for line in stream if re.search(r"p\d\d\d\.png", line)]
    equal(opened, [], "pictures that were opened")
    equal(done.report["workers"], 0, "workers of a run with nothing to do")
    shutil.rmtree(out)


if __name__ == "__main__":
    main([function for name, function in list(globals().items()) if name.startswith("test_")])
