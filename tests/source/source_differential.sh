#!/bin/bash
# Compares source_dump with the ffmpeg command, frame by frame: time stamp, size, hash.
#
# source_differential.sh SOURCE_DUMP [FILE...]; without files: made inputs, and with FW_LONG=1 also
# the media folder and more cuts.
set -u
dump=$1
shift
command -v ffmpeg >/dev/null || { echo "no ffmpeg: skipped"; exit 77; }
long=${FW_LONG:-0}
media=${FRAMEWHEEL_MEDIA:-$(dirname "$0")/../../../shared/media}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
passed=0
empty=0

# compare NAME FILE STREAM [time options]
compare() {
    local name=$1 file=$2 stream=$3
    shift 3
    local decoder=
    case $name in
    alpha.webm* | gtk-logo.webm*) decoder="-c:v libvpx-vp9" ;;
    esac
    # Crops are exact here; ffmpeg rounds them unless it is told not to.
    ffmpeg -nostdin -v quiet $decoder -flags unaligned "$@" -noautorotate -i "$file" \
        -map "$stream" -fps_mode passthrough -enc_time_base -1 -an -sn -dn -f framemd5 - |
        grep -v '^#' | sed 's/ //g' | awk -F, '{print $3, $5, $6}' >"$work/want"
    # Nothing to compare with: the command finds no way into this file at that time.
    if ! [ -s "$work/want" ]; then
        empty=$((empty + 1))
        return
    fi
    "$dump" -null "$@" "$file" 2>"$work/errors" | awk '{print $2, $4, $5}' >"$work/got"
    if [ -s "$work/errors" ]; then
        echo "FAIL $name: $(head -c 300 "$work/errors")"
        failed=$((failed + 1))
    elif ! cmp -s "$work/want" "$work/got"; then
        echo "FAIL $name: $(wc -l <"$work/got") frames, expected $(wc -l <"$work/want")"
        diff "$work/want" "$work/got" | head -n 6
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
}

# The stream of a file's main video, as the dump chooses it.
main_video() {
    "$dump" -null -info -frames 1 "$1" 2>/dev/null | awk '/^video/ {print "0:" $2; exit}'
}

# check FILE [seek seconds]: whole, from a time, between two times, a length.
check() {
    local file=$1 at=${2:-} stream name
    name=$(basename "$file")
    stream=$(main_video "$file")
    [ -n "$stream" ] || { echo "FAIL $name: not opened"; failed=$((failed + 1)); return; }
    compare "$name" "$file" "$stream"
    # The whole program is compared with cuts elsewhere: three kinds of seeking are enough here.
    if [ "$long" = 0 ]; then
        case $name in h264*.mp4 | *.ts | *.avi) ;; *) at= ;; esac
    fi
    if [ -n "$at" ]; then
        compare "$name -ss $at -t 0.3" "$file" "$stream" -ss "$at" -t 0.3
        [ "$long" = 0 ] || compare "$name -t 0.5" "$file" "$stream" -t 0.5
    fi
}

# make FILE ffmpeg-options...
make() {
    local out=$work/$1
    shift
    if ! ffmpeg -nostdin -v error -y "$@" "$out" 2>"$work/make"; then
        cat "$work/make"
        echo "cannot make $out"
        failed=$((failed + 1))
    fi
}

