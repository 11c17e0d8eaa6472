/* One frame of a video as packed RGB, read in a locked process. */
#include "snapshot.h"

#include "avframe.h"
#include "avlog.h"
#include "child.h"
#include "input.h"
#include "remux.h"
#include "sandbox.h"
#include "source.h"

#include "filters/format.h"
#include "filters/image.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libswscale/swscale.h>

#define STALL_MS 120000 /* without progress */
#define RGB_BYTES 3u

struct request {
    struct fw_control *control; /* shared: the child beats here */
    int fd;
    const char *path;
    uint64_t number;
};

/* What precedes the pixels in the answer. */
struct head {
    uint32_t width;
    uint32_t height;
};

/* ---- in the child ------------------------------------------------------------------------- */

static int lock_down(enum fw_sandbox_mode mode, struct fw_error *err)
{
    const struct fw_sandbox_options options = { .role = FW_SANDBOX_DECODER,
                                                .mode = mode,
                                                .address_space = FW_ADDRESS_SPACE_BASE };
    uint32_t layers;
    return fw_sandbox_enter(&options, &layers, err);
}

/* Reads on until frame `number` waits in the source. */
static int seek_frame(const struct request *request, struct fw_source *source, void *slot,
                      size_t bytes, struct fw_frame_info *info, struct fw_error *err)
{
    const uint64_t number = request->number;
    for (uint64_t seen = 0; seen <= number;) {
        struct fw_event event;
        atomic_fetch_add(&request->control->procs[0].beat, 1);
        int status = fw_source_next(source, &event, err);
        if (status == FW_END)
            return fw_fail(err, FW_ERR_INPUT, "it has %llu frames, frame %llu was asked for",
                           (unsigned long long)seen, (unsigned long long)number);
        if (status < 0)
            return status;
        if (event.kind != FW_EVENT_FRAME)
            continue;
        status = fw_source_fill(source, slot, bytes, info, err);
        if (status < 0)
            return status;
        seen++;
    }
    return FW_OK;
}

static int to_rgb(const struct fw_frame_info *info, void *slot, uint8_t *rgb, struct fw_error *err)
{
    const struct fw_format *format = fw_format_at(info->format);
    struct fw_image_layout layout;
    struct fw_image image;
    if (!format || fw_image_layout(&layout, format, info->width, info->height) < 0)
        return fw_fail(err, FW_ERR_INTERNAL, "a frame without a layout");
    fw_image_map(&image, &layout, format, info->width, info->height, slot);
    struct SwsContext *sws = sws_getContext(
        info->width, info->height, fw_format_to_av(format), info->width, info->height,
        AV_PIX_FMT_RGB24, SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, NULL, NULL, NULL);
    if (!sws)
        return fw_fail(err, FW_ERR_USAGE, "no conversion from %s to RGB", format->name);
    const int *matrix = sws_getCoefficients(info->color.matrix);
    (void)sws_setColorspaceDetails(sws, matrix, info->color.range == 2, matrix, 1, 0, 1 << 16,
                                   1 << 16);
    int strides[FW_PLANES_MAX];
    for (uint32_t i = 0; i < FW_PLANES_MAX; i++)
        strides[i] = (int)image.stride[i];
    uint8_t *planes[1] = { rgb };
    const int rgb_stride[1] = { info->width * (int)RGB_BYTES };
    int rows = sws_scale(sws, (const uint8_t *const *)image.data, strides, 0, info->height, planes,
                         rgb_stride);
    sws_freeContext(sws);
    return rows == info->height ? FW_OK : fw_fail(err, FW_ERR_INTERNAL, "the conversion failed");
}

/* Turns the picture as the rotation tag asks: clockwise, then mirrored. */
static void turn(const struct fw_media *media, const struct head *from, const uint8_t *rgb,
                 const struct head *to, uint8_t *out)
{
    for (uint32_t y = 0; y < to->height; y++) {
        for (uint32_t x = 0; x < to->width; x++) {
            uint32_t u = media->flip_h ? to->width - 1 - x : x;
            uint32_t v = media->flip_v ? to->height - 1 - y : y;
            uint32_t sx = u;
            uint32_t sy = v;
            if (media->rotation == 90) {
                sx = v;
                sy = from->height - 1 - u;
            } else if (media->rotation == 180) {
                sx = from->width - 1 - u;
                sy = from->height - 1 - v;
            } else if (media->rotation == 270) {
                sx = from->width - 1 - v;
                sy = u;
            }
            memcpy(out + ((size_t)y * to->width + x) * RGB_BYTES,
                   rgb + ((size_t)sy * from->width + sx) * RGB_BYTES, RGB_BYTES);
        }
    }
}

static int answer(int result_fd, const struct fw_media *media, const struct fw_frame_info *info,
                  void *slot, struct fw_error *err)
{
    const struct head from = { (uint32_t)info->width, (uint32_t)info->height };
    const bool quarter = media->rotation == 90 || media->rotation == 270;
    const struct head to = { quarter ? from.height : from.width,
                             quarter ? from.width : from.height };
    const size_t bytes = (size_t)from.width * from.height * RGB_BYTES;
    uint8_t *rgb = malloc(bytes);
    uint8_t *turned = malloc(bytes);
    int status = rgb && turned ? FW_OK : fw_fail(err, FW_ERR_MEMORY, "no memory for a picture");
    if (status == FW_OK)
        status = to_rgb(info, slot, rgb, err);
    if (status == FW_OK) {
        turn(media, &from, rgb, &to, turned);
        status = fw_child_answer(result_fd, &to, sizeof(to), err);
    }
    if (status == FW_OK)
        status = fw_child_answer(result_fd, turned, bytes, err);
    free(turned);
    free(rgb);
    return status;
}

