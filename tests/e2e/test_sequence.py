#!/usr/bin/env python3
"""Numbered pictures and folders of them, read and written: against ffmpeg, and every way to fail."""
import json
import os
import pathlib
import shutil
import signal
import struct
import time
import zlib

import lib
from lib import Skipped, framewheel, ffmpeg, need, same_frames

FRAMES = 12
SIZE = "96x64"
SLOW = "lavfi.nlmeans=s=4:r=15"


def png(path, width, height, colour):
    """A plain RGB picture, without any program's help."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))
    rows = (b"\0" + bytes(colour) * width) * height
    path.write_bytes(b"\x89PNG\r\n\x1a\n"
                     + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def colours(path, count=None):
    """The first pixel of each frame of a video or a sequence, as ffmpeg sees it."""
    raw = ffmpeg("-i", path, "-vf", "crop=1:1:0:0:exact=1", "-fps_mode", "passthrough", "-pix_fmt",
                 "rgb24", "-f", "rawvideo", "-").out
    found = [tuple(raw[i:i + 3]) for i in range(0, len(raw), 3)]
    need(count is None or len(found) == count, "%d frames, wanted %s" % (len(found), count))
    return found


def shade(n):
    return (n % 256, 255 - n % 256, n // 256)


def folder_of(shop):
    folder = shop.fresh("")
    folder.mkdir()
    return folder


def numbered(shop, numbers, form="f%03d.png", size=(8, 8)):
    folder = folder_of(shop)
    for n in numbers:
        png(folder / (form % n), *size, shade(n))
    return folder


def testsrc(folder, name="%05d.png", *more):
    folder.mkdir(parents=True, exist_ok=True)
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=%s:r=24" % SIZE, "-frames:v", FRAMES, *more,
           folder / name)
    return folder


def clip(shop, path):
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=%s:r=24" % SIZE, "-f", "lavfi", "-i", "sine",
           "-frames:v", FRAMES, "-shortest", "-c:v", "ffv1", "-pix_fmt", "bgr0", "-c:a", "flac",
           path)


def hidden(folder):
    return [name for name in os.listdir(folder) if name.startswith(".framewheel-")]


def empty(folder, what):
    need(not os.listdir(folder), "%s left %s" % (what, sorted(os.listdir(folder))[:5]))


def report_of(result):
    return json.loads(result.out)


suite = lib.Suite({"clip.mkv": clip})


# ---- in ---------------------------------------------------------------------------------------


def pictures_in(shop, name, rate, *more):
    folder = testsrc(folder_of(shop), name.replace("{n:05}", "%05d"), *more)
    ours, theirs = shop.fresh(".mov"), shop.fresh(".mov")
    framewheel("run", folder / name, ours, "-r", rate, "-c:v", "png", "-pix_fmt", "rgb24")
    ffmpeg("-framerate", rate, "-i", folder / name.replace("{n:05}", "%05d"), "-c:v", "png",
           "-pix_fmt", "rgb24", theirs)
    a, b = lib.decoded(ours), lib.decoded(theirs)
    lib.same_head(a, b)
    same_frames(a.of(0), b.of(0), pixels=name.endswith("png"))


for case in (("%05d.png", "24"), ("a b%03d.png", "30000/1001"), ("{n:05}.png", "25"),
             ("%d.png", "12.5", "-pix_fmt", "gray"), ("%05d.png", "24", "-pix_fmt", "rgba"),
             ("%05d.png", "24", "-pix_fmt", "rgb48be"), ("%05d.bmp", "24"), ("%05d.jpg", "24")):
    suite.add("in " + " ".join(case), pictures_in, suite.shop, *case)


@suite.check
def framerate_is_r(shop):
    folder = testsrc(folder_of(shop))
    one, two, usual = (shop.fresh(".nut") for _ in range(3))
    framewheel("run", folder / "%05d.png", one, "-r", "10", "-c:v", "ffv1")
    framewheel("run", folder / "%05d.png", two, "-framerate", "10", "-c:v", "ffv1")
    need(one.read_bytes() == two.read_bytes(), "-r and -framerate differ")
    framewheel("run", folder / "%05d.png", usual, "-c:v", "ffv1")
    need(lib.probe(usual)["streams"][0]["avg_frame_rate"] == "25/1", "the usual rate is not 25")
    framewheel("run", folder / "%05d.png", shop.fresh(".nut"), "-framerate", "x", code=2)
    framewheel("run", usual, shop.fresh(".nut"), "-framerate", "10", code=2)


@suite.check
def folder_in_natural_order(shop):
    folder = folder_of(shop)
    for n in (1, 2, 10, 11, 100):
        png(folder / ("img%d.png" % n), 8, 8, shade(n))
    (folder / "notes.txt").write_text("no picture")
    (folder / "sub").mkdir()
    png(folder / "sub" / "img3.png", 8, 8, shade(3))
    out = shop.fresh(".nut")
    for name in (folder, str(folder) + "/"):
        result = framewheel("run", name, out, "-y", "-r", "24", "-c:v", "ffv1", "--json")
        need(colours(out) == [shade(n) for n in (1, 2, 10, 11, 100)], "wrong order or pictures")
        losses = report_of(result)["losses"]
        need(any(l["kind"] == "file" and "1 files" in l["detail"] for l in losses), losses)


@suite.check
def folder_without_pictures(shop):
    folder = folder_of(shop)
    framewheel("run", folder, shop.fresh(".nut"), code=4)
    (folder / "a.txt").write_text("x")
    framewheel("run", folder, shop.fresh(".nut"), code=4)
    framewheel("run", folder / "%03d.png", shop.fresh(".nut"), code=4)
    framewheel("run", folder / "no" / "%03d.png", shop.fresh(".nut"), code=4)


@suite.check
def gaps(shop):
    folder = numbered(shop, (3, 4, 6, 9))
    out = shop.fresh(".nut")
    result = framewheel("run", folder / "f%03d.png", out, code=4)
    need(b"number 5 is missing" in result.err and b"f005.png" in result.err, result.text())
    need(not out.exists(), "there is an output")
    framewheel("run", folder / "f%03d.png", out, "-c:v", "ffv1", "--gaps", "hold")
    need(colours(out) == [shade(n) for n in (3, 4, 4, 6, 6, 6, 9)], "not the held ones")
    framewheel("run", folder, shop.fresh(".nut"), "--gaps", "hold", code=2)
    framewheel("run", out, shop.fresh(".nut"), "--gaps", "hold", code=2)


@suite.check
def start_number(shop):
    folder = numbered(shop, (0, 5, 6, 7))
    out = shop.fresh(".nut")
    framewheel("run", folder / "f%03d.png", out, "-c:v", "ffv1", "-start_number", "5")
    need(colours(out) == [shade(n) for n in (5, 6, 7)], "not from 5 on")
    result = framewheel("run", folder / "f%03d.png", out, "-y", "-start_number", "4", code=4)
    need(b"number 4 is missing" in result.err, result.text())
    framewheel("run", out, shop.fresh(".nut"), "-start_number", "4", code=2)


@suite.check
def parts(shop):
    """-ss, -t and -frames:v count in the pictures' rate."""
    folder = numbered(shop, range(20))
    out = shop.fresh(".nut")
    framewheel("run", folder / "f%03d.png", out, "-c:v", "ffv1", "-r", "10", "-ss", "0.5", "-t",
               "0.4")
    need(colours(out) == [shade(n) for n in range(5, 9)], "not 5 to 8")
    framewheel("run", folder / "f%03d.png", out, "-y", "-c:v", "ffv1", "-frames:v", "3")
    need(colours(out) == [shade(n) for n in range(3)], "not the first three")


