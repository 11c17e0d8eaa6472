/* The option table: every row is sound, found by each of its names, and shown as it works. */
#include "pipeline/options.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(options, names_are_unique_and_found)
{
    char words[4096] = " ";
    for (uint32_t i = 0; i < fw_job_option_count(); i++) {
        const struct fw_job_option *row = fw_job_option_at(i);
        char list[256];
        char needle[80];
        char *state = NULL;
        cr_expect_eq(fw_job_option_find(row->name), row, "%s", row->name);
        (void)snprintf(list, sizeof(list), "%s", row->aliases ? row->aliases : "");
        for (char *word = strtok_r(list, " ", &state); word; word = strtok_r(NULL, " ", &state)) {
            const char *bare = word[0] == '-' ? word + 1 : word;
            cr_expect_eq(fw_job_option_find(bare), row, "%s", word);
            (void)snprintf(needle, sizeof(needle), " %s ", bare);
            cr_expect_null(strstr(words, needle), "%s is twice in the table", bare);
            (void)snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s ", bare);
        }
    }
}

Test(options, rows_are_complete)
{
    for (uint32_t i = 0; i < fw_job_option_count(); i++) {
        const struct fw_job_option *row = fw_job_option_at(i);
        cr_expect_eq(row->kind == FW_ARG_VALUE, row->value_name != NULL, "%s", row->name);
        cr_expect_not_null(row->group, "%s", row->name);
        if (row->help)
            cr_expect_eq(row->help[strlen(row->help) - 1], '.', "%s", row->name);
    }
    cr_expect_null(fw_job_option_at(fw_job_option_count()));
    cr_expect_null(fw_job_option_find(""));
    cr_expect_null(fw_job_option_find("no-such"));
    cr_expect_null(fw_job_option_find("vf "));
}

Test(options, defaults_shown_are_the_defaults_set)
{
    struct fw_settings settings;
    struct fw_settings shown;
    struct fw_error err = { 0 };
    static const char *const names[] = { "verify",          "rotate",      "on-change", "on-error",
                                         "on-poison",       "stall",       "isolation", "sandbox",
                                         "max-pixels",      "max-streams", "max-slot",  "range",
                                         "decoder-threads", "cpu" };
    fw_settings_init(&settings);
    fw_settings_init(&shown);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct fw_job_option *row = fw_job_option_find(names[i]);
        cr_expect_eq(fw_settings_set(&shown, names[i], row->default_text, &err), FW_OK, "%s",
                     err.text);
    }
    cr_expect_eq(memcmp(&settings, &shown, sizeof(settings)), 0);
    fw_settings_deinit(&settings);
    fw_settings_deinit(&shown);
}

Test(options, near_names)
{
    static const char *const fruit[] = { "apple", "pear" };
    char best[64];
    cr_expect_str_eq(fw_nearest("appel", fruit, 2), "apple");
    cr_expect_null(fw_nearest("banana", fruit, 2));
    cr_expect_str_eq(fw_option_nearest("wrokers", best, sizeof(best)), "workers");
    cr_expect_null(fw_option_nearest("zzzzzz", best, sizeof(best)));
    cr_expect_null(fw_option_nearest("falut", best, sizeof(best)), "a test's option is no advice");
}
