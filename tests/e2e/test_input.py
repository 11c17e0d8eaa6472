#!/usr/bin/env python3
"""What is read: chapters and starts, tags of the picture, changes, damage, raw video."""
import os

import lib
import media
from lib import need

CHAPTERS = """;FFMETADATA1
[CHAPTER]
TIMEBASE=1/1000
START=%d
END=%d
title=One
[CHAPTER]
TIMEBASE=1/1000
START=%d
END=%d
title=Two
"""


def with_chapters(start):
    """A file of 0.8 s that begins at `start` milliseconds."""
    def make(shop, path):
        text = shop.fresh(".txt")
        text.write_text(CHAPTERS % (start, start + 300, start + 300, start + 800))
        lib.ffmpeg(*media.picture(), "-i", text, "-map", "0:v", "-map_chapters", "1",
                   "-output_ts_offset", "%dms" % start, "-c:v", "ffv1", path)
    return make


def joined(*filters):
    def make(shop, path):
        with open(path, "wb") as whole:
            for text in filters:
                part = shop.fresh(".ts")
                lib.ffmpeg(*media.picture(0.4), "-vf", text, "-pix_fmt", "yuv420p", "-c:v",
                           "mpeg2video", part)
                whole.write(part.read_bytes())
    return make


def late_picture(shop, path):
    lib.ffmpeg(*media.sound(), "-itsoffset", "0.5", *media.picture(), "-map", "1:v", "-map", "0:a",
               "-c:v", "mpeg2video", "-c:a", "mp2", path)