@suite.check
def mixed_sizes(shop):
    folder = numbered(shop, (1, 2))
    png(folder / "f003.png", 16, 12, shade(3))
    out = shop.fresh(".nut")
    result = framewheel("run", folder / "f%03d.png", out, "-c:v", "ffv1", "--json")
    stream = lib.probe(out)["streams"][0]
    need((stream["width"], stream["height"]) == (8, 8), "the first does not decide")
    need(colours(out) == [shade(n) for n in (1, 2, 3)], "colours change")
    need(any("16x12" in l["detail"] for l in report_of(result)["losses"]), "no loss is listed")
    result = framewheel("run", folder / "f%03d.png", out, "-y", "--on-change", "error", code=4)
    need(b"f003.png" in result.err, result.text())


@suite.check
def damage(shop):
    folder = numbered(shop, (1, 2, 3, 4))
    broken = folder / "f003.png"
    broken.write_bytes(broken.read_bytes()[:50])
    out = shop.fresh(".nut")
    result = framewheel("run", folder / "f%03d.png", out, code=4)
    need(b"f003.png" in result.err and not out.exists(), result.text())
    framewheel("run", folder / "f%03d.png", out, "-c:v", "ffv1", "--on-error", "conceal", code=9)
    need(colours(out) == [shade(n) for n in (1, 2, 2, 4)], "not concealed")
    framewheel("run", folder / "f%03d.png", out, "-y", "-c:v", "ffv1", "--on-error", "skip", code=9)
    need(colours(out) == [shade(n) for n in (1, 2, 4)], "not skipped")
    first = folder / "f001.png"
    first.write_bytes(b"no picture at all, whatever its name says")
    framewheel("run", folder / "f%03d.png", out, "-y", "-c:v", "ffv1", "--on-error", "skip", code=9)
    need(colours(out) == [shade(n) for n in (2, 4)], "a first one is not skipped")


