#!/usr/bin/env python3
"""framewheel images: what a picture loses in chroma and in the meaning of its samples is kept or told."""
import os
import re

from lib import MEDIA, ffmpeg
from pictures import images, jpeg_parts, png, png_chunks, read, write
from procs import available, equal, main, true

FULL, HALF = [(1, 1)] * 3, [(2, 2), (1, 1), (1, 1)]


def media(*parts):
    path = MEDIA.joinpath(*parts)
    available(path.exists(), f"no {path}")
    return os.fspath(path)


def told(batch, name, kind):
    losses = batch.items()[name].get("losses", [])
    return [loss["detail"] for loss in losses if loss["kind"] == kind]


def psnr(one, other):
    done = ffmpeg("-loglevel", "info", "-i", one, "-i", other, "-lavfi",
                  "[0]format=gbrp[a];[1]format=gbrp[b];[a][b]psnr", "-f", "null", "-")
    return float(re.search(rb"average:([0-9.]+|inf)", done.err).group(1))


def colourful(folder):
    top = os.path.join(folder, "in")
    os.mkdir(top)
    ffmpeg("-f", "lavfi", "-i", "mandelbrot=size=160x120,hue=s=4", "-frames:v", "1", "-pix_fmt",
           "rgb24", os.path.join(top, "p.png"))
    return top


def test_jpeg_chroma_is_kept_or_told(folder):
    top = colourful(folder)
    source = os.path.join(top, "p.png")
    near = {}
    for n, (words, factors, lost) in enumerate((
            ((), FULL, False),
            (("--quality", "90"), FULL, False),
            (("--quality", "89"), HALF, True),
            (("--quality", "89", "--subsampling", "4:4:4"), FULL, False),
            (("--quality", "89", "--subsampling", "4:2:0"), HALF, False),
            (("--quality", "95", "--subsampling", "4:2:0"), HALF, False),
            (("--quality", "89", "--vf", "format=yuv444p,hflip,hflip"), FULL, False),
            (("--quality", "95", "--vf", "format=yuv420p"), HALF, False))):
        out = os.path.join(folder, "out%d" % n)
        done = images(top, "-o", out, "--to", "jpg", "--json", *words)
        made = os.path.join(out, "p.jpg")
        equal(jpeg_parts(read(made))[1], factors, "sampling with %r" % (words,))
        details = told(done, "p.jpg", "subsampled")
        equal(len(details), int(lost), "losses with %r: %r" % (words, details))
        true(not lost or "4:4:4 to 4:2:0" in details[0], details)
        near[n] = psnr(made, source)
    true(near[0] > near[5] + 6, "PSNR %.1f with all of the chroma, %.1f with half" % (
        near[0], near[5]))
    images(top, "-o", os.path.join(folder, "strict"), "--to", "jpg", "--quality", "80", "--strict",
           code=(1, 2, 3, 4, 5, 6, 7, 8))
    true(not os.path.exists(os.path.join(folder, "strict", "p.jpg")), "--strict wrote a lossy one")


def test_a_jpeg_source_keeps_its_sampling(folder):
    top = colourful(folder)
    images(top, "-o", os.path.join(folder, "half"), "--to", "jpg", "--subsampling", "4:2:0")
    for n, words in enumerate((("--quality", "95"), ("--vf", "format=rgb24,hflip"),
                               ("--linear", "--vf", "scale=80:60"))):
        out = os.path.join(folder, "out%d" % n)
        done = images(os.path.join(folder, "half"), "-o", out, "--json", *words)
        equal(jpeg_parts(read(os.path.join(out, "p.jpg")))[1], HALF, "sampling with %r" % (words,))
        equal(told(done, "p.jpg", "subsampled"), [], "losses with %r" % (words,))


def test_light_and_codes_are_told_apart(folder):
    top = os.path.join(folder, "in")
    write(os.path.join(top, "a.png"), png())
    light = os.path.join(folder, "light")
    done = images(top, "-o", light, "--to", "exr", "--json")
    equal(len(told(done, "a.exr", "transfer")), 1, "PNG to EXR")
    for kind in ("png", "jpg", "tif", "exr"):
        done = images(light, "-o", os.path.join(folder, kind), "--to", kind, "--json")
        equal(len(told(done, "a." + kind, "transfer")), int(kind != "exr"), "EXR to " + kind)
    chunks = dict(png_chunks(read(os.path.join(folder, "png", "a.png"))))
    equal(chunks.get(b"gAMA"), (100000).to_bytes(4, "big"), "gamma of light")
    done = images(light, "-o", os.path.join(folder, "v"), "--to", "png", "--vf", "hflip", "--json")
    equal(len(told(done, "a.png", "transfer")), 1, "EXR to PNG by a filter")


def test_linear_says_what_it_does_not_take(folder):
    top = os.path.join(folder, "in")
    write(os.path.join(top, "a.png"), png())
    images(top, "-o", os.path.join(folder, "light"), "--to", "exr")
    done = images(os.path.join(folder, "light"), "-o", os.path.join(folder, "out"), "--to", "png",
                  "--linear", code=2)
    done.said("--linear takes", "EXR", "gbrpf32le", "linear light already")


def test_every_chroma_goes_through_filters(folder):
    source = media("ship", "jpeg", "video-001.q50.410.jpeg")
    name = os.path.basename(source)
    plain = os.path.join(folder, "plain")
    images(source, "-o", plain, "--to", "png")
    for n, chain in enumerate(("hflip", "scale=40:-1", "scale=iw/4:ih/4", "unsharp")):
        out = os.path.join(folder, "out%d" % n)
        images(source, "-o", out, "--vf", chain)
        # Planes that a filter asks for are whole.
        wanted = FULL if chain == "unsharp" else [(4, 2), (1, 1), (1, 1)]
        equal(jpeg_parts(read(os.path.join(out, name)))[1], wanted, chain)
    images(source, "-o", os.path.join(folder, "twice"), "--vf", "hflip,hflip", "--to", "png")
    made = name.rsplit(".", 1)[0] + ".png"
    equal(read(os.path.join(folder, "twice", made)), read(os.path.join(plain, made)),
          "turned twice")


if __name__ == "__main__":
    main([function for name, function in list(globals().items()) if name.startswith("test_")], 2)
