/* A plan as people and programs read it. */
#ifndef FW_PIPELINE_PLAN_DOCUMENT_H
#define FW_PIPELINE_PLAN_DOCUMENT_H

#include "plan.h"

#include <jansson.h>

struct fw_media;
struct fw_chain;
struct fw_losses;

/* The names of a stage's filters, a new list. */
json_t *fw_json_steps(const struct fw_plan *plan, const struct fw_plan_stage *stage);
/* "framewheel-plan/1" as JSON text from malloc. */
int fw_plan_document(char **json_out, const struct fw_settings *settings,
                     const struct fw_plan *plan, const struct fw_media *media,
                     const struct fw_chain *chain, const struct fw_losses *losses,
                     struct fw_error *err) FW_MUST_CHECK;

#endif
