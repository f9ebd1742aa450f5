"""The quorum store, step by step: Gifford (SOSP 1979), Dynamo (SOSP 2007), Attiya, Bar-Noy and Dolev (JACM 1995)."""

from typing import Any

import pytest

from stackproof.reference.actor import Out, amnesiac
from stackproof.reference.storage.quorum_store import (
    Answer,
    Begin,
    Client,
    Copy,
    Get,
    Invoked,
    Put,
    Query,
    Quorums,
    Replica,
    Returned,
    Store,
    Stored,
    Version,
)

THREE = ("r0", "r1", "r2")
OLD = Copy(Version(1, "c0"), "old")
NEW = Copy(Version(2, "c0"), "new")


def client(*workload: Put | Get, **options: bool) -> Client:
    return Client("c0", Quorums(THREE, 2, 2, **options), workload)


def told(node: Client | Replica, message: Any, source: str = "c0") -> Out:
    """What a node does upon one message."""
    out = Out()
    node.receive(message, source, out)
    return out


def asked(node: Client, *answers: tuple[str, Copy]) -> Out:
    """What a client does upon the last of these answers to its operation."""
    told(node, Begin())
    outs = [told(node, Answer(node.begun, copy), replica) for replica, copy in answers]
    return outs[-1]


def test_a_replica_answers_with_the_copy_it_holds() -> None:
    assert told(Replica("r0", OLD), Query(7)).sent == [("c0", Answer(7, OLD))]


def test_a_replica_keeps_the_copy_of_the_higher_version_in_whichever_order_they_come() -> None:
    for first, second in ((OLD, NEW), (NEW, OLD)):
        replica = Replica("r0")
        told(replica, Store(1, first))
        told(replica, Store(1, second))
        assert replica.copy == NEW


def test_a_replica_acknowledges_an_older_copy_without_holding_it() -> None:
    replica = Replica("r0", NEW)
    assert told(replica, Store(3, OLD)).sent == [("c0", Stored(3))]
    assert replica.copy == NEW


def test_equal_counters_are_told_apart_by_the_writer() -> None:
    assert Version(0) < Version(1, "c0") < Version(1, "c1") < Version(2, "c0")


def test_a_replica_keeps_its_copy_through_a_crash() -> None:
    assert amnesiac(Replica("r0", NEW)).copy == NEW


def test_a_client_begins_its_next_operation_when_its_pause_is_over() -> None:
    out = Out()
    client(Get()).start(out)
    assert [message for message, _ in out.timers] == [Begin()]


def test_a_client_with_nothing_to_do_does_nothing() -> None:
    out = Out()
    client().start(out)
    assert out == Out(out.pick)


def test_a_sole_writer_counts_its_puts_and_sends_each_to_all_replicas() -> None:
    writer = client(Put("old"), Put("new"))
    out = told(writer, Begin())
    assert out.observed == [Invoked("put", "old")]
    assert out.sent == [(replica, Store(1, OLD)) for replica in THREE]


def test_a_put_returns_with_the_w_th_acknowledgement() -> None:
    writer = client(Put("old"))
    told(writer, Begin())
    assert told(writer, Stored(1), "r2").observed == []
    assert told(writer, Stored(1), "r0").observed == [Returned()]


def test_the_same_replica_acknowledging_twice_counts_once() -> None:
    writer = client(Put("old"))
    told(writer, Begin())
    for _ in range(2):
        assert told(writer, Stored(1), "r2").observed == []


def test_the_second_put_is_beyond_the_first() -> None:
    writer = client(Put("old"), Put("new"))
    told(writer, Begin())
    told(writer, Stored(1), "r0")
    assert [message for message, _ in told(writer, Stored(1), "r1").timers] == [Begin()]
    assert told(writer, Begin()).sent == [(replica, Store(2, NEW)) for replica in THREE]


