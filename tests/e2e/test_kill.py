#!/usr/bin/env python3
"""Processes killed, stopped and starved at random moments: the same bytes, or nothing at all."""
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import time

from lib import LONG, Failed, ffmpeg, sha256
from procs import (Run, available, equal, frame_count, listing, main, mounted, one_of, report_of,
                   run, stat_fields, tool, tracer, true, unchanged, until, y4m)

SEED = int(os.environ.get("FW_SEED") or time.time_ns() % 1000000)
KILLS = 1000 if LONG else 25
ROUNDS = 40 if LONG else 5
SLOW = "lavfi.nlmeans=s=4:r=15"
SLOWER = "lavfi.nlmeans=s=4:r=41"
OLD = b"a good old output\n"


def dice(test):
    return random.Random(f"{SEED} {test}")


class Job:
    """A clip, an old output in a folder of its own, and what an undisturbed run makes."""

    def __init__(self, folder, extension="mkv", chain=SLOW, frames=40, options=("-c:v", "ffv1"),
                 source=None):
        self.folder = folder
        self.source = source or y4m(os.path.join(folder, "in.y4m"), 96, 64, frames)
        self.frames = frames
        self.options = ["-vf", chain, "--progress", "none", *options]
        self.here = os.path.join(folder, "out")
        os.mkdir(self.here)
        self.out = os.path.join(self.here, f"clip.{extension}")
        self.report = os.path.join(folder, "report.json")
        self.progress = os.path.join(folder, "progress")
        start = time.monotonic()
        run("run", self.source, self.out, *self.options).ended(0)
        self.seconds = time.monotonic() - start
        self.hash = sha256(self.out)
        self.restore()
        self.before = listing(self.here)

    def restore(self):
        with open(self.out, "wb") as stream:
            stream.write(OLD)
        for path in (self.report, self.progress):
            if os.path.exists(path):
                os.unlink(path)

    def start(self, *more, **options):
        return Run("run", self.source, self.out, "-y", *self.options, "--report", self.report,
                   *more, **options)

    def same_bytes(self, done, what):
        done.ended(0)
        equal(sha256(self.out), self.hash, f"bytes after {what}")
        equal(len(os.listdir(self.here)), 1, f"files after {what}")

    def refused(self, done, code, *words):
        """Ended with the code, and the old output is all there is."""
        done.ended(code, *words)
        unchanged(self.here, self.before, " ".join(done.args))

    def under_way(self, done, frames=3):
        """Waits until some frames are in the output."""
        def look():
            try:
                with open(self.progress, encoding="utf-8") as stream:
                    counts = re.findall(r'"frames": ?(\d+)', stream.read())
            except OSError:
                counts = []
            return not done.alive() or (counts and int(counts[-1]) >= frames)
        until(look, f"{frames} frames in the output")
        true(done.alive(), f"the run was over before {frames} frames were seen")

    def watched(self):
        return ("--progress", "json", "--progress-to", self.progress, "--progress-interval", "20ms")


def strike(job, comm, number):
    """Sends a signal to a process of this run, if it is still there."""
    pid = job.children().get(comm)
    if pid is None:
        return False
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        if job.children().get(comm) != pid:
            return False
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True


def worker_names(done):
    return sorted(name for name in done.children() if name.startswith("fw-worker"))


# ---- workers ------------------------------------------------------------------------------------


