# Words, messages and exit codes.
. "$(dirname "$0")/lib.sh"
make_y4m in.y4m 64 48 5

# Help fits a terminal.
run 0 help
check 'main help is at most 24 lines' [ "$(wc -l <out)" -le 24 ]
check 'main help is at most 80 columns' [ "$(awk '{ if (length > m) m = length } END { print m }' out)" -le 80 ]
check 'nothing on standard error' [ ! -s err ]
run 0 --help
run 0 help run
holds '-vf' '--workers' '--on-error' '-crf' 'Default: 30.' '-i, --input FILE'
check 'help run is at most 80 columns' [ "$(awk '{ if (length > m) m = length } END { print m }' out)" -le 80 ]
check 'options of tests are not shown' [ "$(grep -c -e --fault out)" = 0 ]
run 0 run --help
for verb in explain probe filters doctor version; do run 0 help $verb; done
run 2 help nonsense
run 0 --version
holds 'framewheel '
run 0 version --json
holds 'framewheel-version/1'

# A first word that is no command.
run 2
says 'help'
run 2 clip.mkv -o 'a b.mp4'
says "'clip.mkv' is not a command" "framewheel run clip.mkv -o 'a b.mp4'"
run 2 rnu in.y4m --null
says 'framewheel run in.y4m --null'

# What is missing, wrong or twice.
run 2 run
says 'no input' 'Usage: framewheel run IN OUT'
run 2 run in.y4m
says '--null'
run 2 run in.y4m a b
says "'b': one name too many"
run 2 run in.y4m --null --bogus
says "unknown option '--bogus'"
run 2 run in.y4m out.y4m -vn -t 1
says '-vn is not an option here' 'ffmpeg'
run 2 run in.y4m out.y4m -shortest -t 1
says '-shortest is not an option here' 'use -t'
run 2 run in.y4m --null -foreign -t 1
says "unknown option 'foreign'"
run 2 run in.y4m out.y4m -strict -t 1
says "-strict ''"
run 2 run in.y4m -y.mp4
says "unknown option '-y.mp4'" './-y.mp4' '--'
run 2 run in.y4m --null --wrokers 2
says "did you mean '--workers'"
run 2 run in.y4m --null --workers
says '--workers wants a value: N|auto'
run 2 run in.y4m --null --workers=99
says '1 to 64'
run 2 run in.y4m --null --strict=yes
says 'takes no value'
run 2 run in.y4m --null -ss soon
says 'a time is wanted'
run 2 run in.y4m --null --progress loud
says 'auto|tty|line|json|ffmpeg|none'
run 2 run in.y4m --null -loglevel loud
run 2 run in.y4m out.nut -y -n
says 'exclude each other'
run 2 run in.y4m out.nut -o other.nut
says 'twice'
run 2 run in.y4m --null -c copy
says '-c:v'
run 2 run in.y4m --null -vf negat
says "did you mean 'negate'" '^'
run 2 run in.y4m - -f nut --json
says '--report'
run 2 probe
run 2 probe in.y4m --workers 3
run 2 run in.y4m --null --report x.html
says '.json'
run 4 run missing.mkv --null
says 'missing.mkv'
run 4 probe missing.mkv
run 2 run in.y4m --null -vf 'lut3d=missing.cube,subtitles=none.srt,overlay=10:10'
says "file 'missing.cube' of filter 'lut3d'" "'none.srt'" "overlay=logo.png:10:10"
run 2 explain in.y4m -vf 'movie=none.png[l];[in][l]overlay'
says "file 'none.png' of filter 'movie'"
run 2 run in.y4m --null -vf "select='eq(pict_type,I)'"
says "'pict_type', which frames do not carry"

# Every spelling is the same job.
run 0 run in.y4m a.y4m -vf negate
run 0 run -i in.y4m -o b.y4m --vf=negate
run 0 run -vf negate -i in.y4m c.y4m --hide_banner
run 0 run --filter:v negate -nostdin --output d.y4m -- in.y4m
for name in b c d; do check "$name.y4m is a.y4m" cmp -s a.y4m $name.y4m; done
run 0 run in.y4m --null
run 0 run in.y4m -f null -
check 'a null output prints no data' [ ! -s out ]
"$command" run - - -vf negate <in.y4m >e.y4m 2>err
check 'pipes on both sides' cmp -s a.y4m e.y4m

