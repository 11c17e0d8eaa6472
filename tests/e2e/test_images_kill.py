#!/usr/bin/env python3
"""framewheel images killed, starved and raced at random moments: the tree of an undisturbed run,
nothing half-named, nothing done twice."""
import contextlib
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

from lib import LONG
from pictures import images, ledger, mixed, names, png, read, same_tree, stamps, tree, whole_ledger
from pictures import write
from procs import (Run, equal, main, mounted, one_of, run, session_pids, tracer, true,
                   until)

SEED = int(os.environ.get("FW_SEED") or time.time_ns() % 1000000)
KILLS = 1000 if LONG else 25
CHAIN = "scale=iw/2:ih/2,unsharp"
OTHER = "hflip,scale=iw/3:ih/3"


def dice(test):
    return random.Random(f"{SEED} {test}")


def many(folder, count=200, width=64, height=48):
    """Distinct pictures, cheaply."""
    top = os.path.join(folder, "in")
    bases = [png(width, height, seed=n) for n in range(8)]
    for n in range(count):
        write(os.path.join(top, "d%d" % (n % 3), "p%04d.png" % n), bases[n % 8])
    return top


def nothing_hidden(out, what):
    """The state is all that is left beside the outputs."""
    left = [name for name in tree(out, hidden=True)
            if os.path.basename(name).startswith(b".framewheel") and name != b".framewheel.db"]
    equal(left, [], "left behind by " + what)


def kill_tree(done, whole):
    """Ends the supervisor, or all of its processes in one call, and waits for them to be gone."""
    with contextlib.suppress(ProcessLookupError):
        (os.killpg if whole else os.kill)(done.pid, signal.SIGKILL)
    done.wait()
    until(lambda: not session_pids(done.pid), "the end of all processes", 5)


def finished(out):
    """What a killed run left: outputs with a name, and what the ledger holds as done."""
    if not os.path.exists(os.path.join(out, ".framewheel.db")):
        return {}, {}
    try:
        rows = ledger(out, "select output, attempts, started from items where state = 'done'")
    except sqlite3.OperationalError:
        rows = []  # killed before there were tables
    return stamps(out), {row[0]: row[1:] for row in rows}


# ---- the whole tree of processes ----------------------------------------------------------------


class Plug:
    """A batch, and what undisturbed runs make with either chain."""

    def __init__(self, folder):
        self.top = mixed(os.path.join(folder, "in"))
        self.wanted, self.seconds = {}, 9.0
        for chain in (CHAIN, OTHER):
            out = os.path.join(folder, "whole" + str(len(self.wanted)))
            start = time.monotonic()
            images(self.top, "-o", out, "--vf", chain)
            self.seconds = min(self.seconds, time.monotonic() - start)
            self.wanted[chain] = tree(out)
            equal(len(names(out)), 60, "outputs of an undisturbed run")
        self.hits = self.partial = 0

    def pull(self, rng, out, chain, what):
        """One run that is killed, and one that completes it."""
        before = stamps(out) if os.path.exists(out) else {}
        options = ["--vf", chain, "--workers", str(rng.choice((1, 2, 3))), "--durability",
                   rng.choice(("batch", "batch", "full", "none"))]
        done = Run("images", self.top, "-o", out, *options)
        moment = time.monotonic() + rng.uniform(0.02, 1.0) * self.seconds
        until(lambda: time.monotonic() > moment or not done.alive(), "the moment")
        hit = done.alive()
        kill_tree(done, rng.random() < 0.5)
        named, done_before = finished(out)
        fresh = {key: value for key, value in named.items() if before.get(key) != value}
        self.hits += hit
        self.partial += 0 < len(fresh) < 60
        for key in fresh:
            true(read(os.path.join(os.fsencode(out), key)) == self.wanted[chain][key],
                 "%s: %r is not whole" % (what, key))
        images(self.top, "-o", out, "--vf", chain)
        same_tree(tree(out), self.wanted[chain], what)
        nothing_hidden(out, what)
        after = stamps(out)
        again = [key for key in fresh if after[key] != fresh[key]]
        equal(again, [], what + ": finished items that were done again")
        rows = {row[0]: row[1:] for row in ledger(out, "select output, attempts, started from items")}
        settings = ledger(out, "select count(distinct settings) from items where state = 'done'")
        equal(settings, [(1,)], what + ": settings of the items")
        if not before:
            again = [key for key, value in done_before.items() if rows[key] != value]
            equal(again, [], what + ": attempts of finished items")
        whole_ledger(out)