def test_workers_killed(folder):
    """Random kills until enough of them have hit a worker with a lease."""
    rng = dice("workers")
    job = Job(folder, frames=400 if LONG else 60)
    leases = rounds = sent = 0
    while leases < KILLS:
        rounds += 1
        workers = rng.choice((1, 2, 3, 4))
        done = job.start("--workers", str(workers), "--range", str(rng.choice((1, 2, 8))))
        for _ in range(60):  # the report lists 64 deaths
            moment = time.monotonic() + rng.uniform(0.01, 0.3)
            until(lambda: time.monotonic() > moment or not done.alive(), "the moment")
            names = worker_names(done)
            if not done.alive():
                break
            sent += bool(names) and strike(done, rng.choice(names), signal.SIGKILL)
        done.wait()
        job.same_bytes(done, f"{sent} kills, seed {SEED}, round {rounds}")
        report = report_of(job.report)
        equal(report["frames"]["decoded"], job.frames, "frames decoded")
        equal(report["frames"]["encoded"], job.frames, "frames encoded")
        equal(report["frames"]["poisoned"], 0, "poisoned frames")
        leases += sum(1 for death in report["deaths"] if death["frame"] is not None)
        true(rounds < 20 + KILLS, f"{leases} leases hit by {sent} kills in {rounds} rounds")
        job.restore()
    print(f"     {leases} leases lost to {sent} kills in {rounds} runs, seed {SEED}")


def test_workers_killed_in_a_film(folder):
    """With a codec that looks at many frames at once, and copied sound between them."""
    rng = dice("film")
    source = os.path.join(folder, "film.mp4")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=3", "-f", "lavfi", "-i", "sine=440:d=3",
           "-c:v", "libx264", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "aac", source)
    # Progress counts what the encoder gave back: it is some twenty frames behind the workers.
    job = Job(folder, "mp4", SLOW + ",hue=h=n*5", 75,
              ("-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-c:a", "copy"), source)
    leases = 0
    for _ in range(10):
        done = job.start("--workers", "3", *job.watched())
        for frames in sorted(rng.sample(range(1, 30), 3)):
            job.under_way(done, frames)
            strike(done, rng.choice(worker_names(done) or ["fw-worker-1"]), signal.SIGKILL)
        job.same_bytes(done.wait(), f"kills in a film, seed {SEED}")
        leases += len([d for d in report_of(job.report)["deaths"] if d["frame"] is not None])
        job.restore()
        if leases >= 6:
            return
    raise Failed(f"only {leases} leases were lost")


def test_worker_killed_while_it_starts(folder):
    job = Job(folder, frames=12, chain="hflip")
    hits = 0
    for number in range(200):
        done = job.start("--workers", "4")
        name = f"fw-worker-{number % 4 + 1}"
        until(lambda: name in done.children() or not done.alive(), "a worker", 10)
        hits += strike(done, name, signal.SIGKILL)
        job.same_bytes(done.wait(), f"a kill of {name} at its start")
        job.restore()
        if hits >= ROUNDS:
            return
    raise Failed("no worker was hit at its start")


def test_worker_stopped(folder):
    job = Job(folder)
    done = job.start("--workers", "2", "--stall", "2", *job.watched())
    job.under_way(done)
    true(strike(done, "fw-worker-1", signal.SIGSTOP), "the worker is there")
    job.same_bytes(done.wait(), "a SIGSTOP")
    deaths = report_of(job.report)["deaths"]
    equal([(d["process"], d["hung"], d["action"]) for d in deaths],
          [("worker 1", True, "restarted")], "deaths")


def test_worker_crashed_once(folder):
    job = Job(folder)
    for number in (signal.SIGSEGV, signal.SIGABRT):
        done = job.start("--workers", "2", *job.watched())
        job.under_way(done)
        true(strike(done, "fw-worker-2", number), "the worker is there")
        job.same_bytes(done.wait(), number.name)
        deaths = report_of(job.report)["deaths"]
        equal([(d["process"], d["signal"], d["hung"]) for d in deaths],
              [("worker 2", int(number), False)], "deaths")
        job.restore()


def test_worker_spins(folder):
    """It uses its CPU, so it is given four times as long; and once more for the second try."""
    job = Job(folder, "y4m", "hflip", 9, ())
    done = job.start("--stall", "0.4", "--on-poison", "skip", "--fault",
                     "worker:mid_filter:5:spin").wait()
    done.ended(9, r"hung .*frame 5\b")
    equal(len(frames_of(job.out)), 8, "frames without the one that hangs")
    deaths = [(d["frame"], d["hung"], d["action"]) for d in report_of(job.report)["deaths"]]
    equal(deaths, [(5, True, "restarted"), (5, True, "skipped")], "deaths")
    job.restore()
    job.refused(job.start("--stall", "0.2", "--fault", "worker:mid_filter:0:spin").wait(), 6,
                r"hung .*frame 0\b")


