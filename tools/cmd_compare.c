/* compare: one frame of two videos side by side, as a PNG. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "term.h"

static bool frame_number(const char *text, uint64_t *number_out)
{
    char *end;
    errno = 0;
    *number_out = strtoull(text, &end, 10);
    return isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0;
}

static bool same_file(const char *one, const char *other)
{
    struct stat first;
    struct stat second;
    return stat(one, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* Over a picture that exists: made beside it under another name, which then takes its place. */
static int replace(const char *const *names, uint64_t number, struct fw_error *err)
{
    const char *png = names[2];
    struct stat file;
    char shown[256];
    char *temp = NULL;
    if (lstat(png, &file) < 0)
        return fw_compare_png(names[0], names[1], number, png, err);
    (void)fw_escape(png, shown, sizeof(shown), 0);
    if (same_file(png, names[0]) || same_file(png, names[1]))
        return fw_fail(err, FW_ERR_USAGE, "%s is an input\nhint: give the picture another name",
                       shown);
    if (!S_ISREG(file.st_mode))
        return fw_fail(err, FW_ERR_OUTPUT, "%s is no file that could be replaced", shown);
    if (asprintf(&temp, "%s.%ld.png", png, (long)getpid()) < 0)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a name");
    int status = fw_compare_png(names[0], names[1], number, temp, err);
    if (status == FW_OK && rename(temp, png) < 0) {
        status = fw_fail(err, FW_ERR_OUTPUT, "%s: %s", shown, strerrordesc_np(errno));
        (void)unlink(temp);
    }
    free(temp);
    return status;
}

static int compare(const struct fw_cli *cli, struct fw_error *err)
{
    uint64_t number = 0;
    if (cli->name_count < 3)
        return fw_fail(err, FW_ERR_USAGE,
                       "BEFORE, AFTER and PNG are needed\n"
                       "hint: framewheel compare in.mp4 out.mp4 both.png 40");
    if (cli->name_count > 3 && !frame_number(cli->names[3], &number))
        return fw_fail(err, FW_ERR_USAGE, "the number of a frame is needed, counted from 0");
    bool keep = fw_cli_count(cli, "n") > 0;
    if (keep && fw_cli_count(cli, "y") > 0)
        return fw_fail(err, FW_ERR_USAGE, "-y and -n exclude each other");
    if (keep && access(cli->names[2], F_OK) == 0)
        return FW_OK;
    if (fw_cli_count(cli, "y") > 0)
        return replace((const char *const *)cli->names, number, err);
    return fw_compare_png(cli->names[0], cli->names[1], number, cli->names[2], err);
}

int fw_cmd_compare(const struct fw_verb *verb, int argc, char **argv)
{
    struct fw_error err = { 0 };
    struct fw_cli cli;
    int code = fw_cli_start(&cli, verb, argc, argv);
    if (code < 0) {
        int status = compare(&cli, &err);
        if (status < 0)
            fw_complain_to_user(verb->name, err.text);
        code = fw_status_exit_code(status);
    }
    fw_cli_deinit(&cli);
    return code;
}
