#!/usr/bin/env python3
"""Our pixels against those of the ffmpeg command, for every line of oracle.txt.

usage: oracle.py FILTER_RAW [--table FILE] [--once] [--only WORD] [--long] [--verbose]

Both sides get the same raw frames: noise that stays within the depth, then real pictures. What they
put out must agree in count and size of frames, and in every sample up to the line's tolerance. A
chain that one side refuses must be refused by the other. The frames' clock ticks 25 times a second.

A short run takes some of each line's inputs, by a seed that it prints; FW_SEED=N repeats one.
FW_LONG=1 or --long: all of them and more sizes. --once: in long runs only, and then each line as it
is. Exit code 77 without ffmpeg.
"""
import argparse
import concurrent.futures
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
CLIP = os.path.join(HERE, "../../samples/clips/sintel.mp4")
NOISE = 3  # frames
PICTURES = 5
BATCH = 8  # chains that one ffmpeg runs
LONG_SIZES = ["64x48", "131x77", "3x5", "1x1"]
FFMPEG = ["ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-filter_threads", "1"]


class Case:
    def __init__(self, ours, theirs, pixel_format, size, tolerance):
        self.ours, self.theirs = ours, theirs
        self.pixel_format, self.size, self.tolerance = pixel_format, size, tolerance

    def __str__(self):
        theirs = "" if self.theirs == self.ours else f" (theirs: {self.theirs})"
        return f"{self.ours} | {self.pixel_format} {self.size} | {self.tolerance:g}{theirs}"


def read_cases(path, long, dice):
    """Of a line's inputs a short run takes the first, and of the others every third by chance."""
    cases = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if not line.strip() or line.startswith("#"):
                continue
            fields = [field.strip() for field in line.split(" | ")]
            if line.rstrip().endswith(" |"):
                fields[-1] = fields[-1].removesuffix(" |")
            if len(fields) not in (3, 4):
                sys.exit(f"{path}:{number}: not CHAIN | FORMAT WxH,... | TOLERANCE | THEIRS")
            ours, inputs, tolerance = fields[:3]
            theirs = fields[3] if len(fields) > 3 and fields[3] else ours.replace("lavfi.", "")
            pairs = [tuple(word.split()) for word in inputs.split(",")]
            if long:
                pairs += [(pairs[0][0], size) for size in LONG_SIZES]
            elif dice:
                pairs = [pairs[0]] + [pair for pair in pairs[1:] if dice.randrange(3) == 0]
            for pixel_format, size in dict.fromkeys(pairs):
                cases.append(Case(ours, theirs, pixel_format, size, float(tolerance)))
    return cases


def sample_of(pixel_format):
    """Bytes and used bits of a sample."""
    match = re.search(r"(9|10|12|14|16|32|48|64)(le|be)$", pixel_format)
    if not match:
        return 1, 8
    bits = int(match.group(1))
    if pixel_format.startswith(("rgb48", "bgr48", "rgba64", "bgra64", "ya16")):
        bits = 16
    return (4, 32) if bits == 32 else (2, bits)


class Inputs:
    """Raw frames by format and size, each made once: noise, then pictures that move."""

    def __init__(self, folder):
        self.folder = folder
        self.lock = threading.Lock()
        self.locks = {}

    def path(self, pixel_format, size):
        path = os.path.join(self.folder, f"{pixel_format}-{size}.raw")
        with self.lock:
            lock = self.locks.setdefault(path, threading.Lock())
        with lock:
            if not os.path.exists(path):
                self.make(path, pixel_format, size)
        return path

    @staticmethod
    def make(path, pixel_format, size):
        source = ["-ss", "1", "-i", CLIP] if os.path.exists(CLIP) else \
            ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=25"]
        done = subprocess.run([*FFMPEG, *source, "-frames:v", str(PICTURES), "-vf",
                               f"scale={size.replace('x', ':')}:flags=area+accurate_rnd,"
                               f"format={pixel_format}", "-fps_mode", "passthrough", "-f",
                               "rawvideo", "-"], stdout=subprocess.PIPE, check=True)
        count = len(done.stdout) // PICTURES * NOISE
        width, bits = sample_of(pixel_format)
        noise = bytearray(random.Random(7).randbytes(count))
        if width == 2 and bits < 16:
            mask = bytes(i & ((1 << (bits - 8)) - 1) for i in range(256))
            noise[1::2] = noise[1::2].translate(mask)
        with open(path, "wb") as file:
            file.write(noise + done.stdout if width < 4 else done.stdout)