def damaged(shop, path):
    """VP8 whose bits are flipped where no decoder complains."""
    whole = shop.fresh(".mkv")
    lib.ffmpeg(*media.picture(2), "-pix_fmt", "yuv420p", "-c:v", "libvpx", "-deadline", "realtime",
               "-cpu-used", "8", "-b:v", "500k", whole)
    data = bytearray(whole.read_bytes())
    for at in range(len(data) // 4, len(data) * 3 // 4, len(data) // 40):
        data[at] ^= 4
    path.write_bytes(data)


RECIPES = {
    "chapters.mkv": with_chapters(0),
    "chapters-at-ten.mkv": with_chapters(10000),
    "aspect.ts": joined("setsar=1", "setsar=4/3"),
    "late-picture.ts": late_picture,
    "damaged.mkv": damaged,
    "turned.264": [*media.picture(0.4), "-pix_fmt", "yuv420p", *media.X264, "-bsf:v",
                   "h264_metadata=display_orientation=insert:rotate=90"],
    "raw.yuv": [*media.picture(), "-pix_fmt", "yuv422p10le", "-f", "rawvideo"],
}

suite = lib.Suite(RECIPES)


def chapters_of(path):
    return [(round(float(c["start_time"]), 3), round(float(c["end_time"]), 3),
             c["tags"]["title"]) for c in lib.probe(path)["chapters"]]


def chapters(shop, name, args, wanted):
    out = shop.fresh(".mkv")
    lib.framewheel("run", shop.media(name), out, "-c:v", "ffv1", *args)
    found = chapters_of(out)
    need(len(found) == len(wanted), "%s, not %s" % (found, wanted))
    for mine, its in zip(found, wanted):
        close = all(abs(a - b) < 0.002 for a, b in zip(mine[:2], its[:2]))
        need(close and mine[2] == its[2], "%s, not %s" % (found, wanted))


for name in ("chapters.mkv", "chapters-at-ten.mkv"):
    suite.add("whole-" + name, chapters, suite.shop, name, [],
              [(0, 0.3, "One"), (0.3, 0.8, "Two")])
    suite.add("cut-" + name, chapters, suite.shop, name, ["-ss", "0.2", "-t", "0.4"],
              [(0, 0.1, "One"), (0.1, 0.4, "Two")])
    suite.add("second-" + name, chapters, suite.shop, name, ["-ss", "0.4"],
              [(0, 0.4, "Two")])


@suite.check
def matrix_of_the_frame_is_kept(shop):
    out = shop.fresh(".mp4")
    lib.framewheel("run", shop.media("turned.264"), out, "--rotate", "keep", *media.X264)
    side = lib.probe(out)["streams"][0].get("side_data_list", [])
    need(any(abs(entry.get("rotation", 0)) == 90 for entry in side), "side data is %s" % side)


@suite.check
def mapped_streams_alone_set_the_start(shop):
    source = shop.media("late-picture.ts")
    for maps, start in ((["-map", "0:v"], 0), (["-map", "0:v", "-map", "0:a"], 0.5)):
        out = shop.fresh(".mkv")
        lib.framewheel("run", source, out, *maps, "-c:v", "ffv1")
        packets = lib.probe(out, "-show_packets", "-select_streams", "v")["packets"]
        first = float(packets[0]["pts_time"])
        need(abs(first - start) < 0.1, "%s: starts at %g s" % (maps, first))


@suite.check
def aspect_change_is_noticed(shop):
    source, out = shop.media("aspect.ts"), shop.fresh(".mkv")
    args = ("--on-error", "conceal", "-c:v", "ffv1")
    refused = lib.framewheel("run", source, out, *args, "--on-change", "error", code=4)
    need(b"1:1" in refused.err and b"4:3" in refused.err, refused.text())
    listed = lib.framewheel("run", source, out, *args, "--json", "-q")
    need(b"4:3" in listed.out, "nothing is listed: %s" % listed.out[-2000:])
    need([f.hash for f in lib.decoded(out).frames] == [f.hash for f in lib.decoded(source).frames],
         "other pixels than ffmpeg's")


@suite.check
def damage_looks_alike_on_any_number_of_cores(shop):
    source = shop.media("damaged.mkv")
    args = ("run", source, "-", "-f", "framemd5", "--on-error", "conceal", "-q")
    many = lib.framewheel(*args).out
    cores = os.sched_getaffinity(0)
    command = ["taskset", "-c", str(min(cores)), lib.FRAMEWHEEL, *args]
    one = lib.run(command)
    need(one.code == 0 and one.out == many, "one core decodes something else: %s" % one.text())


@suite.check
def raw_video_is_read_as_told(shop):
    source = shop.media("raw.yuv")
    told = ["-video_size", "128x96", "-pixel_format", "yuv422p10le", "-framerate", "30"]
    for cut in ([], ["-ss", "0.3", "-t", "0.2"]):
        ours = lib.framewheel("run", source, "-", "-f", "framemd5", "-q", "--input-format",
                              "rawvideo", *told, *cut)
        theirs = lib.ffmpeg("-f", "rawvideo", *told, *cut, "-i", source, "-f", "framemd5", "-")
        lib.same_frames(lib.FrameList(ours.out).of(0), lib.FrameList(theirs.out).of(0))


@suite.check
def tags_of_streams_are_set(shop):
    out = shop.fresh(".mp4")
    lib.framewheel("run", shop.media("chapters.mkv"), out, "-metadata:s:v:0", "language=deu",
                   "-metadata:g", "title=Whole", "-c:v", "libx265", "-preset", "ultrafast",
                   "-x265-params", "log-level=0:pools=1", "-vtag", "hvc1", "-strict", "-2")
    found = lib.probe(out)
    stream = [s for s in found["streams"] if s["codec_type"] == "video"][0]
    need(stream["codec_tag_string"] == "hvc1", "tag is %s" % stream["codec_tag_string"])
    need(stream["tags"].get("language") == "deu", "tags are %s" % stream["tags"])
    need(found["format"]["tags"].get("title") == "Whole", "tags are %s" % found["format"]["tags"])
    nothing = shop.fresh(".mp4")
    lib.framewheel("run", shop.media("chapters.mkv"), nothing, "-metadata:s:a:7", "language=deu",
                   code=2)
    need(not nothing.exists(), "there is an output")


suite.main()
