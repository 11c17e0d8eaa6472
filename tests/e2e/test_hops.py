#!/usr/bin/env python3
"""Neighbours, rates and sequential processes: the same bytes for every cut, the right account, and
what happens when one of several processes in a line dies."""
import json
import os
import shutil
import signal
import time

from lib import LONG, Failed, ffmpeg, framewheel, probe, sha256
from procs import Run, available, equal, frame_count, main, report_of, run, true, until, y4m
from test_kill import OLD, Job, dice, strike

SLOW = "lavfi.nlmeans=s=4:r=15"
CASES = ((1, 1, "process"), (2, 3, "process"), (4, 2, "process"), (3, 8, "threads"))
# Every kind alone, and lines of them: windows behind windows, rates before windows and numbers,
# sequential filters at the start, at the end, side by side and apart.
CHAINS = ("hop_around=3", "hop_times=3", "hop_nth=3,hop_stamp=5", "hop_trail", "hop_pick",
          "hop_around=2,hflip,hop_around", "hop_times=2,hop_around=2,hop_stamp,hop_nth=3,hop_stamp",
          "negate,hop_trail,hop_around=2,hop_pick,hop_times=2,hop_stamp=3",
          "hop_stamp,hop_pick,hop_trail,fade=in:0:20,hop_trail")


def plugin(folder):
    """The filters for these tests, as a file that nobody else can write."""
    source = os.environ.get("FW_HOP_FILTERS", "")
    available(source and os.path.exists(source), "no filters for these tests")
    path = os.path.join(folder, "hop.so")
    shutil.copy(source, path)
    os.chmod(path, 0o644)
    return path


class Line(Job):
    """A job whose chain has several processes in line."""

    def __init__(self, folder, chain, **options):
        more = options.pop("options", ("-c:v", "ffv1"))
        super().__init__(folder, chain=chain,
                         options=(*more, "--plugin", plugin(folder)), **options)


def hashes(source, chain, path, *more):
    """The lines of framemd5, and the frames of the report."""
    done = framewheel("run", source, "-", "-f", "framemd5", "--plugin", path, "--vf", chain,
                      "--progress", "none", "--report", path + ".json", *more)
    return done.out, report_of(path + ".json")


def closes(report):
    count = report["frames"]
    equal(count["decoded"] + count["added"] - count["removed"] + count["duplicated"] -
          count["dropped"], count["encoded"], f"the account of {count}")


def test_same_bytes(folder):
    path = plugin(folder)
    source = y4m(os.path.join(folder, "in.y4m"), frames=31)
    for chain in CHAINS:
        found = {}
        for workers, frames, isolation in CASES:
            out, report = hashes(source, chain, path, "--workers", workers, "--range", frames,
                                 "--isolation", isolation)
            closes(report)
            found.setdefault(out, []).append((workers, frames, isolation))
        if len(found) != 1:
            raise Failed(f"{chain}: {list(found.values())}")


def test_line_of_threads(folder):
    """All kinds of processes in one, for ThreadSanitizer: no codec has a thread of its own here."""
    path = plugin(folder)
    source = y4m(os.path.join(folder, "in.y4m"), frames=40)
    out, report = hashes(source, CHAINS[7], path, "--isolation", "threads", "--workers", "4")
    closes(report)
    equal(out, hashes(source, CHAINS[7], path, "--isolation", "threads", "--workers", "1")[0],
          "frames of one and of four threads")


def test_short_inputs(folder):
    """Windows wider than the input, and inputs of one frame."""
    path = plugin(folder)
    for frames in (1, 2):
        source = y4m(os.path.join(folder, f"{frames}.y4m"), frames=frames)
        found = set()
        for workers, span in ((1, 1), (3, 64)):
            found.add(hashes(source, "hop_around=5,hop_times=2,hop_trail,hop_around=9", path,
                             "--workers", workers, "--range", span)[0])
        equal(len(found), 1, f"outputs of {frames} frames")
        equal(len([line for line in found.pop().splitlines() if line[:1] != b"#"]), 2 * frames,
              "frames")


