#!/usr/bin/env python3
"""framewheel batch: killed, interrupted, starved, and run again."""
import json
import os
import random
import shutil
import signal
import subprocess
import time

import lib
from batches import (QUICK, RECIPES, SLOW, batch, counted, inodes, members, place, report, rows,
                     tree)
from lib import LONG, need
from media import X264, picture
from procs import Run, available, mounted, until

SEED = int(os.environ.get("FW_SEED") or time.time_ns() % 1000000)
KILLS = 200 if LONG else 10
TINY = 200 if LONG else 60
GONE_S = 2.0

suite = lib.Suite({**RECIPES, "gop.mkv": [*picture(0.6, "96x64"), "-pix_fmt", "yuv420p", *X264]})


def films(shop):
    """Some twelve films of different lengths, in folders; jobs of about 0.1 s."""
    kinds = ("film.mp4", "short.mkv", "gop.mkv", "plain.y4m")
    return place(shop, {"%s%02d%s" % ("ab/"[:2 * (n % 2)] and "sub/" * (n % 2), n,
                                      os.path.splitext(kinds[n % 4])[1]): kinds[n % 4]
                        for n in range(12)})


OPTIONS = ("--name", "{dir}/{stem}.mkv", "--vf", "hflip,unsharp", "-c:v", "libx264", "-preset",
           "ultrafast", "-an")


def start(source, out, *options):
    return Run("batch", source, "-o", out, "--progress", "none", *OPTIONS, *options)


def kill(pid):
    """Ends the process that we started, if it is still there."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)


def own_files(folder):
    """What is neither an output nor the database: temporary files, locks, the database's log."""
    found = []
    for here, _, names in os.walk(folder):
        found += [os.path.join(here, n) for n in names
                  if n.startswith(".") and n != ".framewheel.db"]
    return found


def whole(folder, wanted, what):
    """Every file under a final name is the one of the undisturbed run."""
    made = {n: h for n, h in tree(folder).items()
            if not os.path.basename(n).startswith(b".framewheel")}
    for name, digest in made.items():
        need(wanted.get(name) == digest, "%r is not whole after %s" % (name, what))
    return made


def same_tree(folder, wanted, what):
    made = tree(folder)
    unlike = sorted(n for n in {*made, *wanted} if made.get(n) != wanted.get(n))
    need(not unlike, "another tree after %s: %s" % (what, unlike))
    need(not own_files(folder), "left after %s: %s" % (what, own_files(folder)))


# ---- killed -------------------------------------------------------------------------------------


@suite.check
def killed_at_random_moments(shop):
    dice = random.Random("%d kills" % SEED)
    source, plain = films(shop)
    begun = time.monotonic()
    start(source, plain).wait().ended(0)
    seconds = time.monotonic() - begun
    wanted = tree(plain)
    need(len(wanted) == 12, wanted)
    kills, out = 0, None
    while kills < KILLS:
        if out is None:
            out = shop.fresh("/x").parent / "out"
            kept = {}
        run = start(source, out, "-j", dice.choice("123"), "--workers", dice.choice("234"))
        moment = time.monotonic() + dice.uniform(0, seconds * 0.5)
        until(lambda: time.monotonic() > moment or not run.alive(), "the moment")
        alive = run.alive()
        kill(run.pid)
        run.wait()
        try:
            until(lambda: not members(run.pid), "the end of all processes", GONE_S)
        finally:
            left = members(run.pid)
            run.destroy()
        need(not left, left)
        kills += alive and run.code == -signal.SIGKILL
        what = "kill %d, seed %d" % (kills, SEED)
        if not alive:
            need(run.code == 0, "exit %d: %s" % (run.code, run.err))
        if not out.exists():
            continue
        whole(out, wanted, what)
        now = inodes(out)
        done = set()
        if (out / ".framewheel.db").exists():
            try:
                done = {os.fsencode(r[0]) for r in
                        rows(out, "SELECT output FROM items WHERE state = 'done'")}
            except Exception:  # the very first kill: there are no tables yet
                done = set()
        for name, before in kept.items():
            need(now.get(name) == before, "%r was made again after %s" % (name, what))
        need(done <= set(now), "%s: done, and not there" % (done - set(now)))
        kept = {name: now[name] for name in done}
        if len(done) < 12 and alive:
            continue
        start(source, out).wait().ended(0)
        same_tree(out, wanted, what)
        for name, before in kept.items():
            need(inodes(out)[name] == before, "%r was made again after %s" % (name, what))
        out = None
    if out is not None:
        start(source, out).wait().ended(0)
        same_tree(out, wanted, "kills, seed %d" % SEED)
        for name, before in kept.items():
            need(inodes(out)[name] == before, "%r was made again, seed %d" % (name, SEED))
    print("     %d kills, seed %d" % (kills, SEED))


