/* The command: finds the verb. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "term.h"

static const struct fw_cli_extra json_extra[] = { { "json", NULL, "The answer as JSON." },
                                                  { NULL, NULL, NULL } };
static const struct fw_cli_extra probe_extras[] = {
    { "json", NULL, "The answer as JSON." },
    { "count", NULL, "Decode all of it and count the frames." },
    { NULL, NULL, NULL },
};

static const struct fw_cli_extra filters_extras[] = {
    { "search", "WORD", "Only filters whose name or summary holds the word." },
    { "plugin", "FILE.so", "Filters of this shared object, too." },
    { "plugin-path", "DIR[:DIR...]", "Filters of all shared objects there, too." },
    { "json", NULL, "One JSON object a line." },
    { "names", NULL, "Names of the built-in filters alone, one a line, for scripts." },
    { NULL, NULL, NULL }
};

static const struct fw_cli_extra compare_extras[] = {
    { "y", NULL, "Replace a picture that exists." },
    { "n", NULL, "Do nothing, successfully, when the picture exists." },
    { "psnr", NULL, "No picture: peak signal-to-noise ratio of all frames." },
    { "ssim", NULL, "No picture: structural similarity of all frames." },
    { "json", NULL, "Both numbers as JSON." },
    { NULL, NULL, NULL }
};

static const struct fw_cli_extra status_extras[] = {
    { "failed", NULL, "Only what failed, a line each: name, tab, message." },
    { "state", "FILE", "The database, when it is not .framewheel.db in the directory." },
    { "json", NULL, "The answer as JSON." },
    { NULL, NULL, NULL },
};

static const struct fw_cli_extra recipes_extras[] = {
    { "origin", NULL, "With show: the file and line that each value comes from." },
    { "names", NULL, "Names alone, one a line, for scripts." },
    { "json", NULL, "The answer as JSON." },
    { NULL, NULL, NULL },
};

static const struct fw_cli_extra help_extras[] = {
    { "json", NULL, "Commands and their options as JSON." },
    { "scd", NULL, NULL },
    { NULL, NULL, NULL },
};

static const struct fw_verb verbs[] = {
    { "run", "filter and encode one video", "IN OUT [OPTIONS]", true, FW_SCOPE_RUN, NULL, NULL, 2,
      fw_cmd_run },
    { "images", "filter whole directories of pictures, keeping the tree", "SRC... -o DIR [OPTIONS]",
      true, FW_SCOPE_IMAGES, NULL, NULL, FW_NAMES_ANY, fw_cmd_images },
    { "batch", "a resumable queue of videos", "SRC... -o DIR [OPTIONS]", true, FW_SCOPE_BATCH, NULL,
      NULL, FW_NAMES_ANY, fw_cmd_batch },
    { "explain", "what a run would do: stages, formats, memory, losses", "IN OUT [OPTIONS]", true,
      FW_SCOPE_RUN, "run", NULL, 2, fw_cmd_explain },
    { "probe", "what is in a file", "FILE [--json] [--count]", false, FW_SCOPE_RUN, NULL,
      probe_extras, 1, fw_cmd_probe },
    { "filters", "list filters, or explain one", "[FILTER] [--search WORD] [--json]", false,
      FW_SCOPE_RUN, NULL, filters_extras, 1, fw_cmd_filters },
    { "status", "what became of a batch, or how far it is",
      "[DIR] [--failed] [--state FILE] [--json]", false, FW_SCOPE_RUN, NULL, status_extras, 1,
      fw_cmd_status },
    { "doctor", "what this machine offers and lacks", "[--json]", false, FW_SCOPE_RUN, NULL,
      json_extra, 0, fw_cmd_doctor },
    { "version", "versions of framewheel and its libraries", "[--json]", false, FW_SCOPE_RUN, NULL,
      json_extra, 0, fw_cmd_version },
    { "compare", "one frame of two videos side by side, or how much all differ",
      "BEFORE AFTER (PNG [FRAME] [-y|-n] | --psnr --ssim [--json])", false, FW_SCOPE_RUN, NULL,
      compare_extras, 4, fw_cmd_compare },
    { "recipes", "saved options: list them, or show one", "[show RECIPE [--origin]] [--json]",
      false, FW_SCOPE_RUN, NULL, recipes_extras, 2, fw_cmd_recipes },
    { "completion", "completion of command lines for a shell", "bash|zsh|fish", false, FW_SCOPE_RUN,
      NULL, NULL, 1, fw_cmd_completion },
    { "help", "this, or all of one command", "[COMMAND] [--json]", false, FW_SCOPE_RUN, NULL,
      help_extras, 1, fw_cmd_help },
};

const struct fw_verb *fw_verb_at(uint32_t index)
{
    return index < sizeof(verbs) / sizeof(verbs[0]) ? &verbs[index] : NULL;
}

const struct fw_verb *fw_verb_find(const char *name)
{
    for (uint32_t i = 0; fw_verb_at(i); i++) {
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    }
    return NULL;
}

/* A descriptor 0, 1 or 2 that is closed would be given to the next file opened, and messages would
 * go into it. Reading ends at once and writing fails. */
static void fill_standard_fds(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
    }
}

static int not_a_verb(int argc, char **argv)
{
    const char *names[sizeof(verbs) / sizeof(verbs[0])];
    char text[FW_ERROR_TEXT];
    char shown[256];
    uint32_t count = 0;
    for (; fw_verb_at(count); count++)
        names[count] = verbs[count].name;
    const char *near = fw_nearest(argv[1], names, count);
    int skipped = near ? 2 : 1;
    char *words = fw_shell_words(argc - skipped, argv + skipped);
    (void)snprintf(text, sizeof(text), "'%s' is not a command\nhint: framewheel %s%s",
                   fw_escape(argv[1], shown, sizeof(shown), 0), near ? near : "run",
                   words ? words : "");
    free(words);
    fw_complain_to_user(NULL, text);
    return 2;
}

static int serve(int argc, char **argv)
{
    struct fw_error err = { 0 };
    if (argc != 3)
        return 2;
    int status = fw_job_serve(atoi(argv[2]), &err);
    return fw_status_exit_code(status);
}

int main(int argc, char **argv)
{
    fill_standard_fds();
    /* A reader that is gone shows as EPIPE; who minds dies of it later, by fw_die_by. */
    (void)signal(SIGPIPE, SIG_IGN);
    /* A file size limit shows as EFBIG, with a message. */
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)signal(SIGCHLD, SIG_DFL);
    if (argc < 2) {
        fw_complain_to_user(NULL, "no command given\nhint: framewheel help");
        return 2;
    }
    if (strcmp(argv[1], "--helper") == 0)
        return serve(argc, argv);
    if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)
        return fw_main_help();
    bool version = strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0;
    const struct fw_verb *verb = fw_verb_find(version ? "version" : argv[1]);
    if (!verb)
        return not_a_verb(argc, argv);
    return verb->run(verb, argc - 2, argv + 2);
}