def test_rates(folder):
    """Counts, rate, times and durations, of doubled and of every second frame. Hashes are listed in
    the input's time, 1/25, where a half is rounded up, as ffmpeg's."""
    path = plugin(folder)
    source = y4m(os.path.join(folder, "in.y4m"), frames=24)
    for chain, step, count in (("hop_times=2", 0.5, 48), ("hop_nth=2", 2, 12),
                               ("hop_trail,hop_times=2,hop_nth=4", 2, 12)):
        out, report = hashes(source, chain, path)
        lines = out.decode().splitlines()
        true("#tb 0: 1/25" in lines, f"time base of {chain}: {lines[:5]}")
        times = [[int(word) for word in line.split(",")[1:4]] for line in lines if line[0] != "#"]
        ticks = [int(i * step + 0.5) for i in range(count)]
        equal(times, [[at, at, int(step + 0.5)] for at in ticks], f"times of {chain}")
        equal(report["frames"]["encoded"], count, "frames in the report")
        closes(report)
    for name, rate in (("out.mp4", "50/1"), ("out.mkv", "50/1")):
        out = os.path.join(folder, name)
        framewheel("run", source, out, "--plugin", path, "--vf", "hop_times=2", "-c:v", "mpeg4")
        stream = probe(out)["streams"][0]
        equal(stream["avg_frame_rate"], rate, f"rate of {name}")
        equal(frame_count(out), 48, f"frames of {name}")


def test_numbers_as_in_ffmpeg(folder):
    """n, t and enable count the frames that reach a filter, in whatever hop it is."""
    source = y4m(os.path.join(folder, "in.y4m"), frames=26)
    for chain in ("framestep=3,fade=in:0:6,negate=enable='between(n,2,4)'",
                  "hqdn3d,drawbox=x='t*60':y='t*40':w=9:h=9:t=fill,hue=h=n*9",
                  "bwdif=mode=send_field,negate=enable='lt(mod(n,5),2)',framestep=2,hue=h=n*20",
                  "select='not(mod(n\\,3))',hue=h=n*30:enable='lt(t,0.7)',tmix=3",
                  "fps=40,drawbox=x='t*30':y=0:w=4:h=4:t=fill,tmix=2"):
        theirs = [line.rsplit(b",", 1)[1] for line in ffmpeg(
            "-i", source, "-vf", chain, "-vsync", "passthrough", "-enc_time_base", "-1", "-f",
            "framemd5", "-").out.splitlines() if line[:1] != b"#"]
        for cut in (("1", "1"), ("3", "4")):
            ours = [line.rsplit(b",", 1)[1] for line in framewheel(
                "run", source, "-", "-f", "framemd5", "--vf", chain, "--workers", cut[0],
                "--range", cut[1]).out.splitlines() if line[:1] != b"#"]
            equal(ours, theirs, f"{chain} in {cut}")


def test_sound_in_between(folder):
    """Copied sound is woven in by the decoder's frames, however many of them come out."""
    path = plugin(folder)
    source = os.path.join(folder, "in.mp4")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=2", "-f", "lavfi", "-i", "sine=440:d=2",
           "-c:v", "mpeg4", "-c:a", "aac", "-threads", "1", source)
    for chain in ("hop_pick", "hop_nth=5,hop_trail,hop_times=3", "hop_times=2"):
        found = set()
        for workers in (1, 3):
            out = os.path.join(folder, "out.mp4")
            framewheel("run", source, out, "-y", "--plugin", path, "--vf", chain, "-c:v", "mpeg4",
                       "-c:a", "copy", "--workers", workers)
            found.add(sha256(out))
        equal(len(found), 1, f"outputs of {chain}")
        packets = probe(out, "-show_packets")["packets"]
        late = 0.0
        for packet in packets:
            at = float(packet["dts_time"])
            true(at > late - 0.6, f"{chain}: a packet of {at} s behind one of {late} s")
            late = max(late, at)
        sound = [p for p in packets if p["codec_type"] == "audio"]
        theirs = [p for p in probe(source, "-show_packets")["packets"]
                  if p["codec_type"] == "audio"]
        equal([p["size"] for p in sound], [p["size"] for p in theirs], "the sound's packets")


