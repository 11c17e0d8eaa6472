/* What outputs are called, what they may not be called, and which cannot be together. */
#include "pipeline/naming.h"

#include "pipeline/publish_path.h"
#include "tests/support/tree.h"

#include <stdlib.h>

static struct fw_gathered found;
static struct fw_gather_options options;
static struct fw_naming naming;
static struct fw_output_names names;
static struct fw_error err;
static struct fw_text text;
static char *sources[16];
static unsigned fds_before;

static void set_up(void)
{
    tree_enter();
    options.sources.items = sources;
    naming.folder = "out";
    options.folder = "out";
    fds_before = tree_fds();
}

static void tear_down(void)
{
    fw_gathered_deinit(&found);
    fw_output_names_deinit(&names);
    fw_text_deinit(&text);
    cr_expect_eq(tree_fds(), fds_before, "a descriptor stays open");
    tree_leave();
}

TestSuite(naming, .init = set_up, .fini = tear_down, .timeout = 60);

static void from(const char *source)
{
    sources[options.sources.count++] = (char *)(uintptr_t)source;
}

/* Gathers and names anew. */
static int make(const char *template_text, const char *extension)
{
    fw_gathered_deinit(&found);
    fw_output_names_deinit(&names);
    err = (struct fw_error){ 0 };
    naming.template_text = template_text;
    naming.extension = extension;
    cr_assert_eq(fw_gather(&found, &options, &err), FW_OK, "%s", err.text);
    return fw_output_names_make(&names, &found, &naming, &err);
}

static int check(const char *template_text, const char *extension)
{
    cr_assert_eq(make(template_text, extension), FW_OK, "%s", err.text);
    return fw_output_names_check(&names, &found, &naming, &err);
}

/* The outputs, each followed by a blank. */
static void expect_names(const char *template_text, const char *extension, const char *wanted)
{
    char list[4096] = "";
    cr_assert_eq(make(template_text, extension), FW_OK, "%s", err.text);
    for (uint32_t i = 0; i < names.count; i++) {
        cr_assert_eq(fw_output_names_path(&names, &found, i, &text, &err), FW_OK);
        strcat(list, text.bytes);
        strcat(list, " ");
    }
    cr_expect_str_eq(list, wanted, "\"%s\", wanted \"%s\"", list, wanted);
}

/* ---- names --------------------------------------------------------------------------------- */

Test(naming, mirror_and_templates)
{
    tree_put("s/a/b/x.tar.gz");
    tree_put("s/a/plain");
    tree_put("s/.hidden");
    tree_put("s/dot.");
    tree_put("s/top.png");
    from("s");
    expect_names(NULL, NULL, ".hidden a/b/x.tar.gz a/plain dot. top.png ");
    expect_names(NULL, "webp", ".hidden.webp a/b/x.tar.webp a/plain.webp dot..webp top.webp ");
    expect_names("{dir}/{name}", NULL, ".hidden a/b/x.tar.gz a/plain dot. top.png ");
    expect_names("{dir}/{stem}.{ext}", NULL, ".hidden a/b/x.tar.gz a/plain dot. top.png ");
    expect_names("{stem}-s.{ext}", "png",
                 ".hidden-s.png x.tar-s.png plain-s.png dot.-s.png top-s.png ");
    expect_names("all/{n:03}{{{n}}}-{ext}", NULL,
                 "all/001{1}- all/002{2}-gz all/003{3}- all/004{4}- all/005{5}-png ");
    expect_names("x{dir}/{n}", NULL, "x1 xa/b/2 xa/3 x4 x5 ");
    expect_names("%d%s\n{n}", NULL, "%d%s\n1 %d%s\n2 %d%s\n3 %d%s\n4 %d%s\n5 ");
    cr_assert_eq(fw_output_names_folder(&names, &found, 1, &text, &err), FW_OK);
    cr_expect_str_eq(text.bytes, "");
    cr_expect_str_eq(fw_output_names_name(&names, 1), "%d%s\n2");
    cr_assert_eq(make(NULL, NULL), FW_OK);
    cr_assert_eq(fw_output_names_folder(&names, &found, 1, &text, &err), FW_OK);
    cr_expect_str_eq(text.bytes, "a/b");
}

Test(naming, files_and_several_folders)
{
    tree_put("one/d/1");
    tree_put("two/d/2");
    tree_put("two/e/f/3");
    from("one");
    from("two");
    from("one/d/../../one/d/1"); /* a twin */
    expect_names(NULL, NULL, "d/1 d/2 e/f/3 ");
    cr_expect_eq(names.items[0].folder, names.items[1].folder);
    cr_expect_eq(names.folders.count, 4, "the top, d, e, e/f");
}

