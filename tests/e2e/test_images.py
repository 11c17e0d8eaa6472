#!/usr/bin/env python3
"""framewheel images on folders: which files, which names, what is left alone, what is said of it."""
import json
import os
import stat
import subprocess
import time

from lib import FRAMEWHEEL
from pictures import (RGBA, images, ledger, names, png, png_head, read, same_tree,
                      stamps, tree, write)
from procs import equal, main, one_of, true

HALF = ("--vf", "scale=iw/2:ih/2")


def sources(folder, *paths):
    """A small PNG of its own at each path."""
    top = os.path.join(folder, "in")
    for n, path in enumerate(paths):
        write(os.path.join(top, path), png(24, 16, seed=n))
    return top


def refused(folder, *args, code=2, words=()):
    """Ends with the code before anything exists, and says the words."""
    before = tree(folder, hidden=True)
    images(*args, code=code).said(*words)
    same_tree(tree(folder, hidden=True), before, "a refused run changed the folder")


# ---- files --------------------------------------------------------------------------------------


def test_tree_is_mirrored(folder):
    top = sources(folder, "a.png", "deep/er/b.png", "deep/c.PNG", ".hidden.png", ".cfg/d.png")
    os.makedirs(os.path.join(top, "empty/er"))
    write(os.path.join(top, "deep/readme.txt"), b"words")
    write(os.path.join(top, "zero.png"), b"")
    out = os.path.join(folder, "out")
    done = images(top, "-o", out, *HALF, "--json")
    done.counts(items=7, done=5, skipped=2, no_pictures=2, failed=0)
    equal(names(out), sorted([".cfg/d.png", ".hidden.png", "a.png", "deep/c.PNG",
                              "deep/er/b.png"]), "outputs")
    true(not os.path.exists(os.path.join(out, "empty")), "an empty folder was made")
    equal(png_head(read(os.path.join(out, "deep/er/b.png")))[:2], (12, 8), "size")
    equal(sorted(os.listdir(out)), [".cfg", ".framewheel.db", ".hidden.png", "a.png", "deep"],
          "what is left in the folder")


def test_several_sources_and_files(folder):
    top = sources(folder, "one/a.png", "two/b.png", "c.png")
    out = os.path.join(folder, "out")
    images(os.path.join(top, "one"), os.path.join(top, "two"), os.path.join(top, "c.png"), "-o",
           out, *HALF)
    equal(names(out), ["a.png", "b.png", "c.png"], "outputs")


def test_natural_order(folder):
    top = sources(folder, *["p%d.png" % n for n in (10, 2, 1, 33, 4)], "p2/x.png")
    plan = images(top, "-o", os.path.join(folder, "out"), "--dry-run", "--json").out
    order = [os.path.relpath(json.loads(line)["source"], top) for line in plan.splitlines()]
    equal([name for name in order if "/" not in name],
          ["p1.png", "p2.png", "p4.png", "p10.png", "p33.png"], "order")
    out = os.path.join(folder, "numbered")
    images(top, "-o", out, "--name", "{n:03}.{ext}", "--exclude", "p2/")
    equal(names(out), ["00%d.png" % n for n in range(1, 6)], "numbered names")
    equal(read(os.path.join(out, "005.png"))[:8], b"\x89PNG\r\n\x1a\n", "the last one")
    rows = dict(ledger(out, "select output, source from items"))
    equal(os.path.basename(rows["002.png"]), "p2.png", "what became 002.png")


def test_name_templates(folder):
    top = sources(folder, "x/a.b.png", "noext", "{odd}.png")
    for n, (template, wanted) in enumerate([
            ("{dir}/{stem}-small.{ext}", ["noext-small", "x/a.b-small.png", "{odd}-small.png"]),
            ("flat/{name}", ["flat/a.b.png", "flat/noext", "flat/{odd}.png"]),
            ("{stem}{{}}.{ext}", ["a.b{}.png", "noext{}", "{odd}{}.png"]),
            ("{dir}/%d {stem}.{ext}", ["%d noext", "%d {odd}.png", "x/%d a.b.png"])]):
        out = os.path.join(folder, "out%d" % n)
        images(top, "-o", out, "--name", template)
        equal(names(out), sorted(wanted), template)
    for template, word in (("{nope}", "nope"), ("{stem", "{stem"), ("../{name}", ".."),
                           ("", "name"), ("{dir}/.framewheel.db", "framewheel")):
        refused(folder, top, "-o", os.path.join(folder, "never"), "--name", template,
                words=(word,))


