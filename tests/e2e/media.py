"""Small media of many kinds, each made by ffmpeg when first asked for: name -> arguments."""
from lib import ffmpeg


def picture(seconds=0.8, size="128x96", rate=25, kind="testsrc2"):
    return ["-f", "lavfi", "-i", "%s=size=%s:rate=%s:duration=%s" % (kind, size, rate, seconds)]


def sound(seconds=0.8, frequency=440):
    return ["-f", "lavfi", "-i",
            "sine=frequency=%d:sample_rate=48000:duration=%s" % (frequency, seconds)]


X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-b_strategy", "0", "-g", "12",
        "-threads", "1", "-x264-params", "bframes=2:scenecut=0"]
AAC = ["-c:a", "aac", "-b:a", "64k"]
# In ticks of 1/25 s: 1, 1 and 3, and now and then one more.
UNEVEN = "setpts='N+2*floor(N/3)+floor(N/7)'"


def ffv1(pix_fmt, **kw):
    return [*picture(**kw), "-pix_fmt", pix_fmt, "-c:v", "ffv1", "-g", "1"]


def edit_list(shop, path):
    """A cut by stream copy: the frames before the start stay in the file and are edited out."""
    whole = shop.media("h264.mp4")
    ffmpeg("-ss", "0.3", "-i", whole, "-c", "copy", "-f", "mp4", path)


def turned(degrees):
    def make(shop, path):
            ffmpeg("-i", shop.media("h264.mp4"), "-c", "copy", "-metadata:s:v:0",
               "rotate=%d" % degrees, "-f", "mp4", path)
    return make


def size_change(shop, path):
    """One MPEG-TS stream whose pictures change their size in the middle."""
    joined = shop.fresh(".h264")
    whole = b""
    for size in ("128x96", "160x80"):
        part = shop.fresh(".h264")
        ffmpeg(*picture(0.4, size), "-pix_fmt", "yuv420p", *X264, "-bf", "0", part)
        whole += part.read_bytes()
    joined.write_bytes(whole)
    ffmpeg("-r", "25", "-i", joined, "-c", "copy", "-bsf:v", "setts=ts=N/TB/25", "-f", "mpegts",
           path)