Test(naming, mistakes_in_templates)
{
    static const struct {
        const char *text;
        const char *said;
    } rows[] = {
        { "{dir}/{stm}.png", "no field is called 'stm'\n  {dir}/{stm}.png\n         ^~~\n"
                             "hint: did you mean {stem}?" },
        { "{}", "no field" },
        { "{Name}", "did you mean {name}?" },
        { "a{", "brace" },
        { "a}", "brace" },
        { "{stem", "brace" },
        { "{ste{m}}", "brace" },
        { "{n:6}", "width" },
        { "{n:}", "width" },
        { "{n:019}", "width" },
        { "{n:00}", "width" },
        { "{n:0x}", "width" },
        { "{stem:06}", "width" },
        { "", "empty" },
        { "{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}"
          "{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}",
          "too many" },
        { "\xff\n{x\x1b}", "\\xff\\x0a{x\\x1b}\n           ^~~~~" },
    };
    char *endless = malloc(2001);
    tree_put("s/a");
    from("s");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_expect_eq(make(rows[i].text, NULL), FW_ERR_USAGE, "%s", rows[i].text);
        cr_expect(strstr(err.text, rows[i].said), "%s: %s", rows[i].text, err.text);
        cr_expect_null(names.items);
    }
    memset(endless, 'x', 2000);
    endless[2000] = '\0';
    cr_expect_eq(make(endless, NULL), FW_ERR_USAGE);
    free(endless);
    cr_expect_eq(make(NULL, ""), FW_ERR_USAGE);
    cr_expect_eq(make(NULL, "a/b"), FW_ERR_USAGE);
}

Test(naming, names_that_may_not_be)
{
    static const struct {
        const char *text;
        const char *said;
    } rows[] = {
        { "../{name}", "leads elsewhere" },
        { "a/../../{name}", "leads elsewhere" },
        { "./{name}", "leads elsewhere" },
        { "{dir}/..", "leads elsewhere" },
        { "/tmp/{name}", "absolute" },
        { "a//{name}", "empty" },
        { "a/", "empty" },
        { "{dir}", "empty" },
        { "/{dir}/x", "absolute" },
        { ".framewheel{n}", "keeps for itself" },
        { ".framewheel-x/{n}", "keeps for itself" },
    };
    char longest[256];
    char path[300];
    tree_put("s/a.png");
    from("s");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_expect_eq(make(rows[i].text, NULL), FW_ERR_USAGE, "%s", rows[i].text);
        cr_expect(strstr(err.text, rows[i].said) && strstr(err.text, "s/a.png"), "%s", err.text);
    }
    cr_expect_eq(make("..{n}/...", NULL), FW_OK);
    memset(longest, 'x', 255);
    longest[255] = '\0';
    (void)snprintf(path, sizeof(path), "t/%s", longest);
    tree_put(path);
    options.sources.count = 0;
    from("t");
    cr_expect_eq(make(NULL, NULL), FW_OK);
    cr_expect_eq(make(NULL, "png"), FW_ERR_USAGE);
    cr_expect(strstr(err.text, "255 bytes"), "%s", err.text);
}

Test(naming, in_place)
{
    tree_put("s/d/a.png");
    tree_put("b.png");
    naming.in_place = true;
    options.folder = NULL;
    from("s/");
    from("b.png");
    expect_names(NULL, NULL, "b.png s/d/a.png ");
    cr_expect_eq(check(NULL, NULL), FW_OK, "%s", err.text);
    expect_names(NULL, "jpg", "b.jpg s/d/a.jpg ");
    cr_assert_eq(fw_output_names_folder(&names, &found, 0, &text, &err), FW_OK);
    cr_expect_str_eq(text.bytes, ".");
    cr_assert_eq(fw_output_names_folder(&names, &found, 1, &text, &err), FW_OK);
    cr_expect_str_eq(text.bytes, "s/d");
    expect_names("{stem}-small.{ext}", NULL, "b-small.png s/d/a-small.png ");
    cr_expect_eq(make("sub/{name}", NULL), FW_ERR_USAGE);
    cr_expect(strstr(err.text, "beside"), "%s", err.text);
}

/* ---- conflicts ----------------------------------------------------------------------------- */

static void expect_conflict(const char *template_text, const char *extension, const char *said)
{
    cr_expect_eq(check(template_text, extension), FW_ERR_USAGE);
    cr_expect(strstr(err.text, said), "%s", err.text);
}

