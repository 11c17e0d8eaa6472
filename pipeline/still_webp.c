/* Reading WebP through libwebp, stills and animations. */
#include "still_webp.h"

#include "filters/check.h"
#include "filters/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>

#define MILLISECOND_US 1000
#define RANGE_LIMITED 1
#define MATRIX_BT601 5
#define LOSSLESS 2

struct webp_reader {
    struct fw_still_reader common;
    struct fw_still_bytes file;
    WebPAnimDecoder *animation;
    int shown_ms; /* until when the last picture is shown */
    bool animated;
    bool done;
};

static int note_chunks(struct webp_reader *self, WebPDemuxer *demuxer, struct fw_error *err)
{
    static const struct {
        const char *chunk;
        enum fw_note_kind kind;
    } known[] = { { "ICCP", FW_NOTE_ICC }, { "EXIF", FW_NOTE_EXIF }, { "XMP ", FW_NOTE_XMP } };
    int status = FW_OK;
    for (size_t i = 0; i < FW_COUNT(known) && status == FW_OK; i++) {
        WebPChunkIterator chunk;
        if (!WebPDemuxGetChunk(demuxer, known[i].chunk, 1, &chunk))
            continue;
        const uint8_t *bytes = chunk.chunk.bytes;
        size_t count = chunk.chunk.size;
        /* Some writers put JPEG's introduction there as well. */
        if (known[i].kind == FW_NOTE_EXIF && count > 6 && memcmp(bytes, "Exif\0\0", 6) == 0) {
            bytes += 6;
            count -= 6;
        }
        status = fw_notes_add(&self->common.notes, known[i].kind, known[i].chunk, 0,
                              chunk.chunk.bytes, chunk.chunk.size, bytes, count, err);
        WebPDemuxReleaseChunkIterator(&chunk);
    }
    return status;
}

static void take_orientation(struct fw_still_reader *reader)
{
    const struct fw_note *exif = fw_notes_find(&reader->notes, FW_NOTE_EXIF);
    const uint32_t turn = exif ? fw_exif_orientation(exif->plain, exif->plain_bytes) : 0;
    reader->head.orientation = turn ? turn : 1;
}

static int take_head(struct webp_reader *self, WebPDemuxer *demuxer, struct fw_error *err)
{
    struct fw_still_head *head = &self->common.head;
    WebPBitstreamFeatures features;
    WebPIterator first;
    const uint32_t frames = WebPDemuxGetI(demuxer, WEBP_FF_FRAME_COUNT);
    const uint32_t width = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_WIDTH);
    const uint32_t height = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_HEIGHT);
    int status = fw_still_check_size(&self->common, width, height, 4, err);
    if (status < 0)
        return status;
    if (frames > self->common.limits.max_frames || frames > FW_STILL_FRAMES_MAX)
        return fw_fail(err, FW_ERR_INPUT, "%u pictures are over the limit of %u", frames,
                       self->common.limits.max_frames);
    if (frames == 0 || !WebPDemuxGetFrame(demuxer, 1, &first))
        return fw_fail(err, FW_ERR_INPUT, "there is no picture in it");
    const VP8StatusCode code = WebPGetFeatures(first.fragment.bytes, first.fragment.size,
                                               &features);
    WebPDemuxReleaseIterator(&first);
    if (code != VP8_STATUS_OK)
        return fw_fail(err, FW_ERR_INPUT, "the picture is damaged");
    self->animated = WebPDemuxGetI(demuxer, WEBP_FF_FORMAT_FLAGS) & ANIMATION_FLAG;
    head->width = (int32_t)width;
    head->height = (int32_t)height;
    head->bit_depth = 8;
    head->frame_count = frames;
    head->loop_count = self->animated ? WebPDemuxGetI(demuxer, WEBP_FF_LOOP_COUNT) : 1;
    head->has_alpha = self->animated || features.has_alpha;
    head->traits.webp_lossless = features.format == LOSSLESS;
    (void)snprintf(head->layout, sizeof(head->layout), "%s%s",
                   features.format == LOSSLESS ? "lossless RGB" : "YCbCr 4:2:0",
                   head->has_alpha ? " with alpha" : "");
    return FW_OK;
}

static int reader_open(struct fw_still_reader *reader, struct fw_error *err)
{
    struct webp_reader *self = (struct webp_reader *)reader;
    WebPDemuxState state = WEBP_DEMUX_PARSE_ERROR;
    int status = fw_still_load(reader, 0, &self->file, err);
    if (status < 0)
        return status;
    const WebPData data = { self->file.bytes, self->file.count };
    WebPDemuxer *demuxer = WebPDemuxPartial(&data, &state);
    if (!demuxer || state != WEBP_DEMUX_DONE)
        status = fw_fail(err, FW_ERR_INPUT, "%s",
                         state == WEBP_DEMUX_PARSE_ERROR ? "the file is damaged"
                                                         : "the file ends early");
    if (status == FW_OK)
        status = take_head(self, demuxer, err);
    if (status == FW_OK)
        status = note_chunks(self, demuxer, err);
    if (demuxer)
        WebPDemuxDelete(demuxer);
    if (status == FW_OK)
        take_orientation(reader);
    return status;
}