def test_kinds(folder):
    top = sources(folder, "a.png")
    starts = {"png": b"\x89PNG", "jpg": b"\xff\xd8", "webp": b"RIFF", "tif": b"II", "bmp": b"BM",
              "gif": b"GIF8", "ppm": b"P6", "pam": b"P7", "exr": b"\x76\x2f\x31\x01",
              "ff": b"farbfeld", "qoi": b"qoif"}
    for kind, start in starts.items():
        out = os.path.join(folder, kind)
        images(top, "-o", out, "--to", kind)
        equal(names(out), ["a." + kind], "name of " + kind)
        data = read(os.path.join(out, "a." + kind))
        true(data.startswith(start) or kind == "tif" and data[:2] == b"MM", "%s starts with %r" % (
            kind, data[:8]))
    refused(folder, top, "-o", os.path.join(folder, "never"), "--to", "heic", words=("heic",))
    # What a file holds decides, not what it is called; a name that is kept keeps its kind.
    write(os.path.join(folder, "lie", "real-png.jpg"), png())
    images(os.path.join(folder, "lie"), "-o", os.path.join(folder, "truth"))
    equal(png_head(read(os.path.join(folder, "truth/real-png.jpg")))[:2], (48, 32), "a PNG")
    # A template that ends in another extension asks for that kind.
    images(top, "-o", os.path.join(folder, "t"), "--name", "{stem}.jpg")
    equal(read(os.path.join(folder, "t/a.jpg"))[:2], b"\xff\xd8", "by the template")


def test_excludes(folder):
    top = sources(folder, "a.png", "b.png", "x/a.png", "x/y/c.png", "z/a.png")
    for n, (globs, wanted) in enumerate([
            (["a.png"], ["b.png", "x/y/c.png"]), (["x/"], ["a.png", "b.png", "z/a.png"]),
            (["x/*/c*"], ["a.png", "b.png", "x/a.png", "z/a.png"]),
            (["[ab].png", "y/"], [])]):
        out = os.path.join(folder, "out%d" % n)
        options = [word for glob in globs for word in ("--exclude", glob)]
        images(top, "-o", out, *options, "--json")
        equal(names(out) if os.path.exists(out) else [], wanted, " ".join(globs))


def test_lists_of_names(folder):
    top = sources(folder, "a.png", "b c.png", "d\n.png", "not.png")
    wanted = [os.path.join(top, name).encode() for name in ("a.png", "b c.png", "d\n.png")]
    out = os.path.join(folder, "out")
    images("--files0-from", "-", "-o", out, stdin=b"\0".join(wanted) + b"\0")
    equal(names(out), ["a.png", "b c.png", "d\n.png"], "outputs")
    listed = write(os.path.join(folder, "list"), b"\0".join(wanted))
    images("--files0-from", listed, "-o", os.path.join(folder, "two"))
    equal(names(os.path.join(folder, "two")), names(out), "outputs of the same list in a file")
    before = tree(folder, hidden=True)
    images("--files0-from", "-", "-o", os.path.join(folder, "never"), code=4,
           stdin=os.path.join(top, "missing.png").encode()).said("missing.png")
    same_tree(tree(folder, hidden=True), before, "a missing source")


def test_links(folder):
    top = sources(folder, "a.png")
    other = sources(os.path.join(folder, "other"), "b.png", "sub/c.png")
    os.symlink(os.path.join(other, "b.png"), os.path.join(top, "link.png"))
    os.symlink(os.path.join(other, "sub"), os.path.join(top, "sub"))
    os.symlink("nowhere", os.path.join(top, "dangling.png"))
    os.mkfifo(os.path.join(top, "pipe.png"))
    out = os.path.join(folder, "out")
    done = images(top, "-o", out, "--json", code=(0, 3))
    equal(names(out), ["a.png", "link.png"], "outputs")
    true(not os.path.islink(os.path.join(out, "link.png")), "an output is a file")
    reasons = {os.path.basename(item["source"]): item["reason"]
               for item in done.report["left_out"]}
    one_of(sorted(reasons), (["dangling.png", "pipe.png", "sub"],), "left out: %r" % reasons)
    images(os.path.join(top, "sub"), "-o", os.path.join(folder, "out2"))
    equal(names(os.path.join(folder, "out2")), ["c.png"], "a link that is a source is followed")
    # No link in the tree of the outputs leads anywhere.
    os.mkdir(os.path.join(folder, "out3"))
    os.symlink(other, os.path.join(folder, "out3", "d"))
    write(os.path.join(top, "d/x.png"), png())
    before = tree(other)
    images(top, "-o", os.path.join(folder, "out3"), code=2).said("d")
    same_tree(tree(other), before, "what a link leads to")


