#!/usr/bin/env python3
"""Exit 0 means complete, durable and asked for; everything else leaves the folder as it was.

The cases P1 to P15 are what other tools do with the same input; `ffmpeg` runs beside as the control
where that is quick, and what it did is printed, not judged.
"""
import base64
import os
import re
import signal
import subprocess

from lib import Failed, Skipped, ffmpeg, sha256
from procs import (Run, equal, frame_count, listing, main, mounted, report_of, run, tool,
                   tracer, true, unchanged, until, y4m)

OLD = b"a good old output\n"
TIME = r"\d+\.\d+ s|\d+:\d\d"


def control(what, *args, cwd=None):
    """ffmpeg with the same input: (exit code, its error lines)."""
    done = subprocess.run([tool("ffmpeg"), "-v", "error", "-nostdin", "-y", *args], cwd=cwd,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, check=False)
    lines = done.stderr.decode("utf-8", "replace").splitlines()
    print(f"     control, {what}: ffmpeg exits {done.returncode} with {len(lines)} lines")
    return done.returncode, lines


def refused(folder, code, words, *args, **options):
    """The run ends with the code, its message holds the words, the folder is as before."""
    before = listing(folder)
    done = run("run", *args, cwd=folder, **options).ended(code, *words)
    unchanged(folder, before, " ".join(args))
    true(done.err.strip(), "a message")
    return done


def accepted(folder, code, *args, **options):
    return run("run", *args, cwd=folder, **options).ended(code)


def clip(folder, name="in.y4m", frames=8, width=96, height=64):
    return y4m(os.path.join(folder, name), width, height, frames)


X264 = ("-c:v", "libx264", "-preset", "fast", "-bf", "2")


def film(folder, name="film.mp4", codec=X264, seconds=2):
    path = os.path.join(folder, name)
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=s=128x96:r=25:d={seconds}", "-f", "lavfi", "-i",
           f"sine=440:d={seconds}", *codec, "-g", "12", "-pix_fmt", "yuv420p", "-c:a", "aac", path)
    return path


# ---- disks --------------------------------------------------------------------------------------


def test_p1_last_flush_on_a_full_disk(folder):
    source = clip(folder, frames=114)  # 1,051,367 bytes of y4m: 2.8 KiB more than the disk has
    wanted = os.path.getsize(source)
    with mounted(folder, "size=1m") as disk:
        name = os.path.join(disk, "out.y4m")
        code, _ = control("P1", "-i", source, name)
        if os.path.exists(name):
            print(f"     control, P1: {os.path.getsize(name)} of {wanted} bytes, exit {code}")
            os.unlink(name)
        for kind in ("y4m", "nut"):
            refused(disk, 5, ["space"], source, f"out.{kind}", "-c:v", "rawvideo")


def test_p2_full_disk_in_the_middle(folder):
    source = clip(folder, frames=60)
    with mounted(folder, "size=256k") as disk:
        for name, codec in (("out.nut", "ffv1"), ("out.avi", "ffv1"), ("out.mkv", "ffv1"),
                            ("out.mkv", "huffyuv")):
            refused(disk, 5, ["space"], source, name, "-c:v", codec,
                    "-vf", "format=yuv444p")


def test_p3_full_device(folder):
    source = clip(folder)
    for kind in ("matroska", "rawvideo"):
        control("P3", "-i", source, "-f", kind, "/dev/full")
        refused(folder, 5, ["space"], source, "/dev/full", "-f", kind)


# ---- damage -------------------------------------------------------------------------------------


def test_p4_truncated(folder):
    source = film(folder, "whole.mkv", ("-c:v", "ffv1"))
    with open(source, "rb") as stream:
        whole = stream.read()
    frames = frame_count(source)
    for share in (0.3, 0.55, 0.9):
        cut = os.path.join(folder, "cut.mkv")
        with open(cut, "wb") as stream:
            stream.write(whole[:int(len(whole) * share)])
        control(f"P4 at {share}", "-xerror", "-i", cut, "-f", "null", "-")
        refused(folder, 4, [r"frame \d+|\d+ frames", TIME], "cut.mkv", "out.mkv", "-c:v", "ffv1")
        for policy in ("conceal", "skip"):
            accepted(folder, 9, "cut.mkv", "out.mkv", "-c:v", "ffv1", "--on-error", policy,
                     "--report", "report.json")
            report = report_of(os.path.join(folder, "report.json"))
            equal((report["status"], report["exit"]), ("degraded", 9), "report")
            equal(frame_count(os.path.join(folder, "out.mkv")), report["frames"]["encoded"],
                  "frames of the output and of the report")
            true(0 < report["frames"]["encoded"] < frames, "a part of the frames")
            os.unlink(os.path.join(folder, "out.mkv"))


