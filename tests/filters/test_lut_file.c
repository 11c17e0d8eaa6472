/* Files of look-up tables: what they hold, and what is said of wrong ones. */
#include "lut_file.h"
#include "tests/support/temp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[4160];
static char folder[4096];

static void set_up(void)
{
    fw_temp_name(folder, sizeof(folder), "framewheel-lut-XXXXXX");
    cr_assert(mkdtemp(folder));
}

static void tear_down(void)
{
    (void)unlink(path);
    (void)rmdir(folder);
}

static const char *make(const char *name, const char *text)
{
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    cr_assert(file);
    (void)fputs(text, file);
    (void)fclose(file);
    return path;
}

TestSuite(lut_file, .init = set_up, .fini = tear_down);

static void refuses(int dimensions, const char *name, const char *text, int status,
                    const char *part)
{
    struct fw_error err = { 0 };
    struct fw_lut1d_data one;
    struct fw_lut3d_data three;
    const char *file = make(name, text);
    int got = dimensions == 1 ? fw_lut1d_init(&one, file, &err) : fw_lut3d_init(&three, file, &err);
    cr_expect_eq(got, status, "%s", err.text);
    bool said = strstr(err.text, part);
    cr_expect(said, "'%s' has no '%s'", err.text, part);
    if (dimensions == 1)
        fw_lut1d_deinit(&one);
    else
        fw_lut3d_deinit(&three);
    (void)unlink(path);
}

Test(lut_file, wrong_ones_are_told_by_line)
{
    struct fw_lut3d_data three;
    refuses(1, "a.txt", "", FW_ERR_USAGE, "must end with .cube");
    refuses(1, "a.cube", "TITLE a\n", FW_ERR_INPUT, "line 1: the file ends too early");
    refuses(1, "a.cube", "LUT_1D_SIZE 1\n", FW_ERR_INPUT, "line 1: a number from 2 to 65536");
    refuses(1, "a.cube", "LUT_1D_SIZE 2\n0 0 0\n\n1 x 1\n", FW_ERR_INPUT, "line 4: numbers");
    refuses(1, "a.cube", "LUT_1D_SIZE 2\n0 0 nan\n", FW_ERR_INPUT, "line 2: numbers");
    refuses(1, "a.csp", "CSPLUTV100\n3D\n", FW_ERR_INPUT, "line 2: '1D' is expected");
    refuses(3, "a.png", "", FW_ERR_USAGE, ".m3d or .csp");
    refuses(3, "a.cube", "LUT_3D_SIZE 300\n", FW_ERR_INPUT, "line 1: a number from 2 to 256");
    refuses(3, "a.cube", "LUT_3D_SIZE 99999999999\n", FW_ERR_INPUT, "from 2 to 256");
    refuses(3, "a.cube", "LUT_3D_SIZE 2\n0 0 0\n", FW_ERR_INPUT, "line 2: the file ends too early");
    refuses(3, "a.m3d", "in 8\nvalues\n", FW_ERR_INPUT, "line 2: 'in' and 'out'");
    refuses(3, "a.csp", "CSPLUTV100\n3D\n3\n0 2\n 1\n", FW_ERR_INPUT, "line 5: the points");
    refuses(3, "a.csp", "CSPLUTV100\n3D\n3\n0 1 2\n0 1 2\n1\n", FW_ERR_INPUT, "line 6: a number");
    refuses(3, "a.dat", "3DLUTSIZE 2\n", FW_ERR_INPUT, "line 1: the file ends too early");
    struct fw_error err = { 0 };
    cr_expect_eq(fw_lut3d_init(&three, "/nowhere/a.cube", &err), FW_ERR_INPUT);
    cr_expect(strstr(err.text, "cannot open /nowhere/a.cube"));
}

Test(lut_file, red_is_fastest_in_cubes_and_the_last_node_is_there_twice)
{
    struct fw_lut3d_data data;
    struct fw_error err = { 0 };
    const char *text = "DOMAIN_MAX 9 9 9\nLUT_3D_SIZE 2\n0 0 0\n1 0 0\n0 1 0\nDOMAIN_MAX 1 2 1\n"
                       "1 1 0\n0 0 1\n1 0 1\n0 1 1\n1 1 .5\n";
    cr_assert_eq(fw_lut3d_init(&data, make("a.CUBE", text), &err), FW_OK, "%s", err.text);
    cr_assert_eq(data.size, 2);
    cr_assert_eq(data.scale[0], 1);
    cr_assert_eq(data.scale[1], 0.5f);
    const float *node = data.nodes + 4 * (1 * 9 + 0 * 3 + 0);
    cr_assert(node[0] == 1 && node[1] == 0 && node[2] == 0 && node[3] == 0);
    node = data.nodes + 4 * (2 * 9 + 2 * 3 + 2);
    cr_assert(node[0] == 1 && node[1] == 1 && node[2] == 0.5f);
    fw_lut3d_deinit(&data);
}
