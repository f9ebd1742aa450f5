"""Two-phase commit: agreement is proved for any number of participants, and fails where a guard or a lemma is not."""

from collections.abc import Callable

import pytest
from attrs import evolve
from z3 import And, Exists, ForAll, Implies, Not, Or

from stackproof.spec.bounded import run_to
from stackproof.spec.formulas import Formula, adds, keeps
from stackproof.spec.two_phase_commit import SYSTEMS, Transaction, but_messages, p, q, works
from tests.proved.conscience import Conscience

(SYSTEM,) = SYSTEMS
OF_TWO = evolve(SYSTEM, sizes={"Participant": 2})
Step = Callable[[Transaction, Transaction], Formula]

NEEDED: list[tuple[str, str | None]] = [
    ("one_decision", "learn_abort"),
    ("a_yes_is_kept", "decide_to_commit"),
    ("all_prepared", None),
    ("prepared_is_not_aborted", None),
    ("told_what_is_decided", "learn_abort"),
]


def prepare_late(s: Transaction, t: Transaction) -> Formula:
    """A participant prepares though it may have aborted."""
    says = ForAll([q], Implies(t.yes(q), Or(s.yes(q), q == p)))
    changes = And(adds(s.prepared, t.prepared, p), says, but_messages(s, t, "prepared", "yes"))
    return Exists([p], And(Not(s.committed(p)), changes))


def prepare_in_memory(s: Transaction, t: Transaction) -> Formula:
    """A participant says yes, and does not write down that it has prepared."""
    says = ForAll([q], Implies(t.yes(q), Or(s.yes(q), q == p)))
    return Exists([p], And(works(s, p), says, but_messages(s, t, "yes")))


def abort_after_yes(s: Transaction, t: Transaction) -> Formula:
    """A participant that has prepared aborts by itself: it has waited for too long."""
    guard = And(Not(s.committed(p)), Not(s.aborted(p)))
    changes = And(adds(s.aborted, t.aborted, p), ForAll([q], t.prepared(q) == And(s.prepared(q), q != p)))
    return Exists([p], And(guard, changes, but_messages(s, t, "aborted", "prepared")))


def count_unheard(s: Transaction, t: Transaction) -> Formula:
    """The coordinator counts who has not said yes."""
    guard = And(Not(s.commit), Not(s.abort))
    return Exists([p], And(guard, adds(s.counted, t.counted, p), but_messages(s, t, "counted")))


def commit_early(s: Transaction, t: Transaction) -> Formula:
    """The coordinator decides to commit upon the first yes."""
    guard = And(s.yes(p), Not(s.commit), Not(s.abort))
    changes = And(t.commit, keeps(s.abort, t.abort), ForAll([q], Not(t.counted(q))))
    return Exists([p], And(guard, changes, but_messages(s, t, "commit", "abort", "counted", "told_commit")))


def abort_after_commit(s: Transaction, t: Transaction) -> Formula:
    """The coordinator decides to abort whatever it decided before."""
    changes = And(t.abort, keeps(s.commit, t.commit), ForAll([q], Not(t.counted(q))))
    return And(changes, but_messages(s, t, "commit", "abort", "counted", "told_abort"))


def forget_decision(s: Transaction, t: Transaction) -> Formula:
    """The coordinator had its decision in memory only."""
    lost = And(Not(t.commit), Not(t.abort), ForAll([q], Not(t.counted(q))))
    return And(lost, but_messages(s, t, "commit", "abort", "counted"))


def commit_untold(s: Transaction, t: Transaction) -> Formula:
    """A participant that has prepared commits by itself."""
    changes = And(adds(s.committed, t.committed, p), ForAll([q], t.prepared(q) == And(s.prepared(q), q != p)))
    return Exists([p], And(s.prepared(p), changes, but_messages(s, t, "committed", "prepared")))


def abort_untold(s: Transaction, t: Transaction) -> Formula:
    """A participant takes any word of the coordinator for Abort."""
    guard = And(Or(s.told_abort(p), s.told_commit(p)), Not(s.committed(p)), Not(s.aborted(p)))
    changes = And(adds(s.aborted, t.aborted, p), ForAll([q], t.prepared(q) == And(s.prepared(q), q != p)))
    return Exists([p], And(guard, changes, but_messages(s, t, "aborted", "prepared")))


def tell_what_is_not_decided(s: Transaction, t: Transaction) -> Formula:
    """The coordinator, asked before it has decided, says Abort."""
    commits = ForAll([q], Implies(t.told_commit(q), Or(s.told_commit(q), s.commit)))
    aborts = ForAll([q], Implies(t.told_abort(q), Or(s.told_abort(q), Not(s.commit))))
    return And(commits, aborts, but_messages(s, t, "told_commit", "told_abort"))


WEAKENED: list[tuple[str, Step]] = [
    ("prepare", prepare_late),
    ("prepare", prepare_in_memory),
    ("abort_alone", abort_after_yes),
    ("count", count_unheard),
    ("decide_to_commit", commit_early),
    ("decide_to_abort", abort_after_commit),
    ("coordinator_crash", forget_decision),
    ("learn_commit", commit_untold),
    ("learn_abort", abort_untold),
    ("tell_again", tell_what_is_not_decided),
]


class TestTwoPhaseCommit(Conscience):
    system, needed, weakened = OF_TWO, NEEDED, WEAKENED


@pytest.mark.slow
@pytest.mark.parametrize(("step", "weaker"), WEAKENED, ids=lambda one: getattr(one, "__name__", "for"))
def test_with_a_weaker_guard_two_participants_come_to_disagree_in_a_run(step: str, weaker: Step) -> None:
    assert run_to(OF_TWO.replacing(**{step: weaker}), "agreement", 8) is not None


@pytest.mark.slow
def test_it_takes_every_vote_to_commit() -> None:
    def nobody_commits(s: Transaction) -> Formula:
        return ForAll([p], Not(s.committed(p)))

    wishful = OF_TWO.replacing(agreement=nobody_commits)
    assert run_to(wishful, "agreement", 4) is None
    run = run_to(wishful, "agreement", 5)
    assert run is not None
    assert sorted(run.steps) == ["count", "decide_to_commit", "learn_commit", "prepare", "prepare"]
