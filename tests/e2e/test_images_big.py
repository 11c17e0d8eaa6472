#!/usr/bin/env python3
"""framewheel images on one very large picture: the same bytes in bands, within its memory."""
import json
import os
import struct
import subprocess
import tempfile
import time
import zlib

from lib import FRAMEWHEEL, LONG
from pictures import chunk, images, names, png_head, read
from procs import available, equal, main, session_pids, true

MB = 1000 * 1000


def big_png(path, width, height):
    """Gray, 16 bit, written row by row: a ramp with some texture."""
    ramp = [struct.pack(">%dH" % width, *[(x * 40503 ^ x * x >> 3) + k * 9973 & 0xffff
                                         for x in range(width)]) for k in range(8)]
    squeeze = zlib.compressobj(1)
    with open(path, "wb") as stream:
        stream.write(b"\x89PNG\r\n\x1a\n")
        stream.write(chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)))
        for y in range(height):
            # Mostly the row above once more: cheap to write, and not all the same.
            row = b"\2" + bytes(2 * width) if y % 64 else b"\0" + ramp[y // 64 % 8]
            data = squeeze.compress(row)
            if data:
                stream.write(chunk(b"IDAT", data))
        stream.write(chunk(b"IDAT", squeeze.flush()))
        stream.write(chunk(b"IEND", b""))
    return path


def resident(pid):
    """Peak of a process's own and shared memory."""
    try:
        with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as stream:
            for line in stream:
                if line.startswith("VmHWM:"):
                    return 1024 * int(line.split()[1])
    except OSError:
        pass
    return 0


def watched(*args):
    """Exit code, message, peak memory of the largest process, and seconds."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen([FRAMEWHEEL, "images", *args], stderr=errors,
                                   stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                                   start_new_session=True)
        peaks = {}
        while process.poll() is None:
            for pid in session_pids(process.pid):
                peaks[pid] = max(peaks.get(pid, 0), resident(pid))
            time.sleep(0.01)
        errors.seek(0)
        return process.returncode, errors.read().decode(), max(peaks.values(), default=0), \
            time.monotonic() - start


def filtered(folder, path, width, height, *more):
    """Through one worker and two: the same bytes, within three such images and 64 MB."""
    outs = []
    for workers in ("1", "2"):
        out = os.path.join(folder, "out" + workers)
        code, err, peak, seconds = watched(path, "-o", out, "--vf", "gaussian=2", "--workers",
                                           workers, "--compression", "1", *more)
        equal(code, 0, err)
        outs.append(read(os.path.join(out, os.path.basename(path))))
        limit = 3 * width * height * 2 + 64 * MB
        print("     %s workers: %.1f s, peak %d MB of %d" % (workers, seconds, peak / MB,
                                                             limit / MB))
        true(peak < limit, "%s workers held %d MB, %d are three images and 64" % (
            workers, peak / MB, limit / MB))
    equal(png_head(outs[0]), (width, height, 16, 0, 0), "the output's head")
    true(outs[0] == outs[1], "one worker and two give other bytes")


def test_bands_of_a_large_picture(folder):
    path = big_png(os.path.join(folder, "big.png"), 9000, 8000)
    filtered(folder, path, 9000, 8000, "--max-image-time", "120")
    out = os.path.join(folder, "refused")
    for option, value in (("--max-pixels", "71999999"), ("--max-slot", "100M")):
        done = images(path, "-o", out, option, value, code=4)
        done.said(option)
        equal(names(out), [], "outputs of a refused picture")
    # A limit that was changed gives it another try without being asked to.
    images(path, "-o", out, "--max-image-time", "0.2", code=4).said("--max-image-time")


def test_a_bomb_is_no_picture(folder):
    """A few bytes that promise a lot cost nothing but a refusal, which names what to raise."""
    head = struct.pack(">IIBBBBB", 30000, 20000, 16, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + \
        chunk(b"IEND", b"")
    path = os.path.join(folder, "bomb.png")
    with open(path, "wb") as stream:
        stream.write(data)
    code, err, peak, _ = watched(path, "-o", os.path.join(folder, "out"), "--vf", "gaussian=2")
    equal(code, 4, err)
    for word in ("--max-pixels", "--max-slot", "--max-image-time"):
        true(word in err, "no %s in: %s" % (word, err))
    true(peak < 100 * MB, "a refusal took %d MB" % (peak / MB))
    done = images(path, "-o", os.path.join(folder, "out"), "--json", "--vf", "gaussian=2",
                  "--max-pixels", "600000000", "--max-slot", "1300M", code=4)
    true("max-" not in json.dumps(done.report["causes"]), done.report["causes"])


def test_the_largest_picture(folder):
    available(LONG, "takes minutes and gigabytes; FW_LONG=1")
    path = big_png(os.path.join(folder, "huge.png"), 30000, 20000)
    images(path, "-o", os.path.join(folder, "no"), "--vf", "gaussian=2", code=4).said(
        "--max-pixels", "--max-slot", "--max-image-time")
    filtered(folder, path, 30000, 20000, "--max-pixels", "600000000", "--max-slot", "1300M",
             "--max-image-time", "600")


if __name__ == "__main__":
    main([function for name, function in list(globals().items()) if name.startswith("test_")])