generate() {
    local test="-f lavfi -i testsrc2=s=192x108:r=25:d=2" tone="-f lavfi -i sine=d=2"
    make h264.mp4 $test $tone -c:v libx264 -bf 3 -g 20 -c:a aac
    make h264.mkv -i "$work/h264.mp4" -c copy
    make h264.ts -i "$work/h264.mp4" -c copy
    make h264.flv -i "$work/h264.mp4" -c copy
    make h264.avi -i "$work/h264.mp4" -an -c copy
    make open.ts $test -c:v libx264 -bf 3 -g 20 -x264-params open-gop=1
    make raw.h264 -i "$work/h264.mp4" -an -c copy -bsf:v h264_mp4toannexb -f h264
    make hevc10.mp4 $test -c:v libx265 -pix_fmt yuv420p10 -x265-params log-level=none
    make raw.hevc -i "$work/hevc10.mp4" -c copy -f hevc
    make vp9.webm $test -c:v libvpx-vp9 -deadline realtime -cpu-used 8
    make alpha.webm $test -vf format=yuva420p -c:v libvpx-vp9 -deadline realtime -cpu-used 8
    make av1.mkv $test -c:v libsvtav1 -preset 12
    make av1.ivf -i "$work/av1.mkv" -c copy
    make interlaced.mpg $test -vf "tinterlace=interleave_top,fieldorder=tff" -c:v mpeg2video \
        -flags +ilme+ildct -bf 2
    make mpeg2.ts $test -c:v mpeg2video -bf 2
    make mpeg4.avi $test -c:v mpeg4
    make mpeg4b.avi $test -c:v mpeg4 -bf 2
    make packed.avi -i "$work/mpeg4b.avi" -c copy -bsf:v mpeg4_unpack_bframes
    make ffv1.mkv $test -c:v ffv1 -pix_fmt yuv422p10
    make mjpeg.avi $test -c:v mjpeg
    make prores.mov $test -c:v prores_ks
    make h444.mp4 $test -c:v libx264 -pix_fmt yuv444p
    make gray.mkv $test -c:v ffv1 -pix_fmt gray
    make gray10.mkv $test -c:v ffv1 -pix_fmt gray10
    make rgb.mov $test -c:v qtrle -pix_fmt rgb24
    make pal.gif $test -t 1
    make anim.apng $test -t 1
    make vfr.mkv $test -vf "select='mod(n,3)',setpts=PTS+0.01*mod(N\,2)/TB" -vsync vfr -c:v libx264
    make vfr.mp4 -i "$work/vfr.mkv" -c copy
    make offset.mkv $test -c:v libx264 -output_ts_offset 3.2
    make offset.ts $test -c:v libx264 -output_ts_offset 7
    make edit.mp4 -ss 0.9 -i "$work/h264.mp4" -c copy
    make edit.mov -ss 0.9 -i "$work/h264.mp4" -c copy
    make odd.mp4 -f lavfi -i testsrc2=s=101x77:r=30:d=1 -c:v libx264 -pix_fmt yuv444p
    make odd420.mkv -f lavfi -i testsrc2=s=101x77:r=30:d=1 -c:v ffv1 -pix_fmt yuv420p
    make one.mp4 $test -frames:v 1 -c:v libx264
    make negative.mkv $test -c:v libx264 -bf 2 -output_ts_offset -0.4 -avoid_negative_ts disabled
    make plain.nut $test -c:v ffv1
    make theora.ogg $test -c:v libtheora
    make wmv.asf $test -c:v wmv2
    make plain.mxf $test -c:v mpeg2video
    make rotated.mp4 -i "$work/h264.mp4" -c copy -metadata:s:v rotate=90
    make yuv.y4m $test -pix_fmt yuv420p
    make yuv10.y4m -f lavfi -i testsrc2=s=101x77:r=30000/1001:d=1 -pix_fmt yuv422p10 -strict -1
    make mono.y4m $test -pix_fmt gray -t 0.4
}

if [ $# -gt 0 ]; then
    for file in "$@"; do
        check "$file" 0.5
    done
else
    generate
    for file in "$work"/*.*; do
        case $(basename "$file") in
        one.mp4) check "$file" ;;
        *) check "$file" 0.62 ;;
        esac
    done
    [ "$long" = 0 ] || while read -r file; do
        check "$file" 0.77
    done < <(find "$media" -type f -regextype posix-extended \
        -regex '.*\.(mp4|webm|mkv|mpg|ts|264|ogv|y4m)' | sort)
fi
echo "$passed passed, $failed failed, $empty with nothing to compare"
[ "$failed" -eq 0 ]
