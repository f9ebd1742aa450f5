"""Mesos as its papers have it: Hindman et al., NSDI 2011; Ghodsi et al., NSDI 2011; Zaharia et al., EuroSys 2010."""

from typing import Any

import pytest
from attrs import evolve

from stackproof.reference.actor import Out
from stackproof.reference.scheduling.mesos.agent import Agent, Process
from stackproof.reference.scheduling.mesos.allocator import HierarchicalDRF, Role
from stackproof.reference.scheduling.mesos.books import Agent as Entry
from stackproof.reference.scheduling.mesos.books import Books, Client, Filter, Placed
from stackproof.reference.scheduling.mesos.broker import Rescinded, Setting
from stackproof.reference.scheduling.mesos.framework import Adversary, Batch, Framework, Known, Service
from stackproof.reference.scheduling.mesos.master import Elected, Master
from stackproof.reference.scheduling.mesos.messages import (
    Accept,
    Acknowledge,
    AgentRegistered,
    Decline,
    Detected,
    FrameworkRegistered,
    Held,
    Kill,
    Launch,
    Offer,
    OfferId,
    Question,
    Reconcile,
    RegisterAgent,
    RegisterFramework,
    ReregisterAgent,
    ReregisterFramework,
    Rescind,
    Revive,
    Revoke,
    Shutdown,
    ShutdownFramework,
    Suppress,
    Task,
    TaskId,
    TaskState,
    UnregisterFramework,
    Update,
    UpdateAgent,
)
from stackproof.reference.scheduling.mesos.resources import ANYBODY, Resources, anybodys
from stackproof.reference.scheduling.mesos.timers import (
    AgentTimedOut,
    Allocate,
    ExecutorReady,
    FilterExpired,
    GraceOver,
    OfferTimedOut,
    TaskEnds,
    WaitOver,
)

ONE, TWO = anybodys(1), anybodys(2)
FIRST = TaskId("f0", 0)
TASK = Task(FIRST, ONE)
STAGING, RUNNING, FINISHED, KILLED, LOST = (
    TaskState.STAGING,
    TaskState.RUNNING,
    TaskState.FINISHED,
    TaskState.KILLED,
    TaskState.LOST,
)


def told(node: Any, message: Any, source: str = "m") -> Out:
    """What a node does upon one message."""
    out = Out()
    node.receive(message, source, out)
    return out


def fired(node: Any, timer: Any) -> Out:
    """What a node does when a timer fires."""
    return told(node, timer, node.id)


def offer(number: int = 0, framework: str = "f0", resources: Resources = TWO, agent: str = "a0") -> Offer:
    return Offer(OfferId(agent, 0, number), framework, resources)


def master(*agents: str, frameworks: tuple[str, ...] = (), resources: Resources = TWO, **variables: Any) -> Master:
    """A master with whom these frameworks, then these agents, have registered."""
    setting = variables.pop("setting", Setting())
    node = Master("m", setting, **variables)
    for name in frameworks:
        told(node, RegisterFramework(0, ANYBODY), name)
    for name in agents:
        told(node, RegisterAgent(0, resources), name)
    return node


def with_a_task(**variables: Any) -> Master:
    """A master that has launched a task of f0 on a0, which f0 needs no more offers for."""
    node = master("a0", frameworks=("f0",), **variables)
    told(node, Suppress(), "f0")
    told(node, Accept((offer().id,), (TASK,)), "f0")
    return node


def agent(*processes: Process, **variables: Any) -> Agent:
    """An agent that is registered."""
    return Agent("a0", "m", TWO, registered=True, processes=processes, **variables)


def framework(kind: type[Framework] = Framework, **variables: Any) -> Framework:
    """A framework that is registered."""
    return kind("f0", "m", (1,), connected=True, **variables)


# 3.1 Registration and offers


def test_an_agent_registers_with_what_it_has_and_is_told_that_it_is_registered() -> None:
    node, out = Agent("a0", "m", TWO), Out()
    node.start(out)
    assert out.sent == [("m", RegisterAgent(0, TWO))]
    assert told(master(), RegisterAgent(0, TWO), "a0").sent == [("a0", AgentRegistered(0))]
    told(node, AgentRegistered(0))
    assert node.registered


def test_a_framework_registers_and_is_offered_all_that_is_free() -> None:
    node = master("a0", "a1")
    first, second = offer(), offer(agent="a1")
    out = told(node, RegisterFramework(0, ANYBODY), "f0")
    assert out.sent == [("f0", FrameworkRegistered(0)), ("f0", first), ("f0", second)]
    assert node.books.offers == (first, second)


