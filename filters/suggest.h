/* Did-you-mean. */
#ifndef FW_FILTERS_SUGGEST_H
#define FW_FILTERS_SUGGEST_H

#include "filter.h"

/* The nearest of the candidates offered so far. */
struct fw_suggestion {
    const char *wanted;
    char best[64];
    uint32_t distance;
};

void fw_suggest_init(struct fw_suggestion *suggestion, const char *wanted);
void fw_suggest_offer(struct fw_suggestion *suggestion, const char *candidate);
/* Best candidate, or NULL when none is near enough: at most max(1, length / 3) edits. */
const char *fw_suggest_best(const struct fw_suggestion *suggestion);
/* What people call a filter -> what it is called here; NULL when there is no such synonym. */
const char *fw_suggest_synonym(const char *filter_name);
/* Damerau-Levenshtein distance (restricted: adjacent swaps count one) of texts up to 63 bytes,
 * case-insensitive; longer texts are far from everything. */
uint32_t fw_suggest_distance(const char *a, const char *b);

#endif
