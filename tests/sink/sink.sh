#!/bin/sh
# sink.sh DRIVER PART: a sink alone against ffmpeg and ffprobe as oracles.
set -u
drive=$1
part=$2
command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null || exit 77
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

fail() {
    echo "FAIL: $*"
    failures=$((failures + 1))
}
# same WHAT EXPECTED GOT
same() {
    [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}
# make OUT SIZE FORMAT FRAMES BASE PTS [OPTION...]
make() {
    out=$1
    shift
    "$drive" "$out" make "$@" >log 2>&1 || fail "$out $*: $(cat log)"
}
probe() {
    file=$1
    shift
    ffprobe -v error -of csv=p=0 "$@" "$file" | tr -d '\r' | sed 's/,*$//' | grep -v '^$'
}
frame_times() {
    probe "$1" -select_streams v:0 -show_entries frame=pts_time
}

part_times() {
    # Every tick, whatever the step, where the container can hold it.
    for out in a.mp4 a.mov a.nut; do
        make $out 64x48 yuv420p 12 1/90000 vfr+4500 c:v=libx264
        got=$(frame_times $out | head -3 | tr '\n' ' ')
        same "$out start and steps" "0.050000 0.050111 0.050256 " "$got"
        same "$out frames" 12 "$(frame_times $out | wc -l)"
    done
    make a.mp4 64x48 yuv420p 4 1001/30000 1 rate=30000/1001 c:v=mpeg4
    same "last duration" "0.133467" "$(probe a.mp4 -show_entries stream=duration)"
    make b.mp4 64x48 yuv420p 6 1/90000 vfr c:v=mpeg4
    same "beyond 16 bits" "0.000000 0.000111 0.000256 " \
        "$(frame_times b.mp4 | head -3 | tr '\n' ' ')"
    # The rate of -r, against the fps filter.
    for rate in 10 24 25 60 30000/1001; do
        ffmpeg -v error -y -f lavfi -i "testsrc=s=64x48:r=25:d=1" -vf \
            "setpts=PTS+N*(N-3)*0.004/TB,format=yuv420p" -fps_mode passthrough -enc_time_base -1 \
            -c:v ffv1 in.nut
        "$drive" r.txt from in.nut f=framemd5 r=$rate >log 2>&1 || fail "-r $rate: $(cat log)"
        ffmpeg -v error -i in.nut -vf fps=$rate -f framemd5 - | grep -v '^#' >want
        grep -v '^#' r.txt | cmp -s - want || fail "-r $rate differs from fps=$rate"
    done
    ffmpeg -v error -i in.nut -fps_mode passthrough -enc_time_base -1 -f framemd5 - |
        grep -v '^#' >want
    "$drive" p.txt from in.nut f=framemd5 >log 2>&1 || fail "framemd5: $(cat log)"
    grep -v '^#' p.txt | cmp -s - want || fail "framemd5 differs from ffmpeg's"
}

part_pixels() {
    for format in yuv420p yuv422p10le yuv444p16le gray gray16le gbrp10le yuva420p bgra; do
        make o.mkv 67x35 $format 5 1/25 1 c:v=ffv1 dump=raw verify=decode
        ffmpeg -v error -i o.mkv -fps_mode passthrough -f rawvideo -pix_fmt $format -y back
        cmp -s raw back || fail "ffv1 $format changes pixels"
    done
    make o.mp4 66x50 yuv420p 9 1/25 1 c:v=libx264 qp=0 dump=raw verify=decode
    ffmpeg -v error -i o.mp4 -f rawvideo -y back
    cmp -s raw back || fail "x264 qp 0 changes pixels"
    for size in 1x1 16384x2 3x700; do
        make o.mkv $size yuv420p 2 1/25 1 c:v=ffv1 dump=raw
        ffmpeg -v error -i o.mkv -fps_mode passthrough -f rawvideo -y back
        cmp -s raw back || fail "ffv1 $size changes pixels"
    done
    for format in gray yuv420p yuv411p yuv422p yuv444p yuv420p10le yuv444p12le gray16le; do
        make o.y4m 37x21 $format 4 1/25 1 rate=25/1 dump=raw
        ffmpeg -v error -i o.y4m -f rawvideo -y back
        cmp -s raw back || fail "y4m $format changes pixels"
        same "y4m $format" "$format" "$(probe o.y4m -show_entries stream=pix_fmt)"
    done
    make o.yuv 37x21 yuv420p 4 1/25 1 dump=raw
    cmp -s raw o.yuv || fail "rawvideo changes pixels"
    for pair in huffyuv:yuv422p utvideo:gbrp; do
        make o.nut 66x50 "${pair#*:}" 4 1/25 1 c:v="${pair%:*}" dump=raw
        ffmpeg -v error -i o.nut -f rawvideo -pix_fmt "${pair#*:}" -y back
        cmp -s raw back || fail "$pair changes pixels"
    done
}

part_repeat() {
    for row in libx264:yuv420p:mkv libx265:yuv420p:mkv:preset=ultrafast \
        libvpx-vp9:yuv420p:mkv:cpu-used=8:deadline=realtime libsvtav1:yuv420p:mkv:preset=12 \
        ffv1:yuv420p:mkv prores_ks:yuv422p10le:mov mjpeg:yuvj420p:mkv mpeg4:yuv420p:mp4 \
        mpeg2video:yuv420p:mkv rawvideo:yuv420p:nut huffyuv:yuv422p:mkv utvideo:yuv420p:nut; do
        codec=${row%%:*}
        rest=${row#*:}
        format=${rest%%:*}
        rest=${rest#*:}
        kind=${rest%%:*}
        options=$(echo "$rest" | cut -s -d: -f2- | tr ':' ' ')
        for i in $(seq $((2 + ${FW_LONG:-0}))); do
            # shellcheck disable=SC2086
            make o$i.$kind 640x368 $format 12 1/25 1 rate=25/1 c:v=$codec $options
        done
        same "$codec from run to run" 1 "$(sha256sum o?.$kind | cut -d' ' -f1 | uniq | wc -l)"
        grep -qi svt log && fail "$codec prints: $(cat log)"
        rm -f o?.$kind
    done
}

part_streams() {
    printf '1\n00:00:00,500 --> 00:00:01,000\nHello <i>there</i>\n\n' >s.srt
    printf ';FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=900\ntitle=One\n' >ch
    ffmpeg -v error -y -f lavfi -i testsrc2=s=66x50:r=25:d=2 -f lavfi -i sine=d=2 -i s.srt -i ch \
        -map 0 -map 1 -map 1 -map 2 -map_chapters 3 -c:v libx264 -c:a:0 pcm_s24le -c:a:1 ac3 \
        -c:s srt -metadata:s:a:0 language=ger -metadata title=Film -disposition:a:1 forced \
        -color_primaries bt709 -color_trc bt709 -colorspace bt709 \
        -attach s.srt -metadata:s:t mimetype=text/plain in.mkv
    "$drive" o.mp4 from in.mkv movflags=+faststart >log 2>&1 || fail "mp4: $(cat log)"
    same codecs "h264 aac ac3 mov_text bin_data" \
        "$(probe o.mp4 -show_entries stream=codec_name | tr '\n' ' ' | sed 's/ $//')"
    same language ger "$(probe o.mp4 -select_streams a:0 -show_entries stream_tags=language)"
    same title Film "$(probe o.mp4 -show_entries format_tags=title)"
    same chapters 1 "$(probe o.mp4 -show_chapters | grep -c ',0.900000,One')"
    same colours "bt709,bt709,bt709" "$(probe o.mp4 -select_streams v \
        -show_entries stream=color_space,color_transfer,color_primaries)"
    # 2 s and the 6 ms that the ac3 stream starts before the rest.
    same "audio length" 2.006009 "$(probe o.mp4 -select_streams a:0 -show_entries stream=duration)"
    grep -q 'converted 1' log && grep -q 'attachment 4' log || fail "losses: $(cat log)"
    for stream in a:1; do
        ffmpeg -v error -i in.mkv -map 0:$stream -c copy -f data - >want
        ffmpeg -v error -i o.mp4 -map 0:$stream -c copy -f data - | cmp -s - want ||
            fail "copied $stream differs"
    done
    "$drive" o.mkv from in.mkv c:v=ffv1 >log 2>&1 || fail "mkv: $(cat log)"
    same "all streams" "ffv1 pcm_s24le ac3 subrip unknown" \
        "$(probe o.mkv -show_entries stream=codec_name | tr '\n' ' ' | sed 's/ $//')"
    same "nothing lost" 0 "$(grep -c '^loss' log)"
    same forced 1 "$(probe o.mkv -select_streams a:1 -show_entries stream_disposition=forced)"
    "$drive" o.webm from in.mkv cpu-used=8 deadline=realtime >log 2>&1 || fail "webm: $(cat log)"
    same webm "vp9 opus opus webvtt" \
        "$(probe o.webm -show_entries stream=codec_name | tr '\n' ' ' | sed 's/ $//')"
    "$drive" o.mkv from in.mkv map=0:a:1 c:a=flac >log 2>&1 || fail "map: $(cat log)"
    same map "h264 flac" \
        "$(probe o.mkv -show_entries stream=codec_name | tr '\n' ' ' | sed 's/ $//')"
    params="master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    ffmpeg -v error -y -f lavfi -i testsrc2=s=66x50:r=25:d=0.2 -pix_fmt yuv420p10le -c:v libx265 \
        -x265-params "log-level=none:$params:max-cll=1000,400" -color_trc smpte2084 hdr.mp4
    for out in h.mp4 h.mkv; do
        "$drive" $out from hdr.mp4 c:v=libx265 preset=ultrafast >log 2>&1 || fail "hdr: $(cat log)"
        for what in stream frame; do
            n=$(probe $out -select_streams v -show_${what}s -read_intervals %+#1 \
                -show_entries $what=side_data_list | grep -c 'Mastering\|Content light')
            [ "$n" -ge 1 ] || fail "$out: no HDR data in its $what"
        done
    done
}

refuse() {
    pattern=$1
    shift
    if "$drive" "$@" >log 2>&1; then
        fail "$* was not refused"
    else
        grep -q "$pattern" log || fail "$*: $(cat log)"
    fi
}

part_refuse() {
    video="make 64x48 yuv420p 5 1/25 1 rate=25/1"
    # shellcheck disable=SC2086
    {
        refuse "did you mean '-crf'" o.mkv $video crff=3
        refuse "did you mean 'fast'" o.mkv $video preset=fasst
        refuse "g abc" o.mkv $video g=abc
        refuse "must be encoded" o.mkv $video c:v=copy
        refuse "did you mean 'libx264'" o.mkv $video c:v=libx246
        refuse "no output format" o.mkx $video
        refuse "cannot hold" o.mp4 $video c:v=ffv1
        refuse "quality alone" o.mkv make 64x48 yuvj420p 5 1/25 1 c:v=mjpeg b:v=1M
    }
    refuse "pad=ceil" o.mp4 make 65x49 yuv420p 5 1/25 1
    refuse "give -r" o.avi make 64x48 yuv420p 5 1/90000 vfr
    refuse "fixed rate" o.avi make 64x48 yuv420p 5 1/1000 vfr rate=25/1
    same "nothing printed twice" 0 "$(grep -c 'x264 \[' log)"
    refuse "cannot write\|disk full" /dev/full make 64x48 yuv420p 5 1/25 1 f=matroska
}

"part_$part"
[ "$failures" -eq 0 ] && echo "sink.$part: passed"
exit $((failures > 0))
