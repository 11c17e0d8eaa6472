/* Where tests put temporary files: TMPDIR, else /tmp. */
#ifndef FW_TESTS_SUPPORT_TEMP_H
#define FW_TESTS_SUPPORT_TEMP_H

#include <stdio.h>
#include <stdlib.h>

static inline void fw_temp_name(char *name, size_t bytes, const char *tail)
{
    const char *folder = getenv("TMPDIR");
    (void)snprintf(name, bytes, "%s/%s", folder && folder[0] ? folder : "/tmp", tail);
}

#endif
