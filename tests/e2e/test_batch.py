#!/usr/bin/env python3
"""framewheel batch: what it takes, makes, remembers, tells, and leaves alone."""
import base64
import json
import os
import random
import re
import shutil
import stat
import subprocess
import time

import lib
from batches import (QUICK, RECIPES, SLOW, alone, batch, counted, cut, damaged, inodes, members, of,
                     place, put, report, rows, tree)
from lib import need
from procs import Run, tool, tracer, until

suite = lib.Suite(RECIPES)
# A leak checker and a tracer want the same right.
TRACED = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
CPUS = len(os.sched_getaffinity(0))


def jobs_file(source, lines):
    path = source.parent / "jobs.ndjson"
    text = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    path.write_bytes(b"\n".join(text) + b"\n")
    return path


def season(shop):
    """Three films of different sizes, one in a folder of its own."""
    return place(shop, {"e1.mp4": "film.mp4", "extra/e2.mkv": "longer.mkv", "e10.mkv": "short.mkv"})


# ---- what it takes ------------------------------------------------------------------------------


@suite.check
def a_folder_is_mirrored(shop):
    source, out = season(shop)
    document = counted(report(source, "-o", out, "--vf", "hflip"), items=3, done=3)
    wanted = {name.encode(): alone(shop, source / name, "-vf", "hflip", name="x" + name[-4:])
              for name in ("e1.mp4", "extra/e2.mkv", "e10.mkv")}
    need(tree(out) == wanted, "%s\n%s" % (tree(out), wanted))
    item = of(document, "e1.mp4")
    need((item["frames_in"], item["frames_out"], item["exit"]) == (25, 25, 0), item)
    need(document["frames"] == {"in": 85, "out": 85}, document["frames"])
    need(document["status"] == "ok" and document["durability"] == "full", document)
    need(document["bytes"]["out"] == sum(i["bytes_out"] for i in document["items"]), document)


@suite.check
def files_lists_and_names(shop):
    source, out = season(shop)
    listed = shop.fresh("/list")
    listed.write_bytes(os.fsencode(source / "extra/e2.mkv") + b"\0")
    lines = shop.fresh("/lines")
    lines.write_text("%s\r\n\n" % (source / "e10.mkv"))
    document = report(source / "e1.mp4", "--files0-from", listed, "--jobs", lines, "-o", out, *QUICK,
                      "--name", "{n:02}-{stem}.mkv")
    counted(document, done=3)
    need(sorted(tree(out)) == [b"01-e1.mkv", b"02-e2.mkv", b"03-e10.mkv"], sorted(tree(out)))
    out = source.parent / "piped"
    names = os.fsencode(source / "e1.mp4") + b"\n"
    batch("--jobs", "-", "-o", out, *QUICK, "--name", "{stem}.mkv", stdin=names)
    need(list(tree(out)) == [b"e1.mkv"], tree(out))


@suite.check
def jobs_with_options_of_their_own(shop):
    source, out = season(shop)
    put(shop, source, {b"\xff\xfe.mkv": "short.mkv"})
    odd = os.fsencode(source) + b"/\xff\xfe.mkv"
    path = jobs_file(source, [
        {"input": str(source / "e1.mp4"), "output": "sub/one.mkv",
         "options": {"vf": "vflip", "crf": 35, "an": True, "sn": False}},
        {"input": str(source / "e10.mkv"), "output": "two.mkv"},
        {"input": {"bytes": base64.b64encode(odd).decode()},
         "output": {"bytes": base64.b64encode(b"\xfe\xff.mkv").decode()}, "options": {"vf": None}},
        str(source / "extra/e2.mkv").encode(),
    ])
    common = ("-vf", "hflip", "-crf", "20", "-preset", "ultrafast")
    batch("--jobs", path, "-o", out, *common)
    made = tree(out)
    wanted = {
        b"sub/one.mkv": alone(shop, source / "e1.mp4", "-vf", "vflip", "-preset", "ultrafast",
                              "-crf", "35", "-an"),
        b"two.mkv": alone(shop, source / "e10.mkv", *common),
        b"\xfe\xff.mkv": alone(shop, os.fsdecode(odd), *common),
        b"e2.mkv": alone(shop, source / "extra/e2.mkv", *common),
    }
    need(made == wanted, "%s\n%s" % (made, wanted))
    names = [row[0] for row in rows(out, "SELECT hex(output) FROM items "
                                         "WHERE typeof(output) = 'blob'")]
    need(names == ["FEFF2E6D6B76"], names)
    # Other options of one job are that job's alone.
    text = path.read_text().replace('"crf": 35', '"crf": 36')
    path.write_text(text)
    counted(report("--jobs", path, "-o", out, *common), done=1, unchanged=3)


