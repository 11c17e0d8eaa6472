/*
 * One bell (pipeline/bell.c): a waiter, a ringer, and a supervisor that kills either of them between
 * any two steps, requeues and starts it again. There is no timeout here: a wake-up that is lost is a
 * state without a way out, and the verifier finds it.
 *
 * Defining one of NO_SECOND_LOOK, NO_BROADCAST, NO_FILTER_ORDER breaks the protocol on purpose.
 */
#define ITEMS 2
#define KILLS 2

byte data = 0;      /* what the waiter's condition reads */
byte epoch = 0;     /* the two halves of the bell's word */
bit sleeper = 0;
bit asleep = 0;     /* the waiter is in the futex */
byte wait_item = 0; /* the reason, which a ringer filters by; 0: none */

byte taken = 0;     /* the waiter's progress; it lies in shared memory */
bit kill_waiter = 0;
bit kill_ringer = 0;
bit waiter_gone = 0;
bit ringer_gone = 0;
byte kills = 0;

init
{
    atomic {
        run waiter();
        run ringer();
        run supervisor()
    }
}

proctype waiter()
{
    byte seen;

    {
        do
        :: taken == ITEMS -> break
        :: else ->
            if
            :: data > taken -> goto ready
            :: else
            fi;
#ifndef NO_FILTER_ORDER
            wait_item = taken + 1;
#endif
again:
            atomic { seen = epoch; sleeper = 1 };
#ifndef NO_SECOND_LOOK
            if
            :: data > taken -> goto awake
            :: else
            fi;
#endif
#ifdef NO_FILTER_ORDER
            wait_item = taken + 1;
#endif
            /* The kernel compares and sleeps in one step. */
            atomic {
                if
                :: epoch == seen -> asleep = 1
                :: else
                fi
            };
            asleep == 0;
awake:
            sleeper = 0;
            if
            :: data > taken
            :: else -> goto again
            fi;
            wait_item = 0;
ready:
            taken++
        od
    } unless { kill_waiter }
    waiter_gone = 1
}

/* Does the work that is not done yet, and rings as fw_hop_ring_* do: look at the bit, then at the
 * reason, then the read-modify-write, then the wake. */
proctype ringer()
{
    bit sleeps;

    {
        do
        :: data == ITEMS -> break
        :: else ->
            data++;
            if
            :: sleeper == 0
            :: else ->
                if
                :: wait_item == 0 || wait_item > data
                :: else ->
                    atomic { sleeps = sleeper; epoch++ };
                    if
                    :: sleeps -> asleep = 0
                    :: else
                    fi
                fi
            fi
        od
    } unless { kill_ringer }
    ringer_gone = 1
}

inline broadcast()
{
#ifndef NO_BROADCAST
    epoch++;
    asleep = 0
#else
    skip
#endif
}

proctype supervisor()
{
    do
    :: kills < KILLS && !waiter_gone ->
        kills++;
        kill_waiter = 1;
        waiter_gone;
        /* Reaped: it is in no futex any more, but its bit is still set. */
        atomic { asleep = 0; kill_waiter = 0 };
        sleeper = 0;
        wait_item = 0;
        waiter_gone = 0;
        run waiter();
        broadcast()
    :: kills < KILLS && !ringer_gone ->
        kills++;
        kill_ringer = 1;
        ringer_gone;
        kill_ringer = 0;
        ringer_gone = 0;
        run ringer();
        broadcast()
    :: break
    od;
    waiter_gone && ringer_gone;
    assert(taken == ITEMS);
    assert(sleeper == 0)
}