def test_what_one_framework_was_offered_no_other_is() -> None:
    node = master("a0", frameworks=("f0",))
    assert told(node, RegisterFramework(0, ANYBODY), "f1").sent == [("f1", FrameworkRegistered(0))]


def test_who_registers_twice_is_entered_once() -> None:
    node = master("a0", frameworks=("f0",))
    assert told(node, RegisterAgent(0, TWO), "a0").sent == [("a0", AgentRegistered(0))]
    assert len(node.books.agents) == 1


def test_who_has_not_registered_is_not_heard() -> None:
    assert told(master("a0"), Accept((offer().id,), (TASK,)), "f0").sent == []
    assert told(master(), Update(FIRST, RUNNING), "a0").sent == []


def test_a_framework_accepts_an_offer_with_a_task_and_says_that_it_needs_no_more() -> None:
    node = framework()
    assert told(node, offer()).sent == [("m", Suppress()), ("m", Accept((offer().id,), (TASK,)))]
    assert node.tasks == (Known(FIRST, "a0"),)


def test_an_accepted_offer_is_launched_and_what_it_left_is_offered_again() -> None:
    node = master("a0", frameworks=("f0",))
    out = told(node, Accept((offer().id,), (TASK,)), "f0")
    assert out.sent == [("a0", Launch(TASK, 0)), ("f0", offer(resources=ONE))]
    assert node.books.placed(FIRST) == Placed(TASK, "a0")


def test_offers_of_an_agent_are_accepted_together() -> None:
    node = master("a0", frameworks=("f0",), resources=ONE)
    assert told(node, UpdateAgent(TWO), "a0").sent == [("f0", offer(1, resources=ONE))]
    out = told(node, Accept((offer(0).id, offer(1).id), (Task(FIRST, TWO),)), "f0")
    assert out.sent[0] == ("a0", Launch(Task(FIRST, TWO), 0))


@pytest.mark.parametrize(
    ("offers", "task"),
    [((OfferId("a0", 0, 7),), TASK), ((OfferId("a0", 0, 0),), Task(FIRST, TWO + ONE)), ((), TASK)],
    ids=["void", "too small", "none"],
)
def test_tasks_that_an_offer_does_not_cover_are_lost(offers: tuple[OfferId, ...], task: Task) -> None:
    out = told(master("a0", frameworks=("f0",)), Accept(offers, (task,)), "f0")
    assert out.sent[0] == ("f0", Update(FIRST, LOST))
    assert not any(isinstance(message, Launch) for _, message in out.sent)


def test_offers_of_two_agents_are_not_accepted_together_and_are_free_again() -> None:
    node = master("a0", "a1", frameworks=("f0",))
    out = told(node, Accept((offer().id, offer(agent="a1").id), (TASK,)), "f0")
    assert out.sent == [("f0", Update(FIRST, LOST)), ("f0", offer()), ("f0", offer(agent="a1"))]


def test_an_offer_of_another_framework_cannot_be_accepted() -> None:
    node = master("a0", frameworks=("f0", "f1"))
    out = told(node, Accept((offer().id,), (Task(TaskId("f1", 0), ONE),)), "f1")
    assert out.sent == [("f1", Update(TaskId("f1", 0), LOST))]
    assert node.books.offers == (offer(),)


# 3.2 Filters


def test_a_framework_declines_what_its_task_does_not_fit_and_refuses_more_of_it() -> None:
    assert told(Framework("f0", "m", (3,), connected=True), offer()).sent == [("m", Decline(offer().id, True))]


def test_a_framework_that_lacks_nothing_declines_and_refuses_nothing() -> None:
    assert told(framework(wanted=0), offer()).sent == [("m", Decline(offer().id, False))]


def test_what_was_declined_is_offered_to_another() -> None:
    node = master("a0", frameworks=("f0", "f1"))
    assert told(node, Decline(offer().id), "f0").sent == [("f1", offer(framework="f1"))]


def test_what_was_refused_is_not_offered_again_until_the_filter_expires() -> None:
    node = master("a0", frameworks=("f0",))
    out = told(node, Decline(offer().id), "f0")
    assert (out.sent, out.timers[-1]) == ([], (FilterExpired("f0", "a0"), 5000))
    assert node.books.filters == (Filter("f0", "a0", TWO),)
    assert fired(node, FilterExpired("f0", "a0")).sent == [("f0", offer())]
    assert not node.books.refused("f0", "a0", TWO)


