/* tidy ROOT [ARCHIVE SHARED]: checks the house rules over the files of a checkout. */
#include "tidy.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct totals {
    int files;
    int findings;
};

static void print_finding(void *user, const struct tidy_file *file, const char *rule, size_t line,
                          const char *what)
{
    struct totals *totals = user;
    (void)printf("%s:%zu: %s: %s\n", file->path, line, rule, what);
    totals->findings++;
}

/* The caller frees. */
static char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    char *text = NULL;
    size_t room = 0;
    ssize_t got = getdelim(&text, &room, '\0', file); /* sources hold no zero byte */
    (void)fclose(file);
    if (got < 0) {
        free(text);
        return strdup("");
    }
    return text;
}

static void check_path(const char *path, struct totals *totals)
{
    const struct tidy_sink sink = { totals, print_finding };
    if (!tidy_match("*.c *.h", path))
        return;
    char *text = read_text(path);
    if (!text)
        return; /* in git's list, but deleted here */
    const struct tidy_file file = { path, text };
    tidy_file_check(&file, &sink);
    totals->files++;
    free(text);
}

static void check_git_list(struct totals *totals)
{
    char path[4096];
    FILE *list = popen("git ls-files -co --exclude-standard 2>/dev/null", "r");
    if (!list)
        return;
    while (fgets(path, sizeof(path), list)) {
        path[strcspn(path, "\n")] = '\0';
        check_path(path, totals);
    }
    (void)pclose(list);
}

/* nftw hands its callback nothing of the caller's; the program has one walk. */
static struct totals *walk_totals;

static int walk_one(const char *path, const struct stat *status, int type, struct FTW *state)
{
    (void)status;
    (void)state;
    if (type == FTW_D && tidy_match("./build ./out ./.git", path))
        return FTW_SKIP_SUBTREE;
    if (type == FTW_F)
        check_path(path + 2, walk_totals);
    return FTW_CONTINUE;
}

int main(int argc, char **argv)
{
    struct totals totals = { 0 };
    int symbols = 0;

    if ((argc != 2 && argc != 4) || chdir(argv[1]) < 0) {
        (void)fprintf(stderr, "usage: tidy ROOT [ARCHIVE SHARED]\n");
        return 2;
    }
    int surprises = tidy_self_test();
    check_git_list(&totals);
    if (totals.files == 0) {
        walk_totals = &totals;
        (void)nftw(".", walk_one, 16, FTW_PHYS | FTW_ACTIONRETVAL);
    }
    if (argc == 4) {
        char *framewheel = read_text("pipeline/framewheel.h");
        char *filter = read_text("filters/filter.h");
        char *headers = NULL;
        if (!framewheel || !filter || asprintf(&headers, "%s%s", framewheel, filter) < 0)
            return 2;
        symbols = tidy_symbols_check(argv[2], argv[3], headers);
        free(headers);
        free(filter);
        free(framewheel);
    }
    (void)printf("%d files, %d findings, %d symbols, %d surprises in the self-test\n", totals.files,
                 totals.findings, symbols, surprises);
    return totals.files > 0 && totals.findings == 0 && symbols == 0 && surprises == 0 ? 0 : 1;
}