def run_ours(program, case, path):
    with open(path, "rb") as file:
        done = subprocess.run([program, case.pixel_format, case.size, case.ours], stdin=file,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    words = done.stderr.decode(errors="replace").strip().split("\n")
    match = re.fullmatch(r"(\S+) (\d+x\d+)", words[-1]) if done.returncode == 0 else None
    return (done.stdout if match else None), (match.groups() if match else ("", "")), words[-1]


def run_theirs(cases, formats, path):
    """What each chain puts out, in our output's format, and the last words; None: refused. All at
    once, unless that fails."""
    with tempfile.TemporaryDirectory() as folder:
        words = [*FFMPEG, "-f", "rawvideo", "-pix_fmt", cases[0].pixel_format, "-s", cases[0].size,
                 "-r", "25", "-i", path]
        outs = [os.path.join(folder, str(i)) for i in range(len(cases))]
        for case, pixel_format, out in zip(cases, formats, outs):
            words += ["-vf", case.theirs, "-fps_mode", "passthrough",
                      *(["-pix_fmt", pixel_format] if pixel_format else []), "-f", "rawvideo", out]
        done = subprocess.run(words, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0 and len(cases) > 1:
            return [run_theirs([case], [pixel_format], path)[0]
                    for case, pixel_format in zip(cases, formats)]
        if done.returncode != 0:
            return [(None, done.stderr.decode(errors="replace").strip().split("\n")[-1])]
        results = []
        for out in outs:
            with open(out, "rb") as file:
                results.append((file.read(), ""))
        return results


def largest_difference(a, b, pixel_format):
    width, _ = sample_of(pixel_format)
    if a == b:
        return 0
    if width == 4:
        x, y = memoryview(a).cast("f"), memoryview(b).cast("f")
    elif width == 2 and not pixel_format.endswith("be"):
        x, y = memoryview(a).cast("H"), memoryview(b).cast("H")
    else:
        x, y = a, b
    return max(abs(p - q) for p, q in zip(x, y))


def judge(case, ours, theirs):
    """None, or what is wrong."""
    our_bytes, (pixel_format, size), our_word = ours
    their_bytes, their_word = theirs
    if our_bytes is None and their_bytes is None:
        return None
    if our_bytes is None:
        return f"refused here: {our_word}"
    if their_bytes is None:
        return f"refused by ffmpeg: {their_word}"
    if len(our_bytes) != len(their_bytes):
        return f"{len(our_bytes)} bytes of {pixel_format} {size} here, {len(their_bytes)} there"
    difference = largest_difference(our_bytes, their_bytes, pixel_format)
    return f"differs by {difference:g}" if difference > case.tolerance else None


def check(program, cases, inputs):
    """Cases of one format and size."""
    path = inputs.path(cases[0].pixel_format, cases[0].size)
    ours = [run_ours(program, case, path) for case in cases]
    theirs = run_theirs(cases, [one[1][0] for one in ours], path)
    return [judge(*one) for one in zip(cases, ours, theirs)]


def batches(cases):
    groups = {}
    for case in cases:
        groups.setdefault((case.pixel_format, case.size), []).append(case)
    return [group[i:i + BATCH] for group in groups.values() for i in range(0, len(group), BATCH)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("program")
    parser.add_argument("--table", default=os.path.join(HERE, "oracle.txt"))
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--only", default="", help="lines whose chain holds this word")
    parser.add_argument("--long", action="store_true", default=os.environ.get("FW_LONG") == "1")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    if not shutil.which("ffmpeg") or (args.once and not args.long):
        print("0 passed, 0 failed, 1 skipped")
        return 77
    seed = int(os.environ.get("FW_SEED") or random.SystemRandom().randrange(1 << 32))
    dice = None if args.long or args.only else random.Random(seed)
    cases = [case for case in read_cases(args.table, args.long and not args.once, dice)
             if args.only in case.ours]
    if dice:
        print(f"seed {seed}: {len(cases)} inputs")
    failed = 0
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
        inputs = Inputs(folder)
        groups = batches(cases)
        results = pool.map(lambda group: check(args.program, group, inputs), groups)
        for group, wrongs in zip(groups, results):
            for case, wrong in zip(group, wrongs):
                if wrong:
                    failed += 1
                    print(f"DIFF {case}: {wrong}", flush=True)
                elif args.verbose:
                    print(f"same {case}")
    print(f"{len(cases) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
