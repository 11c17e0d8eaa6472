/* What publish.c needs to know of names and of errno. */
#ifndef FW_PIPELINE_PUBLISH_PATH_H
#define FW_PIPELINE_PUBLISH_PATH_H

#include "publish.h"

#define FW_NAME_BYTES 255 /* longest file name that Linux file systems take */
#define FW_SHOWN_BYTES 512

/* A name for a message: control bytes, quotes' enemies and broken UTF-8 as \xHH, cut with "..."
 * when long. Returns `text`. */
const char *fw_path_shown(const char *path, char *text, size_t bytes);
/* FW_ERR_OUTPUT "PATH: WHAT: errno in words", with a hint where one exists. */
int fw_output_fail(const char *path, const char *what, int error, struct fw_error *err);
/* Last component; `path` itself when it has no slash. "" when it ends in one. */
const char *fw_path_name(const char *path);
/* Opens the folder of `path` (O_PATH when it may not be listed). FW_ERR_OUTPUT. */
int fw_path_open_folder(const char *path, int *dir_fd_out, struct fw_error *err) FW_MUST_CHECK;
/* ".framewheel-<hash>.lock" and ".tmp" for a name. */
void fw_path_hidden(const char *name, const char *suffix, char *text, size_t bytes);
/* "clip.mp4" -> "clip.interrupted.mp4", and from number 2 on "clip.interrupted-2.mp4"; the stem is
 * cut so that the name stays legal. */
void fw_path_interrupted(const char *name, uint32_t number, char *text, size_t bytes);

#endif
