/* Every fixed bound of the machine, in one place. */
#ifndef FW_PIPELINE_LIMITS_H
#define FW_PIPELINE_LIMITS_H

#define FW_WORKERS_MAX 64
#define FW_HOPS_MAX 8          /* hops of one job */
#define FW_FANOUT_MAX 64       /* outputs that a parallel stage makes of one frame */
#define FW_RING_MAX 4096       /* descriptors of a hop */
#define FW_SLOTS_MAX 2048      /* slots of a pool */
#define FW_RANGE_MAX 64        /* frames of a range */
#define FW_STREAMS_MAX 64      /* streams of an input that are looked at */
#define FW_DIMENSION_MAX 32768 /* pixels, either side */
#define FW_BLOB_MAX 65536      /* bytes of side data that travel with one frame */
#define FW_PACKET_RING_BYTES (4u << 20)
#define FW_LINE 128 /* bytes between words that different processes write */

#endif