Test(naming, two_sources_with_one_output)
{
    tree_put("s/d/a.png");
    tree_put("s/d/a.jpg");
    tree_put("s/A.png");
    tree_put("s/a.png");
    from("s");
    cr_expect_eq(check(NULL, NULL), FW_OK, "letters of either case are different names");
    expect_conflict(NULL, "webp", "(1):\n  d/a.webp: from s/d/a.jpg and from s/d/a.png");
    expect_conflict("{stem}", NULL, "(2):");
    tree_put("t/d/a.png");
    from("t");
    expect_conflict(NULL, NULL, "d/a.png: from s/d/a.png and from t/d/a.png");
    cr_expect_eq(access("out", F_OK), -1, "nothing is made");
}

Test(naming, many_conflicts_are_counted)
{
    char path[32];
    for (int i = 0; i < 40; i++) {
        (void)snprintf(path, sizeof(path), "s/%d/same", i);
        tree_put(path);
    }
    from("s");
    expect_conflict("{name}", NULL, "(39)");
    cr_expect(strstr(err.text, "and 29 more"), "%s", err.text);
}

Test(naming, a_file_where_a_folder_is_planned)
{
    tree_put("one/a/b/c");
    tree_put("two/a");
    from("one");
    from("two");
    expect_conflict(NULL, NULL, "a: from two/a, and a directory of other outputs");
}

Test(naming, files_and_folders_on_disk)
{
    tree_put("s/a/b");
    tree_put("s/c");
    tree_put("s/d/x");
    tree_put("s/e/x");
    tree_put("s/f/g/x");
    tree_put("out/a");
    tree_put("out/c/");
    tree_put("out/e/x");
    cr_assert_eq(symlink("/tmp", "out/d"), 0);
    from("s");
    expect_conflict(NULL, NULL, "(3)");
    cr_expect(strstr(err.text, "a: a file or a symbolic link") &&
                  strstr(err.text, "d: a file or a symbolic link") &&
                  strstr(err.text, "c: from s/c, but it is a directory"),
              "%s", err.text);
    naming.folder = "s/c";
    cr_expect_eq(check(NULL, NULL), FW_ERR_OUTPUT);
    cr_expect(strstr(err.text, "not a directory"), "%s", err.text);
}

Test(naming, an_output_that_is_a_source)
{
    tree_put("out/a.png");
    tree_put("s/b.png");
    tree_put("s/c.png");
    tree_put("s/d.png");
    from("s");
    from("out/a.png");
    expect_conflict(NULL, NULL, "a.png: it is the source out/a.png");
    cr_expect_eq(check("{stem}-new.{ext}", NULL), FW_OK, "%s", err.text);
    cr_assert_eq(link("s/c.png", "out/b.png"), 0);
    cr_assert_eq(symlink("../s/d.png", "out/d.png"), 0);
    options.sources.count = 1;
    expect_conflict(NULL, NULL, "(2)");
    cr_expect(strstr(err.text, "b.png: it is the source s/c.png") &&
                  strstr(err.text, "d.png: it is the source s/d.png"),
              "%s", err.text);
}

Test(naming, in_place_only_its_own_source)
{
    tree_put("s/x.png");
    tree_put("s/x-2.png");
    tree_put("s/y.jpg");
    tree_put("s/y.png");
    tree_put("s/z.webp/");
    tree_put("s/z.png");
    cr_assert_eq(symlink("s", "door"), 0);
    naming.in_place = true;
    options.folder = NULL;
    from("s/x.png");
    from("door/x-2.png");
    expect_conflict("{stem}-2.{ext}", NULL, "s/x-2.png: it is the source door/x-2.png");
    options.sources.count = 0;
    from("s/y.jpg");
    from("door/y.png");
    expect_conflict(NULL, "webp", "y.webp: from s/y.jpg and from door/y.png");
    options.sources.count = 0;
    from("s/z.png");
    expect_conflict(NULL, "webp", "but it is a directory");
    options.sources.count = 0;
    from("s");
    cr_expect_eq(check(NULL, NULL), FW_OK, "%s", err.text);
}

Test(naming, a_deep_tree)
{
    int at;
    cr_assert_eq(mkdir("s", 0755), 0);
    at = open("s", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 1500; i++) {
        cr_assert_eq(mkdirat(at, "down", 0755), 0);
        int next = openat(at, "down", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int fd = openat(next, "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        close(fd);
        close(at);
        at = next;
    }
    close(at);
    tree_put("out/");
    from("s");
    cr_expect_eq(check(NULL, NULL), FW_OK, "%s", err.text);
    cr_expect_eq(names.folders.count, 1501);
    cr_expect_eq(check("{dir}/x{n}", NULL), FW_OK, "%s", err.text);
    cr_expect_eq(names.folders.count, 1501);
}