def test_what_was_declined_and_not_refused_is_offered_again_at_once() -> None:
    assert told(master("a0", frameworks=("f0",)), Decline(offer().id, False), "f0").sent == [("f0", offer())]


def test_a_filter_keeps_off_less_of_the_same_agent_but_not_more_nor_another_agent() -> None:
    books = Books(filters=(Filter("f0", "a0", ONE),))
    assert books.refused("f0", "a0", ONE)
    assert not books.refused("f0", "a0", TWO)
    assert not books.refused("f0", "a1", ONE)
    assert not books.refused("f1", "a0", ONE)


def test_with_batches_a_filter_lasts_for_a_round_of_allocation_at_least() -> None:
    node = master("a0", frameworks=("f0",), setting=Setting(batch=True))
    fired(node, Allocate())
    told(node, Decline(offer().id), "f0")
    assert fired(node, FilterExpired("f0", "a0")).timers == [(FilterExpired("f0", "a0"), 5000)]
    assert fired(node, Allocate()).sent == []
    fired(node, FilterExpired("f0", "a0"))
    assert fired(node, Allocate()).sent == [("f0", offer())]


def test_with_batches_changes_wait_for_one_timer() -> None:
    node = master(setting=Setting(batch=True))
    assert told(node, RegisterAgent(0, TWO), "a0").timers[-1] == (Allocate(), 1000)
    assert told(node, RegisterFramework(0, ANYBODY), "f0").timers == []


def test_revive_clears_filters() -> None:
    node = master("a0", frameworks=("f0",))
    told(node, Decline(offer().id), "f0")
    out = told(node, Revive(), "f0")
    assert out.timers[0] == (FilterExpired("f0", "a0"), None)
    assert (out.sent, node.books.filters) == ([("f0", offer())], ())


# 3.5 Frameworks that need no offers


def test_a_suppressed_framework_is_offered_nothing_until_it_revives() -> None:
    node = master(frameworks=("f0",))
    told(node, Suppress(), "f0")
    assert told(node, RegisterAgent(0, TWO), "a0").sent == [("a0", AgentRegistered(0))]
    assert told(node, Revive(), "f0").sent == [("f0", offer())]


def test_a_framework_that_wants_nothing_registers_as_suppressed() -> None:
    node, out = Framework("f0", "m", (1,), wanted=0), Out()
    node.start(out)
    assert out.sent == [("m", RegisterFramework(0, ANYBODY, suppressed=True))]


# 3.4 Offers that are void


def test_an_offer_that_nobody_answers_is_rescinded_and_made_to_the_next() -> None:
    node = master("a0", frameworks=("f0", "f1"), offer_patience=1)
    out = fired(node, OfferTimedOut(offer().id))
    assert out.observed[0] == Rescinded(offer().id)
    assert out.sent == [("f0", Rescind(offer().id)), ("f1", offer(1, "f1"))]


def test_a_master_rescinds_no_more_offers_than_its_patience_allows() -> None:
    node = master("a0", "a1", frameworks=("f0",), offer_patience=1)
    told(node, RegisterAgent(0, TWO), "a2")
    assert fired(node, OfferTimedOut(offer().id)).sent[0] == ("f0", Rescind(offer().id))
    out = fired(node, OfferTimedOut(offer(agent="a1").id))
    assert (out.sent, out.timers, node.offer_patience) == ([], [], 0)


def test_a_master_gives_up_no_more_agents_than_its_patience_allows() -> None:
    node = master("a0", "a1", patience=1)
    assert fired(node, AgentTimedOut("a0")).sent == [("a0", Shutdown())]
    out = fired(node, AgentTimedOut("a1"))
    assert (out.sent, node.patience) == ([], 0)
    assert told(node, RegisterAgent(0, TWO), "a2").timers == []


def test_when_an_agent_is_lost_its_offers_are_rescinded() -> None:
    node = master("a0", frameworks=("f0",), patience=1)
    assert fired(node, AgentTimedOut("a0")).sent == [("f0", Rescind(offer().id)), ("a0", Shutdown())]
    assert node.books.offers == ()


def test_an_agent_that_has_less_has_offers_rescinded_and_what_it_still_has_is_offered() -> None:
    node = master("a0", frameworks=("f0",))
    out = told(node, UpdateAgent(ONE), "a0")
    assert out.sent == [("f0", Rescind(offer().id)), ("f0", offer(1, resources=ONE))]


