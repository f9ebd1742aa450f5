"""The ABD register, step by step: Attiya, Bar-Noy and Dolev (JACM 1995), with the versions of Lynch and Shvartsman."""

from typing import Any

from stackproof.reference.actor import Out, amnesiac
from stackproof.reference.storage.abd import (
    Answer,
    Client,
    Done,
    Get,
    Put,
    Query,
    Record,
    Recorded,
    Request,
    Server,
)
from stackproof.reference.storage.quorum_store import Copy, Invoked, Returned, Version

FIRST = Request("c0", 1)
OLD = Copy(Version(1, "s2"), "old")
NEW = Copy(Version(2, "s1"), "new")


def server(copy: Copy = Copy(), peers: tuple[str, ...] = ("s1", "s2")) -> Server:
    return Server("s0", peers, copy)


def told(node: Server | Client, message: Any, source: str) -> Out:
    """What a node does upon one message."""
    out = Out()
    node.receive(message, source, out)
    return out


def test_a_put_first_asks_the_other_servers() -> None:
    assert told(server(), Put(1, "x"), "c0").sent == [("s1", Query(FIRST)), ("s2", Query(FIRST))]


def test_a_get_first_asks_the_other_servers() -> None:
    assert told(server(), Get(1), "c0").sent == [("s1", Query(FIRST)), ("s2", Query(FIRST))]


def test_a_put_is_recorded_beyond_the_highest_version_of_a_majority_under_the_name_of_its_server() -> None:
    node = server(OLD)
    told(node, Put(1, "x"), "c0")
    mine = Copy(Version(3, "s0"), "x")
    assert told(node, Answer(FIRST, NEW), "s1").sent == [("s1", Record(FIRST, mine)), ("s2", Record(FIRST, mine))]
    assert node.copy == mine


def test_a_get_records_the_highest_copy_before_it_is_returned() -> None:
    node = server(OLD)
    told(node, Get(1), "c0")
    assert told(node, Answer(FIRST, NEW), "s1").sent == [("s1", Record(FIRST, NEW)), ("s2", Record(FIRST, NEW))]
    assert node.copy == NEW
    assert told(node, Recorded(FIRST), "s2").sent == [("c0", Done(1, "new"))]


def test_the_copy_of_the_asking_server_is_one_of_the_majority() -> None:
    node = server(NEW)
    told(node, Get(1), "c0")
    told(node, Answer(FIRST, OLD), "s1")
    assert told(node, Recorded(FIRST), "s1").sent == [("c0", Done(1, "new"))]


def test_a_put_is_done_when_a_majority_has_recorded_it() -> None:
    node = server(peers=("s1", "s2", "s3", "s4"))
    told(node, Put(1, "x"), "c0")
    told(node, Answer(FIRST, Copy()), "s1")
    told(node, Answer(FIRST, Copy()), "s2")
    assert told(node, Recorded(FIRST), "s3").sent == []
    assert told(node, Recorded(FIRST), "s3").sent == []
    assert told(node, Recorded(FIRST), "s4").sent == [("c0", Done(1, None))]
    assert node.phase is None


def test_a_server_alone_is_a_majority() -> None:
    assert told(server(peers=()), Put(1, "x"), "c0").sent == [("c0", Done(1, None))]


def test_answers_and_acknowledgements_of_another_request_do_not_count() -> None:
    node, other = server(), Request("c1", 1)
    told(node, Get(1), "c0")
    assert told(node, Answer(other, NEW), "s1").sent == []
    told(node, Answer(FIRST, OLD), "s1")
    assert told(node, Recorded(other), "s1").sent == []


def test_a_late_answer_of_the_first_phase_changes_nothing() -> None:
    node = server()
    told(node, Get(1), "c0")
    told(node, Answer(FIRST, OLD), "s1")
    before = node.phase
    assert told(node, Answer(FIRST, NEW), "s2").sent == []
    assert (node.phase, node.copy) == (before, OLD)


def test_a_server_ignores_a_request_while_it_handles_another() -> None:
    node = server()
    told(node, Get(1), "c0")
    before = node.phase
    assert told(node, Put(1, "x"), "c1").sent == []
    assert node.phase == before


def test_a_server_answers_others_while_it_handles_a_request() -> None:
    node, other = server(OLD), Request("c1", 1)
    told(node, Get(1), "c0")
    assert told(node, Query(other), "s1").sent == [("s1", Answer(other, OLD))]
    assert told(node, Record(other, NEW), "s1").sent == [("s1", Recorded(other))]
    assert node.copy == NEW


def test_an_older_copy_is_acknowledged_and_not_recorded() -> None:
    node = server(NEW)
    assert told(node, Record(FIRST, OLD), "s1").sent == [("s1", Recorded(FIRST))]
    assert node.copy == NEW


def test_a_crash_loses_the_request_under_way_and_not_the_copy() -> None:
    node = server(NEW)
    told(node, Get(1), "c0")
    assert amnesiac(node) == server(NEW)


def test_a_client_sends_one_request_after_the_other() -> None:
    client, out = Client("c0", (("s0", Put(1, "x")), ("s1", Get(2)))), Out()
    client.start(out)
    assert (out.sent, out.observed) == ([("s0", Put(1, "x"))], [Invoked("put", "x")])
    out = told(client, Done(1, None), "s0")
    assert (out.sent, out.observed) == ([("s1", Get(2))], [Returned(), Invoked("get")])
    out = told(client, Done(2, "x"), "s1")
    assert (out.sent, out.observed) == ([], [Returned("x")])


def test_a_client_takes_an_answer_once() -> None:
    client = Client("c0", (("s0", Put(1, "x")), ("s1", Get(2))))
    told(client, Done(1, None), "s0")
    assert told(client, Done(1, None), "s0") == told(client, Done(3, None), "s0")
    assert client.results == (None,)
