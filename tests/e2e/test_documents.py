#!/usr/bin/env python3
"""What is made from the option tables: help as JSON, man pages, completions."""
import json
import re
import shutil
import subprocess

import lib
from lib import need

suite = lib.Suite()
SOURCES = lib.ROOT / "docs" / "man"
DESIGN = lib.ROOT / "docs" / "design.md"
# Words in pages that are options of encoders or of other programs.
FOREIGN = {"-x264-params", "--help", "-h", "--version"}


def tables():
    return json.loads(lib.framewheel("help", "--json").out)["verbs"]


def plain(text):
    """The text of a roff line without its escapes."""
    return re.sub(r"\\f.", "", text.replace("\\-", "-").replace("\\&", "")).replace("\\\\", "\\")


def program(name):
    if not shutil.which(name):
        raise lib.Skipped("%s is not installed" % name)
    return name


def pages(shop):
    """The folder of all pages, made once."""
    program("scdoc")

    def make(_, path):
        made = lib.run([lib.ROOT / "tools" / "man-pages", lib.FRAMEWHEEL, SOURCES, DESIGN, path])
        need(made.code == 0 and not made.err, made.text())
    shop.recipes.setdefault("man", make)
    return shop.media("man")


@suite.check
def help_as_json_has_what_the_help_has(shop):
    document = json.loads(lib.framewheel("help", "run", "--json").out)
    need(document["schema"] == "framewheel-help/1", document["schema"])
    verb, = document["verbs"]
    text = lib.framewheel("help", "run").out.decode()
    names = {o["name"] for o in verb["options"]}
    need({"vf", "input", "recipe", "on-error"} <= names and "fault" not in names, names)
    listed = [line for line in text.splitlines() if line.startswith("  -")]
    need(len(listed) == len(verb["options"]), "%d, not %d" % (len(listed), len(verb["options"])))
    for option in verb["options"]:
        need(any(word in text for word in option["aliases"]), option)
        need(option["help"].split()[0] in text, option)
    stall = [o for o in verb["options"] if o["name"] == "stall"][0]
    need(stall["default"] == "30" and not stall["repeatable"] and stall["value_name"] == "TIME",
         stall)
    need(verb in tables(), "help --json has another 'run'")


@suite.check
def every_spelling_is_taken(shop):
    args = []
    for option in json.loads(lib.framewheel("help", "run", "--json").out)["verbs"][0]["options"]:
        for word in option["aliases"]:
            args += [word] if "value_name" not in option else [word, "1"]
    # The first thing wrong is told: with all of them known, it is the last word.
    need(len(args) > 150, args)
    result = lib.framewheel("explain", lib.CLIPS / "pens.mp4", *args, "--workers", code=2)
    need(b"--workers wants a value" in result.err, result.text())


@suite.check
def every_command_has_a_page(shop):
    folder = pages(shop)
    for verb in tables():
        need((folder / ("framewheel-%s.1" % verb["name"])).exists(), "no page: " + verb["name"])
    need((folder / "framewheel.1").exists(), "no main page")


@suite.check
def every_option_is_in_its_page(shop):
    folder = pages(shop)
    for verb in tables():
        page = (folder / ("framewheel-%s.1" % verb["name"])).read_text()
        lines = [plain(line) for line in page.splitlines()]
        for option in verb["options"]:
            for word in option["aliases"]:
                need("\\fB%s\\fR" % word.replace("-", "\\-") in page,
                     "%s: no %s" % (verb["name"], word))
            need(any(line.startswith(option["help"]) for line in lines),
                 "%s: not there: %s" % (verb["name"], option["help"]))


@suite.check
def every_exit_code_is_in_every_page(shop):
    codes = re.findall(r"^\| (\d+) \|", DESIGN.read_text(), re.M)
    need(len(codes) >= 11, codes)
    for page in pages(shop).iterdir():
        for code in codes:
            need("\n\\fB%s\\fR\n" % code in page.read_text(), "%s: no %s" % (page.name, code))


