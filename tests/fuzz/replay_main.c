/*
 * Runs a fuzz target without a fuzzer: each file named, each file of a folder named, and then
 * `--random N` inputs of a fixed generator, half of them made from the files.
 *
 * replay PATH... [--random N [SEED]]
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 65536
#define INPUTS_MAX 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    uint8_t *data;
    size_t size;
};

struct corpus {
    struct input inputs[INPUTS_MAX];
    uint32_t count;
};

/* Exact blocks on the heap, so that a sanitizer sees one byte too many. */
static void add_file(struct corpus *corpus, const char *path)
{
    static uint8_t buffer[INPUT_MAX];
    FILE *file = fopen(path, "rb");

    if (!file || corpus->count == INPUTS_MAX) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    size_t size = fread(buffer, 1, sizeof(buffer), file);
    fclose(file);
    struct input *input = &corpus->inputs[corpus->count++];
    input->data = malloc(size > 0 ? size : 1);
    if (!input->data)
        exit(1);
    input->size = size;
    memcpy(input->data, buffer, size);
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
        snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        add_file(corpus, name);
    }
    closedir(dir);
}

static uint32_t next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

static void run_random(const struct corpus *corpus, uint64_t seed)
{
    uint64_t state = seed;
    uint32_t pick = next(&state);
    size_t size = 1 + next(&state) % 256;
    const struct input *from = NULL;

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
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
}

int main(int argc, char **argv)
{
    static struct corpus corpus;
    uint64_t runs = 0;
    uint64_t seed = 1;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--random") != 0) {
            add_path(&corpus, argv[i]);
            continue;
        }
        runs = i + 1 < argc ? strtoull(argv[i + 1], NULL, 0) : 1;
        seed = i + 2 < argc ? strtoull(argv[i + 2], NULL, 0) : 1;
        break;
    }
    for (uint32_t i = 0; i < corpus.count; i++)
        (void)LLVMFuzzerTestOneInput(corpus.inputs[i].data, corpus.inputs[i].size);
    for (uint64_t i = 0; i < runs; i++)
        run_random(&corpus, seed + i);
    for (uint32_t i = 0; i < corpus.count; i++)
        free(corpus.inputs[i].data);
    printf("%u files, %llu random inputs\n", corpus.count, (unsigned long long)runs);
    return 0;
}
