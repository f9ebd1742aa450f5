"""Two-phase commit, for any number of participants: all commit, or all abort, whoever crashes and whatever is lost.

Gray and Lamport, "Consensus on Transaction Commit", TODS 31(1), 2006, sections 2 and 3. The coordinator counts those
who said that they have prepared; when all have it may decide to commit, and at any time to abort. It forgets whom it
counted when it crashes, never what it decided. Messages are those in flight: they may be lost, or come several times.
That a participant is down is that it takes no step; what it knows is on stable storage.

How a world of the scenario two-phase-commit is read: `prepared`, `committed` and `aborted` are the participants in
these phases; `counted` is the coordinator's `prepared`, `commit` and `abort` are its decision; `yes`, `told_commit` and
`told_abort` are the participants whose Vote(True) is in flight, and those to whom a Decided is.
"""

from z3 import And, Exists, ForAll, Implies, Not, Or

from stackproof.spec.formulas import (
    Formula,
    Relation,
    State,
    Term,
    adds,
    keeps,
    keeps_all_but,
    removes,
    sort,
    variables,
)
from stackproof.spec.transition_system import System

PARTICIPANT = sort("Participant")
p, q = variables("p q", PARTICIPANT)


class Transaction(State):
    """Where each participant stands, what the coordinator knows and has decided, and what is in flight."""

    prepared = Relation(PARTICIPANT)
    committed = Relation(PARTICIPANT)
    aborted = Relation(PARTICIPANT)
    counted = Relation(PARTICIPANT)
    commit = Relation()
    abort = Relation()
    yes = Relation(PARTICIPANT)
    told_commit = Relation(PARTICIPANT)
    told_abort = Relation(PARTICIPANT)


def works(s: Transaction, who: Term) -> Formula:
    """This participant has neither prepared nor come to an end."""
    return Not(Or(s.prepared(who), s.committed(who), s.aborted(who)))


def nothing_new(s: Transaction, t: Transaction, *kinds: str) -> Formula:
    """Messages of these kinds are in flight only where they were."""
    return And(*(ForAll([q], Implies(t[kind](q), s[kind](q))) for kind in kinds))


def but_messages(s: Transaction, t: Transaction, *changed: str) -> Formula:
    """Only these components change; of messages, some may have arrived, or be lost."""
    kinds = ("yes", "told_commit", "told_abort")
    return And(
        keeps_all_but(s, t, *kinds, *changed), nothing_new(s, t, *(kind for kind in kinds if kind not in changed))
    )


def init(s: Transaction) -> Formula:
    """Everybody works, and nothing was said."""
    relations = [s[name] for name in s.components if name not in ("commit", "abort")]
    return And(Not(s.commit), Not(s.abort), *(ForAll([p], Not(one(p))) for one in relations))


def prepare(s: Transaction, t: Transaction) -> Formula:
    """p, which works, prepares, and says yes."""
    says = ForAll([q], Implies(t.yes(q), Or(s.yes(q), q == p)))
    return Exists([p], And(works(s, p), adds(s.prepared, t.prepared, p), says, but_messages(s, t, "prepared", "yes")))


def abort_alone(s: Transaction, t: Transaction) -> Formula:
    """p, which works, aborts: it cannot commit, or was never asked."""
    return Exists([p], And(works(s, p), adds(s.aborted, t.aborted, p), but_messages(s, t, "aborted")))


def count(s: Transaction, t: Transaction) -> Formula:
    """The coordinator, which has not decided, hears the yes of p."""
    guard = And(s.yes(p), Not(s.commit), Not(s.abort))
    return Exists([p], And(guard, adds(s.counted, t.counted, p), but_messages(s, t, "counted")))


def decide_to_commit(s: Transaction, t: Transaction) -> Formula:
    """The coordinator hears the yes of p, the last that it waited for, and tells everybody to commit."""
    all_others = ForAll([q], Or(q == p, s.counted(q)))
    guard = And(s.yes(p), all_others, Not(s.commit), Not(s.abort))
    forgets = ForAll([q], Not(t.counted(q)))
    changes = And(t.commit, keeps(s.abort, t.abort), forgets)
    return Exists([p], And(guard, changes, but_messages(s, t, "commit", "abort", "counted", "told_commit")))


