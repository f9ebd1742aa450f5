"""What was dealt in a run of Mesos, kept by a monitor: what no world shows by itself.

It keeps what was rescinded, what was acknowledged, how tasks ended; and each wrong that was done, under the name of the
property in `offers` that forbids it. Rounds of allocation are judged by the books that the master had before.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from attrs import evolve, frozen

from stackproof.reference.actor import NodeId
from stackproof.reference.scheduling.mesos.agent import Acknowledged, Reported
from stackproof.reference.scheduling.mesos.allocator import HierarchicalDRF, eligible
from stackproof.reference.scheduling.mesos.books import Agent as Entry
from stackproof.reference.scheduling.mesos.books import Books, Client
from stackproof.reference.scheduling.mesos.broker import Allocated, Launched, Rescinded
from stackproof.reference.scheduling.mesos.framework import Heard
from stackproof.reference.scheduling.mesos.master import Elected
from stackproof.reference.scheduling.mesos.messages import (
    Offer,
    OfferId,
    TaskId,
    TaskState,
)
from stackproof.reference.scheduling.mesos.resources import Resources, total

Wrong = tuple[str, str]


@frozen
class Dealings:
    """A monitor. `wrong`: pairs of a property and a reason against it.

    module         by which the order of offers is judged
    rescinded      offers of the present master that are void
    acknowledged   updates that agents know were heard
    ended          how tasks ended, as their frameworks heard
    elected        how often a master has taken over
    """

    module: HierarchicalDRF = HierarchicalDRF()
    rescinded: frozenset[OfferId] = frozenset()
    acknowledged: frozenset[tuple[TaskId, TaskState]] = frozenset()
    ended: frozenset[tuple[TaskId, TaskState]] = frozenset()
    wrong: frozenset[Wrong] = frozenset()
    elected: int = 0

    def observe(self, node: NodeId, event: Any) -> "Dealings":
        """The monitor after an event at a node."""
        match event:
            case Elected():
                return evolve(self, rescinded=frozenset(), elected=self.elected + 1)
            case Rescinded(offer):
                return evolve(self, rescinded=self.rescinded | {offer})
            case Allocated(books, offers):
                return self.blaming(overtaken(self.module, books, offers))
            case Launched(task, _, offers):
                return self.blaming(launched_wrongly(self.rescinded, task.id, task.resources, offers))
            case Reported(task, state):
                return self.blaming(repeated(task, state) for one in self.acknowledged if one == (task, state))
            case Acknowledged(task, state):
                return evolve(self, acknowledged=self.acknowledged | {(task, state)})
            case Heard(task, state) if state.terminal:
                others = [end for one, end in self.ended if one == task and end is not state]
                return evolve(self, ended=self.ended | {(task, state)}).blaming(
                    contradicted(task, end, state) for end in others
                )
            case _:
                return self

    def blaming(self, wrong: Iterable[Wrong]) -> "Dealings":
        """The monitor after some more wrongs."""
        more = frozenset(wrong)
        return evolve(self, wrong=self.wrong | more) if more else self


def launched_wrongly(
    rescinded: frozenset[OfferId], task: TaskId, uses: Resources, offers: tuple[Offer, ...]
) -> Iterator[Wrong]:
    """What is wrong with a launch upon the acceptance of these offers."""
    if not offers:
        yield "no_task_without_an_accepted_offer", f"{task} was launched with no offer"
    for offer in offers:
        if offer.id in rescinded:
            yield "rescinded_offers_launch_nothing", f"{task} was launched with {offer.id}, which had been rescinded"
        if offer.framework != task.framework:
            yield "no_task_without_an_accepted_offer", f"{task} was launched with {offer.id} of {offer.framework}"
    if not uses <= total(offer.resources for offer in offers):
        yield "isolation", f"{task} uses {uses}, more than it was granted"


def repeated(task: TaskId, state: TaskState) -> Wrong:
    """An update was sent after it had been acknowledged."""
    return "acknowledged_updates_are_not_repeated", f"{state.name} of {task} was acknowledged and sent again"


def contradicted(task: TaskId, end: TaskState, state: TaskState) -> Wrong:
    """A task ended twice."""
    return (
        "task_states_only_advance",
        f"{task.framework} heard that {task} was {end.name}, and then that it was {state.name}",
    )


def overtaken(module: HierarchicalDRF, books: Books, offers: tuple[Offer, ...]) -> Iterator[Wrong]:
    """What is wrong with the offers of a round, taken in order: they are of what is free, and each has its turn."""
    for offer in offers:
        agent, client = books.agent(offer.agent), books.client(offer.framework)
        if agent is None or not offer.resources <= books.free(agent):
            yield "resources_never_overcommitted", f"{offer.id} is of more than what is free of {offer.agent}"
        elif client is None or not eligible(books, client, agent, books.free(agent)):
            yield unwanted(books, offer)
        else:
            yield from misplaced(module, books, agent, client, offer)
        books = books.with_offer(offer)


def unwanted(books: Books, offer: Offer) -> Wrong:
    """An offer was made to who refuses it, wants none, or cannot use it."""
    if books.refused(offer.framework, offer.agent, offer.resources):
        return "filters_expire", f"{offer.framework} was offered {offer.id} before its filter had expired"
    return "drf_order", f"{offer.framework} was offered {offer.id}, and wants no offers or cannot use it"


def misplaced(module: HierarchicalDRF, books: Books, agent: Entry, client: Client, offer: Offer) -> Iterator[Wrong]:
    """An offer was made of what another role has reserved, or out of turn."""
    if not offer.resources <= books.free(agent).open_to(client.role):
        yield "isolation", f"{client.id} of role {client.role} was offered {offer.id} of {offer.resources}"
    able = (one for one in books.clients if eligible(books, one, agent, books.free(agent)))
    before = [one.id for one in able if module.standing(books, one) < module.standing(books, client)]
    if before:
        yield "drf_order", f"{client.id} was offered {offer.id}, and {before[0]} has less"
