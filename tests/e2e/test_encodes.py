#!/usr/bin/env python3
"""Encoded files: frames, times, pixels, and everything that lies beside the picture."""
import array
import fractions
import json

import lib
import media
from lib import need

FONT = bytes(range(256)) * 8
SRT = "1\n00:00:00,100 --> 00:00:00,300\nfirst line\n\n2\n00:00:00,400 --> 00:00:00,700\nzweite\n\n"
CHAPTERS = """;FFMETADATA1
title=A small film
artist=Nobody
comment=made for a test
[CHAPTER]
TIMEBASE=1/1000
START=0
END=300
title=One
[CHAPTER]
TIMEBASE=1/1000
START=300
END=800
title=Two
"""


def rich(shop, path):
    """Two sounds, two subtitles, an attachment, chapters, tags, languages and dispositions."""
    srt, chapters, font = shop.fresh(".srt"), shop.fresh(".txt"), shop.fresh("/letters.ttf")
    srt.write_text(SRT)
    chapters.write_text(CHAPTERS)
    font.write_bytes(FONT)
    lib.ffmpeg(*media.picture(), *media.sound(), *media.sound(frequency=660), "-i", srt, "-i",
               chapters, "-map", "0:v", "-map", "1:a", "-map", "2:a", "-map", "3:s", "-map", "3:s",
               "-map_metadata", "4", "-map_chapters", "4", "-attach", font, "-metadata:s:t",
               "mimetype=application/x-truetype-font", "-pix_fmt", "yuv420p", *media.X264,
               "-c:a:0", "aac", "-c:a:1", "flac", "-c:s:0", "srt", "-c:s:1", "ass",
               "-metadata:s:v:0", "title=The picture", "-metadata:s:a:0", "language=eng",
               "-metadata:s:a:1", "language=deu", "-metadata:s:a:1", "title=Deutsch",
               "-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=fra",
               "-disposition:a:0", "0", "-disposition:a:1", "default+comment", "-disposition:s:1",
               "forced", path)


def hdr10(shop, path):
    lib.ffmpeg(*media.picture(0.4), "-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-preset",
               "ultrafast", "-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace",
               "bt2020nc", "-x265-params", "log-level=0:pools=1:frame-threads=1:hdr10=1:"
               "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:max-cll=1000,400:"
               "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)",
               path)


RECIPES = dict(media.RECIPES, **{
    "rich.mkv": rich,
    "hdr10.mp4": hdr10,
    "tagged.mkv": [*media.picture(0.4), "-vf", "setsar=16/11", "-pix_fmt", "yuv420p", "-c:v",
                   "libx264", "-preset", "ultrafast", "-color_primaries", "bt709", "-color_trc",
                   "bt709", "-colorspace", "bt709", "-color_range", "tv", "-chroma_sample_location",
                   "left"],
    "full-range.mkv": [*media.picture(0.4), "-vf", "scale=out_range=full", "-pix_fmt", "yuv420p",
                       "-c:v", "ffv1", "-color_range", "pc", "-colorspace", "smpte170m"],
    "interlaced.mkv": [*media.picture(0.4, rate=50), "-vf", "interlace=lowpass=0", "-pix_fmt",
                       "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-flags",
                       "+ildct+ilme", "-x264-params", "tff=1"],
})
RECIPES["mono.nut"] = [*media.picture(0.4), *media.sound(0.4), "-c:v", "ffv1", "-c:a", "pcm_s16le"]
suite = lib.Suite(RECIPES)
shop = suite.shop


# ---- what is compared ----------------------------------------------------------------------------

def encode(path, suffix, *args, code=0):
    """Runs one job; returns the output's path and the report."""
    out, report = shop.fresh(suffix), shop.fresh(".json")
    lib.framewheel("run", path, out, *args, "--report", report, "-y", code=code)
    return out, json.loads(report.read_text())


def losses(report):
    return [loss["kind"] for loss in report["losses"]]


def frames_of(path, stream="v:0"):
    return lib.probe(path, "-select_streams", stream, "-show_frames", "-show_entries",
                     "frame=pts,best_effort_timestamp,pkt_duration,interlaced_frame,top_field_first,"
                     "side_data_list")["frames"]


def stream_of(path, kind="video", index=0):
    streams = [s for s in lib.probe(path)["streams"] if s["codec_type"] == kind]
    need(len(streams) > index, "no %s stream %d in %s" % (kind, index, path.name))
    return streams[index]


def times_of(path, *before):
    """Presentation times of the video frames in seconds, as fractions, and the length of a tick."""
    frames = lib.decoded(path, before=before)
    tick = fractions.Fraction(frames.head["tb 0"])
    return [frame.pts * tick for frame in frames.frames], tick


def same_times(source, out, exact=False, report=None):
    """The instants of the source, counted from the file's start: exactly, or to a tick of the
    container and after one common shift that the report names."""
    want, _ = times_of(source)
    have, tick = times_of(out, "-copyts")
    need(len(want) == len(have), "%d frames, the source has %d" % (len(have), len(want)))
    listed = report is None or "timestamps" in losses(report)
    shift = have[0] - want[0]
    need(abs(shift) <= (0 if exact else tick) or listed, "a shift of %f s is not listed" % shift)
    far = [(n, float(b - a - shift)) for n, (a, b) in enumerate(zip(want, have))
           if abs(b - a - shift) > (0 if exact else tick)]
    need(not far, "%d frames are off, the first: %s" % (len(far), far[:1]))


def same_pixels(source, out, *convert):
    """The same pictures, both as they are or both as the pixels that `convert` asks for."""
    theirs, mine = lib.decoded(source, *convert), lib.decoded(out, *convert)
    need(len(mine.frames) == len(theirs.frames), "%d frames, the source has %d" % (
        len(mine.frames), len(theirs.frames)))
    for n, (a, b) in enumerate(zip(mine.frames, theirs.frames)):
        need(a.hash == b.hash, "frame %d has other pixels" % n)


def same_packets(source, out, stream, out_stream=None):
    """Copied packets: number, sizes and bytes."""
    theirs = lib.packets(source, stream).frames
    mine = lib.packets(out, out_stream or stream).frames
    need(theirs, "the source has no packets in %s" % stream)
    need([(f.size, f.hash) for f in mine] == [(f.size, f.hash) for f in theirs],
         "%s: %d packets, %d in the source, or other bytes" % (stream, len(mine), len(theirs)))