def test_p5_one_byte_flipped(folder):
    """Wherever ffmpeg notices damage and goes on, this program stops."""
    source = film(folder)
    with open(source, "rb") as stream:
        whole = stream.read()
    start = whole.index(b"mdat") + 4
    seen = 0
    for part in range(1, 12):
        at = start + (len(whole) - start) * part // 24
        with open(os.path.join(folder, "bad.mp4"), "wb") as stream:
            stream.write(whole[:at] + bytes([whole[at] ^ 0xff]) + whole[at + 1:])
        code, lines = control(f"P5 at {at}", "-i", "bad.mp4", "-map", "0:v", "-f", "null", "-",
                              cwd=folder)
        if not lines or code != 0:
            continue
        seen += 1
        refused(folder, 4, [r"frame \d+", TIME], "bad.mp4", "out.mkv", "-c:v", "ffv1")
        for policy in ("conceal", "skip"):
            accepted(folder, 9, "bad.mp4", "out.mkv", "-c:v", "ffv1", "--on-error", policy)
            true(frame_count(os.path.join(folder, "out.mkv")) > 0, "frames in the output")
            os.unlink(os.path.join(folder, "out.mkv"))
        if seen == 3:
            return
    raise Failed("no byte was found that ffmpeg complains about")


def test_damaged_y4m(folder):
    source = clip(folder)
    with open(source, "rb") as stream:
        whole = stream.read()
    size = os.path.getsize(source)
    for name, data in (("cut.y4m", whole[:size - 100]), ("empty.y4m", b""),
                       ("mark.y4m", whole.replace(b"FRAME", b"FRANE", 4)),
                       ("head.y4m", whole[:20]),
                       ("text.y4m", b"not a video at all\n" * 100)):
        with open(os.path.join(folder, name), "wb") as stream:
            stream.write(data)
        refused(folder, 4, [], name, "out.mkv", "-c:v", "ffv1")
    refused(folder, 4, ["no such file|does not exist"], "absent.y4m", "out.mkv")
    refused(folder, 4, ["no pictures in this folder"], ".", "out.mkv")


def test_limits(folder):
    with open(os.path.join(folder, "huge.y4m"), "wb") as stream:
        stream.write(b"YUV4MPEG2 W60000 H60000 F25:1 C420jpeg\nFRAME\n" + bytes(4096))
    refused(folder, 4, ["60000"], "huge.y4m", "out.mkv")
    clip(folder)
    refused(folder, 4, ["--max-pixels"], "in.y4m", "out.mkv", "--max-pixels", "6143")
    accepted(folder, 0, "in.y4m", "out.mkv", "--max-pixels", "6144")


# ---- outputs ------------------------------------------------------------------------------------


def test_p7_two_jobs_one_output(folder):
    clip(folder, frames=30)
    out = os.path.join(folder, "out.mkv")
    for _ in range(3):
        before = listing(folder)
        jobs = [Run("run", "in.y4m", "out.mkv", "-c:v", "ffv1", "-vf", "lavfi.nlmeans=s=4:r=15",
                    cwd=folder) for _ in range(3)]
        codes = sorted(job.wait().code for job in jobs)
        equal(codes, [0, 5, 5], "exit codes of three jobs on one output")
        for job in jobs:
            job.nothing_left()
            if job.code == 5:
                true(re.search("another run|exists|appeared", job.err), f"a reason: {job.err}")
        equal(frame_count(out), 30, "frames of the winner")
        os.unlink(out)
        unchanged(folder, before, "three jobs")


