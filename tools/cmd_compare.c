/* compare: one frame of two videos side by side, as a PNG. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "term.h"

static bool frame_number(const char *text, uint64_t *number_out)
{
    char *end;
    errno = 0;
    *number_out = strtoull(text, &end, 10);
    return isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0;
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