BAD_JOBS = [
    (b"{", 2, "jobs.ndjson:2:"),
    (b'{"input": "a", "input": "b"}', 2, "jobs.ndjson:2:"),
    (b'{"input": "HERE", "outptu": "x.mkv"}', 2, 'jobs.ndjson:2: unknown member "outptu"'),
    (b'{"output": "x.mkv"}', 2, "jobs.ndjson:2: .*input"),
    (b'{"input": ""}', 2, "jobs.ndjson:2: .*input"),
    (b'{"input": 5}', 2, "jobs.ndjson:2: .*input"),
    (b'{"input": "a\\u0000b"}', 2, "jobs.ndjson:2:"),
    (b'{"input": {"bytes": "!!"}}', 2, "jobs.ndjson:2: .*input"),
    (b'{"input": {"bytes": "YQBi"}}', 2, "jobs.ndjson:2: .*input"),
    (b'{"input": "HERE", "output": "../x.mkv"}', 2, "jobs.ndjson:2: .*below"),
    (b'{"input": "HERE", "output": "/x.mkv"}', 2, "jobs.ndjson:2: .*below"),
    (b'{"input": "HERE", "output": "a//x.mkv"}', 2, "jobs.ndjson:2: .*below"),
    (b'{"input": "HERE", "output": "a/./x.mkv"}', 2, "jobs.ndjson:2: .*below"),
    (b'{"input": "HERE", "output": ".framewheel.db"}', 2, "jobs.ndjson:2: .*framewheel"),
    (b'{"input": "HERE", "options": []}', 2, "jobs.ndjson:2: .*options"),
    (b'{"input": "HERE", "options": {"wokers": 2}}', 2, 'jobs.ndjson:2: option "wokers"'),
    (b'{"input": "HERE", "options": {"vf": true}}', 2, 'jobs.ndjson:2: option "vf"'),
    (b'{"input": "HERE", "options": {"vf": ["a"]}}', 2, 'jobs.ndjson:2: option "vf"'),
    (b'{"input": "HERE", "options": {"vf": "nosuch"}}', 2, "jobs.ndjson:2: .*nosuch"),
    (b'{"input": "HERE", "options": {"output": "x"}}', 2, 'jobs.ndjson:2: option "output"'),
    (b'{"input": "HERE", "options": {"o": "x"}}', 2, 'jobs.ndjson:2: option "o"'),
    (b'{"input": "HERE", "options": {"report": "x"}}', 2, 'jobs.ndjson:2: option "report"'),
    (b'{"input": "HERE", "options": {"json": true}}', 2, 'jobs.ndjson:2: option "json"'),
    (b'{"input": "HERE", "options": {"y": true}}', 2, 'jobs.ndjson:2: option "y"'),
    (b'{"input": "HERE", "options": {"n": true}}', 2, 'jobs.ndjson:2: option "n"'),
    (b'{"input": "HERE", "options": {"null": true}}', 2, 'jobs.ndjson:2: option "null"'),
    (b'{"input": "HERE", "options": {"recipe": "web-720p"}}', 2, 'jobs.ndjson:2: option "recipe"'),
    (b'{"input": "nowhere.mkv"}', 4, "jobs.ndjson:2: nowhere.mkv: No such file"),
    (b'{"input": "/dev/null"}', 4, "jobs.ndjson:2: /dev/null is no file"),
    (b"nowhere.mkv", 4, "nowhere.mkv: No such file"),
    (b"a\0b", 2, "jobs.ndjson:2: .*zero"),
    (b'{"input": "HERE", "output": "e1.mp4"}', 2, "two jobs would write:?.*e1.mp4"),
    (b'{"input": "HERE", "output": "e1.mp4/x.mkv"}', 2, "e1.mp4"),
]


@suite.check
def mistakes_in_a_job_file(shop):
    source, out = season(shop)
    first = {"input": str(source / "e1.mp4")}
    bad = []
    for line, code, words in BAD_JOBS:
        line = line.replace(b"HERE", os.fsencode(source / "e10.mkv"))
        result = batch("--jobs", jobs_file(source, [first, line]), "-o", out, code=None)
        text = result.err.decode("utf-8", "replace")
        if result.code != code or not re.search(words, text, re.DOTALL) or out.exists():
            bad.append("%s\n%s" % (line, result.text()))
            shutil.rmtree(out, ignore_errors=True)
    need(not bad, "\n".join(bad))
    result = batch("--jobs", source / "nowhere", "-o", out, code=4)
    need(b"nowhere: No such file" in result.err, result.text())


@suite.check
def an_output_that_would_replace_a_source(shop):
    source, _ = season(shop)
    before = tree(source)
    path = jobs_file(source, [{"input": str(source / "e1.mp4"), "output": "e10.mkv"},
                              {"input": str(source / "e10.mkv"), "output": "new.mkv"}])
    for args in (("--jobs", path, "-o", source, "-y"), (source, "-o", source, "-y"),
                 (source / "e1.mp4", "--jobs", path, "-o", source, "-y")):
        result = batch(*args, *QUICK, code=2)
        need(tree(source) == before, result.text())


@suite.check
def names_from_templates(shop):
    source, out = season(shop)
    batch(source, "-o", out, *QUICK, "--name", "{dir}/{stem}-{ext}.mkv")
    need(sorted(tree(out)) == [b"e1-mp4.mkv", b"e10-mkv.mkv", b"extra/e2-mkv.mkv"], tree(out))
    result = batch(source, "-o", out, *QUICK, "--name", "same.mkv", code=2)
    need(b"same.mkv" in result.err, result.text())
    result = batch(source, "-o", out, *QUICK, "--name", "{stm}.mkv", code=2)
    need(b"^" in result.err, result.text())