@suite.check
def orientation(shop):
    """Each file is turned as its own tag says."""
    folder = folder_of(shop)
    plain = folder / "plain.png"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=32x32:r=1", "-frames:v", "1", plain)
    turns = {1: "null", 2: "hflip", 3: "hflip,vflip", 4: "vflip", 5: "transpose=cclock_flip",
             6: "transpose=clock", 7: "transpose=clock_flip", 8: "transpose=cclock"}
    undo = {6: "transpose=cclock", 8: "transpose=clock"}
    for number in turns:
        stored = shop.fresh(".png")
        ffmpeg("-i", plain, "-vf", undo.get(number, turns[number]), stored)
        data = stored.read_bytes()
        tiff = b"II*\0" + struct.pack("<IHHHII", 8, 1, 0x112, 3, 1, number) + b"\0\0\0\0"
        chunk = b"eXIf" + tiff
        whole = (data[:33] + struct.pack(">I", len(tiff)) + chunk
                 + struct.pack(">I", zlib.crc32(chunk)) + data[33:])
        (folder / ("o%d.png" % number)).write_bytes(whole)
    out = shop.fresh(".nut")
    framewheel("run", folder / "o%d.png", out, "-c:v", "ffv1", "-vf", "format=rgb24")
    wanted = lib.decoded(plain, "-pix_fmt", "rgb24").of(0)[0].hash
    found = [frame.hash for frame in lib.decoded(out, "-pix_fmt", "rgb24").of(0)]
    need(found == [wanted] * 8, "upright: %s" % [h == wanted for h in found])
    framewheel("run", folder / "o%d.png", out, "-y", "-c:v", "ffv1", "--rotate", "keep")
    found = {frame.hash for frame in lib.decoded(out, "-pix_fmt", "rgb24").of(0)}
    need(len(found) == 8, "--rotate keep turns")


@suite.check
def hostile_names(shop):
    folder = folder_of(shop)
    odd = folder / "a\n%b 'c' {x}"
    odd.mkdir()
    for n in (1, 2):
        png(odd / ("100%% \n%d.png" % n), 8, 8, shade(n))
    out = shop.fresh(".nut")
    framewheel("run", str(odd) + "/100%% \n%d.png", out, "-c:v", "ffv1")
    need(colours(out) == [shade(1), shade(2)], "a pattern with odd bytes")
    framewheel("run", odd, out, "-y", "-c:v", "ffv1")
    need(colours(out) == [shade(1), shade(2)], "a folder with odd bytes")
    framewheel("run", out, str(odd) + "/%%x%d\n.png")
    need((odd / "%x1\n.png").exists() and (odd / "%x2\n.png").exists(), os.listdir(odd))
    framewheel("run", str(odd) + "/%d-%d.png", out, "-y", code=2)
    framewheel("run", out, str(odd) + "/%d-{n}.png", code=2)


@suite.check
def exact_name(shop):
    """A file whose name looks like a pattern is that file."""
    folder = numbered(shop, (1, 2), "shot%03d.png")
    video = folder / "shot%03d.png"
    shutil.copy(shop.media("clip.mkv"), video)
    out = shop.fresh(".nut")
    framewheel("run", video, out, "-c:v", "ffv1", "-an")
    need(len(lib.decoded(out).of(0)) == FRAMES, "not the file of that name")