def test_output_inside_the_source(folder):
    top = sources(folder, "a.png", "x/b.png")
    out = os.path.join(top, "out")
    images(top, "-o", out, *HALF)
    images(top, "-o", out, *HALF, "--json").counts(unchanged=2, done=0)
    equal(names(out), ["a.png", "x/b.png"], "outputs")
    refused(folder, top, "-o", top, *HALF, words=("source",))


def test_conflicts_are_found_first(folder):
    top = sources(folder, "a.png", "x/a.png", "b.png", "b.jpg/c.png")
    out = os.path.join(folder, "out")
    refused(folder, top, "-o", out, "--name", "{stem}.{ext}", words=("a.png",))
    refused(folder, os.path.join(top, "a.png"), os.path.join(top, "x"), "-o", out,
            words=("a.png",))
    refused(folder, top, "-o", out, "--to", "jpg", words=("b.jpg",))
    refused(folder, os.path.join(top, "a.png"), "-o", top, "-y", words=("a.png",))
    refused(folder, os.path.join(top, "a.png"), os.path.join(top, "b.png"), "--in-place", "--name",
            "b.png", "-y", words=("b.png",))
    # A film beside its poster is no conflict.
    write(os.path.join(top, "y/film.mp4"), b"\0\0\0\x18ftypmp42")
    write(os.path.join(top, "y/film.png"), png())
    images(os.path.join(top, "y"), "-o", out, "--to", "jpg", "--json").counts(done=1, no_pictures=1)


def test_mistakes(folder):
    top = sources(folder, "a.png")
    out = os.path.join(folder, "out")
    for args, word in [((top,), "-o"), (("-o", out), "no sources"),
                       ((top, "-o", out, "--if", "perhaps"), "perhaps"),
                       ((top, "-o", out, "--vf", "nosuchfilter"), "nosuchfilter"),
                       ((top, "-o", out, "--vf", "fps=5"), None),
                       ((top, "-o", out, "--preserve", "owner"), "owner"),
                       ((top, "-o", out, "--subsampling", "4:2:1"), "4:2:1"),
                       ((top, "-o", out, "--quality", "101"), "101"),
                       ((top, "-o", out, "--in-place"), "in-place"),
                       ((top, "--in-place"), "-y"),
                       ((top, "-o", out, "--crf", "20"), "crf"),
                       ((top, "-o", out, "--halt", "later"), "later")]:
        if word:
            refused(folder, *args, words=(word,))
    refused(folder, os.path.join(folder, "missing"), "-o", out, code=4, words=("missing",))
    write(os.path.join(folder, "file"), b"x")
    refused(folder, top, "-o", os.path.join(folder, "file"), code=(2, 5), words=("file",))


# ---- in place -----------------------------------------------------------------------------------


def test_in_place(folder):
    top = sources(folder, "a.png", "x/b.png")
    before = tree(top)
    images(top, "--in-place", *HALF, code=2).said("-y")
    same_tree(tree(top, hidden=True), before, "in place without -y")
    images(top, "--in-place", "-y", *HALF, "--json").counts(done=2)
    for name in ("a.png", "x/b.png"):
        equal(png_head(read(os.path.join(top, name)))[:2], (12, 8), name)
    after = stamps(top)
    images(top, "--in-place", "-y", *HALF, "--json").counts(done=0, unchanged=2)
    equal(stamps(top), after, "the second run in place")
    # A new source is done, and those that were done stay.
    write(os.path.join(top, "c.png"), png(24, 16, seed=9))
    images(top, "--in-place", "-y", *HALF, "--json").counts(done=1, unchanged=2)
    equal(png_head(read(os.path.join(top, "a.png")))[:2], (12, 8), "a.png stays")


def test_in_place_beside(folder):
    top = sources(folder, "a.png", "x/b.png")
    before = tree(top)
    options = ("--in-place", "--name", "{dir}/{stem}-small.{ext}", "--exclude", "*-small.png",
               *HALF)
    images(top, *options, "--json").counts(done=2)
    after = tree(top)
    equal({k: v for k, v in after.items() if b"small" not in k}, before, "the sources")
    equal(sorted(k for k in after if b"small" in k), [b"a-small.png", b"x/b-small.png"], "names")
    images(top, *options, "--json").counts(done=0, unchanged=2)
    same_tree(tree(top), after, "the second run")


# ---- what is left alone -------------------------------------------------------------------------


