#include "image_task.h"

#include "control.h"
#include "image_lane.h"
#include "image_linear.h"

#include "filters/check.h"
#include "filters/image.h"

#include <stdlib.h>
#include <string.h>

#define LANES 2
/* Memory up to this size waits for the next picture; more goes back at once. */
#define KEPT_BYTES ((size_t)128 << 20)

/* A block for pictures, grown as needed. */
struct block {
    void *bytes;
    size_t room;
};

struct fw_image_task {
    struct fw_image_task_options options;
    struct fw_lane lanes[LANES];
    uint64_t clock;
    struct fw_linear *linear; /* --linear */
    struct block blocks[4];
};
enum { BLOCK_READ, BLOCK_LIGHT, BLOCK_OUT, BLOCK_WRITTEN };

/* What one run holds; zeroed: nothing to undo. */
struct running {
    struct fw_image_task *task;
    struct fw_lane_request request;
    struct fw_still_wish wish;
    struct fw_still_reader *reader;
    struct fw_still_writer *writer;
    struct fw_lane *lane;
    struct fw_frame read, light, out, written;
    uint32_t threads;
    uint32_t frame_count;
    int source_fd;
    int output_fd;
    struct fw_losses *losses;
    struct fw_image_outcome *outcome;
};

int fw_image_task_create(struct fw_image_task **task_out,
                         const struct fw_image_task_options *options, struct fw_error *err)
{
    int status = FW_OK;
    struct fw_image_task *task = calloc(1, sizeof(*task));
    if (!task)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a worker's task");
    task->options = *options;
    if (options->settings->linear)
        status = fw_linear_create(&task->linear, err);
    if (status < 0) {
        fw_image_task_destroy(task);
        return status;
    }
    *task_out = task;
    return FW_OK;
}

void fw_image_task_destroy(struct fw_image_task *task)
{
    if (!task)
        return;
    for (uint32_t i = 0; i < LANES; i++)
        fw_lane_close(&task->lanes[i]);
    for (size_t i = 0; i < FW_COUNT(task->blocks); i++)
        free(task->blocks[i].bytes);
    fw_linear_destroy(task->linear);
    free(task);
}

/* ---- choosing ----------------------------------------------------------------------------- */

static void set_wish(struct running *running, enum fw_still_kind kind)
{
    const struct fw_batch_settings *settings = running->task->options.settings;
    static const int8_t keeps[] = { [FW_KEEP] = 0, [FW_KEEP_YES] = 1, [FW_KEEP_NO] = -1 };
    running->wish = (struct fw_still_wish){
        .kind = kind != FW_STILL_NONE ? kind : fw_still_reader_head(running->reader)->kind,
        .quality = settings->quality,
        .compression_plus1 = (int32_t)settings->compression,
        .chroma_h = settings->chroma_h,
        .chroma_v = settings->chroma_v,
        .progressive = keeps[settings->progressive],
        .lossless = keeps[settings->lossless],
        .strip = settings->strip,
    };
}

/* The lane that fits, or the one that was idle longest, made anew. */
static int find_lane(struct running *running, struct fw_error *err)
{
    struct fw_image_task *task = running->task;
    struct fw_lane *oldest = &task->lanes[0];
    for (uint32_t i = 0; i < LANES; i++) {
        struct fw_lane *lane = &task->lanes[i];
        if (fw_lane_fits(lane, &running->request)) {
            running->lane = lane;
            lane->used = ++task->clock;
            return FW_OK;
        }
        oldest = lane->used < oldest->used ? lane : oldest;
    }
    fw_lane_close(oldest);
    int status = fw_lane_open(oldest, &running->request, err);
    running->lane = oldest;
    oldest->used = ++task->clock;
    return status;
}

/* ---- memory ------------------------------------------------------------------------------- */

static int size_of(const struct fw_video *video, struct fw_image_layout *layout,
                   struct fw_error *err)
{
    if (fw_image_layout(layout, video->format, video->width, video->height) < 0)
        return fw_fail(err, FW_ERR_INPUT, "%dx%d is more than a picture may be", video->width,
                       video->height);
    return FW_OK;
}