@suite.check
def a_recipe(shop):
    source, out = place(shop, {"a.mp4": "film.mp4"})
    batch(source, "-o", out, "--recipe", "archive-ffv1", "--name", "{stem}.mkv", "-an")
    wanted = alone(shop, source / "a.mp4", "--recipe", "archive-ffv1", "-an")
    need(tree(out) == {b"a.mkv": wanted}, tree(out))
    counted(report(source, "-o", out, "--recipe", "archive-ffv1", "--name", "{stem}.mkv", "-an"),
            unchanged=1)


@suite.check
def sixty_hostile_names(shop):
    names = [b" ", b"a b", b"-dash", b"--vf", b"%d", b"%05d", b"data:x", b"pipe:1", b"concat:a|b",
             b"http:", b"a\nb", b"tab\t", b"\x1b[31m", b"\xff\xfe", b"'quote", b'"double', b"$HOME",
             b"`id`", b"*", b"?", b"[a]", b"{stem}", b"{", b"}", b"\\", b"a,b", b"a;b", b"a=b",
             b"\xe2\x80\xae", b"#", b"~", b"!", b"&", b"con", b"..a", b"...", b"a.", b"e\xcc\x81",
             b"x" * 251]
    files = {name + b".y4m": "tiny.y4m" for name in names}
    source, out = place(shop, files)
    log = source.parent / "log.tsv"
    document = report(source, "-o", out, "--vf", "hflip", "-j", "4", "--workers", "4", "--joblog",
                      log, "--durability", "none")
    counted(document, items=len(names), done=len(names))
    made = tree(out)
    need(sorted(made) == sorted(files), set(files) ^ set(made))
    need(len(set(made.values())) == 1, "the bytes depend on the name")
    lines = log.read_bytes().split(b"\n")
    need(len(lines) == len(names) + 2 and all(l.count(b"\t") == 8 for l in lines[:-1]), lines)
    counted(report(source, "-o", out, "--vf", "hflip"), unchanged=len(names))
    text = lib.framewheel("status", out, "--json").out
    need(b"\x1b" not in text, "an escape byte reaches the terminal")


@suite.check
def what_is_no_video(shop):
    """Found in a folder it is skipped and counted; named, it fails."""
    source, out = season(shop)
    put(shop, source, {"notes.txt": b"cast and crew\n", "e1.srt": b"1\n00:00:01,000 --> 00:00:02"
                       b",000\nhello\n", "cover.png": "picture.png", "song.mp3": "song.mp3",
                       "noise.mkv": random.Random(1).randbytes(3000), ".DS_Store": b"\0\0\0\1Bud1"})
    cut(shop, source / "cut.mp4")
    (source / "empty.mkv").touch()
    document = report(source, "-o", out, *QUICK, code=3)
    counted(document, items=11, done=3, failed=2, skipped=6, no_videos=6)
    for name in ("notes.txt", "e1.srt", "cover.png", "song.mp3", "noise.mkv", ".DS_Store"):
        item = of(document, name)
        need((item["status"], item["reason"]) == ("skipped", "no video"), item)
    need(b"6 files are no videos" in batch(source, "-o", out, *QUICK, code=3).err, "summary")
    need(dict(rows(out, "SELECT state, count(*) FROM items GROUP BY state")) ==
         {"done": 3, "failed": 2, "skipped": 6}, "states")
    plan = batch(source, "-o", source.parent / "other", "--dry-run", "--json", *QUICK).out
    steps = [json.loads(line) for line in plan.splitlines()]
    need(len([s for s in steps if s["reason"] == "no video"]) == 6, steps)
    document = report(source / "notes.txt", source / "e1.mp4", "-o", source.parent / "named", *QUICK,
                      code=3)
    counted(document, done=1, failed=1, no_videos=0)
    # A text that would be called as a film is, is in nobody's way; two films are.
    template = ("--name", "{stem}.mkv")
    out = source.parent / "stems"
    document = report(source, "-o", out, *QUICK, *template, "--exclude", "cut.mp4", "--exclude",
                      "empty.mkv")
    counted(document, items=9, done=3, skipped=6, no_videos=6)
    put(shop, source, {"e1.mov": "film.mp4"})
    result = batch(source, "-o", out, *QUICK, *template, code=2)
    need(b"e1.mkv" in result.err, result.text())
    only = place(shop, {"a.txt": b"a\n"})
    counted(report(only[0], "-o", only[1], *QUICK, code=4), items=1, skipped=1, no_videos=1)


# ---- how it works -------------------------------------------------------------------------------


@suite.check
def the_same_bytes_on_any_machine(shop):
    source, _ = season(shop)
    seen = set()
    for options in (("-j", "1"), ("-j", "4"), ("-j", "auto", "--workers", "1"),
                    ("-j", "2", "--workers", "5")):
        out = shop.fresh("/x").parent / "out"
        batch(source, "-o", out, "-vf", "hflip", "-preset", "ultrafast", "--durability", "none",
              *options)
        seen.add(tuple(sorted(tree(out).items())))
    need(len(seen) == 1, seen)