def test_processes_that_leave_early(folder):
    """An exit with 0 is no success as long as there is work."""
    job = Job(folder, frames=10, chain="hflip")
    for fault in ("worker:mid_filter:4:exit", "decoder:frame:4:exit", "encoder:frame:4:exit",
                  "encoder:commit:0:exit"):
        role = fault.split(":", maxsplit=1)[0]
        job.refused(job.start("--fault", fault).wait(), 6, f"{role}.* ended before")
        job.restore()


def test_all_asleep(folder):
    """A job that was stopped as a whole, or whose supervisor was, blames nobody."""
    job = Job(folder)
    for everybody in (False, True):
        done = job.start("--stall", "0.5", *job.watched())
        job.under_way(done)
        (os.killpg if everybody else os.kill)(done.pid, signal.SIGSTOP)
        woken = time.monotonic() + 1.6
        until(lambda: time.monotonic() > woken, "a sleep longer than the stall time")
        (os.killpg if everybody else os.kill)(done.pid, signal.SIGCONT)
        job.same_bytes(done.wait(), "a sleep")
        equal(report_of(job.report)["deaths"], [], "deaths")
        job.restore()


def test_slow_neighbours(folder):
    """A reader or writer of a pipe that pauses longer than the stall time is no hang."""
    source = y4m(os.path.join(folder, "in.y4m"), 320, 240, 40)
    with open(source, "rb") as stream:
        whole = stream.read()
    done = Run("run", source, "-", "--stall", "0.5")
    woken = time.monotonic() + 1.6
    until(lambda: time.monotonic() > woken, "the reader's pause")
    done.wait().ended(0)
    equal(done.out.split(b"FRAME\n")[1:], whole.split(b"FRAME\n")[1:], "frames for a slow reader")
    out = os.path.join(folder, "out.y4m")
    done = Run("run", "-", out, "--stall", "0.5", stdin=subprocess.PIPE)
    done.process.stdin.write(whole[:1000000])
    done.process.stdin.flush()
    woken = time.monotonic() + 1.6
    until(lambda: time.monotonic() > woken, "the writer's pause")
    done.process.stdin.write(whole[1000000:])
    done.process.stdin.close()
    done.process.stdin = None
    done.wait().ended(0)
    equal(frames_of(out), whole.split(b"FRAME\n")[1:], "frames of a slow writer")


def frames_of(path):
    with open(path, "rb") as stream:
        return stream.read().split(b"FRAME\n")[1:]


def test_poison_fails(folder):
    job = Job(folder, "y4m", "hflip,unsharp,vflip", 20, ())
    for action, words in (("segv", "Segmentation"), ("abort", "Abort")):
        done = job.start("--fault", f"worker:mid_filter:12:{action}").wait()
        job.refused(done, 6, r"frame 12\b", r"0\.480 s", "hflip", words)
        report = report_of(job.report)
        equal((report["status"], report["exit"]), ("failed", 6), "report")
        deaths = [d for d in report["deaths"] if d["frame"] == 12]
        equal(len(deaths), 2, "deaths on frame 12")
        equal(deaths[-1]["action"], "failed", "what was done")
        job.restore()


