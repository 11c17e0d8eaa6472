/*
 * Plugins of a job: loaded once in every process that runs or plans its chain, under a lock that
 * lets code be mapped and little else. The process then takes its own, tighter lock.
 *
 * The supervisor calls fw_settings_has_plugins and fw_loader_check_chain alone: it never loads.
 */
#ifndef FW_PIPELINE_LOADER_H
#define FW_PIPELINE_LOADER_H

#include "settings.h"

struct fw_plugins;

/* Whether the job may need one: it names files, or a folder of its search path holds any. */
bool fw_settings_has_plugins(const struct fw_settings *settings);
/* The folders where NAME.so is looked for, joined by ':'. From malloc; NULL without memory. */
char *fw_settings_plugin_folders(const struct fw_settings *settings);

/* The lock to load under: reading what fw_read_paths_collect names, code from files, no writing, no
 * network, no other program. Nothing with --sandbox=off. */
int fw_loader_lock(const struct fw_settings *settings, uint64_t address_space,
                   struct fw_error *err) FW_MUST_CHECK;
/* The set for this process, with the files that the job names loaded; *plugins_out is NULL when the
 * job has none. */
int fw_loader_open(const struct fw_settings *settings, struct fw_plugins **plugins_out,
                   struct fw_error *err) FW_MUST_CHECK;

/* All faults of the job's chain text, found here, or in a locked process when there are plugins.
 * *flags_out: enum fw_caps_flags of its filters that are known before the input is. */
int fw_loader_check_chain(const struct fw_settings *settings, int cancel_fd, uint32_t *flags_out,
                          struct fw_error *err) FW_MUST_CHECK;
#endif