def test_if_changed(folder):
    top = sources(folder, *["%d.png" % n for n in range(6)])
    out = os.path.join(folder, "out")
    go = lambda *more, **kw: images(top, "-o", out, *HALF, "--json", *more, **kw)
    go().counts(done=6)
    whole = tree(out)
    before = stamps(out)
    go().counts(done=0, unchanged=6)
    go("--workers", "1", "--cpu", "c", "--halt", "soon", "--strict").counts(unchanged=6)
    equal(stamps(out), before, "outputs of a run that had nothing to do")
    write(os.path.join(top, "1.png"), png(24, 16, seed=77))
    os.unlink(os.path.join(out, "2.png"))
    done = go()
    done.counts(done=2, unchanged=4)
    why = {name: item["reason"] for name, item in done.items().items()}
    equal((why["0.png"], why["1.png"]), ("unchanged", "the source changed"), "reasons")
    true("output" in why["2.png"], why["2.png"])
    equal(tree(out)[b"2.png"], whole[b"2.png"], "an output that was made again")
    # Somebody else's work is not thrown away, unless asked.
    write(os.path.join(out, "3.png"), b"mine now")
    done = go(code=3)
    done.counts(done=0, failed=1, unchanged=5)
    equal(read(os.path.join(out, "3.png")), b"mine now", "a modified output")
    go("-y").counts(done=1, unchanged=5)
    equal(tree(out)[b"3.png"], whole[b"3.png"], "replaced by -y")
    # Other settings make all of them again, over what is ours, without -y.
    images(top, "-o", out, "--vf", "scale=iw/4:ih/4", "--json").counts(done=6)
    equal(png_head(read(os.path.join(out, "5.png")))[:2], (6, 4), "size")
    # The same bytes with another time are looked at again; nothing else is.
    os.utime(os.path.join(top, "4.png"), (1, 1))
    images(top, "-o", out, "--vf", "scale=iw/4:ih/4", "--json").counts(done=1, unchanged=5)


def test_if_others(folder):
    top = sources(folder, "a.png", "b.png", "c.png")
    out = os.path.join(folder, "out")
    images(top, "-o", out)
    before = stamps(out)
    images(top, "-o", out, *HALF, "--if", "missing", "--json").counts(done=0, skipped=3)
    equal(stamps(out), before, "outputs that exist, --if missing")
    os.unlink(os.path.join(out, "a.png"))
    images(top, "-o", out, *HALF, "--if", "missing", "--json").counts(done=1, skipped=2)
    images(top, "-o", out, "--if", "newer", "--json").counts(done=0, skipped=3)
    future = time.time() + 100
    os.utime(os.path.join(top, "b.png"), (future, future))
    images(top, "-o", out, "--if", "newer", "--json").counts(done=1, skipped=2)
    images(top, "-o", out, "--if", "always", "--json").counts(done=3, skipped=0)
    # Foreign ones exist, too; and to replace them is another question.
    other = os.path.join(folder, "other")
    write(os.path.join(other, "a.png"), b"foreign")
    images(top, "-o", other, "--if", "missing", "--json").counts(done=2, skipped=1)
    images(top, "-o", other, "--if", "always", "--json", code=3).counts(done=2, failed=1)
    equal(read(os.path.join(other, "a.png")), b"foreign", "a foreign file")


def test_foreign_outputs(folder):
    top = sources(folder, "a.png", "b.png")
    out = os.path.join(folder, "out")
    for name in ("a.png", "b.png"):
        write(os.path.join(out, name), b"foreign " + name.encode())
    done = images(top, "-o", out, "--json", code=5)
    done.counts(failed=2, done=0).said("-y")
    equal(tree(out), {b"a.png": b"foreign a.png", b"b.png": b"foreign b.png"}, "foreign files")
    os.unlink(os.path.join(out, "b.png"))
    images(top, "-o", out, "--json", code=3).counts(failed=1, done=1)
    images(top, "-o", out, "--json", "-y").counts(done=1, unchanged=1, failed=0)
    # A folder in the place of an output is told of before anything starts.
    os.makedirs(os.path.join(folder, "out2/a.png"))
    refused(folder, top, "-o", os.path.join(folder, "out2"), "-y", words=("a.png",))
    # So is a dangling link, which is something.
    os.mkdir(os.path.join(folder, "out3"))
    os.symlink("nowhere", os.path.join(folder, "out3", "a.png"))
    images(top, "-o", os.path.join(folder, "out3"), code=3)
    true(os.path.islink(os.path.join(folder, "out3", "a.png")), "the link is left alone")
    true(not os.path.exists(os.path.join(folder, "out3", "nowhere")), "a link was followed")
    images(top, "-o", os.path.join(folder, "out3"), "-y")
    true(not os.path.islink(os.path.join(folder, "out3", "a.png")), "the link is replaced")


