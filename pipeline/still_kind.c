/* The kinds of picture files: their first bytes, names and extensions. */
#include "still.h"

#include "filters/check.h"

#include <string.h>
#include <strings.h>

struct kind_row {
    enum fw_still_kind kind;
    const char *name;
    const char *extensions; /* the usual one first */
};

static const struct kind_row kinds[] = {
    { FW_STILL_PNG, "PNG", "png apng" },
    { FW_STILL_JPEG, "JPEG", "jpg jpeg jpe jfif" },
    { FW_STILL_WEBP, "WebP", "webp" },
    { FW_STILL_TIFF, "TIFF", "tif tiff" },
    { FW_STILL_BMP, "BMP", "bmp dib" },
    { FW_STILL_GIF, "GIF", "gif" },
    { FW_STILL_PNM, "PNM", "ppm pgm pbm pnm" },
    { FW_STILL_PAM, "PAM", "pam" },
    { FW_STILL_EXR, "EXR", "exr" },
    { FW_STILL_FARBFELD, "Farbfeld", "ff farbfeld" },
    { FW_STILL_QOI, "QOI", "qoi" },
};

/* What a file starts with. */
struct magic {
    size_t offset;
    const char *bytes;
    size_t count;
    enum fw_still_kind kind;
    const char *foreign; /* a picture, but not one of ours */
};
#define MAGIC(offset, text, kind, foreign)                                                         \
    {                                                                                              \
        offset, text, sizeof(text) - 1, kind, foreign                                              \
    }

static const struct magic magics[] = {
    MAGIC(0, "\x89PNG\r\n\x1a\n", FW_STILL_PNG, NULL),
    MAGIC(0, "\xff\xd8\xff", FW_STILL_JPEG, NULL),
    MAGIC(0, "GIF87a", FW_STILL_GIF, NULL),
    MAGIC(0, "GIF89a", FW_STILL_GIF, NULL),
    MAGIC(8, "CR\2", FW_STILL_NONE, "Canon CR2"), /* which starts as a TIFF does */
    MAGIC(0, "II*\0", FW_STILL_TIFF, NULL),
    MAGIC(0, "MM\0*", FW_STILL_TIFF, NULL),
    MAGIC(0, "\x76\x2f\x31\x01", FW_STILL_EXR, NULL),
    MAGIC(0, "farbfeld", FW_STILL_FARBFELD, NULL),
    MAGIC(0, "qoif", FW_STILL_QOI, NULL),
    MAGIC(0, "II+\0", FW_STILL_NONE, "BigTIFF"),
    MAGIC(0, "MM\0+", FW_STILL_NONE, "BigTIFF"),
    MAGIC(4, "ftypavif", FW_STILL_NONE, "AVIF"),
    MAGIC(4, "ftypavis", FW_STILL_NONE, "AVIF"),
    MAGIC(4, "ftyphei", FW_STILL_NONE, "HEIF"),
    MAGIC(4, "ftyphev", FW_STILL_NONE, "HEIF"),
    MAGIC(4, "ftypmif1", FW_STILL_NONE, "HEIF"),
    MAGIC(4, "ftypcrx", FW_STILL_NONE, "Canon CR3"),
    MAGIC(0, "\xff\x0a", FW_STILL_NONE, "JPEG XL"),
    MAGIC(0, "\0\0\0\x0cJXL ", FW_STILL_NONE, "JPEG XL"),
    MAGIC(0, "\0\0\0\x0cjP  ", FW_STILL_NONE, "JPEG 2000"),
    MAGIC(0, "\xff\x4f\xff\x51", FW_STILL_NONE, "JPEG 2000"),
    MAGIC(0, "8BPS", FW_STILL_NONE, "Photoshop"),
    MAGIC(0, "gimp xcf", FW_STILL_NONE, "XCF"),
    MAGIC(0, "DDS ", FW_STILL_NONE, "DDS"),
    MAGIC(0, "SIMPLE  =", FW_STILL_NONE, "FITS"),
    MAGIC(0, "#?RADIANCE", FW_STILL_NONE, "Radiance HDR"),
    MAGIC(0, "<svg", FW_STILL_NONE, "SVG"),
    MAGIC(0, "IIRO", FW_STILL_NONE, "Olympus ORF"),
    MAGIC(0, "IIU\0", FW_STILL_NONE, "Panasonic RW2"),
    MAGIC(0, "FUJIFILMCCD-RAW", FW_STILL_NONE, "Fujifilm RAF"),
};