def test_poison_goes_on(folder):
    job = Job(folder, "y4m", "hflip,unsharp,vflip", 20, ())
    run("run", job.source, job.out, "-y", *job.options).ended(0)
    good, raw = frames_of(job.out), frames_of(job.source)
    wanted = {
        "pass": good[:12] + [raw[12]] + good[13:],
        "skip": good[:12] + good[13:],
        "hold": good[:12] + [good[11]] + good[13:],
    }
    words = {"pass": "passed", "skip": "skipped", "hold": "held"}
    for policy, frames in wanted.items():
        for isolated in ((1, 1), (3, 4)):
            job.restore()
            done = job.start("--on-poison", policy, "--fault", "worker:mid_filter:12:segv",
                             "--workers", str(isolated[0]), "--range", str(isolated[1])).wait()
            done.ended(9, r"frame 12\b", words[policy])
            true(frames_of(job.out) == frames, f"frames after {policy}")
            report = report_of(job.report)
            count = report["frames"]
            equal((report["status"], report["exit"]), ("degraded", 9), "report")
            equal((count["decoded"], count["poisoned"]), (20, 1), "decoded and poisoned")
            equal((count["encoded"], count["dropped"]), (len(frames), 20 - len(frames)),
                  "encoded and dropped")
            actions = [d["action"] for d in report["deaths"] if d["action"] != "restarted"]
            equal(actions, [words[policy]], "what was done")


def test_poison_at_the_ends(folder):
    """The first frame has nothing to hold; the last has nothing behind it."""
    job = Job(folder, "y4m", "hflip", 9, ())
    for seq, policy, encoded in ((0, "hold", 8), (0, "pass", 9), (8, "hold", 9), (8, "skip", 8)):
        done = job.start("--on-poison", policy, "--fault", f"worker:mid_filter:{seq}:segv").wait()
        done.ended(9, rf"frame {seq}\b")
        equal(len(frames_of(job.out)), encoded, f"frames after {policy} of frame {seq}")
        equal(report_of(job.report)["frames"]["encoded"], encoded, "frames in the report")
        job.restore()


# ---- the others ---------------------------------------------------------------------------------


def random_strikes(job, comm, number, rng, code, words, more=()):
    """Strikes one process at random moments of its life."""
    hits = 0
    for _ in range(ROUNDS * 10):
        done = job.start("--workers", "2", *more)
        moment = time.monotonic() + rng.uniform(0, job.seconds * 0.8)
        until(lambda: time.monotonic() > moment or not done.alive(), "the moment")
        done.children()
        hit = strike(done, comm, number)
        done.wait()
        if hit and done.code != 0:
            hits += 1
            job.refused(done, code, words)
            job.restore()
        elif hit:  # its work was done already
            job.same_bytes(done, f"a late {number.name}")
            job.restore()
        else:
            job.same_bytes(done, "an undisturbed run")
            job.restore()
        if hits >= ROUNDS:
            return
    raise Failed(f"only {hits} of {ROUNDS} strikes hit {comm}, seed {SEED}")


def test_decoder_killed(folder):
    job = Job(folder, frames=70)
    random_strikes(job, "fw-decoder", signal.SIGKILL, dice("decoder"), 6, "decoder died .*Killed")


def test_encoder_killed(folder):
    job = Job(folder)
    random_strikes(job, "fw-encoder", signal.SIGKILL, dice("encoder"), 6, "encoder died .*Killed")


def test_single_processes_crash(folder):
    job = Job(folder)
    for number in (signal.SIGSEGV, signal.SIGBUS):
        random_strikes(job, "fw-encoder", number, dice(number.name), 6, "encoder died")


def test_decoder_and_encoder_stopped(folder):
    job = Job(folder, frames=70)
    for comm, word in (("fw-decoder", "decoder"), ("fw-encoder", "encoder")):
        done = job.start("--workers", "2", "--stall", "2", *job.watched())
        job.under_way(done)
        true(strike(done, comm, signal.SIGSTOP), f"the {word} is there")
        job.refused(done.wait(), 6, f"the {word} made no progress for 2 s")
        job.restore()


def test_faults_at_the_ends(folder):
    """At the first frame, the last one, the trailer, the check of the written file."""
    job = Job(folder, "mp4", "hflip", 10, ("-c:v", "libx264", "-preset", "ultrafast"))
    for fault in ("decoder:frame:0:kill", "decoder:frame:9:segv", "decoder:end:0:kill",
                  "encoder:frame:0:kill", "encoder:frame:9:abort", "encoder:commit:0:kill",
                  "encoder:verify:0:kill"):
        role = fault.split(":", maxsplit=1)[0]
        job.refused(job.start("--fault", fault).wait(), 6, f"the {role} died")
        job.restore()
    done = job.start("--stall", "1", "--fault", "encoder:commit:0:stop").wait()
    job.refused(done, 6, "the encoder made no progress")
    for fault in ("worker:mid_filter:0:kill", "worker:before_done:9:segv"):
        job.refused(job.start("--fault", fault).wait(), 6, "worker . died")


