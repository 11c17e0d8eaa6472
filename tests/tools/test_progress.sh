# Progress in every mode, signals, and streams that are closed or gone.
. "$(dirname "$0")/lib.sh"
make_y4m in.y4m 64 48 40
make_y4m long.y4m 320 240 200

# lines SCHEMA-CHECK: every line of the file is a record, exactly one of them the end, and the last.
one_end() {
  [ "$(grep -vc '^{"schema":"framewheel-progress/1","type":"[a-z]*",.*}$' "$1")" = 0 ] &&
    [ "$(grep -c '"type":"end"' "$1")" = 1 ] && tail -n 1 "$1" | grep -q '"type":"end"'
}

# Off a terminal there is neither ESC nor CR, whatever the environment says.
for mode in auto line json ffmpeg none; do
  TERM=xterm-256color FORCE_COLOR=1 run 0 run in.y4m --null --progress $mode --progress-interval 0.01
  check "$mode: no ESC or CR" [ "$(cat out err | grep -c $'[\e\r]')" = 0 ]
done
run 0 run in.y4m --null --progress none -q
check 'quiet says nothing' [ ! -s err ]

# One final record in every outcome.
run 0 run in.y4m --null --progress json
check 'ok' one_end out
check 'says ok' grep -q '"status":"ok","exit":0' out
run 0 run in.y4m --null --progress=json --json
grep '^{"schema' err >records
check 'beside a report it goes to standard error' one_end records
run 2 run in.y4m --null --progress json --vf nonsense
check 'a chain that is wrong' one_end out
check 'says failed' grep -q '"status":"failed","exit":2' out
run 2 run in.y4m --nonsense --null --progress json
check 'words that are wrong' one_end out
run 4 run missing.mkv --null --progress json
check 'an input that is missing' one_end out
touch there.y4m
run 0 run in.y4m there.y4m -n --progress json
check 'skipped' one_end out
check 'says skipped' grep -q '"status":"skipped"' out
run 0 run in.y4m - -f y4m --progress json
grep '^{"schema' err >records
check 'not among the data' one_end records
run 0 run in.y4m --null --progress json --progress-to progress.ndjson
check 'in a file' one_end progress.ndjson
check 'standard output is free' [ ! -s out ]
run 0 run in.y4m --null --progress json --progress-to fd:2
run 2 run in.y4m --null --progress json --progress-to fd:77
run 2 run in.y4m - -f y4m --progress json --progress-to fd:1

# FFmpeg's keys, in FFmpeg's order, for programs that read those.
for way in '--progress ffmpeg' '-progress pipe:1' '-progress -'; do
  run 0 run in.y4m --null $way
  check "$way: one end" [ "$(grep -c '^progress=end$' out)" = 1 ]
  check "$way: keys" [ "$(tail -n 12 out | cut -d= -f1 | tr '\n' ' ')" = \
    'frame fps stream_0_0_q bitrate total_size out_time_us out_time_ms out_time dup_frames drop_frames speed progress ' ]
done

# Signals: the process dies by them, the final name stays free.
for signal in INT TERM HUP; do
  # Without an old `out`, so that the signal comes to the command and not to a shell before it.
  rm -f slow.* out err
  # A shell without job control starts its background jobs with SIGINT ignored.
  env --default-signal=INT,HUP,TERM "$command" run long.y4m slow.nut -c:v libx264 \
    -preset placebo --progress json >out 2>err &
  child=$!
  for ((i = 0; i < 100; i++)); do
    grep -qs '"type":"progress"' out && break
    sleep 0.05
  done
  kill -$signal $child
  wait $child 2>/dev/null
  check "SIG$signal ends it" [ $? = $((128 + $(kill -l $signal))) ]
  check "SIG$signal: one end" one_end out
  check "SIG$signal: interrupted" grep -q '"status":"interrupted"' out
  check "SIG$signal: no final name" [ ! -e slow.nut ]
  check "SIG$signal: nothing hidden stays" [ -z "$(ls -A | grep '^\.framewheel')" ]
done

# SIGUSR1 asks for a line.
rm -f out err
"$command" run long.y4m asked.nut -c:v libx264 -preset placebo --progress json >out 2>err &
child=$!
for ((i = 0; i < 100; i++)); do
  grep -qs '"type":"progress"' out && break
  sleep 0.05
done
kill -USR1 $child
for ((i = 0; i < 100; i++)); do
  grep -q 'errors=0$' err && break
  sleep 0.05
done
kill -TERM $child
wait $child 2>/dev/null
check 'SIGUSR1: a line' grep -q '^\[.*eta=.*size=.*ring=.*limit=.*errors=0$' err

# On a terminal the line fits, field by field, and nothing is written over a ^C.
if command -v script >/dev/null; then
  for width in 80 40 14; do
    script -qec "stty rows 24 cols $width; TERM=xterm CI= SSH_CONNECTION= '$command' run long.y4m \
      tty$width.nut -c:v libx264 -preset placebo --progress-interval 0.05 -t 2" /dev/null \
      >out 2>err </dev/null
    tr '\r' '\n' <out | sed -n $'s/\e\\[K$//p' >lines
    check "$width columns: lines" [ "$(grep -c % lines)" -gt 1 ]
    check "$width columns: they fit" [ "$(awk '{ if (length > m) m = length } END { print m }' \
      lines)" -le $((width - 3)) ]
    [ $width = 80 ] && check 'errors are seen' grep -q 'eta=.*errors=0$' lines
  done
  { sleep 1.5; printf '\003'; sleep 3; } | timeout 60 script -qec "stty rows 24 cols 80; \
    TERM=xterm CI= '$command' run long.y4m tty.nut -c:v libx264 -preset placebo" /dev/null >out 2>err
  check 'the line of ^C is ended' [ "$(grep -c $'errors=0\e\\[K^C\r$' out)" = 1 ]
fi

# A reader that goes away.
"$command" run long.y4m - -f y4m 2>err | head -c 100 >out
check 'death by SIGPIPE' [ "${PIPESTATUS[0]}" = 141 ]
run 0 run in.y4m --null --progress json --progress-to fd:9 9> >(exec true)

# Standard streams that are closed.
"$command" run in.y4m closed.y4m >out 2>err <&-
check 'closed standard input' [ -e closed.y4m ]
"$command" run in.y4m - -f y4m 2>err >&-
check 'closed standard output as the output' [ $? = 5 ]
"$command" run in.y4m quiet.y4m >out 2>&-
check 'closed standard error' [ -e quiet.y4m ]

# Standard input is not touched in a loop.
printf '1\n2\n3\n' | while read -r line; do
  "$command" run in.y4m --null >/dev/null 2>&1
  echo "$line"
done >out
check 'the loop goes on' [ "$(wc -l <out)" = 3 ]
finish
