/* From the words of `run` and `explain` to a job, and to what concerns the command alone. */
#ifndef FW_TOOLS_RUN_OPTIONS_H
#define FW_TOOLS_RUN_OPTIONS_H

#include "cli.h"
#include "progress.h"

struct fw_run_options {
    struct fw_view_options view;
    bool json;
    bool dry_run;
    const char *output; /* NULL: none */
};

/* What the command needs; always filled, whatever else is wrong. FW_ERR_USAGE. */
int fw_run_options_read(struct fw_run_options *options, const struct fw_cli *cli,
                        struct fw_error *err);
/* Sets all job options and names. */
int fw_run_options_apply(const struct fw_cli *cli, struct fw_job *job, struct fw_error *err);

/* What the user's environment says of where plugins are. */
int fw_plugin_path_apply(struct fw_job *job, struct fw_error *err);

/* A batch's options and sources, recipes first. */
int fw_run_options_apply_batch(const struct fw_cli *cli, struct fw_batch *batch,
                               struct fw_error *err);

/* Whether the words say where the output goes, or that there is none. */
bool fw_run_options_name_output(const struct fw_cli *cli);

#endif
