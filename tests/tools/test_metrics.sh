#!/bin/bash
# compare --psnr --ssim against ffmpeg's filters of these names. usage: test_metrics.sh FRAMEWHEEL
set -u
framewheel=$1
command -v ffmpeg > /dev/null || exit 77
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0
failed=0

check() { # text condition...
  local text=$1
  shift
  if "$@"; then passed=$((passed + 1)); else
    failed=$((failed + 1))
    echo "FAILED: $text"
  fi
}

# Their line without the decibels that stand behind each part, in lower case.
theirs() { # metric
  ffmpeg -hide_banner -nostdin -i a.nut -i b.nut -lavfi "[0][1]$1" -f null - 2>&1 |
    grep -io "$1 [a-z]:.*" | tr A-Z a-z | sed 's/ ([^)]*)\( [a-z]*:\)/\1/g'
}

ours() { # metric
  "$framewheel" compare a.nut b.nut "--$1" | tr A-Z a-z
}

for format in yuv420p yuv422p10le gbrp gray; do
  ffmpeg -v error -nostdin -y -f lavfi -i "testsrc2=s=134x78:d=0.2,format=$format" -c:v ffv1 a.nut
  ffmpeg -v error -nostdin -y -i a.nut -vf "noise=alls=12:allf=t,format=$format" -c:v ffv1 b.nut
  [ $format != yuv422p10le ] ||
    ffmpeg -v error -nostdin -y -i a.nut -vf gblur=1 -c:v ffv1 b.nut
  for metric in psnr ssim; do
    check "$format $metric: $(ours $metric) is not $(theirs $metric)" \
      [ "$(ours $metric)" = "$(theirs $metric)" ]
  done
done

check 'no error is infinite' grep -q 'psnr.*average:inf' <("$framewheel" compare a.nut a.nut --psnr | tr A-Z a-z)
check 'JSON' grep -q '"schema": "framewheel-metrics/1"' <("$framewheel" compare a.nut b.nut --json)
ffmpeg -v error -nostdin -y -i a.nut -frames:v 2 -c:v ffv1 short.nut
check 'one ends before the other' grep -q 'second video ends after 2 frames' \
  <("$framewheel" compare a.nut short.nut --psnr 2>&1)
ffmpeg -v error -nostdin -y -i a.nut -vf scale=64:48 -c:v ffv1 small.nut
check 'sizes differ' grep -q 'sizes differ: 134x78 and 64x48' \
  <("$framewheel" compare a.nut small.nut --psnr 2>&1)
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
