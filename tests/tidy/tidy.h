/* The house rules as a program. A rule looks at one file's text and reports what breaks it. */
#ifndef FW_TESTS_TIDY_TIDY_H
#define FW_TESTS_TIDY_TIDY_H

#include <stdbool.h>
#include <stddef.h>

struct tidy_file {
    const char *path; /* relative to the root */
    const char *text;
};

/* Where findings go: `report` is told the rule's name, the line (from 1) and what is wrong. */
struct tidy_sink {
    void *user;
    void (*report)(void *user, const struct tidy_file *file, const char *rule, size_t line,
                   const char *what);
};

/* Applies every rule that holds for the file's path. */
void tidy_file_check(const struct tidy_file *file, const struct tidy_sink *sink);
/* Symbols of the static and the shared library, through nm. Returns the number of findings, or -1
 * when nm cannot be run. `headers` is the text of the public headers. */
int tidy_symbols_check(const char *archive, const char *shared, const char *headers);
/* Each rule on a text that breaks it and one that does not. Returns the number of surprises. */
int tidy_self_test(void);
int tidy_symbols_self_test(void); /* its part for symbols */

bool tidy_match(const char *pattern, const char *path); /* one of several globs, space separated */

#endif
