/* Planes with canaries and a guard page, comparison, timing. */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define CANARY 0xa5
#define FRONT 96 /* canary bytes in front of the first row */

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

void check_plane_init(struct check_plane *plane, int32_t row_bytes, int32_t rows, int32_t pad)
{
    size_t page = page_bytes();
    ptrdiff_t stride = (ptrdiff_t)row_bytes + pad;
    size_t bytes = FRONT + (size_t)stride * (size_t)(rows - 1) + (size_t)row_bytes;
    size_t body = (bytes + page - 1) / page * page;
    uint8_t *mapping = mmap(NULL, body + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                            -1, 0);
    if (mapping == MAP_FAILED || mprotect(mapping + body, page, PROT_NONE) != 0) {
        perror("framewheel-checkkernels: memory for a plane");
        exit(1);
    }
    *plane = (struct check_plane){
        .data = mapping + body - (bytes - FRONT),
        .stride = stride,
        .row_bytes = row_bytes,
        .rows = rows,
        .mapping = mapping,
        .mapping_bytes = body + page,
    };
    memset(mapping, CANARY, body);
}

void check_plane_deinit(struct check_plane *plane)
{
    munmap(plane->mapping, plane->mapping_bytes);
    *plane = (struct check_plane){ 0 };
}

static uint32_t mix(uint32_t value)
{
    value = (value ^ (value >> 16)) * 0x7feb352du;
    value = (value ^ (value >> 15)) * 0x846ca68bu;
    return value ^ (value >> 16);
}

static uint32_t sample_at(enum check_fill fill, int32_t x, int32_t y, int bits, uint32_t seed)
{
    uint32_t max = (1u << bits) - 1;
    switch (fill) {
    case CHECK_ZERO:
        return 0;
    case CHECK_MAX:
        return max;
    case CHECK_RAMP:
        return ((uint32_t)x * 3 + (uint32_t)y * 7 + seed) & max;
    case CHECK_STRIPES:
        return ((uint32_t)x + (uint32_t)y + seed) % 2 ? max : 0;
    default:
        return mix(mix((uint32_t)x + seed * 0x9e3779b9u) + (uint32_t)y) & max;
    }
}

void check_plane_fill(struct check_plane *plane, enum check_fill fill, int sample_bytes, int bits,
                      uint32_t seed)
{
    for (int32_t y = 0; y < plane->rows; y++) {
        uint8_t *row = plane->data + y * plane->stride;
        for (int32_t x = 0; x < plane->row_bytes / sample_bytes; x++) {
            uint16_t sample = (uint16_t)sample_at(fill, x, y, bits, seed);
            memcpy(row + x * sample_bytes, &sample, (size_t)sample_bytes);
        }
    }
}

bool check_plane_intact(const struct check_plane *plane)
{
    const uint8_t *front = plane->mapping;
    bool intact = true;
    for (; front < plane->data; front++)
        intact = intact && *front == CANARY;
    for (int32_t y = 0; y + 1 < plane->rows; y++) {
        const uint8_t *row = plane->data + y * plane->stride;
        for (ptrdiff_t x = plane->row_bytes; x < plane->stride; x++)
            intact = intact && row[x] == CANARY;
    }
    return intact;
}

int32_t check_width(int32_t index)
{
    static const int32_t real[] = { 255, 256, 257, 511, 640, 1021, 1920, 4093 };
    if (index < 130)
        return index + 1;
    index -= 130;
    return index < (int32_t)(sizeof(real) / sizeof(real[0])) ? real[index] : 0;
}

static void fail(struct check_run *run, const char *operation, const char *variant,
                 const char *what, const char *format, va_list words)
{
    run->failed++;
    if (run->failed > 40)
        return;
    printf("FAILED %s %s: %s: ", operation, variant, what);
    vprintf(format, words);
    printf("\n");
}

void check_same(struct check_run *run, const char *operation, const char *variant,
                const struct check_plane *expected, const struct check_plane *actual,
                const char *format, ...)
{
    char what[96] = "";
    if (!check_plane_intact(expected) || !check_plane_intact(actual))
        snprintf(what, sizeof(what), "writes outside of its rows");
    for (int32_t y = 0; y < expected->rows && !*what; y++) {
        const uint8_t *a = expected->data + y * expected->stride;
        const uint8_t *b = actual->data + y * actual->stride;
        for (int32_t x = 0; x < expected->row_bytes && !*what; x++) {
            if (a[x] != b[x])
                snprintf(what, sizeof(what), "row %d byte %d is %d, should be %d", y, x, b[x],
                         a[x]);
        }
    }
    if (!*what) {
        run->passed++;
        return;
    }
    va_list words;
    va_start(words, format);
    fail(run, operation, variant, what, format, words);
    va_end(words);
}

void check_bytes(struct check_run *run, const char *operation, const char *variant,
                 const void *expected, const void *actual, size_t bytes, const char *format, ...)
{
    const uint8_t *a = expected;
    const uint8_t *b = actual;
    size_t at = 0;
    char what[96];
    while (at < bytes && a[at] == b[at])
        at++;
    if (at == bytes) {
        run->passed++;
        return;
    }
    snprintf(what, sizeof(what), "byte %zu is %d, should be %d", at, b[at], a[at]);
    va_list words;
    va_start(words, format);
    fail(run, operation, variant, what, format, words);
    va_end(words);
}

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* The smallest of several rounds of about 20 ms each: what disturbs only ever adds. */
static double measure(void (*body)(void *argument), void *argument)
{
    double best = 0;
    uint64_t calls = 1;
    body(argument);
    for (int round = 0; round < 7;) {
        double start = now_ns();
        for (uint64_t i = 0; i < calls; i++)
            body(argument);
        double spent = now_ns() - start;
        if (spent < 2e7 && round == 0) {
            calls = spent < 1e6 ? calls * 8 : (uint64_t)((double)calls * 2.2e7 / spent) + 1;
            continue;
        }
        if (round == 0 || spent / (double)calls < best)
            best = spent / (double)calls;
        round++;
    }
    return best;
}

double check_time(struct check_run *run, const char *operation, const char *variant,
                  uint64_t samples, void (*body)(void *argument), void *argument)
{
    double call = measure(body, argument);
    double sample = call / (double)samples;
    if (run->json)
        printf("{\"operation\":\"%s\",\"variant\":\"%s\",\"ns_per_sample\":%.5f}\n", operation,
               variant, sample);
    else
        printf("%-28s %-8s %9.4f ns/sample %9.3f Gsample/s\n", operation, variant, sample,
               1.0 / sample);
    fflush(stdout);
    return call;
}
