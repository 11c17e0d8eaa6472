#!/usr/bin/env python3
"""Number, times and pixels of the frames of our chains, against those of the ffmpeg command.

usage: frame_list.py FRAME_LIST [--only WORD]

For every line of sequence.txt: a chain that holds frames back, drops, repeats or retimes them. Exit
code 77 without ffmpeg.
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
from fractions import Fraction

HERE = os.path.dirname(os.path.abspath(__file__))
FFMPEG = ["ffmpeg", "-v", "error", "-nostdin", "-threads", "1"]
SIZE = "64x48"
# Still, moving, cut and dark parts, so that filters which look at changes see some.
CLIP = (f"testsrc2=s={SIZE}:r=25:d=1,loop=3:1:12,noise=alls=6:allf=t,"
        "drawbox=c=black:t=fill:enable='between(n,9,14)'")


def ours(program, chain, pixel_format, path):
    with open(path, "rb") as file:
        done = subprocess.run([program, pixel_format, SIZE, chain], stdin=file, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        return None, [], done.stderr.strip()
    lines = done.stdout.splitlines()
    name, base = lines[0].split()
    frames = [(int(line.split()[0]) * Fraction(base), line.split()[1]) for line in lines[1:]]
    return (name, base), frames, ""


def theirs(chain, pixel_format, path, form):
    done = subprocess.run(
        [*FFMPEG, "-f", "rawvideo", "-pix_fmt", pixel_format, "-s", SIZE, "-r", "25", "-i", path,
         "-filter_threads", "1", "-filter_complex_threads", "1", "-vf", chain, "-fps_mode",
         "passthrough", "-enc_time_base", form[1].replace("/", ":"), "-pix_fmt", form[0], "-f",
         "framemd5", "-"], stdout=subprocess.PIPE, check=True, text=True)
    base, frames = Fraction(1), []
    for line in done.stdout.splitlines():
        if line.startswith("#tb"):
            base = Fraction(line.split()[-1])
        if not line.startswith("#"):
            fields = [field.strip() for field in line.split(",")]
            frames.append((int(fields[2]) * base, fields[5]))
    return frames


def check(program, line, paths):
    chain, pixel_format = line
    form, mine, wrong = ours(program, chain, pixel_format, paths[pixel_format])
    if wrong:
        return wrong
    yours = theirs(re.sub(r"(^|[],;])lavfi\.", r"\1", chain), pixel_format, paths[pixel_format],
                   form)
    if len(mine) != len(yours):
        return f"{len(mine)} frames, ffmpeg has {len(yours)}"
    for number, (one, other) in enumerate(zip(mine, yours)):
        if one[0] != other[0]:
            return f"frame {number} is at {one[0]}, in ffmpeg at {other[0]}"
        if one[1] != other[1]:
            return f"frame {number} has other pixels"
    return ""


def read_lines():
    lines = []
    with open(os.path.join(HERE, "sequence.txt"), encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                chain, _, pixel_format = line.rstrip("\n").rpartition(" | ")
                lines.append((chain, pixel_format))
    return lines


def main():
    if not shutil.which("ffmpeg"):
        print("0 passed, 0 failed, 1 skipped")
        return 77
    word = sys.argv[3] if len(sys.argv) > 3 else ""
    lines = [line for line in read_lines() if word in line[0]]
    failed = 0
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        paths = {}
        for pixel_format in sorted({line[1] for line in lines}):
            paths[pixel_format] = os.path.join(folder, pixel_format)
            subprocess.run([*FFMPEG, "-f", "lavfi", "-i", CLIP, "-pix_fmt", pixel_format, "-f",
                            "rawvideo", paths[pixel_format]], check=True)
        for line, wrong in zip(lines, pool.map(lambda one: check(sys.argv[1], one, paths), lines)):
            if wrong:
                failed += 1
                print(f"DIFF {line[0]}: {wrong}", flush=True)
    print(f"{len(lines) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
