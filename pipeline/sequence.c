/* The files behind a pattern or a folder. */
#include "sequence.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "natural.h"
#include "publish_path.h"
#include "settings_parse.h"

#define FILES_MAX (UINT64_C(1) << 27)  /* of a folder */
#define FRAMES_MAX (UINT64_C(1) << 31) /* with held ones */
#define OWN_PREFIX ".framewheel-"

static int fail_at(const char *path, const char *what, struct fw_error *err)
{
    char shown[FW_SHOWN_BYTES];
    return fw_fail(err, FW_ERR_INPUT, "%s: %s", fw_path_shown(path, shown, sizeof(shown)), what);
}

/* ---- what the name means ------------------------------------------------------------------ */

/* FW_OK: pictures; FW_END: something else, which may not even exist. */
static int recognize_name(const char *path, struct fw_error *err)
{
    struct fw_pattern pattern;
    struct stat status;
    if (path == NULL || strcmp(path, "-") == 0)
        return FW_END;
    if (stat(path, &status) == 0)
        return S_ISDIR(status.st_mode) ? FW_OK : FW_END;
    /* A link that leads nowhere is a name, too. */
    if (lstat(path, &status) == 0)
        return FW_END;
    return fw_pattern_parse(&pattern, fw_path_name(path), err);
}

/* Options of pictures, and no pictures. */
static int check_unused(const struct fw_settings *settings, struct fw_error *err)
{
    struct fw_pattern pattern;
    enum fw_still_kind kind;
    if (settings->gaps != FW_GAPS_ERROR && !settings->pictures)
        return fw_fail(err, FW_ERR_USAGE, "--gaps is for numbered pictures as input");
    if (settings->start_number_plus1 == 0 || settings->pictures ||
        fw_sequence_output(settings, &pattern, &kind, NULL) == FW_OK)
        return FW_OK;
    return fw_fail(err, FW_ERR_USAGE,
                   "-start_number is for numbered pictures\n"
                   "hint: name them as in 'shot-%%05d.png'");
}

static int set_rate(struct fw_settings *settings, struct fw_error *err)
{
    settings->picture_rate = (struct fw_rational){ 25, 1 };
    if (settings->rate.num > 0 && settings->rate.den > 0)
        settings->picture_rate = settings->rate;
    else if (settings->raw_rate != NULL &&
             !fw_parse_rate(settings->raw_rate, &settings->picture_rate))
        return fw_fail(err, FW_ERR_USAGE,
                       "-framerate '%s': a rate is wanted: 25, 30000/1001, ntsc, 23.976",
                       settings->raw_rate);
    return FW_OK;
}

int fw_sequence_recognize(struct fw_settings *settings, struct fw_error *err)
{
    int status = settings->input_format == NULL ? recognize_name(settings->input, err) : FW_END;
    if (status < 0)
        return status;
    settings->pictures = status == FW_OK;
    status = settings->pictures ? set_rate(settings, err) : FW_OK;
    return status < 0 ? status : check_unused(settings, err);
}

/* ---- the list ----------------------------------------------------------------------------- */