# ---- lossless ------------------------------------------------------------------------------------

LOSSLESS = [
    # encoder options, container, source, pixel format that the encoder needs
    (["-c:v", "ffv1"], ".mkv", "h264.mp4", None),
    (["-c:v", "ffv1"], ".mkv", "vfr.mp4", None),
    (["-c:v", "ffv1"], ".mkv", "ffv1-422p10.mkv", None),
    (["-c:v", "ffv1"], ".nut", "vfr.mp4", None),
    (["-c:v", "ffv1"], ".avi", "mpeg4.avi", None),
    (["-c:v", "ffv1"], ".mkv", "theora.ogv", None),
    (["-c:v", "ffv1"], ".mkv", "offset.mkv", None),
    (["-c:v", "libx264", "-qp", "0", "-preset", "ultrafast"], ".mp4", "h264.mp4", None),
    (["-c:v", "libx264", "-qp", "0", "-preset", "ultrafast"], ".mkv", "h264-444.mkv", None),
    (["-c:v", "libx264", "-crf", "0", "-preset", "ultrafast"], ".mov", "ntsc.mov", None),
    (["-c:v", "libx264", "-qp", "0", "-preset", "ultrafast", "-bf", "3"], ".mp4", "vfr.mp4", None),
    (["-c:v", "libx264", "-qp", "0", "-bf", "2"], ".ts", "offset.ts", None),
    (["-c:v", "utvideo"], ".avi", "h264.mkv", None),
    (["-c:v", "utvideo"], ".mkv", "rgba.mov", "gbrap"),
    (["-c:v", "huffyuv", "-pix_fmt", "yuv422p"], ".avi", "mpeg4.avi", "yuv422p"),
    (["-c:v", "ffvhuff"], ".mkv", "h264.mp4", None),
    (["-c:v", "rawvideo"], ".nut", "h264.mp4", None),
    (["-c:v", "rawvideo"], ".nut", "rgb48.nut", None),
]


def lossless(words, suffix, name, pix_fmt):
    source = shop.media(name)
    out, report = encode(source, suffix, *words, "--verify", "decode")
    need(report["status"] == "complete" or report["exit"] == 0, "status %s" % report["status"])
    same_pixels(source, out, *(["-pix_fmt", pix_fmt] if pix_fmt else []))
    same_times(source, out, suffix in (".mp4", ".mov", ".nut"), report)


for number, row in enumerate(LOSSLESS):
    suite.add("lossless.%s%s.%s" % (row[0][1], row[1], row[2]), lossless, *row)


# Pixels that only copying keeps: every family, depth and shape.
FORMATS = ["gray", "gray10le", "gray16le", "ya8", "yuv420p", "yuv422p", "yuv440p", "yuv444p",
           "yuv420p10le", "yuv422p12le", "yuv444p16le", "yuva420p", "yuva444p10le", "gbrp",
           "gbrp10le", "gbrap", "gbrap16le", "bgr0", "bgra", "rgb48le", "rgba64le", "yuvj420p",
           "yuv411p", "nv12", "rgb24", "monob", "pal8", "yuyv422"]
SHAPES = ["65x47", "1x1", "2x2", "3x1", "16384x2"]
FFV1_TOO = {"gray", "gray16le", "yuv420p", "yuv422p12le", "yuv444p16le", "yuva444p10le", "gbrp",
            "gbrap16le", "bgra", "rgb48le"}


def shape(pix_fmt, size):
    """A shape's raw frames go into nut by ffmpeg, through the program, and come out the same."""
    source = shop.fresh(".nut")
    lib.ffmpeg("-f", "lavfi", "-i", "testsrc=size=320x240:rate=25:duration=0.12", "-vf",
               "scale=%s" % size.replace("x", ":"), "-pix_fmt", pix_fmt, "-c:v", "rawvideo", source)
    for codec, suffix in (("rawvideo", ".nut"), ("ffv1", ".mkv")):
        if codec == "ffv1" and pix_fmt not in FFV1_TOO:
            continue
        out, _ = encode(source, suffix, "-c:v", codec)
        # ffv1 has no gbrp of 8 bits and no rgb48; what it takes in their place holds the same.
        same_pixels(source, out, "-pix_fmt", pix_fmt)
        has = stream_of(out)
        need((has["width"], has["height"]) == tuple(int(v) for v in size.split("x")),
             "the size became %dx%d" % (has["width"], has["height"]))
        same_times(source, out, suffix == ".nut")


for pix_fmt in FORMATS if lib.LONG else FORMATS[::2]:
    suite.add("shape.%s.65x47" % pix_fmt, shape, pix_fmt, "65x47")
for size in SHAPES[1:]:
    for pix_fmt in ("yuv420p", "rgb48le", "gray") if lib.LONG else ("yuv420p",):
        suite.add("shape.%s.%s" % (pix_fmt, size), shape, pix_fmt, size)


RAW = [(".nut", ["gray10le", "gbrp10le", "rgb555le"], "p010le"),
       (".avi", ["gray", "yuv420p", "yuv411p", "nv12", "uyvy422", "bgr24", "bgra"], "yuv420p10le"),
       (".mov", ["yuyv422", "uyvy422", "rgb24", "argb"], "yuv420p")]


def raw_pictures(suffix, taken, refused):
    """What a container has no name for is refused when asked for, and else converted and listed;
    the muxers would write it under another name."""
    source = shop.media("h264.mp4")
    for pix_fmt in taken:
        out, _ = encode(source, suffix, "-c:v", "rawvideo", "-an", "-pix_fmt", pix_fmt)
        has = stream_of(out)["pix_fmt"]
        need(has == pix_fmt, "%s came back as %s" % (pix_fmt, has))
    out = shop.fresh(suffix)
    result = lib.framewheel("run", source, out, "-c:v", "rawvideo", "-pix_fmt", refused, code=2)
    need(refused.encode() in result.err and not out.exists(), result.text())
    deep = shop.media("hevc10.mp4")
    out, report = encode(deep, suffix, "-c:v", "rawvideo")
    kept = stream_of(out)["pix_fmt"] == stream_of(deep)["pix_fmt"]
    need(kept or "converted" in losses(report), "%s, losses: %s" % (
        stream_of(out)["pix_fmt"], report["losses"]))


