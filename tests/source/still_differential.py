#!/usr/bin/env python3
"""Pictures against other programs: real files decode to the pixels that ffmpeg and dwebp give, and
what is written is read by them to the same. Arguments: the program still_dump."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

DUMP = sys.argv[1]
ROOT = pathlib.Path(__file__).resolve().parents[2]
MEDIA = pathlib.Path(os.environ.get("FRAMEWHEEL_MEDIA") or ROOT.parent / "shared" / "media")
counts = {"passed": 0, "failed": 0, "skipped": 0}


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, timeout=120)


def pixels(file):
    """(facts of the first line of stderr, delays, raw pixels)"""
    result = run(DUMP, "pixels", file)
    lines = result.stderr.decode().splitlines()
    if result.returncode:
        raise AssertionError("%s: %s" % (file, lines))
    facts = next(line.split() for line in lines if line.startswith("picture"))
    delays = [int(line.split()[1]) for line in lines if line.startswith("delay")]
    return facts, delays, result.stdout


def oracle(file, form):
    result = run("ffmpeg", "-v", "error", "-i", file, "-fps_mode", "passthrough", "-f", "rawvideo",
                 "-pix_fmt", form, "-")
    if result.returncode or result.stderr:
        raise AssertionError("ffmpeg: %s" % result.stderr.decode())
    return result.stdout


def without_hidden(raw):
    """rgba whose colours under full transparency are black: nobody sees them."""
    data = bytearray(raw)
    for at in range(3, len(data), 4):
        if data[at] == 0:
            data[at - 3:at] = b"\0\0\0"
    return bytes(data)


def check(name, call):
    try:
        call()
        counts["passed"] += 1
    except AssertionError as error:
        counts["failed"] += 1
        print("FAILED %s: %s" % (name, str(error)[:400]))


def same(ours, theirs, what):
    if ours != theirs:
        at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), -1)
        raise AssertionError("%s: %d and %d bytes, first difference at %d" %
                             (what, len(ours), len(theirs), at))


def like_ffmpeg(file):
    facts, _, ours = pixels(file)
    form = facts[4]
    theirs = oracle(file, form)
    if form == "rgba":
        ours, theirs = without_hidden(ours), without_hidden(theirs)
    same(ours, theirs, "%s %s" % (file.name, form))


def like_dwebp(file):
    facts, _, ours = pixels(file)
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "x.pam"
        run("dwebp", "-quiet", "-pam", file, "-o", out)
        theirs = out.read_bytes().split(b"ENDHDR\n", 1)[1]
    if facts[4] == "rgb24":
        theirs = b"".join(theirs[i:i + 3] for i in range(0, len(theirs), 4))
    same(ours, theirs, file.name)


def written(source, name, form, folder):
    """A copy as another kind holds the same pixels for ffmpeg."""
    out = folder / name
    result = run(DUMP, "copy", source, out)
    if result.returncode:
        raise AssertionError(result.stderr.decode())
    same(oracle(out, form), oracle(source, form), name)


def make(folder, name, form, extra=()):
    out = folder / name
    if out.exists():
        return out
    result = run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=61x47", "-frames:v", 1,
                 "-pix_fmt", form, *extra, "-y", out)
    if result.returncode:
        raise AssertionError(result.stderr.decode())
    return out


def foreign(folder, name, form, extra=()):
    like_ffmpeg(make(folder, name, form, extra))


FOREIGN = [("a.tif", "rgb24", ("-compression_algo", "lzw")), ("b.tif", "gray16le", ()),
           ("c.tif", "rgba64le", ("-compression_algo", "deflate")), ("d.tif", "pal8", ()),
           ("e.tif", "yuv420p", ()), ("f.tif", "monob", ()), ("g.bmp", "bgr24", ()),
           ("h.bmp", "pal8", ()), ("i.bmp", "rgb565le", ()), ("j.bmp", "monob", ()),
           ("k.ppm", "rgb48be", ()), ("l.pgm", "gray", ()), ("m.pbm", "monow", ()),
           ("n.pam", "rgba64be", ()), ("o.pam", "ya8", ()), ("p.exr", "gbrapf32le", ()),
           ("q.exr", "gbrpf32le", ("-format", "half", "-compression", "zip1")),
           ("r.qoi", "rgba", ()), ("s.qoi", "rgb24", ()), ("t.gif", "pal8", ())]
COPIES = [("rgb.tif", "rgb24", ["1.tif", "1.ppm", "1.pam", "1.qoi"]),
          ("rgba.tif", "rgba", ["2.tif", "2.pam", "2.qoi"]),
          ("deep.tif", "rgb48le", ["3.tif", "3.ppm", "3.pam"]),
          ("deepa.tif", "rgba64le", ["4.tif", "4.pam"]),
          ("gray.tif", "gray", ["5.tif", "5.pgm", "5.pam", "5.bmp"]),
          ("gray16.tif", "gray16le", ["6.tif", "6.pgm"]),
          ("pal.bmp", "pal8", ["7.bmp", "7.gif", "7.tif"]),
          ("float.exr", "gbrpf32le", ["8.exr"]), ("x.bmp", "bgr24", ["9.bmp"])]


def icc_in_tiff(folder):
    """libtiff and exiftool find the profile that stood in a WebP file."""
    source = MEDIA / "test/images/photo-iccp-adobergb.webp"
    out = folder / "profile.tif"
    result = run(DUMP, "copy", source, out)
    if result.returncode:
        raise AssertionError(result.stderr.decode())
    told = run("tiffinfo", "-D", out)
    if told.returncode or told.stderr:
        raise AssertionError(told.stderr.decode())
    names = [run("exiftool", "-s3", "-ICC_Profile:ProfileDescription", f).stdout
             for f in (source, out)]
    if not names[0] or names[0] != names[1]:
        raise AssertionError("profiles %s" % names)


def gif_again(file, folder):
    """An animation written again has the same canvases and delays."""
    out = folder / ("again-" + file.name)
    result = run(DUMP, "copy", file, out)
    if result.returncode:
        raise AssertionError(result.stderr.decode())
    first, second = pixels(file), pixels(out)
    same(str(second[1]), str(first[1]), "delays")
    same(without_hidden(second[2]) if second[0][4] == "rgba" else second[2],
         without_hidden(first[2]) if first[0][4] == "rgba" else first[2], "canvases")
    like_ffmpeg(out)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for row in FOREIGN:
            check("foreign " + row[0], lambda: foreign(folder, *row))
        for source, form, names in COPIES:
            for copy in names:
                check("copy %s to %s" % (source, copy),
                      lambda: written(make(folder, source, form), copy, form, folder))
        files = sorted(MEDIA.glob("test/images/*.tif")) + sorted(MEDIA.glob("test/images/*.exr"))
        gifs = sorted(MEDIA.glob("test/images/*.gif")) + sorted(MEDIA.glob("ship/jpeg/*.gif"))
        webps = sorted(MEDIA.glob("test/images/*.webp")) if shutil.which("dwebp") else []
        for file in files + gifs:
            check(file.name, lambda: like_ffmpeg(file))
        for file in gifs:
            check("again " + file.name, lambda: gif_again(file, folder))
        for file in webps:
            check(file.name, lambda: like_dwebp(file))
        if webps and shutil.which("tiffinfo") and shutil.which("exiftool"):
            check("icc in tiff", lambda: icc_in_tiff(folder))
        else:
            counts["skipped"] += 1
        counts["skipped"] += 0 if files and gifs else 1
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % counts)
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    if not shutil.which("ffmpeg"):
        sys.exit(77)
    sys.exit(main())