static int media_of(struct fw_source *source, struct fw_media *media, struct fw_error *err)
{
    struct fw_buffer packed = { 0 };
    struct fw_stream_plan plan[FW_STREAMS_MAX] = { 0 };
    int status = fw_source_media(source, &packed, err);
    if (status == FW_OK)
        status = fw_media_unpack(media, packed.data, packed.bytes, err);
    fw_buffer_deinit(&packed);
    if (status < 0)
        return status;
    for (uint32_t i = 0; i < FW_STREAMS_MAX; i++)
        plan[i].output = -1;
    plan[media->video] = (struct fw_stream_plan){ .action = FW_STREAM_VIDEO };
    return fw_source_plan(source, plan, err);
}

static int read_frame(const struct request *request, struct fw_source *source, int result_fd,
                      struct fw_error *err)
{
    struct fw_media media = { 0 };
    struct fw_image_layout layout;
    struct fw_frame_info info;
    void *slot = NULL;
    size_t bytes = 0;

    int status = media_of(source, &media, err);
    const struct fw_video *video = &media.video_params;
    if (status == FW_OK && fw_image_layout(&layout, video->format, video->width, video->height) < 0)
        status = fw_fail(err, FW_ERR_INPUT, "frames of %dx%d", video->width, video->height);
    if (status == FW_OK) {
        bytes = layout.bytes + FW_BLOB_MAX;
        slot = aligned_alloc(FW_IMAGE_ALIGN, bytes);
        if (!slot)
            status = fw_fail(err, FW_ERR_MEMORY, "no memory for a frame of %zu bytes", bytes);
    }
    if (status == FW_OK)
        status = seek_frame(request, source, slot, bytes, &info, err);
    if (status == FW_OK)
        status = answer(result_fd, &media, &info, slot, err);
    free(slot);
    fw_media_deinit(&media);
    return status;
}

static int take(void *arg, int result_fd, struct fw_error *err)
{
    const struct request *request = arg;
    struct fw_settings settings;
    struct fw_source *source = NULL;

    fw_settings_init(&settings);
    settings.on_error = FW_ON_ERROR_CONCEAL; /* a picture of damage is what is asked for */
    const struct fw_source_options options = { .fd = request->fd,
                                               .name = request->path,
                                               .settings = &settings,
                                               .control = request->control,
                                               .proc = &request->control->procs[0] };
    fw_avlog_limit_memory();
    int status = lock_down(settings.sandbox, err);
    if (status == FW_OK)
        status = fw_source_open(&source, &options, err);
    if (status == FW_OK)
        status = read_frame(request, source, result_fd, err);
    fw_source_close(source);
    fw_settings_deinit(&settings);
    return status;
}

/* ---- in the caller ------------------------------------------------------------------------ */

static int accept_answer(struct fw_snapshot *snapshot, size_t count, struct fw_error *err)
{
    struct head head = { 0 };
    if (count >= sizeof(head))
        memcpy(&head, snapshot->bytes, sizeof(head));
    if (head.width < 1 || head.height < 1 || head.width > FW_DIMENSION_MAX ||
        head.height > FW_DIMENSION_MAX ||
        count != sizeof(head) + (size_t)head.width * head.height * RGB_BYTES)
        return fw_fail(err, FW_ERR_INTERNAL, "a picture of the wrong length came back");
    snapshot->width = head.width;
    snapshot->height = head.height;
    snapshot->rgb = (uint8_t *)snapshot->bytes + sizeof(head);
    return FW_OK;
}

static int ask(struct request *request, void **bytes_out, size_t *count_out, struct fw_error *err)
{
    request->control = fw_child_map_control();
    if (!request->control)
        return fw_fail(err, FW_ERR_MEMORY, "no memory to share with a process");
    const struct fw_child_question question = { .body = take,
                                                .arg = request,
                                                .keep_fds = &request->fd,
                                                .keep_count = 1,
                                                .timeout_ms = STALL_MS,
                                                .proc = &request->control->procs[0] };
    int status = fw_child_call(&question, bytes_out, count_out, err);
    fw_child_unmap_control(request->control);
    return status;
}

int fw_snapshot_take(struct fw_snapshot *snapshot, const char *path, uint64_t number,
                     struct fw_error *err)
{
    struct request request = { .fd = -1, .path = path, .number = number };
    size_t count = 0;

    *snapshot = (struct fw_snapshot){ 0 };
    int status = fw_input_open(&request.fd, path, err);
    if (status == FW_OK)
        status = ask(&request, &snapshot->bytes, &count, err);
    if (request.fd >= 0)
        (void)close(request.fd);
    if (status == FW_OK)
        status = accept_answer(snapshot, count, err);
    if (status < 0) {
        if (err && strncmp(err->text, path, strlen(path)) != 0)
            fw_error_prefix(err, "%s", path); /* the source says it itself */
        fw_snapshot_deinit(snapshot);
    }
    return status;
}

void fw_snapshot_deinit(struct fw_snapshot *snapshot)
{
    free(snapshot->bytes);
    *snapshot = (struct fw_snapshot){ 0 };
}