@suite.check
def pages_have_no_warnings(shop):
    program("man")
    for page in sorted(pages(shop).iterdir()):
        shown = lib.run(["man", "-l", "--warnings=w", page], env={"LC_ALL": "C.UTF-8"})
        need(shown.code == 0 and not shown.err, "%s: %s" % (page.name, shown.err.decode()))
        need(b"EXIT CODES" in shown.out, page.name)


@suite.check
def options_in_prose_exist(shop):
    verbs = tables()
    known = {word for verb in verbs for option in verb["options"] for word in option["aliases"]}
    here = {verb["name"] for verb in verbs} | {"framewheel"}
    for source in SOURCES.glob("*.scd.in"):
        name = source.name.split(".")[0]
        if name not in here:
            continue
        text = source.read_text()
        if "@PROMISE@" in text:
            text += (SOURCES / "promise.scd").read_text()
        for word in re.findall(r"\*(--?[A-Za-z][^ *=]*)", text):
            need(word in known | FOREIGN, "%s: there is no %s" % (name, word))
        for block in re.findall(r"```\n(.*?)```", text, re.S):
            for line in block.splitlines():
                words = line.partition("|")[0].split()
                if words[:1] == ["framewheel"]:
                    need(words[1] in here, "%s: %s" % (name, line))
                    for word in words[2:]:
                        option = word.partition("=")[0]
                        need(word[0] != "-" or word == "-" or option in known,
                             "%s: there is no %s" % (name, word))


@suite.check
def the_promise_is_five_points(shop):
    points = re.findall(r"^\. ", (SOURCES / "promise.scd").read_text(), re.M)
    need(len(points) == 5, points)
    for name in ("images", "batch"):
        need("\n@PROMISE@\n" in (SOURCES / (name + ".scd.in")).read_text(), name)


@suite.check
def a_page_of_an_unknown_command_is_left_out(shop):
    program("scdoc")
    sources = shop.fresh("/sources")
    shutil.copytree(SOURCES, sources)
    (sources / "nonsense.scd.in").write_text("# OPTIONS\n\n@OPTIONS@\n")
    script = lib.ROOT / "tools" / "man-pages"
    out = shop.fresh("/out")
    need(lib.run([script, lib.FRAMEWHEEL, sources, DESIGN, out]).code == 0, "it is not")
    need(not (out / "framewheel-nonsense.1").exists(), "there is a page")
    (sources / "probe.scd.in").write_text("# X\n\n@NOTHING@\n")
    need(lib.run([script, lib.FRAMEWHEEL, sources, DESIGN, out]).code != 0, "a lost part is fine")


def script_of(shop, shell):
    def make(_, path):
        path.write_bytes(lib.framewheel("completion", shell).out)
    shop.recipes.setdefault("script." + shell, make)
    return shop.media("script." + shell)


def well_formed(shop, shell):
    program(shell)
    checked = lib.run([shell, "-n", script_of(shop, shell)])
    need(checked.code == 0 and not checked.err, checked.text())


for name in ("bash", "zsh", "fish"):
    suite.add(name + "-script-is-well-formed", well_formed, suite.shop, name)


@suite.check
def other_shells_are_refused(shop):
    for words in ([], ["csh"]):
        need(b"bash, zsh or fish" in lib.framewheel("completion", *words, code=2).err, words)


