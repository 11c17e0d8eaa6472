#!/usr/bin/env python3
"""What the supervisor takes for a hang and what not, and whom it believes."""
import json
import os
import re
import signal
import socket
import struct
import time

from lib import Failed
from procs import (Run, available, equal, main, report_of, session_pids, tool, tracer, true,
                   until, unchanged, y4m)
from test_kill import SLOW, SLOWER, Job, strike, worker_names

ABORT = 2  # enum fw_run_state


def poke(pid, memory, change):
    """change(stream, base) with the memory of a process at the start of a shared mapping."""
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8") as stream:
            lines = [line for line in stream if f"framewheel-{memory}" in line and "rw-s" in line]
        with open(f"/proc/{pid}/mem", "r+b", 0) as stream:
            change(stream, int(lines[0].split("-")[0], 16))
    except PermissionError:
        available(False, "no right to write another process's memory")


# ---- hangs, and what is none --------------------------------------------------------------------


def test_long_verification(folder):
    source = y4m(os.path.join(folder, "in.y4m"), 1280, 720, 40)
    out = os.path.join(folder, "out.mkv")
    for verify in ("count", "decode"):
        start = time.monotonic()
        Run("run", source, out, "-y", "-c:v", "ffv1", "--verify", verify, "--stall",
            "0.3").wait().ended(0)
    print(f"     {time.monotonic() - start:.1f} s with --stall 0.3")


def test_long_fsync(folder):
    strace = tracer()
    job = Job(folder, frames=6, chain="hflip")
    done = job.start("--stall", "0.5", before=(strace, "-f", "-qq", "-o", "/dev/null", "-e",
                                               "trace=fsync", "-e",
                                               "inject=fsync:delay_enter=2500000"))
    job.same_bytes(done.wait(), "a disk that takes its time")


def test_starved_workers(folder):
    """Sixty-four of them on one core: each waits for it most of the time."""
    job = Job(folder, frames=64)
    done = job.start("--workers", "64", "--range", "1", "--stall", "1",
                     before=(tool("taskset"), "-c", str(min(os.sched_getaffinity(0)))))
    job.same_bytes(done.wait(), "a wait for a core")
    equal(report_of(job.report)["deaths"], [], "deaths")


def test_slow_frames(folder):
    """Fifty frames' worth of time where a frame takes longer than four times the stall time."""
    job = Job(folder, "y4m", "lavfi.nlmeans=s=4:r=31:p=15,lavfi.nlmeans=s=4:r=99:p=15:enable='eq(n,3)'", 5, ())
    done = job.start("--workers", "1", "--stall", "0.3").wait()
    job.same_bytes(done, "slow frames")


def close_a_range(stream, base):
    """A range that nobody did and nobody will: all wait for it."""
    # The owner's place + 1, and the state, at the end of a range's word; workers begin at 9.
    leased_by_worker_1 = 10 << 8 | 2
    for offset in range(128, 1 << 16, 128):
        stream.seek(base + offset)
        word, following = struct.unpack("<Q120xQ", stream.read(136))
        if word & 0xffff == leased_by_worker_1 and following & 0xffff == 1:
            stream.seek(base + offset + 128)
            stream.write(struct.pack("<Q", following | 3))
            return
    raise Failed("no range is leased")


def test_all_wait_for_each_other(folder):
    job = Job(folder, frames=40, chain=SLOWER)
    done = job.start("--workers", "1", "--range", "2", "--stall", "1", *job.watched())
    job.under_way(done, 1)
    poke(done.child("fw-decoder"), "hops", close_a_range)
    job.refused(done.wait(), 6, r"nothing moved for .* all wait .*encoder for frame \d+")


# ---- whom it believes ---------------------------------------------------------------------------


def test_abort_by_nobody(folder):
    """A process that tells the others to end, although none failed."""
    job = Job(folder, frames=40, chain=SLOWER)
    done = job.start("--workers", "2", *job.watched())
    job.under_way(done, 1)

    def abort(stream, base):
        stream.seek(base + 128)
        stream.write(struct.pack("<I", ABORT))
    poke(done.child("fw-decoder"), "control", abort)
    job.refused(done.wait(20), 6, "all processes ended|none says why")


def test_all_workers_killed_at_once(folder):
    job = Job(folder, frames=240)
    done = job.start("--workers", "16", "--range", "1", *job.watched())
    job.under_way(done)
    os.kill(done.pid, signal.SIGSTOP)
    struck = sum(strike(done, name, signal.SIGKILL) for name in worker_names(done))
    os.kill(done.pid, signal.SIGCONT)
    true(struck == 16, f"{struck} workers were killed")
    job.same_bytes(done.wait(), "the death of all workers")
    equal(len(report_of(job.report)["deaths"]), 16, "deaths")


def in_frame(done):
    """Waits until worker 1 has used CPU that only a frame can take."""
    def look():
        try:
            with open(f"/proc/{done.children()['fw-worker-1']}/stat", encoding="ascii") as stream:
                fields = stream.read().rsplit(")", 1)[1].split()
        except (KeyError, OSError):
            return not done.alive()
        return int(fields[11]) + int(fields[12]) >= 0.2 * os.sysconf("SC_CLK_TCK")
    until(look, "worker 1 in its frame", 30)


