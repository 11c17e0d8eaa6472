"""Runs framewheel under observation: its processes, its memory, its folder, before and after.

Every run gets a session of its own, so that whatever it leaves is found by the session's number and
never mixed up with other jobs of the machine.
"""
import contextlib
import functools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from lib import FRAMEWHEEL, Failed, Skipped, Suite, sha256

RUN_SECONDS = 60
GONE_SECONDS = 1.0


def available(condition, what):
    if not condition:
        raise Skipped(what)


def tool(name):
    path = shutil.which(name)
    available(path, f"{name} is not installed")
    return path


def tracer():
    """strace, where it may trace."""
    strace = tool("strace")
    done = subprocess.run([strace, "-qq", "-o", "/dev/null", "true"], stderr=subprocess.PIPE,
                          check=False)
    available(done.returncode == 0, "no right to trace")
    return strace


# ---- checks -------------------------------------------------------------------------------------


def equal(got, wanted, what):
    if got != wanted:
        raise Failed(f"{what}: got {got!r}, wanted {wanted!r}")


def true(condition, what):
    if not condition:
        raise Failed(what)


def one_of(got, wanted, what):
    if got not in wanted:
        raise Failed(f"{what}: got {got!r}, wanted one of {wanted!r}")


def until(condition, what, seconds=20.0):
    """Polls until condition() is true and returns its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(0.002)


# ---- /proc --------------------------------------------------------------------------------------


def stat_fields(pid):
    """(comm, state, ppid, session) or None."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return None
    comm, rest = text[text.index("(") + 1:].rsplit(")", 1)
    fields = rest.split()
    return comm, fields[0], int(fields[1]), int(fields[3])


def all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def session_pids(session):
    """Living processes of a session; zombies hold nothing any more but their number."""
    found = {}
    for pid in all_pids():
        fields = stat_fields(pid)
        if fields and fields[3] == session and fields[1] not in "ZX":
            found[pid] = fields[0]
    return found


def shared_memory(pid):
    """(device, inode) of every framewheel memory that the process maps."""
    found = set()
    try:
        with open(f"/proc/{pid}/maps") as stream:
            for line in stream:
                if "memfd:framewheel" in line:
                    parts = line.split()
                    found.add((parts[3], parts[4]))
    except OSError:
        pass
    return found


def mapped_anywhere(memories):
    return [pid for pid in all_pids() if memories & shared_memory(pid)]


# ---- a run --------------------------------------------------------------------------------------


class Run:
    """One framewheel process with its children."""

    def __init__(self, *args, before=(), **options):
        self.args = [os.fspath(arg) for arg in args]
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("start_new_session", True)
        self.process = subprocess.Popen([*before, FRAMEWHEEL, *self.args], **options)
        self.pid = self.process.pid
        self.memories = set()
        self.out = b""
        self.err = ""
        self.code = None

    def children(self):
        """comm -> pid of the processes that are alive now."""
        found = {}
        for pid, comm in session_pids(self.pid).items():
            if pid != self.pid and comm.startswith("fw-"):
                found[comm] = pid
                self.memories |= shared_memory(pid)
        return found

    def child(self, comm, seconds=20.0):
        def look():
            return self.children().get(comm) or self.process.poll() is not None
        found = until(look, f"a process {comm}", seconds)
        if found is True:
            self.wait()
            raise Failed(f"the run ended (exit {self.code}) before {comm} was seen: "
                                 f"{self.err}")
        return found

    def alive(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=RUN_SECONDS):
        try:
            out, err = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.destroy()
            raise Failed(f"no end within {seconds} s: {' '.join(self.args)}")
        self.out = out or b""
        self.err = (err or b"").decode("utf-8", "replace")
        self.code = self.process.returncode
        return self

    def destroy(self):
        """Ends what this run started, and nothing else."""
        for pid in session_pids(self.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.communicate()

    def nothing_left(self):
        """No process of the run, and none of its memory, a second after its end."""
        try:
            until(lambda: not session_pids(self.pid), "the end of all processes", GONE_SECONDS)
            until(lambda: not mapped_anywhere(self.memories), "the end of the memory",
                  GONE_SECONDS)
        except Failed as failure:
            left = session_pids(self.pid)
            self.destroy()
            raise Failed(f"{failure}; left: {left}")

    def ended(self, code, *words):
        """The exit code is as wanted and the message holds the words; nothing is left."""
        wanted = code if isinstance(code, (tuple, list, set)) else (code,)
        if self.code not in wanted:
            raise Failed(f"exit {self.code}, wanted {code}: {' '.join(self.args)}\n"
                                 f"{self.err}")
        for word in words:
            if not re.search(word, self.err, re.IGNORECASE):
                raise Failed(f"no {word!r} in the message:\n{self.err}")
        self.nothing_left()
        return self


def run(*args, **options):
    return Run(*args, **options).wait()


def report_of(path):
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)


