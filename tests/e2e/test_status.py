#!/usr/bin/env python3
"""framewheel status: what a ledger says, in words and as JSON, in a run and after it."""
import json
import os
import shutil
import subprocess

import lib
from lib import need

MAKE = os.environ.get("FW_MAKE_LEDGER", "")
suite = lib.Suite()


def made(shop):
    folder = shop.fresh("/x").parent
    result = lib.run([MAKE, folder])
    need(result.code == 0, result.text())
    return folder


@suite.check
def words_for_people(shop):
    folder = made(shop)
    result = lib.framewheel("status", folder)
    text = result.out.decode()
    for want in ("6 items, 2 done, 3 failed, 1 skipped\n", "6.0 MB read, 3.0 MB written",
                 "2 x not a PNG or truncated: in/c.png in/bad\\xff\\x1b[31m.png\n",
                 "1 x row 7 of 9 is damaged: in/d.png\n", "exit 3 after ", "2 done, 3 failed",
                 "framewheel images in -o out"):
        need(want in text, "no %r in:\n%s" % (want, text))
    need(b"\x1b" not in result.out, "an escape byte reaches the terminal")
    need(result.err == b"", result.text())


@suite.check
def one_line_for_each_failure(shop):
    lines = lib.framewheel("status", made(shop), "--failed").out.decode().splitlines()
    need(len(lines) == 3, lines)
    need(lines[0].startswith("in/c.png\tin/c.png: not a PNG or truncated"), lines[0])
    need(lines[1].startswith("in/bad\\xff\\x1b[31m.png\t"), lines[1])


@suite.check
def json_for_programs(shop):
    status = json.loads(lib.framewheel("status", made(shop), "--json").out)
    need(status["schema"] == "framewheel-status/1", status)
    need(status["counts"] == {"items": 6, "running": 0, "done": 2, "failed": 3, "skipped": 1,
                              "interrupted": 0}, status["counts"])
    need(status["holder"] is None and status["running"] == [], status)
    need([c["count"] for c in status["causes"]] == [2, 1], status["causes"])
    need(status["runs"][0]["exit_code"] == 3, status["runs"])
    need("bytes" in status["failed"][1]["output"], status["failed"][1])


@suite.check
def a_run_that_is_at_work(shop):
    folder = shop.fresh("/x").parent
    run = subprocess.Popen([MAKE, folder, "hold"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        need(run.stdout.readline() == b"ready\n", "the ledger was not made")
        status = json.loads(lib.framewheel("status", folder, "--json").out)
        need(status["holder"]["pid"] == run.pid, status["holder"])
        need([i["output"] for i in status["running"]] == ["now.png"], status["running"])
        text = lib.framewheel("status", folder).out.decode()
        need("being worked on by process %d on " % run.pid in text, text)
        need("    now.png\n" in text, text)
        need("9 items, 2 done, 3 failed, 1 skipped, 1 running, 2 not begun\n" in text, text)
        need(status["progress"] == {"items": 9, "done": 2, "unchanged": 0, "failed": 3,
                                    "skipped": 1, "running": 1, "interrupted": 0,
                                    "not_begun": 2}, status["progress"])
        run.kill()
        run.wait()
        text = lib.framewheel("status", folder).out.decode()
        need("9 items, 2 done, 3 failed, 1 skipped, 1 interrupted, 2 not begun\n" in text, text)
        need("did not end" in text, text)
        need("being worked on" not in text, text)
    finally:
        run.kill()
        run.communicate()


@suite.check
def no_database(shop):
    folder = shop.fresh("/x").parent
    result = lib.framewheel("status", folder, code=4)
    need(b".framewheel.db" in result.err and b"hint: " in result.err, result.text())
    (folder / ".framewheel.db").write_bytes(b"z" * 5000)
    result = lib.framewheel("status", folder, code=4)
    need(b"no database" in result.err, result.text())
    lib.framewheel("status", folder, "more", code=2)


@suite.check
def a_folder_that_cannot_be_written(shop):
    stranger = []
    if os.geteuid() == 0:
        stranger = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        if not shutil.which("setpriv"):
            raise lib.Skipped("setpriv is missing")
    for killed in (False, True):
        folder = made(shop)
        if killed:
            run = subprocess.Popen([MAKE, folder, "hold"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
            run.stdout.readline()
            run.kill()
            run.communicate()
        shop.folder.chmod(0o755)
        folder.chmod(0o555)
        result = lib.run([*stranger, lib.FRAMEWHEEL, "status", folder])
        folder.chmod(0o755)
        need(result.code == 0 and b" 2 done" in result.out, result.text())
        left = {entry.name for entry in folder.iterdir()}
        need(killed or left == {".framewheel.db"}, left)


suite.main()
