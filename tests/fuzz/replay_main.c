/*
 * Runs a fuzz target without a fuzzer: each file named, each file of a folder named, each line of a
 * list named; then inputs of a fixed generator, half of them made from those before, or by the
 * target's own mutator, where it has one.
 *
 * replay PATH... [--lines FILE]... [--random N] [--seconds N] [--seed S] [--keep FILE] [--leaks 1]
 *
 * --seconds goes on for so long, from the files and lines but without them. --keep: the input being
 * run lies there, so that a crash leaves it behind. An input that takes a minute ends the program.
 * --leaks: with LeakSanitizer, the first input that leaks is printed.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define INPUT_MAX 65536
#define INPUTS_MAX 2048
#define INPUT_SECONDS 60

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                                                     unsigned int seed);
__attribute__((weak)) void fuzz_print_tally(void);
__attribute__((weak)) int __lsan_do_recoverable_leak_check(void);

struct input {
    uint8_t *data;
    size_t size;
};

struct corpus {
    struct input inputs[INPUTS_MAX];
    uint32_t count;
};

struct options {
    uint64_t runs;
    uint64_t seed;
    int64_t seconds;
    int keep; /* a descriptor, or -1 */
    bool leaks;
};

/* Exact blocks on the heap, so that a sanitizer sees one byte too many. */
static void add_input(struct corpus *corpus, const uint8_t *data, size_t size)
{
    if (corpus->count == INPUTS_MAX) {
        (void)fprintf(stderr, "more than %d inputs\n", INPUTS_MAX);
        exit(1);
    }
    struct input *input = &corpus->inputs[corpus->count++];
    input->data = malloc(size > 0 ? size : 1);
    if (!input->data)
        exit(1);
    input->size = size;
    memcpy(input->data, data, size);
}

static FILE *open_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        (void)fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    return file;
}

static void add_file(struct corpus *corpus, const char *path)
{
    static uint8_t buffer[INPUT_MAX];
    FILE *file = open_file(path);
    size_t size = fread(buffer, 1, sizeof(buffer), file);
    (void)fclose(file);
    add_input(corpus, buffer, size);
}

static void add_lines(struct corpus *corpus, const char *path)
{
    char line[4096];
    FILE *file = open_file(path);
    while (fgets(line, sizeof(line), file)) {
        size_t size = strcspn(line, "\n");
        if (size > 0 && line[0] != '#')
            add_input(corpus, (const uint8_t *)line, size);
    }
    (void)fclose(file);
}

static void add_path(struct corpus *corpus, const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    char name[4096];

    if (!dir) {
        add_file(corpus, path);
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        add_file(corpus, name);
    }
    (void)closedir(dir);
}

static void run_one(const struct options *options, const uint8_t *data, size_t size)
{
    if (options->keep >= 0 && (pwrite(options->keep, data, size, 0) != (ssize_t)size ||
                               ftruncate(options->keep, (off_t)size) < 0))
        exit(1);
    (void)alarm(INPUT_SECONDS);
    (void)LLVMFuzzerTestOneInput(data, size);
    if (options->leaks && __lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check()) {
        (void)fprintf(stderr, "leaks: %.*s\n", (int)size, (const char *)data);
        exit(1);
    }
}

static uint32_t next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

/* Another of the target's own making. */
static void run_mutated(const struct corpus *corpus, const struct options *options, uint64_t seed)
{
    static uint8_t buffer[INPUT_MAX];
    uint64_t state = seed;
    size_t size = 0;
    if (corpus->count > 0) {
        const struct input *from = &corpus->inputs[next(&state) % corpus->count];
        size = from->size;
        memcpy(buffer, from->data, size);
    }
    size = LLVMFuzzerCustomMutator(buffer, size, sizeof(buffer), next(&state));
    uint8_t *data = malloc(size > 0 ? size : 1);
    if (!data)
        exit(1);
    memcpy(data, buffer, size);
    run_one(options, data, size);
    free(data);
}

static void run_random(const struct corpus *corpus, const struct options *options, uint64_t seed)
{
    uint64_t state = seed;
    uint32_t pick = next(&state);
    size_t size = 1 + next(&state) % 256;
    const struct input *from = NULL;

    if (LLVMFuzzerCustomMutator && seed % 8 != 0) {
        run_mutated(corpus, options, seed);
        return;
    }
    if (corpus->count > 0 && pick % 2 == 0) {
        from = &corpus->inputs[pick / 2 % corpus->count];
        size = from->size > 0 ? from->size : 1;
    }
    uint8_t *data = malloc(size);
    if (!data)
        exit(1);
    memset(data, 0, size);
    if (from)
        memcpy(data, from->data, from->size);
    size_t changes = from ? 1 + next(&state) % 4 : size;
    for (size_t i = 0; i < changes; i++)
        data[from ? next(&state) % size : i] = (uint8_t)next(&state);
    run_one(options, data, size);
    free(data);
}

static int64_t now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

static void parse(struct options *options, struct corpus *corpus, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        i++;
        if (strcmp(argv[i - 1], "--random") == 0)
            options->runs = strtoull(value, NULL, 0);
        else if (strcmp(argv[i - 1], "--seconds") == 0)
            options->seconds = strtoll(value, NULL, 0);
        else if (strcmp(argv[i - 1], "--seed") == 0)
            options->seed = strtoull(value, NULL, 0);
        else if (strcmp(argv[i - 1], "--leaks") == 0)
            options->leaks = strtol(value, NULL, 0) != 0;
        else if (strcmp(argv[i - 1], "--lines") == 0)
            add_lines(corpus, value);
        else if (strcmp(argv[i - 1], "--keep") == 0)
            options->keep = open(value, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        else
            add_path(corpus, argv[--i]);
    }
}

int main(int argc, char **argv)
{
    static struct corpus corpus;
    struct options options = { .seed = 1, .keep = -1 };
    uint64_t runs = 0;

    parse(&options, &corpus, argc, argv);
    int64_t end = now() + options.seconds;
    for (uint32_t i = 0; i < corpus.count && options.seconds == 0; i++)
        run_one(&options, corpus.inputs[i].data, corpus.inputs[i].size);
    for (; options.seconds > 0 ? now() < end : runs < options.runs; runs++)
        run_random(&corpus, &options, (options.seed << 32) + runs);
    for (uint32_t i = 0; i < corpus.count; i++)
        free(corpus.inputs[i].data);
    if (options.seconds > 0 && fuzz_print_tally)
        fuzz_print_tally();
    printf("%u files and lines, %llu random inputs from seed %llu\n", corpus.count,
           (unsigned long long)runs, (unsigned long long)options.seed);
    return 0;
}
