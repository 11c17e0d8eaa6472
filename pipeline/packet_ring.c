#include "packet_ring.h"

#include <stdlib.h>
#include <string.h>

#include "bell.h"

/* Cursors count bytes since the start; each has one writer. */
struct fw_packet_ring_shared {
    uint32_t bytes;
    alignas(FW_LINE) _Atomic uint64_t written; /* the writer's */
    _Atomic uint32_t ended;                    /* the writer's */
    alignas(FW_LINE) _Atomic uint64_t read;    /* the reader's */
    struct fw_bell writer_bell;
    struct fw_bell reader_bell;
    uint8_t data[];
};

size_t fw_packet_ring_footprint(uint32_t bytes)
{
    return sizeof(struct fw_packet_ring_shared) + bytes;
}

void fw_packet_ring_format(void *mem, uint32_t bytes)
{
    struct fw_packet_ring_shared *shared = mem;

    shared->bytes = bytes;
}

int fw_packet_ring_join(struct fw_packet_ring *ring, void *mem, uint32_t bytes,
                        struct fw_control *control, struct fw_proc *self, struct fw_error *err)
{
    struct fw_packet_ring_shared *shared = mem;

    if (bytes == 0 || (bytes & (bytes - 1)) != 0 || shared->bytes != bytes)
        return fw_fail(err, FW_ERR_INTERNAL, "packet ring of %u bytes joined as %u", shared->bytes,
                       bytes);
    memset(ring, 0, sizeof(*ring));
    ring->shared = shared;
    ring->bytes = bytes;
    ring->control = control;
    ring->self = self;
    return FW_OK;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void ring_if_asleep(struct fw_bell *bell)
{
    if (fw_bell_asleep(bell))
        fw_bell_ring(bell);
}

/* ---- writer --------------------------------------------------------------------------------- */

/* Bytes that may be written. A read cursor that makes no sense counts as a full ring: the writer
 * then waits until the job ends. */
static size_t room(const struct fw_packet_ring *ring)
{
    uint64_t written = atomic_load_explicit(&ring->shared->written, memory_order_relaxed);
    uint64_t used = written - atomic_load(&ring->shared->read);

    return used > ring->bytes ? 0 : (size_t)(ring->bytes - used);
}

static bool has_room(void *arg)
{
    return room(arg) > 0;
}

static int wait_for_room(struct fw_packet_ring *ring, struct fw_error *err)
{
    struct fw_wait wait = { .bell = &ring->shared->writer_bell,
                            .control = ring->control,
                            .self = ring->self,
                            .kind = FW_WAIT_PACKET,
                            .ready = has_room,
                            .arg = ring };
    int status = fw_bell_wait(&wait);

    return status < 0 ? fw_fail(err, status, "cancelled") : FW_OK;
}

/* Copies one stretch of at most `bytes`; the ring has room for it. */
static void push(struct fw_packet_ring *ring, const uint8_t *from, size_t bytes)
{
    struct fw_packet_ring_shared *shared = ring->shared;
    uint64_t written = atomic_load_explicit(&shared->written, memory_order_relaxed);
    size_t at = (size_t)(written & (ring->bytes - 1));
    size_t first = smaller(bytes, ring->bytes - at);

    memcpy(shared->data + at, from, first);
    memcpy(shared->data, from + first, bytes - first);
    atomic_store(&shared->written, written + bytes);
    ring_if_asleep(&shared->reader_bell);
}

static int push_all(struct fw_packet_ring *ring, const void *from, size_t bytes,
                    struct fw_error *err)
{
    size_t done = 0;

    while (done < bytes) {
        int status = wait_for_room(ring, err);
        if (status < 0)
            return status;
        size_t part = smaller(bytes - done, room(ring));
        push(ring, (const uint8_t *)from + done, part);
        done += part;
    }
    return FW_OK;
}

int fw_packet_ring_write(struct fw_packet_ring *ring, const void *record, size_t bytes,
                         struct fw_error *err)
{
    uint64_t length = bytes;
    int status = push_all(ring, &length, sizeof(length), err);

