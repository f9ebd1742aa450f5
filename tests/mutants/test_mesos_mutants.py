"""Mesos as a tired engineer might write it: every property catches the mistake it is there for."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import attrs
import pytest
from attrs import define, evolve, frozen

from stackproof.checker import Scenario, Verdict, explore
from stackproof.checker.invariants.offers import resources_never_overcommitted, task_states_only_advance
from stackproof.checker.scenario import Property
from stackproof.checker.scenarios.mesos import SLOT, mesos_failover, mesos_offers, mesos_revocation
from stackproof.reference.actor import NodeId, Out
from stackproof.reference.scheduling.mesos.agent import Acknowledged, Agent
from stackproof.reference.scheduling.mesos.allocator import HierarchicalDRF, eligible
from stackproof.reference.scheduling.mesos.books import Agent as Entry
from stackproof.reference.scheduling.mesos.books import Books, Client, Placed
from stackproof.reference.scheduling.mesos.broker import Rescinded
from stackproof.reference.scheduling.mesos.framework import Adversary, Batch
from stackproof.reference.scheduling.mesos.master import Master, Timer
from stackproof.reference.scheduling.mesos.messages import (
    Held,
    Offer,
    OfferId,
    Question,
    Rescind,
    ShutdownFramework,
    Task,
    TaskId,
    TaskState,
)
from stackproof.reference.scheduling.mesos.resources import Resources, anybodys
from stackproof.reference.scheduling.mesos.timers import GraceOver


def with_nodes(scenario: Scenario, change: Callable[[Any], Any]) -> Scenario:
    """The scenario with every node changed."""
    return evolve(scenario, nodes=tuple(map(change, scenario.nodes)), absent=tuple(map(change, scenario.absent)))


def mutated(scenario: Scenario, mutant: type[Any]) -> Scenario:
    """The scenario with a mutant in the place of the nodes, or the allocation module, that it extends."""

    def made(node: Any) -> Any:
        if type(node) in mutant.__mro__:
            return mutant(**{one.name: getattr(node, one.name) for one in attrs.fields(type(node))})
        module = node.setting.module if isinstance(node, Master) else None
        if isinstance(module, HierarchicalDRF) and issubclass(mutant, HierarchicalDRF):
            return evolve(node, setting=evolve(node.setting, module=mutant(module.roles)))
        return node

    return with_nodes(scenario, made)


def violated(scenario: Scenario) -> set[str]:
    """The properties that a scenario violates."""
    return {one.property for one in explore(scenario, worlds=200_000).violated}


def impatient(scenario: Scenario) -> Scenario:
    """The scenario with a master that rescinds an offer which nobody answers, once."""
    return with_nodes(scenario, lambda node: evolve(node, offer_patience=1) if isinstance(node, Master) else node)


@define
class Greedy(Batch):
    """Takes twice what it needs, once."""

    def suits(self, offer: Offer, out: Out) -> bool:
        return not self.launched

    def task(self, agent: NodeId, resources: Resources, out: Out) -> Task:
        return evolve(Batch.task(self, agent, resources, out), resources=resources + resources)


def one_slot(node: Any) -> Any:
    """An agent of one slot, and a batch framework on it that may have to make room; its task may end before it does."""
    if isinstance(node, Agent):
        return evolve(node, resources=anybodys(1))
    return Batch("s0", "m", SLOT, 1, "greedy") if node.id == "s0" else node


def two_tasks(node: Any) -> Any:
    """A framework that wants two tasks."""
    return evolve(node, wanted=2) if isinstance(node, Batch) else node


SCENARIOS: dict[str, Scenario] = {
    "one": mesos_offers(agents=1, frameworks=("batch",)),
    "two batches": mesos_offers(agents=1, frameworks=("batch", "batch")),
    "with one that declines": mesos_offers(agents=1, frameworks=("batch", "adversary")),
    "with one that leaves": evolve(
        (leaving := mesos_offers(agents=1, leaves=1)), faults=evolve(leaving.faults, victims=("b0", "s1"))
    ),
    "with one that clings": impatient(mesos_offers(agents=1, frameworks=("adversary",), habits=("cling",))),
    "two that hoard": impatient(
        mesos_offers(agents=1, frameworks=("adversary", "adversary"), habits=("hoard",)),
    ),
    "two tasks each": with_nodes(mesos_offers(agents=1, slots=2, frameworks=("batch", "batch")), two_tasks),
    "with an agent that fails": mesos_offers(agents=1, frameworks=("batch",), crashes=1),
    "failover": mesos_failover(agents=1, frameworks=("batch",), crashes=0),
    "failover before any launch": mesos_failover(agents=1, frameworks=("batch",), crashes=0, launched=False),
    "two failovers before an agent is registered": mesos_failover(
        agents=1, frameworks=("service",), crashes=0, failovers=2, launched=False, registered=False
    ),
    "failover with two that hoard": evolve(
        mesos_failover(agents=1, frameworks=("adversary", "adversary"), crashes=0, habits=("hoard",), launched=False),
        goals=(),
    ),
    "failing frameworks": mesos_failover(
        agents=1, frameworks=("batch",), crashes=0, failovers=0, framework_crashes=1, launched=False
    ),
    "revocation": mesos_revocation(),
    "a batch makes room": with_nodes(mesos_revocation(), one_slot),
    "reserved": mesos_revocation(reserved=1),
    "greedy": evolve(mutated(mesos_offers(agents=1, frameworks=("batch",)), Greedy), goals=(), eventually_always=()),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_reference_is_innocent(name: str) -> None:
    assert explore(SCENARIOS[name], worlds=200_000).verdict is Verdict.HELD


def guilty(name: str, mutant: type) -> set[str]:
    """What a mutant violates in a scenario."""
    return violated(mutated(SCENARIOS[name], mutant))


def breaks(name: str, mutant: type, broken: Property) -> bool:
    """Whether a mutant violates this property, whichever others it may have violated before."""
    return violated(evolve(mutated(SCENARIOS[name], mutant), invariants=(broken,))) == {broken.__name__}


# resources_never_overcommitted


@frozen
class Optimistic(HierarchicalDRF):
    """Offers what is free of an agent to everybody, and lets them race for it."""

    def allocate(self, books: Books) -> tuple[Offer, ...]:
        offers: list[Offer] = []
        for agent in books.agents:
            free = books.free(agent)
            for client in books.clients:
                if eligible(books, client, agent, free):
                    offers.append(Offer(books.next_offer(agent), client.id, free.open_to(client.role)))
                    books = books.with_offer(offers[-1])
        return tuple(offers)


def test_offering_the_same_resources_to_everybody_overcommits_them() -> None:
    assert "resources_never_overcommitted" in guilty("two batches", Optimistic)


@define
class Polite(Master):
    """Forgets the tasks of a framework that leaves, and does not tell their agents."""

    def dismiss(self, framework: NodeId, out: Out) -> None:
        silent = Out()
        Master.dismiss(self, framework, silent)
        out.sent += [(to, message) for to, message in silent.sent if not isinstance(message, ShutdownFramework)]
        out.timers += silent.timers
        out.observed += silent.observed


def test_offering_what_tasks_of_a_framework_that_left_still_use_overcommits_it() -> None:
    assert breaks("with one that leaves", Polite, resources_never_overcommitted)


@define
class Steadfast(Agent):
    """Asks again to be registered as the agent that it was when nobody answered."""

    def reregister(self, out: Out) -> None:
        if self.registered:
            Agent.reregister(self, out)
        else:
            self.start(out)


def test_an_agent_whose_old_question_reaches_a_new_master_when_it_runs_a_task_is_overcommitted() -> None:
    assert breaks("two failovers before an agent is registered", Steadfast, resources_never_overcommitted)


# an_offer_has_one_holder


@define
class Nostalgic(Adversary):
    """Keeps the offers of the last master."""

    def follow(self, leader: NodeId, out: Out) -> None:
        offers = self.offers
        Adversary.follow(self, leader, out)
        self.offers = offers


def test_an_offer_of_the_last_master_is_somebody_elses_now() -> None:
    assert guilty("failover with two that hoard", Nostalgic) == {"an_offer_has_one_holder"}


@define
class Absent(Master):
    """Does not tell those who hold an offer that it is void."""

    def rescind(self, offers: tuple[Offer, ...], out: Out) -> None:
        silent = Out()
        Master.rescind(self, offers, silent)
        out.timers += silent.timers
        self.books = evolve(self.books, rescinded=frozenset())


def test_an_offer_whose_holder_was_not_told_that_it_is_void_has_two() -> None:
    assert guilty("two that hoard", Absent) == {"an_offer_has_one_holder"}


# no_task_without_an_accepted_offer


@define
class Obliging(Master):
    """Launches what a framework asks for, whether the offer is outstanding or not."""

    def accept(self, framework: NodeId, ids: tuple[OfferId, ...], tasks: tuple[Task, ...], out: Out) -> None:
        offers = tuple(one for one in self.books.offers if one.id in ids)
        self.settle(offers, out)
        self.launch(ids[0].agent, offers, tasks, out)
        self.changed(out)


def test_a_task_launched_upon_an_offer_that_is_not_outstanding() -> None:
    assert guilty("with one that clings", Obliging) == {"no_task_without_an_accepted_offer", "isolation"}


@define
class Amnesiac(Batch):
    """Counts in memory the tasks that it has launched."""

    launched: int = 0


def test_a_framework_that_gives_the_number_of_a_task_to_another() -> None:
    assert "no_task_without_an_accepted_offer" in guilty("failing frameworks", Amnesiac)


# rescinded_offers_launch_nothing


@define
class Lenient(Master):
    """Says that an offer is void, and leaves it in the books until it is answered."""

    def rescind(self, offers: tuple[Offer, ...], out: Out) -> None:
        for offer in offers:
            out.observe(Rescinded(offer.id))
            out.send(offer.framework, Rescind(offer.id))


def test_a_rescinded_offer_that_stays_in_the_books() -> None:
    assert guilty("with one that clings", Lenient) == {"rescinded_offers_launch_nothing"}


@define
class Thrifty(Master):
    """Gives the number of an offer that was rescinded to the next."""

    def rescind(self, offers: tuple[Offer, ...], out: Out) -> None:
        Master.rescind(self, offers, out)
        self.books = evolve(self.books, rescinded=frozenset())


def test_the_number_of_a_rescinded_offer_that_is_used_again() -> None:
    assert guilty("with one that clings", Thrifty) == {"rescinded_offers_launch_nothing"}


# task_states_only_advance


@define
class Undying(Agent):
    """Kills a task that is over."""

    def advance(self, task: TaskId, state: TaskState, out: Out) -> None:
        process = self.process(task)
        if state is TaskState.KILLED and process is not None and process.state.terminal:
            self.put(evolve(process, state=state, updates=(*process.updates, state)))
        else:
            Agent.advance(self, task, state, out)


def test_a_task_that_ends_twice() -> None:
    assert breaks("a batch makes room", Undying, task_states_only_advance)


@define
class Sanguine(Master):
    """Books a task as running once it was sent to its agent."""

    def launch(self, agent: NodeId, offers: tuple[Offer, ...], tasks: tuple[Task, ...], out: Out) -> None:
        Master.launch(self, agent, offers, tasks, out)
        for task in tasks:
            self.books = self.books.with_task(Placed(task, agent, TaskState.RUNNING))


def test_a_task_that_runs_by_the_books_while_its_executor_is_launched() -> None:
    assert "task_states_only_advance" in guilty("one", Sanguine)


# acknowledged_updates_are_not_repeated


@define
class Insistent(Agent):
    """Sends the update that was acknowledged again, and not the next."""

    def acknowledged(self, task: TaskId, state: TaskState, out: Out) -> None:
        process = self.process(task)
        Agent.acknowledged(self, task, state, Out())
        out.observe(Acknowledged(task, state))
        if process is not None and process.updates[1:]:
            self.report(task, process.updates[0], out)


def test_an_update_that_is_sent_again_once_it_was_acknowledged() -> None:
    assert "acknowledged_updates_are_not_repeated" in guilty("one", Insistent)


# filters_expire


@define
class Unforgiving(Master):
    """Never forgets what somebody refused."""

    def decline(self, framework: NodeId, offer_id: OfferId, refuse: bool, out: Out) -> None:
        silent = Out()
        Master.decline(self, framework, offer_id, refuse, silent)
        out.sent += silent.sent
        out.observed += silent.observed


def test_a_filter_without_a_timer() -> None:
    assert "filters_expire" in guilty("with one that declines", Unforgiving)


@frozen
class Pushy(HierarchicalDRF):
    """Does not look at filters."""

    def next_client(self, books: Books, agent: Entry, free: Resources) -> Client | None:
        return HierarchicalDRF.next_client(self, evolve(books, filters=()), agent, free)


def test_an_offer_of_what_was_refused_before_the_filter_has_expired() -> None:
    assert guilty("with one that declines", Pushy) == {"filters_expire"}


# drf_order


@frozen
class InTurn(HierarchicalDRF):
    """Offers to whoever was served longest ago, whatever they hold."""

    def next_client(self, books: Books, agent: Entry, free: Resources) -> Client | None:
        return next((client for client in books.clients if eligible(books, client, agent, free)), None)


def test_an_offer_to_the_one_served_longest_ago() -> None:
    assert "drf_order" in guilty("two tasks each", InTurn)


@frozen
class Generous(HierarchicalDRF):
    """Offers first to the framework with the greatest share."""

    def standing(self, books: Books, client: Client) -> tuple[bool, Fraction, Fraction]:
        owed, role, own = HierarchicalDRF.standing(self, books, client)
        return owed, -role, -own


def test_an_offer_to_the_framework_with_the_greatest_share() -> None:
    assert "drf_order" in guilty("two tasks each", Generous)


@frozen
class Deaf(HierarchicalDRF):
    """Offers to frameworks that have said that they need nothing."""

    def next_client(self, books: Books, agent: Entry, free: Resources) -> Client | None:
        clients = tuple(evolve(client, suppressed=False) for client in books.clients)
        return HierarchicalDRF.next_client(self, evolve(books, clients=clients), agent, free)


def test_an_offer_to_a_framework_that_needs_none() -> None:
    assert "drf_order" in guilty("one", Deaf)


# isolation


@define
class Trusting(Master):
    """Does not add up what tasks use."""

    def accept(self, framework: NodeId, ids: tuple[OfferId, ...], tasks: tuple[Task, ...], out: Out) -> None:
        offers = tuple(one for one in self.books.offers if one.id in ids)
        self.settle(offers, out)
        if len(offers) == len(ids):
            self.launch(ids[0].agent, offers, tasks, out)
        self.changed(out)


def test_a_task_that_uses_more_than_it_was_granted() -> None:
    assert guilty("greedy", Trusting) == {"isolation", "resources_never_overcommitted"}


@frozen
class Blind(HierarchicalDRF):
    """Offers all that is free, whoever has it reserved."""

    def allocate(self, books: Books) -> tuple[Offer, ...]:
        offers: list[Offer] = []
        for agent in books.agents:
            free = books.free(agent)
            client = self.next_client(books, agent, free) if free else None
            if client is not None:
                offers.append(Offer(books.next_offer(agent), client.id, free))
                books = books.with_offer(offers[-1])
        return tuple(offers)


def test_an_offer_of_what_another_role_has_reserved() -> None:
    assert "isolation" in guilty("reserved", Blind)


# soft_state_is_rebuilt


@define
class Taciturn(Agent):
    """Names the tasks that run, when it registers again."""

    def reregister(self, out: Out) -> None:
        kept = self.processes
        self.processes = tuple(one for one in kept if one.state is TaskState.RUNNING)
        Agent.reregister(self, out)
        self.processes = kept


def test_tasks_that_an_agent_does_not_name() -> None:
    assert "soft_state_is_rebuilt" in guilty("failover before any launch", Taciturn)


@define
class Naive(Master):
    """Takes an agent that registers again for a new one."""

    def readmit(self, agent: Entry, tasks: tuple[Held, ...], out: Out) -> None:
        self.admit(agent, out)


def test_a_master_that_does_not_listen_to_what_runs() -> None:
    assert "soft_state_is_rebuilt" in guilty("failover", Naive)


@define
class Vague(Master):
    """Books every task of an agent that registers again as one that is being launched."""

    def welcome(self, agent: Entry, tasks: tuple[Held, ...], out: Out) -> None:
        Master.welcome(self, agent, tuple(evolve(held, state=TaskState.STAGING) for held in tasks), out)


def test_a_master_that_does_not_listen_to_how_tasks_fare() -> None:
    assert "soft_state_is_rebuilt" in guilty("failover", Vague)


@define
class Attentive(Master):
    """Takes it that a framework which registers again needs offers."""

    def readmit_framework(self, client: Client, tasks: tuple[Question, ...], out: Out) -> None:
        Master.readmit_framework(self, evolve(client, suppressed=False), tasks, out)


def test_a_master_that_does_not_hear_that_a_framework_needs_nothing() -> None:
    assert "soft_state_is_rebuilt" in guilty("failover", Attentive)


# no_starvation


@define
class Idle(Master):
    """Waits for something else to happen before it offers what was declined."""

    def decline(self, framework: NodeId, offer_id: OfferId, refuse: bool, out: Out) -> None:
        offer = self.books.offer(offer_id, framework)
        if offer is not None:
            self.settle((offer,), out)


def test_what_was_declined_and_is_offered_to_nobody() -> None:
    assert guilty("with one that declines", Idle) == {"no_starvation"}


@define
class Resigned(Batch):
    """Does not say that it needs offers again once a task was lost."""

    def state_needs(self, out: Out) -> None:
        if self.lacks <= 0:
            Batch.state_needs(self, out)


def test_a_framework_that_does_not_revive_its_offers_has_nothing_after_a_loss() -> None:
    assert "no_starvation" in guilty("with an agent that fails", Resigned)


# who_is_owed_is_served


@frozen
class Lax(HierarchicalDRF):
    """Lets everybody keep what they have."""

    def revoke(self, books: Books) -> Placed | None:
        return None


def test_a_guarantee_that_nobody_must_make_room_for() -> None:
    assert guilty("revocation", Lax) == {"who_is_owed_is_served"}


@define
class Gracious(Master):
    """Lets a time of grace pass, and then another."""

    def time_out(self, timer: Timer, out: Out) -> None:
        if isinstance(timer, GraceOver):
            out.after(60_000, timer)
        else:
            Master.time_out(self, timer, out)


def test_a_time_of_grace_that_does_not_end() -> None:
    assert guilty("revocation", Gracious) == {"who_is_owed_is_served"}
