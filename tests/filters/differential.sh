#!/bin/bash
# Our pixels against those of the ffmpeg command, on noise that stays within the depth.
#
#   differential.sh FILTER_RAW      exit 1 and one DIFF line per difference; 77 without ffmpeg
#
# scale and format are zimg's by design and are tested elsewhere. Chains that the command refuses
# (a 1x1 picture and a radius of 2) must be refused here too.
set -u
raw=$1
command -v ffmpeg >/dev/null || exit 77
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
frames=4
differences=0

# noise FORMAT WxH: frames of random samples with the unused high bits clear.
noise() {
    case $1 in
    *9le) bits=9 ;; *10le) bits=10 ;; *12le) bits=12 ;; *14le) bits=14 ;; *) bits=0 ;;
    esac
    bytes=$(ffmpeg -v error -f lavfi -i "color=s=$2" -frames:v 1 -pix_fmt "$1" -f rawvideo - \
        </dev/null 2>/dev/null | wc -c)
    python3 - "$bits" $((bytes * frames)) <<'END' >"$dir/in"
import random, sys
bits, count = int(sys.argv[1]), int(sys.argv[2])
data = bytearray(random.Random(7).randbytes(count))
if bits:
    data[1::2] = bytes(b & ((1 << (bits - 8)) - 1) for b in data[1::2])
sys.stdout.buffer.write(data)
END
}

# compare FORMAT WxH CHAIN
compare() {
    their_chain=${3//lavfi./}
    ffmpeg -v quiet -f rawvideo -pix_fmt "$1" -s "$2" -r 25 -i "$dir/in" -vf "$their_chain" \
        -f rawvideo -y "$dir/theirs" </dev/null || : >"$dir/theirs"
    "$raw" "$1" "$2" "$3" <"$dir/in" >"$dir/ours" 2>"$dir/log" || : >"$dir/ours"
    if ! cmp -s "$dir/theirs" "$dir/ours"; then
        echo "DIFF $1 $2 $3: $(tail -1 "$dir/log")"
        differences=$((differences + 1))
    fi
}

common="null hflip vflip negate negate=negate_alpha=1 crop=20:30
    crop=w=iw/2:h=ow*0.7:x=n*3+t*25:y=t*10 transpose transpose=clock transpose=cclock transpose=3
    boxblur boxblur=3:1:0:1 boxblur=1:3:2:1:3:2 unsharp unsharp=7:3:-1.2:3:7:2 fade=n=3
    fade=out:2:5 fade=st=0.04:d=0.1 fade=c=red:n=6 fade=in:1:4:alpha=1
    negate=enable='between(n,1,2)',hflip"
few="hflip negate transpose=clock boxblur unsharp fade=n=3"
foreign="gblur=2 lavfi.vflip,negate drawbox=x=t*30:c=red hue=h=n*20 sobel,hflip eq=gamma=1.2
    pad=90:80:5:5 lavfi.crop=20:20:n:n gblur=2:enable='eq(n,1)' median lut=y=negval curves=vintage
    rotate=n*0.3"

# each FORMAT WxH CHAIN...
each() {
    format=$1
    size=$2
    shift 2
    noise "$format" "$size"
    for chain in "$@"; do
        compare "$format" "$size" "$chain"
    done
}

# Every chain at every format with FW_LONG=1; else every chain once.
more=$few
[ "${FW_LONG:-0}" = 1 ] && more="$common $foreign"
each yuv420p 65x47 $common $foreign
each yuva420p 65x47 $more negate=negate_alpha=1 fade=in:1:4:alpha=1
each rgba 65x47 $more
each yuv422p10le 65x47 $more drawbox=x=t*30:c=red median
each gbrp 65x47 $few fade=c=red:n=6 gblur=2
each rgb24 65x47 $few sobel
if [ "${FW_LONG:-0}" = 1 ]; then
    each yuv444p 64x48 $few
    each gray 65x47 $few
fi
each gray16le 65x47 $few
each yuv420p 1x1 null hflip vflip negate transpose boxblur unsharp fade=n=3
each rgb24 1x1 null hflip transpose=cclock negate
[ "$differences" -eq 0 ]