def lose_frame(job, done, number, seconds=20):
    """Signals worker 1 and waits for the one in its place."""
    before = done.children().get("fw-worker-1")
    true(strike(done, "fw-worker-1", number), "worker 1 is there")
    until(lambda: not done.alive() or
          done.children().get("fw-worker-1", before) != before, "a new worker 1", seconds)


def test_kills_do_not_make_poison(folder):
    """Somebody else's kill and one crash in the same frame are not two crashes."""
    job = Job(folder, frames=2, chain="lavfi.nlmeans=s=4:r=99:p=15")
    done = job.start("--workers", "1", "--stall", "20")
    done.child("fw-worker-1")
    in_frame(done)
    lose_frame(job, done, signal.SIGKILL)
    in_frame(done)
    lose_frame(job, done, signal.SIGSEGV)
    job.same_bytes(done.wait(), "a kill and a crash")
    report = report_of(job.report)
    equal([(d["frame"], d["action"]) for d in report["deaths"]], [(0, "restarted")] * 2, "deaths")


def test_worker_killed_again_and_again(folder):
    """As the kernel does it where memory is short: one worker less, but never none."""
    job = Job(folder, frames=30, chain=SLOWER)
    done = job.start("--workers", "2", *job.watched())
    job.under_way(done, 1)
    for _ in range(2):
        lose_frame(job, done, signal.SIGKILL)
    true(strike(done, "fw-worker-1", signal.SIGKILL), "worker 1 is there")
    job.same_bytes(done.wait(), "three kills")
    equal([d["action"] for d in report_of(job.report)["deaths"]],
          ["restarted", "restarted", "retired"], "deaths")


def test_no_new_process(folder):
    """Without a fork the job goes on with one worker less."""
    strace = tracer()
    job = Job(folder, frames=10, chain=SLOWER)
    # The planner, decoder, encoder and two workers; the next one cannot be had.
    forks = "clone,clone3,fork"
    done = job.start("--workers", "2", *job.watched(),
                     before=(strace, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={forks}",
                             "-e", f"inject={forks}:error=EAGAIN:when=6+"))
    try:
        job.under_way(done, 1)
        true(strike(done, "fw-worker-2", signal.SIGKILL), "worker 2 is there")
    finally:
        done.wait()
    job.same_bytes(done, "a fork that fails")
    true(re.search("worker 2 is not replaced", done.err), f"a word about it: {done.err}")


# ---- the ends -----------------------------------------------------------------------------------


def test_lifeline(folder):
    """Each process ends with the supervisor also where the kernel does not see to it."""
    strace = tracer()
    job = Job(folder, frames=40, chain=SLOWER)
    done = job.start("--workers", "3", "--sandbox", "off", *job.watched(),
                     before=(strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=prctl",
                             "-e", "inject=prctl:retval=0:when=1"))
    job.under_way(done, 1)
    children = done.children()
    true(len(children) == 5, f"decoder, encoder and three workers: {children}")
    parents = {int(open(f"/proc/{pid}/stat", encoding="utf-8").read().rsplit(")")[1].split()[1])
               for pid in children.values()}
    equal(len(parents), 1, "parents")
    os.kill(parents.pop(), signal.SIGKILL)
    until(lambda: not done.children(), "the end of all processes", 3)
    done.wait()
    done.nothing_left()


def test_quit(folder):
    """The other key that ends a program, with nothing left either."""
    job = Job(folder, frames=40, chain=SLOWER)
    said = os.path.join(folder, "said")
    with open(said, "wb") as stderr:
        done = job.start("--workers", "2", *job.watched(), stderr=stderr)
    job.under_way(done, 1)
    done.signal(signal.SIGQUIT)

    def told():
        with open(said, encoding="utf-8") as stream:
            return "interrupted" in stream.read()
    until(told, "a word about the first signal")
    done.signal(signal.SIGQUIT)
    done.wait().ended(-signal.SIGQUIT)
    unchanged(job.here, job.before, "SIGQUIT")


def start_helper(job):
    """A helper with this process as its caller, in the middle of a job."""
    ours, its = socket.socketpair()
    cancel = os.eventfd(0, os.EFD_NONBLOCK)
    fds = (its.fileno(), cancel)
    done = Run("--helper", "3", pass_fds=fds,
               before=(tool("bash"), "-c", 'exec "$@" 3<&%d 4<&%d' % fds, "bash"))
    its.close()
    os.close(cancel)
    options = [["input", job.source], ["output", job.out], ["y", None],
               ["vf", SLOWER], ["workers", "2"]]
    ours.sendall(json.dumps({"options": options}).encode() + b"\n")
    done.child("fw-worker-2")
    return done, ours


def test_helper_ends(folder):
    """When it is asked to, and when its caller is gone although nothing is to be said to it."""
    job = Job(folder, frames=40, chain=SLOWER)
    for end in (lambda done, caller: done.signal(signal.SIGTERM),
                lambda done, caller: done.signal(signal.SIGHUP),
                lambda done, caller: caller.close()):
        done, caller = start_helper(job)
        end(done, caller)
        start = time.monotonic()
        done.wait()
        true(time.monotonic() - start < 3, "it ends within 3 s")
        true(done.code > 0, f"exit {done.code}")
        done.nothing_left()
        unchanged(job.here, job.before, "a helper that was ended")
        caller.close()


if __name__ == "__main__":
    main([value for name, value in list(globals().items()) if name.startswith("test_")], jobs=2)
