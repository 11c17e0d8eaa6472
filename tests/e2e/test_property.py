#!/usr/bin/env python3
"""The output is the same bytes for any number of workers, range size and isolation, every time."""
import itertools
import os

from lib import LONG, Failed, ffmpeg, sha256
from procs import equal, main, run, true, y4m

WORKERS = (1, 2, 3, 4, 8)
RANGES = (1, 2, 8)
ISOLATIONS = ("process", "threads")
# Built-ins beside libavfilter's, with expressions in n and t, and a filter that is on now and then.
CHAIN = ("crop=w=iw-8:h=ih-8,hflip,hue=h=n*9:s=1+0.2*sin(t*6),"
         "boxblur=2:1:enable='lt(mod(n,5),2)',"
         "drawbox=x='8+t*20':y=4:w=12:h=12:color=red@0.5:t=fill,unsharp,"
         "negate=enable='between(t,0.2,0.4)',fade=in:0:6")


def matrix():
    return itertools.product(WORKERS, RANGES, ISOLATIONS)


def same_bytes(folder, source, extension, options, cases=None, chain=CHAIN):
    hashes = {}
    for number, case in enumerate(cases or matrix()):
        workers, frames, isolation = case
        out = os.path.join(folder, f"out-{number}.{extension}")
        run("run", source, out, "-vf", chain, "--workers", str(workers), "--range", str(frames),
            "--isolation", isolation, "--progress", "none", *options).ended(0)
        hashes.setdefault(sha256(out), []).append(case)
        os.unlink(out)
    if len(hashes) != 1:
        raise Failed("\n".join(f"{key[:12]}: {cases}" for key, cases in hashes.items()))


def test_ffv1(folder):
    same_bytes(folder, y4m(os.path.join(folder, "in.y4m"), frames=26), "mkv", ["-c:v", "ffv1"])


def film(folder):
    """H.264 with B-frames and AAC, so that copied packets are woven in between."""
    source = os.path.join(folder, "in.mp4")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=1.2", "-f", "lavfi", "-i",
           "sine=440:d=1.2", "-c:v", "libx264", "-preset", "fast", "-bf", "2", "-g", "12",
           "-pix_fmt", "yuv420p", "-c:a", "aac", "-threads", "1", source)
    return source


def test_x264_with_copied_aac(folder):
    same_bytes(folder, film(folder), "mp4",
               ["-c:v", "libx264", "-preset", "veryfast", "-c:a", "copy"])


def test_framemd5(folder):
    same_bytes(folder, film(folder), "framemd5", ["-f", "framemd5"])


def test_from_run_to_run(folder):
    cases = [(3, 2, "process")] * 6 + [(3, 2, "threads")] * 2
    same_bytes(folder, film(folder), "mp4", ["-c:v", "libx264", "-preset", "veryfast"], cases)
    same_bytes(folder, film(folder), "mkv", ["-c:v", "mpeg4", "-q:v", "4"], cases)


def test_few_frames(folder):
    """Ranges longer than the input, and inputs of one and three frames."""
    cases = list(itertools.product((1, 2, 8), (1, 8, 64), ISOLATIONS))
    for frames in (1, 3):
        source = y4m(os.path.join(folder, f"{frames}.y4m"), frames=frames)
        same_bytes(folder, source, "mkv", ["-c:v", "ffv1"], cases)


def test_defaults_equal_one_worker(folder):
    """What a user gets who names no number is what one worker gives."""
    source = y4m(os.path.join(folder, "in.y4m"), frames=20)
    default = os.path.join(folder, "default.y4m")
    single = os.path.join(folder, "single.y4m")
    run("run", source, default, "-vf", CHAIN).ended(0)
    run("run", source, single, "-vf", CHAIN, "--workers", "1", "--range", "1").ended(0)
    equal(sha256(default), sha256(single), "bytes of the default run")
    true(sha256(default) != sha256(source), "the chain changes the picture")


def test_filters_alone(folder):
    """Each filter that reads frame number or time, alone, in the cuts that part its frames most."""
    source = y4m(os.path.join(folder, "in.y4m"), frames=18)
    chains = ["vflip", "transpose", "negate", "scale=50:34", "format=yuv444p", "null",
              "fade=in:3:7", "fade=out:st=0.2:d=0.3", "boxblur=3", "unsharp=5:5:1.5",
              "crop=40:30:n:t*10", "noise=alls=20:allf=t", "rotate=t", "hue=h=n*10",
              "vignette=angle=PI/4+n*0.01:eval=frame", "eq=brightness=0.1*sin(t):eval=frame"]
    cases = [(1, 1, "process"), (3, 1, "process"), (4, 2, "threads")]
    for chain in chains if LONG else chains[:8] + chains[10:13:2]:
        same_bytes(folder, source, "y4m", [], cases, chain)


if __name__ == "__main__":
    main([test_ffv1, test_x264_with_copied_aac, test_framemd5, test_from_run_to_run,
          test_few_frames, test_defaults_equal_one_worker, test_filters_alone], jobs=2)
