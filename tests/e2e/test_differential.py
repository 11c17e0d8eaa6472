#!/usr/bin/env python3
"""Frames, sizes and timestamps of `framewheel run ... -f framemd5` against those of ffmpeg."""
import re
import lib
import media

# Filters that libavfilter runs in the workers; several read the frame's number or time.
LAVFI = [
    "gblur=sigma=1.5",
    "hue=h='30*t':s='1+n/50'",
    "curves=preset=vintage",
    "eq=contrast=1.2:brightness='0.1*sin(n)':eval=frame",
    "drawgrid=w=16:h=16:t=1:c=red@0.5",
    "rotate='n*0.05':c=black",
    "lutyuv=y='255-val':u=128",
    "colorbalance=rs=.3:bm=-.2",
    "nlmeans=s=2:p=3:r=5",
    "drawbox=x=10:y=8:w=30:h=20:color=yellow@0.6:t=fill:enable='between(n,3,9)'",
    "geq=lum='lum(X,Y)+10*sin(N)':cb='128+X/8':cr='128+20*T'",
    "median=radius=2",
    "edgedetect=low=0.1:high=0.3",
    "pad=iw+16:ih+10:8:4:green",
    "avgblur=3,convolution='0 -1 0 -1 5 -1 0 -1 0'",
    "colorchannelmixer=rr=.5:rg=.5",
    "vignette=angle='PI/4+n/100':eval=frame:dither=0",
    "setsar=4/3,setdar=16/9",
    "lut=c0='negval':c1=val",
    "chromashift=cbh=3:crv=-2",
    "perspective=x0='in':y0='in/2':eval=frame",
    "swaprect=w=20:h=20:x1=0:y1=0:x2='40+n':y2=30",
    "gblur=2:enable='gte(t,0.2)',hue=s=0:enable='lt(n,5)'",
]
# Filters of this program whose pixels are libavfilter's to the bit.
BUILTIN = [
    "crop=64:48:10:6",
    "crop=61:47",
    "crop='iw/2':'ih/2':'n*2':'t*20'",
    "crop=w='min(iw,ih)':h=ow:x='(iw-ow)*t'",
    "hflip",
    "vflip",
    "hflip,vflip",
    "transpose=clock",
    "transpose=cclock_flip",
    "transpose=2",
    "transpose=3:passthrough=landscape",
    "negate",
    "boxblur=3:2",
    "boxblur=luma_radius=5:luma_power=1:chroma_radius='min(cw,ch)/8':chroma_power=3",
    "unsharp",
    "unsharp=7:7:1.5:3:5:-0.5",
    "fade=in:0:10",
    "fade=t=out:st=0.2:d=0.3",
    "fade=out:4:8:color=red",
]
# Both kinds in one chain.
MIXED = [
    "hflip,gblur=sigma=2,negate,eq=gamma=1.3,crop=64:48:8:8",
    "transpose=clock,hue=h='90*t',unsharp,vflip",
    "crop=80:60,rotate='t':ow=70:oh=70,boxblur=2,negate",
]
EVERY = LAVFI + BUILTIN + MIXED

# What gets the whole list: 8 and 10 bit. In the long mode everything does.
THOROUGH = ["h264.mp4", "ffv1-422p10.mkv"]

# White of 16 bits in a box of 11 pixels: libavfilter's product overflows and wraps to black. Here it
# stays white.
WRAPPED = {"gbrp16.mkv", "gray16.mkv", "rgb48.nut"}
WRAPS = "boxblur=luma_radius=5"

# (-ss, -to, -t, -frames:v) as words for both programs; ffmpeg takes -frames:v after the input.
CUTS = [
    (["-ss", "0.3"], []),
    (["-ss", "0.31"], []),
    (["-to", "0.5"], []),
    (["-t", "0.2"], []),
    (["-ss", "0.2", "-to", "0.52"], []),
    (["-ss", "0.17", "-t", "0.3"], []),
    (["-ss", "0.2"], ["-frames:v", "3"]),
    ([], ["-frames:v", "7"]),
]
CUT_MEDIA = ["h264.mp4", "h264.mkv", "h264.ts", "vfr.mp4", "offset.ts", "offset.mp4", "mpeg4.avi",
             "edit-list.mp4", "negative.asf", "late-video.mkv", "ffv1-422p10.mkv"]

# Where the best video stream is not the first one, and where alpha asks for another decoder.
STREAM = {"nasa_13013.mp4": "0:3"}
DECODER = {"gtk-logo.webm": ["-c:v", "libvpx-vp9"]}
VIDEO_SUFFIXES = {".mp4", ".mkv", ".webm", ".ts", ".mpg", ".264", ".ogv", ".y4m", ".gif"}

