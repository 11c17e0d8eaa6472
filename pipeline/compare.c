/* One frame of two videos side by side as a PNG. */
#include "child.h"
#include "png_write.h"
#include "publish.h"
#include "sandbox.h"
#include "snapshot.h"

#include "filters/format.h"

#include <framewheel/framewheel.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MS 120000
#define LINE_WIDTH 4u  /* the separator */
#define LINE_SHADE 128 /* gray: letterbox bars are black, inverted ones white */
#define PNG_LEVEL 6

struct pair {
    struct fw_snapshot before;
    struct fw_snapshot after;
    int fd;
};

/* Puts one picture at column x, in the middle of the height. */
static void place(const struct fw_image *page, const struct fw_snapshot *picture, uint32_t x)
{
    const uint32_t top = ((uint32_t)page->height - picture->height) / 2;
    const size_t row_bytes = (size_t)picture->width * 3;
    for (uint32_t y = 0; y < picture->height; y++)
        memcpy(page->data[0] + (ptrdiff_t)(top + y) * page->stride[0] + (size_t)x * 3,
               picture->rgb + y * row_bytes, row_bytes);
}

/* Runs in a child: composes the page and writes it to the open, nameless output. */
static int write_page(void *arg, int result_fd, struct fw_error *err)
{
    const struct pair *pair = arg;
    const struct fw_sandbox_options options = { .role = FW_SANDBOX_ENCODER,
                                                .address_space = FW_ADDRESS_SPACE_BASE };
    const uint32_t width = pair->before.width + LINE_WIDTH + pair->after.width;
    const uint32_t height = pair->before.height > pair->after.height ? pair->before.height
                                                                     : pair->after.height;
    struct fw_image page = { .format = fw_format_find("rgb24"),
                             .width = (int32_t)width,
                             .height = (int32_t)height,
                             .stride = { (ptrdiff_t)width * 3 } };
    uint32_t layers;
    (void)result_fd;
    int status = fw_sandbox_enter(&options, &layers, err);
    if (status < 0)
        return status;
    page.data[0] = malloc((size_t)width * height * 3);
    if (!page.data[0])
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a page of %ux%u", width, height);
    memset(page.data[0], LINE_SHADE, (size_t)width * height * 3);
    place(&page, &pair->before, 0);
    place(&page, &pair->after, pair->before.width + LINE_WIDTH);
    status = fw_png_write(pair->fd, &page, PNG_LEVEL, err);
    if (status == FW_OK && fsync(pair->fd) < 0)
        status = fw_fail(err, FW_ERR_OUTPUT, "fsync: %s", strerror(errno));
    free(page.data[0]);
    return status;
}

static int publish(struct pair *pair, const struct fw_settings *settings, struct fw_error *err)
{
    struct fw_output output = { 0 };
    void *bytes = NULL;
    size_t count;
    char name[4096];

    int status = fw_output_open(&output, settings, 0, err);
    if (status == FW_OK) {
        pair->fd = output.fd;
        const struct fw_child_question question = { .body = write_page,
                                                    .arg = pair,
                                                    .keep_fds = &pair->fd,
                                                    .keep_count = 1,
                                                    .timeout_ms = TIMEOUT_MS };
        status = fw_child_call(&question, &bytes, &count, err);
        free(bytes);
    }
    if (status == FW_OK)
        status = fw_output_commit(&output, false, name, sizeof(name), err);
    fw_output_close(&output);
    return status;
}

int fw_compare_png(const char *before, const char *after, uint64_t number, const char *png,
                   struct fw_error *err)
{
    struct fw_settings settings;
    struct pair pair = { .fd = -1 };
    bool skip = false;

    fw_settings_init(&settings);
    int status = fw_child_check_threads(err);
    if (status == FW_OK)
        status = fw_settings_set(&settings, "output", png, err);
    /* One file, whatever its name: a number in it is no pattern here. */
    if (status == FW_OK)
        status = fw_settings_set(&settings, "f", "png", err);
    if (status == FW_OK)
        status = fw_output_check(&settings, -1, &skip, err);
    if (status == FW_OK)
        status = fw_snapshot_take(&pair.before, before, number, err);
    if (status == FW_OK)
        status = fw_snapshot_take(&pair.after, after, number, err);
    if (status == FW_OK)
        status = publish(&pair, &settings, err);
    fw_snapshot_deinit(&pair.before);
    fw_snapshot_deinit(&pair.after);
    fw_settings_deinit(&settings);
    return status;
}
