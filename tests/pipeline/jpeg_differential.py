"""Every JPEG of the media: pixels as djpeg's, whole and shrunk; metadata through a copy."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

TOOL = os.environ["FW_JPEG_TOOL"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
MEDIA = pathlib.Path(os.environ.get("FRAMEWHEEL_MEDIA") or ROOT.parent / "shared" / "media")
passed = failed = skipped = 0


def output(command):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=100, check=False)
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


def check(what, good, text=""):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print("FAILED %s %s" % (what, text))


def pixels(path):
    for shrink in (1, 2, 4, 8):
        code, ours, text = output([TOOL, "read", path, shrink])
        theirs = output(["djpeg", "-pnm", "-scale", "1/%d" % shrink, path])[1]
        check("%s at 1/%d" % (path.name, shrink), code == 0 and ours == theirs and len(ours) > 20,
              text)


def copies(files, folder):
    for number, path in enumerate(files):
        code, _, text = output([TOOL, "copy", path, folder / ("%d.jpg" % number)])
        check("copy of " + path.name, code == 0, text)


# What a tool that is not ours sees of EXIF, its thumbnail and the other blocks.
def metadata(files, folder):
    groups = ["EXIF", "XMP", "ICC_Profile", "IPTC", "JFIF"]
    names = [str(path) for path in files]
    names += [str(folder / ("%d.jpg" % number)) for number in range(len(files))]
    told = json.loads(output(["exiftool", "-j", "-b", "-G1", "-Comment", "-ThumbnailImage"] +
                             ["-%s:all" % group for group in groups] + names)[1])
    told = {tags.pop("SourceFile"): tags for tags in told}
    for number, path in enumerate(files):
        one, two = told.get(names[number]), told.get(names[len(files) + number])
        check("metadata of " + path.name, one is not None and one == two)


# A JPEG without a change of pixels keeps its coding: about as many bytes again, and the same
# picture but for rounding, and for chroma that is made smaller once more where planes fit no format.
def generation(path, copy):
    one = output(["djpeg", "-pnm", path])[1]
    two = output(["djpeg", "-pnm", copy])[1]
    check("size of " + path.name, len(one) == len(two))
    off = sum(abs(a - b) for a, b in zip(one[::97], two[::97])) / max(1, len(one[::97]))
    check("second generation of " + path.name, off < 1.5, "off by %.3f" % off)


def main():
    global skipped
    files = sorted(path for path in MEDIA.rglob("*.jp*g") if path.is_file())
    if not files or not shutil.which("djpeg"):
        print("0 passed, 0 failed, 1 skipped")
        return 77
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        copies(files, folder)
        if shutil.which("exiftool"):
            metadata(files, folder)
        else:
            skipped += 1
        seen = set()
        for number, path in enumerate(files):
            pixels(path)
            coding = hashlib.sha256(path.read_bytes()[:600]).digest()
            if coding not in seen and "cmyk" not in path.name:
                generation(path, folder / ("%d.jpg" % number))
            seen.add(coding)
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 1 if failed else 0


sys.exit(main())