# Built-ins that are only near to libavfilter's, or take depths that it converts or overflows at: here
# libavfilter's.
NEAR = re.compile(r"(?<![\w.])(gblur|nlmeans|bilateral|eq|hue|vignette|rotate)\b")

suite = lib.Suite(media.RECIPES)


def oracle(path, jobs):
    """One ffmpeg run with an output for each (words before the input, chain, words after it); all
    jobs have the same words before the input."""
    outputs, command = [], []
    for before, chain, after in jobs:
        out = suite.shop.fresh(".md5")
        outputs.append(out)
        command += ["-map", STREAM.get(path.name, "0:v:0"), "-vf", chain or "null", *after,
                    "-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "framemd5", out]
    # Unaligned: the picture's own width; ffmpeg moves the left edge out for its alignment.
    lib.ffmpeg(*jobs[0][0], "-flags:v", "unaligned", *DECODER.get(path.name, []), "-i", path,
               *command)
    return [lib.FrameList(out.read_bytes()) for out in outputs]


def ours(path, before, chain, after):
    out = suite.shop.fresh(".md5")
    chain = NEAR.sub(r"lavfi.\1", chain) if chain else chain
    words = ["--vf", chain] if chain else []
    lib.framewheel("run", path, *before, *words, *after, "-an", "-sn", "-f", "framemd5", out, "-y")
    return lib.FrameList(out.read_bytes())


def same_durations(path, frames):
    """The length of every frame is the one that the file gives it, where it gives one."""
    stream = STREAM.get(path.name, "0:v:0")[2:]
    shown = lib.probe(path, "-select_streams", stream, "-show_entries", "frame=pkt_duration")
    for n, (mine, its) in enumerate(zip(frames, shown["frames"])):
        wanted = int(its.get("pkt_duration", 0))
        lib.need(not wanted or not mine.duration or mine.duration == wanted,
                 "frame %d lasts %d, in the file %d" % (n, mine.duration, wanted))


def compare(path, jobs):
    """All jobs of one input; the first difference of each that differs is reported."""
    wrong = []
    for job, theirs in zip(jobs, oracle(path, jobs)):
        before, chain, after = job
        try:
            lib.need(theirs.frames, "the oracle has no frames")
            mine = ours(path, *job)
            lib.same_frames(mine.frames, theirs.frames)
            lib.same_head(mine, theirs)
            if not before and not chain:
                same_durations(path, mine.frames)
        except lib.Failed as why:
            wrong.append("%s --vf %r %s: %s" % (lib.shown(before), chain, lib.shown(after), why))
    if wrong:
        raise lib.Failed("%d of %d differ\n%s" % (len(wrong), len(jobs), "\n".join(wrong)))


def made(name, chains):
    compare(suite.shop.media(name), [([], chain, []) for chain in chains])


def cut(name, number):
    before, after = CUTS[number]
    jobs = [(before, "", after), (before, "hue=h='90*t':s='1+n/9',fade=in:2:6", after)]
    compare(suite.shop.media(name), jobs)


def found(path):
    limit = [] if lib.LONG else ["-frames:v", "12"]
    compare(path, [([], "", limit), ([], "hue=h='90*t',hflip,unsharp", limit)])


def no_media():
    raise lib.Skipped("no folder %s" % lib.MEDIA)


def add_made():
    for index, name in enumerate(media.RECIPES):
        if name == "size-change.ts":
            continue
        chains = [""]
        if name in THOROUGH or lib.LONG:
            chains += ["null"] + EVERY
        else:
            if name == "yuva.mkv":
                chains += ["negate", "vflip,negate=components=a"]
            chains += [LAVFI[index % len(LAVFI)], BUILTIN[index % len(BUILTIN)],
                       MIXED[index % len(MIXED)]]
        chains = [c for c in chains if not (name in WRAPPED and c.startswith(WRAPS))]
        for start in range(0, len(chains), 8):
            suite.add("made.%s.%d" % (name, start // 8), made, name, chains[start:start + 8])


def add_cuts():
    for index, name in enumerate(CUT_MEDIA):
        for number in range(len(CUTS)):
            if lib.LONG or name == "h264.mp4" or (number + index) % 3 == 0:
                suite.add("cut.%s.%d" % (name, number), cut, name, number)


def add_found():
    clips = sorted(lib.CLIPS.glob("*.mp4"))
    if lib.MEDIA.is_dir():
        files = sorted(p for p in lib.MEDIA.rglob("*") if p.suffix in VIDEO_SUFFIXES)
        clips += [p for p in files if p.name not in {c.name for c in clips}]
    else:
        suite.add("media", no_media)
    for path in clips:
        suite.add("found.%s" % path.name, found, path)


add_made()
add_cuts()
add_found()
suite.main()
