"""What the tests of batches share: small clips, trees of outputs, the ledger, who is at work."""
import json
import os
import pathlib
import sqlite3

import lib
from lib import need
from media import AAC, X264, picture, sound
from procs import session_pids, stat_fields

RECIPES = {
    "film.mp4": [*picture(1, "128x72"), *sound(1), "-pix_fmt", "yuv420p", *X264, *AAC],
    "longer.mkv": [*picture(2, "128x72"), *sound(2), "-pix_fmt", "yuv420p", *X264, *AAC],
    "short.mkv": [*picture(0.4, "128x72"), "-pix_fmt", "yuv420p", *X264],
    "plain.y4m": [*picture(0.4, "128x72"), "-pix_fmt", "yuv420p"],
    "tiny.y4m": [*picture(0.08, "32x24"), "-pix_fmt", "yuv420p"],
    "picture.png": [*picture(0.04, "64x48"), "-frames:v", "1"],
    "song.mp3": [*sound(1), "-c:a", "libmp3lame"],
}
# One frame takes long enough to be watched, and to be killed in.
SLOW = "lavfi.nlmeans=s=4:r=15"
# Quick, and at home in every container.
QUICK = ("-c:v", "mpeg4", "-an")


def put(shop, folder, names):
    """Fills a folder: name -> medium of RECIPES, or bytes."""
    for name, what in names.items():
        path = os.path.join(os.fsencode(folder), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = what if isinstance(what, bytes) else shop.media(what).read_bytes()
        with open(path, "wb") as stream:
            stream.write(data)
    return folder


def place(shop, names=None):
    """(folder of sources, folder of outputs that is not there yet)."""
    top = shop.fresh("/x").parent
    source = top / "in"
    source.mkdir()
    put(shop, source, names or {})
    return source, top / "out"


def tree(folder):
    """Relative name (bytes) -> hash of every file but the ledger."""
    found = {}
    top = os.fsencode(folder)
    for here, _, names in os.walk(top):
        for name in names:
            path = os.path.join(here, name)
            if not name.startswith(b".framewheel.db"):
                found[os.path.relpath(path, top)] = lib.sha256(os.fsdecode(path))
    return found


def inodes(folder):
    """Which file has which name, and since when: what was made again has another."""
    top = os.fsencode(folder)
    found = {}
    for name in tree(folder):
        status = os.stat(os.path.join(top, name))
        found[name] = (status.st_ino, status.st_mtime_ns)
    return found


def batch(*args, code=0, **kw):
    return lib.framewheel("batch", *args, "--progress", "none", code=code, **kw)


def report(*args, code=0, **kw):
    """The batch's own account."""
    result = batch(*args, "--json", "-q", code=code, **kw)
    document = json.loads(result.out)
    need(document["schema"] == "framewheel-batch/1", document)
    need(document["exit"] == result.code, "%d and %s" % (result.code, document["exit"]))
    need_sums(document["counts"])
    return document


def need_sums(counts):
    parts = ("done", "unchanged", "skipped", "failed", "not_begun")
    need(sum(counts[p] for p in parts) == counts["items"], counts)


def counted(document, **wanted):
    for key, value in wanted.items():
        need(document["counts"][key] == value, "%s is not %d: %s" % (key, value,
                                                                    document["counts"]))
    return document


def of(document, output):
    """The item of a report with this output."""
    found = [i for i in document["items"] if i["output"] == output]
    need(len(found) == 1, "%d items %s" % (len(found), output))
    return found[0]


def rows(folder, sql, *values):
    path = pathlib.Path(folder) / ".framewheel.db"
    database = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    try:
        return database.execute(sql, values).fetchall()
    finally:
        database.close()


def alone(shop, source, *options, name="one.mkv", code=0):
    """Hash of what `framewheel run` makes of a source."""
    path = shop.fresh("/" + name)
    lib.framewheel("run", source, path, "--progress", "none", *options, code=code)
    return lib.sha256(path)


def members(session):
    """pid -> (comm, parent) of all that lives in a session."""
    found = {}
    for pid, comm in session_pids(session).items():
        fields = stat_fields(pid)
        if fields:
            found[pid] = (comm, fields[2])
    return found


def damaged(shop, path, medium="short.mkv"):
    """A file whose head is fine, and whose frames are not."""
    data = bytearray(shop.media(medium).read_bytes())
    for at in range(len(data) * 2 // 5, len(data) * 3 // 4):
        data[at] ^= 0x5a
    pathlib.Path(path).write_bytes(data)
    return path


def cut(shop, path, medium="film.mp4"):
    """A file without its end, where its index was."""
    data = shop.media(medium).read_bytes()
    pathlib.Path(path).write_bytes(data[:len(data) // 2])
    return path
