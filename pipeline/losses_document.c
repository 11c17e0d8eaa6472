#include "losses_document.h"

#include "document.h"

void fw_json_append_losses(json_t *list, const struct fw_loss *losses, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        json_t *stream = losses[i].stream < 0 ? json_null() : json_integer(losses[i].stream);
        json_array_append_new(list, json_pack("{s:o,s:o,s:o}", "kind", fw_json_text(losses[i].kind),
                                              "stream", stream, "detail",
                                              fw_json_text(losses[i].detail)));
    }
}
