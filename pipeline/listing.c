/* Errors that are found all at once are shown all at once, as far as the text goes. */
#include "listing.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void fw_listing_add(struct fw_listing *listing, const char *format, ...)
{
    char line[512];
    va_list list;
    listing->count++;
    if (listing->listed == FW_LISTING_MAX)
        return;
    va_start(list, format);
    (void)vsnprintf(line, sizeof(line), format, list);
    va_end(list);
    size_t bytes = strlen(line);
    if (listing->used + bytes + 4 > sizeof(listing->text))
        return;
    (void)snprintf(listing->text + listing->used, sizeof(listing->text) - listing->used, "\n  %s",
                   line);
    listing->used += (uint32_t)bytes + 3;
    listing->listed++;
}

int fw_listing_fail(const struct fw_listing *listing, int status, const char *head,
                    const char *hint, struct fw_error *err)
{
    char more[32] = "";
    if (listing->count > listing->listed)
        (void)snprintf(more, sizeof(more), "\n  and %u more", listing->count - listing->listed);
    return fw_fail(err, status, "%s (%u):%s%s%s%s", head, listing->count, listing->text, more,
                   hint != NULL ? "\nhint: " : "", hint != NULL ? hint : "");
}
