/*
 * A hop (pipeline/ring*.c, ranges.c): writer, workers, reader, and a supervisor that kills workers
 * between any two steps. Wake-ups are not in it (bell.pml has them): a process whose condition holds
 * may run. A deadlock is a state without a way out; use of a slot that was given away, an assertion.
 *
 * Sizes come from the command line of the verifier's build. FRAMES counts outputs, FANOUT of which
 * share an input and its slot. Defining NO_YIELD, EARLY_RELEASE or FIRST_SETTLES breaks the protocol
 * on purpose.
 */
#ifndef FRAMES
#define FRAMES 4
#endif
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef RANGE
#define RANGE 2
#endif
#ifndef IN_SLOTS
#define IN_SLOTS 3 /* before + after + 1, the smallest sound pool */
#endif
#ifndef OUT_SLOTS
#define OUT_SLOTS 1
#endif
#ifndef RING
#define RING 4
#endif
#ifndef FANOUT
#define FANOUT 1 /* divides FRAMES */
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef RESPAWNS
#define RESPAWNS CRASHES
#endif
#define RANGES ((FRAMES + RANGE - 1) / RANGE)
#define INPUTS (FRAMES / FANOUT)

/* Window of one input before and one after. */
#define EMPTY 0
#define PUBLISHED 1
#define DONE 2
#define ALIAS 3

#define FREE 0
#define READY 1
#define CLOSED 2
#define LEASED(w) (3 + (w))

byte frame[FRAMES];
bit loan[INPUTS]; /* the writer keeps the input's IN slot */
byte range_of[RANGES];
byte published = 0;
byte consumed = 0;
bit ended = 0;
byte in_free = IN_SLOTS;
byte lowest_ready = RANGES;
bit kill_worker[WORKERS];
bit gone[WORKERS];
byte alive = WORKERS;

/* OUT slots are bound in order as they come back, so these are the frames that have one. */
#define BOUND(s) ((s) < consumed + OUT_SLOTS)
#define INPUT_THERE(s) (published > ((s) / FANOUT + 2) * FANOUT - 1 || ended)
#define SETTLED(s) ((s) < consumed || ((s) < published && frame[s] >= DONE))

/* loan_over() of ring_writer.c: the outputs that read the input have settled, and none of its own
 * is the slot itself. Those behind the last published one have not settled. */
#define OWN(s) (SETTLED(s) && (frame[s] != ALIAS || (s) < consumed))
#if FANOUT == 1
#define GROUP_SETTLED(i) SETTLED(i)
#define GROUP_OVER(i) OWN(i)
#else /* 2 */
#define GROUP_SETTLED(i) (SETTLED(2 * (i)) && SETTLED(2 * (i) + 1))
#ifdef FIRST_SETTLES
#define GROUP_OVER(i) OWN(2 * (i))
#else
#define GROUP_OVER(i) (OWN(2 * (i)) && OWN(2 * (i) + 1))
#endif
#endif
#ifdef EARLY_RELEASE
#define NEXT_SETTLED(i) true
#else
#define NEXT_SETTLED(i) (((i) + 1) * FANOUT < published && GROUP_SETTLED((i) + 1))
#endif
#define OVER(i)                                                                                    \
    (loan[i] && GROUP_OVER(i) && ((i) == 0 || GROUP_SETTLED((i) - 1)) && NEXT_SETTLED(i))
#define REAP(i) atomic { OVER(i) -> loan[i] = 0; in_free++ }

inline find_ready()
{
    lowest_ready = 0;
    do
    :: lowest_ready < RANGES && range_of[lowest_ready] != READY -> lowest_ready++
    :: else -> break
    od
}

active proctype writer()
{
    do
    :: atomic {
           published < FRAMES && in_free > 0 && published + 2 * FANOUT - 1 < consumed + RING ->
           in_free--;
           loan[published / FANOUT] = 1;
           frame[published] = PUBLISHED;
#if FANOUT > 1
           frame[published + 1] = PUBLISHED
#endif
       };
       /* The ranges are there before the cursor says so. */
       atomic {
           if
           :: published % RANGE == 0 -> range_of[published / RANGE] = READY; find_ready()
           :: else
           fi;
#if FANOUT > 1
           if
           :: (published + 1) % RANGE == 0 ->
               range_of[(published + 1) / RANGE] = READY;
               find_ready()
           :: else
           fi
#endif
       };
       published = published + FANOUT
    :: REAP(0)
    :: REAP(1)
    :: REAP(2)
#if INPUTS > 3
    :: REAP(3)
#endif
#if INPUTS > 4
    :: REAP(4)
#endif
    :: published == FRAMES -> break
    od;
    ended = 1
}

active proctype reader()
{
    do
    :: consumed < FRAMES ->
        atomic {
            consumed < published && frame[consumed] >= DONE ->
            consumed++
        }
    :: else -> break
    od
}

/* What a worker reads must be there, before and after it worked. */
inline check_inputs()
{
    atomic {
        assert(loan[s / FANOUT]);
        if
        :: s / FANOUT > 0 -> assert(loan[s / FANOUT - 1])
        :: else
        fi;
        if
        :: s / FANOUT + 1 < INPUTS -> assert(loan[s / FANOUT + 1])
        :: else
        fi;
        assert(BOUND(s))
    }
}

proctype worker(byte me)
{
    byte r = 0;
    byte s = 0;

    {
claim:
        do
        :: atomic {
               lowest_ready < RANGES ->
               r = lowest_ready;
               range_of[r] = LEASED(me);
               s = r * RANGE;
               find_ready()
           };
           do
           :: s == (r + 1) * RANGE || s == FRAMES -> break
           :: s < (r + 1) * RANGE && s < FRAMES && s < published && SETTLED(s) -> s++
           :: s < (r + 1) * RANGE && s < FRAMES && !(s < published && SETTLED(s)) ->
               if
               :: INPUT_THERE(s) && BOUND(s) ->
                   check_inputs();
                   check_inputs();
                   if
                   :: frame[s] = DONE
                   :: frame[s] = ALIAS
                   fi;
                   s++
#ifndef NO_YIELD
               :: !(INPUT_THERE(s) && BOUND(s)) && lowest_ready < r ->
                   atomic { range_of[r] = READY; find_ready() };
                   goto claim
#endif
               fi
           od;
           range_of[r] = CLOSED
        :: consumed == FRAMES -> break
        od
    } unless { kill_worker[me] }
    gone[me] = 1
}

active proctype supervisor()
{
    byte w = 0;
    byte i = 0;
    byte crashes = 0;
    byte respawns = 0;

    atomic {
        find_ready();
        do
        :: w < WORKERS -> run worker(w); w++
        :: else -> break
        od;
        w = 0
    };
    do
    :: crashes < CRASHES && (alive > 1 || respawns < RESPAWNS) && consumed < FRAMES ->
        crashes++;
        if
        :: w = 0
        :: w = WORKERS - 1
        fi;
        if
        :: gone[w]
        :: !gone[w] ->
            kill_worker[w] = 1;
            gone[w];
            atomic {
                kill_worker[w] = 0;
                i = 0;
                do
                :: i < RANGES && range_of[i] == LEASED(w) -> range_of[i] = READY; i++
                :: i < RANGES && range_of[i] != LEASED(w) -> i++
                :: i == RANGES -> break
                od;
                i = 0;
                find_ready()
            };
            if
            :: respawns < RESPAWNS -> respawns++; gone[w] = 0; run worker(w)
            :: respawns >= RESPAWNS -> alive--
            fi
        fi
    :: consumed == FRAMES -> break
    od;
    consumed == FRAMES
}
