/* Flat records: numbers and blocks of bytes behind one another, in host order. The reader takes
 * hostile bytes: it never passes the end, and after the first fault every value is zero. */
#ifndef FW_PIPELINE_REMUX_WIRE_H
#define FW_PIPELINE_REMUX_WIRE_H

#include "remux.h"

struct fw_wire_writer {
    struct fw_buffer *buffer;
    struct fw_error *err;
    int status; /* of the first failed append; what follows is left out */
};

struct fw_wire_reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};

void fw_wire_put(struct fw_wire_writer *writer, const void *data, size_t bytes);
void fw_wire_put_u32(struct fw_wire_writer *writer, uint32_t value);
void fw_wire_put_i32(struct fw_wire_writer *writer, int32_t value);
void fw_wire_put_i64(struct fw_wire_writer *writer, int64_t value);
void fw_wire_put_rational(struct fw_wire_writer *writer, AVRational value);
/* A length, then the bytes. */
void fw_wire_put_block(struct fw_wire_writer *writer, const void *data, size_t bytes);
void fw_wire_put_layout(struct fw_wire_writer *writer, const AVChannelLayout *layout);
void fw_wire_put_dict(struct fw_wire_writer *writer, const AVDictionary *dict);

/* Zeroes *out when there are not enough bytes. */
void fw_wire_get(struct fw_wire_reader *reader, void *out, size_t bytes);
uint32_t fw_wire_get_u32(struct fw_wire_reader *reader);
int32_t fw_wire_get_i32(struct fw_wire_reader *reader);
int64_t fw_wire_get_i64(struct fw_wire_reader *reader);
AVRational fw_wire_get_rational(struct fw_wire_reader *reader);
/* Borrowed from the record; NULL and 0 on a fault. */
const uint8_t *fw_wire_get_block(struct fw_wire_reader *reader, size_t *bytes_out);
/* A number of things that take at least `each` bytes; 0 when that many cannot follow. */
uint32_t fw_wire_get_count(struct fw_wire_reader *reader, size_t each, uint32_t most);
void fw_wire_get_layout(struct fw_wire_reader *reader, AVChannelLayout *layout);
void fw_wire_get_dict(struct fw_wire_reader *reader, AVDictionary **dict);

/* Whether `bytes` is a possible size of side data of this type: structures are read by libav
 * without a look at the size. */
bool fw_wire_packet_side_fits(int type, size_t bytes);
bool fw_wire_frame_side_fits(int type, size_t bytes);

#endif