@suite.check
def one_budget_of_workers(shop):
    source, _ = place(shop, {"%d.y4m" % n: "plain.y4m" for n in range(6)})
    for jobs, workers in (("4", "2"), ("3", "5"), ("auto", "3")):
        out = shop.fresh("/x").parent / "out"
        run = Run("batch", source, "-o", out, "--vf", SLOW, "-j", jobs, "--workers", workers,
                  "--progress", "none")
        most = together = 0
        while run.alive():
            seen = [m for m in members(run.pid).values() if m[0].startswith("fw-")]
            names = [comm for comm, _ in seen]
            most = max(most, len([n for n in names if n.startswith("fw-worker")]))
            together = max(together, len([1 for _, parent in seen if parent == run.pid]))
            time.sleep(0.003)
        run.wait().ended(0)
        need(0 < most <= int(workers), "%d workers with -j %s --workers %s" % (most, jobs, workers))
        wanted = min(int(jobs), int(workers)) if jobs != "auto" else (CPUS + 3) // 4
        need(0 < together <= wanted, "%d jobs at once, wanted %d" % (together, wanted))


@suite.check
def the_longest_comes_first(shop):
    source, out = season(shop)
    order = "SELECT output FROM items ORDER BY started"
    batch(source, "-o", out, *QUICK, "-j", "1")
    need([r[0] for r in rows(out, order)] == ["extra/e2.mkv", "e1.mp4", "e10.mkv"],
         rows(out, order))
    out = source.parent / "listed"
    batch(source, "-o", out, *QUICK, "-j", "1", "--order", "listed")
    need([r[0] for r in rows(out, order)] == ["e1.mp4", "e10.mkv", "extra/e2.mkv"],
         rows(out, order))


def with_broken(shop):
    source, out = place(shop, {"b.mkv": "short.mkv", "c.mkv": "short.mkv", "d.mkv": "film.mp4"})
    cut(shop, source / "a.mkv", "film.mp4")
    cut(shop, source / "aa.mkv", "film.mp4")
    return source, out


@suite.check
def damaged_files_cost_themselves(shop):
    source, out = with_broken(shop)
    result = batch(source, "-o", out, *QUICK, code=3)
    text = result.err.decode()
    need(re.search(r"\n  2 x cannot be read: moov.*: .*/in/a\.mkv .*/in/aa\.mkv\n", text), text)
    need(sorted(tree(out)) == [b"b.mkv", b"c.mkv", b"d.mkv"], tree(out))
    state = rows(out, "SELECT output, exit_code, attempts FROM items WHERE state = 'failed'")
    need(state == [("a.mkv", 4, 1), ("aa.mkv", 4, 1)], state)
    # They are not tried again, unless that is asked for or the source is another one.
    document = counted(report(source, "-o", out, *QUICK, code=3), unchanged=3, failed=2)
    need(len(document["causes"]) == 1 and document["causes"][0]["count"] == 2, document["causes"])
    need(of(document, "a.mkv")["reason"] == "it failed before", of(document, "a.mkv"))
    need(rows(out, "SELECT max(attempts) FROM items") == [(1,)], "it was tried again")
    counted(report(source, "-o", out, *QUICK, "--retry-failed", code=3), unchanged=3, failed=2)
    need(rows(out, "SELECT max(attempts) FROM items") == [(2,)], "it was not tried again")
    put(shop, source, {"a.mkv": "film.mp4", "aa.mkv": "film.mp4"})
    counted(report(source, "-o", out, *QUICK), unchanged=3, done=2)
    only = place(shop)
    cut(shop, only[0] / "a.mp4")
    counted(report(only[0], "-o", only[1], *QUICK, code=4), failed=1)


@suite.check
def damage_that_was_concealed_is_told(shop):
    source, out = place(shop, {"b.mkv": "short.mkv"})
    damaged(shop, source / "a.mkv")
    document = report(source, "-o", out, *QUICK, "--on-error", "conceal", code=9)
    counted(document, done=2, degraded=1)
    item = of(document, "a.mkv")
    need(item["exit"] == 9 and re.search(r"\d+ frames? .*damaged", item["message"]), item)
    need(of(document, "b.mkv")["exit"] == 0, of(document, "b.mkv"))
    need(document["status"] == "degraded", document["status"])
    counted(report(source, "-o", out, *QUICK, "--on-error", "conceal", code=9), unchanged=2,
            degraded=1)