def test_a_task_upon_a_rescinded_offer_is_lost() -> None:
    node = master("a0", frameworks=("f0",), offer_patience=1)
    fired(node, OfferTimedOut(offer().id))
    assert told(node, Accept((offer().id,), (TASK,)), "f0").sent[0] == ("f0", Update(FIRST, LOST))


# Tasks


def test_an_agent_launches_an_executor_and_then_the_task_runs() -> None:
    node = agent()
    assert told(node, Launch(TASK, 0)).timers == [(ExecutorReady(FIRST), 1000)]
    out = fired(node, ExecutorReady(FIRST))
    assert (out.sent, out.timers) == ([("m", Update(FIRST, RUNNING))], [(TaskEnds(FIRST), 30_000)])


def test_the_next_update_waits_until_the_one_before_is_acknowledged() -> None:
    node = agent(Process(TASK, RUNNING, (RUNNING,)))
    assert fired(node, TaskEnds(FIRST)).sent == []
    assert told(node, Acknowledge(FIRST, RUNNING, "a0")).sent == [("m", Update(FIRST, FINISHED))]


def test_an_acknowledgement_of_another_update_changes_nothing() -> None:
    node = agent(Process(TASK, FINISHED, (RUNNING, FINISHED)))
    assert told(node, Acknowledge(FIRST, FINISHED, "a0")).sent == []
    assert node.processes[0].updates == (RUNNING, FINISHED)


def test_a_task_that_is_over_is_kept_until_its_end_is_acknowledged() -> None:
    node = agent(Process(TASK, FINISHED, (FINISHED,)))
    assert node.used == Resources()
    told(node, Acknowledge(FIRST, FINISHED, "a0"))
    assert node.processes == ()


def test_the_master_passes_an_update_on_and_the_acknowledgement_back() -> None:
    node = with_a_task()
    assert told(node, Update(FIRST, RUNNING), "a0").sent == [("f0", Update(FIRST, RUNNING, "a0"))]
    placed = node.books.placed(FIRST)
    assert placed == Placed(TASK, "a0", RUNNING, RUNNING)
    acknowledged = Acknowledge(FIRST, RUNNING, "a0")
    assert told(node, acknowledged, "f0").sent == [("a0", acknowledged)]
    assert node.books.placed(FIRST) == Placed(TASK, "a0", RUNNING)


def test_the_master_keeps_a_task_that_is_over_until_its_framework_knows() -> None:
    node = with_a_task()
    told(node, Update(FIRST, FINISHED), "a0")
    assert (node.books.placed(FIRST), node.books.used("a0")) == (Placed(TASK, "a0", FINISHED, FINISHED), Resources())
    told(node, Acknowledge(FIRST, FINISHED, "a0"), "f0")
    assert node.books.tasks == ()


def test_what_a_task_used_is_offered_as_soon_as_it_is_over() -> None:
    node = with_a_task()
    told(node, Revive(), "f0")
    told(node, Decline(offer(resources=ONE).id, False), "f0")
    assert ("f0", offer(1, resources=ONE)) in told(node, Update(FIRST, FINISHED), "a0").sent


def test_a_framework_acknowledges_what_it_hears_and_counts_what_has_finished() -> None:
    node = framework(tasks=(Known(FIRST, "a0"),), launched=1, suppressed=True)
    out = told(node, Update(FIRST, FINISHED, "a0"))
    assert out.sent == [("m", Acknowledge(FIRST, FINISHED, "a0"))]
    assert (node.finished, node.tasks, node.lacks) == (1, (), 0)


def test_nobody_acknowledges_the_masters_own_word() -> None:
    node = framework(tasks=(Known(FIRST, "a0", RUNNING),), launched=1, suppressed=True)
    assert told(node, Update(FIRST, LOST)).sent == [("m", Revive())]


def test_a_framework_notes_no_state_before_the_one_that_it_knows() -> None:
    node = framework(tasks=(Known(FIRST, "a0", RUNNING),), launched=1)
    told(node, Update(FIRST, STAGING))
    assert node.tasks == (Known(FIRST, "a0", RUNNING),)


def test_a_kill_goes_to_the_agent_that_runs_the_task() -> None:
    assert told(with_a_task(), Kill(FIRST), "f0").sent == [("a0", Kill(FIRST))]
    node = agent(Process(TASK, RUNNING))
    out = told(node, Kill(FIRST))
    assert (out.sent, out.timers[-1]) == ([("m", Update(FIRST, KILLED))], (TaskEnds(FIRST), None))


