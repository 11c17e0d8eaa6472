/* framewheel batch: a queue of videos. */
#include "batch_command.h"

int fw_cmd_batch(const struct fw_verb *verb, int argc, char **argv)
{
    return fw_batch_command(verb, argc, argv);
}