def test_the_plug_is_pulled(folder):
    rng = dice("plug")
    plug = Plug(folder)
    out = os.path.join(folder, "over")
    for n in range(KILLS):
        if n % 2:
            # Over outputs of other settings, which stay until the new ones are whole.
            plug.pull(rng, out, (CHAIN, OTHER)[n // 2 % 2], "kill %d over, seed %d" % (n, SEED))
        else:
            fresh = os.path.join(folder, "fresh%d" % n)
            plug.pull(rng, fresh, CHAIN, "kill %d, seed %d" % (n, SEED))
            shutil.rmtree(fresh)
    true(plug.hits > KILLS // 2, "only %d of %d kills hit a run" % (plug.hits, KILLS))
    print("     %d of %d kills hit, %d with a part of the outputs named, seed %d" % (
        plug.hits, KILLS, plug.partial, SEED))


def test_killed_in_place(folder):
    """Sources that are replaced: each is the old picture or the new one, done once."""
    rng = dice("in place")
    pristine = many(folder, 60)
    before = tree(pristine)
    options = ("--in-place", "-y", "--vf", "negate")
    once = os.path.join(folder, "once")
    images(pristine, "-o", once, "--vf", "negate")
    wanted = tree(once)
    for n in range(40 if LONG else 4):
        top = os.path.join(folder, "try%d" % n)
        shutil.copytree(pristine, top)
        done = Run("images", top, *options)
        until(lambda: not done.alive() or any(
            tree(top).get(key) != before[key] for key in list(before)[:9]), "a first output")
        time.sleep(rng.uniform(0, 0.1))
        kill_tree(done, n % 2)
        for key, value in tree(top).items():
            if b".framewheel" not in key:
                true(value in (before[key], wanted[key]), "%r is neither old nor new" % key)
        images(top, *options)
        same_tree(tree(top), wanted, "in place after kill %d, seed %d" % (n, SEED))
        nothing_hidden(top, "a kill in place")


# ---- single workers -----------------------------------------------------------------------------


def test_workers_killed(folder):
    rng = dice("workers")
    top = many(folder, 150)
    whole = os.path.join(folder, "whole")
    images(top, "-o", whole, "--vf", CHAIN)
    sent = 0
    for n in range(20 if LONG else 3):
        out = os.path.join(folder, "out%d" % n)
        # A worker may be killed again in the second try, so there are some more.
        done = Run("images", top, "-o", out, "--vf", CHAIN, "--max-tries", "50", "--workers",
                   str(1 + n % 3), "--durability", "none")
        while done.alive() and sent < 12 * (n + 1):
            time.sleep(rng.uniform(0, 0.06))
            workers = [pid for name, pid in done.children().items() if "worker" in name]
            if workers and done.alive():
                try:
                    os.kill(rng.choice(workers), signal.SIGKILL)
                    sent += 1
                except ProcessLookupError:
                    pass
        done.wait().ended(0)
        same_tree(tree(out), tree(whole), "after %d kills, seed %d" % (sent, SEED))
        nothing_hidden(out, "killed workers")
    true(sent >= 3, "only %d kills" % sent)
    print("     %d workers killed" % sent)


def test_one_file_crashes(folder):
    top = many(folder, 30)
    whole = os.path.join(folder, "whole")
    images(top, "-o", whole)
    victims = sorted(names(top))
    for action, word in (("segv", "SEGV"), ("abort", "ABRT"), ("kill", "KILL")):
        out = os.path.join(folder, action)
        done = images(top, "-o", out, "--json", "--fault", "image:task:7:" + action, code=3)
        done.counts(done=29, failed=1).said(word, "once more")
        missing = set(tree(whole)) - set(tree(out))
        equal(missing, {os.fsencode(victims[7])}, "what is missing after " + action)
        equal(done.report["deaths"], 2, "deaths")
        item = done.items()[victims[7]]
        true(word in item["error"], item)
        equal(ledger(out, "select attempts, state from items where signal <> 0"), [(2, "failed")],
              "the ledger's row")
        # A crash is no fault of the file's own: the next run tries it.
        images(top, "-o", out, "--json").counts(done=1, unchanged=29)
        same_tree(tree(out), tree(whole), "after the crash")
    out = os.path.join(folder, "late")
    done = images(top, "-o", out, "--json", "--fault", "image:done:3:segv", "--max-tries", "1",
                  code=3).counts(done=29, failed=1)


def test_one_file_never_ends(folder):
    top = many(folder, 20)
    out = os.path.join(folder, "out")
    start = time.monotonic()
    done = images(top, "-o", out, "--json", "--fault", "image:task:5:spin", "--max-image-time",
                  "1", code=3)
    done.counts(done=19, failed=1).said("--max-image-time")
    true(time.monotonic() - start < 15, "it took %.1f s" % (time.monotonic() - start))
    images(top, "-o", out, "--json", "--retry-failed").counts(done=1, unchanged=19)


# ---- signals ------------------------------------------------------------------------------------


def under_way(done, out, count=3):
    until(lambda: not done.alive() or os.path.isdir(out) and len(names(out)) >= count,
          "%d outputs" % count)
    true(done.alive(), "the run was over before anything was seen: %s" % done.args)


def test_interrupted_once(folder):
    top = many(folder, 1500)
    out = os.path.join(folder, "out")
    for number in (signal.SIGINT, signal.SIGTERM):
        done = Run("images", top, "-o", out, "--vf", CHAIN, "--report",
                   os.path.join(folder, "r.json"))
        under_way(done, out, len(names(out)) + 3 if os.path.exists(out) else 3)
        done.signal(number)
        done.wait().ended(-number)
        nothing_hidden(out, "a signal")
        states = dict(ledger(out, "select state, count(*) from items group by state"))
        equal(states.get("done"), len(names(out)), "the ledger's done: %r" % states)
        true('"interrupted"' in open(os.path.join(folder, "r.json")).read(), "the report")
    before = stamps(out)
    images(top, "-o", out, "--vf", CHAIN, "--json").counts(done=1500 - len(before),
                                                           unchanged=len(before))
    after = stamps(out)
    equal([key for key in before if before[key] != after[key]], [], "items done again")


def test_interrupted_twice(folder):
    top = many(folder, 40)
    out = os.path.join(folder, "out")
    # One file keeps its worker busy for long: only a second signal ends that.
    done = Run("images", top, "-o", out, "--workers", "2", "--fault", "image:task:20:spin")
    under_way(done, out)
    until(lambda: len(names(out)) >= 30 or not done.alive(), "all but the last ones")
    done.signal(signal.SIGINT)
    time.sleep(0.3)
    true(done.alive(), "the first signal waits for what runs")
    start = time.monotonic()
    done.signal(signal.SIGINT)
    done.wait().ended(-signal.SIGINT)
    true(time.monotonic() - start < 2, "the second signal took %.1f s" % (time.monotonic() - start))
    nothing_hidden(out, "two signals")
    images(top, "-o", out)
    equal(len(names(out)), 40, "outputs of the next run")


# ---- several runs -------------------------------------------------------------------------------


def test_runs_at_once(folder):
    top = many(folder, 400)
    for count in (2, 5):
        out = os.path.join(folder, "refused%d" % count)
        runs = [Run("images", top, "-o", out, "--vf", CHAIN) for _ in range(count)]
        for done in runs:
            done.wait()
        codes = sorted(done.code for done in runs)
        equal(codes, [0] + [5] * (count - 1), "exit codes")
        winner = next(done for done in runs if done.code == 0)
        for done in runs:
            if done.code:
                true(str(winner.pid) in done.err and "--wait" in done.err, done.err)
        equal(len(names(out)), 400, "outputs")
        nothing_hidden(out, "runs at once")
    out = os.path.join(folder, "waited")
    logs = [os.path.join(folder, "%d.json" % n) for n in range(5)]
    runs = [Run("images", top, "-o", out, "--vf", CHAIN, "--wait", "--report", log)
            for log in logs]
    for done in runs:
        done.wait().ended(0)
    equal(ledger(out, "select sum(attempts), count(*) from items"), [(400, 400)],
          "attempts of all five runs together")
    equal(ledger(out, "select max(done), min(done), count(*) from runs"), [(400, 0, 5)], "runs")
    nothing_hidden(out, "five runs that wait")


# ---- disks --------------------------------------------------------------------------------------


def test_disk_full(folder):
    top = os.path.join(folder, "in")
    for n in range(40):
        write(os.path.join(top, "p%02d.png" % n), png(160, 120, seed=n))
    whole = os.path.join(folder, "whole")
    images(top, "-o", whole, "--to", "bmp")
    rng = dice("full")
    for stage in range(8 if LONG else 3):
        size = rng.randrange(250, 1800)
        with mounted(folder, "size=%dk" % size) as disk:
            out = os.path.join(disk, "out")
            done = images(top, "-o", out, "--to", "bmp", code=(3, 5))
            true(b"space" in done.err, done.text())
            for name in names(out) if os.path.exists(out) else ():
                true(read(os.path.join(out, name)) == read(os.path.join(whole, name)),
                     "%s is not whole on a disk of %d KiB" % (name, size))
            left = tree(out, hidden=True) if os.path.exists(out) else {}
            equal([name for name in left if b".tmp" in name], [], "temporaries on a full disk")
            subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
            images(top, "-o", out, "--to", "bmp")
            same_tree(tree(out), tree(whole), "after making room (%d KiB)" % size)
            nothing_hidden(out, "the run after a full disk")
            whole_ledger(out)


def test_state_on_a_full_disk(folder):
    top = many(folder, 300)
    out = os.path.join(folder, "out")
    with mounted(folder, "size=64k") as disk:
        state = os.path.join(disk, "state.db")
        done = images(top, "-o", out, "--state", state, code=(3, 5))
        true(b"full" in done.err or b"space" in done.err, done.text())
        for name in names(out):
            true(read(os.path.join(out, name)), name)
        subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
        images(top, "-o", out, "--state", state)
        whole = os.path.join(folder, "whole")
        images(top, "-o", whole)
        same_tree(tree(out), tree(whole), "after making room for the state")


def test_read_only_and_missing(folder):
    top = many(folder, 10)
    with mounted(folder, "size=1m") as disk:
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        done = images(top, "-o", disk, code=5)
        true(b"ead-only" in done.err, done.text())
        images(top, "-o", os.path.join(disk, "sub"), code=5)
    # Sources on a read-only disk are fine.
    with mounted(folder, "size=4m") as disk:
        shutil.copytree(top, os.path.join(disk, "in"))
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        images(os.path.join(disk, "in"), "-o", os.path.join(folder, "out"))


def test_folder_removed(folder):
    top = many(folder, 1500)
    for victim in ("", "d1"):
        out = os.path.join(folder, "out" + victim)
        done = Run("images", top, "-o", out, "--vf", CHAIN)
        under_way(done, out)
        shutil.rmtree(os.path.join(out, victim), ignore_errors=True)
        done.wait()
        one_of(done.code, (0, 3, 5) if victim else (3, 5), "exit code without its folder: " +
               done.err[-300:])
        images(top, "-o", out, "--vf", CHAIN)
        equal(len(names(out)), 1500, "outputs of the next run")
        nothing_hidden(out, "a removed folder")


def test_names_that_are_taken_meanwhile(folder):
    """Somebody else's file that appears under an output's name while it is made stays."""
    top = many(folder, 900)
    out = os.path.join(folder, "out")
    done = Run("images", top, "-o", out, "--vf", CHAIN, "--durability", "none")
    under_way(done, out)
    os.makedirs(os.path.join(out, "d2"), exist_ok=True)
    taken = []
    for n in range(2, 900, 3):
        path = os.path.join(out, "d2", "p%04d.png" % n)
        with contextlib.suppress(FileExistsError):
            with open(path, "xb") as stream:
                stream.write(b"mine")
            taken.append(path)
    done.wait().ended(3, "-y")
    true(len(taken) > 100, "only %d names were free" % len(taken))
    equal([path for path in taken if read(path) != b"mine"], [], "files that were replaced")
    equal(len(names(out)), 900, "outputs and files")
    images(top, "-o", out, "--vf", CHAIN, "--json", code=3).counts(failed=len(taken))
    images(top, "-o", out, "--vf", CHAIN, "--json", "-y").counts(done=len(taken))
    nothing_hidden(out, "names that were taken")


# ---- sources ------------------------------------------------------------------------------------


def test_sources_that_change(folder):
    """Replaced by rename, cut, grown and removed while they are read: no output of a mixture."""
    rng = dice("sources")
    top = os.path.join(folder, "in")
    old = [png(96, 72, seed=n) for n in range(4)]
    new = [png(96, 72, seed=n + 50) for n in range(4)]
    count = 500
    for n in range(count):
        write(os.path.join(top, "p%03d.png" % n), old[n % 4])
    pixels = {}
    for word, pictures in (("old", old), ("new", new)):
        for n, data in enumerate(pictures):
            write(os.path.join(folder, word, "%d.png" % n), data)
        images(os.path.join(folder, word), "-o", os.path.join(folder, word + "-out"), "--vf", CHAIN)
        pixels[word] = [read(os.path.join(folder, word + "-out", "%d.png" % n)) for n in range(4)]
    stop = threading.Event()

    def race():
        while not stop.is_set():
            n = rng.randrange(count)
            path = os.path.join(top, "p%03d.png" % n)
            deed = rng.randrange(4)
            if deed == 0:
                write(path + "~", new[n % 4])
                os.rename(path + "~", path)
            elif deed == 1:
                os.truncate(path, rng.randrange(len(old[0])))
            elif deed == 2:
                with open(path, "ab") as stream:
                    stream.write(b"more")
            elif os.path.exists(path):
                os.utime(path)
            time.sleep(0.002)

    out = os.path.join(folder, "out")
    done = Run("images", top, "-o", out, "--vf", CHAIN, "--durability", "none", "--exclude", "*~")
    racer = threading.Thread(target=race)
    racer.start()
    try:
        done.wait()
    finally:
        stop.set()
        racer.join()
    one_of(done.code, (0, 3), "exit code: " + done.err[-500:])
    for name in names(out):
        n = int(name[1:4]) % 4
        true(read(os.path.join(out, name)) in (pixels["old"][n], pixels["new"][n]),
             "%s is of no picture that ever was there" % name)
    for n in range(count):
        write(os.path.join(top, "p%03d.png" % n), new[n % 4])
    images(top, "-o", out, "--vf", CHAIN)
    for n in range(count):
        equal(read(os.path.join(out, "p%03d.png" % n)) == pixels["new"][n % 4], True,
              "p%03d.png of the next run" % n)


def test_sources_that_are_written_over(folder):
    """Written in their place, with nothing in the file that would tell: no mixture has a name."""
    width, height, count = 1000, 700, 80
    top = os.path.join(folder, "in")
    head = b"P5\n%d %d\n255\n" % (width, height)
    for n in range(count):
        write(os.path.join(top, "p%02d.pgm" % n), head + bytes([n]) * (width * height))
    stop = threading.Event()

    def race():
        turn = 0
        while not stop.is_set():
            turn += 1
            for n in range(count):
                with open(os.path.join(top, "p%02d.pgm" % n), "r+b", buffering=0) as stream:
                    stream.seek(len(head))
                    for _ in range(10):
                        stream.write(bytes([n + turn % 2 * 100]) * (width * height // 10))

    mixed_up, changed = [], 0
    racer = threading.Thread(target=race)
    racer.start()
    try:
        for n in range(10 if LONG else 2):
            out = os.path.join(folder, "out%d" % n)
            done = run("images", top, "-o", out, "--durability", "none")
            one_of(done.code, (0, 3, 4), "exit code: " + done.err[-300:])
            changed += done.err.count("changed during the run")
            for name in names(out):
                body = read(os.path.join(out, name))[len(head):]
                if len(set(body)) != 1:
                    mixed_up.append(name)
    finally:
        stop.set()
        racer.join()
    equal(mixed_up, [], "outputs that are mixtures")
    true(changed > 0, "the race was lost: no source was changed in time")


def test_only_reads_its_sources(folder):
    """A source is opened to be read, and an output has no name before it is whole."""
    strace = tracer()
    top = mixed(os.path.join(folder, "in"), 22, "48x32")
    out = os.path.join(folder, "out")
    for n in range(2):
        trace = os.path.join(folder, "trace%d" % n)
        images(top, "-o", out, "--vf", ("hflip", "vflip")[n], before=(
            strace, "-f", "-qq", "-y", "-o", trace, "-e", "trace=open,openat,openat2,creat,"
            "rename,renameat,renameat2,link,linkat,unlink,unlinkat,truncate,ftruncate"))
        sources = nameless = 0
        for line in open(trace, errors="replace"):
            if re.search(r"\bopen", line) and top in line and "O_DIRECTORY" not in line:
                sources += 1
                true(not re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_TMPFILE", line), line)
            elif re.search(r"O_(WRONLY|RDWR)", line) and out in line:
                nameless += "O_TMPFILE" in line
                true("O_TMPFILE" in line or "/.framewheel" in line or '".framewheel' in line, line)
            elif re.search(r"\b(truncate|unlink|rename)", line):
                true(top not in line or out in line, line)
        true(sources >= 22 and nameless >= 21, "%d sources, %d outputs seen" % (sources, nameless))
        equal(len(names(out)), 22, "outputs")


if __name__ == "__main__":
    main([function for name, function in list(globals().items()) if name.startswith("test_")], 2)