def test_what_is_over_cannot_be_killed() -> None:
    node = with_a_task()
    told(node, Update(FIRST, FINISHED), "a0")
    assert told(node, Kill(FIRST), "f0").sent == []
    assert told(agent(Process(TASK, FINISHED, (FINISHED,))), Kill(FIRST)).sent == []


def test_a_task_that_was_given_up_and_comes_back_is_killed() -> None:
    assert told(framework(launched=1), Update(FIRST, RUNNING, "a0")).sent[-1] == ("m", Kill(FIRST))


def test_a_framework_that_leaves_takes_its_tasks_along() -> None:
    node = with_a_task()
    assert told(node, UnregisterFramework(), "f0").sent == [("a0", ShutdownFramework("f0"))]
    assert (node.books.clients, node.books.tasks) == ((), ())
    host = agent(Process(TASK, RUNNING))
    assert told(host, ShutdownFramework("f0")).sent == []
    assert host.processes == ()


# 3.6 Agents that are lost


def test_the_tasks_of_a_lost_agent_are_lost() -> None:
    node = with_a_task(patience=1)
    assert fired(node, AgentTimedOut("a0")).sent[-2:] == [("f0", Update(FIRST, LOST)), ("a0", Shutdown())]
    assert (node.books.agents, node.books.tasks) == ((), ())


def test_an_agent_that_was_given_up_kills_everything_and_comes_as_a_new_one() -> None:
    node = agent(Process(TASK, RUNNING))
    assert told(node, Shutdown()).sent == [("m", RegisterAgent(1, TWO))]
    assert (node.processes, node.registered) == ((), False)


def test_an_agent_that_was_given_up_is_not_let_in_again_until_it_has_begun_anew() -> None:
    node = with_a_task(patience=1)
    fired(node, AgentTimedOut("a0"))
    assert told(node, ReregisterAgent(0, TWO, (Held(TASK, RUNNING),)), "a0").sent == []
    assert told(node, RegisterAgent(1, TWO), "a0").sent == [("a0", AgentRegistered(1))]
    assert node.books.removed == frozenset()


def test_of_an_agent_that_comes_back_after_a_crash_the_tasks_are_lost_at_once() -> None:
    node = with_a_task()
    assert told(node, RegisterAgent(1, TWO), "a0").sent[-2:] == [
        ("f0", Update(FIRST, LOST)),
        ("a0", AgentRegistered(1)),
    ]


def test_an_agent_is_asked_for_tasks_that_it_did_not_name() -> None:
    out = told(with_a_task(), ReregisterAgent(0, TWO, ()), "a0")
    assert out.sent == [("a0", AgentRegistered(0, (FIRST,)))]
    assert told(agent(), AgentRegistered(0, (FIRST,))).sent == [("m", Update(FIRST, LOST))]
    assert told(agent(Process(TASK)), AgentRegistered(0, (FIRST,))).sent == []


# 3.6 A new master, and reconciliation


def test_an_agent_that_no_master_has_answered_asks_the_next_one_as_another_agent() -> None:
    node = Agent("a0", "m", TWO)
    assert told(node, Detected("m")).sent == [("m", RegisterAgent(1, TWO))]
    told(node, AgentRegistered(0))
    assert not node.registered
    told(node, AgentRegistered(1))
    assert node.registered


def test_a_task_that_was_meant_for_another_agent_of_the_name_is_not_run() -> None:
    node = agent(life=1)
    assert told(node, Launch(TASK, 0)).timers == []
    assert node.processes == ()
    assert told(node, Launch(TASK, 1)).timers == [(ExecutorReady(FIRST), 1000)]


def test_of_an_agent_that_the_books_have_and_that_registers_again_as_another_the_tasks_are_lost() -> None:
    node, second = with_a_task(), Task(TaskId("f0", 1), ONE)
    assert told(node, ReregisterAgent(1, TWO, (Held(second, RUNNING),)), "a0").sent == [("f0", Update(FIRST, LOST))]
    assert node.books.agents == (Entry("a0", 1, TWO),)
    assert node.books.tasks == (Placed(second, "a0", RUNNING),)


def test_a_master_that_comes_back_leads_with_empty_books_and_says_so() -> None:
    node, out = Master("m", Setting(("a0", "f0"))), Out()
    node.recover(out)
    assert out.observed == [Elected()]
    assert out.sent == [("a0", Detected("m")), ("f0", Detected("m"))]


