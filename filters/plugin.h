/*
 * Filters from shared objects.
 *
 * Loading runs the object's code: do it in a process that may die and that holds nothing, never in
 * the supervisor. A set of plugins belongs to one thread; its filters live until it is destroyed.
 */
#ifndef FW_FILTERS_PLUGIN_H
#define FW_FILTERS_PLUGIN_H

#include "filter.h"

#define FW_PLUGINS_MAX 64 /* objects in one set */

struct fw_plugins;

/* An empty set. `search_path` (folders separated by ':', or NULL) is where fw_plugins_find looks
 * for NAME.so when no loaded object has a filter of that name. */
int fw_plugins_create(struct fw_plugins **plugins_out, const char *search_path,
                      struct fw_error *err) FW_MUST_CHECK;
void fw_plugins_destroy(struct fw_plugins *plugins); /* NULL ok */

/* Loads one object: a regular file of root or of this user that nobody else may write, of this ABI,
 * whose filters have sound tables and names that no built-in has. FW_ERR_USAGE with the file and
 * the reason. The same file twice is loaded once. */
int fw_plugins_load(struct fw_plugins *plugins, const char *path,
                    struct fw_error *err) FW_MUST_CHECK;
/* Every *.so in the folders of the search path. A bad one is reported to `err` and the rest is
 * loaded; the first failure is returned. */
int fw_plugins_load_all(struct fw_plugins *plugins, struct fw_error *err) FW_MUST_CHECK;

/* The filter of a name. FW_END when there is none; else as fw_plugins_load. */
int fw_plugins_find(struct fw_plugins *plugins, const char *name,
                    const struct fw_filter **filter_out, struct fw_error *err) FW_MUST_CHECK;
/* All loaded filters in the order of loading; NULL past the end. *path_out is borrowed. */
const struct fw_filter *fw_plugins_at(const struct fw_plugins *plugins, uint32_t index,
                                      const char **path_out);

#endif
