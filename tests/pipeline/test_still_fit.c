/* Which format a kind of picture takes for another, and what it says that it loses. */
#include "pipeline/still.h"

#include "filters/format.h"

#include <criterion/criterion.h>

#include <string.h>

static void fits(enum fw_still_kind kind, const char *have, const char *want, const char *loss)
{
    struct fw_losses losses = { 0 };
    const struct fw_still_wish wish = { .kind = kind };
    const struct fw_video video = { .format = fw_format_find(have) };
    const struct fw_format *format = fw_still_fit(&wish, &video, NULL, &losses);
    cr_assert_str_eq(format->name, want, "%s in %s: %s", have, fw_still_kind_name(kind),
                     format->name);
    cr_assert_eq(losses.count, loss ? 1 : 0, "%s in %s: %u", have, fw_still_kind_name(kind),
                 losses.count);
    if (loss)
        cr_assert(strstr(losses.items[0].detail, loss), "%s", losses.items[0].detail);
    fw_losses_deinit(&losses);
}

Test(still_fit, formats_are_the_nearest)
{
    fits(FW_STILL_TIFF, "yuv420p", "rgb24", NULL);
    fits(FW_STILL_TIFF, "yuv420p10le", "rgb48le", NULL);
    fits(FW_STILL_TIFF, "gbrpf32le", "rgb48le", "float");
    fits(FW_STILL_TIFF, "gray10le", "gray16le", NULL);
    fits(FW_STILL_TIFF, "pal8", "rgba", NULL);
    fits(FW_STILL_BMP, "rgb48le", "bgr24", "16 bits");
    fits(FW_STILL_BMP, "pal8", "bgra", NULL);
    fits(FW_STILL_BMP, "gray", "gray", NULL);
    fits(FW_STILL_PNM, "rgba", "rgb24", "alpha");
    fits(FW_STILL_PNM, "rgb48be", "rgb48be", NULL);
    fits(FW_STILL_PAM, "bgra", "rgba", NULL);
    fits(FW_STILL_EXR, "rgb48le", "gbrpf32le", "codes of sRGB");
    fits(FW_STILL_EXR, "rgba", "gbrapf32le", "codes of sRGB");
    fits(FW_STILL_EXR, "gbrpf32le", "gbrpf32le", NULL);
    fits(FW_STILL_FARBFELD, "gray", "rgba64le", NULL);
    fits(FW_STILL_QOI, "rgba64le", "rgba", "16 bits");
    fits(FW_STILL_GIF, "yuv420p", "rgb24", NULL);
    fits(FW_STILL_WEBP, "rgb48le", "rgb24", "16 bits");
    fits(FW_STILL_WEBP, "yuv420p", "rgb24", NULL);
}

static uint32_t transfers(enum fw_still_kind kind, const struct fw_still_head *source,
                          uint8_t transfer, const char *format)
{
    struct fw_losses losses = { 0 };
    uint32_t count = 0;
    const struct fw_still_wish wish = { .kind = kind };
    const struct fw_video video = { .format = fw_format_find(format),
                                    .color = { .transfer = transfer } };
    (void)fw_still_fit(&wish, &video, source, &losses);
    for (uint32_t i = 0; i < losses.count; i++)
        count += strcmp(losses.items[i].kind, "transfer") == 0;
    fw_losses_deinit(&losses);
    return count;
}

/* Samples of EXR mean light, those of other kinds codes. */
Test(still_fit, another_meaning_of_the_samples_is_told)
{
    const struct fw_still_head exr = { .kind = FW_STILL_EXR, .bit_depth = 32 };
    const struct fw_still_head png = { .kind = FW_STILL_PNG, .bit_depth = 8 };
    cr_expect_eq(transfers(FW_STILL_PNG, &exr, 2, "gbrpf32le"), 1);
    cr_expect_eq(transfers(FW_STILL_PNG, &exr, 8, "rgb24"), 1);
    cr_expect_eq(transfers(FW_STILL_PNG, &exr, 13, "rgb24"), 0, "a filter made codes of it");
    cr_expect_eq(transfers(FW_STILL_EXR, &exr, 8, "gbrpf32le"), 0);
    cr_expect_eq(transfers(FW_STILL_EXR, &png, 2, "gbrpf32le"), 1);
    cr_expect_eq(transfers(FW_STILL_EXR, &png, 8, "gbrpf32le"), 0, "a filter made light of it");
    cr_expect_eq(transfers(FW_STILL_JPEG, NULL, 8, "gbrpf32le"), 1);
    cr_expect_eq(transfers(FW_STILL_PNG, &png, 8, "rgb24"), 0, "its note says so");
}