def test_of_two_masters_the_one_that_does_not_lead_says_nothing() -> None:
    node = with_a_task()
    told(node, Detected("m2"), "m2")
    assert (node.leads, node.books) == (False, Books())
    assert told(node, RegisterAgent(0, TWO), "a0").sent == []
    assert told(node, Detected("m"), "z").observed == [Elected()]


def test_an_agent_registers_again_with_all_of_its_tasks() -> None:
    over = Process(Task(TaskId("f0", 1), ONE), FINISHED, (RUNNING, FINISHED))
    node = agent(Process(TASK), over)
    held = (Held(TASK, STAGING), Held(over.task, FINISHED, RUNNING))
    assert told(node, Detected("m2"), "m2").sent == [("m2", ReregisterAgent(0, TWO, held))]


def test_a_framework_registers_again_and_asks_what_became_of_its_tasks() -> None:
    node = framework(tasks=(Known(FIRST, "a0", RUNNING),), launched=1, offers=(offer(),))
    out = told(node, Detected("m2"), "m2")
    asked = (Question(FIRST, "a0", RUNNING),)
    assert out.sent == [("m2", ReregisterFramework(0, ANYBODY, suppressed=True, tasks=asked))]
    assert node.offers == ()


def test_re_registration_rebuilds_the_books() -> None:
    before = with_a_task()
    told(before, Update(FIRST, RUNNING), "a0")
    node = Master("m", Setting())
    told(node, ReregisterFramework(0, ANYBODY, suppressed=True, tasks=(Question(FIRST, "a0", STAGING),)), "f0")
    out = told(node, ReregisterAgent(0, TWO, (Held(TASK, RUNNING, RUNNING),)), "a0")
    assert out.sent[0] == ("f0", Update(FIRST, RUNNING, "a0"))
    assert node.books == before.books


def test_what_a_framework_asks_of_an_agent_that_is_not_there_yet_is_answered_when_it_is() -> None:
    node = Master("m", Setting())
    asked = Question(FIRST, "a0", STAGING)
    assert told(node, ReregisterFramework(0, ANYBODY, suppressed=True, tasks=(asked,)), "f0").sent == []
    assert node.books.asked == {asked}
    assert told(node, ReregisterAgent(0, TWO, ()), "a0").sent == [("f0", Update(FIRST, LOST))]
    assert node.books.asked == frozenset()


def test_a_task_that_nobody_knows_on_an_agent_that_is_there_is_lost() -> None:
    out = told(master("a0", frameworks=("f0",)), Reconcile((Question(FIRST, "a0", STAGING),)), "f0")
    assert out.sent == [("f0", Update(FIRST, LOST))]


def test_reconciliation_tells_only_what_is_news() -> None:
    node = with_a_task()
    told(node, Update(FIRST, RUNNING), "a0")
    assert told(node, Reconcile((Question(FIRST, "a0", RUNNING),)), "f0").sent == []
    assert told(node, Reconcile((Question(FIRST, "a0", STAGING),)), "f0").sent == [("f0", Update(FIRST, RUNNING))]


def test_a_framework_that_crashed_and_came_back_hears_of_what_it_has_not_acknowledged() -> None:
    node = with_a_task()
    told(node, Update(FIRST, RUNNING), "a0")
    out = told(node, RegisterFramework(1, ANYBODY, suppressed=True), "f0")
    assert out.sent == [("f0", FrameworkRegistered(1)), ("f0", Update(FIRST, RUNNING, "a0"))]


def test_a_framework_that_is_registered_asks_about_the_tasks_that_it_noted() -> None:
    node = Framework("f0", "m", (1,), tasks=(Known(FIRST, "a0"),), launched=1)
    assert told(node, FrameworkRegistered(0)).sent == [("m", Reconcile((Question(FIRST, "a0", STAGING),)))]


# Roles and reservations


MIXED = Resources((("red", (1,)), (ANYBODY, (2,))))


def test_a_framework_is_offered_what_is_reserved_for_its_role_and_what_anybody_may_use() -> None:
    assert MIXED.open_to("red") == MIXED
    assert MIXED.open_to("blue") == MIXED.open_to(ANYBODY) == TWO


def test_a_task_uses_what_is_reserved_first() -> None:
    assert MIXED.carve((2,), "red") == Resources((("red", (1,)), (ANYBODY, (1,))))
    assert MIXED.carve((2,), "blue") == TWO
    assert MIXED.carve((3,), "blue") is None


