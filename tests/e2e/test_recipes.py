#!/usr/bin/env python3
"""Recipes: what they say, who wins, where they are, and what is refused."""
import json
import os

import lib
import media
from lib import need

suite = lib.Suite({"in.y4m": [*media.picture(0.4), "-pix_fmt", "yuv420p"]})
SHIPPED = lib.ROOT / "samples" / "recipes"


class Place:
    """A folder that stands for the user's configuration."""

    def __init__(self, shop, **files):
        self.home = shop.fresh("/home")
        self.folder = self.home / "framewheel" / "recipes"
        self.folder.mkdir(parents=True)
        self.env = {"XDG_CONFIG_HOME": str(self.home), "FRAMEWHEEL_RECIPES": str(SHIPPED)}
        for name, text in files.items():
            self.write(name, text)

    def write(self, name, text):
        data = text if isinstance(text, bytes) else text.encode()
        path = self.folder / (name + ".conf")
        path.write_bytes(data)
        return path

    def show(self, name, code=0):
        result = lib.framewheel("recipes", "show", name, "--json", code=code, env=self.env)
        if code:
            return result.err.decode()
        return json.loads(result.out)["options"]

    def values(self, name):
        return [(o["key"], o.get("value")) for o in self.show(name)]


def refused(shop, text, *wanted):
    """The recipe `bad` with this text is an error."""
    said = Place(shop, bad=text).show("bad", code=2)
    for word in wanted:
        need(word in said, "not said: %s\n%s" % (word, said))


@suite.check
def a_run_refuses_what_show_refuses(shop):
    for text in ("crff=20", "y", "workers=many"):
        place, out = Place(shop, bad=text), shop.fresh(".y4m")
        ran = lib.framewheel("run", shop.media("in.y4m"), out, "--recipe", "bad", code=2,
                             env=place.env).err.decode()
        said = place.show("bad", code=2).partition(": ")[2]
        need(said in ran, "%s\n%s" % (said, ran))
        need(not out.exists(), "there is an output")


def parsed(shop, text, wanted):
    found = Place(shop, one=text).values("one")
    need(found == wanted, "%s, not %s" % (found, wanted))


for name, text, wanted in (
    ("plain", "crf=20\nc:v = libx264 \n", [("crf", "20"), ("c:v", "libx264")]),
    ("alias", "vcodec=ffv1", [("c:v", "ffv1")]),
    ("flags", "an\nsn=yes\ndn=no\n", [("an", None), ("sn", None)]),
    ("comments", "# a\n\n  # b\ncrf=20 # c\nvf=pad=color=#ff0000\n",
     [("crf", "20"), ("vf", "pad=color=#ff0000")]),
    ("quotes", "vf=\"scale=-2:'min(720,ih)' # no\" # yes\ntune='film'\n",
     [("vf", "scale=-2:'min(720,ih)' # no"), ("tune", "film")]),
    ("endings", "\ufeffcrf=20\r\nbf=2", [("crf", "20"), ("bf", "2")]),
    ("foreign", "-slices=16\n-strict=-2\n", [("slices", "16"), ("-strict", "-2")]),
    ("repeated", "metadata=a=b\nmetadata=c=d", [("metadata", "a=b"), ("metadata", "c=d")]),
    ("nothing", "", []),
):
    suite.add("parsed-" + name, parsed, suite.shop, text, wanted)

for name, text, *wanted in (
    ("unknown", "# x\n\n\n\n\n\n    crff=20\n",
     "bad.conf:7:5: unknown key 'crff' - did you mean 'crf'?"),
    ("far", "\nslices=16", ":2:1: unknown key 'slices'", "-slices="),
    ("dashes", "--crf=20", "written without '--'"),
    ("value", "\nworkers=many", ":2:9: ", "workers"),
    ("no-value", "crf", ":1:1: 'crf' wants a value"),
    ("flag-value", "an=maybe", "yes or no"),
    ("twice", "crf=20\n\ncrf=21", ":3:1: 'crf' is there already, in line 1"),
    ("quote", "vf=\"negate", ":1:4: ", "quote"),
    ("behind-quote", "vf=\"negate\" x", ":1:13: "),
    ("no-equals", "crf 20", ":1:5: '=' is wanted"),
    ("no-key", "=20", ":1:1: "),
    ("section", "[x]", "no sections"),
    ("zero", b"crf=2\0", "zero byte"),
    ("large", "#" * (1 << 20) + "\n", "1 MiB"),
    ("many", "-a=b\n" + "".join("-o%d=1\n" % n for n in range(1001)), "more than 1000"),
    ("control", "\x1b[31m=1", "\\x1b"),
    ("itself", "inherit=bad", ":1:9: the recipe inherits itself"),
    ("late-inherit", "crf=20\ninherit=web-720p", ":2:1: 'inherit' is the first key"),
    ("lost-parent", "inherit=web-720", ":1:9: no recipe 'web-720'", "did you mean 'web-720p'"),
):
    suite.add("refused-" + name, refused, suite.shop, text, *wanted)

