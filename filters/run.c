/* A segment of a chain in the process that runs it. */
#include "stage.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

static int take_memory(struct fw_chain *chain, const struct fw_part *part, struct fw_error *err)
{
    bool taken = true;
    for (uint32_t i = 0; i < 2 && part->image_bytes; i++) {
        chain->images[i] = fw_block_take(part->image_bytes);
        taken = taken && chain->images[i];
    }
    for (uint32_t i = 0; i < 2 && part->band_bytes; i++) {
        chain->bands[i] = fw_block_take(part->band_bytes + FW_BANDS_SKEW);
        taken = taken && chain->bands[i];
    }
    if (part->work_bytes) {
        chain->scratch = fw_block_take(part->work_bytes);
        taken = taken && chain->scratch;
    }
    if (!taken)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for intermediate images");
    return part->shown.sequential ? fw_sequential_open(chain, part, err)
                                  : fw_window_open(chain, part, err);
}

int fw_chain_start(struct fw_chain *chain, uint32_t segment, struct fw_error *err)
{
    FW_CHECK(chain->negotiated && segment < chain->part_count);
    fw_chain_stop(chain);
    const struct fw_part *part = &chain->parts[segment];
    chain->running = part;
    int status = take_memory(chain, part, err);
    for (uint32_t i = part->stage_first; i < part->stage_end && status == FW_OK; i++) {
        struct fw_stage *stage = &chain->stages[i];
        status = fw_stage_blame(chain, stage, fw_stage_start(chain, stage, err), err);
    }
    if (status < 0)
        fw_chain_stop(chain);
    return status;
}

void fw_chain_stop(struct fw_chain *chain)
{
    if (!chain || !chain->running)
        return;
    const struct fw_part *part = chain->running;
    for (uint32_t i = part->stage_first; i < part->stage_end; i++)
        fw_stage_stop(&chain->stages[i]);
    if (part->shown.sequential)
        fw_sequential_close(chain, part);
    else
        fw_window_close(chain, part);
    for (uint32_t i = 0; i < 2; i++) {
        free(chain->images[i]);
        free(chain->bands[i]);
        chain->images[i] = NULL;
        chain->bands[i] = NULL;
    }
    free(chain->scratch);
    chain->scratch = NULL;
    chain->running = NULL;
}

static int run_empty(const struct fw_frame *in, struct fw_frame *out)
{
    struct fw_image image = out->image;
    uint64_t index = out->index;
    *out = *in;
    out->struct_size = sizeof(*out);
    out->image = image;
    out->index = index;
    return FW_IDENTITY;
}

int fw_chain_process(struct fw_chain *chain, const struct fw_frame *const *in, struct fw_frame *out,
                     struct fw_error *err)
{
    const struct fw_part *part = chain->running;
    uint64_t number;
    FW_CHECK(part && !part->shown.sequential);
    FW_CHECK(in[0] && in[0]->index == out->index / (uint64_t)part->shown.rate_num);
    if (part->span_count == 0)
        return run_empty(in[0], out);
    if (!fw_part_number(chain, part, out->index, &number))
        return FW_DROP;
    return fw_window_run(chain, part, in, number, out, err);
}