def test_of_one_agent_two_roles_may_be_offered_their_parts() -> None:
    node = master(setting=Setting())
    told(node, RegisterFramework(0, "blue"), "f0")
    told(node, RegisterFramework(0, "red"), "f1")
    out = told(node, RegisterAgent(0, MIXED), "a0")
    assert out.sent[:2] == [("f0", offer()), ("f1", offer(1, "f1", Resources((("red", (1,)),))))]


# 3.3 Allocation: dominant resource fairness, role by role


def books(*tasks: tuple[str, Resources], roles: dict[str, str], capacity: Resources = anybodys(10, 10)) -> Books:
    """The books of a master with an agent of this capacity, on which frameworks of these roles run tasks."""
    return Books(
        agents=(Entry("a0", 0, capacity),),
        clients=tuple(Client(name, 0, role) for name, role in roles.items()),
        tasks=tuple(Placed(Task(TaskId(name, place), uses), "a0") for place, (name, uses) in enumerate(tasks)),
    )


def served(now: Books, *roles: Role) -> str:
    """Who is offered what is free."""
    return HierarchicalDRF(roles).allocate(now)[0].framework


def test_the_framework_with_the_least_dominant_share_is_offered_what_is_free() -> None:
    now = books(("f0", anybodys(1, 4)), ("f1", anybodys(3, 1)), roles={"f0": ANYBODY, "f1": ANYBODY})
    assert served(now) == "f1"


def test_first_the_role_with_the_least_share_and_then_its_framework_with_the_least() -> None:
    now = books(
        ("f0", anybodys(1, 0)),
        ("f1", anybodys(3, 0)),
        ("f2", anybodys(2, 0)),
        roles={"f0": "red", "f1": "red", "f2": "blue", "f3": "red"},
    )
    assert served(now) == "f2"
    assert served(evolve(now, clients=now.clients[:2] + now.clients[3:])) == "f3"


def test_shares_are_weighted() -> None:
    now = books(("f0", anybodys(3, 0)), ("f1", anybodys(2, 0)), roles={"f0": "red", "f1": "blue"})
    assert served(now) == "f1"
    assert served(now, Role("red", 2)) == "f0"


def test_a_tie_goes_to_the_one_served_longest_ago() -> None:
    node = master("a0", frameworks=("f0", "f1"))
    assert node.books.offers == (offer(),)
    assert told(node, Decline(offer().id, False), "f0").sent == [("f1", offer(framework="f1"))]
    assert told(node, Decline(offer().id, False), "f1").sent == [("f0", offer())]


def test_each_offer_counts_before_the_next_is_made() -> None:
    now = evolve(books(roles={"f0": ANYBODY, "f1": ANYBODY}), agents=tuple(Entry(f"a{i}", 0, TWO) for i in range(4)))
    assert [one.framework for one in HierarchicalDRF().allocate(now)] == ["f0", "f1", "f0", "f1"]


def test_a_framework_that_cannot_use_an_agent_is_passed_over() -> None:
    special = Entry("a0", 0, TWO, frozenset({"gpu"}))
    able = Client("f1", 0, ANYBODY, frozenset({"gpu"}))
    now = Books(agents=(special,), clients=(Client("f0", 0, ANYBODY), able))
    assert served(now) == "f1"


def test_a_role_below_its_guarantee_comes_before_the_others() -> None:
    now = books(("f0", anybodys(3, 3)), roles={"f0": "owed", "f1": "other"})
    assert served(now) == "f1"
    assert served(now, Role("owed", 1, (4, 4))) == "f0"


# 3.3.1 Revocation


OWED = (Role("owed", 1, (1,)), Role("greedy"))


def crowded() -> Master:
    """A master whose only agent is full of a framework that is guaranteed nothing; another one is about to come."""
    node = master("a0", setting=Setting(module=HierarchicalDRF(OWED)), resources=ONE)
    told(node, RegisterFramework(0, "greedy"), "f0")
    told(node, Accept((offer().id,), (TASK,)), "f0")
    return node


def test_a_task_is_told_to_make_room_for_a_role_below_its_guarantee_and_has_a_time_of_grace() -> None:
    out = told(crowded(), RegisterFramework(0, "owed"), "f1")
    assert out.sent == [("f1", FrameworkRegistered(0)), ("f0", Revoke(FIRST))]
    assert out.timers == [(GraceOver(FIRST), 60_000)]