@suite.check
def only_files_are_opened(shop):
    folder = numbered(shop, (1, 3))
    os.mkfifo(folder / "f002.png")
    result = framewheel("run", folder / "f%03d.png", shop.fresh(".nut"), code=4, timeout=30)
    need(b"number 2 is missing" in result.err, result.text())
    os.unlink(folder / "f002.png")
    os.symlink(folder / "f001.png", folder / "f002.png")
    out = shop.fresh(".nut")
    framewheel("run", folder / "f%03d.png", out, "-c:v", "ffv1")
    need(colours(out) == [shade(1), shade(1), shade(3)], "a link is not followed")


@suite.check
def probe_and_explain(shop):
    folder = numbered(shop, range(7))
    for name in (folder, folder / "f%03d.png"):
        seen = json.loads(framewheel("probe", name, "--json").out)
        need(seen["video"]["frames"] == 7 and seen["video"]["width"] == 8, seen)
    out = folder_of(shop)
    plan = json.loads(framewheel("explain", folder, out / "%d.png", "--json").out)
    need(plan["output"]["encoder"] == "PNG" and plan["frames"] == 7, plan["output"])
    empty(out, "explain")


# ---- out --------------------------------------------------------------------------------------


@suite.check
def png_out(shop):
    video, out = shop.media("clip.mkv"), folder_of(shop)
    theirs = folder_of(shop)
    result = framewheel("run", video, out / "{n:06}.png", "--json")
    ffmpeg("-i", video, theirs / "%06d.png")
    need(sorted(os.listdir(out)) == sorted(os.listdir(theirs)), sorted(os.listdir(out)))
    same_frames(lib.decoded(out / "%06d.png").of(0), lib.decoded(theirs / "%06d.png").of(0))
    report = report_of(result)
    need(any(l["kind"] == "stream" and "audio" in l["detail"] for l in report["losses"]),
         report["losses"])
    need(report["verified"] == "count" and report["published"].endswith("/{n:06}.png"), report)


@suite.check
def png_out_of_yuv(shop):
    for pixels in ("yuv420p", "yuv422p10le", "yuva420p"):
        video, ours, theirs = shop.fresh(".nut"), folder_of(shop), folder_of(shop)
        ffmpeg("-f", "lavfi", "-i", "testsrc2=s=%s:r=24" % SIZE, "-frames:v", "3", "-pix_fmt",
               pixels, "-c:v", "rawvideo", video)
        framewheel("run", video, ours / "%d.png")
        ffmpeg("-i", video, theirs / "%d.png")
        a, b = (lib.decoded(path / "%d.png") for path in (ours, theirs))
        same_frames(a.of(0), b.of(0))


@suite.check
def rate_out(shop):
    """-r on a video makes its frames more or fewer before they are numbered."""
    out = folder_of(shop)
    framewheel("run", shop.media("clip.mkv"), out / "%d.png", "-r", "12")
    need(len(os.listdir(out)) == FRAMES // 2, os.listdir(out))


@suite.check
def deep_and_alpha_out(shop):
    for pixels in ("rgb48le", "rgba", "gray", "gray16le", "rgba64le"):
        video, out = shop.fresh(".nut"), folder_of(shop)
        ffmpeg("-f", "lavfi", "-i", "testsrc2=s=%s:r=24" % SIZE, "-frames:v", "3", "-pix_fmt",
               pixels, "-c:v", "rawvideo", video)
        framewheel("run", video, out / "%d.png", "--strict")
        a, b = (lib.decoded(path, "-pix_fmt", pixels).of(0) for path in (out / "%d.png", video))
        need([f.hash for f in a] == [f.hash for f in b], "%s differs" % pixels)


@suite.check
def aspect_both_ways(shop):
    video = shop.fresh(".mkv")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=%s:r=24" % SIZE, "-frames:v", "2", "-vf", "setsar=4/3",
           "-pix_fmt", "bgr0", "-c:v", "ffv1", video)
    for ending in ("png", "jpg"):
        ours, theirs, again = folder_of(shop), folder_of(shop), shop.fresh(".mkv")
        framewheel("run", video, ours / ("%d." + ending))
        ffmpeg("-i", video, theirs / ("%d." + ending))
        for folder in (ours, theirs):
            seen = lib.probe(folder / ("1." + ending))["streams"][0]["sample_aspect_ratio"]
            need(seen == "4:3", "%s says %s" % (folder, seen))
            framewheel("run", folder, again, "-y", "-c:v", "ffv1")
            need(lib.probe(again)["streams"][0]["sample_aspect_ratio"] == "4:3", "not read back")


