#!/usr/bin/env bash
# What processes and the ring cost: the same frames through one process that reads and drops, through
# threads, and through processes, in turn, so that a drift of the machine meets all three alike.
#
#   tests/bench/ring_cost.sh BUILD_DIR [FRAMES [RUNS]]
set -eu
build=${1:?build folder}
frames=${2:-300}
runs=${3:-7}
work=$(mktemp -d "${TMPDIR:-/dev/shm}/framewheel-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
ffmpeg -v error -f lavfi -i "testsrc2=s=1920x1080:r=25,noise=alls=20:allf=t" -frames:v "$frames" \
    -pix_fmt yuv420p "$work/in.y4m"
ffmpeg -v error -i "$work/in.y4m" -frames:v 1 "$work/one.y4m"

# cpu seconds (user + system of all children) and wall seconds of one command
measure() {
    local name=$1
    shift
    /usr/bin/time -f "%U %S %e" -o "$work/time" "$@" >/dev/null 2>&1
    awk -v n="$name" '{print n, $1 + $2, $3}' "$work/time" >>"$work/figures"
}
round() {
    measure drop "$build/tests/bench/read_drop" "$work/in.y4m"
    measure threads "$build/framewheel" run "$work/in.y4m" --null --vf null --isolation threads
    measure processes "$build/framewheel" run "$work/in.y4m" --null --vf null
    measure negate-threads "$build/framewheel" run "$work/in.y4m" --null --vf negate \
        --isolation threads
    measure negate-processes "$build/framewheel" run "$work/in.y4m" --null --vf negate
    measure start "$build/framewheel" run "$work/one.y4m" --null --vf null
    measure start-threads "$build/framewheel" run "$work/one.y4m" --null --vf null \
        --isolation threads
    measure start-ffmpeg ffmpeg -v error -nostdin -i "$work/one.y4m" -vf null -f null -
}
round
rm "$work/figures"
for _ in $(seq "$runs"); do round; done
awk -v frames="$frames" '
    { cpu[$1] = cpu[$1] " " $2; wall[$1] = wall[$1] " " $3; if (!($1 in seen)) { order[++count] = $1; seen[$1] = 1 } }
    function median(list,   part, n, i, j, swap) {
        n = split(list, part, " ")
        for (i = 2; i <= n; i++)
            for (j = i; j > 1 && part[j] + 0 < part[j - 1] + 0; j--) { swap = part[j]; part[j] = part[j - 1]; part[j - 1] = swap }
        return part[int((n + 1) / 2)]
    }
    END {
        printf "%-18s %12s %12s %16s\n", "", "cpu s", "wall s", "cpu us a frame"
        for (i = 1; i <= count; i++) {
            c = median(cpu[order[i]]); w = median(wall[order[i]])
            per = order[i] ~ /^start/ ? "" : sprintf("%.0f", c * 1e6 / frames)
            printf "%-18s %12.3f %12.3f %16s\n", order[i], c, w, per
        }
    }' "$work/figures"