@suite.check
def a_job_killed(shop):
    """One job's supervisor dies with all its processes: that job is tried again, others go on."""
    source, out = place(shop, {"a.y4m": "plain.y4m", "b.y4m": "plain.y4m"})
    plain = source.parent / "plain"
    options = ("--vf", SLOW, "-j", "2", "--workers", "2")
    batch(source, "-o", plain, *options)
    run = Run("batch", source, "-o", out, *options, "--json", "-q")

    def jobs():
        return [pid for pid, (comm, parent) in members(run.pid).items()
                if parent == run.pid and comm.startswith("fw-job")]

    def deep():
        """Jobs that have a worker: under way."""
        people = members(run.pid)
        return [pid for pid in jobs()
                if any(p == pid and c.startswith("fw-worker") for c, p in people.values())]
    first = until(deep, "a job with workers")[0]
    below = [pid for pid, (_, parent) in members(run.pid).items() if parent == first]
    kill(first)
    until(lambda: not set(below) & set(members(run.pid)), "the end of its processes", GONE_S)
    run.wait().ended(0)
    counted(json.loads(run.out), done=2, failed=0)
    need(tree(out) == tree(plain), "other bytes")
    need(sorted(r[0] for r in rows(out, "SELECT attempts FROM items")) == [1, 2], "attempts")
    need(rows(out, "SELECT signal, state, exit_code FROM attempts WHERE signal <> 0") ==
         [(9, "failed", 6)], rows(out, "SELECT * FROM attempts"))
    need(not own_files(out) or all("framewheel.db" in f for f in own_files(out)), own_files(out))


# ---- interrupted --------------------------------------------------------------------------------


def under_way(run, out):
    """Waits for a job with workers."""
    until(lambda: any(n.startswith("fw-worker") for n in run.children()) or not run.alive(),
          "a worker")
    need(run.alive(), "it was over too soon: %s" % run.err)


@suite.check
def interrupted_once(shop):
    source, out = place(shop, {"%d.y4m" % n: "plain.y4m" for n in range(4)})
    run = Run("batch", source, "-o", out, "--vf", SLOW, "-j", "1", "--workers", "1", "--order",
              "listed", "--progress", "none", "--report", source.parent / "r.json")
    under_way(run, out)
    run.signal(signal.SIGINT)
    run.wait().ended(-signal.SIGINT)
    made = tree(out)
    need(list(made) == [b"0.y4m"], "%s\n%s" % (sorted(made), run.err))
    need(not own_files(out), own_files(out))
    document = json.loads((source.parent / "r.json").read_text())
    need(document["exit"] == 130 and document["status"] == "interrupted", document)
    counted(document, done=1, not_begun=3)
    need(rows(out, "SELECT exit_code, items, done FROM runs") == [(130, 4, 1)], "the ledger's run")
    status = json.loads(lib.framewheel("status", out, "--json").out)
    need((status["progress"]["items"], status["progress"]["not_begun"]) == (4, 3), status)
    text = lib.framewheel("status", out).out.decode()
    need("4 items, 1 done, 3 not begun\n" in text and "interrupted, exit 130 after" in text, text)
    counted(report(source, "-o", out, "--vf", SLOW), done=3, unchanged=1)
    text = lib.framewheel("status", out).out.decode()
    need("4 items, 4 done\n" in text and "  exit 0 after" in text, text)


@suite.check
def interrupted_twice(shop):
    for number, options in ((signal.SIGINT, ()), (signal.SIGTERM, ("--halt", "soon"))):
        source, out = place(shop, {"%d.y4m" % n: "plain.y4m" for n in range(3)})
        slow = ("--vf", SLOW + "," + SLOW)
        run = Run("batch", source, "-o", out, *slow, "-j", "2", "--workers", "2", "--progress",
                  "none", *options)
        under_way(run, out)
        run.signal(number)
        time.sleep(0.1)
        begun = time.monotonic()
        run.signal(number)
        run.wait().ended(-number)
        need(time.monotonic() - begun < GONE_S, "it took %.1f s" % (time.monotonic() - begun))
        need(tree(out) == {}, tree(out))
        need(not own_files(out), own_files(out))
        states = rows(out, "SELECT DISTINCT state FROM items")
        need(states == [("interrupted",)], states)
        result = lib.framewheel("status", out)
        need(b"interrupted, exit %d after" % (128 + number) in result.out, result.text())
        need(b": 3 items, 2 interrupted, 1 not begun\n" in result.out, result.text())
    counted(report(source, "-o", out, "--vf", "hflip"), done=3)


# ---- starved ------------------------------------------------------------------------------------


