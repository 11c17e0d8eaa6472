#!/usr/bin/env python3
"""libavfilter's filters in whole jobs: files they read, sequences, windows and graphs."""
import json

from lib import CLIPS, Suite, ffmpeg, framewheel, need

suite = Suite()


def clip_of(shop):
    path = shop.fresh(".mkv")
    ffmpeg("-ss", "1", "-i", CLIPS / "sintel.mp4", "-an", "-vf", "scale=96:64", "-frames:v", "24",
           "-c:v", "ffv1", path)
    return path


def sums(data):
    return [line.split(b",")[-1].strip() for line in data.splitlines() if not line.startswith(b"#")]


def ours(clip, chain, *args):
    return sums(framewheel("run", clip, "-", "-f", "framemd5", "-vf", chain, *args).out)


def same(clip, chain):
    """FFmpeg's frames, from several processes."""
    theirs = sums(ffmpeg("-filter_threads", "1", "-filter_complex_threads", "1", "-i", clip, "-vf",
                         chain.replace("lavfi.", ""), "-fps_mode", "passthrough", "-f",
                         "framemd5", "-").out)
    got = ours(clip, chain, "--workers", "3", "--range", "2")
    need(len(got) == len(theirs), "%s: %d frames, ffmpeg has %d" % (chain, len(got), len(theirs)))
    need(got == theirs, "%s: other pixels" % chain)


@suite.check
def files_are_read_before_the_doors_close(shop):
    clip = clip_of(shop)
    logo = shop.fresh(".png")
    words = shop.fresh(".srt")
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=20x16,format=rgba,colorchannelmixer=aa=0.5",
           "-frames:v", "1", logo)
    words.write_text("1\n00:00:00,100 --> 00:00:02,000\nHello\n", encoding="ascii")
    same(clip, "movie=%s[l];[in][l]overlay=10:n" % logo)
    same(clip, "subtitles=%s" % words)
    same(clip, "lavfi.hqdn3d,subtitles=%s,lavfi.tmix" % words)


@suite.check
def sequences_between_workers(shop):
    clip = clip_of(shop)
    same(clip, "lavfi.negate,lavfi.hqdn3d,lavfi.vflip,lavfi.yadif,mpdecimate,lavfi.hue=s=0")
    same(clip, "select='gt(scene,0.02)+not(mod(n,4))'")
    same(clip, "thumbnail=7")


@suite.check
def windows_in_workers(shop):
    clip = clip_of(shop)
    same(clip, "lavfi.yadif=mode=1")
    same(clip, "lavfi.bwdif,framestep=3,lavfi.tmix=frames=4")
    same(clip, "atadenoise,lavfi.tmedian=2,weave")
    one = ours(clip, "amplify,tmidequalizer=2", "--workers", "1")
    need(ours(clip, "amplify,tmidequalizer=2", "--workers", "2", "--range", "1", "--isolation",
              "threads") == one, "another result in threads")


@suite.check
def graphs(shop):
    clip = clip_of(shop)
    same(clip, "split[a][b];[a]hflip[c];[b][c]hstack")
    same(clip, "[in]split=3[a][b][c];[a][b]blend=all_mode=multiply[d];[d][c]interleave[out]")


@suite.check
def a_missing_file_is_named(shop):
    done = framewheel("run", clip_of(shop), "--null", "-vf",
                      "movie=/nowhere.png[l];[in][l]overlay", code=2)
    need("file '/nowhere.png' of filter 'movie'" in done.err.decode(), done.text())


@suite.check
def commands_and_seeds(shop):
    """sendcmd reaches filters that are built in here; what draws numbers draws the same twice."""
    clip = clip_of(shop)
    same(clip, "sendcmd=c='0.2 hue s 0',hue")
    need(ours(clip, "random=5") == ours(clip, "random=5"), "another order in a second run")


@suite.check
def listed_with_classes(_):
    rows = [json.loads(line) for line in framewheel("filters", "--json").out.splitlines()]
    rows = {row["name"]: row for row in rows if row["engine"] == "libavfilter"}
    need(rows["yadif"]["class"] == "windowed", str(rows["yadif"]))
    need(rows["hqdn3d"]["class"] == "sequential" and rows["hqdn3d"]["reason"], "no reason")
    need("device" in rows["scale_vaapi"]["refused"], str(rows["scale_vaapi"]))


if __name__ == "__main__":
    suite.main()