def decide_to_abort(s: Transaction, t: Transaction) -> Formula:
    """The coordinator, which has not decided, tells everybody to abort: somebody cannot commit, or says nothing."""
    guard = And(Not(s.commit), Not(s.abort))
    forgets = ForAll([q], Not(t.counted(q)))
    changes = And(t.abort, keeps(s.commit, t.commit), forgets)
    return And(guard, changes, but_messages(s, t, "commit", "abort", "counted", "told_abort"))


def tell_again(s: Transaction, t: Transaction) -> Formula:
    """The coordinator says again what it decided, to whoever asks, or to all."""
    commits = ForAll([q], Implies(t.told_commit(q), Or(s.told_commit(q), s.commit)))
    aborts = ForAll([q], Implies(t.told_abort(q), Or(s.told_abort(q), s.abort)))
    return And(commits, aborts, but_messages(s, t, "told_commit", "told_abort"))


def coordinator_crash(s: Transaction, t: Transaction) -> Formula:
    """The coordinator forgets whom it counted."""
    return And(ForAll([q], Not(t.counted(q))), but_messages(s, t, "counted"))


def learn_commit(s: Transaction, t: Transaction) -> Formula:
    """p, which has not come to an end, is told to commit, and does."""
    guard = And(s.told_commit(p), Not(s.committed(p)), Not(s.aborted(p)))
    changes = And(adds(s.committed, t.committed, p), removes(s.prepared, t.prepared, p))
    return Exists([p], And(guard, changes, but_messages(s, t, "committed", "prepared")))


def learn_abort(s: Transaction, t: Transaction) -> Formula:
    """p, which has not come to an end, is told to abort, and does."""
    guard = And(s.told_abort(p), Not(s.committed(p)), Not(s.aborted(p)))
    changes = And(adds(s.aborted, t.aborted, p), removes(s.prepared, t.prepared, p))
    return Exists([p], And(guard, changes, but_messages(s, t, "aborted", "prepared")))


def one_decision(s: Transaction) -> Formula:
    """The coordinator does not decide both."""
    return Not(And(s.commit, s.abort))


def a_yes_is_kept(s: Transaction) -> Formula:
    """Whoever said yes has prepared, and stays so until it is told more; at worst everybody aborts."""
    said = Or(s.yes(p), s.counted(p))
    return ForAll([p], Implies(said, Or(s.prepared(p), s.committed(p), s.abort)))


def all_prepared(s: Transaction) -> Formula:
    """Once it is decided to commit, everybody has prepared, or committed already."""
    return Implies(s.commit, ForAll([p], Or(s.prepared(p), s.committed(p))))


def prepared_is_not_aborted(s: Transaction) -> Formula:
    """A participant is in one phase."""
    one = And(Not(And(s.prepared(p), s.aborted(p))), Not(And(s.committed(p), s.aborted(p))))
    return ForAll([p], one)


def told_what_is_decided(s: Transaction) -> Formula:
    """Participants are told to commit, and commit, only if that was decided; they are told to abort likewise."""
    commits = Implies(Or(s.told_commit(p), s.committed(p)), s.commit)
    return ForAll([p], And(commits, Implies(s.told_abort(p), s.abort)))


def agreement(s: Transaction) -> Formula:
    """No participant commits while another aborts."""
    return ForAll([p, q], Not(And(s.committed(p), s.aborted(q))))


def no_commit_without_every_yes(s: Transaction) -> Formula:
    """Where one has committed, every other has prepared or committed: none said no."""
    return ForAll([p, q], Implies(s.committed(p), Or(s.prepared(q), s.committed(q))))


SYSTEMS = (
    System(
        name="two-phase commit",
        state=Transaction,
        init=init,
        steps=[
            prepare,
            abort_alone,
            count,
            decide_to_commit,
            decide_to_abort,
            tell_again,
            coordinator_crash,
            learn_commit,
            learn_abort,
        ],
        invariants=[one_decision, a_yes_is_kept, all_prepared, prepared_is_not_aborted, told_what_is_decided],
        consequences=[agreement, no_commit_without_every_yes],
        sizes={"Participant": 3},
    ),
)