@suite.check
def halt(shop):
    source, _ = with_broken(shop)
    done = {}
    for mode, code in (("never", 3), ("soon", 4), ("now", 4)):
        out = source.parent / mode
        document = report(source, "-o", out, *QUICK, "--halt", mode, "--order", "listed", "-j", "1",
                          code=code)
        done[mode] = document["counts"]["done"]
        if mode != "never":
            counted(document, done=0, failed=1, not_begun=4)
    need(done["never"] == 3, done)
    # What is running at the failure: finished, or ended at once. Then the rest is for the next run.
    slow = place(shop, {"slow.y4m": "plain.y4m", "z.mkv": "short.mkv"})
    cut(shop, slow[0] / "b.mkv")
    for mode, done, begun in (("soon", 1, 1), ("now", 0, 2)):
        out = slow[0].parent / mode
        path = jobs_file(slow[0], [
            {"input": str(slow[0] / "slow.y4m"), "output": "slow.y4m", "options": {"vf": SLOW}},
            {"input": str(slow[0] / "b.mkv"), "output": "b.mkv"},
            {"input": str(slow[0] / "z.mkv"), "output": "z.mkv"}])
        options = ("--jobs", path, "-o", out, "--halt", mode, "--order", "listed", "-j", "2",
                   "--workers", "2")
        document = report(*options, code=3 if mode == "soon" else 4)
        counted(document, done=done, failed=1, not_begun=begun)
        need(set(tree(out)) == ({b"slow.y4m"} if done else set()), tree(out))
        # The failure that is known stops nobody.
        counted(report(*options, code=3), failed=1, done=2 - done, unchanged=done)


@suite.check
def crashes_are_tried_again(shop):
    source, out = place(shop, {"a.mkv": "short.mkv", "b.mkv": "short.mkv"})
    fault = ("--fault", "decoder:frame:4:segv")
    result = batch(source, "-o", out, *QUICK, *fault, "--max-tries", "3", "-j", "1", code=6)
    need(result.err.count(b"trying once more") == 4, result.text())
    need(b"2 x " in result.err, result.text())
    need(rows(out, "SELECT output, state, exit_code, attempts FROM items") ==
         [("a.mkv", "failed", 6, 3), ("b.mkv", "failed", 6, 3)], rows(out, "SELECT * FROM items"))
    tries = rows(out, "SELECT attempt, state FROM attempts WHERE item = 1 ORDER BY id")
    need(tries == [(1, "failed"), (2, "failed"), (3, "failed")], tries)
    need(tree(out) == {}, tree(out))
    # A crash is no fault of the item: it is tried again without being asked.
    document = counted(report(source, "-o", out, *QUICK), done=2)
    need(of(document, "a.mkv")["reason"] == "it failed before", document["items"])
    document = report(source, "-o", out, *QUICK, "--if", "always", "--fault",
                      "worker:mid_filter:3:segv", "-vf", "hflip", "--on-poison", "skip", code=9)
    counted(document, done=2, degraded=2)
    need(document["deaths"] >= 4, document["deaths"])


@suite.check
def losses_are_told(shop):
    source, out = place(shop, {"a.mp4": "film.mp4", "b.y4m": "plain.y4m"})
    document = report(source, "-o", out, "--name", "{stem}.y4m")
    counted(document, done=2, with_losses=1)
    item = of(document, "a.y4m")
    need(any(loss["kind"] for loss in item["losses"]), item)
    (text,), = rows(out, "SELECT losses FROM done WHERE losses IS NOT NULL")
    need(json.loads(text) == item["losses"], text)
    need("losses" not in of(document, "b.y4m"), of(document, "b.y4m"))
    need(b"1 output holds less than its source" in batch(source, "-o", out, "--name", "{stem}.y4m",
                                                        "--if", "always").err, "summary")
    result = batch(source, "-o", source.parent / "strict", "--name", "{stem}.y4m", "--strict",
                   code=3)
    need(b"--strict" in result.err, result.text())


# ---- again --------------------------------------------------------------------------------------


def opened(strace, path, *args, code=0):
    """Names of files under `path` that a run opened."""
    log = path / "trace"
    result = lib.run([strace, "-f", "-qq", "-e", "trace=open,openat,openat2", "-o", log,
                      lib.FRAMEWHEEL, "batch", *args, "--progress", "none"], env=TRACED)
    need(result.code == code, result.text())
    names = re.findall(r'"([^"]+\.(?:mkv|mp4|y4m))"', log.read_text())
    log.unlink()
    return names


@suite.check
def again_nothing_is_opened(shop):
    strace = tracer()
    source, out = season(shop)
    options = (source, "-o", out, *QUICK)
    need(opened(strace, source.parent, *options), "the trace sees nothing")
    before = inodes(out)
    need(opened(strace, source.parent, *options) == [], "a medium was opened")
    need(inodes(out) == before, "an output was made again")
    counted(report(*options), unchanged=3, done=0)