# ---- deaths -------------------------------------------------------------------------------------


def test_workers_of_any_hop_killed(folder):
    rng = dice("hops")
    job = Line(folder, f"{SLOW},hop_trail,hop_around=2,{SLOW},hop_pick,hop_times=2", frames=24)
    hits = rounds = 0
    while hits < (60 if LONG else 6) and rounds < 40:
        rounds += 1
        done = job.start("--workers", str(rng.choice((3, 4))), "--range", str(rng.choice((1, 2))))
        while done.alive():
            names = [name for name in done.children() if name.startswith("fw-worker")]
            if names:
                strike(done, rng.choice(names), signal.SIGKILL)
            time.sleep(rng.uniform(0.02, 0.15))  # varies the moments; nothing waits on it
        done.wait()
        if done.code == 6:  # four kills on one frame, or all in ten seconds
            job.restore()
            continue
        job.same_bytes(done, "kills of workers")
        hits += sum(death["frame"] is not None for death in report_of(job.report)["deaths"])
        closes(report_of(job.report))
    true(hits >= 6, f"only {hits} kills met a frame in {rounds} rounds")


def test_sequential_dies(folder):
    job = Line(folder, "negate,hop_stamp,hop_trail,hop_around,hop_pick", frames=30)
    for fault, words in (("frame:12:segv", r"sequential \d died .*frame 12 .*hop_"),
                         ("frame:0:kill", r"sequential \d died .Killed. on frame 0"),
                         ("end:0:abort", r"sequential \d died"),
                         ("end:0:exit", r"sequential \d ended before its work")):
        job.refused(job.start("--fault", f"sequential:{fault}").wait(), 6, words)
    death = report_of(job.report)["deaths"]
    equal(death, [], "deaths by an exit")
    job.refused(job.start("--fault", "sequential:frame:12:segv").wait(), 6)
    report = report_of(job.report)
    death = report["deaths"][0]
    equal((death["process"], death["frame"], death["filter"], death["action"], death["time_s"]),
          ("sequential 1", 12, "hop_trail", "failed", 0.48), "the death")
    for fault in ("spin", "stop"):
        job.refused(job.start("--stall", "0.4", "--fault", f"sequential:frame:7:{fault}").wait(),
                    6, "sequential 1 hung and was ended on frame 7 .*hop_trail")


def test_sequential_killed(folder):
    job = Line(folder, f"hop_trail,{SLOW},hop_pick", frames=400)
    for name in ("fw-seq-1", "fw-seq-2"):
        done = job.start(*job.watched())
        job.under_way(done, 2)
        with open(f"/proc/{done.child(name)}/cmdline", "rb") as stream:
            equal(stream.read().rstrip(b"\0").decode(), f"framewheel: sequential {name[-1]}", "ps")
        true(strike(done, name, signal.SIGKILL), f"{name} is there")
        job.refused(done.wait(), 6, f"sequential {name[-1]} died .Killed.")


def test_poison_in_any_hop(folder):
    chain = "negate,hop_trail,hop_around=2,hflip"
    job = Line(folder, chain, frames=20)
    for policy, action, frames in (("skip", "skipped", 18), ("hold", "held", 20),
                                   ("pass", "passed", 20)):
        job.restore()
        done = job.start("--on-poison", policy, "--fault", "worker:mid_filter:9:segv").wait()
        done.ended(9, "negate", "hop_around")
        report = report_of(job.report)
        closes(report)
        equal((report["frames"]["poisoned"], frame_count(job.out)), (2, frames), policy)
        ends = {(death["process"], death["filter"], death["frame"])
                for death in report["deaths"] if death["action"] == action}
        equal(ends, {("worker 1", "negate", 9), ("worker 2", "hop_around", 9)}, policy)


