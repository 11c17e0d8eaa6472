/* Limits of control groups, from folders that look like the kernel's. */
#include "pipeline/cgroup.h"

#include "tests/support/temp.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[512];
static char self[640];

static void put(const char *name, const char *text)
{
    char path[1024];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file, "%s", path);
    (void)fputs(text, file);
    (void)fclose(file);
}

static void make(const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    cr_assert(mkdir(path, 0700) == 0);
}

static void open_folder(void)
{
    fw_temp_name(folder, sizeof(folder), "framewheel-cgroup-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(self, sizeof(self), "%s/self", folder);
}

static void remove_folder(void)
{
    char command[1024];
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    cr_assert(system(command) == 0);
}

TestSuite(cgroup, .init = open_folder, .fini = remove_folder);

Test(cgroup, the_own_group_and_those_above_limit)
{
    put("self", "0::/outer/inner\n");
    make("outer");
    make("outer/inner");
    put("outer/memory.max", "1000000\n");
    put("outer/memory.current", "700000\n");
    put("outer/memory.stat", "anon 100\nfile 5\ninactive_file 200000\nactive_file 7\n");
    put("outer/inner/memory.max", "max\n");
    put("outer/cpu.max", "max 100000\n");
    put("outer/inner/cpu.max", "250000 100000\n");
    cr_expect_eq(fw_cgroup_memory(folder, self), 500000u);
    cr_expect_eq(fw_cgroup_cores(folder, self), 3u);
    put("outer/inner/memory.max", "400000\n");
    cr_expect_eq(fw_cgroup_memory(folder, self), 400000u);
    put("outer/inner/memory.current", "500000\n");
    cr_expect_eq(fw_cgroup_memory(folder, self), 0u);
}

Test(cgroup, version_1_has_a_folder_for_each_controller)
{
    put("self", "12:cpuset:/other\n5:cpu,cpuacct:/job\n4:memory:/job\n");
    make("memory");
    make("memory/job");
    make("cpu");
    make("cpu/job");
    put("memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("memory/memory.usage_in_bytes", "4096\n");
    put("memory/job/memory.limit_in_bytes", "2000\n");
    put("memory/job/memory.usage_in_bytes", "1500\n");
    put("memory/job/memory.stat", "inactive_file 1\ntotal_inactive_file 300\n");
    put("cpu/cpu.cfs_quota_us", "-1\n");
    put("cpu/cpu.cfs_period_us", "100000\n");
    put("cpu/job/cpu.cfs_quota_us", "100000\n");
    put("cpu/job/cpu.cfs_period_us", "100000\n");
    cr_expect_eq(fw_cgroup_memory(folder, self), 800u);
    cr_expect_eq(fw_cgroup_cores(folder, self), 1u);
}

Test(cgroup, what_is_absent_limits_nothing)
{
    cr_expect_eq(fw_cgroup_memory(folder, self), UINT64_MAX);
    put("self", "0::/../elsewhere\nnonsense\n");
    cr_expect_eq(fw_cgroup_memory(folder, self), UINT64_MAX);
    cr_expect_eq(fw_cgroup_cores(folder, self), UINT32_MAX);
    put("memory.max", "77\n"); /* the mount's root is this group, as in a container */
    cr_expect_eq(fw_cgroup_memory(folder, self), 77u);
}