@suite.check
def again_what_changed(shop):
    source, out = season(shop)
    options = (source, "-o", out, "-preset", "ultrafast", "-an")
    counted(report(*options, "-crf", "30"), done=3)
    document = counted(report(*options, "-crf", "31"), done=3)
    need(of(document, "e1.mp4")["reason"] == "the settings changed", document["items"])
    counted(report(*options, "-crf", "31", "-j", "2", "--workers", "1", "--halt", "soon",
                   "--durability", "none"), unchanged=3)
    put(shop, source, {"e1.mp4": "longer.mkv"})
    document = counted(report(*options, "-crf", "31"), done=1, unchanged=2)
    need(of(document, "e1.mp4")["reason"] == "the source changed", document["items"])
    (out / "e1.mp4").unlink()
    shutil.rmtree(out / "extra")
    document = counted(report(*options, "-crf", "31"), done=2, unchanged=1)
    need(of(document, "e1.mp4")["reason"] == "the output is missing or changed", document["items"])
    counted(report(*options, "-crf", "31", "--if", "missing"), skipped=3)
    counted(report(*options, "-crf", "31", "--if", "newer"), skipped=3)
    counted(report(*options, "-crf", "31", "--if", "always"), done=3)
    os.utime(source / "e1.mp4", (time.time() + 5, time.time() + 5))
    counted(report(*options, "-crf", "31", "--if", "newer"), done=1, skipped=2)
    need(rows(out, "SELECT count(*) FROM runs WHERE ended IS NOT NULL AND exit_code = 0")
         == [(9,)], rows(out, "SELECT * FROM runs"))


@suite.check
def a_file_that_a_chain_reads(shop):
    """Another look-up table is another setting, also where only one job names it."""
    source, out = place(shop, {"a.mkv": "short.mkv", "b.mkv": "short.mkv"})
    table = source.parent / "t.cube"
    cube = ["LUT_3D_SIZE 2"] + ["%d %d %d" % (r, g, b) for b in (0, 1) for g in (0, 1)
                                for r in (0, 1)]
    table.write_text("\n".join(cube) + "\n")
    path = jobs_file(source, [{"input": str(source / "a.mkv"),
                               "options": {"vf": "lavfi.lut3d=file=%s" % table}},
                              {"input": str(source / "b.mkv")}])
    counted(report("--jobs", path, "-o", out, *QUICK), done=2)
    counted(report("--jobs", path, "-o", out, *QUICK), unchanged=2)
    table.write_text("\n".join(cube[:1] + cube[:0:-1]) + "\n")
    counted(report("--jobs", path, "-o", out, *QUICK), done=1, unchanged=1)


@suite.check
def what_nobody_made_stays(shop):
    source, out = season(shop)
    out.mkdir()
    (out / "e1.mp4").write_bytes(b"mine")
    document = counted(report(source, "-o", out, *QUICK, code=3), done=2, failed=1)
    need((out / "e1.mp4").read_bytes() == b"mine", "it was replaced")
    need("-y" in of(document, "e1.mp4").get("error", "") or
         "-y" in json.dumps(document["causes"]) or document["causes"], document)
    (out / "e10.mkv").write_bytes(b"mine, too")
    counted(report(source, "-o", out, *QUICK, code=3), failed=2, unchanged=1)
    need((out / "e10.mkv").read_bytes() == b"mine, too", "it was replaced")
    counted(report(source, "-o", out, *QUICK, "-y"), done=2, unchanged=1)
    # A name that is a link is replaced as a name; what it leads to stays.
    (out / "e1.mp4").unlink()
    (out / "e1.mp4").symlink_to(source / "e10.mkv")
    batch(source, "-o", out, *QUICK, "-y", code=2)
    (out / "e1.mp4").unlink()
    other = source.parent / "other"
    other.write_bytes(b"mine")
    (out / "e1.mp4").symlink_to(other)
    counted(report(source, "-o", out, *QUICK, code=3), failed=1)
    counted(report(source, "-o", out, *QUICK, "-y"), done=1)
    need(other.read_bytes() == b"mine" and not (out / "e1.mp4").is_symlink(), "it was followed")


@suite.check
def a_dry_run(shop):
    source, out = with_broken(shop)
    result = batch(source, "-o", out, *QUICK, "--dry-run")
    need(not out.exists(), "it made the folder")
    need(result.out.count(b"do   ") == 5 and b"5 to do, 0 skipped, 0" in result.err, result.text())
    batch(source, "-o", out, *QUICK, code=3)
    before = inodes(out)
    (out / "d.mkv").write_bytes(b"?")
    plan = batch(source, "-o", out, *QUICK, "--dry-run", "--json").out
    steps = {json.loads(line)["output"]: json.loads(line) for line in plan.splitlines()}
    need({n: s["action"] for n, s in steps.items()} ==
         {"a.mkv": "fail", "aa.mkv": "fail", "b.mkv": "skip", "c.mkv": "skip", "d.mkv": "fail"},
         steps)
    need(inodes(out).keys() == before.keys(), "it changed the folder")
    need(not (out / ".framewheel.lock").exists(), "a lock is left")


@suite.check
def times_and_mode(shop):
    source, out = place(shop, {"a.mkv": "short.mkv"})
    (source / "a.mkv").chmod(0o640)
    os.utime(source / "a.mkv", (1e9, 1e9))
    batch(source, "-o", out, *QUICK, "--preserve", "times,mode")
    status = (out / "a.mkv").stat()
    need((stat.S_IMODE(status.st_mode), status.st_mtime) == (0o640, 1e9), status)
    counted(report(source, "-o", out, *QUICK, "--preserve", "times,mode"), unchanged=1)
    batch(source, "-o", out, *QUICK, "--preserve", "colour", code=2)


