/* Threads for the planes of a frame: FW_CAPS_PLANES. */
#ifndef FW_FILTERS_CREW_H
#define FW_FILTERS_CREW_H

#include "filter.h"

#define FW_CREW_MAX 3 /* threads that work on a frame, with the caller's */

struct fw_crew;

/* As many threads as are of use for `plane_count` planes on this machine; where none can be had,
 * the caller does all the work. They take no signals. */
int fw_crew_open(struct fw_crew **crew_out, uint32_t plane_count,
                 struct fw_error *err) FW_MUST_CHECK;
/* NULL ok. */
void fw_crew_close(struct fw_crew *crew);
/* plane() of all planes of out. Returns when all are done: FW_OK, or the error of the first plane
 * that has one. One call at a time. */
int fw_crew_run(struct fw_crew *crew, const struct fw_filter *filter, void *self,
                const struct fw_frame *in, struct fw_frame *out,
                struct fw_error *err) FW_MUST_CHECK;

#endif
