#include "publish_pictures.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper.h"
#include "publish_path.h"
#include "sequence.h"

#define INTERRUPTED_MAX 999u

/* ---- what is there already ---------------------------------------------------------------- */

/* Which names are looked for, and what is found. */
struct search {
    const struct fw_pattern *pattern;
    uint64_t first;
    uint64_t end;             /* 0: no end */
    const struct stat *input; /* NULL: none to be protected */
    uint64_t found;           /* the lowest number */
    bool any;
    bool is_input;
};

static void look_at(struct search *search, int dir_fd, const char *name)
{
    struct stat status;
    uint64_t number = 0;
    if (!fw_pattern_match(search->pattern, name, &number) || number < search->first ||
        (search->end > 0 && number >= search->end))
        return;
    search->found = !search->any || number < search->found ? number : search->found;
    search->any = true;
    if (search->input && fstatat(dir_fd, name, &status, 0) == 0 &&
        status.st_ino == search->input->st_ino && status.st_dev == search->input->st_dev)
        search->is_input = true;
}

/* A folder that cannot be listed shows nothing; naming is careful, too. */
static void look_around(struct search *search, int dir_fd)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (folder == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        look_at(search, dir_fd, entry->d_name);
    (void)closedir(folder);
}

static int fail_exists(const char *path, const struct fw_pattern *pattern, uint64_t number,
                       struct fw_error *err)
{
    char name[FW_PATTERN_BYTES + 1] = "";
    char shown[FW_SHOWN_BYTES];
    char one[FW_SHOWN_BYTES];
    (void)!fw_pattern_format(pattern, number, name, sizeof(name), NULL);
    return fw_fail(err, FW_ERR_OUTPUT,
                   "%s: %s exists\nhint: -y to replace it, -start_number to begin elsewhere, or "
                   "choose another name",
                   fw_path_shown(path, shown, sizeof(shown)),
                   fw_path_shown(name, one, sizeof(one)));
}

