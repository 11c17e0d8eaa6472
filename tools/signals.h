/* Signals of the command: what ends a job, and what asks how far it is. */
#ifndef FW_TOOLS_SIGNALS_H
#define FW_TOOLS_SIGNALS_H

#include <stdbool.h>

#include <framewheel/framewheel.h>

/* The same for a batch. */
void fw_signals_start_batch(struct fw_batch *batch);
/* SIGINT, SIGTERM and SIGHUP cancel `job` from now on, unless the parent had them ignored; SIGUSR1
 * asks for a line. */
void fw_signals_start(struct fw_job *job);
/* They no longer reach the job, which may be destroyed then. */
void fw_signals_stop(void);
/* The first signal that came to end the job; 0: none. */
int fw_signals_caught(void);
/* Whether SIGUSR1 came since the last call. */
bool fw_signals_asked(void);

#endif
