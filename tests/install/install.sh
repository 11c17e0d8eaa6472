#!/usr/bin/env bash
# install.sh BUILD: installs into a temporary prefix and uses the copy as a stranger would.
set -eu
export LC_ALL=C
build=$1
unset FRAMEWHEEL_HELPER

work=$(mktemp -d "${TMPDIR:-/tmp}/framewheel-install.XXXXXX")
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
checks=0

fail() {
  echo "install: $*" >&2
  exit 1
}
pass() {
  checks=$((checks + 1))
  echo "ok: $*"
}

cmake --install "$build" --prefix "$prefix" >"$work/install.log" || fail "cmake --install failed"
for file in bin/framewheel include/framewheel/framewheel.h include/framewheel/filter.h \
  share/framewheel/encode_file.c share/framewheel/clips/sintel.mp4; do
  [ -f "$prefix/$file" ] && [ ! -L "$prefix/$file" ] || fail "$file is not installed"
done
[ "$(find "$prefix/include" -type f | wc -l)" -eq 2 ] || fail "more headers than the public ones"
pass "the files are there"

"$prefix/bin/framewheel" version | grep -q '^framewheel [0-9]' || fail "the command does not run"
pass "the installed command runs"

for file in share/bash-completion/completions/framewheel share/zsh/site-functions/_framewheel \
  share/fish/vendor_completions.d/framewheel.fish share/framewheel/recipes/web-720p.conf; do
  [ -s "$prefix/$file" ] || fail "$file is not installed"
done
if command -v scdoc >/dev/null; then
  [ -s "$prefix/share/man/man1/framewheel-run.1" ] || fail "there is no man page"
fi
env -u FRAMEWHEEL_RECIPES XDG_CONFIG_HOME="$work" "$prefix/bin/framewheel" recipes show web-720p \
  --origin | grep -q "share/framewheel/recipes/web-720p.conf:" ||
  fail "the installed recipes are not found"
pass "completions, man pages and recipes are there, wherever the prefix is"

PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name framewheel.pc)")
export PKG_CONFIG_PATH
pkg-config --print-requires-private framewheel | grep -q libavcodec || fail "no private packages"
read -r -a words <<<"$(pkg-config --cflags --libs framewheel)"
cc -Wall -Wextra -Werror "$prefix/share/framewheel/encode_file.c" "${words[@]}" -o "$work/by_pc"
pass "builds with pkg-config"

mkdir "$work/package"
cat >"$work/package/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.25)
project(stranger LANGUAGES C)
find_package(framewheel 0.1 REQUIRED)
add_executable(by_shared $prefix/share/framewheel/encode_file.c)
target_link_libraries(by_shared PRIVATE framewheel::framewheel)
add_executable(by_static $prefix/share/framewheel/encode_file.c)
target_link_libraries(by_static PRIVATE framewheel::static)
END
cmake -S "$work/package" -B "$work/package/build" -DCMAKE_PREFIX_PATH="$prefix" >"$work/cmake.log" ||
  fail "the package is not found: $(tail -n 5 "$work/cmake.log")"
cmake --build "$work/package/build" >"$work/build.log" || fail "$(tail -n 20 "$work/build.log")"
pass "builds with the CMake package, shared and static"

clip=$prefix/share/framewheel/clips/sintel.mp4
library=$(dirname "$(find "$prefix" -name libframewheel.so)")
frames() { # the hashes of a video's frames
  ffmpeg -v error -i "$1" -map 0:v ${2:+-vf "$2"} -fps_mode passthrough -f framemd5 - </dev/null |
    awk '!/^#/ { print $NF }'
}
frames "$clip" hflip >"$work/expected"
for program in "$work/by_pc" "$work/package/build/by_shared" "$work/package/build/by_static"; do
  rm -f "$work/out.y4m"
  LD_LIBRARY_PATH=$library FRAMEWHEEL_HELPER=$prefix/bin/framewheel \
    "$program" "$clip" "$work/out.y4m" hflip >"$work/report" 2>"$work/log" ||
    fail "$program: $(tail -n 3 "$work/log")"
  grep -q '"schema": *"framewheel-run/1"' "$work/report" || fail "$program printed no report"
  frames "$work/out.y4m" >"$work/found"
  cmp -s "$work/expected" "$work/found" || fail "$program: the frames differ from ffmpeg's hflip"
  pass "$(basename "$program") filters the clip"
done

cp -r "$prefix/share/framewheel/custom_filter" "$work/custom_filter"
cmake -S "$work/custom_filter" -B "$work/custom_filter/build" -DCMAKE_PREFIX_PATH="$prefix" \
  >"$work/cmake.log" || fail "the sample plugin is not configured: $(tail -n 5 "$work/cmake.log")"
cmake --build "$work/custom_filter/build" >"$work/build.log" || fail "$(tail -n 20 "$work/build.log")"
chmod go-w "$work/custom_filter/build/sepia.so"
"$prefix/bin/framewheel" run "$clip" "$work/sepia.y4m" --vf sepia=0.5 \
  --plugin "$work/custom_filter/build/sepia.so" -q || fail "the sample plugin does not run"
frames "$clip" "lutyuv=y=val:u=floor((val*128+112*128+128)/256):v=floor((val*128+150*128+128)/256)" \
  >"$work/expected"
frames "$work/sepia.y4m" >"$work/found"
cmp -s "$work/expected" "$work/found" || fail "the sample plugin's frames are not what it says"
pass "the sample plugin builds against the installed headers and runs"

code=0
LD_LIBRARY_PATH=$library FRAMEWHEEL_HELPER=$prefix/bin/framewheel \
  "$work/by_pc" "$work/missing.mp4" "$work/out2.y4m" hflip >/dev/null 2>"$work/log" || code=$?
[ $code -eq 4 ] && grep -q missing.mp4 "$work/log" && [ ! -e "$work/out2.y4m" ] ||
  fail "a missing input gave $code: $(cat "$work/log")"
pass "a missing input is named, with exit code 4"
echo "$checks passed, 0 failed, 0 skipped"
