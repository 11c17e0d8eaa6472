/* What the two libraries export, through nm. */
#include "tidy.h"

#include <stdio.h>
#include <string.h>

static bool is_declared(const char *headers, const char *name)
{
    const size_t bytes = strlen(name);
    for (const char *at = strstr(headers, name); at; at = strstr(at + 1, name)) {
        if (at[bytes] == '(')
            return true;
    }
    return false;
}

static bool is_toolchain(const char *name)
{
    return name[0] == '_'; /* __odr_asan.*, _init and the like */
}

static int check_list(const char *command, const char *headers, bool quiet)
{
    char line[1024];
    int bad = 0;
    int seen = 0;
    FILE *pipe = popen(command, "r");
    if (!pipe)
        return -1;
    while (fgets(line, sizeof(line), pipe)) {
        char name[512];
        char type;
        if (!strchr(line, ' ') || sscanf(line, "%*x %c %511s", &type, name) != 2 ||
            is_toolchain(name))
            continue; /* the name of an archive's member has no space */
        seen++;
        if (strncmp(name, "fw_", 3) == 0 && (!headers || is_declared(headers, name)))
            continue;
        bad++;
        if (quiet)
            continue;
        (void)printf("symbol: %s %s\n", name,
                     headers ? "is exported, but not public" : "does not begin with fw_");
    }
    return pclose(pipe) == 0 && seen > 0 ? bad : -1;
}

int tidy_symbols_check(const char *archive, const char *shared, const char *headers)
{
    char command[4096];
    (void)snprintf(command, sizeof(command), "nm -g --defined-only '%s'", archive);
    int bad = check_list(command, NULL, false);
    (void)snprintf(command, sizeof(command), "nm -D --defined-only '%s'", shared);
    int exported = check_list(command, headers, false);
    return bad < 0 || exported < 0 ? -1 : bad + exported;
}

int tidy_symbols_self_test(void)
{
    static const char headers[] = "int fw_open(void);";
    int bad = 0;
    bad += check_list("printf 'bee.c.o:\\n00 T fw_open\\n00 T _init\\n'", NULL, true) != 0;
    bad += check_list("printf '00 T fw_open\\n00 T helper\\n'", NULL, true) != 1;
    bad += check_list("printf '00 T fw_open\\n'", headers, true) != 0;
    bad += check_list("printf '00 T fw_open\\n00 T fw_op\\n'", headers, true) != 1;
    bad += check_list("false", NULL, true) != -1;
    return bad;
}
