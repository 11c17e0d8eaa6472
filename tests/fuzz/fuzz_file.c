/*
 * Files that filters read: tables of colours and PNG pictures. The first byte of an input chooses
 * the kind of file, the rest is its content. Reading gives a table or picture that is all there, or
 * a message.
 */
#include "check.h"
#include "format.h"
#include "image.h"
#include "lut_file.h"
#include "png_read.h"
#include "tests/support/temp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const kinds[] = { "cube", "1dlut", "csp", "3dl", "dat", "m3d", "png" };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_floats(const float *values, size_t count)
{
    const volatile float *all = values;
    for (size_t i = 0; i < count; i++)
        (void)all[i];
}

static int read_1d(const char *path, struct fw_error *err)
{
    struct fw_lut1d_data table = { 0 };
    int status = fw_lut1d_init(&table, path, err);
    for (int i = 0; i < 3 && status == FW_OK; i++)
        read_floats(table.values[i], (size_t)table.size);
    fw_lut1d_deinit(&table);
    return status;
}

static int read_3d(const char *path, struct fw_error *err)
{
    struct fw_lut3d_data table = { 0 };
    int status = fw_lut3d_init(&table, path, err);
    size_t nodes = (size_t)table.size + 1;
    if (status == FW_OK)
        read_floats(table.nodes, 4 * nodes * nodes * nodes);
    for (int i = 0; i < 3 && status == FW_OK; i++) {
        read_floats(table.before[i].in, (size_t)table.before[i].count);
        read_floats(table.before[i].out, (size_t)table.before[i].count);
    }
    fw_lut3d_deinit(&table);
    return status;
}

static int read_png(const char *path, struct fw_error *err)
{
    struct fw_image image;
    void *block = NULL;
    int status = fw_png_read(path, &image, &block, err);
    for (int32_t y = 0; status == FW_OK && y < image.height; y++) {
        const volatile uint8_t *row = image.data[0] + y * image.stride[0];
        (void)row[fw_format_row_bytes(image.format, 0, image.width) - 1];
    }
    if (status == FW_OK)
        free(block);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char tail[64];
    char path[4096];
    struct fw_error err = { 0 };
    if (size == 0)
        return 0;
    const char *kind = kinds[data[0] % FW_COUNT(kinds)];
    (void)snprintf(tail, sizeof(tail), "framewheel-fuzz-XXXXXX.%s", kind);
    fw_temp_name(path, sizeof(path), tail);
    int file = mkstemps(path, (int)strlen(kind) + 1);
    FW_CHECK(file >= 0 && write(file, data + 1, size - 1) == (ssize_t)size - 1);
    (void)close(file);
    bool png = strcmp(kind, "png") == 0;
    int status = png ? read_png(path, &err) : read_3d(path, &err);
    FW_CHECK(status == FW_OK || (err.status == status && err.text[0]));
    if (!png) {
        err = (struct fw_error){ 0 };
        status = read_1d(path, &err);
        FW_CHECK(status == FW_OK || (err.status == status && err.text[0]));
    }
    (void)unlink(path);
    return 0;
}
