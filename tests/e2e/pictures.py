"""Makes pictures, takes them apart, and runs `framewheel images` on folders of them."""
import contextlib
import json
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import tempfile
import zlib

from lib import FRAMEWHEEL, Failed, ffmpeg
from procs import equal, tool, true

GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6
SAMPLES = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGBA: 4}
OWN = b".framewheel"


# ---- PNG ----------------------------------------------------------------------------------------


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(rows, width, color=RGB, depth=8, before=(), after=()):
    """A PNG of packed rows; chunks before and behind the pixels as (kind, body)."""
    head = struct.pack(">IIBBBBB", width, len(rows), depth, color, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 1)
    return b"".join([b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", head),
                     *(chunk(*c) for c in before), chunk(b"IDAT", data),
                     *(chunk(*c) for c in after), chunk(b"IEND", b"")])


def png(width=48, height=32, color=RGB, depth=8, seed=1, before=(), after=()):
    """A smooth picture with some noise; other seeds, other pixels."""
    rng = random.Random(seed)
    n = SAMPLES[color]
    top = (1 << depth) - 1
    rows = []
    for y in range(height):
        values = [(x * 5 + y * 3 + k * 40 + seed * 17 + rng.randrange(4)) * top // 255 & top
                  for x in range(width) for k in range(n)]
        if depth == 16:
            rows.append(struct.pack(">%dH" % len(values), *values))
        elif depth == 8:
            rows.append(bytes(values))
        else:
            bits = "".join(format(v, "0%db" % depth) for v in values)
            bits += "0" * (-len(bits) % 8)
            rows.append(int(bits, 2).to_bytes(len(bits) // 8, "big"))
    if color == PALETTE:
        colors = b"".join(bytes((i * 7 & 255, i * 13 & 255, 255 - i & 255))
                          for i in range(1 << depth))
        before = (*before, (b"PLTE", colors))
    return png_of(rows, width, color, depth, before, after)


def png_chunks(data):
    equal(data[:8], b"\x89PNG\r\n\x1a\n", "a PNG's first bytes")
    at = 8
    while at < len(data):
        size, = struct.unpack(">I", data[at:at + 4])
        yield data[at + 4:at + 8], data[at + 8:at + 8 + size]
        at += size + 12


def png_head(data):
    """(width, height, depth, color type, interlace)"""
    kind, body = next(png_chunks(data))
    equal(kind, b"IHDR", "a PNG's first chunk")
    width, height, depth, color, _, _, interlace = struct.unpack(">IIBBBBB", body)
    return width, height, depth, color, interlace


# ---- JPEG ---------------------------------------------------------------------------------------


def jpeg_parts(data):
    """(quantization tables by number, sampling factors, progressive) of a JPEG."""
    tables, factors, progressive = {}, [], False
    at = 2
    while at + 4 <= len(data):
        mark, size = data[at + 1], struct.unpack(">H", data[at + 2:at + 4])[0]
        body = data[at + 4:at + 2 + size]
        if mark == 0xdb:
            while body:
                wide, number = body[0] >> 4, body[0] & 15
                count = 128 if wide else 64
                tables[number] = body[1:1 + count]
                body = body[1 + count:]
        elif mark in (0xc0, 0xc1, 0xc2):
            progressive = mark == 0xc2
            factors = [(body[7 + 3 * i] >> 4, body[7 + 3 * i] & 15) for i in range(body[5])]
        elif mark == 0xda:
            break
        at += 2 + size
    return tables, factors, progressive


# ---- PNM ----------------------------------------------------------------------------------------


def pnm_parts(data):
    """(width, height, channels, top value, samples) of one binary PGM, PPM or PAM."""
    if data[:2] == b"P7":
        head, _, body = data.partition(b"ENDHDR\n")
        words = dict(line.split(None, 1) for line in head.splitlines()[1:] if b" " in line)
        return (int(words[b"WIDTH"]), int(words[b"HEIGHT"]), int(words[b"DEPTH"]),
                int(words[b"MAXVAL"]), body)
    at, fields = 2, []
    while len(fields) < (2 if data[:2] == b"P4" else 3):
        while data[at:at + 1].isspace():
            at += 1
        if data[at:at + 1] == b"#":
            at = data.index(b"\n", at)
            continue
        end = at
        while not data[end:end + 1].isspace():
            end += 1
        fields.append(int(data[at:end]))
        at = end
    fields.append(1)
    return fields[0], fields[1], 3 if data[:2] == b"P6" else 1, fields[2], data[at + 1:]


def output_of(*command, stdin=None):
    source = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    done = subprocess.run([os.fspath(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, **source)
    if done.returncode != 0:
        raise Failed("oracle: %s: %s" % (command, done.stderr.decode("utf-8", "replace")[-500:]))
    return done.stdout


# ---- folders ------------------------------------------------------------------------------------


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as stream:
        stream.write(data)
    return path


def read(path):
    with open(path, "rb") as stream:
        return stream.read()


def tree(folder, hidden=False):
    """Relative path (bytes) -> content of every file; folders and links by a word. Without
    `hidden`, framewheel's own files are left out. Somebody may be at work in it."""
    found = {}
    top = os.fsencode(folder)
    for place, folders, files in os.walk(top):
        for name in folders + files:
            path = os.path.join(place, name)
            key = os.path.relpath(path, top)
            if name.startswith(OWN) and not hidden:
                continue
            if os.path.islink(path):
                found[key] = "link"
            elif os.path.isdir(path):
                found[key] = "folder"
            else:
                with contextlib.suppress(FileNotFoundError):
                    found[key] = read(path)
    return found


def names(folder):
    """Relative paths of all files, without the state."""
    return sorted(os.fsdecode(key) for key, value in tree(folder).items() if value != "folder")


def same_tree(got, wanted, what):
    if got != wanted:
        unlike = sorted(k for k in {*got, *wanted} if got.get(k) != wanted.get(k))
        raise Failed("%s: %d differ: %r" % (what, len(unlike), unlike[:6]))


def stamps(folder):
    """Relative path -> (inode, time): what changes when an output is written again."""
    found = {}
    top = os.fsencode(folder)
    for key, value in tree(folder).items():
        if value != "folder":
            status = os.lstat(os.path.join(top, key))
            found[key] = (status.st_ino, status.st_mtime_ns)
    return found


def mixed(folder, count=60, size="160x120"):
    """Pictures of many kinds in three folders, and something else between them."""
    kinds = ["png", "jpg", "tif", "bmp", "ppm", "qoi", "webp", "gif"]
    pixels = {"jpg": "yuvj420p", "gif": "rgb8", "webp": "yuv420p", "bmp": "bgr24"}
    for n, kind in enumerate(kinds):
        place = os.path.join(folder, "abc"[n % 3], kind)
        os.makedirs(place)
        each = (count - 1) // (len(kinds) - 1) + (n < (count - 1) % (len(kinds) - 1))
        source = "testsrc2=size=%s:rate=1:duration=%d,hue=h=%d" % (size, each, 40 * n)
        form = ["-frames:v", "2", "-f", "gif"] if kind == "gif" else ["-f", "image2"]
        if kind == "webp":
            form += ["-c:v", "libwebp"]
        ffmpeg("-f", "lavfi", "-i", source, "-pix_fmt", pixels.get(kind, "rgb24"), *form,
               os.path.join(place, "p1.gif" if kind == "gif" else "p%d." + kind))
    write(os.path.join(folder, "notes.txt"), b"no picture\n")
    return folder


# ---- runs ---------------------------------------------------------------------------------------


class Batch:
    """How one run ended; `report` is its JSON where it was asked for."""

    def __init__(self, args, code, out, err):
        self.args, self.code, self.out, self.err = args, code, out, err
        self.report = None
        if b"--json" in args and b"--dry-run" not in args and out:
            self.report = json.loads(out)

    def text(self):
        return "%s\nexit %s\n%s" % (b" ".join(self.args).decode("utf-8", "replace"), self.code,
                                    self.err.decode("utf-8", "replace")[-1500:])

    def said(self, *words):
        for word in words:
            true(word.encode() in self.err, "no %r in: %s" % (word, self.text()))
        return self

    def counts(self, **wanted):
        got = {key: self.report["counts"][key] for key in wanted}
        equal(got, wanted, "counts of %s" % self.text())
        return self

    def items(self):
        return {item["output"]: item for item in self.report["items"]}


def images(*args, code=0, cwd=None, stdin=None, before=(), env=None, timeout=120):
    """Runs `framewheel images ARGS...` and wants this exit code, or one of several."""
    args = [os.fsencode(os.fspath(arg) if isinstance(arg, os.PathLike) else
                        arg if isinstance(arg, bytes) else str(arg)) for arg in args]
    source = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    full = dict(os.environ, **env) if env else None
    try:
        done = subprocess.run([*before, os.fsencode(FRAMEWHEEL), b"images", *args], cwd=cwd,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              env=full, timeout=timeout, **source)
    except subprocess.TimeoutExpired as late:
        raise Failed("no end after %d s: %r" % (timeout, args)) from late
    batch = Batch(args, done.returncode, done.stdout, done.stderr)
    wanted = code if isinstance(code, tuple) else (code,)
    if code is not None and batch.code not in wanted:
        raise Failed("wanted exit %s: %s" % (code, batch.text()))
    return batch


@contextlib.contextmanager
def ledger_copy(folder):
    """The state of a folder where reading it leaves no traces."""
    with tempfile.TemporaryDirectory(prefix="fw-e2e-") as place:
        for end in ("", "-wal", "-journal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(os.path.join(folder, ".framewheel.db" + end), place)
        yield os.path.join(place, ".framewheel.db")


def ledger(folder, query):
    """Rows of the state of a folder."""
    with ledger_copy(folder) as path, contextlib.closing(sqlite3.connect(path)) as base:
        return base.execute(query).fetchall()


def whole_ledger(folder):
    tool("sqlite3")
    with ledger_copy(folder) as path:
        equal(output_of("sqlite3", path, "pragma integrity_check").strip(), b"ok",
              "integrity of the database")