@suite.check
def jpeg_out(shop):
    video = shop.media("clip.mkv")
    sizes = []
    for quality in ("2", "10", "31"):
        out = folder_of(shop)
        framewheel("run", video, out / "%06d.jpg", "-q:v", quality, "-start_number", "0")
        names = sorted(os.listdir(out))
        need(names == ["%06d.jpg" % n for n in range(FRAMES)], names)
        need(lib.probe(out / names[0])["streams"][0]["codec_name"] == "mjpeg", "no JPEG")
        sizes.append(sum((out / n).stat().st_size for n in names))
    need(sizes[0] > sizes[1] > sizes[2], sizes)


@suite.check
def chroma_out(shop):
    """RGB keeps its chroma from quality 90 on; what is less is asked for or told."""
    video = shop.media("clip.mkv")
    for words, pixels, lost in ((("-q:v", "2"), "yuvj444p", False), ((), "yuvj444p", False),
                                (("-q:v", "10"), "yuvj420p", True),
                                (("-q:v", "10", "-pix_fmt", "yuvj444p"), "yuvj444p", False),
                                (("-q:v", "2", "-pix_fmt", "yuv422p"), "yuvj422p", False),
                                (("-q:v", "2", "-pix_fmt", "yuvj420p"), "yuvj420p", False),
                                (("-q:v", "2", "-vf", "format=yuv420p"), "yuvj420p", False)):
        out = folder_of(shop)
        result = framewheel("run", video, out / "%d.jpg", *words, "--json")
        stream = lib.probe(out / "1.jpg")["streams"][0]
        need(stream["pix_fmt"] == pixels, "%s: %s" % (words, stream["pix_fmt"]))
        losses = [l for l in report_of(result)["losses"] or [] if l["kind"] == "subsampled"]
        need(len(losses) == int(lost), "%s: %s" % (words, losses))
    # Of a matrix that is not JPEG's: through RGB, with the chroma that it had.
    tagged = shop.fresh(".mkv")
    ffmpeg("-i", video, "-pix_fmt", "yuv420p", "-colorspace", "bt709", "-c:v", "ffv1", tagged)
    out = folder_of(shop)
    framewheel("run", tagged, out / "%d.jpg", "-q:v", "2")
    need(lib.probe(out / "1.jpg")["streams"][0]["pix_fmt"] == "yuvj420p", "4:2:0 became more")


@suite.check
def other_kinds_out(shop):
    video = shop.media("clip.mkv")
    for ending in ("webp", "tif", "bmp", "ppm", "qoi"):
        out = folder_of(shop)
        framewheel("run", video, out / ("%d." + ending), "-frames:v", "3", "--verify", "decode")
        need(len(os.listdir(out)) == 3, os.listdir(out))


@suite.check
def options_out(shop):
    video, out = shop.media("clip.mkv"), folder_of(shop)
    for options in (("-crf", "3"), ("-q:v", "3"), ("-compression_level", "10"), ("-quality", "50"),
                    ("-c:v", "mjpeg"), ("-b:a", "64k"), ("-pix_fmt", "yuv420p"),
                    ("-start_number", "-1"), ("-lossless", "1")):
        framewheel("run", video, out / "%d.png", *options, code=2)
        empty(out, options)
    framewheel("run", video, out / "%d.png", "-c:v", "png", "-compression_level", "1", "-f",
               "image2", "-pix_fmt", "rgb24")
    need(len(os.listdir(out)) == FRAMES, "not all")


