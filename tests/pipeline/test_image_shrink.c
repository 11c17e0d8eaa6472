/* When a decoder may shrink for the first filter, and what the chain is then. */
#include "pipeline/image_shrink.h"

#include "filters/format.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct fw_video photo(int32_t width, int32_t height)
{
    return (struct fw_video){ .format = fw_format_find("yuvj420p"),
                              .width = width,
                              .height = height,
                              .sample_aspect = { 0, 1 },
                              .time_base = { 1, 1000000 } };
}

static void expect(const char *chain, uint32_t orientation, uint32_t shrink, const char *pinned)
{
    const struct fw_video whole = photo(6000, 4000);
    const struct fw_still_head head = { .width = 6000, .height = 4000, .orientation = orientation };
    struct fw_error err = { 0 };
    uint32_t found = 0;
    char *text = NULL;
    cr_assert_eq(fw_shrink_find(chain, &head, &whole, NULL, &found, &text, &err), FW_OK, "%s: %s",
                 chain, err.text);
    cr_expect_eq(found, shrink, "%s: %u", chain, found);
    if (pinned)
        cr_expect_str_eq(text, pinned, "%s: %s", chain, text ? text : "(none)");
    else
        cr_expect_null(text, "%s: %s", chain, text);
    free(text);
}

Test(image_shrink, much_smaller_sizes_are_written_out)
{
    expect("scale=iw/4:-1", 1, 2, "scale=w=1500:h=1000");
    expect("scale=iw/8:-1", 1, 4, "scale=w=750:h=500");
    expect("scale=iw/64:-1:flags=lanczos,unsharp", 1, 8, "scale=w=93:h=62:flags=lanczos,unsharp");
    expect("scale=w=300:h=200,negate", 1, 8, "scale=w=300:h=200,negate");
    expect("thumb=320x320", 1, 8, "thumb=size=320x213:mode=fill:enlarge=1");
    expect("scale=640x640:force_original_aspect_ratio=decrease", 1, 4, "scale=w=640:h=427");
}

Test(image_shrink, the_first_filter_sees_the_picture_upright)
{
    expect("scale=1000:-1", 1, 2, "scale=w=1000:h=667");
    expect("scale=1000:-1", 6, 2, "scale=w=1000:h=1500");
    expect("thumb=320x320", 8, 8, "thumb=size=213x320:mode=fill:enlarge=1");
}

Test(image_shrink, all_else_is_decoded_whole)
{
    expect("scale=iw/2:-1", 1, 1, NULL);
    expect("scale=iw/3.9:-1", 1, 1, NULL);
    expect("unsharp,scale=300:200", 1, 1, NULL);
    expect("crop=100:100,scale=10:10", 1, 1, NULL);
    expect("thumb=320x320:mode=crop", 1, 1, NULL);
    expect("thumb=320x320:crop", 1, 1, NULL);
    expect("scale=iw/8:-1:enable='lt(n,1)'", 1, 1, NULL);
    expect("[in]scale=300:200[out]", 1, 1, NULL);
    expect("scale='iw/8':-1", 1, 1, NULL);
    expect("scale2ref", 1, 1, NULL);
    expect("", 1, 1, NULL);
    expect(NULL, 1, 1, NULL);
}