for row in RAW:
    suite.add("raw%s" % row[0], raw_pictures, *row)


# ---- lossy ---------------------------------------------------------------------------------------

FAST = {"libx264": ["-preset", "ultrafast"], "libx265": ["-preset", "ultrafast"],
        "libvpx-vp9": ["-deadline", "realtime", "-cpu-used", "8", "-b:v", "300k"],
        "libsvtav1": ["-preset", "12"], "prores_ks": [], "mjpeg": ["-q:v", "4"],
        "mpeg4": ["-q:v", "4"], "mpeg2video": ["-q:v", "4"]}
LOSSY = [("libx264", ".mp4"), ("libx264", ".mkv"), ("libx264", ".mov"), ("libx264", ".ts"),
         ("libx265", ".mp4"), ("libx265", ".mkv"), ("libvpx-vp9", ".webm"), ("libvpx-vp9", ".mkv"),
         ("libsvtav1", ".mp4"), ("libsvtav1", ".webm"), ("prores_ks", ".mov"), ("prores_ks", ".mkv"),
         ("mjpeg", ".avi"), ("mjpeg", ".mov"), ("mpeg4", ".avi"), ("mpeg4", ".mp4"),
         ("mpeg2video", ".ts"), ("mpeg2video", ".mkv"), ("libx264", ".nut"), ("libx264", ".avi")]
UNEVEN = {("libx264", ".mp4"), ("libx264", ".mkv"), ("libx265", ".mp4"), ("libvpx-vp9", ".webm"),
          ("prores_ks", ".mov"), ("libsvtav1", ".mp4"), ("libx264", ".nut"), ("libx264", ".ts")}


def lossy(codec, suffix, name):
    source = shop.media(name)
    out, report = encode(source, suffix, "-c:v", codec, *FAST[codec])
    has, had = stream_of(out), stream_of(source)
    wanted = {"libx264": "h264", "libx265": "hevc", "libvpx-vp9": "vp9", "libsvtav1": "av1",
              "prores_ks": "prores"}.get(codec, codec)
    need(has["codec_name"] == wanted, "the codec became %s" % has["codec_name"])
    need((has["width"], has["height"]) == (had["width"], had["height"]), "another size")
    same_times(source, out, suffix in (".mp4", ".mov", ".nut"), report)
    need(report["frames"]["encoded"] == len(frames_of(source)), "the report counts otherwise")
    # The picture is the source's, if not its very bits.
    stats = lib.ffmpeg("-i", out, "-i", source, "-lavfi", "[0:v][1:v]psnr", "-f", "null", "-",
                       "-loglevel", "info").err.decode()
    psnr = float(stats.rsplit("average:", 1)[1].split()[0])
    need(psnr > 24, "PSNR against the source is %.1f dB" % psnr)


for codec, suffix in LOSSY:
    suite.add("lossy.%s%s" % (codec, suffix), lossy, codec, suffix, "h264.mp4")
    if (codec, suffix) in UNEVEN:
        suite.add("lossy.%s%s.vfr" % (codec, suffix), lossy, codec, suffix, "vfr.mp4")


def fixed_rate_encoder(codec, suffix):
    """Such an encoder cannot keep uneven times: refused once one comes, taken with -r."""
    source, out = shop.media("vfr.mp4"), shop.fresh(suffix)
    refused = lib.framewheel("run", source, out, "-c:v", codec, code=1)
    need(b"-r" in refused.err, "no way out is named: %s" % refused.text())
    need(not out.exists(), "there is an output")
    out, _ = encode(source, suffix, "-c:v", codec, "-r", "25")
    times, tick = times_of(out)
    steps = [b - a for a, b in zip(times, times[1:])]
    need(all(abs(step - fractions.Fraction(1, 25)) <= tick for step in steps), "uneven: %s" % steps)


suite.add("fixed-rate.mpeg2video", fixed_rate_encoder, "mpeg2video", ".ts")


# ---- streams beside the picture ------------------------------------------------------------------

def described(path, kinds=None):
    """What a container says of its streams, chapters and itself."""
    said = lib.probe(path)
    streams = []
    for s in said["streams"]:
        tags = {k.lower(): v for k, v in s.get("tags", {}).items()}
        if kinds is None or s["codec_type"] in kinds:
            streams.append((s["codec_type"], tags.get("language", "und"), tags.get("title"),
                            tuple(sorted(k for k, v in s["disposition"].items() if v))))
    chapters = [(c["start_time"], c["end_time"], c.get("tags", {}).get("title"))
                for c in said["chapters"]]
    tags = {k.lower(): v for k, v in said["format"].get("tags", {}).items()
            if k.lower() in ("title", "artist", "comment", "date", "genre")}
    return streams, chapters, tags


@suite.check
def streams_copied_to_mkv(shop):
    source = shop.media("rich.mkv")
    out, report = encode(source, ".mkv", "-c:v", "ffv1", "--vf", "negate")
    for stream in ("0:a:0", "0:a:1", "0:s:0", "0:s:1"):
        same_packets(source, out, stream)
    for before, after in zip(described(source), described(out)):
        need(before == after, "described as %s, was %s" % (after, before))
    for number in (0, 1):
        theirs = [(f.pts, f.dts) for f in lib.packets(source, "0:a:%d" % number, "-copyts").frames]
        mine = [(f.pts, f.dts) for f in lib.packets(out, "0:a:%d" % number, "-copyts").frames]
        need(mine == theirs, "sound %d has other times: %s, was %s" % (number, mine[:2], theirs[:2]))
    font = shop.fresh(".ttf")
    lib.run(["ffmpeg", "-loglevel", "error", "-y", "-dump_attachment:t:0", font, "-i", out])
    need(font.exists() and font.read_bytes() == FONT, "the attachment has other bytes")
    need(stream_of(out, "attachment")["tags"]["filename"] == "letters.ttf", "another file name")
    need(not losses(report), "losses are listed: %s" % report["losses"])


