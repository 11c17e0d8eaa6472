/* An error about several files: the first ten by name, the others by number. */
#ifndef FW_PIPELINE_LISTING_H
#define FW_PIPELINE_LISTING_H

#include "filters/filter.h"

#define FW_LISTING_MAX 10

/* Zeroed: empty. */
struct fw_listing {
    char text[1700];
    uint32_t used;
    uint32_t count;  /* of all */
    uint32_t listed; /* of those with a line */
};

/* Names in `format` are to be made fit to be shown (fw_path_shown) and short. */
void fw_listing_add(struct fw_listing *listing, const char *format, ...) FW_PRINTF(2, 3);
/* "HEAD (COUNT):", the lines, "and N more"; `hint` may be NULL. Returns the status. */
int fw_listing_fail(const struct fw_listing *listing, int status, const char *head,
                    const char *hint, struct fw_error *err);

#endif