def test_when_the_time_of_grace_is_over_the_task_is_killed_and_its_room_offered() -> None:
    node = crowded()
    told(node, RegisterFramework(0, "owed"), "f1")
    assert fired(node, GraceOver(FIRST)).sent == [("a0", Kill(FIRST))]
    out = told(node, Update(FIRST, KILLED), "a0")
    assert out.timers == [(GraceOver(FIRST), None)]
    assert out.sent == [("f0", Update(FIRST, KILLED, "a0")), ("f1", offer(framework="f1", resources=ONE))]


def test_nobody_makes_room_for_a_role_that_is_guaranteed_nothing() -> None:
    assert told(crowded(), RegisterFramework(0, "other"), "f1").sent == [("f1", FrameworkRegistered(0))]
    assert (
        HierarchicalDRF((Role("owed", 1, (0,)),)).revoke(crowded().books.with_client(Client("f1", 0, "owed"))) is None
    )


def test_a_role_within_its_guarantee_loses_nothing() -> None:
    now = crowded().books.with_client(Client("f1", 0, "owed"))
    assert HierarchicalDRF((*OWED[:1], Role("greedy", 1, (1,)))).revoke(now) is None


def test_one_task_at_a_time_makes_room() -> None:
    now = crowded().books.with_client(Client("f1", 0, "owed"))
    module = HierarchicalDRF(OWED)
    assert module.revoke(now) == Placed(TASK, "a0")
    assert module.revoke(evolve(now, revoking=frozenset({FIRST}))) is None


def test_a_framework_that_is_warned_ends_its_task_or_lets_grace_pass() -> None:
    node = framework(tasks=(Known(FIRST, "a0", RUNNING),), launched=1)
    assert told(node, Revoke(FIRST)).sent == [("m", Kill(FIRST))]
    reluctant = Out(lambda options: options - 1)
    node.receive(Revoke(FIRST), "m", reluctant)
    assert reluctant.sent == []


# Frameworks: delay scheduling, services, adversaries


def waiting() -> Batch:
    """A framework whose data is on a1."""
    return Batch("f0", "m", (1,), connected=True, preferred=frozenset({"a1"}))


def test_delay_scheduling_declines_an_agent_without_the_data_and_begins_to_wait() -> None:
    out = told(waiting(), offer())
    assert (out.sent, out.timers) == ([("m", Decline(offer().id))], [(WaitOver(), 5000)])


def test_the_wait_is_not_begun_anew_by_the_next_offer() -> None:
    node = waiting()
    told(node, offer())
    assert told(node, offer(agent="a2")).timers == []


def test_once_it_has_waited_any_agent_will_do_those_included_that_it_declined() -> None:
    node = waiting()
    told(node, offer())
    assert fired(node, WaitOver()).sent == [("m", Revive())]
    assert told(node, offer()).sent[-1] == ("m", Accept((offer().id,), (TASK,)))


def test_an_agent_with_the_data_ends_the_wait() -> None:
    node = waiting()
    told(node, offer())
    out = told(node, offer(agent="a1"))
    assert out.timers == [(WaitOver(), None)]
    assert isinstance(out.sent[-1][1], Accept)
    assert not node.waiting


@pytest.mark.parametrize("end", [LOST, KILLED])
def test_a_service_relaunches_a_task_that_ended(end: TaskState) -> None:
    node = framework(Service)
    told(node, offer())
    assert told(node, Update(FIRST, end)).sent == [("m", Revive())]
    again = Task(TaskId("f0", 1), ONE, ends=False)
    assert told(node, offer(1)).sent[-1] == ("m", Accept((offer(1).id,), (again,)))


def test_the_task_of_a_service_does_not_end_by_itself() -> None:
    node = agent(Process(Task(FIRST, ONE, ends=False)))
    assert fired(node, ExecutorReady(FIRST)).timers == []


def test_an_adversary_hoards_or_declines() -> None:
    node = framework(Adversary, habits=("hoard",))
    assert told(node, offer()).sent == []
    assert node.offers == (offer(),)
    assert told(framework(Adversary, habits=("decline",)), offer()).sent == [("m", Decline(offer().id))]


def test_an_adversary_that_clings_accepts_an_offer_once_it_is_void() -> None:
    node = framework(Adversary, habits=("cling",))
    told(node, offer())
    assert ("m", Accept((offer().id,), (TASK,))) in told(node, Rescind(offer().id)).sent
    assert node.offers == ()