def next_run_cleans(job, what):
    """After a kill of the supervisor: the old output, at most lock and temporary file beside it."""
    with open(job.out, "rb") as stream:
        true(stream.read() == OLD, f"the old output survives {what}")
    for name in os.listdir(job.here):
        hidden = re.fullmatch(r"\.framewheel-\w+\.(lock|tmp)", name)
        true(hidden or name == os.path.basename(job.out), f"{name} is left by {what}")
    job.same_bytes(job.start().wait(), f"{what} and one more run")
    job.restore()


def test_supervisor_killed(folder):
    rng = dice("supervisor")
    job = Job(folder)
    for number in range(ROUNDS * 2):
        done = job.start("--workers", "3")
        moment = time.monotonic() + rng.uniform(0, job.seconds * 0.8)
        until(lambda: time.monotonic() > moment or not done.alive(), "the moment")
        done.children()
        done.signal(signal.SIGKILL)
        done.wait()
        if done.code == 0:
            job.same_bytes(done, "an undisturbed run")
            job.restore()
            continue
        done.ended(-signal.SIGKILL)
        if number % 4 == 0 or os.listdir(job.here) != [os.path.basename(job.out)]:
            next_run_cleans(job, f"a kill of the supervisor, seed {SEED}")
    done = job.start("--fault", "supervisor:publish:0:kill").wait()
    done.ended(-signal.SIGKILL)
    next_run_cleans(job, "a kill before the file gets its name")


def test_supervisor_killed_while_it_publishes(folder):
    """At each call by which a finished file gets its name."""
    strace = tracer()
    job = Job(folder, frames=6, chain="hflip")
    for call in ("fsync", "linkat", "renameat", "renameat2"):
        done = job.start(before=(strace, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                                 "-e", f"inject={call}:signal=SIGKILL")).wait()
        if done.code == 0:
            job.same_bytes(done, f"a run without {call}")
            job.restore()
            continue
        done.nothing_left()
        next_run_cleans(job, f"a kill at {call}")


def test_failing_calls(folder):
    """An error of each call by which a file is written and published."""
    strace = tracer()
    job = Job(folder, frames=6, chain="hflip")
    failed = 0
    for call, error in (("fsync", "EIO"), ("linkat", "ENOSPC"), ("renameat", "EACCES"),
                        ("pwrite64", "ENOSPC"), ("pwrite64", "EIO")):
        # Without seccomp: strace replaces the number of a failing call by one that is not allowed.
        done = Run("run", job.source, job.out, "-y", *job.options, "--sandbox", "off",
                   before=(strace, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                           "-e", f"inject={call}:error={error}")).wait()
        if done.code == 0:
            job.same_bytes(done, f"a run without {call}")
        else:
            failed += 1
            job.refused(done, 5)
        job.restore()
    true(failed >= 3, f"{failed} runs met the error")


# ---- the user -----------------------------------------------------------------------------------


def interrupted_name(job):
    stem, extension = os.path.splitext(os.path.basename(job.out))
    return os.path.join(job.here, f"{stem}.interrupted{extension}")


def test_interrupted_once(folder):
    job = Job(folder, frames=200)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        done = job.start("--workers", "2", *job.watched())
        job.under_way(done)
        done.signal(number)
        done.wait().ended(-number, "interrupted")
        part = interrupted_name(job)
        frames = frame_count(part)
        true(3 <= frames < job.frames, f"{frames} of {job.frames} frames after {number.name}")
        report = report_of(job.report)
        equal(report["status"], "interrupted", "status")
        equal(report["exit"], 128 + number, "exit in the report")
        equal(report["frames"]["encoded"], frames, "frames in the report")
        os.unlink(part)
        unchanged(job.here, job.before, number.name)
        job.restore()