# Outputs that exist.
run 5 run in.y4m a.y4m
says 'exists' '-y'
cp a.y4m before
run 0 run in.y4m a.y4m -n
says 'skipped'
check '-n leaves it alone' cmp -s a.y4m before
run 0 run in.y4m plain.y4m
run 0 run in.y4m a.y4m -y
check '-y replaces it' cmp -s a.y4m plain.y4m
run 2 run in.y4m in.y4m -y
says 'is the input'
run 5 run in.y4m nowhere/out.y4m
says 'mkdir -p'

# Names are bytes, and shown escaped.
odd=$'new\nline\e[31m.y4m'
cp in.y4m "$odd"
cp in.y4m ./-dash.y4m
run 0 run -i -dash.y4m -o ./data:x.y4m
run 0 run -- -dash.y4m -out.y4m
run 0 run "$odd" "$odd.out.y4m"
check 'no ESC on standard error' [ "$(grep -c $'\e' err)" = 0 ]
run 0 run in.y4m "$(printf '\377.y4m')"

# Reports.
run 0 run in.y4m --null --json --report one.json --report two.json
holds 'framewheel-run/1' '"status": "ok"'
check 'reports are the same document' cmp -s one.json two.json
check 'and that of standard output' cmp -s one.json out
run 2 run in.y4m --null --json --vf nonsense
holds '"exit": 2' 'failed'
run 2 run in.y4m --null --json --nonsense
holds 'framewheel-run/1' '"exit": 2'
run 5 run in.y4m --null --report nowhere/x.json

check 'numbers are as short as they can be' [ "$(grep -c '[0-9]\.[0-9]\{13,\}' one.json)" = 0 ]

# What is said, and what only the log holds.
run 0 run in.y4m --null
check 'summary is at most 80 columns' [ "$(awk '{ if (length > m) m = length } END { print m }' err)" -le 80 ]
check 'no list of waits' [ "$(grep -c starved err)" = 0 ]
run 0 run in.y4m --null --vf negate -v
says 'filter x' 'starved' 'sandbox: '
for way in -q '-q -loglevel debug' '-q -v'; do
  rm -f run.log
  run 0 run in.y4m --null $way --log-file run.log
  check "$way says nothing" [ ! -s err ]
  for text in 'framewheel [0-9.]*, started 20' "command: framewheel run in.y4m --null $way" \
    'summary: ' 'starved' 'end: ok, exit 0'; do
    check "$way: the log holds $text" grep -q -- "$text" run.log
  done
done
run 2 run in.y4m --null -vf 'negate=a b' -q --log-file run.log
check 'the log holds a failure' grep -q ' error: ' run.log
check 'and its end' grep -q 'end: failed, exit 2' run.log
check 'and the command, quoted' grep -q "'negate=a b'" run.log

# Looking.
run 0 explain in.y4m --null
holds '-> nothing is written'
run 0 help explain
holds 'framewheel help run'
run 0 version
holds 'libavcodec '
run 0 compare in.y4m in.y4m both.png
run 5 compare in.y4m in.y4m both.png
cp in.y4m other.y4m
run 0 compare in.y4m other.y4m both.png -n
run 0 compare in.y4m other.y4m both.png 2 -y
check 'only the picture' [ "$(echo both.png*)" = both.png ]
run 2 compare in.y4m other.y4m other.y4m -y
says 'is an input'
run 0 explain in.y4m out.nut -vf negate
holds 'negate' 'memory'
run 0 run in.y4m out.nut -vf negate --dry-run --json
holds 'framewheel-plan/1'
check 'a dry run writes nothing' [ ! -e out.nut ]
run 0 probe in.y4m
holds '64x48'
run 0 probe --json --count in.y4m # counts, and ends
holds 'framewheel-probe/1'
run 0 filters
holds 'negate'
run 0 filters negate
run 2 filters negat
says "did you mean 'negate'"
run 0 filters hqdn3d
holds 'sequential'
run 0 filters yadif
holds 'windowed'
run 0 filters overlay
holds 'overlay: '
run 2 filters nosuch
says "unknown filter 'nosuch'"
run 2 filters 'negate,negate'
run 0 filters dblur
holds 'dblur: of libavfilter' 'ffmpeg -h filter=dblur'
run 0 filters dblur --json
holds '"engine":"libavfilter"'
run 0 filters --json
check 'a filter a line' [ "$(grep -c '^{"schema":"framewheel-filter/1",' out)" = "$(wc -l <out)" ]
finish