for key in ("input=x", "output=x", "y", "n", "null", "recipe=web-720p", "report=x.json",
            "plugin=x.so", "plugin-path=/", "sandbox=off", "isolation=threads", "progress=none",
            "progress-to=/tmp/x", "log-file=/tmp/x", "quiet", "dry-run", "json", "f=null", "-y"):
    suite.add("refused-key-" + key, refused, suite.shop, key, "may only stand on the command line")


@suite.check
def errors_of_a_parent_name_the_parent(shop):
    place = Place(shop, child="inherit=parent", parent="\ncrff=1")
    said = place.show("child", code=2)
    need("parent.conf:2:1: unknown key" in said and "child.conf" not in said, said)


@suite.check
def a_long_loop_is_found(shop):
    place = Place(shop, a="inherit=b", b="inherit=c", c="inherit=./a.conf")
    need("inherits itself" in place.show("a", code=2), "no loop is found")


@suite.check
def eight_may_inherit_each_other(shop):
    names = {"r%d" % n: "inherit=r%d" % (n + 1) for n in range(8)}
    place = Place(shop, **names, r8="crf=20")
    need(place.values("r1") == [("crf", "20")], "eight in a line do not work")
    need("more than 8" in place.show("r0", code=2), "nine do")


@suite.check
def later_wins(shop):
    place = Place(shop, base="crf=20\nan\npreset=fast\nmetadata=a=b",
                  own="inherit=base\nb:v=2M\nc:a=aac\nmetadata=c=d")
    need(place.values("own") == [("preset", "fast"), ("metadata", "a=b"), ("b:v", "2M"),
                                 ("c:a", "aac"), ("metadata", "c=d")], place.values("own"))
    need([o["line"] for o in place.show("own")] == [3, 4, 2, 3, 4], place.show("own"))


def size_of(path):
    stream = lib.probe(path)["streams"][0]
    return stream["width"], stream["height"]


def ran(shop, place, ending, *args):
    out = shop.fresh(ending)
    lib.framewheel("run", shop.media("in.y4m"), out, "-q", *args, env=place.env)
    return out


@suite.check
def the_command_line_wins(shop):
    place = Place(shop, small="vf=scale=64:48", tiny="vf=scale=32:24")
    for args, wanted in ((["--recipe", "small"], (64, 48)),
                         (["--recipe=small", "--recipe=tiny"], (32, 24)),
                         (["--recipe=tiny", "--recipe=small"], (64, 48)),
                         (["-vf", "scale=16:16", "--recipe", "small"], (16, 16))):
        found = size_of(ran(shop, place, ".y4m", *args))
        need(found == wanted, "%s: %s, not %s" % (args, found, wanted))


@suite.check
def a_bit_rate_replaces_a_quality(shop):
    place = Place(shop, web="c:v=libx264\ncrf=20\npreset=ultrafast")
    need(b"rc=crf" in ran(shop, place, ".mkv", "--recipe", "web").read_bytes(), "no crf")
    data = ran(shop, place, ".mkv", "--recipe", "web", "-b:v", "500k").read_bytes()
    need(b"rc=abr" in data, "the recipe's crf stays")


@suite.check
def tags_come_on_top(shop):
    place = Place(shop, tags="metadata=title=a\nmetadata=artist=b")
    out = ran(shop, place, ".mkv", "--recipe", "tags", "-metadata", "title=c", "-c:v", "ffv1")
    tags = {k.lower(): v for k, v in lib.probe(out)["format"]["tags"].items()}
    need(tags.get("title") == "c" and tags.get("artist") == "b", tags)


@suite.check
def explain_takes_them(shop):
    place = Place(shop, small="vf=scale=64:48\nc:v=ffv1")
    for words in (["explain"], ["run", "--dry-run"]):
        plan = lib.framewheel(*words, shop.media("in.y4m"), "x.mkv", "--recipe", "small", "--json",
                              env=place.env)
        output = json.loads(plan.out)["output"]
        need(output["encoder"] == "ffv1" and output["video"]["width"] == 64, output)


