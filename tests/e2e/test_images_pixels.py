#!/usr/bin/env python3
"""framewheel images: pixels and notes against other programs, before and after."""
import array
import json
import os
import struct
import subprocess
import sys

from lib import MEDIA, ffmpeg, framewheel, probe
from pictures import (GRAY, GRAY_ALPHA, PALETTE, RGB, RGBA, images, jpeg_parts, names,
                      output_of, png, png_chunks, png_head, png_of, pnm_parts, read, same_tree, tree,
                      write)
from procs import available, equal, main, tool, true

SUITE = MEDIA / "ship" / "pngsuite"


def media(*parts):
    path = MEDIA.joinpath(*parts)
    available(path.exists(), f"no {path}")
    return os.fspath(path)


def wide(top, body):
    """Samples as a list of numbers, of one or two bytes."""
    if top > 255:
        samples = array.array("H", body)
        if sys.byteorder == "little":
            samples.byteswap()
        return samples
    return array.array("B", body)


def colors_of(data):
    """Size and colour of a PNM or PAM, as RGB; what is gray is three times the same."""
    if data[:2] == b"P4":
        width, height, _, _, body = pnm_parts(data)
        stride = (width + 7) // 8
        gray = [255 * (1 - (body[y * stride + x // 8] >> (7 - x % 8) & 1))
                for y in range(height) for x in range(width)]
        return width, height, 255, [v for v in gray for _ in range(3)], None
    width, height, channels, top, body = pnm_parts(data)
    samples = wide(top, body)
    alpha = samples[channels - 1::channels] if channels in (2, 4) else None
    planes = [samples[k if channels > 2 else 0::channels] for k in range(3)]
    rgb = [v for pixel in zip(*planes) for v in pixel]
    return width, height, top, rgb, list(alpha) if alpha is not None else None


def scaled(rgb, top, to):
    return rgb if top == to else [(v * to * 2 + top) // (2 * top) for v in rgb]


def same_colors(ours, theirs, what, tolerance=0):
    a, b = colors_of(ours), colors_of(theirs)
    equal(a[:2], b[:2], "size of " + what)
    top = max(a[2], b[2])
    mine, its = scaled(a[3], a[2], top), scaled(b[3], b[2], top)
    worst = max((abs(x - y) for x, y in zip(mine, its)), default=0) if mine != its else 0
    true(worst <= tolerance, "%s: samples differ by %d of %d" % (what, worst, top))


def decoded(folder, *sources, code=0, kind="pam"):
    out = os.path.join(folder, "decoded")
    images(*sources, "-o", out, "--to", kind, "--durability", "none", code=code)
    return out


# ---- decode equality ----------------------------------------------------------------------------


def test_png_suite_decodes_as_libpng(folder):
    pngtopnm = tool("pngtopnm")
    available(SUITE.exists(), "no PngSuite")
    out = decoded(folder, SUITE, code=(0, 3))
    count = refused = 0
    for source in sorted(SUITE.glob("*/*.png")):
        made = os.path.join(out, source.parent.name, source.stem + ".pam")
        wanted = subprocess.run([pngtopnm, source], stdout=subprocess.PIPE, check=False,
                                stderr=subprocess.DEVNULL)
        if source.parent.name == "corrupted" and source.name.startswith("x"):
            true(not os.path.exists(made), "%s is damaged and has an output" % source.name)
            refused += 1
            continue
        data = read(source)
        kinds = [kind for kind, _ in png_chunks(data)]
        equal(wanted.returncode, 0, "pngtopnm of %s" % source.name)
        depth = png_head(data)[2]
        # pngtopnm goes down to the significant bits where a file tells them.
        if b"sBIT" in kinds and depth >= 8:
            wanted_data = ffmpeg("-i", source, "-frames:v", "1", "-pix_fmt", "rgb48be" if depth == 16
                                 else "rgb24", "-f", "image2pipe", "-c:v", "ppm", "-").out
        elif b"sBIT" in kinds:
            continue
        else:
            wanted_data = wanted.stdout
        same_colors(read(made), wanted_data, source.name)
        alpha = colors_of(read(made))[4]
        if png_head(data)[3] in (GRAY_ALPHA, RGBA) or b"tRNS" in kinds:
            true(alpha is not None, "%s lost its alpha" % source.name)
            # pngtopnm does not find the transparent colour of RGB.
            if depth == 16 or png_head(data)[3] == RGB:
                form, top = ("rgba64be", 65535) if depth == 16 else ("rgba", 255)
                its = ffmpeg("-i", source, "-frames:v", "1", "-pix_fmt", form, "-f", "rawvideo",
                             "-").out
                its = scaled(list(wide(top, its)[3::4]), top, 65535)
            else:
                _, _, top, gray, _ = colors_of(output_of(pngtopnm, "-alpha", source))
                its = scaled(gray[::3], top, 65535)
            true(scaled(alpha, colors_of(read(made))[2], 65535) == its, "alpha of " + source.name)
        count += 1
    true(count > 100, "only %d pictures" % count)
    print("     %d pictures equal, %d damaged ones refused" % (count, refused))


def test_jpegs_decode_as_libjpeg(folder):
    djpeg = tool("djpeg")
    sources = [*sorted((MEDIA / "ship" / "jpeg").glob("*.jpeg")),
               *sorted((MEDIA / "test" / "images").glob("*.jpg"))]
    available(sources, "no media")
    out = decoded(folder, *[s for s in sources if "cmyk" not in s.name], kind="ppm")
    for source in sources:
        if "cmyk" in source.name:
            continue
        made = read(os.path.join(out, source.stem + ".ppm"))
        wanted = output_of(djpeg, "-pnm", source)
        if pnm_parts(made)[:3] == pnm_parts(wanted)[:3]:
            true(made.endswith(pnm_parts(wanted)[4]), "%s differs from djpeg" % source.name)
        else:
            same_colors(made, wanted, source.name)


def test_other_kinds_decode_as_their_tools(folder):
    """WebP by dwebp, GIF and TIFF and the rest by FFmpeg."""
    made_kinds = {"p.bmp": "bgr24", "p.qoi": "rgb24", "p.tif": "rgb24", "w.tif": "rgb48le",
                  "p.ppm": "rgb24", "p.pgm": "gray", "w.pgm": "gray16be", "a.qoi": "rgba",
                  "a.pam": "rgba"}
    top = os.path.join(folder, "in")
    os.mkdir(top)
    for name, form in made_kinds.items():
        alpha = ",geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='X*2'" if form == "rgba" else ""
        ffmpeg("-f", "lavfi", "-i", "testsrc2=size=99x61", "-vf", "format=%s%s" % (
            "gbrap" if alpha else form, alpha), "-frames:v", "1", "-pix_fmt", form, "-f", "image2",
               os.path.join(top, name))
    for n, name in enumerate(sorted(made_kinds)):
        os.rename(os.path.join(top, name), os.path.join(top, "%d-%s" % (n, name)))
    for n, path in enumerate((MEDIA / "test" / "images").glob("*.*f")):
        if path.suffix in (".tif", ".gif"):
            write(os.path.join(top, "m%d-%s" % (n, path.name)), read(path))
    out = decoded(folder, top)
    for name in names(top):
        form = "rgb48be" if "w." in name or "-16" in name else "rgb24"
        # A picture of a film that has alpha is shown on nothing here: its colour alone.
        wanted = ffmpeg("-i", os.path.join(top, name), "-frames:v", "1", "-f", "image2pipe",
                        "-vf", "format=rgba,format=rgb24" if name.endswith("gif") else
                        "format=" + form, "-c:v", "ppm", "-").out
        same_colors(read(os.path.join(out, name.rsplit(".", 1)[0] + ".pam")), wanted, name)
    tool("dwebp"), tool("cwebp")
    source = write(os.path.join(folder, "s.png"), png(90, 70, RGB))
    for words in (("-lossless",), ("-q", "60")):
        webp = os.path.join(folder, "in2", "p%s.webp" % len(words))
        os.makedirs(os.path.dirname(webp), exist_ok=True)
        output_of("cwebp", "-quiet", *words, source, "-o", webp)
        there = decoded(os.path.join(folder, "in2"), webp, kind="ppm")
        same_colors(read(os.path.join(there, os.path.basename(webp)[:-5] + ".ppm")),
                    output_of("dwebp", "-quiet", "-ppm", webp, "-o", "-"), os.path.basename(webp))


# ---- nothing changes without a chain ------------------------------------------------------------


def test_png_without_a_chain_is_the_same_picture(folder):
    top = os.path.join(folder, "in")
    if SUITE.exists():
        for source in SUITE.glob("*/*.png"):
            if source.parent.name != "corrupted":
                write(os.path.join(top, source.parent.name, source.name), read(source))
    for color, depths in ((GRAY, (1, 2, 4, 8, 16)), (RGB, (8, 16)), (PALETTE, (1, 2, 4, 8)),
                          (GRAY_ALPHA, (8, 16)), (RGBA, (8, 16))):
        for depth in depths:
            write(os.path.join(top, "made", "%d-%d.png" % (color, depth)), png(37, 23, color, depth))
    out = os.path.join(folder, "out")
    done = images(top, "-o", out, "--json", "--durability", "none")
    for name in names(top):
        before, after = read(os.path.join(top, name)), read(os.path.join(out, name))
        equal(png_head(after), png_head(before), "head of " + name)
        for kind in (b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"pHYs", b"tIME", b"bKGD",
                     b"sBIT", b"tEXt", b"eXIf"):
            mine = [body for k, body in png_chunks(after) if k == kind]
            its = [body for k, body in png_chunks(before) if k == kind]
            if kind == b"iCCP":
                mine, its = ([b.split(b"\0")[0] for b in part] for part in (mine, its))
            losses = str(done.items()[name].get("losses", ""))
            true(mine == its or kind.decode() in losses, "%s of %s: %r, was %r; losses %s" % (
                kind.decode(), name, mine[:2], its[:2], losses))
    second = os.path.join(folder, "second")
    images(out, "-o", second, "--durability", "none")
    same_tree(tree(second), tree(out), "what was written once is written the same again")
    ours = decoded(os.path.join(folder, "in"), top)
    theirs = os.path.join(folder, "again")
    images(out, "-o", theirs, "--to", "pam", "--durability", "none")
    same_tree(tree(theirs), tree(ours), "pixels")


def test_jpeg_keeps_its_quality(folder):
    tool("cjpeg")
    ppm = os.path.join(folder, "s.ppm")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=160x120", "-frames:v", "1", ppm)
    top = os.path.join(folder, "in")
    os.mkdir(top)
    for quality in (30, 75, 98):
        for sampling in ("1x1", "2x1", "1x2", "2x2"):
            for words in ((), ("-progressive",)):
                output_of("cjpeg", "-quality", str(quality), "-sample", sampling, *words, "-outfile",
                          os.path.join(top, "%d-%s-%d.jpg" % (quality, sampling, len(words))), ppm)
    output_of("cjpeg", "-grayscale", "-quality", "55", "-outfile", os.path.join(top, "gray.jpg"), ppm)
    out = os.path.join(folder, "out")
    images(top, "-o", out, "--vf", "hflip")
    for name in names(top):
        equal(jpeg_parts(read(os.path.join(out, name))), jpeg_parts(read(os.path.join(top, name))),
              "tables, sampling and progression of " + name)
    images(top, "-o", out + "2", "--quality", "30", "--subsampling", "4:2:0",
           "--progressive", "yes")
    wanted = jpeg_parts(read(os.path.join(top, "30-2x2-1.jpg")))
    for name in names(top):
        if name != "gray.jpg":
            equal(jpeg_parts(read(os.path.join(out + "2", name))), wanted, "asked for: " + name)
    images(top, "-o", out + "3", "--progressive", "no", "--subsampling", "4:4:4")
    for name in names(top):
        _, factors, progressive = jpeg_parts(read(os.path.join(out + "3", name)))
        true(not progressive and set(factors) == {(1, 1)}, name)


# ---- depth and alpha ----------------------------------------------------------------------------


def test_depth_and_alpha_stay(folder):
    top = os.path.join(folder, "in")
    for color in (GRAY, RGB, GRAY_ALPHA, RGBA):
        for depth in (8, 16):
            write(os.path.join(top, "%d-%d.png" % (color, depth)), png(40, 30, color, depth))
    for n, chain in enumerate(("hflip", "scale=20:15", "crop=20:10:3:4", "transpose=1", "gaussian=1",
                               "vflip,scale=iw*2:ih")):
        out = os.path.join(folder, "out%d" % n)
        done = images(top, "-o", out, "--vf", chain, "--json")
        for name in names(top):
            head, now = (png_head(read(os.path.join(place, name))) for place in (top, out))
            losses = str(done.items()[name].get("losses", ""))
            true(now[2] == head[2], "%s through %s has %d bits" % (name, chain, now[2]))
            # A filter that takes no gray with alpha gets colour with alpha, which loses nothing.
            true(now[3] == head[3] or "alpha" in losses or (head[3], now[3]) == (GRAY_ALPHA, RGBA), "%s through %s is of colour type %d: %s" % (
                name, chain, now[3], losses))
    done = images(top, "-o", os.path.join(folder, "jpg"), "--to", "jpg", "--json")
    for name, item in done.items().items():
        losses = str(item.get("losses", ""))
        equal("alpha" in losses, name[0] in "46", "alpha among the losses of " + name)
        equal("8 bit" in losses or "16" in losses, "-16" in name, "depth among those of " + name)
    # A palette lives through what moves pixels.
    write(os.path.join(folder, "pal", "p.png"), png(40, 30, PALETTE, 4))
    images(os.path.join(folder, "pal"), "-o", os.path.join(folder, "pal2"))
    equal(png_head(read(os.path.join(folder, "pal2", "p.png")))[2:4], (4, PALETTE), "a palette")


# ---- upright ------------------------------------------------------------------------------------


def test_orientations_come_out_upright(folder):
    vips, exiftool = tool("vips"), tool("exiftool")
    media("test", "images", "exif", "Landscape_1.jpg")
    top = os.path.join(folder, "in")
    for n in range(1, 9):
        source = MEDIA / "test" / "images" / "exif" / ("Landscape_%d.jpg" % n)
        write(os.path.join(top, source.name), read(source))
    out = os.path.join(folder, "out")
    images(top, "-o", out)
    said = json.loads(output_of(exiftool, "-json", "-n", "-Orientation", "-ImageSize", out))
    equal([(tags["Orientation"], tags["ImageSize"]) for tags in said], [(1, "1800 1200")] * 8,
          "orientation and size")
    flat = decoded(folder, top, kind="ppm")
    for n in range(1, 9):
        name = "Landscape_%d" % n
        wanted = os.path.join(folder, name + ".ppm")
        output_of(vips, "autorot", os.path.join(top, name + ".jpg"), wanted)
        mine, its = pnm_parts(read(os.path.join(flat, name + ".ppm"))), pnm_parts(read(wanted))
        equal(mine[:4], its[:4], "size of " + name)
        true(mine[4] == its[4], name + " is not what vips makes of it")
    # Through a chain, which is for the upright picture; and done again, nothing turns.
    images(top, "-o", os.path.join(folder, "cut"), "--vf", "crop=900:300:0:0", "--to", "png")
    for name in names(os.path.join(folder, "cut")):
        equal(png_head(read(os.path.join(folder, "cut", name)))[:2], (900, 300), name)
    images(out, "-o", os.path.join(folder, "twice"), "--to", "ppm", "--exclude", "*_[2-8].jpg")
    equal(pnm_parts(read(os.path.join(folder, "twice", "Landscape_1.ppm")))[:2], (1800, 1200),
          "size after a second run")


# ---- notes --------------------------------------------------------------------------------------

# Of the file, or of how its pixels are packed: not what somebody wrote into it.
PACKING = ("ExifTool:", "System:", "File:", "SourceFile", "Composite:", "JFIF:", "RIFF:", "ICC_Profile#",
           "PNG-pHYs:", "PNG:BitDepth", "PNG:ColorType", "PNG:Compression", "PNG:Filter",
           "PNG:ImageHeight", "PNG:ImageWidth", "PNG:Interlace", "PNG:Palette", "PNG:Transparency",
           "IFD0:BitsPerSample", "IFD0:Compression", "IFD0:ImageHeight", "IFD0:ImageWidth",
           "IFD0:PhotometricInterpretation", "IFD0:PlanarConfiguration", "IFD0:Predictor",
           "IFD0:RowsPerStrip", "IFD0:SamplesPerPixel", "IFD0:StripByteCounts",
           "IFD0:StripOffsets", "IFD0:YCbCr", "IFD0:ReferenceBlackWhite", "IFD0:XResolution", "IFD0:YResolution",
           "IFD0:ResolutionUnit", "IFD0:SampleFormat", "IFD0:SubfileType", "IFD0:FillOrder", "IFD0:ExtraSamples")
FIELDS = {"IFD0:Artist": "Somebody", "IFD0:Copyright": "(c) \u00e9", "IFD0:Make": "Maker",
          "ExifIFD:DateTimeOriginal": "2020:02:03 04:05:06", "GPS:GPSLatitude": "48.5",
          "GPS:GPSLatitudeRef": "N", "XMP-dc:Title": "T\u00eet & <b>", "XMP-xmp:Rating": "4"}


def tags_of(*paths):
    found = json.loads(output_of("exiftool", "-json", "-G1", "-n", *paths))
    return {os.path.basename(tags["SourceFile"]): {
        key: value for key, value in tags.items()
        if not key.startswith(PACKING) or key == "File:Comment"} for tags in found}


def test_notes_are_kept(folder):
    tool("exiftool")
    top = os.path.join(folder, "in")
    icc = None
    for base in ("/usr/share/color/icc/ghostscript/srgb.icc", "/usr/share/color/icc/sRGB.icc"):
        icc = base if os.path.exists(base) else icc
    write(os.path.join(top, "p.png"), png(40, 30, after=[(b"tEXt", b"Author\0Me"), (
        b"iTXt", b"Title\0\0\0de\0Titel\0\xc3\xa4")]))
    for name, words in (("j.jpg", []), ("w.webp", ["-c:v", "libwebp"]), ("t.tif", [])):
        ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48", "-frames:v", "1", *words, "-f", "image2",
               os.path.join(top, name))
    files = [os.path.join(top, name) for name in names(top)]
    output_of("exiftool", "-q", "-overwrite_original", *["-%s=%s" % f for f in FIELDS.items()],
              *(["-icc_profile<=" + icc] if icc else []), *files)
    output_of("exiftool", "-q", "-overwrite_original", "-Comment=hello", "-IPTC:Keywords=word",
              os.path.join(top, "j.jpg"))
    before = tags_of(*files)
    for kind in (None, "png", "jpg", "webp", "tif"):
        out = os.path.join(folder, "out-%s" % kind)
        done = images(top, "-o", out, "--json", *(["--to", kind] if kind else []))
        after = tags_of(*[os.path.join(out, name) for name in names(out)])
        for name, wanted in before.items():
            made = name if kind is None else name.rsplit(".", 1)[0] + "." + kind
            losses = str(done.items()[made].get("losses", ""))
            raw = read(os.path.join(out, made))
            for key, value in wanted.items():
                got = after[made].get(key)
                short = key.split(":")[-1].split("-")[0]
                # Where they live may change with the kind; that they are there may not.
                same = got == value or any(k.split(":")[-1].split("-")[0] == short and v == value
                                           for k, v in after[made].items()) or (
                    key.startswith("PNG:") and (": %s" % value).encode() in raw)
                named = short in losses or key.split(":")[0] in losses or (
                    "IPTC" in key and "APP13" in losses) or (
                    key.startswith("PNG:") and ("tEXt" in losses or "text" in losses)) or (
                    "Photoshop" in key or "IPTCDigest" in key)
                true(same or named, "%s of %s -> %s is %r, was %r; losses %s" % (
                    key, name, made, got, value, losses))
    images(top, "-o", os.path.join(folder, "stripped"), "--strip")
    left = tags_of(*[os.path.join(folder, "stripped", name) for name in names(top)])
    for name, tags in left.items():
        kept = [key for key in tags if key in FIELDS or "Keywords" in key or "Comment" in key]
        equal(kept, [], "notes of %s after --strip" % name)


# ---- animations ---------------------------------------------------------------------------------


def test_animations_keep_their_frames(folder):
    webpmux = tool("webpmux")
    top = os.path.join(folder, "in")
    os.mkdir(top)
    source = ["-f", "lavfi", "-i", "testsrc2=size=80x60:rate=10:duration=0.5"]
    ffmpeg(*source, os.path.join(top, "a.gif"))
    ffmpeg(*source, "-f", "apng", "-plays", "3", os.path.join(top, "b.png"))
    ffmpeg(*source, "-c:v", "libwebp_anim", "-loop", "2", "-lossless", "1",
           os.path.join(top, "c.webp"))
    out = os.path.join(folder, "out")
    images(top, "-o", out, "--vf", "hflip", "--json").counts(done=3)
    for name in ("a.gif", "b.png"):
        form = ["-f", "apng"] if name == "b.png" else []
        both = [probe(os.path.join(place, name), *form, "-show_entries",
                      "packet=pts_time,duration_time") for place in (top, out)]
        equal([p["pts_time"] for p in both[1]["packets"]],
              [p["pts_time"] for p in both[0]["packets"]], "times of " + name)
    plays = [[struct.unpack(">II", body) for kind, body in png_chunks(read(os.path.join(
        place, "b.png"))) if kind == b"acTL"] for place in (top, out)]
    equal(plays[1], plays[0], "frames and plays of the APNG")

    def delays(path):
        lines = output_of(webpmux, "-info", path).decode().splitlines()
        rows = [line.split() for line in lines if line.strip()[:1].isdigit()]
        return [row[6] for row in rows], [line.split("Loop")[1] for line in lines if "Loop" in line]
    equal(delays(os.path.join(out, "c.webp")), delays(os.path.join(top, "c.webp")),
          "delays and loops of the WebP")
    # The pictures themselves, where nothing is lost.
    frames = [ffmpeg("-f", "apng", "-i", os.path.join(place, "b.png"), "-vf", chain,
                     "-pix_fmt", "rgb24", "-f", "rawvideo", "-").out
              for place, chain in ((top, "format=rgb24,hflip"), (out, "format=rgb24"))]
    true(frames[0] == frames[1] and len(frames[0]) == 5 * 80 * 60 * 3, "frames of the APNG")
    done = images(top, "-o", os.path.join(folder, "still"), "--to", "jpg", "--name",
                  "{name}.jpg", "--json")
    for name, item in done.items().items():
        true("animation" in str(item.get("losses")), "%s: %s" % (name, item.get("losses")))


# ---- light --------------------------------------------------------------------------------------


def to_light(v):
    v /= 255
    return v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4


def from_light(v):
    return 255 * (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055)


def test_linear_light(folder):
    top = os.path.join(folder, "in")
    board = png_of([bytes(255 * ((x + y) & 1) for x in range(64)) for y in range(64)], 64, GRAY)
    write(os.path.join(top, "board.png"), board)
    halves = [bytes((x * 4 + 60 * ((x + y) & 1)) & 255 for x in range(64) for _ in range(3))
              for y in range(64)]
    write(os.path.join(top, "ramp.png"), png_of(halves, 64, RGB))
    for words in ((), ("--linear",)):
        out = os.path.join(folder, "out%d" % len(words))
        images(top, "-o", out, "--vf", "scale=32:32", "--to", "pam", *words)
        data = pnm_parts(read(os.path.join(out, "board.pam")))
        middle = [data[4][(y * 32 + x) * data[2]] for y in range(8, 24) for x in range(8, 24)]
        wanted = from_light(0.5) if words else 127.5
        mean = sum(middle) / len(middle)
        true(abs(mean - wanted) <= 1, "mean %r is %.1f, not %.1f" % (words, mean, wanted))
    # The same by hand: light in 16 bits, scaled, and back.
    light = [struct.pack(">192H", *[round(65535 * to_light(v)) for v in row]) for row in halves]
    write(os.path.join(folder, "light", "ramp.png"), png_of(light, 64, RGB, 16))
    images(os.path.join(folder, "light"), "-o", os.path.join(folder, "light2"), "--vf",
           "scale=32:32", "--to", "pam")
    byhand = pnm_parts(read(os.path.join(folder, "light2", "ramp.pam")))
    got = pnm_parts(read(os.path.join(folder, "out1", "ramp.pam")))
    equal((got[:4], byhand[:4]), ((32, 32, 3, 255), (32, 32, 3, 65535)), "sizes")
    want = [from_light(v / 65535) for v in wide(65535, byhand[4])]
    worst = max(abs(a - b) for a, b in zip(got[4], want))
    true(worst <= 1.01, "%.2f away from what is computed by hand" % worst)
    plain = pnm_parts(read(os.path.join(folder, "out0", "ramp.pam")))
    true(plain[4] != got[4], "--linear makes no difference")
    images(top, "-o", os.path.join(folder, "same"), "--linear", "--to", "pam")
    images(top, "-o", os.path.join(folder, "plain"), "--to", "pam")
    same_tree(tree(os.path.join(folder, "same")), tree(os.path.join(folder, "plain")),
              "linear light there and back")


# ---- filters ------------------------------------------------------------------------------------

# Chain, how far from FFmpeg's; by docs/filters.md.
CHAINS = [("hflip", 0), ("vflip", 0), ("crop=50:40:7:5", 0), ("transpose=1", 0),
          ("curves=preset=vintage", 1), ("negate", 0)]
GRAY_CHAINS = [("unsharp", 1), ("lavfi.gblur=2", 0), ("lavfi.unsharp", 0), ("gblur=2", 1)]


def test_filters_give_the_same_pixels(folder):
    top = os.path.join(folder, "in")
    write(os.path.join(top, "rgb.png"), png(120, 90, RGB))
    write(os.path.join(top, "gray.png"), png(120, 90, GRAY))
    for name, form, chains in (("rgb.png", "rgb24", CHAINS), ("gray.png", "gray",
                                                              [*CHAINS[:4], *GRAY_CHAINS])):
        source = os.path.join(top, name)
        for n, (chain, tolerance) in enumerate(chains):
            out = os.path.join(folder, "%s-%d" % (form, n))
            images(source, "-o", out, "--vf", chain, "--to", "ppm")
            made = read(os.path.join(out, name[:-3] + "ppm"))
            wanted = ffmpeg("-i", source, "-vf", "format=%s,%s,format=%s" % (
                form, chain.replace("lavfi.", ""), form), "-f", "image2pipe", "-c:v",
                "ppm" if form == "rgb24" else "pgm", "-").out
            same_colors(made, wanted, "%s of %s" % (chain, name), tolerance)


def test_the_same_as_run(folder):
    """One picture by `images` and by `run`, through filters of our own."""
    top = os.path.join(folder, "in")
    source = write(os.path.join(top, "p.png"), png(120, 90, RGB))
    film = os.path.join(folder, "p.mkv")
    ffmpeg("-i", source, "-pix_fmt", "gbrp", "-c:v", "ffv1", film)
    for n, chain in enumerate(("scale=60:45", "gaussian=2", "crop=64:64", "hflip,unsharp")):
        out = os.path.join(folder, "out%d" % n)
        images(source, "-o", out, "--vf", chain, "--to", "ppm")
        made = os.path.join(folder, "run%d.mkv" % n)
        framewheel("run", film, made, "--vf", chain + ",format=gbrp", "-c:v", "ffv1")
        wanted = ffmpeg("-i", made, "-pix_fmt", "rgb24", "-f", "image2pipe", "-c:v", "ppm", "-").out
        same_colors(read(os.path.join(out, "p.ppm")), wanted, chain)


def test_workers_and_processors_change_nothing(folder):
    top = os.path.join(folder, "in")
    for n in range(12):
        write(os.path.join(top, "p%d.png" % n), png(100 + n, 80, (RGB, GRAY, RGBA)[n % 3],
                                                    8 if n % 2 else 16, seed=n))
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=160x120:duration=0.1", os.path.join(top, "j%d.jpg"))
    chain = "scale=iw*2/3:-1,unsharp,curves=preset=vintage,gaussian=1"
    whole = None
    for words in (["--workers", "1"], ["--workers", "2"], ["--workers", "3"], ["--workers", "4"],
                  ["--cpu", "c"], ["--cpu", "avx2"], ["--cpu", "avx512"]):
        out = os.path.join(folder, "-".join(words))
        images(top, "-o", out, "--vf", chain, *words)
        whole = whole or tree(out)
        same_tree(tree(out), whole, " ".join(words))


if __name__ == "__main__":
    main([function for name, function in list(globals().items()) if name.startswith("test_")], 2)
