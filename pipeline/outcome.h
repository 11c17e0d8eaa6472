/* What a run came to, for the report and the exit code. */
#ifndef FW_PIPELINE_OUTCOME_H
#define FW_PIPELINE_OUTCOME_H

#include "publish.h"
#include "supervisor.h"

struct fw_outcome_record {
    const struct fw_settings *settings;
    const struct fw_supervisor *crew; /* may be NULL: nothing was started */
    const struct fw_planned *planned; /* may be NULL */
    const struct fw_error *error;     /* status FW_OK on success */
    bool interrupted;
    bool skipped;         /* -n and OUT exists */
    bool degraded;        /* published although --on-error or --on-poison was needed */
    char published[4096]; /* name under which the output was published; "" when it was not */
    uint64_t start_ns;
    uint64_t end_ns;
};

/* "ok", "degraded", "skipped", "interrupted" or "failed". */
const char *fw_outcome_word(const struct fw_outcome_record *record);
/* The exit code of design section "exit codes": first cause wins. 2 says that nothing was started,
 * so a lack of memory after GO is 1. An interrupted run has 128 + the signal in a shell; here it is
 * 130. */
int fw_outcome_exit(const struct fw_outcome_record *record);
/* What the source lost on its way through the input, as losses to be listed. */
void fw_outcome_source_losses(const struct fw_source_stats *stats, struct fw_losses *losses);
/* The report "framewheel-run/1" as JSON text from malloc; NULL when out of memory. */
char *fw_report_make(const struct fw_outcome_record *record);

#endif