@suite.check
def the_users_folder_is_first(shop):
    place = Place(shop, **{"web-720p": "# mine\ncrf=1"})
    need(place.values("web-720p") == [("crf", "1")], "the shipped one is taken")
    listed = json.loads(lib.framewheel("recipes", "--json", env=place.env).out)["recipes"]
    mine = [r for r in listed if r["name"] == "web-720p"]
    need(len(mine) == 1 and mine[0]["summary"] == "mine", mine)
    names = lib.framewheel("recipes", "--names", env=place.env).out.decode().split()
    need(names == sorted(r["name"] for r in listed) and "sharpen" in names, names)
    home = {"HOME": str(place.home.parent), "XDG_CONFIG_HOME": ""}
    (place.home.parent / ".config").mkdir()
    os.rename(place.home / "framewheel", place.home.parent / ".config" / "framewheel")
    shown = lib.framewheel("recipes", "show", "web-720p", env=home)
    need(shown.out == b"crf=1\n", shown.out)


@suite.check
def nothing_comes_from_the_current_folder(shop):
    place = Place(shop)
    here = shop.fresh("/here")
    here.mkdir()
    (here / "local.conf").write_text("crf=20\n")
    lib.framewheel("recipes", "show", "local", code=2, env=place.env, cwd=here)
    lib.framewheel("recipes", "show", "local", code=2, cwd=here,
                   env=dict(place.env, FRAMEWHEEL_RECIPES=".", XDG_CONFIG_HOME="."))
    shown = lib.framewheel("recipes", "show", "./local.conf", env=place.env, cwd=here)
    need(shown.out == b"crf=20\n", shown.out)


@suite.check
def only_regular_files_are_read(shop):
    place = Place(shop)
    os.mkfifo(place.folder / "pipe.conf")
    (place.folder / "folder.conf").mkdir()
    for name in ("pipe", "folder"):
        need("regular file" in place.show(name, code=2), name)
    need("No such file" in place.show("./missing.conf", code=2), "missing")
    lib.framewheel("recipes", env=place.env)


@suite.check
def what_is_shown_is_a_recipe(shop):
    texts = ("vf=\" a \"", "vf='\"x\"'", "vf=\"it's # here\"", "vf=''", "vf=\"'both'\"", "vf=a\"b'c")
    for text in texts:
        place = Place(shop, one="# x\n" + text + "\n-slices=4\nan")
        shown = lib.framewheel("recipes", "show", "one", "--origin", env=place.env).out
        need(b"one.conf:2\n" in shown, shown)
        place.write("two", shown)
        need(place.values("two") == place.values("one"), shown.decode())


def shipped(shop, name, codec, source):
    place = Place(shop)
    text = (SHIPPED / (name + ".conf")).read_text()
    need(text.startswith("# "), "no summary")
    out = shop.fresh(".mkv")
    ending = {"prores": ".mov", "ffv1": ".mkv"}.get(codec, ".mp4")
    out = shop.fresh(ending)
    lib.framewheel("run", source, out, "--recipe", name, "-t", "0.4", "-q", env=place.env)
    video = [s for s in lib.probe(out)["streams"] if s["codec_type"] == "video"][0]
    need(video["codec_name"] == codec, video["codec_name"])
    need(video["height"] % 2 == 0 and video["height"] <= 1080, video["height"])


def shipped_for_images(shop, name, source):
    place = Place(shop)
    need((SHIPPED / (name + ".conf")).read_text().startswith("# "), "no summary")
    out = shop.fresh("")
    lib.framewheel("images", source, "-o", out, "--recipe", name, "-q", env=place.env)
    made = [f for f in out.iterdir() if not f.name.startswith(".")]
    need(len(made) == 1 and made[0].read_bytes()[:3] in (b"\xff\xd8\xff", b"\x89PN"), made)
    refused = lib.framewheel("run", source, shop.fresh(".mkv"), "--recipe", name, "-q",
                             env=place.env, code=None)
    need(name != "thumbnail" or refused.code == 2, "an option of images alone is refused by run")


IMAGES = {"thumbnail", "photo-web"}
CODECS = {"archive-ffv1": "ffv1", "proxy-prores": "prores"}
for path in sorted(SHIPPED.glob("*.conf")):
    if path.stem in IMAGES:
        suite.add("shipped-" + path.stem, shipped_for_images, suite.shop, path.stem,
                  lib.ROOT / "tests" / "filters" / "logo.png")
    else:
        suite.add("shipped-" + path.stem, shipped, suite.shop, path.stem,
                  CODECS.get(path.stem, "h264"), lib.CLIPS / "pens.mp4")

suite.main()