@suite.check
def streams_to_mp4(shop):
    """What mp4 cannot take is converted or left out, and listed."""
    source = shop.media("rich.mkv")
    out, report = encode(source, ".mp4", "-preset", "ultrafast")
    same_packets(source, out, "0:a:0")
    kinds = [s["codec_type"] for s in lib.probe(out)["streams"]]
    need(kinds.count("audio") == 2, "streams are %s" % kinds)
    need([s["codec_name"] for s in lib.probe(out)["streams"] if s["codec_type"] == "subtitle"] ==
         ["mov_text", "mov_text"], "streams are %s" % kinds)
    texts = lib.ffmpeg("-i", out, "-map", "0:s:0", "-f", "srt", "-").out.decode()
    need("first line" in texts and "zweite" in texts, "subtitles say %r" % texts)
    need("converted" in losses(report), "no conversion is listed: %s" % report["losses"])
    need(any("attachment" in loss["detail"] for loss in report["losses"]),
         "the attachment's loss is not listed: %s" % report["losses"])
    before, after = described(source), described(out)
    need([c[2] for c in after[1]] == ["One", "Two"], "chapters are %s" % after[1])
    need(after[2].get("title") == before[2]["title"], "tags are %s" % after[2])
    need([s[1] for s in after[0] if s[0] == "audio"] == ["eng", "deu"], "languages: %s" % after[0])


@suite.check
def streams_to_webm(shop):
    source = shop.media("h264.mp4")
    out, report = encode(source, ".webm", *FAST["libvpx-vp9"])
    need(stream_of(out)["codec_name"] == "vp9", "video is %s" % stream_of(out)["codec_name"])
    need(stream_of(out, "audio")["codec_name"] == "opus", "sound is not opus")
    need("converted" in losses(report), "the conversion is not listed: %s" % report["losses"])


@suite.check
def dropping_streams(shop):
    source = shop.media("rich.mkv")
    out, _ = encode(source, ".mkv", "-c:v", "ffv1", "-an", "-sn")
    kinds = [s["codec_type"] for s in lib.probe(out)["streams"]]
    need(kinds == ["video", "attachment"], "-an -sn left %s" % kinds)
    out, _ = encode(source, ".mkv", "-c:v", "ffv1", "-c:a", "none")
    kinds = [s["codec_type"] for s in lib.probe(out)["streams"]]
    need(kinds == ["video", "subtitle", "subtitle", "attachment"], "-c:a none left %s" % kinds)


MAPS = [
    (["-map", "0:v"], ["video"]),
    (["-map", "0:a:1"], ["video", "audio"]),
    (["-map", "0:v", "-map", "0:a:1", "-map", "0:s:0"], ["video", "audio", "subtitle"]),
    (["-map", "0", "-map", "-0:s"], ["video", "audio", "audio", "attachment"]),
    (["-map", "0", "-map", "-0:a:0", "-map", "-0:t"], ["video", "audio", "subtitle", "subtitle"]),
    (["-map", "0:s?", "-map", "0:d?"], ["video", "subtitle", "subtitle"]),
    (["-map", "0:2"], ["video", "audio"]),
]


def mapped(words, kinds):
    source = shop.media("rich.mkv")
    out, _ = encode(source, ".mkv", "-c:v", "ffv1", *words)
    have = [s["codec_type"] for s in lib.probe(out)["streams"]]
    need(sorted(have) == sorted(kinds), "streams are %s" % have)
    if "0:a:1" in words or "0:2" in words:
        same_packets(source, out, "0:a:1", "0:a:0")


for number, (words, kinds) in enumerate(MAPS):
    suite.add("map.%d" % number, mapped, words, kinds)


@suite.check
def map_of_nothing(shop):
    out = shop.fresh(".mkv")
    result = lib.framewheel("run", shop.media("h264.mp4"), out, "-map", "0:a:7", code=2)
    need(b"0:a:7" in result.err, "the map is not named: %s" % result.text())
    need(not out.exists(), "there is an output")


AUDIO = [("aac", ".mp4", "aac"), ("libopus", ".mkv", "opus"), ("flac", ".mkv", "flac"),
         ("pcm_s16le", ".mov", "pcm_s16le"), ("pcm_s16le", ".avi", "pcm_s16le"),
         ("copy", ".mkv", "aac")]


def audio(codec, suffix, name):
    source = shop.media("h264.mp4")
    out, _ = encode(source, suffix, "-c:v", "mpeg4", "-q:v", "5", "-c:a", codec)
    stream = stream_of(out, "audio")
    need(stream["codec_name"] == name, "sound is %s" % stream["codec_name"])
    need(int(stream["channels"]) == 1, "%s channels" % stream["channels"])

    def samples(path):
        return lib.ffmpeg("-i", path, "-map", "0:a:0", "-ar", "48000", "-c:a", "pcm_s16le", "-f",
                          "s16le", "-").out
    theirs, mine = samples(source), samples(out)
    need(abs(len(mine) - len(theirs)) <= 2 * 2048, "%d bytes of sound, %d in the source" % (
        len(mine), len(theirs)))
    if name in ("flac", "pcm_s16le"):
        # flac keeps 24 bits: read back as 16 they may round to the neighbour.
        far = [n for n, (a, b) in enumerate(zip(array.array("h", mine), array.array("h", theirs)))
               if abs(a - b) > (1 if name == "flac" else 0)]
        need(not far, "%d other samples, the first is %s" % (len(far), far[:1]))
    if codec == "copy":
        same_packets(source, out, "0:a:0")


for codec, suffix, name in AUDIO:
    suite.add("audio.%s%s" % (codec, suffix), audio, codec, suffix, name)


def channels(codec, words):
    """A change of channels or rate gives as many samples as ffmpeg does."""
    source, ours, theirs = shop.media("mono.nut"), shop.fresh(".mkv"), shop.fresh(".mkv")
    picture = ["-c:v", "ffv1", "-c:a", codec] + words
    lib.framewheel("run", source, ours, *picture)
    lib.ffmpeg("-i", source, *picture, theirs)
    shape = [[stream_of(path, "audio")[key] for key in ("channels", "sample_rate")] +
             [len(lib.run(["ffmpeg", "-v", "error", "-i", path, "-map", "0:a", "-f", "s16le", "-"])
                  .out)] for path in (ours, theirs)]
    need(shape[0] == shape[1], "ours has %s, ffmpeg's %s" % tuple(shape))