def test_dry_run(folder):
    top = sources(folder, "a.png", "b.png", "s.txt", "x/c.png")
    write(os.path.join(top, "s.txt"), b"text")
    write(os.path.join(top, "film.mp4"), b"\0\0\0\x18ftypmp42")
    os.symlink("x", os.path.join(top, "y"))
    out = os.path.join(folder, "out")
    refused(folder, top, "-o", out, "--dry-run", code=0, words=("3 to do", "skipped"))
    text = images(top, "-o", out, "--dry-run").out.decode()
    true(" -> a.png" in text and "no picture" in text, text)
    lines = [json.loads(line) for line in images(top, "-o", out, "--dry-run", "--json").out
             .splitlines()]
    true(not os.path.exists(out), "a dry run made the folder")
    equal({(os.path.relpath(l["source"], top), l["action"]) for l in lines},
          {("a.png", "do"), ("b.png", "do"), ("x/c.png", "do"), ("s.txt", "skip"),
           ("film.mp4", "skip"), ("y", "skip")}, "the plan")
    true(all(l["schema"] == "framewheel-batch-plan/1" and l["reason"] for l in lines), lines)
    images(top, "-o", out)
    write(os.path.join(out, "b.png"), b"other")
    changed = tree(folder, hidden=True)
    plan = images(top, "-o", out, "--dry-run", "--json").out
    same_tree(tree(folder, hidden=True), changed, "a dry run of a known folder")
    equal({os.path.basename(json.loads(l)["source"]): json.loads(l)["action"]
           for l in plan.splitlines()}["b.png"], "fail", "a changed output")


# ---- what goes wrong ----------------------------------------------------------------------------


def broken(folder, good=3, bad=2):
    top = sources(folder, *["good%d.png" % n for n in range(good)])
    for n in range(bad):
        write(os.path.join(top, "bad%d.png" % n), png(24, 16, seed=n)[:-30 - n])
    return top


