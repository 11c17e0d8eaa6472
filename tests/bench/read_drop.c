/* One process that reads every frame of an input into one buffer and drops it: what the ring and
 * the processes are measured against. Prints the number of frames. */
#include "pipeline/limits.h"
#include "pipeline/settings.h"
#include "pipeline/source.h"
#include "pipeline/stream_plan.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#define BUFFER_BYTES (256u << 20)

static int read_all(struct fw_source *source, void *buffer, unsigned long *frames_out,
                    struct fw_error *err)
{
    static const struct fw_stream_plan none[FW_STREAMS_MAX];
    struct fw_event event;
    struct fw_frame_info info;
    int status = fw_source_plan(source, none, err);
    while (status == FW_OK) {
        status = fw_source_next(source, &event, err);
        if (status == FW_OK && event.kind == FW_EVENT_FRAME) {
            status = fw_source_fill(source, buffer, BUFFER_BYTES, &info, err);
            *frames_out += 1;
        }
    }
    return status == FW_END ? FW_OK : status;
}

int main(int argc, char **argv)
{
    struct fw_error err = { 0 };
    struct fw_settings settings;
    struct fw_source *source = NULL;
    unsigned long frames = 0;
    if (argc != 2)
        return 2;
    fw_settings_init(&settings);
    void *buffer = aligned_alloc(4096, BUFFER_BYTES);
    const struct fw_source_options options = {
        .fd = open(argv[1], O_RDONLY | O_CLOEXEC),
        .name = argv[1],
        .settings = &settings,
    };
    int status = buffer == NULL ? FW_ERR_MEMORY : fw_source_open(&source, &options, &err);
    if (status == FW_OK)
        status = read_all(source, buffer, &frames, &err);
    printf("%lu\n", frames);
    if (status != FW_OK)
        fprintf(stderr, "%s\n", err.text);
    fw_source_close(source);
    free(buffer);
    fw_settings_deinit(&settings);
    return status == FW_OK ? 0 : 1;
}