static uint32_t offers(const struct fw_still_reader *reader, enum fw_still_kind target,
                       struct fw_still_offer *list)
{
    const struct webp_reader *self = (const struct webp_reader *)reader;
    const struct fw_still_head *head = &reader->head;
    uint32_t count = 0;
    if (target == FW_STILL_WEBP && !self->animated && !head->traits.webp_lossless) {
        count = fw_still_offer(list, count, reader, head->has_alpha ? "yuva420p" : "yuv420p", true);
        list[0].video.color.range = RANGE_LIMITED;
        list[0].video.color.matrix = MATRIX_BT601;
    }
    return fw_still_offer(list, count, reader, head->has_alpha ? "rgba" : "rgb24", false);
}

static int begin(struct fw_still_reader *reader, struct fw_error *err)
{
    struct webp_reader *self = (struct webp_reader *)reader;
    const WebPData data = { self->file.bytes, self->file.count };
    WebPAnimDecoderOptions options;
    self->done = false;
    self->shown_ms = 0;
    if (!self->animated)
        return FW_OK;
    if (self->animation)
        WebPAnimDecoderDelete(self->animation);
    self->animation = NULL;
    if (WebPAnimDecoderOptionsInit(&options)) {
        options.color_mode = MODE_RGBA;
        options.use_threads = 0;
        self->animation = WebPAnimDecoderNew(&data, &options);
    }
    return self->animation ? FW_OK : fw_fail(err, FW_ERR_MEMORY, "no memory for an animation");
}

static int next_of_animation(struct webp_reader *self, const struct fw_image *image,
                             int64_t *delay_us_out, struct fw_error *err)
{
    uint8_t *canvas = NULL;
    int until_ms = 0;
    if (!WebPAnimDecoderHasMoreFrames(self->animation))
        return FW_END;
    if (!WebPAnimDecoderGetNext(self->animation, &canvas, &until_ms))
        return fw_fail(err, FW_ERR_INPUT, "a picture of the animation is damaged");
    *delay_us_out = (int64_t)(until_ms - self->shown_ms) * MILLISECOND_US;
    self->shown_ms = until_ms;
    const size_t row_bytes = (size_t)image->width * 4;
    for (int32_t y = 0; y < image->height; y++)
        memcpy(image->data[0] + (ptrdiff_t)y * image->stride[0], canvas + (size_t)y * row_bytes,
               row_bytes);
    return FW_OK;
}

static size_t plane_bytes(const struct fw_image *image, uint32_t plane)
{
    return (size_t)image->stride[plane] *
               (size_t)(fw_format_plane_height(image->format, plane, image->height) - 1) +
           fw_format_row_bytes(image->format, plane, image->width);
}

/* Where libwebp puts the pixels: the caller's own memory. */
static void set_output(WebPDecBuffer *to, const struct fw_image *image)
{
    to->is_external_memory = 1;
    if (image->format->flags & FW_FORMAT_RGB) {
        const bool alpha = image->format->flags & FW_FORMAT_ALPHA;
        to->colorspace = alpha ? MODE_RGBA : MODE_RGB;
        to->u.RGBA.rgba = image->data[0];
        to->u.RGBA.stride = (int)image->stride[0];
        to->u.RGBA.size = plane_bytes(image, 0);
        return;
    }
    const bool alpha = image->format->flags & FW_FORMAT_ALPHA;
    to->colorspace = alpha ? MODE_YUVA : MODE_YUV;
    to->u.YUVA.y = image->data[0];
    to->u.YUVA.u = image->data[1];
    to->u.YUVA.v = image->data[2];
    to->u.YUVA.y_stride = (int)image->stride[0];
    to->u.YUVA.u_stride = (int)image->stride[1];
    to->u.YUVA.v_stride = (int)image->stride[2];
    to->u.YUVA.y_size = plane_bytes(image, 0);
    to->u.YUVA.u_size = plane_bytes(image, 1);
    to->u.YUVA.v_size = plane_bytes(image, 2);
    if (alpha) {
        to->u.YUVA.a = image->data[3];
        to->u.YUVA.a_stride = (int)image->stride[3];
        to->u.YUVA.a_size = plane_bytes(image, 3);
    }
}

static int next(struct fw_still_reader *reader, struct fw_image *image, int64_t *delay_us_out,
                struct fw_error *err)
{
    struct webp_reader *self = (struct webp_reader *)reader;
    WebPDecoderConfig config;
    if (self->animated)
        return next_of_animation(self, image, delay_us_out, err);
    if (self->done)
        return FW_END;
    if (!WebPInitDecoderConfig(&config))
        return fw_fail(err, FW_ERR_INTERNAL, "libwebp is not the one this was built for");
    set_output(&config.output, image);
    const VP8StatusCode code = WebPDecode(self->file.bytes, self->file.count, &config);
    self->done = true;
    if (code == VP8_STATUS_OUT_OF_MEMORY)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a picture");
    if (code != VP8_STATUS_OK)
        return fw_fail(err, FW_ERR_INPUT, "the picture is damaged");
    return FW_OK;
}

static void reader_deinit(struct fw_still_reader *reader)
{
    struct webp_reader *self = (struct webp_reader *)reader;
    if (self->animation)
        WebPAnimDecoderDelete(self->animation);
    free(self->file.bytes);
}

const struct fw_still_codec fw_still_codec_webp = {
    .reader_bytes = sizeof(struct webp_reader),
    .writer_bytes = sizeof(struct fw_webp_writer),
    .animates = true,
    .reader_open = reader_open,
    .offers = offers,
    .begin = begin,
    .next = next,
    .reader_deinit = reader_deinit,
    .fit = fw_webp_fit,
    .writer_open = fw_webp_writer_open,
    .frame = fw_webp_frame,
    .finish = fw_webp_finish,
    .writer_deinit = fw_webp_writer_deinit,
};