@suite.check
def one_picture(shop):
    video, out = shop.media("clip.mkv"), folder_of(shop)
    wanted = ffmpeg("-i", video, "-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-").out
    for ending in ("png", "jpg", "JPEG", "tif", "bmp", "qoi", "ppm", "exr", "webp"):
        name = out / ("thumb." + ending)
        made = report_of(framewheel("run", video, name, "-frames:v", "1", "--verify", "decode",
                                    "--json"))
        need(made["published"] == str(name) and made["frames"]["encoded"] == 1, made)
        need(any(loss["kind"] != "timestamps" for loss in made["losses"]), "the sound is lost")
        need(os.listdir(out) == [name.name], os.listdir(out))
        if ending in ("png", "tif", "bmp", "qoi", "ppm"):
            seen = ffmpeg("-i", name, "-pix_fmt", "rgb24", "-f", "rawvideo", "-").out
            need(seen == wanted, ending + ": other pixels")
        name.unlink()
    single = shop.fresh(".mkv")
    ffmpeg("-i", video, "-frames:v", "1", "-c:v", "ffv1", single)
    framewheel("run", single, out / "a.png", "-vf", "hflip")
    framewheel("run", video, out / "b.jpg", "-frames:v", "1", "-update", "1", "-q:v", "3", "-ss",
               "0.2")
    need(sorted(os.listdir(out)) == ["a.png", "b.jpg"], os.listdir(out))


@suite.check
def a_second_picture_for_one_name(shop):
    video, out = shop.media("clip.mkv"), folder_of(shop)
    for options in ((), ("-frames:v", "2"), ("--isolation", "threads"), ("-vf", "hflip", "-y")):
        result = framewheel("run", video, out / "thumb.jpg", *options, code=5)
        need(b"one name holds one picture" in result.err and b"-frames:v 1" in result.err and
             b"thumb-%05d.jpg" in result.err, result.text())
        empty(out, options)
    result = framewheel("run", video, out / "thumb.jpg", "-ss", "100", "-frames:v", "1", code=4)
    empty(out, "no frame")
    framewheel("run", video, out / "thumb.tga", "-frames:v", "1", code=2)
    framewheel("run", video, out / "thumb.jpg", "-start_number", "3", "-frames:v", "1", code=2)
    os.mkfifo(out / "pipe.jpg")
    reader = os.open(out / "pipe.jpg", os.O_RDONLY | os.O_NONBLOCK)
    result = framewheel("run", video, out / "pipe.jpg", "-frames:v", "1", code=5)
    os.close(reader)
    need(b"needs a file" in result.err, result.text())


@suite.check
def one_picture_where_something_is(shop):
    video, out = shop.media("clip.mkv"), numbered(shop, (1,), "%d.png")
    old = (out / "1.png").read_bytes()
    name = out / "1.png"
    result = framewheel("run", video, name, "-frames:v", "1", code=5)
    need(b"1.png exists" in result.err, result.text())
    framewheel("run", video, name, "-frames:v", "1", "-n")
    framewheel("run", video, name, "-y", code=5)
    need(name.read_bytes() == old and os.listdir(out) == ["1.png"], "it was touched")
    framewheel("run", video, name, "-y", "-frames:v", "1")
    need(name.read_bytes() != old and os.listdir(out) == ["1.png"], "it was not replaced")
    out = folder_of(shop)
    process = lib.start(
        "run", testsrc(folder_of(shop), "%05d.png", "-s", "960x640"), out / "2.png", "-frames:v",
        "1", "-vf", SLOW + "," + SLOW, "--progress", "none")
    child_of(process, "fw-encoder")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    need(process.returncode == -signal.SIGINT, process.returncode)
    need(os.listdir(out) in ([], ["2.interrupted.png"]), os.listdir(out))


@suite.check
def same_bytes_for_any_workers(shop):
    folder = testsrc(folder_of(shop))
    seen = set()
    for workers in (1, 2, 3):
        for length in (1, 3, 8):
            out = folder_of(shop)
            framewheel("run", folder, out / "%d.png", "-vf", "hqdn3d,unsharp", "--workers", workers,
                       "--range", length)
            seen.add(tuple(lib.sha256(out / ("%d.png" % (n + 1))) for n in range(FRAMES)))
    out = folder_of(shop)
    framewheel("run", folder, out / "%d.png", "-vf", "hqdn3d,unsharp", "--isolation", "threads")
    seen.add(tuple(lib.sha256(out / ("%d.png" % (n + 1))) for n in range(FRAMES)))
    need(len(seen) == 1, "%d different results" % len(seen))


