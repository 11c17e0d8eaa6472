/* compare: one frame of two videos side by side as a PNG, or PSNR and SSIM of all. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "paper.h"
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

static void print_psnr(FILE *out, const json_t *psnr)
{
    const char *key;
    json_t *value;
    fputs("PSNR", out);
    json_object_foreach((json_t *)psnr, key, value)
    {
        if (json_is_null(value))
            fprintf(out, " %s:inf", key);
        else
            fprintf(out, " %s:%.6f", key, json_number_value(value));
    }
    fputc('\n', out);
}

static void print_ssim(FILE *out, const json_t *ssim)
{
    const char *key;
    json_t *value;
    fputs("SSIM", out);
    json_object_foreach((json_t *)ssim, key, value)
    {
        if (strcmp(key, "all_db") == 0)
            continue;
        if (json_is_null(value))
            fprintf(out, " %s:-", key);
        else
            fprintf(out, " %s:%.6f", key, json_number_value(value));
    }
    value = json_object_get(ssim, "all_db");
    if (json_is_null(json_object_get(ssim, "all")))
        fputc('\n', out);
    else if (json_is_null(value))
        fputs(" (inf)\n", out);
    else
        fprintf(out, " (%.6f)\n", json_number_value(value));
}

static int print_metrics(const struct fw_cli *cli, const char *text, struct fw_error *err)
{
    struct fw_paper paper;
    json_t *metrics = json_loads(text, 0, NULL);
    if (!metrics || !fw_paper_open(&paper)) {
        json_decref(metrics);
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the numbers");
    }
    if (fw_cli_count(cli, "json") > 0)
        fprintf(paper.stream, "%s\n", text);
    else if (fw_cli_count(cli, "psnr") > 0)
        print_psnr(paper.stream, json_object_get(metrics, "psnr"));
    if (fw_cli_count(cli, "json") == 0 && fw_cli_count(cli, "ssim") > 0)
        print_ssim(paper.stream, json_object_get(metrics, "ssim"));
    json_decref(metrics);
    return fw_paper_print(&paper, cli->verb->name) == 0
               ? FW_OK
               : fw_fail(err, FW_ERR_OUTPUT, "standard output cannot be written");
}

static bool wants_numbers(const struct fw_cli *cli)
{
    return fw_cli_count(cli, "psnr") > 0 || fw_cli_count(cli, "ssim") > 0 ||
           fw_cli_count(cli, "json") > 0;
}

static int measure(const struct fw_cli *cli, struct fw_error *err)
{
    char *text = NULL;
    if (cli->name_count != 2)
        return fw_fail(err, FW_ERR_USAGE,
                       "BEFORE and AFTER are needed, and nothing else, for numbers\n"
                       "hint: framewheel compare in.mp4 out.mp4 --psnr --ssim");
    int status = fw_compare_metrics(cli->names[0], cli->names[1], &text, err);
    if (status == FW_OK)
        status = print_metrics(cli, text, err);
    free(text);
    return status;
}

int fw_cmd_compare(const struct fw_verb *verb, int argc, char **argv)
{
    struct fw_error err = { 0 };
    struct fw_cli cli;
    int code = fw_cli_start(&cli, verb, argc, argv);
    if (code < 0) {
        int status = wants_numbers(&cli) ? measure(&cli, &err) : compare(&cli, &err);
        if (status < 0)
            fw_complain_to_user(verb->name, err.text);
        code = fw_status_exit_code(status);
    }
    fw_cli_deinit(&cli);
    return code;
}
