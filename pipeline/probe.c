/* fw_probe: what is in a file, said by a locked process that can open nothing. */
#include "framewheel.h"

#include "avlog.h"
#include "child.h"
#include "document.h"
#include "input.h"
#include "probe.h"
#include "remux.h"
#include "remux_document.h"
#include "sandbox.h"
#include "sequence.h"
#include "sink_codecs.h"
#include "source.h"

#include "filters/image.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As long as run waits for a process that makes no progress: four times --stall. */
#define STALL_MS 120000

struct probing {
    struct fw_settings settings;
    struct fw_control *control; /* shared: the child beats here */
    struct fw_opened input;
    bool count;
};

/* Decodes to the end. A frame has to be taken to make room for the next, so there is a slot for it.
 */
static int count_frames(const struct probing *probing, struct fw_source *source,
                        const struct fw_video *video, uint64_t *frames_out, struct fw_error *err)
{
    static const struct fw_stream_plan none[FW_STREAMS_MAX];
    struct fw_image_layout layout;
    struct fw_frame_info info;
    struct fw_event event;
    if (fw_image_layout(&layout, video->format, video->width, video->height) != 0)
        return fw_fail(err, FW_ERR_INPUT, "frames of %dx%d cannot be decoded", video->width,
                       video->height);
    size_t bytes = layout.bytes + FW_BLOB_MAX;
    void *slot = aligned_alloc(FW_IMAGE_ALIGN, bytes);
    if (slot == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a frame");
    int status = fw_source_plan(source, none, err);
    while (status == FW_OK) {
        atomic_fetch_add(&probing->control->procs[0].beat, 1);
        status = fw_source_next(source, &event, err);
        if (status != FW_OK || event.kind != FW_EVENT_FRAME)
            continue;
        status = fw_source_fill(source, slot, bytes, &info, err);
        *frames_out += status == FW_OK;
    }
    free(slot);
    return status == FW_END ? FW_OK : status;
}

static int probe_source(const struct probing *probing, struct fw_source *source, char **json_out,
                        struct fw_error *err)
{
    struct fw_buffer packed = { 0 };
    struct fw_media media = { 0 };
    uint64_t frames = 0;
    int status = fw_source_media(source, &packed, err);
    if (status == FW_OK)
        status = fw_media_unpack(&media, packed.data, packed.bytes, err);
    if (status == FW_OK && probing->count)
        status = count_frames(probing, source, &media.video_params, &frames, err);
    if (status == FW_OK && probing->count) {
        media.frames_estimate = (int64_t)frames;
        media.frames_exact = true;
    }
    if (status == FW_OK) {
        json_t *document = fw_media_json(&media);
        json_object_set_new(document, "schema", json_string("framewheel-probe/1"));
        json_object_set_new(document, "input", fw_json_text(probing->settings.input));
        struct fw_source_stats stats;
        fw_source_stats(source, &stats);
        if (probing->count)
            json_object_set_new(document, "damaged", json_integer((json_int_t)stats.damaged));
        status = fw_json_finish(document, json_out, err);
    }
    fw_media_deinit(&media);
    fw_buffer_deinit(&packed);
    return status;
}

static int probe_in_child(void *argument, int result_fd, struct fw_error *err)
{
    struct probing *probing = argument;
    const struct fw_sandbox_options lock = { .role = FW_SANDBOX_DECODER,
                                             .mode = FW_SANDBOX_AUTO,
                                             .address_space = FW_ADDRESS_SPACE_BASE,
                                             .spare_files = probing->settings.pictures ? 2 : 0 };
    const struct fw_source_options options = {
        .fd = probing->input.fd,
        .name = probing->settings.input,
        .settings = &probing->settings,
        .control = probing->control,
        .proc = &probing->control->procs[0],
    };
    struct fw_source *source = NULL;
    char *text = NULL;
    uint32_t layers = 0;
    fw_sink_silence();
    fw_avlog_limit_memory();
    int status = fw_sandbox_enter(&lock, &layers, err);
    if (status == FW_OK)
        status = fw_source_open(&source, &options, err);
    if (status == FW_OK)
        status = probe_source(probing, source, &text, err);
    if (status == FW_OK)
        status = fw_child_answer(result_fd, text, strlen(text), err);
    free(text);
    fw_source_close(source);
    return status;
}

static int ask(struct probing *probing, void **bytes_out, size_t *size_out, struct fw_error *err)
{
    probing->control = fw_child_map_control();
    if (probing->control == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory to share with a process");
    const struct fw_child_question question = { .body = probe_in_child,
                                                .arg = probing,
                                                .keep_fds = &probing->input.fd,
                                                .keep_count = 1,
                                                .timeout_ms = STALL_MS,
                                                .proc = &probing->control->procs[0] };
    int status = fw_child_call(&question, bytes_out, size_out, err);
    fw_child_unmap_control(probing->control);
    return status;
}

int fw_probe(const char *path, int count, char **json_out, struct fw_error *err)
{
    struct probing probing = { .input = FW_OPENED_NONE, .count = count != 0 };
    void *bytes = NULL;
    size_t size = 0;
    fw_settings_init(&probing.settings);
    int status = fw_child_check_threads(err);
    if (status == FW_OK)
        status = fw_settings_set(&probing.settings, "input", path, err);
    if (status == FW_OK)
        status = fw_settings_set(&probing.settings, "on-error", "conceal", err);
    if (status == FW_OK)
        status = fw_sequence_recognize(&probing.settings, err);
    if (status == FW_OK)
        status = fw_opened_open(&probing.input, &probing.settings, err);
    if (status == FW_OK)
        status = ask(&probing, &bytes, &size, err);
    if (status == FW_OK)
        *json_out = bytes;
    else
        free(bytes);
    fw_opened_close(&probing.input);
    fw_settings_deinit(&probing.settings);
    return status;
}

int fw_probe_film(const char *path)
{
    struct fw_error err = { 0 };
    char *json = NULL;
    int status = fw_probe(path, 0, &json, &err);
    free(json);
    bool other = status == FW_ERR_INPUT &&
                 (strstr(err.text, FW_SOURCE_NO_MEDIA) || strstr(err.text, FW_SOURCE_NO_VIDEO));
    return other ? FW_END : FW_OK;
}
