/*
 * Two-phase commit for SPIN: N resource managers, a transaction manager, messages that form a growing set, no faults.
 *
 * Gray and Lamport, "Consensus on Transaction Commit", TODS 31(1), 2006, appendix A.2 (module TwoPhase).
 *
 * A set of resource managers is N bits. One process and one d_step per action: every state that SPIN stores is a state
 * of the model, and none is stored twice under different program counters. A manager that is in no phase below is
 * working. The transaction manager's own state is the outcome it has sent: it enters the one by sending the other.
 *
 * A guard leaves out what would change nothing (to note the same manager again, to obey the same outcome again).
 */
#ifndef N
#define N 3
#endif

unsigned prepared : N;              /* phases */
unsigned committed : N;
unsigned aborted : N;
unsigned noted : N;                 /* those that the transaction manager knows to be prepared */
unsigned sent_prepared : N;         /* messages */
bit sent_commit;
bit sent_abort;

#define ALL             ((1 << N) - 1)
#define HAS(set, i)     (set & (1 << (i)))
#define ADD(set, i)     set = set | (1 << (i))
#define REMOVE(set, i)  set = set & ~(1 << (i))
#define WORKING(i)      (!HAS((prepared | committed | aborted), i))
#define UNDECIDED       (!sent_commit && !sent_abort)
#define CONSISTENT      assert(committed == 0 || aborted == 0)

#define RESOURCE(i) \
    :: d_step { UNDECIDED && HAS(sent_prepared, i) && !HAS(noted, i) -> ADD(noted, i) } \
    :: d_step { WORKING(i) -> ADD(prepared, i); ADD(sent_prepared, i) } \
    :: d_step { WORKING(i) -> ADD(aborted, i); CONSISTENT } \
    :: d_step { sent_commit && !HAS(committed, i) -> \
                REMOVE(prepared, i); REMOVE(aborted, i); ADD(committed, i); CONSISTENT } \
    :: d_step { sent_abort && !HAS(aborted, i) -> \
                REMOVE(prepared, i); REMOVE(committed, i); ADD(aborted, i); CONSISTENT }

active proctype two_phase_commit()
{
end:
    do
    :: d_step { UNDECIDED && noted == ALL -> sent_commit = 1 }
    :: d_step { UNDECIDED -> sent_abort = 1 }
    RESOURCE(0)
#if N > 1
    RESOURCE(1)
#endif
#if N > 2
    RESOURCE(2)
#endif
#if N > 3
    RESOURCE(3)
#endif
#if N > 4
    RESOURCE(4)
#endif
#if N > 5
    RESOURCE(5)
#endif
#if N > 6
    RESOURCE(6)
#endif
#if N > 7
    RESOURCE(7)
#endif
#if N > 8
    RESOURCE(8)
#endif
#if N > 9
    RESOURCE(9)
#endif
#if N > 10
    RESOURCE(10)
#endif
#if N > 11
    RESOURCE(11)
#endif
    od
}
