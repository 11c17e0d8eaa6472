/*
 * Two hops and the sequential process between them (pipeline/sequential.c). A hop is what its own
 * model proves of it: a pool of IN slots, frames published in order, settled in any order as soon as
 * the neighbour behind them is published or the stream has ended, consumed in order. The sequential
 * process takes a frame, may hold it back, drop it or make two of it, reserves a slot of the second
 * hop before it knows whether a frame comes, and gives the frame taken back after that.
 *
 * A deadlock is a state without a way out. The drain may come at any moment: the first writer ends
 * at its frame, and all that was published comes out. JOINT_DRAINS, NO_END and an IN_SECOND that is
 * too small break it on purpose.
 */
#ifndef FRAMES
#define FRAMES 4
#endif
#ifndef WINDOW
#define WINDOW 1 /* frames that an output of the second hop reads after its own; before, too */
#endif
#ifndef IN_FIRST
#define IN_FIRST 1
#endif
#ifndef IN_SECOND
#define IN_SECOND (2 * WINDOW + 1)
#endif
#ifndef HOLD
#define HOLD 1 /* frames that the filters may keep to themselves */
#endif
#define MOST (2 * FRAMES)

byte published = 0; /* of the first hop, */
byte consumed = 0;
bit ended = 0;
byte made = 0; /* and of the second */
byte taken = 0;
bit closed = 0;
bit settled[MOST + 1];
bit draining = 0;

/* The oldest frame of the second hop whose slot is still needed: `WINDOW` before the first that is
 * not settled, and not before what is consumed. */
byte lowest = 0;
#define SLOTS_USED (made - (lowest > WINDOW -> lowest - WINDOW : 0))

active proctype decoder()
{
    do
    :: draining -> break
    :: !draining && published < FRAMES && published - consumed < IN_FIRST -> published++
    :: published == FRAMES -> break
    od;
    ended = 1
}

active proctype interrupt()
{
    if
    :: draining = 1
    :: true
    fi
}

active proctype joint()
{
    byte held = 0;
    byte out = 0; /* frames to come of the last push */
    bit over = 0;

    do
    :: !over ->
        /* Take: the first hop is direct, or settles whatever is published. */
        if
        :: consumed < published ->
            if
            :: held < HOLD -> held++; out = 0
            :: out = 0 /* dropped */
            :: out = 1
            :: held > 0 -> held--; out = 2
            fi
        :: ended && consumed == published -> over = 1; out = held; held = 0
        fi;
        /* Pull until there is no more: the slot is reserved first. */
        do
        :: true ->
#ifdef JOINT_DRAINS
            if
            :: draining -> goto gone
            :: SLOTS_USED < IN_SECOND
            fi;
#else
            SLOTS_USED < IN_SECOND;
#endif
            if
            :: out > 0 -> out--; made++
            :: out == 0 -> break
            fi
        od;
        if
        :: !over -> consumed++
        :: else
        fi
    :: over -> break
    od;
#ifndef NO_END
    closed = 1;
#endif
gone:
    skip
}

/* All workers of the second hop: the lowest frame, or the one behind it. */
#define CAN(s) ((s) < made && !settled[s] && ((s) + WINDOW < made || closed))

active proctype workers()
{
    do
    :: atomic {
           CAN(lowest) ->
           settled[lowest] = 1;
           do
           :: lowest < made && settled[lowest] -> lowest++
           :: else -> break
           od
       }
    :: atomic { CAN(lowest + 1) -> settled[lowest + 1] = 1 }
    :: closed && taken == made -> break
    od
}

active proctype encoder()
{
    do
    :: taken < made && settled[taken] -> taken++
    :: closed && taken == made -> break
    od;
    assert(ended && consumed == published)
}
