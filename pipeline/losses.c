#include "losses.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Losses are told to people: more than this says nothing more. */
#define LOSSES_MAX 256u

void fw_losses_add(struct fw_losses *losses, const char *kind, int32_t stream, const char *format,
                   ...)
{
    if (!losses || losses->count >= LOSSES_MAX)
        return;
    if (losses->count == losses->room) {
        uint32_t room = losses->room ? losses->room * 2 : 8;
        struct fw_loss *items = realloc(losses->items, room * sizeof(*items));
        if (!items)
            return;
        losses->items = items;
        losses->room = room;
    }
    struct fw_loss *loss = &losses->items[losses->count];
    memset(loss, 0, sizeof(*loss));
    (void)snprintf(loss->kind, sizeof(loss->kind), "%s", kind);
    loss->stream = stream;
    va_list list;
    va_start(list, format);
    (void)vsnprintf(loss->detail, sizeof(loss->detail), format, list);
    va_end(list);
    losses->count++;
}

void fw_losses_deinit(struct fw_losses *losses)
{
    if (!losses)
        return;
    free(losses->items);
    memset(losses, 0, sizeof(*losses));
}