# ---- folders and clips --------------------------------------------------------------------------


def listing(folder):
    """name -> (kind, hash or target): the state of a folder, for comparison."""
    state = {}
    for name in sorted(os.listdir(os.fsencode(folder))):
        path = os.path.join(os.fsencode(folder), name)
        if os.path.islink(path):
            state[name] = ("link", os.readlink(path))
        elif os.path.isfile(path):
            state[name] = ("file", sha256(os.fsdecode(path)))
        else:
            state[name] = ("other", "")
    return state


def unchanged(folder, before, what):
    after = listing(folder)
    if after != before:
        changed = [name for name in {*before, *after} if before.get(name) != after.get(name)]
        raise Failed(f"{what} changed the folder: {sorted(changed)}")


def y4m(path, width=96, height=64, frames=48, rate="25:1"):
    """A moving pattern with texture, without any tool."""
    with open(path, "wb") as stream:
        stream.write(f"YUV4MPEG2 W{width} H{height} F{rate} Ip A1:1 C420jpeg\n".encode())
        chroma = ((width + 1) // 2) * ((height + 1) // 2)
        for n in range(frames):
            row = bytes((x * 3 + n * 5 ^ x * x >> 3) & 255 for x in range(width + height))
            stream.write(b"FRAME\n")
            stream.write(b"".join(row[y:y + width] for y in range(height)))
            stream.write(bytes((96 + n + i * 7 % 61) & 255 for i in range(chroma)))
            stream.write(bytes((160 - n + i * 5 % 53) & 255 for i in range(chroma)))
    return path


def frame_count(path):
    """Frames that ffmpeg can decode from a file, which must be whole."""
    done = subprocess.run(
        [tool("ffprobe"), "-v", "error", "-count_frames", "-select_streams", "v:0",
         "-show_entries", "stream=nb_read_frames", "-of", "default=nw=1:nk=1", os.fspath(path)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    text = done.stdout.decode().strip()
    if done.returncode != 0 or done.stderr or not text.isdigit():
        raise Failed(f"{path} is not whole: {done.stderr.decode('utf-8', 'replace')}")
    return int(text)


@contextlib.contextmanager
def mounted(folder, options):
    available(os.geteuid() == 0, "mounting needs root")
    place = os.path.join(folder, "disk")
    os.makedirs(place, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place],
                          stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise Skipped("no right to mount")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=False)


# ---- the runner ---------------------------------------------------------------------------------


def in_folder(test):
    with tempfile.TemporaryDirectory(prefix="fw-e2e-") as folder:
        test(folder)


def main(tests, jobs=1):
    """Runs the functions, each with an empty folder of its own."""
    # A shell's background job, or nohup, hands down ignored signals, and framewheel keeps them so.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    suite = Suite()
    for test in tests:
        suite.add(test.__name__[5:].replace("_", "-"), functools.partial(in_folder, test))
    suite.main(jobs)