def test_interrupted_twice(folder):
    job = Job(folder, frames=24, chain=SLOWER)
    for number in (signal.SIGINT, signal.SIGTERM):
        said = os.path.join(folder, "said")
        with open(said, "wb") as stderr:
            done = job.start("--workers", "1", *job.watched(), stderr=stderr)
            job.under_way(done, 1)
            done.signal(number)

            def told():
                with open(said, encoding="utf-8") as stream:
                    return "interrupted" in stream.read()
            until(told, "a word about the first signal")
            done.signal(number)
            start = time.monotonic()
            done.wait().ended(-number)
        true(time.monotonic() - start < 3, "the second signal ends it within 3 s")
        unchanged(job.here, job.before, f"{number.name} twice")
        job.restore()


def test_threads_interrupted(folder):
    """Threads cannot be killed, but their process ends, also with one in an endless loop."""
    job = Job(folder, frames=200)
    done = job.start("--isolation", "threads", *job.watched())
    job.under_way(done)
    done.signal(signal.SIGINT)
    done.wait().ended(-signal.SIGINT)
    true(3 <= frame_count(interrupted_name(job)) < job.frames, "a part of the frames")
    os.unlink(interrupted_name(job))
    unchanged(job.here, job.before, "SIGINT")
    job.restore()
    done = job.start("--isolation", "threads", "--fault", "worker:mid_filter:9:spin",
                     *job.watched())
    job.under_way(done)
    until(lambda: done.signal(signal.SIGINT) or not done.alive(), "an end by signals", 10)
    done.wait().ended(-signal.SIGINT)
    unchanged(job.here, job.before, "SIGINT again and again")


def test_interrupted_before_the_first_frame(folder):
    rng = dice("early")
    job = Job(folder, frames=30)
    for number in range(ROUNDS * 3):
        kind = rng.choice((signal.SIGINT, signal.SIGTERM))
        done = job.start()
        moment = time.monotonic() + rng.uniform(0, 0.08)
        until(lambda: time.monotonic() > moment, "the moment")
        done.signal(kind)
        done.wait().ended(-kind)
        part = interrupted_name(job)
        if os.path.exists(part):  # a frame was in already
            true(frame_count(part) > 0, f"frames in {part}")
            os.unlink(part)
        unchanged(job.here, job.before, f"{kind.name} at the start, round {number}")


def test_interrupted_from_the_keyboard(folder):
    """The signal reaches every process of the group, also those that plan; only one decides."""
    rng = dice("keyboard")
    job = Job(folder, frames=30)
    for number in range(ROUNDS * 2):
        done = job.start()
        moment = time.monotonic() + rng.uniform(0, 0.08)
        until(lambda: time.monotonic() > moment, "the moment")
        os.killpg(done.pid, signal.SIGINT)
        done.wait().ended(-signal.SIGINT)
        true("died" not in done.err, f"nobody died by it: {done.err}")
        if os.path.exists(interrupted_name(job)):
            os.unlink(interrupted_name(job))
        unchanged(job.here, job.before, f"SIGINT to all, round {number}")


def test_interrupted_when_all_is_encoded(folder):
    """The last moment at which it counts: before the name is given."""
    job = Job(folder, frames=8)
    done = job.start("--fault", "supervisor:publish:0:stop")
    until(lambda: (stat_fields(done.pid) or ("", ""))[1] == "T", "a stopped supervisor")
    done.signal(signal.SIGTERM)
    done.signal(signal.SIGCONT)
    done.wait().ended(-signal.SIGTERM)
    equal(frame_count(interrupted_name(job)), 8, "frames")
    equal(report_of(job.report)["exit"], 128 + signal.SIGTERM, "exit in the report")
    os.unlink(interrupted_name(job))
    unchanged(job.here, job.before, "SIGTERM at the end")


# ---- the machine --------------------------------------------------------------------------------