def test_an_acknowledgement_of_an_earlier_put_does_not_count() -> None:
    writer = client(Put("old"), Put("new"))
    told(writer, Begin())
    told(writer, Stored(1), "r0")
    told(writer, Stored(1), "r1")
    told(writer, Begin())
    told(writer, Stored(1), "r2")
    assert told(writer, Stored(2), "r0").observed == []


def test_one_of_several_writers_first_asks_all_replicas_for_their_versions() -> None:
    out = told(client(Put("x"), several_writers=True), Begin())
    assert out.observed == [Invoked("put", "x")]
    assert out.sent == [(replica, Query(1)) for replica in THREE]


def test_one_of_several_writers_goes_beyond_the_highest_version_of_r_replicas() -> None:
    highest = Copy(Version(4, "c1"), "y")
    out = asked(client(Put("x"), several_writers=True), ("r1", highest), ("r2", OLD))
    assert out.sent == [(replica, Store(1, Copy(Version(5, "c0"), "x"))) for replica in THREE]


def test_a_put_after_a_crash_does_not_reuse_the_version_of_the_one_cut_short() -> None:
    writer = client(Put("x"), Put("y"), several_writers=True)
    asked(writer, ("r0", Copy()), ("r1", Copy()))
    writer = amnesiac(writer)
    out = asked(writer, ("r1", Copy()), ("r2", Copy()))
    assert out.sent[0] == ("r0", Store(2, Copy(Version(2, "c0"), "y")))


def test_a_get_returns_the_value_of_the_highest_version_among_r_answers() -> None:
    reader = client(Get())
    assert asked(reader, ("r2", NEW)).observed == []
    assert told(reader, Answer(1, OLD), "r0").observed == [Returned("new")]


def test_a_get_counts_replicas_and_not_answers() -> None:
    reader = client(Get())
    assert asked(reader, ("r2", OLD), ("r2", NEW)).observed == []
    assert told(reader, Answer(1, OLD), "r0").observed == [Returned("old")]


def test_a_get_of_a_register_never_put_returns_nothing() -> None:
    assert asked(client(Get()), ("r0", Copy()), ("r1", Copy())).observed == [Returned(None)]


@pytest.mark.parametrize("late", [Answer(1, NEW), Stored(1)])
def test_what_comes_after_the_end_of_an_operation_is_ignored(late: Answer | Stored) -> None:
    reader = client(Get())
    asked(reader, ("r0", OLD), ("r1", OLD))
    assert told(reader, late, "r2") == told(client(), late, "r2")
    assert reader.phase.value == "idle"


def test_without_read_repair_a_stale_replica_stays_stale() -> None:
    assert asked(client(Get()), ("r0", OLD), ("r1", NEW)).sent == []


def test_read_repair_sends_the_newest_copy_to_stale_replicas_and_does_not_wait() -> None:
    out = asked(client(Get(), read_repair=True), ("r0", OLD), ("r1", NEW))
    assert out.observed == [Returned("new")]
    assert out.sent == [("r0", Store(1, NEW))]


def test_a_reader_that_writes_back_returns_once_w_replicas_hold_the_value() -> None:
    reader = client(Get(), write_back=True)
    out = asked(reader, ("r0", OLD), ("r1", NEW))
    assert out.observed == []
    assert out.sent == [("r0", Store(1, NEW)), ("r2", Store(1, NEW))]
    assert told(reader, Stored(1), "r2").observed == [Returned("new")]


def test_replicas_that_answered_with_the_newest_copy_need_no_write_back() -> None:
    assert asked(client(Get(), write_back=True), ("r0", NEW), ("r1", NEW)).observed == [Returned("new")]


def test_after_a_crash_a_client_goes_on_with_its_next_operation() -> None:
    reader = client(Get(), Put("x"))
    told(reader, Begin())
    reader = amnesiac(reader)
    assert told(reader, Answer(1, NEW), "r0").observed == []
    assert told(reader, Begin()).observed == [Invoked("put", "x")]
