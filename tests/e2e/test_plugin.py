#!/usr/bin/env python3
"""Filters from shared objects: where they are found, what is refused, what a bad one can do."""
import json
import os
import pathlib
import shutil

import lib
from lib import CLIPS, FRAMEWHEEL, ROOT, Skipped, Suite, ffmpeg, framewheel, need

CLIP = CLIPS / "sintel.mp4"
suite = Suite()

# A plugin whose parts can be put wrong one by one.
SOURCE = """
#include <framewheel/filter.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
struct self { double strength; };
static const struct fw_option options[] = {
    { .name = "strength", .help = "h", .type = FW_OPTION_FLOAT, .offset = OFFSET, .max = 1 },
    { .name = NULL } };
static int negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                     struct fw_caps *caps, struct fw_error *err)
{ (void)self; (void)err; *out = *in; caps->filter_class = FW_CLASS_PURE; NEGOTIATE return FW_OK; }
static int process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                   struct fw_error *err)
{ (void)self; (void)in; (void)out; (void)scratch; (void)err; PROCESS }
__attribute__((constructor)) static void load(void) { LOAD }
static const struct fw_filter filter = {
    .struct_size = sizeof(filter), .abi = ABI, .name = "NAME", .summary = "s",
    .options = options, .self_size = sizeof(struct self), .negotiate = negotiate,
    .process = process };
static const struct fw_filter *const filters[] = { &filter, NULL };
EXPORT
"""
PARTS = {"OFFSET": "0", "PROCESS": "return FW_IDENTITY;", "LOAD": "", "NEGOTIATE": "",
         "ABI": "FW_ABI_VERSION",
         "NAME": "tried", "EXPORT": 'FW_PLUGIN(filters, "1", "MIT")'}


def build(shop, name="tried.so", **parts):
    """A plugin with some parts put otherwise, in a folder of its own."""
    path = shop.fresh("/" + name)
    text = SOURCE
    for key, value in {**PARTS, **parts}.items():
        text = text.replace(key, value)
    if not shutil.which("cc"):
        raise Skipped("no compiler")
    include = pathlib.Path(FRAMEWHEEL).parent / "include"
    done = lib.run(["cc", "-shared", "-fPIC", "-Wall", "-Wno-unused-function", "-I", include, "-x",
                    "c", "-", "-o", path], stdin=text.encode())
    need(done.code == 0, done.text())
    path.chmod(0o644)
    return path


def refused(shop, words, *parts, code=2, chain="tried", path=None, **kw):
    path = path or build(shop, **kw)
    done = framewheel("run", CLIP, "--null", "--plugin", path, "--vf", chain, code=code)
    for word in (words, *parts):
        need(word in done.err.decode(), "'%s' is not said: %s" % (word, done.text()))


def hashes(path, *args, **kw):
    out = framewheel("run", path, "-", "-f", "framemd5", "-an", *args, **kw).out
    return [line for line in out.splitlines() if not line.startswith(b"#")]


@suite.check
def found_by_file_and_folder(shop):
    path = build(shop)
    plain = hashes(CLIP)
    need(hashes(CLIP, "--plugin", path, "--vf", "tried") == plain, "other frames by --plugin")
    need(hashes(CLIP, "--plugin-path", path.parent, "--vf", "tried") == plain, "by --plugin-path")
    env = {"FRAMEWHEEL_PLUGIN_PATH": "/nowhere:%s" % path.parent}
    need(hashes(CLIP, "--vf", "tried", env=env) == plain, "by the environment")
    done = framewheel("run", CLIP, "--null", "--vf", "tired", env=env, code=2)
    need("unknown filter 'tired'" in done.err.decode(), done.text())


@suite.check
def listed_and_explained(shop):
    path = build(shop)
    done = framewheel("filters", "--plugin", path, "--json")
    rows = [json.loads(line) for line in done.out.splitlines()]
    row = [row for row in rows if row["name"] == "tried"][0]
    need(row["engine"] == "plugin" and row["file"] == str(path), str(row))
    need(row["options"][0]["max"] == 1, str(row))
    need("strength" in framewheel("filters", "tried", "--plugin", path).out.decode(), "no option")
    done = framewheel("explain", CLIP, shop.fresh(".mkv"), "--plugin", path, "--vf", "tried")
    need("plugin" in done.out.decode(), done.out.decode())


@suite.check
def options_are_checked(shop):
    path = build(shop)
    refused(shop, "out of range", "0..1", chain="tried=strength=3", path=path)
    refused(shop, "did you mean 'strength'", chain="tried=strenth=1", path=path)


@suite.check
def workers_and_sample_same_bytes(shop):
    """The sample that is shipped, as ffmpeg computes it, for any number of workers."""
    path = shop.fresh("/sepia.so")
    include = pathlib.Path(FRAMEWHEEL).parent / "include"
    done = lib.run(["cc", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-I", include,
                    ROOT / "samples" / "custom_filter" / "sepia.c", "-o", path])
    need(done.code == 0, done.text())
    need(len((ROOT / "samples/custom_filter/sepia.c").read_text().splitlines()) < 80, "too long")
    one = hashes(CLIP, "--plugin", path, "--vf", "sepia=0.5", "--workers", "1", "-frames:v", "12")
    for words in (["3", "--range", "1"], ["2", "--isolation", "threads"]):
        got = hashes(CLIP, "--plugin", path, "--vf", "sepia=0.5", "-frames:v", "12", "--workers",
                     *words)
        need(got == one, "other bytes with %s workers" % " ".join(words))
    theirs = ffmpeg("-i", CLIP, "-frames:v", "12", "-an", "-vf",
                    "lutyuv=y=val:u='floor((val*128+112*128+128)/256)':"
                    "v='floor((val*128+150*128+128)/256)'", "-f", "framemd5", "-").out
    theirs = [line for line in theirs.splitlines() if not line.startswith(b"#")]
    need([line.split(b",")[-1] for line in one] == [line.split(b",")[-1] for line in theirs],
         "not the picture that its formula says")