CHANNELS = [["-ac", "1"], ["-ac", "2"], ["-ac", "6"], ["-ar", "24000", "-ac", "2"]]
for row_, codec_ in enumerate(["aac", "libopus", "flac", "pcm_s16le"]):
    for words_ in CHANNELS if lib.LONG else [CHANNELS[row_]]:
        suite.add("channels.%s%s" % (codec_, "".join(words_)), channels, codec_, words_)


def sound_options(words, channels_, rate_):
    """An option of sound asks for an encoder: its work is no loss. Beside a copy it is refused."""
    source = shop.media("h264.mp4")
    out, report = encode(source, ".mp4", *words)
    stream = stream_of(out, "audio")
    need((stream["channels"], stream["sample_rate"]) == (channels_, rate_), "sound: %s" % stream)
    need("converted" not in losses(report), "listed: %s" % report["losses"])
    result = lib.framewheel("run", source, shop.fresh(".mp4"), "-c:a", "copy", *words, code=2)
    need("-c:a copy" in result.text(), result.text())
    before, after = [lib.packets(path, "0:a:0").frames for path in (source, out)]
    need([frame.hash for frame in before] != [frame.hash for frame in after], "it was copied")


for words_, channels_, rate_ in [(["-ac", "2"], 2, "48000"), (["-ar", "22050"], 1, "22050"),
                                 (["-b:a", "32k"], 1, "48000"), (["-q:a", "1"], 1, "48000")]:
    suite.add("sound-options%s" % "".join(words_), sound_options, words_, channels_, rate_)


@suite.check
def sound_that_no_encoder_takes(shop):
    """Refused in words that name the way out."""
    for words, told in [(["libopus", "-ar", "44100"], "48000"), (["libopus", "-ac", "3"], "3 chan"),
                        (["aac", "-ac", "65"], "64"), (["vorbis"], "-strict -2"),
                        (["opus"], "-strict -2")]:
        result = lib.framewheel("run", shop.media("mono.nut"), shop.fresh(".mkv"), "-c:v", "ffv1",
                                "-c:a", *words, code=2)
        need(told in result.text(), "%s: %s" % (words, result.text()))


def media_file(name):
    path = lib.MEDIA / "test" / name
    if not path.exists():
        raise lib.Skipped("no %s" % path)
    return path


@suite.check
def found_chapters(shop):
    source = media_file("sample_with_chapters.mkv")
    out, _ = encode(source, ".mkv", "-c:v", "libx264", "-preset", "ultrafast")
    theirs = shop.fresh(".mkv")
    lib.ffmpeg("-i", source, "-c:v", "ffv1", "-c:a", "copy", theirs)
    need(described(theirs)[1] == described(out)[1], "chapters became %s" % (described(out)[1],))
    need(described(source)[0] == described(out)[0], "streams became %s" % (described(out)[0],))


@suite.check
def found_picture_subtitles(shop):
    source = media_file("sample_with_pgs_subtitles.mkv")
    out, _ = encode(source, ".mkv", "-c:v", "libx264", "-preset", "ultrafast")
    same_packets(source, out, "0:s:0")
    out, report = encode(source, ".mp4", "-preset", "ultrafast", "--vf", "crop=64:64")
    need(any(loss["stream"] is not None and "subtitle" in loss["detail"]
             for loss in report["losses"]), "the loss is not listed: %s" % report["losses"])


# ---- how the picture is to be shown --------------------------------------------------------------

TAGS = ("color_range", "color_space", "color_transfer", "color_primaries", "chroma_location",
        "sample_aspect_ratio")


def same_tags(source, out, tags=TAGS):
    had, has = stream_of(source), stream_of(out)
    unlike = {tag: (had.get(tag), has.get(tag)) for tag in tags if had.get(tag) != has.get(tag)}
    need(not unlike, "was, is: %s" % unlike)


COLOURS = [
    ("tagged.mkv", ".mkv", "libx264", TAGS),
    ("tagged.mkv", ".mp4", "libx264", TAGS),
    ("tagged.mkv", ".mov", "libx264", TAGS),
    ("tagged.mkv", ".mkv", "ffv1", TAGS),
    ("tagged.mkv", ".ts", "libx264", TAGS),
    ("full-range.mkv", ".mkv", "ffv1", TAGS[:2]),
    ("full-range.mkv", ".mp4", "libx264", TAGS[:2]),
    ("hdr10.mp4", ".mkv", "libx265", TAGS[:4]),
    ("sar.mp4", ".avi", "mpeg4", TAGS[5:]),
    ("sar.mp4", ".mkv", "mpeg2video", TAGS[5:]),
]


def colours(name, suffix, codec, tags):
    source = shop.media(name)
    out, _ = encode(source, suffix, "-c:v", codec, *FAST.get(codec, []))
    same_tags(source, out, tags)


for name, suffix, codec, tags in COLOURS:
    suite.add("colours.%s.%s%s" % (name, codec, suffix), colours, name, suffix, codec, tags)


def light_of(path):
    """HDR10 data: what the container says, or what comes with the first frame."""
    kinds = ("Mastering display metadata", "Content light level metadata")
    found = {}
    for entry in stream_of(path).get("side_data_list", []):
        if entry["side_data_type"] in kinds:
            found[entry["side_data_type"]] = {k: v for k, v in entry.items()}
    return found


def light(source, codec, suffix, *words):
    out, _ = encode(source, suffix, "-c:v", codec, *FAST.get(codec, []), *words)
    same_tags(source, out, TAGS[:4])
    return out


def light_kept(source, codec, suffix, *words):
    out = light(source, codec, suffix, *words)
    frame = frames_of(source)[0].get("side_data_list", [])
    had = light_of(source) or {e["side_data_type"]: e for e in frame
                               if e["side_data_type"] in ("Mastering display metadata",
                                                          "Content light level metadata")}
    need(len(had) >= 1, "the source has no such data")
    has = light_of(out)

    def plain(entry):
        return {k: fractions.Fraction(str(v)) if k != "side_data_type" else v
                for k, v in entry.items()}
    for kind, entry in had.items():
        need(kind in has, "%s is not in the container" % kind)
        a, b = plain(entry), plain(has[kind])
        need(a.keys() == b.keys(), "%s has %s" % (kind, b))
        for key in a:
            near = a[key] == b[key] if key == "side_data_type" else \
                abs(a[key] - b[key]) <= fractions.Fraction(1, 1000)
            need(near, "%s: %s is %s, was %s" % (kind, key, b[key], a[key]))


