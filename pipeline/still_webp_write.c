/* Writing WebP through libwebp: lossy, lossless, animations, and the chunks beside them. */
#include "still_webp.h"

#include "filters/check.h"
#include "filters/format.h"

#include <stdlib.h>
#include <string.h>

#define QUALITY 80u
#define LOSSLESS_LEVEL 6
#define MILLISECOND_US 1000
#define HAIR_US 50
#define RANGE_FULL 2

static bool is_lossless(const struct fw_still_wish *wish, const struct fw_still_head *source)
{
    if (wish->lossless != 0)
        return wish->lossless > 0;
    return source && source->kind == FW_STILL_WEBP && source->traits.webp_lossless;
}

/* Planes are taken as they are when they mean what WebP's do. */
static bool takes_planes(const struct fw_still_wish *wish, const struct fw_video *have,
                         const struct fw_still_head *source)
{
    const uint8_t matrix = have->color.matrix;
    const bool still = source && source->frame_count == 1;
    return !is_lossless(wish, source) && still && have->color.range != RANGE_FULL &&
           (matrix == 2 || matrix == 5 || matrix == 6);
}

const struct fw_format *fw_webp_fit(const struct fw_still_wish *wish, const struct fw_video *have,
                                    const struct fw_still_head *source, struct fw_losses *losses)
{
    static const char *const names[] = { "yuv420p", "yuva420p", "rgb24", "rgba", "bgra", NULL };
    return fw_still_nearest(takes_planes(wish, have, source) ? names : names + 2, wish, have,
                            source, losses);
}

static int fail_memory(struct fw_error *err)
{
    return fw_fail(err, FW_ERR_MEMORY, "no memory for a WebP picture");
}

int fw_webp_writer_open(struct fw_still_writer *writer, struct fw_error *err)
{
    struct fw_webp_writer *self = (struct fw_webp_writer *)writer;
    const struct fw_still_writing *writing = &writer->writing;
    const uint32_t quality = writing->wish.quality ? writing->wish.quality : QUALITY;
    WebPAnimEncoderOptions options;
    if (writing->video.width > WEBP_MAX_DIMENSION || writing->video.height > WEBP_MAX_DIMENSION)
        return fw_fail(err, FW_ERR_USAGE, "WebP holds no more than %d pixels a side",
                       WEBP_MAX_DIMENSION);
    if (!WebPConfigPreset(&self->config, WEBP_PRESET_DEFAULT, (float)quality) ||
        !WebPAnimEncoderOptionsInit(&options))
        return fw_fail(err, FW_ERR_INTERNAL, "libwebp is not the one this was built for");
    self->config.thread_level = 0;
    if (is_lossless(&writing->wish, writing->source)) {
        if (!WebPConfigLosslessPreset(&self->config, LOSSLESS_LEVEL))
            return fw_fail(err, FW_ERR_INTERNAL, "libwebp is not the one this was built for");
        self->config.exact = 1;
    }
    if (!WebPValidateConfig(&self->config))
        return fw_fail(err, FW_ERR_USAGE, "a quality of %u is not 1 to 100", quality);
    if (writing->frame_count == 1)
        return FW_OK;
    options.anim_params.loop_count = (int)(writing->loop_count & 0xffff);
    options.anim_params.bgcolor = 0;
    self->animation = WebPAnimEncoderNew(writing->video.width, writing->video.height, &options);
    return self->animation ? FW_OK : fail_memory(err);
}

static void copy_plane(const struct fw_image *image, uint32_t plane, uint8_t *to, int stride)
{
    const size_t bytes = fw_format_row_bytes(image->format, plane, image->width);
    const int32_t rows = fw_format_plane_height(image->format, plane, image->height);
    for (int32_t y = 0; y < rows; y++)
        memcpy(to + (ptrdiff_t)y * stride, image->data[plane] + (ptrdiff_t)y * image->stride[plane],
               bytes);
}

/* 1 or 0, as libwebp's own. */
static int import(WebPPicture *picture, const struct fw_image *image)
{
    const struct fw_format *format = image->format;
    const bool alpha = format->flags & FW_FORMAT_ALPHA;
    const int stride = (int)image->stride[0];
    if (format->flags & FW_FORMAT_RGB) {
        picture->use_argb = 1;
        if (!alpha)
            return WebPPictureImportRGB(picture, image->data[0], stride);
        return format->components[0].offset == 0
                   ? WebPPictureImportRGBA(picture, image->data[0], stride)
                   : WebPPictureImportBGRA(picture, image->data[0], stride);
    }
    picture->use_argb = 0;
    picture->colorspace = alpha ? WEBP_YUV420A : WEBP_YUV420;
    if (!WebPPictureAlloc(picture))
        return 0;
    copy_plane(image, 0, picture->y, picture->y_stride);
    copy_plane(image, 1, picture->u, picture->uv_stride);
    copy_plane(image, 2, picture->v, picture->uv_stride);
    if (alpha)
        copy_plane(image, 3, picture->a, picture->a_stride);
    return 1;
}

