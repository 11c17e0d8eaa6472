"""Runs framewheel and ffmpeg, makes media, reads frame hashes, and keeps count of checks."""
import concurrent.futures
import fractions
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
FRAMEWHEEL = os.environ.get("FRAMEWHEEL", str(ROOT / "build" / "dev" / "framewheel"))
LONG = os.environ.get("FW_LONG", "0") not in ("", "0")
CLIPS = ROOT / "samples" / "clips"
MEDIA = pathlib.Path(os.environ.get("FRAMEWHEEL_MEDIA") or ROOT.parent / "shared" / "media")
TIMEOUT_S = 180


class Failed(Exception):
    """A check found something wrong; its text says what."""


class Skipped(Exception):
    """A check cannot be made here; its text says what is missing."""


def need(condition, text):
    if not condition:
        raise Failed(text)


def words(args):
    return [os.fspath(arg) if isinstance(arg, os.PathLike) else str(arg) for arg in args]


def shown(command):
    return " ".join("'%s'" % w if set(w) & set(" '\"*()[];$&|<>") else w for w in command)


class Result:
    """What a program left behind. `code` is negative for a signal, as in subprocess."""

    def __init__(self, command, code, out, err):
        self.command, self.code, self.out, self.err = command, code, out, err

    def text(self):
        return "%s\nexit %d\n%s" % (shown(self.command), self.code,
                                    self.err.decode("utf-8", "replace")[-2000:])


def run(command, stdin=None, env=None, cwd=None, timeout=TIMEOUT_S):
    """Runs a program to its end; a program that does not end is a failed check."""
    command = words(command)
    full = dict(os.environ, **env) if env else None
    source = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=full,
                              cwd=cwd, timeout=timeout, **source)
    except subprocess.TimeoutExpired as late:
        raise Failed("no end after %d s: %s\n%s" % (
            timeout, shown(command), (late.stderr or b"").decode("utf-8", "replace")[-2000:]))
    return Result(command, done.returncode, done.stdout, done.stderr)


def framewheel(*args, code=0, **kw):
    """Runs `framewheel ARGS...` and wants this exit code; None takes any."""
    result = run([FRAMEWHEEL, *args], **kw)
    if code is not None and result.code != code:
        raise Failed("wanted exit %d: %s" % (code, result.text()))
    return result


def start(*args, **kw):
    """Starts `framewheel ARGS...` and returns the Popen; the caller waits for it."""
    kw.setdefault("stdin", subprocess.DEVNULL)
    kw.setdefault("stdout", subprocess.PIPE)
    kw.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen(words([FRAMEWHEEL, *args]), **kw)


def ffmpeg(*args, code=0, **kw):
    """Runs `ffmpeg ARGS...` quietly, replacing its output, and wants this exit code."""
    result = run(["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-y", *args], **kw)
    if code is not None and result.code != code:
        raise Failed("oracle: %s" % result.text())
    return result


def probe(path, *args):
    """ffprobe's JSON about a file: streams, format, chapters, or what `args` ask for."""
    what = args or ("-show_streams", "-show_format", "-show_chapters")
    result = run(["ffprobe", "-v", "error", "-of", "json", *what, path])
    need(result.code == 0, "oracle: %s" % result.text())
    return json.loads(result.out)


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


class Frame:
    def __init__(self, line):
        stream, dts, pts, duration, size, digest = [f.strip() for f in line.split(",")[:6]]
        self.stream, self.size, self.hash = int(stream), int(size), digest
        self.dts, self.pts, self.duration = (int(v) for v in (dts, pts, duration))

    def text(self):
        return "pts %d duration %d size %d %s" % (self.pts, self.duration, self.size, self.hash)


class FrameList:
    """A framemd5 or framehash text: `head` by "NAME STREAM", `frames` in the file's order."""

    def __init__(self, data):
        self.head, self.frames = {}, []
        for line in data.decode().splitlines():
            if line.startswith("#"):
                key, colon, value = line[1:].partition(":")
                if colon:
                    self.head[key.strip()] = value.strip()
            elif line.strip():
                self.frames.append(Frame(line))

    def of(self, stream):
        return [frame for frame in self.frames if frame.stream == stream]


def ratio(text):
    """64/64 and 1/1 are the same; so are 0/1, 0/0 and nothing: not known."""
    top, _, bottom = (text or "0/1").partition("/")
    return fractions.Fraction(int(top), int(bottom)) if int(bottom) else fractions.Fraction(0)