RECIPES = {
    "h264.mp4": [*picture(), *sound(), "-pix_fmt", "yuv420p", *X264, *AAC],
    "h264.mkv": [*picture(), *sound(), "-pix_fmt", "yuv420p", *X264, *AAC],
    "h264.ts": [*picture(), *sound(), "-pix_fmt", "yuv420p", *X264, *AAC],
    "hevc10.mp4": [*picture(0.6), "-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-preset",
                   "ultrafast", "-x265-params", "bframes=2:pools=1:frame-threads=1:log-level=0"],
    "vp9.webm": [*picture(0.6), "-pix_fmt", "yuv420p", "-c:v", "libvpx-vp9", "-deadline",
                 "realtime", "-cpu-used", "8", "-b:v", "200k"],
    "av1.mkv": [*picture(0.4), "-pix_fmt", "yuv420p10le", "-c:v", "libsvtav1", "-preset", "12"],
    "mpeg2-interlaced.mpg": [*picture(0.8, rate=50), "-vf", "interlace=lowpass=0", "-pix_fmt",
                             "yuv420p", "-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-bf", "2",
                             "-b:v", "800k"],
    "mpeg4.avi": [*picture(), *sound(), "-pix_fmt", "yuv420p", "-c:v", "mpeg4", "-bf", "2", "-q:v",
                  "3", "-c:a", "libmp3lame"],
    "ffv1-422p10.mkv": ffv1("yuv422p10le"),
    "mjpeg.avi": [*picture(), "-pix_fmt", "yuvj420p", "-c:v", "mjpeg", "-q:v", "3"],
    "mjpeg.mov": [*picture(), "-pix_fmt", "yuvj422p", "-c:v", "mjpeg", "-q:v", "3"],
    "prores.mov": [*picture(0.4), "-pix_fmt", "yuv422p10le", "-c:v", "prores_ks"],
    "h264-444.mkv": [*picture(), "-pix_fmt", "yuv444p", *X264],
    "gray.mkv": ffv1("gray"),
    "gray16.mkv": ffv1("gray16le"),
    "rgb48.nut": [*picture(0.3), "-pix_fmt", "rgb48le", "-c:v", "rawvideo"],
    "gbrp16.mkv": ffv1("gbrp16le", seconds=0.4),
    "yuva.mkv": [*picture(0.4), "-vf", "format=yuva444p10,geq=lum='lum(X,Y)':cb='cb(X,Y)':"
                 "cr='cr(X,Y)':a='8*X'", "-c:v", "ffv1"],
    "rgba.mov": [*picture(0.4), "-vf", "format=argb,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='2*X'",
                 "-c:v", "qtrle"],
    "odd.mkv": [*picture(), "-vf", "scale=131:97", "-pix_fmt", "yuv420p", "-c:v", "ffv1"],
    "odd-422p10.mkv": [*picture(), "-vf", "scale=131:97", "-pix_fmt", "yuv422p10le", "-c:v",
                       "ffv1"],
    "vfr.mp4": [*picture(), "-vf", UNEVEN, "-fps_mode", "passthrough", "-enc_time_base", "1/90000",
                "-pix_fmt", "yuv420p", *X264, "-video_track_timescale", "90000"],
    "vfr.mkv": [*picture(), "-vf", UNEVEN, "-fps_mode", "passthrough", "-pix_fmt", "yuv420p", *X264],
    "offset.mp4": [*picture(), *sound(), "-pix_fmt", "yuv420p", *X264, *AAC,
                   "-output_ts_offset", "2.5"],
    "offset.ts": [*picture(), "-pix_fmt", "yuv420p", *X264, "-output_ts_offset", "10"],
    "offset.mkv": [*picture(), "-pix_fmt", "yuv420p", *X264, "-output_ts_offset", "3"],
    # The picture starts half a second after the sound.
    "late-video.mkv": ["-f", "lavfi", "-itsoffset", "0.5", "-i",
                       "testsrc2=size=128x96:rate=25:duration=0.6", *sound(1.1), "-pix_fmt",
                       "yuv420p", *X264, *AAC],
    "edit-list.mp4": edit_list,
    "negative.asf": [*picture(), "-pix_fmt", "yuv420p", "-c:v", "mpeg4", "-q:v", "3",
                     "-output_ts_offset", "-0.2", "-avoid_negative_ts", "disabled"],
    "negative-audio.mkv": [*picture(), *sound(), "-pix_fmt", "yuv420p", *X264, "-c:a", "libopus"],
    "negative-offsets.mp4": [*picture(), "-pix_fmt", "yuv420p", *X264, "-movflags",
                             "+negative_cts_offsets"],
    # The 33 bits of its clock run over after 0.3 s.
    "wrap.ts": [*picture(), "-pix_fmt", "yuv420p", *X264, "-output_ts_offset", "95443.3"],
    "one-frame.mkv": [*ffv1("yuv420p"), "-frames:v", "1"],
    "one-frame.mp4": [*picture(), "-pix_fmt", "yuv420p", *X264, "-frames:v", "1"],
    "ntsc.mov": [*picture(rate="30000/1001"), "-pix_fmt", "yuv420p", *X264],
    "sar.mp4": [*picture(), "-vf", "setsar=16/11", "-pix_fmt", "yuv420p", *X264],
    "rotated.mp4": turned(90),
    "upside-down.mp4": turned(180),
    "counter.mp4": turned(270),
    "plain.y4m": [*picture(0.4), "-pix_fmt", "yuv422p"],
    "size-change.ts": size_change,
    "cadence.gif": [*picture(0.5, rate=10)],
    "theora.ogv": [*picture(0.5), "-pix_fmt", "yuv420p", "-c:v", "libtheora", "-q:v", "6"],
    "wmv2.asf": [*picture(0.5), "-pix_fmt", "yuv420p", "-c:v", "wmv2", "-q:v", "3"],
    "flv1.flv": [*picture(0.5), "-pix_fmt", "yuv420p", "-c:v", "flv1", "-q:v", "3"],
    "raw.h264": [*picture(), "-pix_fmt", "yuv420p", *X264],
    "dnx.mxf": [*picture(0.4, "256x120"), "-pix_fmt", "yuv422p", "-c:v", "dnxhd", "-profile:v",
                "dnxhr_sq"],
}
