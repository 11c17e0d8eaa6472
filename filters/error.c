/* Failures as plain data: status, text, prefixing. */
#include "filter.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int fw_fail(struct fw_error *err, int status, const char *format, ...)
{
    if (!err)
        return status;
    if (err->status < 0)
        return err->status;
    va_list list;
    va_start(list, format);
    (void)vsnprintf(err->text, sizeof(err->text), format, list);
    va_end(list);
    err->status = status;
    return status;
}

void fw_error_prefix(struct fw_error *err, const char *format, ...)
{
    if (!err || err->status >= 0)
        return;
    char prefix[256];
    va_list list;
    va_start(list, format);
    int written = vsnprintf(prefix, sizeof(prefix) - 2, format, list);
    va_end(list);
    if (written < 0)
        return;
    size_t bytes = strlen(prefix);
    prefix[bytes++] = ':';
    prefix[bytes++] = ' ';
    size_t old = strnlen(err->text, sizeof(err->text) - 1);
    size_t keep = old + bytes < sizeof(err->text) ? old : sizeof(err->text) - 1 - bytes;
    memmove(err->text + bytes, err->text, keep);
    memcpy(err->text, prefix, bytes);
    err->text[bytes + keep] = '\0';
}

const char *fw_status_name(int status)
{
    switch (status) {
    case FW_OK:
        return "ok";
    case FW_END:
        return "end";
    case FW_DROP:
        return "drop";
    case FW_IDENTITY:
        return "identity";
    case FW_ERR_USAGE:
        return "usage";
    case FW_ERR_INPUT:
        return "input";
    case FW_ERR_OUTPUT:
        return "output";
    case FW_ERR_FILTER:
        return "filter";
    case FW_ERR_MEMORY:
        return "memory";
    case FW_ERR_SYSTEM:
        return "system";
    case FW_ERR_DIED:
        return "died";
    case FW_ERR_STALLED:
        return "stalled";
    case FW_ERR_CANCELLED:
        return "cancelled";
    case FW_ERR_VERIFY:
        return "verify";
    case FW_ERR_INTERNAL:
        return "internal";
    case FW_ERR_LIMIT:
        return "limit";
    default:
        return "unknown";
    }
}
