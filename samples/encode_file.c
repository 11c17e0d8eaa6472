/* Filters one video into another with libframewheel: encode_file IN OUT FILTERS
 *
 *   cc encode_file.c $(pkg-config --cflags --libs framewheel) -o encode_file
 *   ./encode_file clips/sintel.mp4 out.mkv "hflip,negate"
 */
#include <framewheel/framewheel.h>

#include <stdio.h>

static void on_progress(void *user, const struct fw_progress *progress)
{
    (void)user;
    (void)fprintf(stderr, "\r%llu frames, %.1f a second", (unsigned long long)progress->frames,
                  progress->fps);
}

static void on_message(void *user, enum fw_message_level level, const char *text)
{
    (void)user;
    if (level <= FW_MESSAGE_WARNING)
        (void)fprintf(stderr, "%s\n", text);
}

int main(int argc, char **argv)
{
    struct fw_error err = { 0 };
    struct fw_job *job = NULL;
    const struct fw_events events = { .struct_size = sizeof(events),
                                      .progress = on_progress,
                                      .message = on_message };
    if (argc != 4) {
        (void)fprintf(stderr, "usage: encode_file IN OUT FILTERS\n");
        return 2;
    }
    int status = fw_job_create(&job, &err);
    if (status == FW_OK)
        status = fw_job_set(job, "input", argv[1], &err);
    if (status == FW_OK)
        status = fw_job_set(job, "output", argv[2], &err);
    if (status == FW_OK)
        status = fw_job_set(job, "vf", argv[3], &err);
    if (status == FW_OK)
        status = fw_job_run(job, &events, &err);
    if (status == FW_OK)
        (void)printf("%s\n", fw_job_report(job));
    else
        (void)fprintf(stderr, "encode_file: %s\n", err.text);
    fw_job_destroy(job);
    return fw_status_exit_code(status);
}
