/*
 * Pictures as one input: a pattern of numbered names, or a folder. Which files they are, in which
 * order, and which numbers are missing. Runs in the supervisor: names are bytes, no file is opened.
 */
#ifndef FW_PIPELINE_SEQUENCE_H
#define FW_PIPELINE_SEQUENCE_H

#include "pattern.h"
#include "settings.h"
#include "still.h"

/* Zeroed: nothing to close. */
struct fw_sequence {
    int dir_fd; /* 1 more than the descriptor; 0: none */
    bool numbered;
    struct fw_pattern pattern;
    uint64_t *numbers; /* of a pattern: those that exist, in order */
    char **names;      /* of a folder: in natural order */
    size_t count;      /* of either */
    size_t room;
    uint64_t first;    /* number of the first picture */
    uint64_t frames;   /* pictures that are shown: with held ones in the gaps */
    uint64_t left_out; /* files of a folder that are no pictures */
};

/* Looks whether the input's name means pictures: a folder, or a pattern that is no file's exact
 * name. Then `settings->pictures` and the rate are set, which is -r, -framerate, or 25. Options
 * that only pictures have are FW_ERR_USAGE without them. */
int fw_sequence_recognize(struct fw_settings *settings, struct fw_error *err) FW_MUST_CHECK;
/* Lists the files. FW_ERR_INPUT: none, or a number is missing under --gaps error. */
int fw_sequence_open(struct fw_sequence *sequence, const struct fw_settings *settings,
                     struct fw_error *err) FW_MUST_CHECK;
void fw_sequence_close(struct fw_sequence *sequence);
/* The name of picture `index` below frames; *repeat_out when the picture before it is shown again.
 * `name` has FW_PATTERN_BYTES + 1 bytes. FW_END behind the last one. */
int fw_sequence_name(const struct fw_sequence *sequence, uint64_t index, char *name,
                     bool *repeat_out);
/* FW_ERR_USAGE when an output would take the place of one of the pictures. */
int fw_sequence_spare(const struct fw_sequence *sequence, const struct fw_settings *settings,
                      struct fw_error *err) FW_MUST_CHECK;

/* What an output's name means. FW_OK: numbered pictures of a kind; FW_END: one file; FW_ERR_USAGE:
 * a pattern that cannot be. Looks at the name alone. */
int fw_sequence_output(const struct fw_settings *settings, struct fw_pattern *pattern_out,
                       enum fw_still_kind *kind_out, struct fw_error *err) FW_MUST_CHECK;
/* The number of the first picture that is written. */
uint64_t fw_sequence_output_first(const struct fw_settings *settings);

#endif