def test_interrupted(folder):
    """What was read is finished by all processes of the line."""
    job = Line(folder, f"hop_trail,{SLOW},hop_times=2,hop_pick", frames=200)
    done = job.start("--workers", "2", *job.watched())
    job.under_way(done)
    done.signal(signal.SIGINT)
    done.wait().ended(-signal.SIGINT)
    report = report_of(job.report)
    closes(report)
    true(3 < report["frames"]["decoded"] < 200, f"frames: {report['frames']}")
    until(lambda: len(os.listdir(job.here)) == 2, "the part that was finished")
    part = os.path.join(job.here, "clip.interrupted.mkv")
    equal(frame_count(part), report["frames"]["encoded"], "frames of the part")
    with open(job.out, "rb") as stream:
        equal(stream.read(), OLD, "the old output")


# ---- the plan -----------------------------------------------------------------------------------


def explained(source, chain, path, *more):
    done = framewheel("explain", source, "--plugin", path, "--vf", chain, "--json", *more)
    return json.loads(done.out)


def test_explain(folder):
    path = plugin(folder)
    source = y4m(os.path.join(folder, "in.y4m"), frames=5)
    plan = explained(source, "hop_trail,hop_times=2,hop_pick", path, "--workers", "4",
                     "--range", "3")
    equal([stage["name"] for stage in plan["stages"]],
          ["decode", "sequential 1", "filter 2", "sequential 2", "encode"], "stages")
    equal([(hop["direct"], hop["workers"], hop["range"]) for hop in plan["hops"]][::2],
          [(True, 0, 3), (True, 0, 3)], "hops without filters")
    hop = plan["hops"][1]
    equal((hop["workers"], hop["range"], hop["outputs_per_input"]), (4, 4, 2), "the hop between")
    equal((hop["before"], hop["after"]), (0, 1), "neighbours")
    relay = explained(source, "hop_times=2,hop_around=4", path)
    true(any("only hands frames over" in text for text in relay["decisions"]), "the relay is said")
    limit = plan["scaling_limit"]
    true(limit["text"].endswith("keeps state between frames: runs in one process"), limit["text"])
    true(any("ranges of 4, not 3" in text for text in plan["decisions"]), "the range is said")
    equal(explained(source, "hflip,hop_around", path)["scaling_limit"], None, "nothing limits")
    text = framewheel("explain", source, "--plugin", path, "--vf", "hop_trail,negate").out.decode()
    for words in ("hop_trail keeps state between frames: runs in one process", "sequential 1 x1",
                  "no filter, frames go straight on"):
        true(words in text, f"no {words!r} in:\n{text}")


def test_too_little_memory(folder):
    path = plugin(folder)
    source = y4m(os.path.join(folder, "in.y4m"), 640, 480, frames=3)
    done = run("run", source, os.path.join(folder, "out.mkv"), "--plugin", path, "-vf",
               "hop_around=60,hop_trail,hop_around=20", "--ring-mem", "8M")
    done.ended(2, "slots in 2 hops", "hint: --ring-mem .*neighbours")
    equal(os.path.exists(os.path.join(folder, "out.mkv")), False, "an output")


if __name__ == "__main__":
    main([test_same_bytes, test_line_of_threads, test_short_inputs, test_rates,
          test_numbers_as_in_ffmpeg, test_sound_in_between, test_workers_of_any_hop_killed,
          test_sequential_dies, test_sequential_killed, test_poison_in_any_hop, test_interrupted,
          test_explain, test_too_little_memory], jobs=2)
