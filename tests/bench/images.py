#!/usr/bin/env python3
"""Pictures a second beside other tools: tests/bench/images.py [--rounds N] [--build DIR]

Makes a folder of photographs from those in $FRAMEWHEEL_MEDIA, runs every tool on it in turn,
round after round, and prints the medians as a table in Markdown. All tools write as they do by
themselves, without sync; framewheel also with its default, which syncs groups. Peers run under
xargs, two at a time. Memory is the largest sum of what all processes of a command held.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
MEDIA = pathlib.Path(os.environ.get("FRAMEWHEEL_MEDIA") or ROOT.parent / "shared" / "media")
SOURCE = MEDIA / "test" / "images" / "flower.png.im_q85_444.jpg"


def make(folder, count, ending, size):
    """Photographs that differ by their grain."""
    folder.mkdir()
    for i in range(count):
        scale = "scale=%s:flags=lanczos," % size if size else ""
        pixels = ["-q:v", "3", "-pix_fmt", "yuvj420p"] if ending == "jpg" else ["-pix_fmt", "rgb24"]
        subprocess.run(["ffmpeg", "-v", "error", "-i", SOURCE, "-vf",
                        "%snoise=alls=%d:all_seed=%d" % (scale, 2 + i, i), *pixels,
                        folder / ("p%02d.%s" % (i, ending))], check=True)


def held(group):
    """Bytes that all processes of a group hold, shared pages counted once."""
    total = 0
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            if int(stat[2]) != group:
                continue
            for line in (entry / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        except (OSError, IndexError, ValueError):
            continue
    return total


def measure(command, folder, out):
    """Wall and CPU seconds, peak bytes and bytes written of a shell command."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    peak = [0]
    env = dict(os.environ, IN=str(folder), OUT=str(out), MAGICK_THREAD_LIMIT="1",
               OMP_NUM_THREADS="1", VIPS_CONCURRENCY="1")
    before = os.times()
    start = time.monotonic()
    child = subprocess.Popen(["bash", "-c", command], env=env, start_new_session=True,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    done = threading.Event()

    def sample():
        while not done.wait(0.02):
            peak[0] = max(peak[0], held(child.pid))

    sampler = threading.Thread(target=sample)
    sampler.start()
    errors = child.communicate()[1]
    wall = time.monotonic() - start
    done.set()
    sampler.join()
    after = os.times()
    if child.returncode != 0:
        raise SystemExit("%s\n%s" % (command, errors.decode()))
    size = sum(f.stat().st_size for f in out.rglob("*") if not f.name.startswith("."))
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu, peak[0], size


def cases(fw):
    each = "ls \"$IN\"/* | xargs -P2 -I{} sh -c '%s' sh {}"
    many = "ls \"$IN\"/* | xargs -P2 -n 6 %s"
    name = "\"$OUT/$(basename \"$1\")\""
    ours = fw + " images \"$IN\" -o \"$OUT\" -q --vf %s --durability %s"
    return [
        ("PNG, resize to half", ("png", 12, ""), {
            "framewheel": ours % ("scale=iw/2:-1", "none"),
            "framewheel, synced": ours % ("scale=iw/2:-1", "batch"),
            "vipsthumbnail": many % "vipsthumbnail -s 1134x -o \"$OUT/%s.png\"",
            "gm convert": each % ("gm convert \"$1\" -resize 50% " + name),
            "convert": each % ("/usr/bin/convert \"$1\" -resize 50% " + name),
            "ffmpeg": each % ("ffmpeg -v error -threads 1 -i \"$1\" -vf scale=iw/2:-1 " + name),
        }),
        ("JPEG, resize to 25 %, quality 85", ("jpg", 24, ""), {
            "framewheel": ours % ("scale=iw/4:-1", "none --quality 85"),
            "framewheel, synced": ours % ("scale=iw/4:-1", "batch --quality 85"),
            "vipsthumbnail": many % "vipsthumbnail -s 567x -o \"$OUT/%s.jpg[Q=85]\"",
            "gm convert": each % ("gm convert -size 1134x \"$1\" -resize 25% -quality 85 " + name),
            "convert": each % ("/usr/bin/convert -define jpeg:size=1134x \"$1\" -resize 567x "
                               "-quality 85 " + name),
            "ffmpeg": each % ("ffmpeg -v error -threads 1 -i \"$1\" -vf scale=iw/4:-1 -q:v 3 " + name),
        }),
        ("PNG, unsharp mask", ("png", 12, ""), {
            "framewheel": ours % ("unsharp=5:5:1", "none"),
            "framewheel, synced": ours % ("unsharp=5:5:1", "batch"),
            "vips sharpen": each % ("vips sharpen \"$1\" " + name),
            "gm convert": each % ("gm convert \"$1\" -unsharp 2x1+1+0 " + name),
            "convert": each % ("/usr/bin/convert \"$1\" -unsharp 2x1+1+0 " + name),
            "ffmpeg": each % ("ffmpeg -v error -threads 1 -i \"$1\" -vf unsharp=5:5:1 " + name),
        }),
        ("JPEG of 24 Mpixel, thumbnails of 320 pixels", ("jpg", 12, "6000:4000"), {
            "framewheel": ours % ("thumb=320x320", "none --quality 80"),
            "framewheel, synced": ours % ("thumb=320x320", "batch --quality 80"),
            "vipsthumbnail": many % "vipsthumbnail -s 320x320 -o \"$OUT/%s.jpg[Q=80]\"",
            "gm convert": each % ("gm convert -size 640x640 \"$1\" -resize 320x320 -quality 80 " + name),
            "convert": each % ("/usr/bin/convert -define jpeg:size=640x640 \"$1\" -resize 320x320 "
                               "-quality 80 " + name),
            "ffmpeg": each % ("ffmpeg -v error -threads 1 -i \"$1\" -vf scale=320:-1 -q:v 4 " + name),
        }),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    parser.add_argument("--case", type=int, help="only this one, from 0")
    options = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="fw-bench-"))
    try:
        for number, (title, (ending, count, size), tools) in enumerate(
                cases(os.path.join(options.build, "framewheel"))):
            if options.case is not None and options.case != number:
                continue
            folder = work / ("in%d" % number)
            make(folder, count, ending, size)
            runs = {tool: [] for tool in tools}
            for _ in range(options.rounds):
                for tool, command in tools.items():
                    runs[tool].append(measure(command, folder, work / "out"))
            print("\n%s (%d files)\n\n| tool | pictures/s | CPU s | peak MB | output MB |\n"
                  "|---|---|---|---|---|" % (title, count))
            for tool, results in runs.items():
                wall, cpu, peak, bytes_out = (statistics.median(r[i] for r in results)
                                              for i in range(4))
                print("| %s | %.1f | %.2f | %.0f | %.2f |" %
                      (tool, count / wall, cpu, peak / 1e6, bytes_out / 1e6))
            sys.stdout.flush()
            shutil.rmtree(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
