#!/usr/bin/env bash
# framewheel beside ffmpeg on the same frames, the same filter, and an output that costs next to
# nothing, in turn. The first frames' hashes are compared before any time is taken.
#
#   tests/bench/peers.sh BUILD_DIR [FRAMES [RUNS]]
set -eu
build=${1:?build folder}
frames=${2:-100}
runs=${3:-5}
work=$(mktemp -d "${TMPDIR:-/dev/shm}/framewheel-peers.XXXXXX")
trap 'rm -rf "$work"' EXIT
ffmpeg -v error -f lavfi -i "testsrc2=s=1920x1080:r=25,noise=alls=20:allf=t" -frames:v "$frames" \
    -pix_fmt yuv420p "$work/in.y4m"

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
wall() { /usr/bin/time -f %e -o "$work/time" "$@" >/dev/null 2>&1 && cat "$work/time"; }

printf '%-28s %12s %12s %8s\n' filter 'ffmpeg fps' 'ours fps' ratio
for filter in edgedetect median=radius=2 nlmeans=s=2:r=7 unsharp boxblur=4 gblur=sigma=3 \
    hue=h=30 eq=contrast=1.2:gamma=1.1 bilateral smartblur; do
    ffmpeg -v error -nostdin -i "$work/in.y4m" -frames:v 3 -vf "$filter" -f framemd5 - |
        grep -v '^#' | awk '{ print $NF }' >"$work/theirs"
    "$build/framewheel" run "$work/in.y4m" - -f framemd5 --vf "$filter" -frames:v 3 2>/dev/null |
        grep -v '^#' | awk '{ print $NF }' >"$work/ours"
    same=$(cmp -s "$work/theirs" "$work/ours" && echo same || echo DIFFERENT)
    : >"$work/a"
    : >"$work/b"
    for _ in $(seq "$runs"); do
        wall ffmpeg -v error -nostdin -i "$work/in.y4m" -vf "$filter" -f null - >>"$work/a"
        wall "$build/framewheel" run "$work/in.y4m" --null --vf "$filter" >>"$work/b"
    done
    awk -v name="$filter" -v n="$frames" -v a="$(median <"$work/a")" -v b="$(median <"$work/b")" \
        -v same="$same" \
        'BEGIN { printf "%-28s %12.1f %12.1f %8.2f  pixels %s\n", name, n / a, n / b, a / b, same }'
done