def sizes_around(job, place, extension):
    """Runs with fewer and fewer free pages: whole, or refused with nothing left."""
    out = os.path.join(place, f"out.{extension}")
    ballast = os.path.join(place, "ballast")
    codes = set()
    pages = (os.path.getsize(job.reference) + 4095) // 4096
    for spare in (4, 3, 2, 1, 0, -1, -2, -8, 1 - pages):
        free = os.statvfs(place).f_bfree - (pages + spare)
        with open(ballast, "wb") as stream:
            stream.write(b"\0" * 4096 * free)
        before = listing(place)
        done = run("run", job.source, out, *job.options)
        codes.add(done.code)
        if done.code == 0:
            done.ended(0)
            equal(sha256(out), job.hash, f"bytes with {spare} spare pages")
            os.unlink(out)
        else:
            done.ended(5, "space")
            unchanged(place, before, f"a full disk ({spare} spare pages)")
        os.unlink(ballast)
    equal(codes, {0, 5}, "exit codes around the size of the output")


def test_full_disk(folder):
    for extension, codec in (("mkv", ("-c:v", "ffv1")), ("nut", ("-c:v", "ffv1")),
                             ("mp4", ("-c:v", "mpeg4", "-q:v", "1")), ("y4m", ())):
        inner = os.path.join(folder, extension)
        os.mkdir(inner)
        job = Job(inner, extension, "hflip", 30, codec)
        job.reference = os.path.join(inner, f"reference.{extension}")
        run("run", job.source, job.reference, *job.options).ended(0)
        with mounted(inner, "size=2m") as place:
            sizes_around(job, place, extension)


def test_full_disk_keeps_the_old_output(folder):
    job = Job(folder, "mkv", "hflip", 30, ("-c:v", "ffv1"))
    with mounted(folder, "size=64k") as place:
        out = os.path.join(place, "clip.mkv")
        with open(out, "wb") as stream:
            stream.write(OLD)
        before = listing(place)
        run("run", job.source, out, "-y", *job.options).ended(5, "space")
        unchanged(place, before, "a full disk")


def test_full_device(folder):
    source = y4m(os.path.join(folder, "in.y4m"), frames=6)
    for kind in ("matroska", "rawvideo", "yuv4mpegpipe", "nut", "framemd5"):
        run("run", source, "/dev/full", "-f", kind).ended(5, "space")


def test_directory_without_rights(folder):
    source = y4m(os.path.join(folder, "in.y4m"), frames=6)
    if os.geteuid() == 0:
        with mounted(folder, "ro") as place:
            run("run", source, os.path.join(place, "out.mkv")).ended(5, "read-only")
        return
    place = os.path.join(folder, "locked")
    os.mkdir(place, 0o555)
    run("run", source, os.path.join(place, "out.mkv")).ended(5, "permission")
    equal(os.listdir(place), [], "files in the directory")


def test_directory_vanishes(folder):
    job = Job(folder)
    place = os.path.join(folder, "gone")
    os.mkdir(place)
    done = Run("run", job.source, os.path.join(place, "out.mkv"), *job.options, *job.watched())
    job.under_way(done)
    shutil.rmtree(place)
    done.wait().ended(5, "directory")
    true(not os.path.exists(place), "the directory is not made again")


def test_reader_of_stdout_goes_away(folder):
    source = y4m(os.path.join(folder, "in.y4m"), 320, 240, 60)
    done = Run("run", source, "-", "-vf", "hflip")
    true(done.process.stdout.read(1000).startswith(b"YUV4MPEG2 "), "a y4m header")
    done.children()
    done.process.stdout.close()
    done.process.stdout = None
    done.wait().ended(-signal.SIGPIPE)


