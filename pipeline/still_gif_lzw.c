/* The compression of GIF, both ways: codes of 3 to 12 bits in blocks of up to 255 bytes. */
#include "still_gif.h"

#include <string.h>

#define CODES 4096
#define SLOTS 8192u /* a power of two, twice the codes */

/* ---- unpacking ---------------------------------------------------------------------------- */

struct bits_in {
    const uint8_t *at;
    const uint8_t *end;
    uint32_t block; /* bytes left of it */
    uint32_t bits;
    uint32_t count;
};

static int take_byte(struct bits_in *in)
{
    if (in->block == 0) {
        if (in->at >= in->end || *in->at == 0)
            return -1;
        in->block = *in->at++;
    }
    if (in->at >= in->end)
        return -1;
    in->block--;
    return *in->at++;
}

static int take_code(struct bits_in *in, uint32_t width)
{
    while (in->count < width) {
        int byte = take_byte(in);
        if (byte < 0)
            return -1;
        in->bits |= (uint32_t)byte << in->count;
        in->count += 8;
    }
    int code = (int)(in->bits & ((1u << width) - 1));
    in->bits >>= width;
    in->count -= width;
    return code;
}

/* A code stands for what `prefix` stands for and one index more. */
struct words {
    int clear;
    int next;
    uint32_t width;
    int previous; /* -1 behind a clear code */
    uint8_t first;
    uint16_t prefix[CODES];
    uint8_t suffix[CODES];
    uint8_t stack[CODES + 1];
};

static void forget(struct words *words, uint32_t bits)
{
    words->next = words->clear + 2;
    words->width = bits + 1;
    words->previous = -1;
}

/* Spells a code into the stack, last index first. Returns their number; 0: no such code. */
static size_t spell(struct words *words, int code)
{
    size_t count = 0;
    if (words->previous < 0 && code >= words->clear)
        return 0;
    if (code > words->next || (code == words->next && words->previous < 0))
        return 0;
    if (code == words->next) {
        words->stack[count++] = words->first;
        code = words->previous;
    }
    while (code > words->clear + 1) {
        words->stack[count++] = words->suffix[code];
        code = words->prefix[code];
    }
    words->first = (uint8_t)code;
    words->stack[count++] = (uint8_t)code;
    return count;
}

static void learn(struct words *words, int code)
{
    if (words->previous >= 0 && words->next < CODES) {
        words->prefix[words->next] = (uint16_t)words->previous;
        words->suffix[words->next] = words->first;
        words->next++;
        if (words->next == 1 << words->width && words->width < 12)
            words->width++;
    }
    words->previous = code;
}

bool fw_gif_unpack(const uint8_t *at, const uint8_t *end, uint8_t *indices, size_t count)
{
    struct words words;
    struct bits_in in = { .at = at + 1, .end = end };
    size_t done = 0;
    if (at >= end || *at < 1 || *at > 8)
        return false;
    const uint32_t bits = *at;
    words.clear = 1 << bits;
    words.first = 0;
    forget(&words, bits);
    while (done < count) {
        int code = take_code(&in, words.width);
        if (code < 0 || code == words.clear + 1)
            return false;
        if (code == words.clear) {
            forget(&words, bits);
            continue;
        }
        size_t spelt = spell(&words, code);
        if (spelt == 0)
            return false;
        learn(&words, code);
        while (spelt > 0 && done < count)
            indices[done++] = words.stack[--spelt];
    }
    return true;
}

/* ---- packing ------------------------------------------------------------------------------ */

struct bits_out {
    struct fw_still_out *out;
    uint8_t block[256]; /* its length first */
    uint32_t bits;
    uint32_t count;
};

static int put_byte(struct bits_out *to, uint8_t byte, struct fw_error *err)
{
    int status = FW_OK;
    to->block[1 + to->block[0]++] = byte;
    if (to->block[0] == 255) {
        status = fw_still_out_write(to->out, to->block, 256, err);
        to->block[0] = 0;
    }
    return status;
}

static int put_code(struct bits_out *to, uint32_t code, uint32_t width, struct fw_error *err)
{
    int status = FW_OK;
    to->bits |= code << to->count;
    to->count += width;
    while (to->count >= 8 && status == FW_OK) {
        status = put_byte(to, (uint8_t)to->bits, err);
        to->bits >>= 8;
        to->count -= 8;
    }
    return status;
}

static int put_end(struct bits_out *to, struct fw_error *err)
{
    static const uint8_t last = 0;
    int status = to->count > 0 ? put_byte(to, (uint8_t)to->bits, err) : FW_OK;
    if (status == FW_OK && to->block[0] > 0)
        status = fw_still_out_write(to->out, to->block, 1u + to->block[0], err);
    return status == FW_OK ? fw_still_out_write(to->out, &last, 1, err) : status;
}

/* Which code stands for a code and an index. */
struct table {
    uint32_t keys[SLOTS]; /* 1 + (code << 8 | index); 0: free */
    uint16_t codes[SLOTS];
};

static uint32_t find_slot(const struct table *table, uint32_t key)
{
    uint32_t slot = (key * 2654435761u) >> 19;
    while (table->keys[slot] && table->keys[slot] != key)
        slot = (slot + 1) % SLOTS;
    return slot;
}

/* The state between two indices. */
struct packing {
    struct bits_out to;
    struct table table;
    uint32_t clear;
    uint32_t next;
    uint32_t width;
};

static int begin_table(struct packing *p, struct fw_error *err)
{
    int status = put_code(&p->to, p->clear, p->width, err);
    memset(p->table.keys, 0, sizeof(p->table.keys));
    p->next = p->clear + 2;
    p->width = (uint32_t)__builtin_ctz(p->clear) + 1;
    return status;
}

/* Adds what was just seen; a full table begins anew. */
static int extend(struct packing *p, uint32_t slot, uint32_t key, struct fw_error *err)
{
    if (p->next == CODES)
        return begin_table(p, err);
    p->table.keys[slot] = key;
    p->table.codes[slot] = (uint16_t)p->next;
    if (p->next == 1u << p->width)
        p->width++;
    p->next++;
    return FW_OK;
}

int fw_gif_pack(struct fw_still_out *out, const uint8_t *indices, size_t count, uint32_t bits,
                struct fw_error *err)
{
    struct packing p = { .to = { .out = out }, .clear = 1u << bits, .width = bits + 1 };
    const uint8_t first = (uint8_t)bits;
    uint32_t code = indices[0];
    int status = fw_still_out_write(out, &first, 1, err);
    if (status == FW_OK)
        status = begin_table(&p, err);
    for (size_t i = 1; i < count && status == FW_OK; i++) {
        const uint32_t key = 1 + (code << 8 | indices[i]);
        const uint32_t slot = find_slot(&p.table, key);
        if (p.table.keys[slot]) {
            code = p.table.codes[slot];
            continue;
        }
        status = put_code(&p.to, code, p.width, err);
        if (status == FW_OK)
            status = extend(&p, slot, key, err);
        code = indices[i];
    }
    if (status == FW_OK)
        status = put_code(&p.to, code, p.width, err);
    /* A reader has learnt one code more by now. */
    if (p.next == 1u << p.width && p.width < 12)
        p.width++;
    if (status == FW_OK)
        status = put_code(&p.to, p.clear + 1, p.width, err);
    return status == FW_OK ? put_end(&p.to, err) : status;
}
