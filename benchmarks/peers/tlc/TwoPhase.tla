------------------------------ MODULE TwoPhase ------------------------------
(* Two-phase commit for TLC: N resource managers, a transaction manager, messages that form a growing set, no faults. *)
(*                                                                                                                    *)
(* Gray and Lamport, "Consensus on Transaction Commit", TODS 31(1), 2006, appendix A.2, said again in our own words.  *)
(* A guard leaves out what would change nothing (to note the same manager again, to obey the same outcome again): in  *)
(* TLA+ that is a stuttering step, allowed anyway, but TLC would generate it and count it.                            *)
EXTENDS Integers

CONSTANT N

Resources == 1 .. N

VARIABLES
    phase,      \* of each resource manager
    decision,   \* of the transaction manager
    noted,      \* those that the transaction manager knows to be prepared
    messages    \* all that were ever sent

variables == <<phase, decision, noted, messages>>

Prepared(r) == [kind |-> "prepared", source |-> r]
Outcome(d) == [kind |-> "outcome", decision |-> d]

Enter(r, p) == phase' = [phase EXCEPT ![r] = p]
Send(m) == messages' = messages \cup {m}

Init ==
    /\ phase = [r \in Resources |-> "working"]
    /\ decision = "none"
    /\ noted = {}
    /\ messages = {}

Note(r) ==
    /\ decision = "none"
    /\ Prepared(r) \in messages
    /\ r \notin noted
    /\ noted' = noted \cup {r}
    /\ UNCHANGED <<phase, decision, messages>>

Decide(d) ==
    /\ decision = "none"
    /\ d = "committed" => noted = Resources
    /\ decision' = d
    /\ Send(Outcome(d))
    /\ UNCHANGED <<phase, noted>>

Prepare(r) ==
    /\ phase[r] = "working"
    /\ Enter(r, "prepared")
    /\ Send(Prepared(r))
    /\ UNCHANGED <<decision, noted>>

ChooseToAbort(r) ==
    /\ phase[r] = "working"
    /\ Enter(r, "aborted")
    /\ UNCHANGED <<decision, noted, messages>>

Obey(r, d) ==
    /\ Outcome(d) \in messages
    /\ phase[r] # d
    /\ Enter(r, d)
    /\ UNCHANGED <<decision, noted, messages>>

Next ==
    \/ Decide("committed")
    \/ Decide("aborted")
    \/ \E r \in Resources :
        Note(r) \/ Prepare(r) \/ ChooseToAbort(r) \/ Obey(r, "committed") \/ Obey(r, "aborted")

Spec == Init /\ [][Next]_variables

Consistent ==
    \/ \A r \in Resources : phase[r] # "committed"
    \/ \A r \in Resources : phase[r] # "aborted"
=============================================================================
