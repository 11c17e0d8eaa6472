/* The two layers that need code of their own. */
#ifndef FW_PIPELINE_SANDBOX_LAYERS_H
#define FW_PIPELINE_SANDBOX_LAYERS_H

#include "sandbox.h"

/* Version of Landlock's interface here; 0 when the kernel, or a container, has none. */
int fw_landlock_abi(void);
/* Denies every access to files but reading below the options' read_paths, TCP, and (ABI 6) signals
 * and abstract sockets out of the process. Binds the calling thread and what it starts later;
 * threads that run already are held by seccomp alone. *scoped_out: the scopes hold. */
int fw_landlock_enter(const struct fw_sandbox_options *options, int abi, bool *scoped_out,
                      struct fw_error *err) FW_MUST_CHECK;

/* Whether the kernel takes filters. False in builds with a sanitizer, whose run time needs calls
 * that no filter here allows. */
bool fw_seccomp_available(void);
/* Loads the role's allowlist into every thread. */
int fw_seccomp_enter(const struct fw_sandbox_options *options, struct fw_error *err) FW_MUST_CHECK;

#endif
