# Helpers of the command's tests. Each test file is given the path of the command.
set -u
command=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0
checks=0

fail() {
  failures=$((failures + 1))
  printf 'FAIL: %s\n' "$*" >&2
  printf '  stdout: %.600s\n  stderr: %.600s\n' "$(cat out)" "$(cat err)" >&2
}

# run CODE WORD...: the command's exit code is CODE; what it said is in the files out and err.
run() {
  local want=$1 got
  shift
  checks=$((checks + 1))
  timeout 60 "$command" "$@" >out 2>err </dev/null
  got=$?
  [ "$got" = "$want" ] || fail "exit $got, not $want: framewheel $*"
}

# says TEXT...: standard error holds each.
says() {
  local text
  for text in "$@"; do
    checks=$((checks + 1))
    grep -qF -- "$text" err || fail "not said: $text"
  done
}

# holds TEXT...: standard output holds each.
holds() {
  local text
  for text in "$@"; do
    checks=$((checks + 1))
    grep -qF -- "$text" out || fail "not on standard output: $text"
  done
}

# check TEXT COMMAND...: the command succeeds.
check() {
  local text=$1
  shift
  checks=$((checks + 1))
  "$@" || fail "$text"
}

# A yuv4mpeg file: NAME WIDTH HEIGHT FRAMES.
make_y4m() {
  local i
  {
    printf 'YUV4MPEG2 W%d H%d F25:1 Ip A1:1 C420jpeg\n' "$2" "$3"
    for ((i = 0; i < $4; i++)); do
      printf 'FRAME\n'
      head -c $(($2 * $3 * 3 / 2)) /dev/zero | tr '\0' "\\$((i % 7 + 1))"
    done
  } >"$1"
}

finish() {
  printf '%d checks, %d failures\n' "$checks" "$failures"
  [ "$failures" = 0 ]
  exit
}