def light_made(codec, suffix):
    light_kept(shop.media("hdr10.mp4"), codec, suffix)


def tags_found(name, codec, suffix):
    """Films that are PQ by their tags alone."""
    light(media_file(name), codec, suffix, "-frames:v", "5")


for codec, suffix in (("libx265", ".mp4"), ("libx265", ".mkv"), ("libx264", ".mp4"),
                      ("ffv1", ".mkv"), ("libsvtav1", ".mp4"), ("libvpx-vp9", ".webm")):
    suite.add("light.%s%s" % (codec, suffix), light_made, codec, suffix)
suite.add("light.found.hdr10-av1", tags_found, "hdr10-av1.mp4", "libx265", ".mkv")
suite.add("light.found.nasa", tags_found, "nasa_13013_hdr.mp4", "libx265", ".mp4")


def fields(codec, suffix, *words):
    source = shop.media("interlaced.mkv")
    out, _ = encode(source, suffix, "-c:v", codec, *words)
    for n, (a, b) in enumerate(zip(frames_of(source), frames_of(out))):
        for key in ("interlaced_frame", "top_field_first"):
            need(a[key] == b[key], "frame %d: %s is %d, was %d" % (n, key, b[key], a[key]))


for codec, suffix, words in (("libx264", ".mkv", ["-flags", "+ildct+ilme"]), ("ffv1", ".mkv", []),
                             ("mpeg2video", ".ts", ["-flags", "+ildct+ilme"]),
                             ("prores_ks", ".mov", ["-flags", "+ildct"])):
    suite.add("fields.%s%s" % (codec, suffix), fields, codec, suffix, *words)


def fields_lost(codec, suffix, told, *words):
    """A bitstream that calls interlaced pictures progressive is listed."""
    _, report = encode(shop.media("interlaced.mkv"), suffix, "-c:v", codec, *words)
    lost = [loss["detail"] for loss in report["losses"] if loss["kind"] == "field-order"]
    need(len(lost) == (told is not None) and all(told in text for text in lost),
         "listed: %s" % report["losses"])


for codec, told, words in (("libx264", "+ildct", []), ("libx265", "ffv1", []), ("ffv1", None, []),
                           ("mpeg4", "+ildct", []), ("mpeg4", None, ["-flags", "+ildct+ilme"]),
                           ("libx264", None, ["-vf", "setfield=prog"])):
    suite.add("fields-lost.%s%s" % (codec, "".join(words)), fields_lost, codec, ".mkv", told,
              *words)


@suite.check
def strict_about_ticks(shop):
    """Milliseconds cannot hold 24 frames a second: known before the start, and said once."""
    source = shop.fresh(".mp4")
    lib.ffmpeg(*media.picture(0.5, rate=24), "-pix_fmt", "yuv420p", *media.X264, source)
    out, report = encode(source, ".mkv", "-c:v", "ffv1")
    need(losses(report).count("timestamps") == 1, "listed: %s" % report["losses"])
    out = shop.fresh(".mkv")
    lib.framewheel("run", source, out, "-c:v", "ffv1", "--strict", code=2)
    need(not out.exists(), "there is an output")
    lib.framewheel("run", shop.media("h264.mp4"), out, "-c:v", "ffv1", "--strict", "-an")
    lib.framewheel("run", source, shop.fresh(".nut"), "-c:v", "ffv1", "--strict")


@suite.check
def fields_of_the_filters(shop):
    """What the filters say of fields, not what the input said."""
    source = shop.media("interlaced.mkv")
    for words, letter, order in (([], b"t", "tb"), (["--vf", "setfield=prog"], b"p", "progressive"),
                                 (["--vf", "setfield=bff"], b"b", "bt")):
        head = lib.framewheel("run", source, "-", *words).out.split(b"\n")[0]
        need(b" I" + letter + b" " in head, "%s: the head is %s" % (words, head))
        out, _ = encode(source, ".mkv", "-c:v", "ffv1", *words)
        have = stream_of(out).get("field_order", "unknown")
        need(have == order, "%s: field order is %s" % (words, have))


def turn_of(path):
    turns = [e["rotation"] for e in stream_of(path).get("side_data_list", []) if "rotation" in e]
    return int(turns[0]) if turns else 0


def rotation(source, suffix=".mp4"):
    """Turned once and not tagged any more, or not turned and still tagged."""
    words = ["-c:v", "libx264", "-qp", "0", "-preset", "ultrafast"]
    need(turn_of(source), "the source is not turned")
    out, _ = encode(source, suffix, *words)
    need(turn_of(out) == 0, "the tag is still there: %d" % turn_of(out))
    same_pixels(source, out)
    kept, _ = encode(source, suffix, *words, "--rotate", "keep")
    need(turn_of(kept) == turn_of(source), "the tag is %d" % turn_of(kept))
    same_pixels(source, kept)
    stored = lib.ffmpeg("-noautorotate", "-i", source, "-map", "0:v:0", "-f", "framemd5", "-").out
    again = lib.ffmpeg("-noautorotate", "-i", kept, "-map", "0:v:0", "-f", "framemd5", "-").out
    need([f.hash for f in lib.FrameList(stored).frames] ==
         [f.hash for f in lib.FrameList(again).frames], "the stored pictures were turned")


@suite.check
def rotation_by_90(shop):
    rotation(shop.media("rotated.mp4"))


@suite.check
def rotation_by_180(shop):
    rotation(shop.media("upside-down.mp4"))


@suite.check
def rotation_by_270_to_mov(shop):
    rotation(shop.media("counter.mp4"), ".mov")


@suite.check
def rotation_of_an_h264_message(shop):
    """The turn is in the bitstream alone."""
    source = shop.fresh(".mkv")
    lib.ffmpeg("-i", shop.media("h264.mp4"), "-map", "0:v", "-c", "copy", "-bsf:v",
               "h264_metadata=display_orientation=insert:rotate=90", source)
    out, _ = encode(source, ".mov", "--rotate", "keep")
    need(abs(turn_of(out)) == 90, "the tag is %d" % turn_of(out))


@suite.check
def rotation_of_a_phone(shop):
    rotation(lib.CLIPS / "pens.mp4")


# ---- outputs that are not files of packets -------------------------------------------------------