static int take_image(struct running *running, uint32_t index, const struct fw_video *video,
                      struct fw_frame *frame, struct fw_error *err)
{
    struct fw_image_layout layout;
    struct block *block = &running->task->blocks[index];
    int status = size_of(video, &layout, err);
    if (status < 0)
        return status;
    if (block->room < layout.bytes) {
        free(block->bytes);
        block->bytes = aligned_alloc(FW_IMAGE_ALIGN, layout.bytes);
        block->room = block->bytes ? layout.bytes : 0;
    }
    if (!block->bytes)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a picture of %dx%d", video->width,
                       video->height);
    *frame = (struct fw_frame){ .struct_size = sizeof(*frame),
                                .flags = FW_FRAME_KEY,
                                .sample_aspect = video->sample_aspect,
                                .color = video->color };
    fw_image_map(&frame->image, &layout, video->format, video->width, video->height, block->bytes);
    return FW_OK;
}

static struct fw_video written_video(const struct running *running)
{
    struct fw_video video = running->lane->out;
    video.format = running->lane->fitted;
    return video;
}

/* All pictures that are held at a time, and what the filters take. */
static int ask_memory(struct running *running, struct fw_error *err)
{
    const struct fw_lane *lane = running->lane;
    const struct fw_image_task_options *options = &running->task->options;
    struct fw_image_layout read, out;
    int status = size_of(&lane->offer.video, &read, err);
    if (status == FW_OK)
        status = size_of(&lane->out, &out, err);
    if (status < 0)
        return status;
    uint64_t bytes = (uint64_t)read.bytes + out.bytes + lane->scratch_bytes;
    if (options->settings->linear)
        bytes += 2 * (uint64_t)read.bytes + out.bytes;
    running->threads = 1;
    if (bytes > options->free_bytes)
        status = options->grant(options->user, bytes, &running->threads, err);
    return status;
}

static int take_memory(struct running *running, struct fw_error *err)
{
    const struct fw_lane *lane = running->lane;
    const struct fw_video written = written_video(running);
    int status = ask_memory(running, err);
    if (status == FW_OK)
        status = take_image(running, BLOCK_READ, &lane->offer.video, &running->read, err);
    if (status == FW_OK && running->task->linear) {
        status = take_image(running, BLOCK_LIGHT, &lane->in, &running->light, err);
        if (status == FW_OK)
            status = take_image(running, BLOCK_WRITTEN, &written, &running->written, err);
    }
    /* Without filters the picture that was read is the one to write. */
    if (status == FW_OK && lane->count > 0)
        status = take_image(running, BLOCK_OUT, &lane->out, &running->out, err);
    return status;
}

static void give_memory_back(struct fw_image_task *task)
{
    for (size_t i = 0; i < FW_COUNT(task->blocks); i++) {
        if (task->blocks[i].room <= KEPT_BYTES)
            continue;
        free(task->blocks[i].bytes);
        task->blocks[i] = (struct block){ 0 };
    }
    for (uint32_t i = 0; i < LANES; i++) {
        if (task->lanes[i].scratch_bytes > KEPT_BYTES)
            fw_lane_close(&task->lanes[i]);
    }
}

/* ---- one picture -------------------------------------------------------------------------- */

/* From what was read to what is to be written. */
static int filter_picture(struct running *running, const struct fw_image **image_out,
                          struct fw_error *err)
{
    const struct fw_linear *linear = running->task->linear;
    const struct fw_lane *lane = running->lane;
    struct fw_frame *in = linear ? &running->light : &running->read;
    uint64_t pixels = (uint64_t)lane->in.width * (uint64_t)lane->in.height;
    int status = FW_IDENTITY;
    if (linear)
        fw_linear_expand(linear, &running->read.image, &running->light.image);
    in->index = running->outcome->frames_in - 1;
    running->out.index = in->index;
    if (lane->count > 0)
        status = fw_lane_process_shared(running->lane, &running->request, in, &running->out,
                                        pixels >= FW_IMAGE_SHARED_PIXELS ? running->threads : 1,
                                        err);
    if (status < 0)
        return status;
    const struct fw_image *made = status == FW_IDENTITY ? &in->image : &running->out.image;
    if (linear)
        fw_linear_compress(linear, made, &running->written.image);
    *image_out = linear ? &running->written.image : made;
    return FW_OK;
}