static int encode_still(struct fw_webp_writer *self, WebPPicture *picture, struct fw_error *err)
{
    WebPMemoryWriter memory;
    WebPMemoryWriterInit(&memory);
    picture->writer = WebPMemoryWrite;
    picture->custom_ptr = &memory;
    if (!WebPEncode(&self->config, picture)) {
        WebPMemoryWriterClear(&memory);
        return fw_fail(err, FW_ERR_OUTPUT, "libwebp cannot write the picture: error %d",
                       (int)picture->error_code);
    }
    self->picture = (WebPData){ memory.mem, memory.size };
    return FW_OK;
}

/* Times are whole milliseconds counted from the start, so that rounding does not add up. */
static int add_to_animation(struct fw_webp_writer *self, WebPPicture *picture, int64_t delay_us,
                            struct fw_error *err)
{
    const int64_t start_ms = (self->total_us + MILLISECOND_US / 2) / MILLISECOND_US;
    self->total_us += delay_us;
    const int64_t end_ms = (self->total_us + MILLISECOND_US / 2) / MILLISECOND_US;
    const int64_t off = delay_us - (end_ms - start_ms) * MILLISECOND_US;
    self->lost_time = self->lost_time || off > HAIR_US || off < -HAIR_US;
    if (end_ms > INT32_MAX)
        return fw_fail(err, FW_ERR_USAGE, "the animation is longer than WebP holds");
    if (!WebPAnimEncoderAdd(self->animation, picture, (int)start_ms, &self->config))
        return fw_fail(err, FW_ERR_OUTPUT, "libwebp cannot write picture %u: %s",
                       self->common.frames, WebPAnimEncoderGetError(self->animation));
    return FW_OK;
}

int fw_webp_frame(struct fw_still_writer *writer, const struct fw_image *image, int64_t delay_us,
                  struct fw_error *err)
{
    struct fw_webp_writer *self = (struct fw_webp_writer *)writer;
    WebPPicture picture;
    int status = FW_OK;
    if (!WebPPictureInit(&picture))
        return fw_fail(err, FW_ERR_INTERNAL, "libwebp is not the one this was built for");
    picture.width = image->width;
    picture.height = image->height;
    if (!import(&picture, image))
        status = fail_memory(err);
    else if (self->animation)
        status = add_to_animation(self, &picture, delay_us, err);
    else
        status = encode_still(self, &picture, err);
    WebPPictureFree(&picture);
    return status;
}

static int put_notes(const struct fw_still_writer *writer, WebPMux *mux, struct fw_error *err)
{
    static const struct {
        const char *chunk;
        enum fw_note_kind kind;
    } known[] = { { "ICCP", FW_NOTE_ICC }, { "EXIF", FW_NOTE_EXIF }, { "XMP ", FW_NOTE_XMP } };
    int status = FW_OK;
    for (size_t i = 0; i < FW_COUNT(known) && status == FW_OK; i++) {
        struct fw_still_bytes note;
        status = fw_still_carry(&writer->writing, known[i].kind, &note, err);
        const WebPData data = { note.bytes, note.count };
        if (status == FW_OK && note.bytes &&
            WebPMuxSetChunk(mux, known[i].chunk, &data, 1) != WEBP_MUX_OK)
            status = fail_memory(err);
        free(note.bytes);
    }
    return status;
}

static int write_file(struct fw_still_writer *writer, const WebPData *picture, struct fw_error *err)
{
    WebPData file = { 0 };
    WebPMux *mux = WebPMuxCreate(picture, 0);
    int status = mux ? put_notes(writer, mux, err) : fail_memory(err);
    if (status == FW_OK && WebPMuxAssemble(mux, &file) != WEBP_MUX_OK)
        status = fail_memory(err);
    if (status == FW_OK)
        status = fw_still_out_write(&writer->out, file.bytes, file.size, err);
    WebPDataClear(&file);
    if (mux)
        WebPMuxDelete(mux);
    return status;
}

static int end_animation(struct fw_webp_writer *self, struct fw_error *err)
{
    const int64_t end_ms = (self->total_us + MILLISECOND_US / 2) / MILLISECOND_US;
    if (!WebPAnimEncoderAdd(self->animation, NULL, (int)end_ms, NULL) ||
        !WebPAnimEncoderAssemble(self->animation, &self->picture))
        return fw_fail(err, FW_ERR_OUTPUT, "libwebp cannot write the animation: %s",
                       WebPAnimEncoderGetError(self->animation));
    return FW_OK;
}

int fw_webp_finish(struct fw_still_writer *writer, struct fw_error *err)
{
    struct fw_webp_writer *self = (struct fw_webp_writer *)writer;
    int status = FW_OK;
    if (writer->frames == 0)
        return fw_fail(err, FW_ERR_USAGE, "WebP holds one picture at least");
    if (self->animation)
        status = end_animation(self, err);
    if (status == FW_OK)
        status = write_file(writer, &self->picture, err);
    if (self->lost_time)
        fw_losses_add(writer->writing.losses, "timestamps", -1, "delays to milliseconds");
    fw_still_list_lost(&writer->writing,
                       1u << FW_NOTE_ICC | 1u << FW_NOTE_EXIF | 1u << FW_NOTE_XMP);
    return status;
}

void fw_webp_writer_deinit(struct fw_still_writer *writer)
{
    struct fw_webp_writer *self = (struct fw_webp_writer *)writer;
    if (self->animation)
        WebPAnimEncoderDelete(self->animation);
    WebPDataClear(&self->picture);
}