@suite.check
def y4m_to_stdout(shop):
    source = shop.media("h264.mp4")
    piped = lib.framewheel("run", source, "-", "--vf", "hflip").out
    need(piped.startswith(b"YUV4MPEG2 "), "it starts with %r" % piped[:20])
    mine = lib.ffmpeg("-i", "-", "-f", "framemd5", "-", stdin=piped).out
    theirs = lib.ffmpeg("-i", source, "-vf", "hflip", "-map", "0:v", "-f", "framemd5", "-").out
    need([f.hash for f in lib.FrameList(mine).frames] ==
         [f.hash for f in lib.FrameList(theirs).frames], "other pictures")


@suite.check
def y4m_of_10_bits_and_back(shop):
    source = shop.media("ffv1-422p10.mkv")
    piped = lib.framewheel("run", source, "-").out
    out = shop.fresh(".mkv")
    lib.framewheel("run", "-", out, "-c:v", "ffv1", stdin=piped)
    same_pixels(source, out)
    need(stream_of(out)["pix_fmt"] == "yuv422p10le", "it became %s" % stream_of(out)["pix_fmt"])


@suite.check
def y4m_of_444_with_alpha_and_back(shop):
    source, out, back = shop.fresh(".mkv"), shop.fresh(".y4m"), shop.fresh(".mkv")
    lib.ffmpeg(*media.ffv1("yuva444p"), source)
    lib.framewheel("run", source, out)
    lib.framewheel("run", out, back, "-c:v", "ffv1")
    same_pixels(source, back)
    need(stream_of(back)["pix_fmt"] == "yuva444p", "it became %s" % stream_of(back)["pix_fmt"])


@suite.check
def framehash_is_sha256(shop):
    source = shop.media("h264.mp4")
    out = shop.fresh(".txt")
    lib.framewheel("run", source, out, "-an", "-f", "framehash")
    theirs = lib.FrameList(lib.ffmpeg("-i", source, "-map", "0:v", "-vf", "null", "-fps_mode",
                                      "passthrough", "-enc_time_base", "-1", "-f", "framehash",
                                      "-").out)
    mine = lib.FrameList(out.read_bytes())
    need(mine.head.get("hash") == "SHA256", "the hash is %s" % mine.head.get("hash"))
    lib.same_frames(mine.frames, theirs.frames)


@suite.check
def null_output(shop):
    for words in (["--null"], ["-f", "null", "-"]):
        result = lib.framewheel("run", shop.media("h264.mp4"), *words, "--json")
        report = json.loads(result.out)
        need(report["frames"]["decoded"] == 20 and report["frames"]["encoded"] == 20,
             "frames: %s" % report["frames"])


def rate(name, value):
    """-r doubles and drops as the fps filter does at the end of the chain."""
    source = shop.media(name)
    out = shop.fresh(".md5")
    report = shop.fresh(".json")
    lib.framewheel("run", source, "-an", "-r", value, "-f", "framemd5", out, "--report", report)
    mine = lib.FrameList(out.read_bytes())
    theirs = lib.FrameList(lib.ffmpeg("-i", source, "-map", "0:v:0", "-vf", "fps=%s" % value,
                                      "-fps_mode", "passthrough", "-f", "framemd5", "-").out)

    def seen(frames):
        tick = fractions.Fraction(frames.head["tb 0"])
        return [(f.pts * tick, f.hash) for f in frames.frames]
    a, b = seen(mine), seen(theirs)
    if name == "vfr.mp4":
        # This file does not say how long its last frame lasts. ffmpeg then never shows it; here it
        # lasts as long as is usual in the file.
        last = lib.decoded(source).frames[-1].hash
        need(0 < len(a) - len(b) <= fractions.Fraction(value) * 3 / 25 + 1 and
             {shown[1] for shown in a[len(b):]} == {last}, "the last frame is not shown as it should")
        a = a[:len(b)]
    need(len(a) == len(b), "%d frames, ffmpeg has %d" % (len(a), len(b)))
    for n, (one, other) in enumerate(zip(a, b)):
        need(one[0] == other[0], "frame %d at %s, in ffmpeg at %s" % (n, one[0], other[0]))
        need(one[1] == other[1], "frame %d is another picture" % n)
    frames = json.loads(report.read_text())["frames"]
    need(frames["decoded"] + frames["duplicated"] - frames["dropped"] == frames["encoded"],
         "the account is open: %s" % frames)


for name in ("h264.mp4", "vfr.mp4", "ntsc.mov", "cadence.gif"):
    for value in ("50", "10", "24", "30000/1001"):
        if lib.LONG or value in ("50", "24"):
            suite.add("rate.%s.%s" % (name, value.replace("/", "-")), rate, name, value)


@suite.check
def size_change_is_scaled(shop):
    """The first size holds; the loss is listed; the same pictures as ffmpeg's, which scales too."""
    source = shop.media("size-change.ts")
    out, report = encode(source, ".mkv", "-c:v", "ffv1")
    need(len(frames_of(out)) == 20, "%d frames" % len(frames_of(out)))
    need({(f["width"], f["height"]) for f in lib.probe(out, "-show_frames")["frames"]} == {(128, 96)},
         "sizes differ")
    need(report["losses"], "nothing is listed")
    theirs = lib.decoded(source).frames
    need([f.hash for f in lib.decoded(out).frames][:10] == [f.hash for f in theirs][:10],
         "other pictures before the change")


@suite.check
def size_change_is_refused(shop):
    source, out = shop.media("size-change.ts"), shop.fresh(".mkv")
    result = lib.framewheel("run", source, out, "--on-change", "error", "-c:v", "ffv1", code=4)
    need(b"160x80" in result.err and b"10" in result.err, "size and frame: %s" % result.text())
    need(not out.exists(), "there is an output")


@suite.check
def cut_with_sound(shop):
    """Copied sound starts with the packet that overlaps the cut."""
    source = shop.media("h264.mkv")
    out, _ = encode(source, ".mkv", "-c:v", "ffv1", "-ss", "0.3", "-to", "0.6")
    need(len(frames_of(out)) == 8, "%d frames" % len(frames_of(out)))
    packets = lib.probe(out, "-show_packets", "-select_streams", "a")["packets"]
    start, end = float(packets[0]["pts_time"]), float(packets[-1]["pts_time"])
    need(-0.03 <= start <= 0.03 and 0.25 <= end <= 0.33, "sound from %f to %f" % (start, end))