@suite.check
def outputs_that_exist(shop):
    video = shop.media("clip.mkv")
    out = numbered(shop, (1,), "%d.png")
    old = (out / "1.png").read_bytes()
    result = framewheel("run", video, out / "%d.png", code=5)
    need(b"1.png exists" in result.err, result.text())
    framewheel("run", video, out / "%d.png", "-n")
    need(os.listdir(out) == ["1.png"] and (out / "1.png").read_bytes() == old, "-n wrote")
    later = numbered(shop, (7,), "%d.png")
    for options in ((), ("-n",)):
        result = framewheel("run", video, later / "%d.png", *options, code=5)
        need(b"7.png exists" in result.err, result.text())
        need(os.listdir(later) == ["7.png"], os.listdir(later))
    framewheel("run", video, later / "%d.png", "-start_number", "8")
    need(len(os.listdir(later)) == FRAMES + 1, os.listdir(later))
    framewheel("run", video, out / "%d.png", "-y")
    need(len(os.listdir(out)) == FRAMES and (out / "1.png").read_bytes() != old, os.listdir(out))
    beyond = numbered(shop, (500,), "%d.png")
    framewheel("run", testsrc(folder_of(shop)), beyond / "%d.png")
    need(len(os.listdir(beyond)) == FRAMES + 1, "another number is in the way of none")
    framewheel("run", video, out / "no" / "%d.png", code=5)


@suite.check
def never_over_the_input(shop):
    folder = testsrc(folder_of(shop))
    before = {name: lib.sha256(folder / name) for name in os.listdir(folder)}
    framewheel("run", folder / "%05d.png", folder / "%05d.png", "-y", code=2)
    framewheel("run", folder, folder / "{n:05}.png", "-y", code=2)
    framewheel("run", folder, folder / "00003.png", "-y", code=2, timeout=30)
    need(before == {name: lib.sha256(folder / name) for name in os.listdir(folder)}, "changed")
    framewheel("run", folder / "%05d.png", folder / "b%05d.png")
    need(len(os.listdir(folder)) == 2 * FRAMES, "not beside them")


@suite.check
def umask_is_kept(shop):
    out = folder_of(shop)
    framewheel("run", shop.media("clip.mkv"), out / "%d.png")
    mask = os.umask(0)
    os.umask(mask)
    need((out / "1.png").stat().st_mode & 0o777 == 0o666 & ~mask, "wrong rights")


# ---- ends -------------------------------------------------------------------------------------


def child_of(process, name):
    """The pid of a process of this run by its comm; waits for it."""
    for _ in range(1000):
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            comm, rest = stat[stat.index("(") + 1:].rsplit(")", 1)
            if comm == name and int(rest.split()[1]) == process.pid:
                return int(entry.name)
        need(process.poll() is None, "the run ended: %s" % process.stderr)
        time.sleep(0.005)
    raise lib.Failed("no %s" % name)


def slow_run(shop, out, *more):
    folder = numbered(shop, range(1, 200), size=(96, 64))
    return lib.start("run", folder, out / "%d.png", "-vf", SLOW, "--progress", "none",
                     *more)


def begun(process, out):
    """Waits until the run has made a picture, under a name that is not its own yet."""
    for _ in range(4000):
        if any(os.path.isdir(out / name) and os.listdir(out / name) for name in hidden(out)):
            return
        need(process.poll() is None, "the run ended")
        time.sleep(0.005)
    raise lib.Failed("no picture is made")


