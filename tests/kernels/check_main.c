/* framewheel-checkkernels [--bench] [--only WORD] [--cpu LEVEL] [--json] [--list] */
#include "check.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct operation {
    const char *name;
    void (*check)(struct check_run *run);
    void (*bench)(struct check_run *run);
};

static const struct operation operations[] = {
#define CHECK_OPERATION(name) { #name, check_##name, bench_##name },
#include "check_list.h"
#undef CHECK_OPERATION
    { NULL, NULL, NULL },
};

static int usage(void)
{
    fprintf(stderr, "usage: framewheel-checkkernels [--bench] [--only WORD] [--cpu c|avx2|avx512] "
                    "[--json] [--list]\n");
    return 2;
}

static int list(void)
{
    for (const struct operation *operation = operations; operation->name; operation++)
        printf("%s\n", operation->name);
    return 0;
}

static int run_all(struct check_run *run, bool bench)
{
    uint32_t matched = 0;
    for (const struct operation *operation = operations; operation->name; operation++) {
        if (run->only && !strstr(operation->name, run->only))
            continue;
        matched++;
        if (bench)
            operation->bench(run);
        else
            operation->check(run);
    }
    if (matched == 0) {
        fprintf(stderr, "framewheel-checkkernels: no operation's name holds '%s'\n", run->only);
        return 2;
    }
    if (!bench)
        printf("%llu passed, %llu failed\n", (unsigned long long)run->passed,
               (unsigned long long)run->failed);
    return run->failed || (!bench && run->passed == 0);
}

int main(int argc, char **argv)
{
    static const struct option words[] = {
        { "bench", no_argument, NULL, 'b' },     { "only", required_argument, NULL, 'o' },
        { "cpu", required_argument, NULL, 'c' }, { "json", no_argument, NULL, 'j' },
        { "list", no_argument, NULL, 'l' },      { NULL, 0, NULL, 0 },
    };
    struct check_run run = { .limit = fw_cpu_detect() };
    bool bench = false;
    int word;
    while ((word = getopt_long(argc, argv, "", words, NULL)) != -1) {
        int level = word == 'c' ? fw_cpu_parse(optarg) : 0;
        if (level < 0 || word == '?')
            return usage();
        if (word == 'b')
            bench = true;
        else if (word == 'o')
            run.only = optarg;
        else if (word == 'j')
            run.json = true;
        else if (word == 'l')
            return list();
        else if (word == 'c' && level < (int)run.limit)
            run.limit = (enum fw_cpu)level;
    }
    return optind == argc ? run_all(&run, bench) : usage();
}
