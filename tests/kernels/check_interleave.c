/* Packed pixels taken apart and put together. */
#include "check.h"

#include "filters/kernels/interleave.h"

#include <string.h>

static struct fw_interleave plan_of(int32_t parts, int32_t bytes)
{
    /* An order that is its own neither forwards nor backwards. */
    struct fw_interleave plan = { .parts = parts, .sample_bytes = bytes, .place = { 2, 0, 1, 3 } };
    fw_interleave_init(&plan);
    return plan;
}

static void check_pixels(struct check_run *run, const struct fw_interleave_kernels *row,
                         int32_t parts, int32_t bytes, int32_t width)
{
    struct fw_interleave plan = plan_of(parts, bytes);
    struct check_plane packed;
    struct check_plane again;
    struct check_plane want;
    struct check_plane rows[4];
    uint8_t *to[4];
    const uint8_t *from[4];
    check_plane_init(&packed, width * parts * bytes, 1, 0);
    check_plane_init(&again, width * parts * bytes, 1, 0);
    check_plane_init(&want, width * bytes, 1, 0);
    check_plane_fill(&packed, CHECK_NOISE, 1, 8, (uint32_t)(width + parts));
    for (int i = 0; i < 4; i++) {
        check_plane_init(&rows[i], width * bytes, 1, 0);
        to[i] = rows[i].data;
        from[i] = rows[i].data;
    }
    row->split(&plan, to, packed.data, width);
    for (int i = 0; i < parts; i++) {
        for (int32_t x = 0; x < width; x++)
            memcpy(want.data + x * bytes, packed.data + (x * parts + plan.place[i]) * bytes,
                   (size_t)bytes);
        check_same(run, "interleave split", fw_cpu_name(row->level), &want, &rows[i],
                   "width %d, part %d of %d, %d bytes", width, i, parts, bytes);
    }
    row->join(&plan, again.data, from, width);
    check_same(run, "interleave join", fw_cpu_name(row->level), &packed, &again,
               "width %d, %d parts, %d bytes", width, parts, bytes);
    check_plane_deinit(&packed);
    check_plane_deinit(&again);
    check_plane_deinit(&want);
    for (int i = 0; i < 4; i++)
        check_plane_deinit(&rows[i]);
}

void check_interleave(struct check_run *run)
{
    const struct fw_interleave_kernels *row = fw_interleave_kernels(run->limit);
    for (;; row++) {
        for (int32_t i = 0; check_width(i); i++) {
            for (int32_t parts = 3; parts <= 4; parts++)
                for (int32_t bytes = 1; bytes <= 2; bytes++)
                    check_pixels(run, row, parts, bytes, check_width(i));
        }
        if (row->level == FW_CPU_C)
            break;
    }
}

struct job {
    const struct fw_interleave_kernels *row;
    struct fw_interleave plan;
    struct check_plane packed;
    struct check_plane parts;
};

static void run_both(void *argument)
{
    struct job *job = argument;
    uint8_t *to[4];
    const uint8_t *from[4];
    int32_t width = job->parts.row_bytes / job->plan.sample_bytes;
    for (int i = 0; i < 4; i++) {
        to[i] = job->parts.data + i * job->parts.stride;
        from[i] = to[i];
    }
    for (int32_t y = 0; y < job->packed.rows; y++) {
        uint8_t *pixels = job->packed.data + y * job->packed.stride;
        job->row->split(&job->plan, to, pixels, width);
        job->row->join(&job->plan, pixels, from, width);
    }
}

void bench_interleave(struct check_run *run)
{
    static const char *const names[2][3] = {
        { NULL, "interleave both 3x1", "interleave both 3x2" },
        { NULL, "interleave both 4x1", "interleave both 4x2" },
    };
    for (int32_t parts = 3; parts <= 4; parts++) {
        for (int32_t bytes = 1; bytes <= 2; bytes++) {
            struct job job = { .row = fw_interleave_kernels(run->limit),
                               .plan = plan_of(parts, bytes) };
            check_plane_init(&job.packed, 1920 * parts * bytes, 1080, 64);
            check_plane_init(&job.parts, 1920 * bytes, 4, 64);
            for (;; job.row++) {
                (void)check_time(run, names[parts - 3][bytes], fw_cpu_name(job.row->level),
                                 1920u * 1080u, run_both, &job);
                if (job.row->level == FW_CPU_C)
                    break;
            }
            check_plane_deinit(&job.packed);
            check_plane_deinit(&job.parts);
        }
    }
}
