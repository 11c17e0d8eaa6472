/* What the stress tests agree on: tiny frames whose pixels and outcome follow from their number, so
 * that reader and workers can check them, and that any run has the same output. The pixels are
 * those of the input's number, the outcome is that of the output's. */
#ifndef FW_TESTS_STRESS_SYNTHETIC_H
#define FW_TESTS_STRESS_SYNTHETIC_H

#include "pipeline/ring.h"

#define FW_SYNTHETIC_WIDTH 64
#define FW_SYNTHETIC_HEIGHT 8
#define FW_SYNTHETIC_BYTES 512 /* of payload that is checked */
#define FW_SYNTHETIC_SLOT (FW_BLOB_MAX + 8192)

struct fw_synthetic_random {
    uint64_t state;
};
uint32_t fw_synthetic_next(struct fw_synthetic_random *random);

/* The outcome of frame `seq` in the run called `seed`. */
enum fw_outcome fw_synthetic_outcome(uint64_t seed, uint64_t seq);
struct fw_frame_info fw_synthetic_info(uint64_t seq);
void fw_synthetic_fill(uint8_t *pixels, uint64_t seq);
bool fw_synthetic_matches(const uint8_t *pixels, uint64_t seq);
/* What a worker makes of an input. */
void fw_synthetic_filter(uint8_t *out, const uint8_t *in);
bool fw_synthetic_filtered(const uint8_t *pixels, uint64_t seq);

/* The shared memory of one hop and its control block. */
struct fw_synthetic_job {
    struct fw_hop_geometry geometry;
    struct fw_control *control;
    void *hop;
    void *in;
    void *out;
    size_t hop_bytes;
};
void fw_synthetic_open(struct fw_synthetic_job *job, const struct fw_hop_geometry *geometry,
                       uint32_t procs);
void fw_synthetic_close(struct fw_synthetic_job *job);
void fw_synthetic_join(struct fw_synthetic_job *job, struct fw_hop *hop, uint32_t self_index);

/* The three roles. Each ends the program with a message when something is wrong. */
enum { FW_SYNTHETIC_WRITER, FW_SYNTHETIC_READER, FW_SYNTHETIC_WORKER };
/* Inputs for so many outputs, whose number the fanout divides. */
void fw_synthetic_write(struct fw_synthetic_job *job, uint64_t frames);
void fw_synthetic_work(struct fw_synthetic_job *job, uint32_t index, uint64_t seed);
/* Frames that came out, each checked. */
uint64_t fw_synthetic_read(struct fw_synthetic_job *job, uint64_t seed);
_Noreturn void fw_synthetic_die(const char *format, ...) FW_PRINTF(1, 2);

#endif
