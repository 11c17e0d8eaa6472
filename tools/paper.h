/* A text for standard output that is written in one go, and the JSON it is made from. */
#ifndef FW_TOOLS_PAPER_H
#define FW_TOOLS_PAPER_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

struct fw_paper {
    FILE *stream; /* write here */
    char *text;
    size_t bytes;
};

bool fw_paper_open(struct fw_paper *paper);
/* Ends the paper and prints it; the exit code. */
int fw_paper_print(struct fw_paper *paper, const char *verb);

/* Members of JSON objects; "" and 0 for what is missing or of another type. */
const char *fw_json_text_of(const json_t *object, const char *key);
double fw_json_number_of(const json_t *object, const char *key);
long long fw_json_count_of(const json_t *object, const char *key);
/* A name that may be {"bytes": base64}, escaped for a terminal. Returns `out`. */
const char *fw_json_name(const json_t *value, char *out, size_t bytes);
const char *fw_json_name_of(const json_t *object, const char *key, char *out, size_t bytes);
/* "1920x1080 yuv420p, 24000/1001 fps, SAR 1/1, limited bt709": what a video object holds. */
void fw_json_print_video(FILE *out, const json_t *video);

#endif