    return status < 0 ? status : push_all(ring, record, bytes, err);
}

void fw_packet_ring_end(struct fw_packet_ring *ring)
{
    atomic_store(&ring->shared->ended, 1);
    ring_if_asleep(&ring->shared->reader_bell);
}

/* ---- reader --------------------------------------------------------------------------------- */

/* Read before the written cursor: what was written before the end is then seen. */
static bool ended(const struct fw_packet_ring *ring)
{
    return atomic_load(&ring->shared->ended) != 0;
}

static uint64_t filled(const struct fw_packet_ring *ring)
{
    uint64_t read = atomic_load_explicit(&ring->shared->read, memory_order_relaxed);

    return atomic_load(&ring->shared->written) - read;
}

static bool has_data(void *arg)
{
    const struct fw_packet_ring *ring = arg;

    return ended(ring) || filled(ring) > 0;
}

/* The reader is a second thread of its process: its waits say nothing of the main thread, so they
 * neither beat nor account. */
static int wait_for_data(struct fw_packet_ring *ring, struct fw_error *err)
{
    struct fw_wait wait = { .bell = &ring->shared->reader_bell,
                            .control = ring->control,
                            .kind = FW_WAIT_PACKET,
                            .ready = has_data,
                            .arg = ring };
    int status = fw_bell_wait(&wait);

    if (status < 0)
        return fw_fail(err, status, "cancelled");
    bool last = ended(ring);
    uint64_t bytes = filled(ring);
    if (bytes > ring->bytes)
        return fw_fail(err, FW_ERR_INTERNAL, "the packet ring's cursors make no sense");
    return bytes == 0 && last ? FW_END : FW_OK;
}

static void pull(struct fw_packet_ring *ring, uint8_t *to, size_t bytes)
{
    struct fw_packet_ring_shared *shared = ring->shared;
    uint64_t read = atomic_load_explicit(&shared->read, memory_order_relaxed);
    size_t at = (size_t)(read & (ring->bytes - 1));
    size_t first = smaller(bytes, ring->bytes - at);

    memcpy(to, shared->data + at, first);
    memcpy(to + first, shared->data, bytes - first);
    atomic_store(&shared->read, read + bytes);
    ring_if_asleep(&shared->writer_bell);
}

/* FW_END only before the first byte. */
static int pull_all(struct fw_packet_ring *ring, void *to, size_t bytes, struct fw_error *err)
{
    size_t done = 0;

    while (done < bytes) {
        int status = wait_for_data(ring, err);
        if (status == FW_END && done == 0)
            return FW_END;
        if (status == FW_END)
            return fw_fail(err, FW_ERR_INTERNAL, "the packet ring ends inside a record");
        if (status < 0)
            return status;
        uint64_t available = filled(ring);
        if (available > ring->bytes)
            return fw_fail(err, FW_ERR_INTERNAL, "the packet ring's cursors make no sense");
        size_t part = smaller(bytes - done, (size_t)available);
        pull(ring, (uint8_t *)to + done, part);
        done += part;
    }
    return FW_OK;
}

int fw_packet_ring_read(struct fw_packet_ring *ring, size_t bytes_max, void **record_out,
                        size_t *bytes_out, struct fw_error *err)
{
    uint64_t length;
    int status = pull_all(ring, &length, sizeof(length), err);

    if (status != FW_OK)
        return status;
    if (length > bytes_max)
        return fw_fail(err, FW_ERR_INTERNAL, "a record of %llu bytes in the packet ring",
                       (unsigned long long)length);
    void *record = malloc(length > 0 ? (size_t)length : 1);
    if (!record)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a packet of %llu bytes",
                       (unsigned long long)length);
    status = pull_all(ring, record, (size_t)length, err);
    if (status == FW_END)
        status = fw_fail(err, FW_ERR_INTERNAL, "the packet ring ends inside a record");
    if (status < 0) {
        free(record);
        return status;
    }
    *record_out = record;
    *bytes_out = (size_t)length;
    return FW_OK;
}

void fw_packet_ring_broadcast(struct fw_packet_ring *ring)
{
    fw_bell_ring_hard(&ring->shared->writer_bell);
    fw_bell_ring_hard(&ring->shared->reader_bell);
}