def killed(shop, name):
    out = folder_of(shop)
    process = slow_run(shop, out)
    pid = child_of(process, name)
    begun(process, out)
    os.kill(pid, signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    need(process.returncode == 6, "exit %d: %s" % (process.returncode, err.decode()))
    empty(out, "a killed %s" % name)


for name in ("fw-keeper", "fw-opener", "fw-encoder", "fw-decoder"):
    suite.add("killed " + name, killed, suite.shop, name)


def gone(pid):
    for _ in range(400):
        if not os.path.exists("/proc/%d" % pid):
            return
        time.sleep(0.005)
    raise lib.Failed("process %d lives on" % pid)


@suite.check
def hung_keeper(shop):
    out = folder_of(shop)
    process = slow_run(shop, out, "--stall", "0.4")
    os.kill(child_of(process, "fw-keeper"), signal.SIGSTOP)
    _, err = process.communicate(timeout=60)
    need(process.returncode == 6, "exit %d: %s" % (process.returncode, err.decode()))
    empty(out, "a hung keeper")


@suite.check
def killed_supervisor(shop):
    out = folder_of(shop)
    process = slow_run(shop, out)
    keeper, opener = child_of(process, "fw-keeper"), child_of(process, "fw-opener")
    begun(process, out)
    need(hidden(out), "no hidden folder")
    process.kill()
    process.communicate()
    gone(keeper)
    gone(opener)
    empty(out, "a killed supervisor")


@suite.check
def killed_supervisor_and_keeper(shop):
    """Then nobody is left to clean up but the next run."""
    out = folder_of(shop)
    process = slow_run(shop, out)
    keeper = child_of(process, "fw-keeper")
    begun(process, out)
    os.kill(keeper, signal.SIGSTOP)
    process.kill()
    os.kill(keeper, signal.SIGKILL)
    process.communicate()
    gone(keeper)
    need(hidden(out), "nothing is left to be cleaned up")
    framewheel("run", shop.media("clip.mkv"), out / "%d.png")
    need(sorted(os.listdir(out)) == sorted("%d.png" % (n + 1) for n in range(FRAMES)),
         os.listdir(out))


@suite.check
def killed_before_the_names(shop):
    out = folder_of(shop)
    framewheel("run", shop.media("clip.mkv"), out / "%d.png", "--fault",
               "supervisor:publish:0:kill", code=-9)
    for _ in range(400):
        if not os.listdir(out):
            break
        time.sleep(0.005)
    empty(out, "a supervisor that was killed at the end")


@suite.check
def locked(shop):
    out = folder_of(shop)
    process = slow_run(shop, out)
    child_of(process, "fw-keeper")
    result = framewheel("run", shop.media("clip.mkv"), out / "%d.png", code=5)
    need(b"being written by another run" in result.err, result.text())
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate()


@suite.check
def interrupted(shop):
    out = folder_of(shop)
    process = slow_run(shop, out)
    child_of(process, "fw-keeper")
    begun(process, out)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    need(process.returncode == -signal.SIGINT, process.returncode)
    names = os.listdir(out)
    need(names and all(name.endswith(".interrupted.png") for name in names), names[:5])
    need(sorted(names) == sorted("%d.interrupted.png" % (n + 1) for n in range(len(names))),
         "not one after the other")


@suite.check
def appeared_meanwhile(shop):
    out = folder_of(shop)
    process = slow_run(shop, out)
    child_of(process, "fw-keeper")
    begun(process, out)
    png(out / "30.png", 8, 8, shade(1))
    _, err = process.communicate(timeout=120)
    need(process.returncode == 5 and b"30.png appeared" in err, err.decode())
    need(os.listdir(out) == ["30.png"], os.listdir(out)[:5])


@suite.check
def full_disk(shop):
    place = folder_of(shop)
    script = 'mount -t tmpfs -o size=64k tmpfs "$1" || exit 77; shift; "$@"; code=$?; ' \
             'ls -A "%s" >&2; exit $code' % place
    if not shutil.which("unshare"):
        raise Skipped("unshare is not installed")
    done = lib.run(["unshare", "-m", "sh", "-c", script, "sh", place, lib.FRAMEWHEEL, "run",
                    shop.media("clip.mkv"), place / "%d.bmp"])
    if done.code in (1, 77) and b"mount" in done.err or b"unshare" in done.err:
        raise Skipped("no right to mount")
    need(done.code == 5 and b"No space left" in done.err, done.text())
    need(b".bmp\n" not in done.err and b".framewheel" not in done.err, done.text())


@suite.check
def many_pictures(shop):
    """Thousands of files, and no more descriptors than for one."""
    count = 3000
    folder, out = numbered(shop, range(count), "p%d.png"), folder_of(shop)
    whole = lib.run(["sh", "-c", 'ulimit -n 64; exec "$@"', "sh", lib.FRAMEWHEEL, "run",
                     folder / "p%d.png", out / "{n:05}.png", "-start_number", "0"])
    need(whole.code == 0, whole.text())
    need(sorted(os.listdir(out)) == ["%05d.png" % n for n in range(count)], "not all of them")
    for n in (0, 1, 1500, count - 1):
        need(colours(out / ("%05d.png" % n), 1) == [shade(n)], "picture %d" % n)


if __name__ == "__main__":
    suite.main()