static int open_writer(struct running *running, struct fw_error *err)
{
    const struct fw_lane *lane = running->lane;
    const struct fw_still_head *head = fw_still_reader_head(running->reader);
    bool turned = head->orientation >= 5;
    struct fw_still_writing writing = {
        .fd = running->output_fd,
        .wish = running->wish,
        .video = written_video(running),
        .source = head,
        .notes = fw_still_reader_notes(running->reader),
        .upright = head->orientation > 1,
        .frame_count = running->frame_count,
        .loop_count = head->loop_count,
        .losses = running->losses,
    };
    writing.wish.threads = running->threads;
    fw_still_keep_chroma(&writing.wish, lane->given.format);
    writing.resized = lane->out.width != (turned ? head->height : head->width) ||
                      lane->out.height != (turned ? head->width : head->height) || turned;
    return fw_still_writer_open(&running->writer, &writing, err);
}

/* Reads, filters and writes the next picture. FW_END: there is none. */
static int do_picture(struct running *running, struct fw_error *err)
{
    struct fw_image_outcome *outcome = running->outcome;
    const struct fw_image *image = NULL;
    int64_t delay_us = 0;
    uint64_t start = fw_now_ns();
    int status = fw_still_reader_next(running->reader, &running->read.image, &delay_us, err);
    uint64_t decoded = fw_now_ns();
    outcome->decode_ns += decoded - start;
    if (status != FW_OK)
        return status;
    outcome->frames_in++;
    running->read.duration = running->light.duration = delay_us;
    status = filter_picture(running, &image, err);
    uint64_t filtered = fw_now_ns();
    outcome->filter_ns += filtered - decoded;
    if (status == FW_OK && !running->writer)
        status = open_writer(running, err);
    if (status == FW_OK)
        status = fw_still_writer_frame(running->writer, image, delay_us, err);
    outcome->encode_ns += fw_now_ns() - filtered;
    outcome->frames_out += status == FW_OK;
    running->read.pts += delay_us;
    running->light.pts += delay_us;
    return status;
}

/* Kinds that cannot hold an animation take its first picture. */
static int do_pictures(struct running *running, struct fw_error *err)
{
    const struct fw_still_head *head = fw_still_reader_head(running->reader);
    bool animates = fw_still_animates(running->wish.kind);
    int status = do_picture(running, err);
    if (status == FW_END)
        return fw_fail(err, FW_ERR_INPUT, "there is no picture in it");
    while (status == FW_OK && animates)
        status = do_picture(running, err);
    if (status == FW_OK && head->frame_count > 1)
        fw_losses_add(running->losses, "stream", -1, "%u further pictures of the animation",
                      head->frame_count - 1);
    return status == FW_END ? FW_OK : status;
}

static int finish_file(struct running *running, struct fw_error *err)
{
    struct fw_image_outcome *outcome = running->outcome;
    uint64_t start = fw_now_ns();
    int status = fw_still_writer_finish(running->writer, &outcome->sum, err);
    outcome->encode_ns += fw_now_ns() - start;
    return status;
}

/* ---- a file ------------------------------------------------------------------------------- */

static struct fw_still_limits limits_of(const struct fw_batch_settings *settings)
{
    return (struct fw_still_limits){ .max_pixels = settings->job.max_pixels,
                                     .max_bytes = settings->job.max_slot,
                                     .max_frames = FW_STILL_FRAMES_MAX,
                                     .max_time_ms = settings->image_time_ms };
}

/* How many pictures there are, for a kind whose head does not say and a writer that must know. */
static int count_pictures(struct running *running, struct fw_error *err)
{
    const struct fw_still_limits limits = limits_of(running->task->options.settings);
    struct fw_still_reader *reader = NULL;
    int64_t delay_us = 0;
    uint32_t count = 0;
    int status = fw_still_reader_open(&reader, running->source_fd, &limits, err);
    if (status == FW_OK)
        status = fw_still_reader_begin(reader, &running->lane->offer, err);
    while (status == FW_OK) {
        status = fw_still_reader_next(reader, &running->read.image, &delay_us, err);
        count += status == FW_OK;
    }
    fw_still_reader_close(reader);
    running->frame_count = count;
    return status == FW_END ? FW_OK : status;
}

static void tell_losses(struct running *running)
{
    const struct fw_lane *lane = running->lane;
    const struct fw_losses *read = fw_still_reader_losses(running->reader);
    for (uint32_t i = 0; i < read->count; i++)
        fw_losses_add(running->losses, read->items[i].kind, read->items[i].stream, "%s",
                      read->items[i].detail);
    if (lane->narrowed[0])
        fw_losses_add(running->losses, "converted", -1, "%s", lane->narrowed);
    (void)fw_still_fit(&running->wish, &lane->given, fw_still_reader_head(running->reader),
                       running->losses);
}

