/* FW_CHECK: an assertion that stays on in release, for what shared memory or a bug could break.
 * It ends the process; the supervisor names the process and the frame. */
#ifndef FW_FILTERS_CHECK_H
#define FW_FILTERS_CHECK_H

#include <stdlib.h>

#define FW_CHECK(condition)                                                                        \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define FW_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