int fw_output_pictures_check(const struct fw_settings *settings, const struct fw_pattern *pattern,
                             int dir_fd, int input_fd, bool *skip, struct fw_error *err)
{
    struct stat in;
    char shown[FW_SHOWN_BYTES];
    const char *path = settings->output;
    bool regular = input_fd >= 0 && fstat(input_fd, &in) == 0 && S_ISREG(in.st_mode);
    struct search search = { .pattern = pattern,
                             .first = fw_sequence_output_first(settings),
                             .input = regular ? &in : NULL };
    look_around(&search, dir_fd);
    bool certain = search.any && search.found == search.first;
    if (certain && settings->exists == FW_EXISTS_SKIP) {
        *skip = true;
        return FW_OK;
    }
    if (search.is_input)
        return fw_fail(err, FW_ERR_USAGE,
                       "%s: the input has one of these names\n"
                       "hint: give the output another name",
                       fw_path_shown(path, shown, sizeof(shown)));
    if (certain && settings->exists != FW_EXISTS_REPLACE)
        return fail_exists(path, pattern, search.found, err);
    if (faccessat(dir_fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
        return fw_output_fail(path, "its directory cannot be written", errno, err);
    return FW_OK;
}

/* ---- open --------------------------------------------------------------------------------- */

static int make_folder(struct fw_output *output, struct fw_error *err)
{
    struct fw_output_pictures *pictures = output->pictures;
    char name[64];
    fw_path_hidden(output->name, "tmp", name, sizeof(name));
    /* Under the lock, a folder of this name is what a killed run left. */
    fw_keeper_clear(output->dir_fd, name);
    if (mkdirat(output->dir_fd, name, 0700) < 0)
        return fw_output_fail(output->path, "cannot make a folder in its directory", errno, err);
    (void)snprintf(pictures->hidden_name, sizeof(pictures->hidden_name), "%s", name);
    pictures->hidden_fd = openat(output->dir_fd, name,
                                 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (pictures->hidden_fd < 0)
        return fw_output_fail(output->path, "cannot open a folder in its directory", errno, err);
    return FW_OK;
}

static int start_keeper(struct fw_output *output, struct fw_error *err)
{
    struct fw_output_pictures *pictures = output->pictures;
    const struct fw_keeper_plan plan = { .pattern = &pictures->pattern,
                                         .first = pictures->first,
                                         .dir_fd = output->dir_fd,
                                         .hidden_name = pictures->hidden_name,
                                         .hidden_fd = pictures->hidden_fd,
                                         .lock_name = output->lock_name,
                                         .lock_fd = output->lock_fd };
    return fw_keeper_start(&pictures->keeper, &plan, &output->fd, &pictures->life_fd, err);
}

int fw_output_pictures_open(struct fw_output *output, const struct fw_settings *settings,
                            const struct fw_pattern *pattern, uint64_t frames, struct fw_error *err)
{
    struct fw_output_pictures *pictures = calloc(1, sizeof(*pictures));
    if (pictures == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the output");
    output->pictures = pictures;
    pictures->pattern = *pattern;
    pictures->first = fw_sequence_output_first(settings);
    pictures->hidden_fd = pictures->life_fd = -1;
    struct search search = { .pattern = pattern,
                             .first = pictures->first,
                             .end = frames > 0 ? pictures->first + frames : 0 };
    if (settings->exists != FW_EXISTS_REPLACE)
        look_around(&search, output->dir_fd);
    if (search.any)
        return fail_exists(output->path, pattern, search.found, err);
    int status = make_folder(output, err);
    return status < 0 ? status : start_keeper(output, err);
}

/* ---- names -------------------------------------------------------------------------------- */

/* One set of names. */
struct naming {
    struct fw_output *output;
    uint32_t interrupted; /* 0: the final names; else the number of the mark */
    bool replace;
    ino_t *given; /* inodes, to be able to take names back */
    uint64_t done;
};

static int names_of(const struct naming *naming, uint64_t index, char *made, char *final,
                    struct fw_error *err)
{
    const struct fw_output_pictures *pictures = naming->output->pictures;
    int status = fw_pattern_format(&pictures->pattern, pictures->first + index, made,
                                   FW_NAME_BYTES + 1, err);
    if (status < 0)
        return status;
    if (naming->interrupted > 0)
        fw_path_interrupted(made, naming->interrupted, final, FW_NAME_BYTES + 1);
    else
        (void)snprintf(final, FW_NAME_BYTES + 1, "%s", made);
    return FW_OK;
}

/* The lowest index whose name is taken; file_count when all are free. */
static uint64_t first_taken(const struct naming *naming)
{
    const struct fw_output *output = naming->output;
    char made[FW_NAME_BYTES + 1];
    char final[FW_NAME_BYTES + 1];
    struct stat status;
    uint64_t index = 0;
    while (index < output->file_count && names_of(naming, index, made, final, NULL) == FW_OK &&
           fstatat(output->dir_fd, final, &status, AT_SYMLINK_NOFOLLOW) < 0)
        index++;
    return index;
}

/* -1 with errno. */
static int name_one(const struct naming *naming, const char *made, const char *final)
{
    int from = naming->output->pictures->hidden_fd;
    int to = naming->output->dir_fd;
    if (naming->replace)
        return renameat(from, made, to, final);
    if (renameat2(from, made, to, final, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    /* The other name goes with the folder. */
    return linkat(from, made, to, final, 0);
}

/* Names that this run gave, and that still mean its files. */
static void take_back(const struct naming *naming)
{
    const struct fw_output *output = naming->output;
    char made[FW_NAME_BYTES + 1];
    char final[FW_NAME_BYTES + 1];
    struct stat status;
    for (uint64_t i = 0; i < naming->done && !naming->replace; i++) {
        if (names_of(naming, i, made, final, NULL) == FW_OK &&
            fstatat(output->dir_fd, final, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            status.st_ino == naming->given[i])
            (void)unlinkat(output->dir_fd, final, 0);
    }
}

static int fail_naming(const struct naming *naming, const char *final, int error,
                       struct fw_error *err)
{
    char shown[FW_SHOWN_BYTES];
    if (error == EEXIST)
        return fw_fail(err, FW_ERR_OUTPUT,
                       "%s appeared during the run; it was left as it is, the result was dropped\n"
                       "hint: -y to replace it, or choose another name",
                       fw_path_shown(final, shown, sizeof(shown)));
    return fw_output_fail(naming->output->path, "cannot give a finished picture its name", error,
                          err);
}

static int name_all(struct naming *naming, struct fw_error *err)
{
    const struct fw_output *output = naming->output;
    char made[FW_NAME_BYTES + 1];
    char final[FW_NAME_BYTES + 1];
    struct stat status;
    int result = FW_OK;
    for (; naming->done < output->file_count && result == FW_OK; naming->done++) {
        result = names_of(naming, naming->done, made, final, err);
        if (result < 0)
            break;
        if (fstatat(output->pictures->hidden_fd, made, &status, AT_SYMLINK_NOFOLLOW) < 0)
            return fw_fail(err, FW_ERR_VERIFY, "picture %llu was written, and is not there",
                           (unsigned long long)naming->done);
        naming->given[naming->done] = status.st_ino;
        if (name_one(naming, made, final) < 0)
            return fail_naming(naming, final, errno, err);
    }
    return result;
}

static int fail_taken(const struct naming *naming, uint64_t index, struct fw_error *err)
{
    char made[FW_NAME_BYTES + 1];
    char final[FW_NAME_BYTES + 1];
    int status = names_of(naming, index, made, final, err);
    return status < 0 ? status : fail_naming(naming, final, EEXIST, err);
}

/* An interrupted set takes nobody's place either, unless -y: it gets a number instead. */
static int choose_names(struct naming *naming, bool interrupted, struct fw_error *err)
{
    uint64_t count = naming->output->file_count;
    naming->interrupted = interrupted ? 1 : 0;
    if (naming->replace)
        return FW_OK;
    uint64_t taken = first_taken(naming);
    while (interrupted && taken < count && naming->interrupted < INTERRUPTED_MAX) {
        naming->interrupted++;
        taken = first_taken(naming);
    }
    return taken < count ? fail_taken(naming, taken, err) : FW_OK;
}

int fw_output_pictures_commit(struct fw_output *output, bool interrupted, char *name, size_t bytes,
                              struct fw_error *err)
{
    struct naming naming = { .output = output, .replace = output->exists == FW_EXISTS_REPLACE };
    (void)snprintf(name, bytes, "%s", output->name);
    int status = choose_names(&naming, interrupted, err);
    if (status < 0)
        return status;
    if (syncfs(output->pictures->hidden_fd) < 0)
        return fw_output_fail(output->path, "cannot make the pictures durable", errno, err);
    if (output->file_count >= SIZE_MAX / sizeof(ino_t))
        return fw_fail(err, FW_ERR_LIMIT, "there are too many pictures");
    naming.given = malloc((size_t)output->file_count * sizeof(ino_t) + 1);
    if (naming.given == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory to name the pictures");
    status = name_all(&naming, err);
    if (status < 0)
        take_back(&naming);
    else if (fsync(output->dir_fd) < 0 && errno != EINVAL && errno != EROFS &&
             syncfs(output->pictures->hidden_fd) < 0)
        status = fw_output_fail(output->path, "cannot make the names durable", errno, err);
    free(naming.given);
    if (naming.interrupted > 0)
        fw_path_interrupted(output->name, naming.interrupted, name, bytes);
    return status;
}

void fw_output_pictures_close(struct fw_output *output)
{
    struct fw_output_pictures *pictures = output->pictures;
    struct fw_process_end end;
    if (pictures == NULL)
        return;
    /* It would take away what is being named. */
    fw_process_signal(&pictures->keeper, SIGKILL);
    (void)fw_process_reap(&pictures->keeper, true, &end);
    if (pictures->life_fd >= 0)
        (void)close(pictures->life_fd);
    if (pictures->hidden_fd >= 0)
        (void)close(pictures->hidden_fd);
    if (pictures->hidden_name[0])
        fw_keeper_clear(output->dir_fd, pictures->hidden_name);
    free(pictures);
    output->pictures = NULL;
}