def same_head(ours, theirs):
    for key in ("tb 0", "dimensions 0"):
        need(ours.head.get(key) == theirs.head.get(key), "%s is %s, ffmpeg says %s" % (
            key, ours.head.get(key), theirs.head.get(key)))
    mine, its = ours.head.get("sar 0"), theirs.head.get("sar 0")
    need(ratio(mine) == ratio(its), "sar 0 is %s, ffmpeg says %s" % (mine, its))


def same_frames(ours, theirs, pixels=True):
    """Compares two lists of frames: number, pts, size and hash. No durations: ffmpeg makes them up
    from the frame rate as soon as there is a filter."""
    for n, (a, b) in enumerate(zip(ours, theirs)):
        unlike = pixels and (a.size != b.size or a.hash != b.hash)
        if a.pts != b.pts or unlike:
            raise Failed("frame %d of %d differs:\n  ours   %s\n  ffmpeg %s" % (
                n, len(theirs), a.text(), b.text()))
    need(len(ours) == len(theirs), "%d frames, ffmpeg has %d" % (len(ours), len(theirs)))


def decoded(path, *args, before=(), stream="0:v:0"):
    """What ffmpeg decodes from one stream of a file; times count from the file's start."""
    result = ffmpeg(*before, "-flags:v", "unaligned", "-i", path, "-map", stream, *args,
                    "-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "framemd5", "-")
    return FrameList(result.out)


def packets(path, stream, *args):
    """The packets of one stream, copied: dts, pts, duration, size and hash of each."""
    return FrameList(ffmpeg("-i", path, "-map", stream, "-c", "copy", *args, "-f", "framemd5",
                            "-").out)


def chain_escaped(path):
    """A file name as a filter's option inside a chain."""
    text = str(path)
    for mark in "\\':,;[]":
        text = text.replace(mark, "\\" + mark)
    return text


class Workshop:
    """A temporary folder with media that are made once, when first asked for."""

    def __init__(self, recipes=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fw-e2e-"))
        self.recipes = recipes or {}
        self.lock = threading.Lock()
        self.locks = {}
        self.count = 0

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def fresh(self, suffix=""):
        """A path in the folder that nothing has used; `suffix` may be ".mkv" or "/name.mkv"."""
        with self.lock:
            self.count += 1
            path = self.folder / ("%d%s" % (self.count, suffix))
        path.parent.mkdir(exist_ok=True)
        return path

    def media(self, name):
        """The path of a file of `recipes`: NAME.EXT -> ffmpeg's arguments, or a function(path)."""
        with self.lock:
            lock = self.locks.setdefault(name, threading.Lock())
        path = self.folder / "media" / name
        with lock:
            if not path.exists():
                path.parent.mkdir(exist_ok=True)
                part = path.with_name("part-" + name)
                recipe = self.recipes[name]
                if callable(recipe):
                    recipe(self, part)
                else:
                    ffmpeg(*recipe, part)
                part.rename(path)
        return path


class Suite:
    """Checks by name, run by a few threads; words on the command line choose among them."""

    def __init__(self, recipes=None):
        self.checks = []
        self.shop = Workshop(recipes)

    def add(self, name, function, *args, **kw):
        self.checks.append((name, function, args, kw))

    def check(self, function):
        """As a decorator: adds a function whose name is the check's."""
        self.add(function.__name__.replace("_", "-"), function, self.shop)
        return function

    def one(self, check):
        name, function, args, kw = check
        try:
            function(*args, **kw)
        except Skipped as why:
            return "skip", name, str(why)
        except Failed as why:
            return "FAIL", name, str(why)
        except Exception:
            return "FAIL", name, traceback.format_exc()
        return "ok", name, ""

    def main(self, jobs=None):
        """Runs everything; exits with 0, 1, or 77 when nothing could be run."""
        for program in ("ffmpeg", "ffprobe"):
            if not shutil.which(program):
                print("%s is not installed\n0 passed, 0 failed, %d skipped" % (
                    program, len(self.checks)))
                sys.exit(77)
        wanted = [c for c in self.checks if not sys.argv[1:] or any(w in c[0] for w in sys.argv[1:])]
        count = {"ok": 0, "FAIL": 0, "skip": 0}
        try:
            with concurrent.futures.ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
                for state, name, text in pool.map(self.one, wanted):
                    count[state] += 1
                    print("%-4s %s%s" % (state, name, ": " + text if text else ""), flush=True)
        finally:
            self.shop.close()
        print("%d passed, %d failed, %d skipped" % (count["ok"], count["FAIL"], count["skip"]))
        if count["FAIL"] or not wanted:
            sys.exit(1)
        sys.exit(0 if count["ok"] else 77)