@suite.check
def a_full_disk(shop):
    if os.geteuid() != 0:
        raise lib.Skipped("mounting needs root")
    source, plain = place(shop, {"%d.mkv" % n: "short.mkv" for n in range(6)})
    options = (source, "-c:v", "ffv1", "-an")
    batch(*options, "-o", plain)
    wanted = tree(plain)
    size = sum(f.stat().st_size for f in plain.iterdir() if not f.name.startswith("."))
    for room in (8 << 10, 64 << 10, 200 << 10, size // 2 + (160 << 10)):
        with mounted(str(shop.fresh("/x").parent), "size=%d" % room) as disk:
            out = os.path.join(disk, "out")
            result = batch(*options, "-o", out, code=None)
            need(result.code in (3, 5), result.text())
            need(b"o space" in result.err or b"disk full" in result.err or b"free" in result.err,
                 result.text())
            whole(out, wanted, "a full disk")
            done = subprocess.run(["mount", "-o", "remount,size=64m", disk], check=False)
            need(done.returncode == 0, "remount")
            batch(*options, "-o", out)
            same_tree(out, wanted, "a full disk")


@suite.check
def a_folder_that_cannot_be_written(shop):
    source, out = place(shop, {"a.mkv": "short.mkv"})
    out.mkdir()
    if os.geteuid() == 0:
        available(shutil.which("setpriv"), "setpriv is missing")
        stranger = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        for folder in (shop.folder, source.parent, source):
            folder.chmod(0o755)
        (source / "a.mkv").chmod(0o644)
    else:
        stranger = []
    out.chmod(0o555)
    result = lib.run([*stranger, lib.FRAMEWHEEL, "batch", source, "-o", out, *QUICK])
    out.chmod(0o755)
    need(result.code == 5 and os.fsencode(out) in result.err, result.text())
    need(list(out.iterdir()) == [], list(out.iterdir()))
    # One folder of many: its items fail, the others do not.
    source, out = place(shop, {"a.mkv": "short.mkv", "sub/b.mkv": "short.mkv"})
    (out / "sub").mkdir(parents=True)
    (out / "sub").chmod(0o555)
    if stranger:
        for folder in (source.parent, source, source / "sub"):
            folder.chmod(0o755)
        os.chown(out, 65534, 65534)
    result = lib.run([*stranger, lib.FRAMEWHEEL, "batch", source, "-o", out, *QUICK])
    (out / "sub").chmod(0o755)
    need(result.code == 3 and list(tree(out)) == [b"a.mkv"], result.text())
    if stranger:
        os.chown(out, 0, 0)
    counted(report(source, "-o", out, *QUICK), done=1, unchanged=1)


@suite.check
def a_folder_that_goes_away(shop):
    source, out = place(shop, {"%d.y4m" % n: "plain.y4m" for n in range(3)})
    run = Run("batch", source, "-o", out, "--vf", SLOW, "-j", "1", "--progress", "none")
    under_way(run, out)
    out.rename(source.parent / "elsewhere")
    run.wait()
    need(run.code in (3, 5) and run.err.strip(), "exit %d: %s" % (run.code, run.err))
    run.nothing_left()
    counted(report(source, "-o", out, "--vf", "hflip"), done=3)


# ---- long ---------------------------------------------------------------------------------------


def resident(pid):
    with open("/proc/%d/statm" % pid) as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def zombies(pid):
    found = 0
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name) as stream:
                fields = stream.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        found += fields[0] == "Z" and int(fields[1]) == pid
    return found


@suite.check
def many_tiny_jobs(shop):
    """Memory, descriptors and zombies of the supervisor do not grow with the jobs done."""
    source, out = place(shop, {"%03d.y4m" % n: "tiny.y4m" for n in range(TINY)})
    run = Run("batch", source, "-o", out, "--vf", "hflip", "--durability", "none", "-j", "2",
              "--workers", "2", "--progress", "none")
    seen = []
    while run.alive():
        try:
            seen.append((resident(run.pid), len(os.listdir("/proc/%d/fd" % run.pid)),
                         zombies(run.pid)))
        except (OSError, IndexError):
            break
        time.sleep(0.05)
    run.wait().ended(0)
    need(len(tree(out)) == TINY and len(seen) > 10, len(seen))
    half = len(seen) // 3
    grown = max(s[0] for s in seen[half:]) - max(s[0] for s in seen[:half])
    with open(lib.FRAMEWHEEL, "rb") as program:
        sanitized = b"__asan_init" in program.read()  # which keeps what was freed
    need(grown < 1 << 20 or sanitized, "the supervisor grew by %d bytes" % grown)
    most = [max(s[n] for s in seen) for n in (1, 2)]
    need(max(s[1] for s in seen[half:]) <= max(s[1] for s in seen[:half]) + 1 and most[0] < 40,
         "descriptors: %s" % [s[1] for s in seen])
    need(most[1] <= 3, "%d zombies" % most[1])


if __name__ == "__main__":
    print("seed %d (FW_SEED=%d repeats it)" % (SEED, SEED), flush=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    suite.main(2)