@suite.check
def durability(shop):
    strace = tracer()
    counts = {}
    for mode in ("full", "none"):
        source, out = place(shop, {"a.mkv": "short.mkv", "b.mkv": "short.mkv"})
        log = source.parent / "trace"
        lib.run([strace, "-f", "-qq", "-y", "-e", "trace=fsync,fdatasync,syncfs", "-o", log,
                 lib.FRAMEWHEEL, "batch", source, "-o", out, *QUICK, "--progress", "none",
                 "--durability", mode], env=TRACED)
        need(len(tree(out)) == 2, tree(out))
        lines = [l for l in log.read_text().splitlines() if ".framewheel" not in l]
        counts[mode] = len([l for l in lines if re.search(r"sync\(\d+</.*(\(deleted\)|/out>)", l)])
        everything = len(re.findall(r"sync(?:fs)?\(", log.read_text()))
        counts[mode + " in all"] = everything
    # Every file and its folder; without, the database is left whole, at a few points.
    need(counts["full"] >= 4 and counts["full in all"] > counts["none in all"], counts)
    need(counts["none"] <= 2, counts)


# ---- what it tells ------------------------------------------------------------------------------


@suite.check
def two_runs_at_once(shop):
    source, out = place(shop, {"a.y4m": "plain.y4m", "b.y4m": "plain.y4m"})
    options = (source, "-o", out, "--vf", SLOW)
    first = Run("batch", *options, "--progress", "none")
    until(lambda: (out / ".framewheel.db").exists() and first.children(), "its start")
    result = batch(*options, code=5)
    need(b"process %d" % first.pid in result.err and b"--wait" in result.err, result.text())
    waiting = Run("batch", *options, "--wait", "--json", "-q")
    third = Run("batch", *options, "--wait", "--json", "-q")
    first.wait().ended(0)
    for run in (waiting, third):
        run.wait().ended(0)
        counted(json.loads(run.out), unchanged=2, done=0)
    need(sorted(os.listdir(out)) == [".framewheel.db", "a.y4m", "b.y4m"], os.listdir(out))


@suite.check
def status_while_it_runs(shop):
    source, out = place(shop, {"a.y4m": "plain.y4m", "b.y4m": "plain.y4m", "c.mkv": "short.mkv"})
    run = Run("batch", source, "-o", out, "--vf", SLOW, "-j", "2", "--workers", "2", "--order",
              "listed", "--name", "{stem}.mkv", "--progress", "none", *QUICK)

    def both():
        if not (out / ".framewheel.db").exists() and run.alive():
            return None
        status = lib.framewheel("status", out, "--json", code=None)
        document = json.loads(status.out) if status.code == 0 else {}
        return document if len(document.get("running", ())) == 2 or not run.alive() else None

    seen = until(both, "two running jobs")
    need(seen["holder"]["pid"] == run.pid, seen)
    need({i["output"] for i in seen["running"]} <= {"a.mkv", "b.mkv", "c.mkv"}, seen["running"])
    text = lib.framewheel("status", out).out.decode()
    need("being worked on by process %d" % run.pid in text and ": 3 items, " in text, text)
    need(seen["progress"]["items"] == 3, seen["progress"])
    run.wait().ended(0)
    after = json.loads(lib.framewheel("status", out, "--json").out)
    need(after["holder"] is None and after["running"] == [], after)
    need(after["counts"]["done"] == 3 and after["runs"][0]["exit_code"] == 0, after)
    text = lib.framewheel("status", out).out.decode()
    need("3 items, 3 done\n" in text and "exit 0 after" in text, text)


@suite.check
def report_and_joblog(shop):
    source, out = with_broken(shop)
    path, log = source.parent / "r.json", source.parent / "log.tsv"
    batch(source, "-o", out, *QUICK, "--report", path, "--joblog", log, code=3)
    document = json.loads(path.read_text())
    need(document["schema"] == "framewheel-batch/1" and document["exit"] == 3, document)
    for item in document["items"]:
        wanted = {"b.mkv": (10, 0), "c.mkv": (10, 0), "d.mkv": (25, 0)}.get(item["output"], (0, 4))
        need((item["frames_in"], item["exit"]) == wanted, item)
        need(item["frames_out"] == item["frames_in"] and item["wall_s"] > 0, item)
        need(item["exit"] == 4 or item["cpu_s"] > 0, item)
    alone(shop, source / "b.mkv", *QUICK, "--report", path)
    need(document["sandbox"] == json.loads(path.read_text())["sandbox"] != "off",
         document["sandbox"])
    head, *lines = log.read_text().splitlines()
    need(head.split("\t") == ["Seq", "Host", "Starttime", "JobRuntime", "Send", "Receive",
                              "Exitval", "Signal", "Command"], head)
    need(len(lines) == 5, lines)
    parsed = [line.split("\t") for line in lines]
    need(sorted(int(p[6]) for p in parsed) == [0, 0, 0, 4, 4], lines)
    for p in parsed:
        need(float(p[2]) > 1e9 and float(p[3]) > 0 and int(p[4]) > 0 and p[7] == "0", p)
    batch(source, "-o", out, *QUICK, "--joblog", log, code=3)
    need(len(log.read_text().splitlines()) == 6, "an item that was not tried is in the log")
    result = batch(source, "-o", out, *QUICK, "--report", source / "no" / "r.json", code=5)
    need(b"--report" in result.err, result.text())
    off = report(source / "b.mkv", "-o", source.parent / "off", *QUICK, "--sandbox", "off")
    need(off["sandbox"] == "off", off["sandbox"])


