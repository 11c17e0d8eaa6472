/* Words of filter chains made at random, for fuzz_chain. */
#ifndef FW_TESTS_FUZZ_CHAIN_WORDS_H
#define FW_TESTS_FUZZ_CHAIN_WORDS_H

#include "chain.h"

struct fuzz_random {
    uint64_t state;
    bool wild; /* values that will be refused, too */
};

uint32_t fuzz_next(struct fuzz_random *random);
/* 0 to count - 1. */
uint32_t fuzz_below(struct fuzz_random *random, uint32_t count);

/* A text that grows up to its room and is always ended. */
struct fuzz_text {
    char *at;
    size_t room;
    size_t bytes;
};
void fuzz_add(struct fuzz_text *text, const char *format, ...) FW_PRINTF(2, 3);

/* A call: a name, options of its table in any form, enable. */
void fuzz_add_call(struct fuzz_text *text, struct fuzz_random *random);
/* "FORMAT WxH FRAMES" */
void fuzz_add_input(struct fuzz_text *text, struct fuzz_random *random);

/* Whether chains with this filter of libavfilter are run. */
bool fuzz_foreign_runs(const char *name);
/* Counts a chain that ran, or refused to. */
void fuzz_tally(const struct fw_chain *chain, bool ok);
/* For replay_main: how often each built-in ran. */
void fuzz_print_tally(void);

#endif
