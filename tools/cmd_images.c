/* framewheel images: trees of pictures. */
#include "batch_command.h"

int fw_cmd_images(const struct fw_verb *verb, int argc, char **argv)
{
    return fw_batch_command(verb, argc, argv);
}
