/* Frames that go nowhere: every cost but that of an output. */
#include "sink_impl.h"

static int null_open(struct fw_sink *sink, struct fw_error *err)
{
    (void)sink;
    (void)err;
    return FW_OK;
}

static int null_frame(struct fw_sink *sink, const struct fw_frame_info *info, const void *base,
                      const void *blob, struct fw_error *err)
{
    (void)info;
    (void)base;
    (void)blob;
    (void)err;
    fw_sink_count_packet(sink);
    return FW_OK;
}

const struct fw_sink_kind fw_sink_null = {
    .open = null_open,
    .frame = null_frame,
};