static int open_source(struct running *running, enum fw_still_kind kind, struct fw_error *err)
{
    const struct fw_still_limits limits = limits_of(running->task->options.settings);
    int status = fw_still_reader_open(&running->reader, running->source_fd, &limits, err);
    if (status < 0)
        return status;
    const struct fw_still_head *head = fw_still_reader_head(running->reader);
    running->outcome->width = head->width;
    running->outcome->height = head->height;
    set_wish(running, kind);
    running->request.reader = running->reader;
    running->request.wish = &running->wish;
    status = find_lane(running, err);
    if (status == FW_OK && head->frame_count != 1 && running->lane->neighbours)
        status = fw_fail(err, FW_ERR_USAGE,
                         "a filter looks at frames around the one in work, and the pictures of an "
                         "animation are filtered one by one\nhint: framewheel run");
    if (status < 0)
        return status;
    running->outcome->out_width = running->lane->out.width;
    running->outcome->out_height = running->lane->out.height;
    running->frame_count = fw_still_animates(running->wish.kind) ? head->frame_count : 1;
    status = take_memory(running, err);
    if (status == FW_OK && running->frame_count == 0)
        status = count_pictures(running, err);
    if (status == FW_OK)
        status = fw_still_reader_begin(running->reader, &running->lane->offer, err);
    return status;
}

/* The file that was just written, decoded: --verify decode. */
static int verify_output(struct running *running, struct fw_error *err)
{
    const struct fw_still_limits limits = { UINT64_MAX, UINT64_MAX, UINT32_MAX, 0 };
    struct fw_still_offer offers[FW_STILL_OFFERS_MAX];
    struct fw_still_reader *reader = NULL;
    struct fw_frame frame;
    uint64_t frames = 0;
    int64_t delay_us = 0;
    int status = fw_still_reader_open(&reader, running->output_fd, &limits, err);
    if (status == FW_OK) {
        (void)fw_still_reader_offers(reader, running->wish.kind, offers);
        status = take_image(running, BLOCK_READ, &offers[0].video, &frame, err);
    }
    if (status == FW_OK)
        status = fw_still_reader_begin(reader, &offers[0], err);
    while (status == FW_OK) {
        status = fw_still_reader_next(reader, &frame.image, &delay_us, err);
        frames += status == FW_OK;
    }
    fw_still_reader_close(reader);
    if (status == FW_END && frames == running->outcome->frames_out &&
        frame.image.width == running->lane->out.width &&
        frame.image.height == running->lane->out.height)
        return FW_OK;
    if (err)
        *err = (struct fw_error){ 0 };
    return fw_fail(err, FW_ERR_VERIFY, "the written file does not decode to what was written");
}

static int run_file(struct running *running, enum fw_still_kind kind, struct fw_error *err)
{
    const struct fw_batch_settings *settings = running->task->options.settings;
    int status = open_source(running, kind, err);
    if (status == FW_OK)
        status = do_pictures(running, err);
    if (status == FW_OK)
        status = finish_file(running, err);
    if (status == FW_OK)
        tell_losses(running);
    if (status == FW_OK && settings->job.verify == FW_VERIFY_DECODE)
        status = verify_output(running, err);
    if (status == FW_OK && settings->job.strict && running->losses->count > 0)
        status = fw_fail(err, FW_ERR_FILTER, "--strict: %s: %s", running->losses->items[0].kind,
                         running->losses->items[0].detail);
    return status;
}

int fw_image_task_run(struct fw_image_task *task, int source_fd, int output_fd,
                      enum fw_still_kind kind, struct fw_image_outcome *outcome_out,
                      struct fw_losses *losses, struct fw_error *err)
{
    struct running running = { .task = task,
                               .source_fd = source_fd,
                               .output_fd = output_fd,
                               .losses = losses,
                               .outcome = outcome_out };
    memset(outcome_out, 0, sizeof(*outcome_out));
    running.request.settings = task->options.settings;
    running.request.plugins = task->options.plugins;
    int status = run_file(&running, kind, err);
    fw_still_writer_close(running.writer);
    fw_still_reader_close(running.reader);
    give_memory_back(task);
    return status;
}
