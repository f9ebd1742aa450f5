"""An allocator that deals the resources of a cluster to its users by dominant resource fairness.

Ghodsi et al., "Dominant Resource Fairness", NSDI 2011, section 4.2: Algorithm 1 among nodes that send messages. A user
says what a task of its needs and how many it wants to run; the allocator deals, in rounds, until nobody's next task
fits; a task that finishes is reported and its resources are dealt again.

Departures. The paper's scheduler knows its users; here they come when they like, in any order, and one that comes late
waits for resources to return: no task is ever taken back. A round begins some time after there is something new to
deal, so that users who come together are dealt to together. A user that crashes, or leaves, stays away and loses its
tasks. If it says nothing, the allocator learns of it from the connection between them: a message that the user never
reads, and that bounces when the user is not there.
"""

from typing import TypeAlias, assert_never

from attrs import define, evolve, frozen

from stackproof.reference.actor import Bounced, NodeId, Out
from stackproof.reference.scheduling.drf import Account, Filling, User, progressive_filling


@frozen
class Register:
    """User to allocator: this is what my tasks need, and so many I want to run (None: any number)."""

    user: User
    tasks: int | None = None


@frozen
class Connection:
    """Allocator to user: nothing to read; it lasts as long as the user is up."""


@frozen
class Launch:
    """Allocator to user: run one task more."""


@frozen
class Finished:
    """User to allocator: one task has finished."""


@frozen
class Leaving:
    """User to allocator: I am going, and so are my tasks."""


@frozen
class Deal:
    """A timer: the next round begins."""


@frozen
class Finish:
    """A timer: some task of this user finishes."""


@frozen
class Came:
    """What a monitor sees: the allocator heard of a user."""

    user: User
    tasks: int | None


@frozen
class Served:
    """What a monitor sees: the allocator granted a task to a user."""

    user: NodeId


@frozen
class Returned:
    """What a monitor sees: the allocator took back what one task of a user held."""

    user: NodeId


@frozen
class Went:
    """What a monitor sees: the allocator took back what all tasks of a user held, and forgot the user."""

    user: NodeId


ToAllocator: TypeAlias = Register | Finished | Leaving | Deal | Bounced
ToUser: TypeAlias = Connection | Launch | Finish


@define
class Allocator:
    """The scheduler of Algorithm 1; `filling` is what it holds of its users."""

    id: NodeId
    filling: Filling

    def receive(self, message: ToAllocator, source: NodeId, out: Out) -> None:
        match message:
            case Register(user, tasks):
                self.admit(user, tasks, out)
            case Finished() if self.knows(source):
                self.take_back(source, out)
            case Deal():
                self.deal(out)
            case Leaving() | Bounced() if self.knows(source):
                self.forget(source, out)
            case Finished() | Leaving() | Bounced():
                pass
            case _:
                assert_never(message)

    def knows(self, name: NodeId) -> bool:
        """Whether a user has registered and is not known to be gone."""
        return any(account.user.name == name for account in self.filling.accounts)

    def admit(self, user: User, tasks: int | None, out: Out) -> None:
        """A user comes; the last in a tie."""
        self.hold((*self.filling.accounts, Account(user, wanted=tasks)), out)
        out.observe(Came(user, tasks))
        out.send(user.name, Connection())

    def take_back(self, name: NodeId, out: Out) -> None:
        """One task of a user has finished."""
        accounts = self.filling.accounts
        self.hold(tuple(one.returned() if one.user.name == name else one for one in accounts), out)
        out.observe(Returned(name))

    def forget(self, name: NodeId, out: Out) -> None:
        """A user is gone, with all of its tasks."""
        self.hold(tuple(one for one in self.filling.accounts if one.user.name != name), out)
        out.observe(Went(name))

    def hold(self, accounts: tuple[Account, ...], out: Out) -> None:
        """Something changed; deal soon, if there is anything to deal."""
        self.filling = evolve(self.filling, accounts=accounts)
        if self.filling.next_user() is None:
            out.cancel(Deal())
        else:
            out.after(1000, Deal())

    def deal(self, out: Out) -> None:
        """A round of Algorithm 1."""
        for name, filling in progressive_filling(self.filling):
            self.filling = filling
            out.observe(Served(name))
            out.send(name, Launch())


@define
class TaskRunner:
    """A user: its tasks run, and `finishes` of them finish."""

    id: NodeId
    allocator: NodeId
    user: User
    tasks: int | None = None
    finishes: int = 0
    running: int = 0

    def start(self, out: Out) -> None:
        out.send(self.allocator, Register(self.user, self.tasks))

    def receive(self, message: ToUser, source: NodeId, out: Out) -> None:
        match message:
            case Launch():
                self.running += 1
                self.await_a_finish(out)
            case Finish():
                self.running -= 1
                self.finishes -= 1
                out.send(self.allocator, Finished())
                self.await_a_finish(out)
            case Connection():
                pass
            case _:
                assert_never(message)

    def leave(self, out: Out) -> None:
        out.send(self.allocator, Leaving())

    def await_a_finish(self, out: Out) -> None:
        """Some task that runs will finish, if one more may."""
        if self.running and self.finishes:
            out.after(1000, Finish())