# The typed line, bash's words of it, and what must come.
BASH = [
    ("framewheel ru", None, ["run"]),
    ("framewheel rec", None, ["recipes"]),
    ("framewheel run --work", None, ["--workers"]),
    ("framewheel run -v", None, ["-vf", "-video_size", "-vframes", "-vcodec", "-vtag", "-v"]),
    ("framewheel run --verify ", None, ["count", "decode", "none"]),
    ("framewheel run --verify=d", ["--verify", "=", "d"], ["decode"]),
    ("framewheel run --verify=", ["--verify", "="], ["count", "decode", "none"]),
    ("framewheel run --workers a", None, ["auto"]),
    ("framewheel run -crf 2", None, []),
    ("framewheel run -c:a co", ["-c", ":", "a", "co"], ["copy"]),
    ("framewheel run -c:", ["-c", ":"], ["a", "s", "v"]),
    ("framewheel run fi", None, ["file one.mp4", "file'two.mkv"]),
    ("framewheel run file\\ o", ["file\\ o"], ["file one.mp4"]),
    ("framewheel run \"file o", ["\"file o"], ["file one.mp4"]),
    ("framewheel run -i file\\ ", ["-i", "file\\ "], ["file one.mp4"]),
    ("framewheel run -- -", None, ["-dash.mkv"]),
    ("framewheel run --plugin-path s", None, ["sub"]),
    ("framewheel run -vf scale=2:2,unsh", ["-vf", "scale", "=", "2", ":", "2,unsh"],
     ["2,unsharp"]),
    ("framewheel run -vf \"scale=2:2,unsh", ["-vf", "\"scale=2:2,unsh"], ["scale=2:2,unsharp"]),
    ("framewheel run --recipe web-7", None, ["web-720p"]),
    ("framewheel recipes show sharp", None, ["sharpen"]),
    ("framewheel help pr", None, ["probe"]),
    ("framewheel completion f", None, ["fish"]),
    ("framewheel doctor fi", None, []),
]
DRIVER = """
source "$1"
PATH=$2:$PATH
cd "$3"
COMP_LINE=$4
shift 4
COMP_WORDS=("$@")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_framewheel framewheel
[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\\0' "${COMPREPLY[@]}"
"""


def folder_of_files(shop):
    folder = shop.fresh("/files")
    (folder / "sub").mkdir(parents=True)
    for name in ("file one.mp4", "file'two.mkv", "-dash.mkv"):
        (folder / name).touch()
    return folder


def bash(shop, line, words, wanted):
    # A lone name for this build, whatever it is called.
    tools = shop.fresh("/tools")
    tools.mkdir()
    (tools / "framewheel").symlink_to(lib.FRAMEWHEEL)
    words = ["framewheel", "run", *words] if words else line.split(" ")
    result = lib.run(["bash", "--norc", "-c", DRIVER, "x", script_of(shop, "bash"), tools,
                      folder_of_files(shop), line, *words],
                     env={"FRAMEWHEEL_RECIPES": str(lib.ROOT / "samples" / "recipes")})
    need(result.code == 0 or not wanted, result.text())
    need(not result.err, result.text())
    found = [w.decode() for w in result.out.split(b"\0") if w]
    need(sorted(found) == sorted(wanted), "%r: %s, not %s" % (line, found, wanted))


for number, (line, split, replies) in enumerate(BASH):
    suite.add("bash-%d" % number, bash, suite.shop, line, split, replies)

FISH = [
    ("framewheel ru", ["run"]),
    ("framewheel run --work", ["--workers"]),
    ("framewheel run --verify ", ["count", "decode", "none"]),
    ("framewheel run --verify=d", ["--verify=decode"]),
    ("framewheel run fi", ["file one.mp4", "file'two.mkv"]),
    ("framewheel run -vf scale=2:2,unsh", ["scale=2:2,unsharp"]),
    ("framewheel run --recipe web-7", ["web-720p"]),
    ("framewheel recipes show sharp", ["sharpen"]),
    ("framewheel help pr", ["probe"]),
    ("framewheel doctor fi", []),
]


@suite.check
def fish_completes(shop):
    program("fish")
    script, folder, home = script_of(shop, "fish"), folder_of_files(shop), shop.fresh("/home")
    home.mkdir()
    tools = shop.fresh("/tools")
    tools.mkdir()
    (tools / "framewheel").symlink_to(lib.FRAMEWHEEL)
    # PATH goes through the environment; fish keeps it.
    for line, wanted in FISH:
        result = subprocess.run(
            ["fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", script, line],
            stdin=subprocess.DEVNULL, capture_output=True, cwd=folder, timeout=60,
            env={"PATH": "%s:/usr/bin:/bin" % tools, "HOME": str(home), "LANG": "C.UTF-8",
                 "FRAMEWHEEL_RECIPES": str(lib.ROOT / "samples" / "recipes")})
        found = [reply.partition("\t")[0] for reply in result.stdout.decode().splitlines()]
        need(sorted(found) == sorted(wanted), "%r: %s, not %s %s" % (
            line, found, wanted, result.stderr.decode()))


suite.main()