@suite.check
def files_that_others_can_write(shop):
    path = build(shop)
    path.chmod(0o666)
    refused(shop, "can be written by others", "chmod go-w", path=path)
    path.chmod(0o644)
    if os.geteuid() == 0:
        os.chown(path, 12345, 12345)
        refused(shop, "belongs to user 12345", path=path)
    refused(shop, "no regular file", path=path.parent)
    refused(shop, "No such file", path=path.with_name("missing.so"))


@suite.check
def objects_that_are_no_plugins(shop):
    text = shop.fresh("/text.so")
    text.write_text("no object")
    text.chmod(0o644)
    refused(shop, "cannot be loaded", path=text)
    refused(shop, "is no plugin", EXPORT="")
    refused(shop, "ABI 7", ABI="7")
    refused(shop, "named 'hflip', too", NAME="hflip", chain="hflip")
    refused(shop, "without a name", NAME="No Name")
    refused(shop, "stored outside", OFFSET="4096")


@suite.check
def same_name_twice(shop):
    first, second = build(shop), build(shop)
    done = framewheel("run", CLIP, "--null", "--plugin", first, "--plugin", second, "--vf", "tried",
                      code=2)
    need("has a filter 'tried', too" in done.err.decode(), done.text())
    framewheel("run", CLIP, "--null", "--plugin", first, "--plugin", first, "--vf", "tried")


@suite.check
def crash_while_loading(shop):
    refused(shop, "loading the plugins", "SIGSEGV", code=6, LOAD="raise(SIGSEGV);")


@suite.check
def lock_while_loading(shop):
    """Code that runs when it is loaded can write no file, and ends when it asks for a socket."""
    if json.loads(framewheel("version", "--json").out)["sanitizer"] != "none":
        raise Skipped("a build with a sanitizer takes no seccomp filters")
    mark = shop.fresh(".txt")
    path = build(shop, LOAD='int fd = open("%s", O_CREAT | O_WRONLY, 0600); '
                            'if (fd >= 0) (void)!write(fd, "x", 1);' % mark)
    framewheel("run", CLIP, "--null", "--plugin", path, "--vf", "tried")
    need(not mark.exists(), "a plugin wrote a file")
    refused(shop, "loading the plugins", code=6,
            LOAD="(void)!socket(AF_INET, SOCK_STREAM, 0);")


@suite.check
def crash_while_filtering(shop):
    """Costs its frame's two tries, and is named with it."""
    path = build(shop, PROCESS="if (in->index == 3) raise(SIGSEGV); return FW_IDENTITY;")
    done = framewheel("run", CLIP, "--null", "--plugin", path, "--vf", "tried", code=6)
    need("frame 3" in done.err.decode() and "tried" in done.err.decode(), done.text())
    done = framewheel("run", CLIP, "-", "-f", "framemd5", "-an", "--plugin", path, "--vf", "tried",
                      "--on-poison", "pass", code=9)
    need(done.out.count(b"\n0,") == 70, done.text())


@suite.check
def broken_promises(shop):
    """Caps and statuses that mean nothing are refused, with the filter's name."""
    for code, part in ((1, "return FW_ERR_USAGE;"), (1, "return 77;"), (1, "return FW_VIEW;"),
                       (1, "return FW_END;")):
        done = framewheel("run", CLIP, "--null", "--plugin", build(shop, PROCESS=part), "--vf",
                          "tried", code=code)
        need("filter 'tried'" in done.err.decode(), done.text())
    for part in ("caps->scratch_bytes = SIZE_MAX;", "caps->halo_rows = -7;", "out->width = -1;",
                 "out->time_base.den = 0;", "caps->before = 1 << 30;", "return FW_ERR_USAGE;"):
        path = build(shop, NEGOTIATE=part)
        done = framewheel("run", CLIP, "--null", "--plugin", path, "--vf", "tried", code=2)
        need("filter 'tried'" in done.err.decode(), done.text())


@suite.check
def relative_folders(shop):
    path = build(shop)
    for folder in (path.parent.name, "./" + path.parent.name):
        framewheel("run", CLIP, "--null", "--plugin-path", folder, "--vf", "tried",
                   cwd=path.parent.parent)
        done = framewheel("filters", "tried", "--plugin-path", folder, cwd=path.parent.parent)
        need("strength" in done.out.decode(), done.text())


@suite.check
def error_while_filtering(shop):
    path = build(shop, PROCESS='return fw_fail(err, FW_ERR_FILTER, "no luck");')
    done = framewheel("run", CLIP, "--null", "--plugin", path, "--vf", "tried", code=1)
    need("no luck" in done.err.decode() and "tried" in done.err.decode(), done.text())


if __name__ == "__main__":
    suite.main()