def test_standard_streams_closed(folder):
    job = Job(folder, frames=6, chain="hflip")
    for closed in ((0,), (1,), (2,), (0, 1, 2)):
        def close(numbers=closed):
            for number in numbers:
                os.close(number)
        job.same_bytes(job.start(preexec_fn=close).wait(), f"closing {closed}")
        job.restore()
    def close_stdout():
        os.close(1)
    run("run", job.source, "-", preexec_fn=close_stdout).ended(5, "standard output")
    def close_stdin():
        os.close(0)
    job.refused(run("run", "-", job.out, "-y", preexec_fn=close_stdin), 4,
                "standard input is closed")


def limited(kind, value):
    return lambda: resource.setrlimit(kind, (value, value))


def test_file_size_limit(folder):
    source = y4m(os.path.join(folder, "in.y4m"), 640, 480, 150)
    place = os.path.join(folder, "out")
    os.mkdir(place)
    for limit, code, words in ((64 << 20, 5, "limit|large"), (1 << 16, (2, 5), "limit|large")):
        done = run("run", source, os.path.join(place, "out.y4m"), "--workers", "1", "--range", "1",
                   preexec_fn=limited(resource.RLIMIT_FSIZE, limit))
        done.ended(code, words)
        equal(os.listdir(place), [], f"files after ulimit -f {limit}")


def test_few_descriptors(folder):
    job = Job(folder, frames=6, chain="hflip")
    codes = set()
    for limit in (4, 8, 12, 16, 20, 24, 32, 40, 64, 256):
        done = job.start("--workers", "4", preexec_fn=limited(resource.RLIMIT_NOFILE, limit)).wait()
        codes.add(done.code)
        if done.code == 0:
            job.same_bytes(done, f"ulimit -n {limit}")
        else:
            one_of(done.code, (1, 2, 4, 5, 127), f"exit with ulimit -n {limit}: {done.err}")
            true(done.err.strip(), f"a message with ulimit -n {limit}")
            done.nothing_left()
            equal(sha256(job.out), job.before[b"clip.mkv"][1], "the old output")
        job.restore()
        equal(listing(job.here), job.before, f"files after ulimit -n {limit}")
    true(0 in codes and len(codes) > 1, f"some limits suffice and some do not: {codes}")


def test_little_address_space(folder):
    job = Job(folder, frames=6, chain="hflip")
    codes = set()
    for mib in (64, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096, 16384):
        done = job.start("--workers", "2",
                         preexec_fn=limited(resource.RLIMIT_AS, mib << 20)).wait()
        codes.add(done.code)
        if done.code == 0:
            job.same_bytes(done, f"{mib} MiB of address space")
        else:
            one_of(done.code, (1, 2, 4, 5, 6, 127), f"exit with {mib} MiB: {done.err}")
            true(done.err.strip(), f"a message with {mib} MiB")
            done.nothing_left()
            equal(listing(job.here), job.before, f"files after a run in {mib} MiB")
        job.restore()
    true(0 in codes and len(codes) > 1, f"some sizes suffice and some do not: {codes}")


def test_little_ring_memory(folder):
    job = Job(folder, frames=6, chain="hflip")
    done = job.start("--ring-mem", "64k").wait()
    job.refused(done, 2, r"the ring needs [\d.]+ MiB .* may have 0\.1 MiB")
    equal(len([line for line in done.err.splitlines() if "ring needs" in line]), 1, "sentences")
    enough = int(re.search(r"--ring-mem (\d+)M", done.err)[1])
    job.same_bytes(job.start("--ring-mem", f"{enough}M").wait(), "the hint's size")


def test_little_dev_shm(folder):
    available(os.geteuid() == 0, "mounting needs root")
    job = Job(folder, frames=6, chain="hflip")
    unshare = tool("unshare")
    script = 'mount -t tmpfs -o size=64k tmpfs /dev/shm || exit 77; exec "$@"'
    done = job.start(before=(unshare, "-m", "sh", "-c", script, "sh")).wait()
    available(done.code != 77, "no right to mount")
    job.same_bytes(done, "a run with 64 KiB of /dev/shm")


if __name__ == "__main__":
    print(f"seed {SEED} (FW_SEED={SEED} repeats it)", flush=True)
    main([value for name, value in list(globals().items()) if name.startswith("test_")], jobs=2)
