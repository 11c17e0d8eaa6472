/* null: passes frames on untouched. */
#include "filter.h"

static const struct fw_option null_options[] = { { .name = NULL } };

static int null_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                          struct fw_caps *caps, struct fw_error *err)
{
    (void)self;
    (void)err;
    *out = *in;
    caps->flags |= FW_CAPS_IDENTITY | FW_CAPS_IN_PLACE | FW_CAPS_BANDS;
    return FW_OK;
}

static int null_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                        struct fw_error *err)
{
    (void)self;
    (void)in;
    (void)out;
    (void)scratch;
    (void)err;
    return FW_IDENTITY;
}

const struct fw_filter fw_filter_null = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "null",
    .summary = "pass frames on untouched",
    .options = null_options,
    .negotiate = null_negotiate,
    .process = null_process,
};