static const struct kind_row *row_of(enum fw_still_kind kind)
{
    for (size_t i = 0; i < FW_COUNT(kinds); i++) {
        if (kinds[i].kind == kind)
            return &kinds[i];
    }
    return NULL;
}

const char *fw_still_kind_name(enum fw_still_kind kind)
{
    const struct kind_row *row = row_of(kind);
    return row ? row->name : "no picture";
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '#';
}

static uint32_t little(const uint8_t *bytes, uint32_t width)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < width; i++)
        value |= (uint32_t)bytes[i] << 8 * i;
    return value;
}

/* Two letters start many a text: the header that follows them decides. */
static bool looks_like_bmp(const uint8_t *bytes, size_t count)
{
    if (count < 26 || bytes[0] != 'B' || bytes[1] != 'M')
        return false;
    uint32_t header = little(bytes + 14, 4);
    uint32_t pixels = little(bytes + 10, 4);
    return header >= 12 && header <= 256 && pixels >= 14 + header;
}

enum fw_still_kind fw_still_sniff(const uint8_t *bytes, size_t count, const char **foreign_out)
{
    if (foreign_out)
        *foreign_out = NULL;
    for (size_t i = 0; i < FW_COUNT(magics); i++) {
        const struct magic *magic = &magics[i];
        if (magic->offset + magic->count > count ||
            memcmp(bytes + magic->offset, magic->bytes, magic->count) != 0)
            continue;
        if (foreign_out)
            *foreign_out = magic->foreign;
        return magic->kind;
    }
    if (count >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0)
        return FW_STILL_WEBP;
    if (looks_like_bmp(bytes, count))
        return FW_STILL_BMP;
    if (count >= 8 && bytes[0] == 'P' && is_space(bytes[2])) {
        if (bytes[1] >= '1' && bytes[1] <= '6')
            return FW_STILL_PNM;
        if (bytes[1] == '7')
            return FW_STILL_PAM;
    }
    return FW_STILL_NONE;
}

enum fw_still_kind fw_still_kind_of_word(const char *word)
{
    size_t bytes = strlen(word);
    for (size_t i = 0; i < FW_COUNT(kinds); i++) {
        const char *at = kinds[i].extensions;
        while (*at) {
            size_t long_as = strcspn(at, " ");
            if (long_as == bytes && strncasecmp(at, word, bytes) == 0)
                return kinds[i].kind;
            at += long_as + (at[long_as] == ' ');
        }
    }
    return FW_STILL_NONE;
}

enum fw_still_kind fw_still_kind_of_name(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *dot = strrchr(slash ? slash + 1 : name, '.');
    return dot ? fw_still_kind_of_word(dot + 1) : FW_STILL_NONE;
}

const char *fw_still_extension(enum fw_still_kind kind)
{
    static const char *const usual[] = {
        [FW_STILL_PNG] = "png",     [FW_STILL_JPEG] = "jpg", [FW_STILL_WEBP] = "webp",
        [FW_STILL_TIFF] = "tif",    [FW_STILL_BMP] = "bmp",  [FW_STILL_GIF] = "gif",
        [FW_STILL_PNM] = "ppm",     [FW_STILL_PAM] = "pam",  [FW_STILL_EXR] = "exr",
        [FW_STILL_FARBFELD] = "ff", [FW_STILL_QOI] = "qoi",
    };
    return kind < FW_COUNT(usual) && usual[kind] ? usual[kind] : "";
}