def test_p8_durable_before_exit_0(folder):
    strace = tracer()
    clip(folder)
    trace = os.path.join(folder, "trace")
    for options in ((), ("-y",), ("-y",)):
        done = run("run", "in.y4m", "out.mkv", *options, cwd=folder,
                   before=(strace, "-f", "-qq", "-y", "-o", trace, "-e",
                           "trace=fsync,linkat,renameat,renameat2,pwrite64"))
        done.ended(0)
        calls = []
        with open(trace, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                seen = re.match(r"\d+ +(\w+)\((.*)\) += 0$", line.strip())
                if seen:
                    calls.append((seen[1], seen[2]))
        names = [n for n, (call, args) in enumerate(calls)
                 if call in ("linkat", "renameat", "renameat2") and '"out.mkv"' in args]
        true(names, f"the file gets its name: {calls}")
        here = os.path.realpath(folder)
        true(any(call == "fsync" and f"<{here}/" in args for call, args in calls[:names[-1]]),
             f"the file is synced before it has its name: {calls}")
        true(any(call == "fsync" and f"<{here}>" in args for call, args in calls[names[-1]:]),
             f"the folder is synced afterwards: {calls}")


def test_p9_symbolic_link(folder):
    clip(folder)
    target = os.path.join(folder, "target")
    with open(target, "wb") as stream:
        stream.write(OLD)
    for points_at in ("target", "absent"):
        link = os.path.join(folder, "out.mkv")
        os.symlink(points_at, link)
        refused(folder, 5, ["symbolic link", "-y"], "in.y4m", "out.mkv")
        accepted(folder, 0, "in.y4m", "out.mkv", "-y")
        true(not os.path.islink(link), "the link is replaced")
        equal(frame_count(link), 8, "frames in its place")
        with open(target, "rb") as stream:
            equal(stream.read(), OLD, "what the link pointed at")
        true(not os.path.exists(os.path.join(folder, "absent")), "nothing is made behind the link")
        os.unlink(link)


def test_existing_output(folder):
    clip(folder)
    with open(os.path.join(folder, "out.mkv"), "wb") as stream:
        stream.write(OLD)
    os.mkdir(os.path.join(folder, "place.mkv"))
    refused(folder, 5, ["exists", "-y"], "in.y4m", "out.mkv")
    refused(folder, 5, ["directory"], "in.y4m", "place.mkv")
    refused(folder, 5, ["directory"], "in.y4m", "place.mkv/", "-f", "matroska")
    refused(folder, 5, ["directory does not exist", "mkdir"], "in.y4m", "absent/out.mkv")
    refused(folder, 5, ["directory|File name too long"], "in.y4m", "x" * 256 + ".mkv")
    before = listing(folder)
    accepted(folder, 0, "in.y4m", "out.mkv", "-n")
    unchanged(folder, before, "-n")
    accepted(folder, 0, "in.y4m", "out.mkv", "-y")
    equal(frame_count(os.path.join(folder, "out.mkv")), 8, "frames after -y")


def test_input_is_output(folder):
    clip(folder)
    os.link(os.path.join(folder, "in.y4m"), os.path.join(folder, "twin.y4m"))
    os.symlink("in.y4m", os.path.join(folder, "link.y4m"))
    for name in ("in.y4m", "./in.y4m", "twin.y4m", "link.y4m"):
        for more in ((), ("-y",)):
            refused(folder, 2, ["input"], "in.y4m", name, *more)
    with open(os.path.join(folder, "in.y4m"), "r+b") as both:
        before = listing(folder)
        run("run", "in.y4m", "-", cwd=folder, stdout=both).ended(2, "same file")
        unchanged(folder, before, "standard output that is the input")


# ---- names and references -----------------------------------------------------------------------


def traced(folder, name, secret):
    """Runs over a file that names another under strace; the decoder must not open anything."""
    strace = tracer()
    trace = os.path.join(folder, "trace")
    done = Run("run", name, "out.mkv", cwd=folder,
               before=(strace, "-ff", "-qq", "-o", trace, "-e",
                       "trace=open,openat,openat2,creat,socket,connect,execve,prctl,seccomp"))
    done.wait()
    done.ended(4)
    roles = 0
    for entry in os.listdir(folder):
        if not entry.startswith("trace."):
            continue
        path = os.path.join(folder, entry)
        with open(path, encoding="utf-8", errors="replace") as stream:
            lines = stream.read().splitlines()
        os.unlink(path)
        true(not any(secret in line for line in lines), f"{entry} names {secret}")
        if not any('PR_SET_NAME, "fw-decoder"' in line for line in lines):
            continue
        roles += 1
        locked = max(n for n, line in enumerate(lines) if "seccomp(" in line)
        opened = [line for line in lines[locked:]
                  if re.match(r"(open|creat|socket|connect|execve)", line)]
        equal(opened, [], "what the decoder opens once it is locked")
    equal(roles, 1, "decoders seen")


def test_p10_p11_references(folder):
    film(folder, "secret.mp4", seconds=1)
    texts = {
        "photo.mp4": "ffconcat version 1.0\nfile secret.mp4\n",
        "list.txt": "ffconcat version 1.0\nfile secret.mp4\n",
        "clip.avi": "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1.0,\nsecret.mp4\n#EXT-X-ENDLIST\n",
        "list.m3u8": "#EXTM3U\n#EXTINF:1.0,\nsecret.mp4\n#EXT-X-ENDLIST\n",
        "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
                       "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
        "menu.mpd": "<?xml version='1.0'?><MPD><Period><BaseURL>secret.mp4</BaseURL></Period>"
                    "</MPD>",
    }
    for name, text in texts.items():
        with open(os.path.join(folder, name), "w", encoding="ascii") as stream:
            stream.write(text * 40 if name == "clip.avi" else text)
    for name in ("photo.mp4", "clip.avi"):
        control(f"P10, P11: {name}", "-t", "0.1", "-i", name, "-f", "null", "-", cwd=folder)
    for name in texts:
        refused(folder, 4, [], name, "out.mkv")
    for name in ("photo.mp4", "clip.avi"):
        traced(folder, name, "secret")


def test_p12_names_are_bytes(folder):
    source = clip(folder)
    control("P12", "-i", "data:x.mp4", "-f", "null", "-", cwd=folder)
    names = ["data:x.y4m", "file:in.y4m", "http:x", "concat:a|b", "100%.y4m", "a%d.y4m", "%s%n.y4m",
             "new\nline.y4m", "\x1b[31mred.y4m", "-in.y4m", "-", " blank ", "'quote\".y4m",
             os.fsdecode(b"\xff\xfe.y4m"), "\u00e4\u4e2d.y4m", "x" * 250 + ".y4m"]
    wanted = None
    for name in names:
        shown = "./-" if name == "-" else name
        os.rename(source, os.path.join(folder, name))
        source = os.path.join(folder, name)
        done = accepted(folder, 0, "-i", shown, "-o", "out.mkv", "-c:v", "ffv1")
        true("\x1b" not in done.err, f"no raw escape in the message about {name!r}")
        out = os.path.join(folder, "out.mkv")
        wanted = wanted or sha256(out)
        equal(sha256(out), wanted, f"bytes from {name!r}")
        target = os.path.join(folder, "other")
        os.mkdir(target)
        placed = {"-": "./-", "a%d.y4m": "a%.y4m"}.get(name, name)
        done = accepted(target, 0, "-i", "../out.mkv", "-o", placed, "-f", "matroska", "-c:v",
                        "ffv1")
        true("\x1b" not in done.err, f"no raw escape in the message about {name!r}")
        equal(os.listdir(target), [os.path.basename(placed)], "the one file that is made")
        os.unlink(os.path.join(target, placed))
        os.rmdir(target)
        os.unlink(out)


def test_names_in_reports(folder):
    """A name that is no UTF-8 still gives a JSON document that is."""
    name = os.fsdecode(b"\xff in.y4m")
    clip(folder, name)
    accepted(folder, 0, name, "out.mkv", "--report", "report.json")
    equal(report_of(os.path.join(folder, "report.json"))["input"],
          {"bytes": base64.b64encode(os.fsencode(name)).decode()}, "the input's name")


# ---- words --------------------------------------------------------------------------------------


def test_usage(folder):
    clip(folder)
    for words, args in (
            (["output"], ("in.y4m",)),
            (["input|IN"], ()),
            (["workers"], ("in.y4m", "out.mkv", "--worker", "2")),
            (["workers"], ("in.y4m", "out.mkv", "--workers", "0")),
            (["workers"], ("in.y4m", "out.mkv", "--workers", "two")),
            (["hflip"], ("in.y4m", "out.mkv", "-vf", "hflpi")),
            (["libx264"], ("in.y4m", "out.mkv", "-c:v", "libx246")),
            (["preset"], ("in.y4m", "out.mkv", "-c:v", "libx264", "-presset", "fast")),
            (["no-such-option"], ("in.y4m", "out.mkv", "-no-such-option", "1")),
            (["unsharp"], ("in.y4m", "out.mkv", "-vf", "unsharp=no_such=1")),
            (["third|too many|unexpected|extra"], ("in.y4m", "out.mkv", "third")),
            (["format|container|extension"], ("in.y4m", "out.nosuchkind")),
            (["on-poison|pass"], ("in.y4m", "out.mkv", "--on-poison", "ignore")),
            (["output|--null"], ("in.y4m", "out.mkv", "--null"))):
        done = refused(folder, 2, words, *args)
        true("usage" not in done.err.lower() or len(done.err.splitlines()) < 12,
             "one reason instead of the whole help")
    for wrong, right in (("--worker", "workers"), ("-presett", "preset"),
                         ("--on-eror", "on-error")):
        refused(folder, 2, [f"did you mean.*{right}|hint:.*{right}"], "in.y4m", "out.mkv", wrong,
                "2")
    run("rnu", "in.y4m", "out.mkv", cwd=folder).ended(2, "run")
    run(cwd=folder).ended(2, "help")


def test_all_faults_of_a_chain_at_once(folder):
    clip(folder)
    done = refused(folder, 2, ["hflpi", "vfilp", r"\^"], "in.y4m", "out.mkv", "-vf",
                   "hflpi,unsharp,vfilp")
    true("hflip" in done.err and "vflip" in done.err, "both suggestions")


def test_odd_size(folder):
    clip(folder, "odd.y4m", width=97, height=65)
    done = refused(folder, 2, ["97", "even|odd|multiple of 2|divisible"], "odd.y4m", "out.mp4",
                   "-c:v", "libx264", "-pix_fmt", "yuv420p")
    true(re.search(r"crop|scale|pad|yuv444p", done.err), f"the ways out: {done.err}")
    accepted(folder, 0, "odd.y4m", "out.mp4", "-c:v", "libx264", "-pix_fmt", "yuv444p")


def test_strict(folder):
    source = film(folder, seconds=1)
    accepted(folder, 0, source, "out.y4m", "--report", "report.json")
    losses = report_of(os.path.join(folder, "report.json"))["losses"]
    equal([(loss["kind"], loss["stream"]) for loss in losses], [("stream", 1)], "the lost audio")
    os.unlink(os.path.join(folder, "out.y4m"))
    os.unlink(os.path.join(folder, "report.json"))
    refused(folder, 2, ["strict", "audio|stream"], source, "out.y4m", "--strict")
    accepted(folder, 0, source, "out.mp4", "--strict", "-c:v", "libx264")


def test_strict_about_what_is_lost_late(folder):
    """Damage is a loss, and known only when it is met."""
    source = clip(folder, frames=8)
    with open(source, "r+b") as stream:
        stream.truncate(os.path.getsize(source) - 700)
    accepted(folder, 9, "in.y4m", "out.mkv", "--on-error", "conceal", "--report", "report.json")
    losses = report_of(os.path.join(folder, "report.json"))["losses"]
    equal([loss["kind"] for loss in losses], ["damage"], "the losses")
    os.unlink(os.path.join(folder, "out.mkv"))
    refused(folder, 1, ["strict", "damage"], "in.y4m", "out.mkv", "--on-error", "conceal",
            "--strict")


def test_a_dry_run_is_refused_like_the_run(folder):
    clip(folder)
    clip(folder, "old.mkv")
    for code, name in ((2, "in.y4m"), (5, "old.mkv"), (5, "absent/out.mkv")):
        refused(folder, code, [re.escape(name)], "in.y4m", name, "--dry-run")
        run("explain", "in.y4m", name, cwd=folder).ended(code)
    accepted(folder, 0, "in.y4m", "old.mkv", "--dry-run", "-y")
    accepted(folder, 0, "in.y4m", "new.mkv", "--dry-run")
    equal(sorted(os.listdir(folder)), ["in.y4m", "old.mkv"], "the folder")


def test_files_of_a_chain(folder):
    """Named files stay readable for the processes that open them, and the report says so."""
    clip(folder)
    with open(os.path.join(folder, "a, b.cube"), "w", encoding="ascii") as stream:
        stream.write("LUT_3D_SIZE 2\n" + "".join(
            f"{r} {g} {b}\n" for b in (0, 1) for g in (0, 1) for r in (0, 1)))
    for chain in (r"lut3d=a\, b.cube", "lut3d=file='a, b.cube'"):
        accepted(folder, 0, "in.y4m", "--null", "-vf", chain, "--report", "report.json")
        true(report_of(os.path.join(folder, "report.json"))["reads_files"], "reads_files")
    accepted(folder, 0, "in.y4m", "--null", "-vf", "hflip", "--report", "report.json")
    true(not report_of(os.path.join(folder, "report.json"))["reads_files"], "no reads_files")


def test_text_that_needs_fonts(folder):
    """Fonts are opened when a text first needs them, in a locked worker: same pixels as ffmpeg's."""
    clip(folder)
    with open(os.path.join(folder, "a.srt"), "w", encoding="ascii") as stream:
        stream.write("1\n00:00:00,000 --> 00:01:00,000\nHello world\n")
    chains = ("subtitles=a.srt", "drawtext=text=n%{n}:x=2:y=2:fontsize=12")
    for chain in chains:
        theirs = subprocess.run(["ffmpeg", "-v", "error", "-i", "in.y4m", "-vf", chain, "-f",
                                 "framemd5", "-"], cwd=folder, capture_output=True, text=True,
                                check=False)
        if theirs.returncode != 0:
            raise Skipped("ffmpeg finds no font either")
        accepted(folder, 0, "in.y4m", "ours.md5", "-f", "framemd5", "-vf", chain, "-y")
        with open(os.path.join(folder, "ours.md5"), encoding="ascii") as stream:
            ours = [line.split(",")[-1].strip() for line in stream if not line.startswith("#")]
        equal(ours, [line.split(",")[-1].strip() for line in theirs.stdout.splitlines()
                     if not line.startswith("#")], chain)


def test_report_that_cannot_be_written(folder):
    """It is refused before the work, once."""
    clip(folder)
    done = refused(folder, 5, [r"--report absent/report\.json"], "in.y4m", "out.mkv", "--report",
                   "absent/report.json")
    equal(done.err.count("absent/report.json"), 1, "mentions of the report")


def test_final_record(folder):
    """Exactly one final record in --progress=json, whatever the end."""
    clip(folder, frames=20)
    for code, args in ((0, ("in.y4m", "out.mkv")), (5, ("in.y4m", "out.mkv")),
                       (4, ("absent", "x.mkv")), (2, ("in.y4m", "x.mkv", "-vf", "hflpi")),
                       (6, ("in.y4m", "x.mkv", "-vf", "hflip", "--fault",
                             "worker:mid_filter:3:segv"))):
        done = run("run", *args, "--progress", "json", cwd=folder).ended(code)
        ends = [line for line in done.out.decode().splitlines() if '"type":"end"' in line]
        equal(len(ends), 1, f"final records of exit {code}: {done.out}")
        true(f'"exit":{code}' in ends[0], f"the exit code in {ends[0]}")


def test_null_needs_nothing(folder):
    clip(folder)
    before = listing(folder)
    accepted(folder, 0, "in.y4m", "--null", "-vf", "unsharp")
    accepted(folder, 0, "in.y4m", "-f", "null", "-")
    unchanged(folder, before, "--null")


def test_waiting_for_a_fifo(folder):
    """A pipe as output is written in place; a reader that leaves early ends the run."""
    clip(folder, frames=60, width=320, height=240)
    fifo = os.path.join(folder, "pipe.y4m")
    os.mkfifo(fifo)
    job = Run("run", "in.y4m", "pipe.y4m", cwd=folder)
    with open(fifo, "rb", buffering=0) as reader:
        data = b""
        while len(data) < 60:
            data += reader.read(60 - len(data))
    true(data.startswith(b"YUV4MPEG2 W320"), "a y4m header")
    job.wait().ended((5, -signal.SIGPIPE))
    true(os.path.exists(fifo), "the pipe is still there")


def test_input_pipe_that_ends_early(folder):
    source = clip(folder)
    with open(source, "rb") as stream:
        whole = stream.read()
    before = listing(folder)
    job = Run("run", "-", "out.mkv", cwd=folder, stdin=subprocess.PIPE)
    job.process.stdin.write(whole[:-500])
    job.process.stdin.close()
    job.process.stdin = None
    job.wait().ended(4)
    unchanged(folder, before, "a pipe cut short")
    job = Run("run", "-", "out.mkv", cwd=folder, stdin=subprocess.PIPE)
    job.process.stdin.write(whole)
    job.process.stdin.close()
    job.process.stdin = None
    job.wait().ended(0)
    equal(frame_count(os.path.join(folder, "out.mkv")), 8, "frames from the whole pipe")


if __name__ == "__main__":
    main([value for name, value in list(globals().items()) if name.startswith("test_")], jobs=2)
