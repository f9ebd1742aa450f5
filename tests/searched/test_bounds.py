"""The compiled loops keep to their arrays, and these are large enough: numba looks at neither unless it is asked."""

import ast
import os
import subprocess
import sys
from itertools import islice, product
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve

from stackproof.checker import Faults, Scenario, Verdict, World
from stackproof.checker.explore import keys
from stackproof.checker.explore.arrays import PerNode
from stackproof.checker.explore.compiled import CHECKER, SOURCES, cache_folder, native, telling
from stackproof.checker.explore.limits import Limits, Progress
from stackproof.checker.explore.native import explore_natively
from stackproof.checker.explore.plain import explore_plainly
from stackproof.checker.explore.rows import Store, roomy
from stackproof.checker.explore.tables import Book
from stackproof.checker.host import ScenarioError
from stackproof.checker.registry import build
from stackproof.reference.actor import NodeId, Out
from tests.exhausted.counts import counted
from tests.searched.bounded import gossip, tiny, wide

REPOSITORY = Path(__file__).parents[2]


def alike(scenario: Scenario) -> int:
    """How many worlds there are: both engines say the same."""
    quick, plain = (counted(one(scenario, Limits()), {}) for one in (explore_natively, explore_plainly))
    assert quick == plain
    return quick.distinct


# Every place is looked at before it is read or written


@pytest.mark.slow
def test_no_loop_goes_past_the_end_of_an_array(tmp_path: Path) -> None:
    environment = os.environ | {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    command = (sys.executable, "-m", "tests.searched.bounded")
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["see_mutants", "count_all", "count_successors", "walk_all"]


def test_buffers_as_small_as_can_be_change_no_count() -> None:
    scenario = build("quorum", {"n": 2, "w": 2, "r": 1})
    assert tiny(lambda: counted(explore_natively(scenario, Limits()), {})) == counted(
        explore_plainly(scenario, Limits()), {}
    )
    assert tiny(lambda: alike(gossip())) > 1_000


def test_a_world_may_have_more_successors_than_there_is_room_for_at_first() -> None:
    found = tiny(lambda: explore_natively(wide(nodes=2, among=250), Limits(), 1))
    assert (found.verdict, found.distinct, found.transitions) == (Verdict.HELD, 501, 500)


# The arrays are large enough


@define
class Counter:
    """Sends a number to one of the others whenever its timer fires; whoever hears the last one answers."""

    id: NodeId
    others: tuple[NodeId, ...]
    last: int
    count: int = 0

    def start(self, out: Out) -> None:
        if self.others:
            out.after(10, "tick")

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        if message == "tick":
            self.count += 1
            out.send(self.others[self.count % len(self.others)], self.count)
            if self.count < self.last:
                out.after(10, "tick")
        elif message == "thanks":
            self.count = 0
        else:
            self.count = message
            if message == self.last:
                out.send(source, "thanks")


def test_a_node_may_send_much_before_it_is_sent_anything() -> None:
    others = tuple("bcdef")
    nodes = [Counter("a", others, 150), *(Counter(one, (), 150) for one in others)]
    assert alike(Scenario(nodes=nodes, prune=two_are_in_flight)) == 451


def two_are_in_flight(world: World) -> bool:
    """Each number is heard before the next is sent."""
    return len(world.in_flight) > 1


def test_a_growing_array_takes_any_number() -> None:
    rows = PerNode.of(1)
    rows.set(0, 1_000, 7)
    assert (rows.array[0, 1_000], rows.array[0, 999]) == (7, 0)


@define
class Starter:
    """Begins with any number."""

    id: NodeId
    among: int
    number: int = 0

    def start(self, out: Out) -> None:
        self.number = out.choose(tuple(range(self.among)))

    def receive(self, message: str, source: NodeId, out: Out) -> None:
        raise AssertionError(message)


def test_there_may_be_thousands_of_initial_worlds() -> None:
    scenario = Scenario(nodes=[Starter(f"n{i}", 25) for i in range(3)])
    found = explore_natively(scenario, Limits(), 1)
    assert (found.verdict, found.distinct, found.depth) == (Verdict.HELD, 25**3, 0)


@define
class Board:
    """Many variables, of which nothing comes."""

    id: NodeId
    a: int = 0
    b: int = 0
    c: int = 0
    d: int = 0
    e: int = 0
    f: int = 0

    def receive(self, message: str, source: NodeId, out: Out) -> None:
        raise AssertionError(message)


def test_there_may_be_a_thousand_properties_that_read_different_things() -> None:
    places = [(node, variable) for node in ("m", "n") for variable in "abcdef"]
    each = islice(product((0, 1), repeat=len(places)), 1_100)
    chosen = [[place for place, asked in zip(places, one, strict=True) if asked] for one in each]
    scenario = Scenario(nodes=[Board("m"), Board("n")], goals=[goal(number, one) for number, one in enumerate(chosen)])
    assert explore_natively(scenario, Limits(), 1).verdict is Verdict.HELD


def goal(number: int, places: list[tuple[str, str]]) -> Any:
    """Whether some variables are zero."""

    def reached(world: World) -> bool:
        return not any(getattr(world.nodes[node], variable) for node, variable in places)

    reached.__name__ = f"goal_{number}"
    return reached


def test_no_component_is_wider_than_its_part_of_a_key() -> None:
    assert max(roomy([21, 23, 22, 23], 0)) <= keys.A_SHIFT
    assert roomy([5, 5, 5, 5], 0) == [8, 8, 8, 8]


def test_the_set_of_worlds_grows_as_worlds_are_entered() -> None:
    store = Store([14], 1)
    for number in range(10_000):
        store.enter((number,))
    assert store.count == 10_000
    assert sorted(store.numbers().tolist())[-10_000:] == [0, *range(10_000)][-10_000:]


# What cannot be counted is said


def test_more_may_happen_to_a_node_than_a_list_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Book, "step", many_effects)
    twice = evolve(wide(nodes=1, among=1), nodes=[Twice("n0")])
    with pytest.raises(ScenarioError, match=r"more than 65,535 things may happen to 'n0': use --engine plain"):
        explore_natively(twice, Limits(), 1)


