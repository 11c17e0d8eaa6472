/* The job log: columns, appending, and what is no job log. */
#include "pipeline/joblog.h"

#include "tests/support/temp.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n"

static char path[512];
static struct fw_error err;

static void set_up(void)
{
    memset(&err, 0, sizeof(err));
    fw_temp_name(path, sizeof(path), "framewheel-joblog-XXXXXX");
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
}

static void tear_down(void)
{
    (void)unlink(path);
}

TestSuite(joblog, .init = set_up, .fini = tear_down);

static const struct fw_joblog_line line = { .sequence = 1,
                                            .started = 1700000000.5,
                                            .wall_s = 1.25,
                                            .input_bytes = 10,
                                            .output_bytes = 20,
                                            .exit_code = 4,
                                            .signal = 9,
                                            .command = "framewheel run 'a\tb' c" };

static void append(const char *where)
{
    struct fw_joblog log;
    cr_assert_eq(fw_joblog_open(&log, where, &err), FW_OK, "%s", err.text);
    cr_assert_eq(fw_joblog_append(&log, &line, &err), FW_OK, "%s", err.text);
    fw_joblog_close(&log);
}

static void expect_text(const char *wanted)
{
    char seen[2048] = "";
    int fd = open(path, O_RDONLY);
    cr_assert_geq(read(fd, seen, sizeof(seen) - 1), 0);
    close(fd);
    cr_expect_str_eq(seen, wanted);
}

Test(joblog, the_columns_are_those_of_gnu_parallel)
{
    char row[512];
    char text[2048];
    char host[256] = "";
    (void)gethostname(host, sizeof(host) - 1);
    (void)snprintf(row, sizeof(row),
                   "1\t%s\t1700000000.500\t1.250\t10\t20\t4\t9\tframewheel run 'a'$'\\011''b' c\n",
                   host);
    append(path);
    append(path);
    (void)snprintf(text, sizeof(text), HEAD "%s%s", row, row);
    expect_text(text);
    /* What a killed run left half written stays a line of its own. */
    cr_assert_eq(truncate(path, (off_t)(strlen(HEAD) + strlen(row) + 5)), 0);
    append(path);
    (void)snprintf(text, sizeof(text), HEAD "%s%.5s\n%s", row, row, row);
    expect_text(text);
}

Test(joblog, another_file_is_left_alone)
{
    struct fw_joblog log;
    FILE *file = fopen(path, "w");
    fputs("precious\n", file);
    fclose(file);
    cr_expect_eq(fw_joblog_open(&log, path, &err), FW_ERR_OUTPUT);
    cr_expect_not_null(strstr(err.text, "is no job log"), "%s", err.text);
    expect_text("precious\n");
    memset(&err, 0, sizeof(err));
    cr_expect_eq(fw_joblog_open(&log, "/nonexistent/log", &err), FW_ERR_OUTPUT);
}

Test(joblog, a_full_disk_is_said)
{
    struct fw_joblog log;
    cr_expect_eq(fw_joblog_open(&log, "/dev/full", &err), FW_ERR_OUTPUT);
    cr_expect_not_null(strstr(err.text, "No space left"), "%s", err.text);
}
