/* What the two files of the source of pictures share. Private to source_sequence*.c. */
#ifndef FW_PIPELINE_SOURCE_SEQUENCE_H
#define FW_PIPELINE_SOURCE_SEQUENCE_H

#include "source_impl.h"
#include "still.h"

#include "filters/image.h"

struct SwsContext;

/* Memory for a picture, grown as needed. */
struct fw_picture_block {
    void *bytes;
    size_t room;
};

struct fw_pictures {
    struct fw_source base;
    int socket; /* where fw_file_ask asks; borrowed */
    struct fw_proc *proc;
    struct fw_still_limits limits;
    struct fw_video video; /* of all pictures, as they are given out; format NULL: not known yet */
    struct fw_cut cut;
    int64_t shift; /* added to a picture's place to make its time */
    uint64_t count;
    uint64_t left_out;
    uint64_t index; /* of the next picture */
    bool waiting;
    bool ended;
    bool ahead;        /* every picture is read before it is announced */
    bool held;         /* the waiting picture is in `shown`; else `reader` is at it */
    bool shown_before; /* `shown` holds the picture that was shown last */
    char name[256];    /* of the waiting picture's file */
    enum fw_still_kind kind;
    struct fw_still_reader *reader;
    int fd;
    uint32_t orientation;
    struct fw_still_offer offer;
    struct fw_picture_block decoded, turned, shown;
    struct SwsContext *scaler;
};

/* The picture at `index` comes to wait. FW_END: it is left out, as --on-error says. */
int fw_pictures_await(struct fw_pictures *pictures, struct fw_error *err) FW_MUST_CHECK;
/* The waiting one into an image of `video`. */
int fw_pictures_take(struct fw_pictures *pictures, struct fw_image *image,
                     struct fw_error *err) FW_MUST_CHECK;
/* Releases what reading took. */
void fw_pictures_deinit(struct fw_pictures *pictures);

#endif