@define
class Twice:
    """Has two timers."""

    id: NodeId
    taken: int = -1

    def start(self, out: Out) -> None:
        out.after(10, "take")
        out.after(10, "take another")

    def receive(self, message: str, source: NodeId, out: Out) -> None:
        self.taken = 0


def many_effects(book: Book, place: int, host: int, item: int, step: Any = Book.step) -> int:
    """Each step as if it could go in 33,000 ways, since to run it as often takes long."""
    steps: int = step(book, place, host, item)
    first, count = divmod(steps, keys.ENTRY_MASK + 1)
    assert count == 1
    book.most_effects = 33_000
    for rows in (book.effect_host, book.effect_sends, book.effect_notes):
        rows.add_all([rows.array[first]] * (book.most_effects - 1))
    book.effect_handler += [keys.NONE] * (book.most_effects - 1)
    return first << keys.ENTRY_BITS | book.most_effects


def test_more_may_happen_to_the_links_than_a_list_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "ENTRY_MASK", 2)
    scenario = Scenario(nodes=[Starter(f"n{i}", 1) for i in range(4)], faults=Faults(partitions=1))
    with pytest.raises(ScenarioError, match="things may happen to the links"):
        explore_natively(scenario, Limits(), 1)


# What was compiled is used again, and only by those for whom it was compiled


def imports(path: Path) -> set[Path]:
    """The files of ours that a file imports."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    modules = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    files = [CHECKER.parent.parent / f"{module.replace('.', '/')}.py" for module in modules]
    return {file for file in files if file.is_file()}


def test_the_cache_is_named_after_every_file_whose_functions_or_numbers_are_compiled() -> None:
    named = {CHECKER / name for name in SOURCES}
    compiled = {path for path in CHECKER.rglob("*.py") if CHECKER / "explore" / "compiled.py" in imports(path)}
    loops = {path for path in compiled if "@native" in path.read_text("utf-8")}
    assert loops <= named
    vocabulary = {CHECKER / "explore" / "keys.py", CHECKER / "search" / "lanes.py"}
    assert {file for path in loops for file in imports(path)} <= named | vocabulary
    assert vocabulary <= named


def test_code_that_looks_is_kept_apart_from_code_that_does_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    usual = cache_folder()
    monkeypatch.setattr("numba.config.BOUNDSCHECK", 1)
    assert Path(usual).parent == Path(cache_folder()).parent == tmp_path
    assert usual != cache_folder()


def test_whoever_watches_is_told_that_something_is_compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    told: list[Progress] = []
    limits = Limits(watcher=told.append)
    limits.check(7, 8, 9, 10)
    fresh = native(next_number)
    with telling(limits.say_compiling):
        assert (fresh(1), fresh(2)) == (2, 3)
    assert [(one.worlds, one.depth, one.note) for one in told] == [(7, 9, "compiling, once on this machine")]


def next_number(number: int) -> int:
    """One more."""
    return number + 1


def test_more_nodes_than_keys_have_room_for_are_refused() -> None:
    nodes = [Counter(f"n{place}", (), 0) for place in range(keys.SLOTS)]
    with pytest.raises(ScenarioError, match="4,096 nodes are more than 4,095: use --engine plain"):
        explore_natively(Scenario(nodes=nodes), Limits())
