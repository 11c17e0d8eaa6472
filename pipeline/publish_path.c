/* Names as bytes, and words for what went wrong with them. */
#include "publish_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>

#include "filters/check.h"

/* Length of the well-formed UTF-8 character at `at`, 0 when there is none. */
static size_t utf8_bytes(const unsigned char *at)
{
    size_t bytes = at[0] < 0x80 ? 1 : at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (bytes == 1)
        return 1;
    if (at[0] < 0xc2 || at[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < bytes; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    }
    /* C1 controls, overlong forms, surrogates and what lies above U+10FFFF. */
    if ((at[0] == 0xc2 && at[1] < 0xa0) || (at[0] == 0xe0 && at[1] < 0xa0) ||
        (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
        (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return bytes;
}

const char *fw_path_shown(const char *path, char *text, size_t bytes)
{
    const unsigned char *at = (const unsigned char *)path;
    size_t used = 0;
    FW_CHECK(bytes > 16);
    while (*at && used < bytes - 8) {
        size_t length = *at < 0x20 || *at == 0x7f ? 0 : utf8_bytes(at);
        if (length == 0) {
            used += (size_t)snprintf(text + used, bytes - used, "\\x%02x", *at);
            at++;
        } else {
            memcpy(text + used, at, length);
            used += length;
            at += length;
        }
    }
    (void)snprintf(text + used, bytes - used, "%s", *at ? "..." : "");
    return text;
}

static const char *hint_for(int error)
{
    switch (error) {
    case ENOSPC:
        return "\nhint: free some space, or write to another file system";
    case EDQUOT:
        return "\nhint: the disk quota is used up: free some space, or write elsewhere";
    case EROFS:
        return "\nhint: the file system is mounted read-only: write elsewhere";
    case EACCES:
    case EPERM:
        return "\nhint: check who may write there (ls -ld), or write elsewhere";
    case ENAMETOOLONG:
        return "\nhint: a file name has at most 255 bytes";
    case EFBIG:
        return "\nhint: the file size limit is reached (ulimit -f, or the file system's own)";
    case EMFILE:
    case ENFILE:
        return "\nhint: raise the number of open files (ulimit -n)";
    case ENOLCK:
    case EOPNOTSUPP:
        return "\nhint: this file system has no file locks: write to another one";
    default:
        return "";
    }
}

int fw_output_fail(const char *path, const char *what, int error, struct fw_error *err)
{
    char shown[FW_SHOWN_BYTES];
    const char *words = strerrordesc_np(error);
    return fw_fail(err, FW_ERR_OUTPUT, "%s: %s: %s%s", fw_path_shown(path, shown, sizeof(shown)),
                   what, words ? words : "unknown error", hint_for(error));
}

const char *fw_path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int fw_path_open_folder(const char *path, int *dir_fd_out, struct fw_error *err)
{
    const char *name = fw_path_name(path);
    char *folder = name == path ? strdup(".") : strndup(path, (size_t)(name - path));
    char shown[FW_SHOWN_BYTES];
    if (!folder)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a file name");
    int dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0 && errno == EACCES)
        dir_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int status = FW_OK;
    if (dir_fd < 0 && errno == ENOENT)
        status = fw_fail(err, FW_ERR_OUTPUT,
                         "%s: its directory does not exist\nhint: make it with mkdir -p",
                         fw_path_shown(path, shown, sizeof(shown)));
    else if (dir_fd < 0)
        status = fw_output_fail(path, "cannot open its directory", errno, err);
    free(folder);
    if (status < 0)
        return status;
    *dir_fd_out = dir_fd;
    return FW_OK;
}

void fw_path_hidden(const char *name, const char *suffix, char *text, size_t bytes)
{
    (void)snprintf(text, bytes, ".framewheel-%016llx.%s",
                   (unsigned long long)XXH3_64bits(name, strlen(name)), suffix);
}

void fw_path_interrupted(const char *name, uint32_t number, char *text, size_t bytes)
{
    char mark[32] = ".interrupted";
    if (number > 1)
        (void)snprintf(mark, sizeof(mark), ".interrupted-%u", number);
    const char *dot = strrchr(name, '.');
    const char *extension = dot && dot != name ? dot : name + strlen(name);
    size_t stem = (size_t)(extension - name);
    size_t room = FW_NAME_BYTES - strlen(mark);
    if (strlen(extension) > room / 2)
        extension = "";
    if (stem + strlen(extension) > room)
        stem = room - strlen(extension);
    /* Never half a character at the cut. */
    while (stem > 1 && ((unsigned char)name[stem] & 0xc0) == 0x80)
        stem--;
    (void)snprintf(text, bytes, "%.*s%s%s", (int)stem, name, mark, extension);
}