def test_exit_codes(folder):
    top = broken(folder)
    done = images(top, "-o", os.path.join(folder, "mixed"), "--json", code=3)
    done.counts(done=3, failed=2)
    equal(names(os.path.join(folder, "mixed")), ["good%d.png" % n for n in range(3)], "outputs")
    equal(sum(cause["count"] for cause in done.report["causes"]), 2, "causes")
    only = broken(os.path.join(folder, "bad"), good=0)
    images(only, "-o", os.path.join(folder, "out1"), code=4)
    text = os.path.join(folder, "text")
    write(os.path.join(text, "a.txt"), b"words")
    write(os.path.join(text, "b.heic"), b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    write(os.path.join(text, "c.avif"), b"\0\0\0\x1cftypavif\0\0\0\0avifmif1")
    write(os.path.join(text, "d.jxl"), b"\xff\x0a\x7f\x0f")
    write(os.path.join(text, "e.svg"), b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    done = images(text, "-o", os.path.join(folder, "out2"), "--json", code=4)
    done.counts(no_pictures=5, done=0, failed=0)
    said = {os.path.basename(i["source"]): i.get("error", "") for i in done.report["items"]}
    true("HEI" in said["b.heic"] and "cannot be read" in said["b.heic"], said)
    true("AVIF" in said["c.avif"], said)
    kinds = {kind["cause"]: kind["count"] for kind in done.report["others"]}
    equal(sorted(kinds.values()), [1] * 5, "kinds that are left out: %r" % kinds)
    done.said("1 x AVIF cannot be read:", "1 x JPEG XL cannot be read:")
    true("JPEG XL" in said["d.jxl"], said)
    os.mkdir(os.path.join(folder, "none"))
    images(os.path.join(folder, "none"), "-o", os.path.join(folder, "out3"), "--json").counts(items=0)


def test_failed_items_stay_failed(folder):
    top = broken(folder, good=1, bad=1)
    out = os.path.join(folder, "out")
    first = images(top, "-o", out, "--json", code=3)
    again = images(top, "-o", out, "--json", code=3)
    again.counts(unchanged=1, failed=1, done=0)
    true("retry-failed" in again.items()["bad0.png"].get("error", "") or
         b"--retry-failed" in again.err, again.text())
    equal(ledger(out, "select attempts from items where output='bad0.png'"), [(1,)],
          "attempts without --retry-failed")
    images(top, "-o", out, "--json", "--retry-failed", code=3).counts(failed=1)
    equal(ledger(out, "select attempts from items where output='bad0.png'"), [(2,)],
          "attempts with --retry-failed")
    write(os.path.join(top, "bad0.png"), png(24, 16))
    images(top, "-o", out, "--json").counts(done=1, unchanged=1, failed=0)
    true(first.report["status"] == "some-failed", first.report["status"])


def test_halt(folder):
    top = sources(folder, *["b%03d.png" % n for n in range(60)])
    write(os.path.join(top, "a.png"), b"\x89PNG\r\n\x1a\nrubbish")
    for word, most in (("soon", 40), ("now", 40)):
        out = os.path.join(folder, word)
        done = images(top, "-o", out, "--json", "--workers", "1", "--halt", word, code=(3, 4))
        counts = done.report["counts"]
        equal(counts["failed"], 1, word)
        true(counts["done"] <= most and counts["not_begun"] > 0, "%s: %r" % (word, counts))
        equal(len(names(out)), counts["done"], "outputs after --halt " + word)
        equal([n for n in tree(out, hidden=True) if n.startswith(b".") and n != b".framewheel.db"],
              [], "hidden files after --halt " + word)
    images(top, "-o", os.path.join(folder, "soon"), "--json", code=3).counts(failed=1, not_begun=0)
    equal(len(names(os.path.join(folder, "soon"))), 60, "outputs of the run after it")


def test_strict_and_verify(folder):
    top = os.path.join(folder, "in")
    write(os.path.join(top, "alpha.png"), png(color=RGBA))
    write(os.path.join(top, "plain.png"), png())
    done = images(top, "-o", os.path.join(folder, "lax"), "--to", "jpg", "--json")
    losses = done.items()["alpha.jpg"].get("losses", [])
    true(any("alpha" in loss["detail"] for loss in losses), losses)
    equal(done.report["counts"]["with_losses"] >= 1, True, "counted")
    done = images(top, "-o", os.path.join(folder, "strict"), "--to", "jpg", "--json", "--strict",
                  code=(3, 6))
    true("alpha.jpg" not in names(os.path.join(folder, "strict")), "a lossy output was named")
    images(top, "-o", os.path.join(folder, "verified"), "--verify", "decode", "--json",
           *HALF).counts(done=2)


# ---- what is kept -------------------------------------------------------------------------------


def test_preserve(folder):
    top = sources(folder, "a.png", "b.png")
    path = os.path.join(top, "a.png")
    os.chmod(path, 0o640)
    os.utime(path, ns=(1000000007, 123456789012345678))
    out = os.path.join(folder, "out")
    images(top, "-o", out, *HALF, "--preserve", "times,mode")
    status = os.stat(os.path.join(out, "a.png"))
    equal(status.st_mtime_ns, 123456789012345678, "time")
    equal(stat.S_IMODE(status.st_mode), 0o640, "mode")
    images(top, "-o", out, *HALF, "--preserve", "times,mode", "--json").counts(unchanged=2)
    images(top, "-o", os.path.join(folder, "plain"), *HALF)
    status = os.stat(os.path.join(folder, "plain", "a.png"))
    true(status.st_mtime_ns > 123456789012345678 * 2, "a time of its own")
    mask = os.umask(0)
    os.umask(mask)
    equal(stat.S_IMODE(status.st_mode), 0o666 & ~mask, "the usual mode")


# ---- reports ------------------------------------------------------------------------------------


def test_reports(folder):
    top = broken(folder, good=2, bad=1)
    write(os.path.join(top, "t.txt"), b"x")
    out, path, log = (os.path.join(folder, name) for name in ("out", "r.json", "log.tsv"))
    done = images(top, "-o", out, "--json", "--report", path, "--joblog", log, code=3)
    with open(path, encoding="utf-8") as stream:
        report = json.load(stream)
    equal(report["counts"], done.report["counts"], "the two reports")
    equal((report["schema"], report["exit"]), ("framewheel-batch/1", 3), "head")
    equal({i["output"]: i["status"] for i in report["items"]},
          {"good0.png": "done", "good1.png": "done", "bad0.png": "failed", "t.txt": "skipped"},
          "items")
    counts = report["counts"]
    equal(counts["items"], sum(counts[k] for k in ("done", "unchanged", "skipped", "failed",
                                                   "not_begun")), "counts add up")
    equal(report["bytes"]["out"], sum(len(v) for v in tree(out).values()), "bytes written")
    lines = read(log).decode().splitlines()
    equal(lines[0].split("\t"), ["Seq", "Host", "Starttime", "JobRuntime", "Send", "Receive",
                                 "Exitval", "Signal", "Command"], "columns")
    equal(len(lines), 5, "lines of the job log: %r" % lines)
    codes = {line.split("\t")[8].rsplit("/", 1)[1].rstrip("'"): line.split("\t")[6]
             for line in lines[1:]}
    equal((codes["good0.png"], codes["bad0.png"]), ("0", "4"), "exit codes in the job log")
    images(top, "-o", out, "--joblog", log, "--retry-failed", code=3)
    true(len(read(log).decode().splitlines()) > 5, "the job log grows")
    status = json.loads(images(top, "-o", out, "--json", code=3).out)["counts"]
    equal(status["unchanged"], 2, "unchanged")


def test_progress(folder):
    top = sources(folder, *["%d.png" % n for n in range(40)])
    write(os.path.join(top, "t.txt"), b"x")
    done = images(top, "-o", os.path.join(folder, "out"), "--progress", "json",
                  "--progress-interval", "20ms", "--durability", "none")
    lines = [json.loads(line) for line in done.out.splitlines()]
    true(len(lines) >= 2, lines)
    for line in lines[:-1]:
        equal(line["schema"], "framewheel-batch-progress/1", "schema")
        true(line["done"] + line["skipped"] + line["failed"] + line["unchanged"] <= line["items"],
             line)
    equal((lines[-1]["type"], lines[-1].get("status")), ("end", "ok"), "the last line")
    equal(lines[-1]["counts"]["done"], 40, "done at the end: %r" % lines[-1])
    done = images(top, "-o", os.path.join(folder, "out2"), "--progress", "ffmpeg")
    true(done.out.decode().rstrip().endswith("progress=end"), done.out[-200:])
    equal(images(top, "-o", os.path.join(folder, "out3"), "-q").err, b"", "quiet")


# ---- names --------------------------------------------------------------------------------------

HOSTILE = [b" ", b"  two  ", b"new\nline.png", b"-y", b"--in-place", b"-", b"%d.png", b"%05d.png",
           b"data:x.png", b"file:x.png", b"http:", b"pipe:1", b"concat:a|b", b"\xff\xfe.png",
           b"\xc3\x28.png", b"caf\xc3\xa9.png", b"\xed\xa0\x80", b"\x1b[31mred.png",
           b"\x1b]0;title\x07.png", b"\x07bell", b"tab\there", b"\x01\x02\x03", b"\x7f", b"'", b'"',
           b"`id`", b"$(id)", b"$HOME", b";id", b"&", b"|", b">out", b"<in", b"*", b"?", b"[a]",
           b"{stem}", b"{n}", b"{{", b"}", b"\\", b"\\n", b"#", b"~", b"~root", b"!", b":", b"a:b",
           b"=", b"a=b.png", b",", b"@list", b".png", b"..png", b"...", b"x" * 255, b"x" * 251 +
           b".png", b"\xe2\x80\xae.png", b"\xf0\x9f\x98\x80.png", b"name.", b"CON", b"a\rb.png"]


def test_hostile_names(folder):
    true(len(HOSTILE) >= 60, len(HOSTILE))
    top = os.path.join(os.fsencode(folder), b"in")
    for n, name in enumerate(HOSTILE):
        write(os.path.join(top, name), png(8, 8, seed=n))
        if n % 5 == 0 and len(name) < 255:
            write(os.path.join(top, name + b"d", name), png(8, 8, seed=n))
    out = os.path.join(os.fsencode(folder), b"out")
    done = images(top, "-o", out, "--json", "--joblog", os.path.join(folder, "log"))
    wanted = {key for key, value in tree(top).items()}
    equal(set(tree(out)), wanted, "names")
    true(b"\x1b" not in done.err and b"\x07" not in done.err, "control bytes on stderr")
    true(b"\x1b" not in done.out, "an escape byte in the report")
    json.loads(done.out.decode("utf-8"))
    before = stamps(out)
    images(top, "-o", out, "--json").counts(done=0, failed=0)
    equal(stamps(out), before, "a second run")
    # All of them by list, and as arguments; a name that looks like an option stands behind --.
    listed = b"\0".join(os.path.join(top, name) for name in HOSTILE)
    images("--files0-from", "-", "-o", out + b"2", stdin=listed)
    equal(set(tree(out + b"2")), set(HOSTILE), "names from a list")
    images("-o", out + b"3", "--", *HOSTILE, cwd=top)
    equal(set(tree(out + b"3")), set(HOSTILE), "names as arguments")
    for name in HOSTILE:
        write(os.path.join(top, name), b"\x89PNG\r\n\x1a\nrubbish")
    done = images(top, "-o", out + b"4", "--progress", "line", code=3)
    true(b"\x1b" not in done.err and b"\x07" not in done.err, "control bytes in errors")
    plan = images(top, "-o", out + b"5", "--dry-run")
    true(b"\x1b" not in plan.out + plan.err, "control bytes in a plan")
    for line in images(top, "-o", out + b"5", "--dry-run", "--json").out.splitlines():
        json.loads(line)


def test_long_names_of_other_kinds(folder):
    """Where a name gets longer than a name may be, it is told of before anything starts."""
    top = os.path.join(folder, "in")
    write(os.path.join(top, "y" * 252 + ".ff"), png())
    out = os.path.join(folder, "out")
    images(top, "-o", out, "--to", "ff")
    refused(folder, top, "-o", os.path.join(folder, "never"), "--to", "webp", words=("255",))
    deep = top
    for n in range(20):
        deep = os.path.join(deep, "d%02d" % n + "z" * 240)
    # Longer than a path may be in one call.
    os.makedirs(os.path.join(top, "d00"))
    here = os.open(top, os.O_RDONLY)
    for n in range(20):
        name = "d%02d" % n + "z" * 240
        os.mkdir(name, dir_fd=here)
        there = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = there
    with open(os.open("p.png", os.O_WRONLY | os.O_CREAT, dir_fd=here), "wb") as stream:
        stream.write(png())
    os.close(here)
    done = images(top, "-o", os.path.join(folder, "deep"), "--json")
    done.counts(done=2, failed=0)
    images(top, "-o", os.path.join(folder, "deep"), "--json").counts(done=0, unchanged=2)

def test_summary_names_what_is_less(folder):
    top = sources(folder, "a.png", "b.png")
    write(os.path.join(top, "empty.jpg"), b"")
    write(os.path.join(top, "words.txt"), b"words")
    done = images(top, "-o", os.path.join(folder, "out"), "--vf", "format=yuv420p")
    done.said("2 outputs hold less", "2 x converted: yuv420p to rgb24", "a.png",
              "1 x no picture, though its name says so", "empty.jpg")
    true(b"words.txt" not in done.err, "what never was a picture is not named")


# ---- surroundings -------------------------------------------------------------------------------


def test_few_descriptors(folder):
    """However few files a process may have open: what is not done is told of, and comes later."""
    top = sources(folder, *["%s/%d.png" % (d, n) for d in "abc" for n in range(4)])
    out = os.path.join(folder, "out")
    ends = set()
    for limit in (8, 12, 16, 20, 28, 64):
        done = subprocess.run(["sh", "-c", "ulimit -n %d; exec \"$@\"" % limit, "sh", FRAMEWHEEL,
                               "images", top, "-o", out, *HALF, "--workers", "2", "--progress",
                               "none"], capture_output=True, check=False)
        one_of(done.returncode, (0, 1, 3, 5), "the exit code with %d files" % limit)
        if done.returncode:
            true(b"Too many open files" in done.stderr, "the reason is told: %r" % done.stderr)
        equal([name for name in names(out) if not name.endswith(".png")], [], "left behind")
        ends.add(done.returncode)
    true(0 in ends and len(ends) > 1, "some were enough, some were not: %s" % ends)
    fresh = os.path.join(folder, "fresh")
    images(top, "-o", fresh, *HALF)
    same_tree(tree(out), tree(fresh), "after runs with few files")


def test_outputs_within_outputs(folder):
    """A folder that another run keeps below the output is left as it is."""
    top = sources(folder, "a.png", "b/c.png")
    inner, outer = os.path.join(folder, "out", "b", "in"), os.path.join(folder, "out")
    images(top, "-o", inner, *HALF)
    before = tree(inner, hidden=True)
    images(top, "-o", outer, *HALF, "--json").counts(done=2)
    same_tree(tree(inner, hidden=True), before, "the inner folder")
    images(top, "-o", inner, *HALF, "--json").counts(done=0, unchanged=2)
    images(top, "-o", outer, *HALF, "--json").counts(done=0, unchanged=2)


def test_chains_that_read_files(folder):
    """The workers are locked up: what a chain reads is opened before, and decides as settings do."""
    top = sources(folder, "a.png", "b.png")
    logo = write(os.path.join(folder, "logo.png"), png(6, 6, seed=77))
    done = {}
    for name, chain in (("own", "overlay=%s:3:2" % logo),
                        ("graph", "movie=%s[l];[in][l]overlay=3:2" % logo)):
        done[name] = os.path.join(folder, name)
        images(top, "-o", done[name], "--vf", chain, "--json").counts(done=2)
        images(top, "-o", done[name], "--vf", chain, "--json").counts(done=0, unchanged=2)
    plain = os.path.join(folder, "plain")
    images(top, "-o", plain, "--vf", "format=yuv420p")
    true(read(os.path.join(plain, "a.png")) != read(os.path.join(done["own"], "a.png")), "a logo")
    write(logo, png(6, 6, seed=78))
    images(top, "-o", done["own"], "--vf", "overlay=%s:3:2" % logo, "--json").counts(done=2)


if __name__ == "__main__":
    main([function for name, function in list(globals().items()) if name.startswith("test_")], 2)
