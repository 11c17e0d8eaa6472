/* Built-in filters by name. */
#include "registry.h"

#include "check.h"

#include <string.h>

#define FW_FILTER(name) extern const struct fw_filter fw_filter_##name;
#include "filter_list.h"
#undef FW_FILTER

#define FW_FILTER(name) &fw_filter_##name,
static const struct fw_filter *const filters[] = {
#include "filter_list.h"
};
#undef FW_FILTER

uint32_t fw_filter_count(void)
{
    return FW_COUNT(filters);
}

const struct fw_filter *fw_filter_at(uint32_t index)
{
    return index < FW_COUNT(filters) ? filters[index] : NULL;
}

const struct fw_filter *fw_filter_find(const char *name)
{
    for (size_t i = 0; i < FW_COUNT(filters); i++) {
        if (strcmp(filters[i]->name, name) == 0)
            return filters[i];
    }
    return NULL;
}