@suite.check
def frames_that_an_encoder_drops(shop):
    """A job fails whose encoder was given more than it wrote, whatever the output."""
    words = ["-c:v", "mpeg4", "-b:v", "1k", "-skip_threshold", "1000000"]
    out = shop.fresh(".mkv")
    for target in ([out], ["-", "-f", "matroska"], [out, "--verify", "none"]):
        result = lib.framewheel("run", shop.media("h264.mp4"), *target, *words, code=7)
        need(b"frames" in result.err, "nothing is said: %s" % result.text())
    need(not out.exists(), "there is an output")


@suite.check
def hidden_frames_are_no_surplus(shop):
    for codec in ("libvpx", "libvpx-vp9"):
        encode(shop.media("h264.mp4"), ".webm", "-c:v", codec, "-auto-alt-ref", "1",
               "-lag-in-frames", "16", "-cpu-used", "8", "-b:v", "200k")


@suite.check
def transport_streams_refuse(shop):
    for codec in ("ffv1", "mjpeg", "libvpx-vp9", "prores_ks", "rawvideo"):
        out = shop.fresh(".ts")
        result = lib.framewheel("run", shop.media("h264.mp4"), out, "-c:v", codec, "--verify",
                                "none", code=2)
        need(b"cannot hold" in result.err and not out.exists(), "%s: %s" % (codec, result.text()))


@suite.check
def messages_of_frames(shop):
    """What an encoder has no place for is listed, and not when it was asked to write it."""
    source = shop.fresh(".mp4")
    lib.ffmpeg("-i", shop.media("h264.mp4"), "-map", "0:v", "-c", "copy", "-bsf:v",
               "h264_metadata=sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+hello", source)
    for words, lost in (([], True), (["-udu_sei", "1"], False)):
        _, report = encode(source, ".mp4", "-c:v", "libx264", *words)
        need(("side-data" in losses(report)) == lost, "%s: %s" % (words, report["losses"]))
    _, report = encode(shop.media("h264.mp4"), ".mp4", "-c:v", "libx264")
    need("side-data" not in losses(report), "x264's own message is listed")


@suite.check
def light_of_mapped_pictures(shop):
    out, report = encode(shop.media("hdr10.mp4"), ".mp4", "-c:v", "libx264", "--vf",
                         "setparams=color_trc=bt709")
    need(not light_of(out) and "side-data" in losses(report), "%s, %s" % (light_of(out),
                                                                          report["losses"]))


@suite.check
def holes_in_the_sound(shop):
    source = shop.fresh(".nut")
    lib.ffmpeg(*media.picture(3), *media.sound(3), "-af", "aselect='not(between(t,1,2))'", "-c:v",
               "ffv1", "-c:a", "pcm_s16le", source)
    _, report = encode(source, ".mp4", "-c:v", "libx264", "-c:a", "aac")
    told = [loss["detail"] for loss in report["losses"] if loss["stream"] == 1]
    need(any("silence" in text for text in told), "the hole is not listed: %s" % told)


@suite.check
def avi_counts_from_zero(shop):
    """Its muxer leaves no place before the first packet: none may last longer for a shift."""
    source = shop.fresh(".mkv")
    lib.ffmpeg(*media.picture(3, rate=24), *media.sound(3), "-pix_fmt", "yuv420p", *media.X264,
               *media.AAC, source)
    out, report = encode(source, ".avi", "-ss", "1", "-t", "1", "-c:v", "mpeg4")
    times = [float(t) for t in times_of(out)[0]]
    want = [times[0] + n / 24 for n in range(24)]
    need(len(times) == 24 and all(abs(a - b) < 0.001 for a, b in zip(times, want)),
         "times: %s" % times)
    told = [loss["detail"] for loss in report["losses"] if loss["kind"] == "timestamps"]
    need(not any("every stream" in text for text in told) or times[0] > 0, "listed: %s" % told)


@suite.check
def avi_with_two_pictures(shop):
    """The one that is copied begins earlier by its own delay."""
    source = shop.fresh(".mp4")
    lib.ffmpeg(*media.picture(1, rate=24), *media.picture(1, rate=25), "-map", "0", "-map", "1",
               "-pix_fmt", "yuv420p", *media.X264, source)
    out, _ = encode(source, ".avi", "-c:v", "mpeg4", "--verify", "decode")
    times = [float(t) for t in times_of(out)[0]]
    need(len(times) == 24 and times[-1] - times[0] < 23.5 / 24, "times: %s" % times)


@suite.check
def rates_that_an_encoder_cannot_name(shop):
    source = shop.fresh(".mkv")
    lib.ffmpeg(*media.picture(0.4, rate="3001/100"), "-c:v", "ffv1", source)
    for suffix, way in [(".ts", "-c:v libx264"), (".mpg", "-c:v libx264")]:
        result = lib.framewheel("run", source, shop.fresh(suffix), code=2)
        need("-r 30 " in result.text() and way in result.text(), result.text())
    encode(source, ".ts", "-r", "30")


@suite.check
def a_movie_into_a_pipe(shop):
    result = lib.framewheel("run", shop.media("h264.mp4"), "-", "-f", "mp4", code=2)
    need("empty_moov" in result.text() and not result.out, result.text())
    lib.framewheel("run", shop.media("h264.mp4"), "-", "-f", "mp4", "-movflags",
                   "frag_keyframe+empty_moov")


@suite.check
def time_code_tracks(shop):
    source = shop.fresh(".mov")
    lib.ffmpeg(*media.picture(0.4), "-pix_fmt", "yuv420p", *media.X264, "-timecode", "01:02:03:04",
               source)
    out, report = encode(source, ".mov")
    need("stream" not in losses(report), "listed: %s" % report["losses"])
    need(stream_of(out, "data")["codec_tag_string"] == "tmcd", "there is none")


@suite.check
def odd_size_for_h264(shop):
    """Never cropped silently: refused with the ways out."""
    out = shop.fresh(".mp4")
    result = lib.framewheel("run", shop.media("odd.mkv"), out, "-c:v", "libx264", code=2)
    need(b"131x97" in result.err, "the size is not named: %s" % result.text())
    need(not out.exists(), "there is an output")


suite.main()
