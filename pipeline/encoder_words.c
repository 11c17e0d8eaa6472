/* Words that x264 and x265 know. Both print to the terminal when they meet another one, and a sink
 * may not print. */
#include "encoder_options.h"

#include <stdio.h>
#include <string.h>

#include "filters/check.h"
#include "filters/suggest.h"

struct words {
    const char *encoder; /* the beginning of its name */
    const char *option;
    bool list; /* several, joined by ',' or '+' */
    const char *words;
};

static const struct words rows[] = {
    { "libx264", "preset", false,
      "ultrafast superfast veryfast faster fast medium slow slower veryslow placebo "
      "0 1 2 3 4 5 6 7 8 9" },
    { "libx264", "tune", true,
      "film animation grain stillimage psnr ssim fastdecode zerolatency touhou" },
    { "libx264", "profile", false, "baseline main high high10 high422 high444" },
    { "libx265", "preset", false,
      "ultrafast superfast veryfast faster fast medium slow slower veryslow placebo "
      "0 1 2 3 4 5 6 7 8 9" },
    { "libx265", "tune", false, "psnr ssim grain zerolatency fastdecode animation" },
};

/* The next word of `*text`, which moves behind it; an empty one at the end. */
static void next_word(const char **text, const char *separators, char *word, size_t room)
{
    *text += strspn(*text, separators);
    size_t bytes = strcspn(*text, separators);
    (void)snprintf(word, room, "%.*s", (int)(bytes < room ? bytes : room - 1), *text);
    *text += bytes;
}

static bool is_known(const struct words *row, const char *value, struct fw_suggestion *near)
{
    const char *rest = row->words;
    char word[32];
    for (next_word(&rest, " ", word, sizeof(word)); word[0];
         next_word(&rest, " ", word, sizeof(word))) {
        if (strcmp(word, value) == 0)
            return true;
        fw_suggest_offer(near, word);
    }
    return false;
}

static int check_row(const struct words *row, const char *value, struct fw_error *err)
{
    int status = FW_OK;
    const char *rest = value;
    char word[64];
    const char *separators = row->list ? ",+./-" : "";
    for (next_word(&rest, separators, word, sizeof(word)); word[0];
         next_word(&rest, separators, word, sizeof(word))) {
        struct fw_suggestion near;
        fw_suggest_init(&near, word);
        if (is_known(row, word, &near))
            continue;
        const char *best = fw_suggest_best(&near);
        status = fw_fault_add(err, "-%s %s: %s has no such %s%s%s%s; one of: %s", row->option,
                              value, row->encoder, row->option, best ? "; did you mean '" : "",
                              best ? best : "", best ? "'?" : "", row->words);
    }
    return status;
}

int fw_encoder_words_check(const struct fw_settings *settings, const AVCodec *encoder,
                           struct fw_error *err)
{
    int status = FW_OK;
    for (size_t i = 0; encoder && i < FW_COUNT(rows); i++) {
        const char *value = fw_av_option_value(settings, rows[i].option, 'v');
        if (!value || strncmp(encoder->name, rows[i].encoder, strlen(rows[i].encoder)) != 0)
            continue;
        int one = check_row(&rows[i], value, err);
        status = status < 0 ? status : one;
    }
    return status;
}