@suite.check
def a_report_to_a_pipe(shop):
    """What is no file keeps its name: a report may go to a pipe, and must not replace a device."""
    source, out = place(shop, {"a.mkv": "short.mkv"})
    pipe = source.parent / "pipe.json"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE)
    try:
        batch(source, "-o", out, *QUICK, "--report", pipe)
        text, _ = reader.communicate(timeout=20)
    finally:
        reader.kill()
        reader.wait()
    need(text and json.loads(text)["exit"] == 0, text)
    need(stat.S_ISFIFO(pipe.stat().st_mode), "the pipe was replaced")
    # A name that is refused is left alone.
    mine = source.parent / "mine"
    mine.write_bytes(b"mine")
    batch(source, "-o", out, "--report", mine, code=2)
    lib.framewheel("run", source / "a.mkv", out / "b.mkv", "--report", mine, code=2)
    need(mine.read_bytes() == b"mine", mine.read_bytes())


@suite.check
def the_queries_of_the_manual(shop):
    sqlite = tool("sqlite3")
    source, out = with_broken(shop)
    batch(source, "-o", out, *QUICK, code=3)
    text = (lib.ROOT / "docs" / "state.md").read_text()
    queries = [line for block in re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
               for line in block.splitlines() if line.strip()]
    need(len(queries) >= 8, queries)
    for query in queries:
        done = lib.run([sqlite, "-readonly", out / ".framewheel.db", query])
        need(done.code == 0 and not done.err, "%s\n%s" % (query, done.text()))
    done = lib.run([sqlite, out / ".framewheel.db", "SELECT state, count(*) FROM items GROUP BY 1;"
                    "PRAGMA integrity_check"])
    need(done.out.split() == [b"done|3", b"failed|2", b"ok"], done.out)
    columns = {row[1] for table in ("items", "attempts", "runs")
               for row in rows(out, "PRAGMA table_info(%s)" % table)}
    named = set(re.findall(r"^\| (\w+) \|", text, re.MULTILINE)) - {"column"}
    need(columns == named, columns ^ named)


@suite.check
def progress_for_programs(shop):
    source, out = season(shop)
    path = source.parent / "progress"
    lib.framewheel("batch", source, "-o", out, *QUICK, "--progress", "json", "--progress-to", path,
                   "--progress-interval", "20ms", code=0)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    need(lines[-1]["type"] == "end" and lines[-1]["exit"] == 0, lines[-1])
    need(lines[-1]["counts"]["done"] == 3, lines[-1])
    moving = [l for l in lines if l["type"] == "progress"]
    need(moving and all(l["schema"] == "framewheel-batch-progress/1" for l in moving), lines)
    done = [l["done"] for l in moving]
    need(done == sorted(done) and moving[0]["items"] == 3, done)
    need(all(l["running"] <= 3 for l in moving) and any(l["running"] for l in moving), moving)


@suite.check
def mistakes_in_the_command(shop):
    source, out = season(shop)
    for args, code, words in (
            ((source,), 2, "-o DIR"), (("-o", out), 2, "sources"),
            ((source, "-o", out, "-vf", "nosuch"), 2, "nosuch"),
            ((source, "-o", out, "--wokers", "2"), 2, "--workers"),
            ((source, "-o", out, "-j", "0"), 2, "-j"),
            ((source, "-o", out, "--max-tries", "0"), 2, "max-tries"),
            ((source, "-o", out, "--halt", "later"), 2, "halt"),
            ((source, "-o", out, "--quality", "3"), 2, "quality"),
            ((source / "nowhere", "-o", out), 4, "nowhere"),
            ((source, "-o", source / "e1.mp4"), 5, "e1.mp4"),
            ((source, "-o", "/proc/x"), 5, "/proc"),
            ((source, "-o", out, "--joblog", "/proc/x"), 5, "/proc/x"),
            ((source, "-o", out, "--state", "/proc/x.db"), 5, "/proc/x"),
    ):
        result = batch(*args, code=None)
        need(result.code == code and words in result.err.decode(), "%d: %s" % (code, result.text()))
        need(tree(out) == {} if out.exists() else True, result.text())
        shutil.rmtree(out, ignore_errors=True)
    # A mistake that only the encoder finds.
    result = batch(source, "-o", out, "-crf", "bad", code=None)
    need(result.code == 2 and not tree(out), result.text())


@suite.check
def a_database_elsewhere(shop):
    source, out = season(shop)
    state = source.parent / "state.db"
    counted(report(source, "-o", out, *QUICK, "--state", state), done=3)
    counted(report(source, "-o", out, *QUICK, "--state", state), unchanged=3)
    need(not (out / ".framewheel.db").exists(), "there are two")
    need(b"3 done" in lib.framewheel("status", out, "--state", state).out, "status")


suite.main()
