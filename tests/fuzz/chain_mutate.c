/* New inputs of fuzz_chain out of old ones; the entry point is libFuzzer's. */
#include "chain_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 4096, CALLS_MAX = 4 };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

/* The old input's text without its format and size, changed in a few bytes now and then. */
static void add_old(struct fuzz_text *text, const uint8_t *data, size_t size,
                    struct fuzz_random *random)
{
    static const char marks[] = ",:;=[]'\\@0123456789.-+ xnt";
    size_t first = text->bytes;
    fuzz_add(text, "%.*s", (int)size, (const char *)data);
    char *bar = strstr(text->at + first, " | ");
    if (bar) {
        *bar = '\0';
        text->bytes = (size_t)(bar - text->at);
    }
    size_t bytes = text->bytes - first;
    uint32_t changes = fuzz_below(random, 4);
    for (uint32_t i = 0; i < changes && bytes > 0; i++)
        text->at[first + fuzz_below(random, (uint32_t)bytes)] =
            marks[fuzz_below(random, sizeof(marks) - 1)];
}

/* An old chain stands among new calls, or there are new ones alone. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    char words[TEXT_MAX];
    struct fuzz_text text = { words, sizeof(words), 0 };
    struct fuzz_random random = { .state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1 };
    words[0] = '\0';
    random.wild = fuzz_below(&random, 4) == 0;
    uint32_t calls = 1 + fuzz_below(&random, CALLS_MAX);
    uint32_t old = size > 0 && fuzz_below(&random, 3) == 0 ? fuzz_below(&random, calls) : calls;
    for (uint32_t i = 0; i < calls; i++) {
        fuzz_add(&text, "%s", i ? "," : "");
        if (i == old)
            add_old(&text, data, size, &random);
        else
            fuzz_add_call(&text, &random);
    }
    fuzz_add(&text, " | ");
    fuzz_add_input(&text, &random);
    size_t bytes = text.bytes < max_size ? text.bytes : max_size;
    memcpy(data, words, bytes);
    return bytes;
}