/* A place for one more number or name. */
static int grow(struct fw_sequence *sequence, struct fw_error *err)
{
    if (sequence->count < sequence->room)
        return FW_OK;
    size_t room = sequence->room ? sequence->room * 2 : 256;
    if (room > FILES_MAX)
        return fw_fail(err, FW_ERR_LIMIT, "there are more than %llu files",
                       (unsigned long long)FILES_MAX / 2);
    void *grown = sequence->numbered
                      ? (void *)reallocarray(sequence->numbers, room, sizeof(uint64_t))
                      : (void *)reallocarray(sequence->names, room, sizeof(char *));
    if (grown == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a list of files");
    if (sequence->numbered)
        sequence->numbers = grown;
    else
        sequence->names = grown;
    sequence->room = room;
    return FW_OK;
}

/* Folders, pipes and devices are no files; what is behind a link counts. */
static bool is_file(int dir_fd, const struct dirent *entry)
{
    struct stat status;
    if (entry->d_type == DT_REG)
        return true;
    if (entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN)
        return false;
    return fstatat(dir_fd, entry->d_name, &status, 0) == 0 && S_ISREG(status.st_mode);
}

static int add_name(struct fw_sequence *sequence, const char *name, struct fw_error *err)
{
    if (fw_still_kind_of_name(name) == FW_STILL_NONE) {
        sequence->left_out++;
        return FW_OK;
    }
    int status = grow(sequence, err);
    if (status < 0)
        return status;
    char *copy = strdup(name);
    if (copy == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a list of files");
    sequence->names[sequence->count++] = copy;
    return FW_OK;
}

static int add_entry(struct fw_sequence *sequence, const struct fw_settings *settings,
                     const struct dirent *entry, struct fw_error *err)
{
    uint64_t number = 0;
    const char *name = entry->d_name;
    if (strncmp(name, OWN_PREFIX, strlen(OWN_PREFIX)) == 0)
        return FW_OK;
    if (!sequence->numbered)
        return is_file(sequence->dir_fd - 1, entry) ? add_name(sequence, name, err) : FW_OK;
    if (!fw_pattern_match(&sequence->pattern, name, &number) ||
        (settings->start_number_plus1 > 0 && number < settings->start_number_plus1 - 1) ||
        !is_file(sequence->dir_fd - 1, entry))
        return FW_OK;
    int status = grow(sequence, err);
    if (status == FW_OK)
        sequence->numbers[sequence->count++] = number;
    return status;
}

static int read_folder(struct fw_sequence *sequence, const struct fw_settings *settings,
                       struct fw_error *err)
{
    int status = FW_OK;
    int fd = fcntl(sequence->dir_fd - 1, F_DUPFD_CLOEXEC, 3);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (folder == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return fail_at(settings->input, strerrordesc_np(errno), err);
    }
    errno = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL && status == FW_OK;
         entry = readdir(folder)) {
        status = add_entry(sequence, settings, entry, err);
        errno = 0;
    }
    if (status == FW_OK && errno != 0)
        status = fail_at(settings->input, strerrordesc_np(errno), err);
    (void)closedir(folder);
    return status;
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static int by_name(const void *a, const void *b)
{
    return fw_natural_compare(*(char *const *)a, *(char *const *)b);
}

/* ---- gaps --------------------------------------------------------------------------------- */

static int fail_missing(const struct fw_sequence *sequence, uint64_t number, const char *hint,
                        struct fw_error *err)
{
    char name[FW_PATTERN_BYTES + 1];
    char shown[FW_SHOWN_BYTES];
    if (fw_pattern_format(&sequence->pattern, number, name, sizeof(name), NULL) < 0)
        name[0] = '\0';
    return fw_fail(err, FW_ERR_INPUT, "number %llu is missing: there is no %s%s",
                   (unsigned long long)number, fw_path_shown(name, shown, sizeof(shown)), hint);
}

static int check_numbers(struct fw_sequence *sequence, const struct fw_settings *settings,
                         struct fw_error *err)
{
    const uint64_t *numbers = sequence->numbers;
    sequence->first = numbers[0];
    if (settings->start_number_plus1 > 0 && numbers[0] != settings->start_number_plus1 - 1)
        return fail_missing(sequence, settings->start_number_plus1 - 1,
                            "\nhint: without -start_number the lowest number is the first", err);
    for (size_t i = 1; i < sequence->count && settings->gaps == FW_GAPS_ERROR; i++) {
        if (numbers[i] != numbers[i - 1] + 1)
            return fail_missing(sequence, numbers[i - 1] + 1,
                                "\nhint: --gaps hold shows the picture before it once more", err);
    }
    sequence->frames = numbers[sequence->count - 1] - numbers[0] + 1;
    if (sequence->frames > FRAMES_MAX)
        return fw_fail(err, FW_ERR_LIMIT, "%s: from number %llu to %llu are too many pictures",
                       settings->input, (unsigned long long)numbers[0],
                       (unsigned long long)numbers[sequence->count - 1]);
    return FW_OK;
}

static int settle(struct fw_sequence *sequence, const struct fw_settings *settings,
                  struct fw_error *err)
{
    if (sequence->count == 0)
        return fail_at(settings->input,
                       sequence->numbered ? "no such file, and no numbered ones"
                                          : "there are no pictures in this folder",
                       err);
    if (sequence->numbered) {
        qsort(sequence->numbers, sequence->count, sizeof(uint64_t), by_number);
        return check_numbers(sequence, settings, err);
    }
    qsort(sequence->names, sequence->count, sizeof(char *), by_name);
    sequence->frames = sequence->count;
    return FW_OK;
}

/* ---- the whole ---------------------------------------------------------------------------- */

/* The folder of the pictures; FW_END: the name is a folder itself. */
static int open_folder(struct fw_sequence *sequence, const char *path, struct fw_error *err)
{
    struct stat status;
    const char *name = fw_path_name(path);
    bool whole = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
    char *folder = whole          ? strdup(path)
                   : name == path ? strdup(".")
                                  : strndup(path, (size_t)(name - path));
    if (folder == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a file name");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = errno;
    free(folder);
    if (fd < 0)
        return fail_at(path, strerrordesc_np(error), err);
    sequence->dir_fd = fd + 1;
    return whole ? FW_END : FW_OK;
}

int fw_sequence_open(struct fw_sequence *sequence, const struct fw_settings *settings,
                     struct fw_error *err)
{
    memset(sequence, 0, sizeof(*sequence));
    int status = open_folder(sequence, settings->input, err);
    sequence->numbered = status == FW_OK;
    if (sequence->numbered)
        status = fw_pattern_parse(&sequence->pattern, fw_path_name(settings->input), err);
    else if (status == FW_END && settings->gaps != FW_GAPS_ERROR)
        status = fw_fail(err, FW_ERR_USAGE,
                         "--gaps is for numbered pictures; a folder has no numbers\n"
                         "hint: name them as in 'shot-%%05d.png'");
    else if (status == FW_END)
        status = FW_OK;
    if (status == FW_OK)
        status = read_folder(sequence, settings, err);
    if (status == FW_OK)
        status = settle(sequence, settings, err);
    if (status != FW_OK)
        fw_sequence_close(sequence);
    return status;
}

void fw_sequence_close(struct fw_sequence *sequence)
{
    for (size_t i = 0; sequence->names != NULL && i < sequence->count; i++)
        free(sequence->names[i]);
    free(sequence->names);
    free(sequence->numbers);
    if (sequence->dir_fd > 0)
        (void)close(sequence->dir_fd - 1);
    memset(sequence, 0, sizeof(*sequence));
}

int fw_sequence_name(const struct fw_sequence *sequence, uint64_t index, char *name,
                     bool *repeat_out)
{
    *repeat_out = false;
    if (index >= sequence->frames)
        return FW_END;
    if (!sequence->numbered) {
        (void)snprintf(name, FW_PATTERN_BYTES + 1, "%s", sequence->names[index]);
        return FW_OK;
    }
    /* The last number that is not above the wanted one. */
    size_t low = 0;
    size_t high = sequence->count;
    uint64_t wanted = sequence->first + index;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (sequence->numbers[middle] <= wanted)
            low = middle;
        else
            high = middle;
    }
    *repeat_out = sequence->numbers[low] != wanted;
    return fw_pattern_format(&sequence->pattern, sequence->numbers[low], name, FW_PATTERN_BYTES + 1,
                             NULL);
}

/* ---- outputs ------------------------------------------------------------------------------ */

int fw_sequence_output(const struct fw_settings *settings, struct fw_pattern *pattern_out,
                       enum fw_still_kind *kind_out, struct fw_error *err)
{
    const char *output = settings->output;
    if (settings->null_output || output == NULL || strcmp(output, "-") == 0 ||
        (settings->format != NULL && strcmp(settings->format, "image2") != 0))
        return FW_END;
    *kind_out = fw_still_kind_of_name(output);
    if (*kind_out == FW_STILL_NONE)
        return FW_END;
    return fw_pattern_parse(pattern_out, fw_path_name(output), err);
}

uint64_t fw_sequence_output_first(const struct fw_settings *settings)
{
    return settings->start_number_plus1 > 0 ? settings->start_number_plus1 - 1 : 1;
}

/* Whether one of the pictures is the file `name` of the folder. */
static bool holds(const struct fw_sequence *sequence, const char *name)
{
    uint64_t number = 0;
    bool held = false;
    if (sequence->numbered)
        return fw_pattern_match(&sequence->pattern, name, &number) &&
               bsearch(&number, sequence->numbers, sequence->count, sizeof(number), by_number);
    for (size_t i = 0; i < sequence->count && !held; i++)
        held = strcmp(sequence->names[i], name) == 0;
    return held;
}

/* Whether the output's pattern makes the name of one of them. */
static bool collides(const struct fw_sequence *sequence, const struct fw_pattern *pattern)
{
    char name[FW_PATTERN_BYTES + 1];
    uint64_t number = 0;
    bool repeat = false;
    bool found = false;
    for (uint64_t i = 0; i < sequence->frames && !found; i++)
        found = fw_sequence_name(sequence, i, name, &repeat) == FW_OK && !repeat &&
                fw_pattern_match(pattern, name, &number);
    return found;
}

int fw_sequence_spare(const struct fw_sequence *sequence, const struct fw_settings *settings,
                      struct fw_error *err)
{
    struct fw_pattern pattern;
    enum fw_still_kind kind;
    struct stat in, out;
    char shown[FW_SHOWN_BYTES];
    int dir_fd = -1;
    if (settings->null_output || settings->output == NULL || strcmp(settings->output, "-") == 0 ||
        fw_path_open_folder(settings->output, &dir_fd, NULL) < 0)
        return FW_OK; /* what is wrong with it is told where it is opened */
    bool same = fstat(sequence->dir_fd - 1, &in) == 0 && fstat(dir_fd, &out) == 0 &&
                in.st_dev == out.st_dev && in.st_ino == out.st_ino;
    (void)close(dir_fd);
    if (!same)
        return FW_OK;
    bool numbered = fw_sequence_output(settings, &pattern, &kind, NULL) == FW_OK;
    if (numbered ? !collides(sequence, &pattern) : !holds(sequence, fw_path_name(settings->output)))
        return FW_OK;
    return fw_fail(err, FW_ERR_USAGE,
                   "%s is among the pictures that are read\nhint: give the output another name",
                   fw_path_shown(settings->output, shown, sizeof(shown)));
}
