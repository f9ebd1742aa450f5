"""A trace may come from anybody: whatever a file holds, it replays, or one sentence says in which line it does not."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackproof.checker import trace_file
from stackproof.checker.cli import main
from stackproof.checker.explore import witness
from stackproof.checker.invariants.two_phase_commit import everybody_commits
from stackproof.checker.registry import build
from stackproof.checker.replay import Replayed, replay
from stackproof.checker.trace import lines_of
from stackproof.checker.trace_file import TraceError, parse

PARAMETERS = {"participants": 1, "crashes": 1, "restarts": True, "drops": 1}


def recorded() -> list[str]:
    """The lines of a good trace."""
    trace = witness(build("two-phase-commit", PARAMETERS), everybody_commits, engine="plain")
    assert trace is not None
    return list(lines_of(trace))


GOOD = recorded()
HEADER: dict[str, Any] = json.loads(GOOD[0])


def with_header(**changed: Any) -> bytes:
    """The good trace under another header; a value of None takes the key away."""
    header = {key: value for key, value in (HEADER | changed).items() if value is not None}
    return text([json.dumps(header), *GOOD[1:]])


def with_line(number: int, line: str) -> bytes:
    """The good trace with another line in one place, counted from 1."""
    return text([*GOOD[: number - 1], line, *GOOD[number:]])


def with_event(number: int, **changed: Any) -> bytes:
    """The good trace with an event changed; a value of None takes the key away."""
    event = json.loads(GOOD[number - 1]) | changed
    return with_line(number, json.dumps({key: value for key, value in event.items() if value is not None}))


def with_parameters(**changed: Any) -> bytes:
    """The good trace with other parameters."""
    return with_header(parameters=PARAMETERS | changed)


def text(lines: list[str]) -> bytes:
    """Lines as a file."""
    return "".join(f"{line}\n" for line in lines).encode()


def expecting(verdict: Any, name: Any) -> bytes:
    """The good trace with another claim."""
    return with_header(expect={"verdict": verdict, "property": name})


HOSTILE: dict[str, tuple[bytes, int, str]] = {
    "empty": (b"", 1, "empty"),
    "only blank": (b"\n\n\n", 1, "no JSON"),
    "only a header": (text(GOOD[:1]), 1, "nothing follows"),
    "binary": (bytes(range(255, 0, -1)) * 10, 1, "UTF-8"),
    "a pickle": (b"\x80\x04\x95\x1c\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93.", 1, "UTF-8"),
    "zeros": (b"\0" * 10_000, 1, "no JSON"),
    "UTF-16": ("\n".join(GOOD).encode("utf-16"), 1, "UTF-8"),
    "a byte order mark": (b"\xef\xbb\xbf" + text(GOOD), 1, "no JSON"),
    "not UTF-8 further down": (text(GOOD[:2]) + b'{"event": "\xff"}\n', 3, "UTF-8"),
    "cut off in a line": (text(GOOD)[:-30], len(GOOD), "cut off"),
    "cut off between lines": (text(GOOD[:-1]), len(GOOD) - 1, "not reached"),
    "a blank line": (with_line(3, ""), 3, "no JSON"),
    "a line that is a list": (with_line(3, "[1, 2]"), 3, "object"),
    "a line that is a number": (with_line(1, "7"), 1, "object"),
    "nested deeply": (with_line(3, '{"event": ' + "[" * 100_000), 3, "nested"),
    "nested and closed": (with_line(3, '{"event": "", "digest": "", "x": %s}' % ("[" * 500 + "]" * 500)), 3, "cannot"),
    "NaN": (with_line(1, GOOD[0].replace('"drops": 1', '"drops": NaN')), 1, "NaN"),
    "infinity": (with_line(1, GOOD[0].replace('"drops": 1', '"drops": -Infinity')), 1, "Infinity"),
    "beyond floating point": (with_line(1, GOOD[0].replace('"drops": 1', '"drops": 1e999')), 1, "beyond 1,000"),
    "a number without end": (with_line(1, GOOD[0].replace('"drops": 1', '"drops": ' + "9" * 100_000)), 1, "digits"),
    "a key twice": (with_line(1, GOOD[0].replace('"found"', '"scenario"')), 1, "twice"),
    "an event key twice": (with_line(2, '{"event": "start", "event": "start", "digest": ""}'), 2, "twice"),
    "another version": (with_header(stackproof=2), 1, "here it is 2"),
    "true for a version": (with_header(stackproof=True), 1, "here it is True"),
    "no version": (with_header(stackproof=None), 1, "begins with"),
    "no scenario": (with_header(scenario=None), 1, '"scenario"'),
    "a list for a scenario": (with_header(scenario=["two-phase-commit"]), 1, '"scenario"'),
    "an unknown scenario": (with_header(scenario="two-phase-comit"), 1, "no scenario"),
    "escape codes for a scenario": (with_header(scenario="\x1b[2J\x1b]0;x\x07\u202e\ud800[bold]"), 1, "no scenario"),
    "a long scenario": (with_header(scenario="x" * 1_000_000), 1, "no scenario"),
    "a module for a scenario": (with_header(scenario="os:abort"), 1, "--scenario"),
    "parameters in a list": (with_header(parameters=[]), 1, '"parameters"'),
    "an unknown parameter": (with_parameters(replicas=3), 1, "no parameter 'replicas'"),
    "a parameter with a strange name": (with_parameters(__class__=3), 1, "no parameter"),
    "a word for a number": (with_parameters(participants="2"), 1, "a whole number"),
    "a fraction for a number": (with_parameters(participants=2.0), 1, "a whole number"),
    "true for a number": (with_parameters(participants=True), 1, "a whole number"),
    "a number for true": (with_parameters(restarts=1), 1, "true or false"),
    "an object for a number": (with_parameters(participants={"a": 1}), 1, "a whole number"),
    "a huge scenario": (with_parameters(participants=1_001), 1, "beyond 1,000"),
    "a large scenario": (with_parameters(participants=1_000), 2, ""),
    "a negative number": (with_parameters(participants=-1), 1, "participant"),
    "no expectation": (with_header(expect=None), 1, '"expect"'),
    "an unknown verdict": (expecting("unknown", "agreement"), 1, '"verdict"'),
    "a list for a verdict": (expecting(["violated"], "agreement"), 1, '"verdict"'),
    "a number for a property": (expecting("violated", 7), 1, '"property"'),
    "no property": (expecting("violated", None), 1, "no invariant"),
    "an unknown property": (expecting("violated", "__import__"), 1, "no invariant '__import__'"),
    "an unknown goal": (expecting("reached", "agreement"), 1, "no goal 'agreement'"),
    "a property that holds": (expecting("violated", "agreement"), len(GOOD), "agreement holds"),
    "a goal that is not reached": (expecting("reached", "everybody_aborts"), len(GOOD), "not reached"),
    "a word for found": (with_header(found="explore"), 1, '"found"'),
    "no event": (with_event(3, event=None), 3, '"event"'),
    "a number for an event": (with_event(3, event=3), 3, '"event"'),
    "an unknown event": (with_event(3, event="explode"), 3, "'explode' as written here cannot happen"),
    "a dunder event": (with_event(3, event="__class__"), 3, "cannot happen"),
    "no digest": (with_event(3, digest=None), 3, '"digest"'),
    "another digest": (with_event(3, digest="000000000000"), 3, "has changed"),
    "another target": (with_event(3, target="p7"), 3, "cannot happen"),
    "another message": (with_event(3, message={"Commit": {}}), 3, "cannot happen"),
    "another choice": (with_event(3, choose=[2]), 3, "cannot happen"),
    "true for a choice": (with_event(3, choose=[False]), 3, "cannot happen"),
    "a key more": (with_event(3, sudo=True), 3, "cannot happen"),
    "an event twice": (text([*GOOD[:3], *GOOD[2:]]), 4, "cannot happen"),
    "an event too few": (text([*GOOD[:2], *GOOD[3:]]), 3, "cannot happen"),
    "no start": (text([GOOD[0], *GOOD[2:]]), 2, "cannot happen"),
    "starting twice": (text([*GOOD[:2], *GOOD[1:]]), 3, "cannot happen"),
    "a header twice": (text([GOOD[0], *GOOD]), 2, '"event"'),
    "another trace behind it": (text([*GOOD, *GOOD]), len(GOOD) + 1, '"event"'),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_bad_trace_gets_one_sentence_with_file_and_line_and_status_2(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, line, part = HOSTILE[name]
    file = tmp_path / "bad.jsonl"
    file.write_bytes(data)
    assert main(["replay", str(file), "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"stackproof: .*\n", err)
    assert err.startswith(f"stackproof: {file}:{line}: ")
    assert part in err
    assert err.isascii()
    assert err[:-1].isprintable()
    assert len(err) < 400 + len(str(file)) * 2
    with pytest.raises(TraceError):
        replay(file)


def test_the_good_trace_is_good(tmp_path: Path) -> None:
    file = tmp_path / "good.jsonl"
    file.write_bytes(text(GOOD))
    assert main(["replay", str(file)]) == 0
    file.write_bytes(text(GOOD).replace(b"\n", b"\r\n"))
    assert main(["replay", str(file)]) == 0


def test_a_run_without_a_violation_may_be_recorded_too() -> None:
    assert replay(expecting("held", "agreement")).reason is None
    assert replay(with_header(expect={"verdict": "held"})).reason is None


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "huge.jsonl"
    with file.open("wb") as sparse:
        sparse.truncate(1 << 34)
    with pytest.raises(TraceError, match="16 MiB"):
        replay(file)
    monkeypatch.setattr(trace_file, "MOST_EVENTS", 3)
    with pytest.raises(TraceError, match=r"<trace>:5: .* at most 3 events"):
        replay("\n".join(GOOD).encode())


@pytest.mark.parametrize("path", ["nowhere.jsonl", ".", "/dev/zero", "x" * 5000])
def test_what_is_no_file_gets_a_sentence(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", path]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "stackproof list traces" in err


def test_a_path_that_no_file_can_have_gets_a_sentence() -> None:
    with pytest.raises(TraceError, match="no file"):
        replay("a\0b")


SCENARIO_FILE = '''
from pathlib import Path
from stackproof.checker.scenarios.two_phase_commit import two_phase_commit

Path("loaded").write_text("this file was run")

def mine(participants: int = 1) -> object:
    """Mine."""
    return two_phase_commit(participants, drops=1)
'''


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a scenario file and a trace that names it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "mine.py").write_text(SCENARIO_FILE)
    (tmp_path / "mine.jsonl").write_bytes(with_header(scenario="mine.py:mine", parameters={"participants": 1}))
    yield tmp_path
    sys.modules.pop("scenario_file_mine", None)


def test_a_trace_makes_nobody_load_a_file(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "mine.jsonl"]) == 2
    assert "stackproof replay mine.jsonl --scenario FILE.py:FUNCTION" in capsys.readouterr().err
    assert not (mine / "loaded").exists()


def test_a_trace_makes_nobody_import_a_module(mine: Path) -> None:
    (mine / "mine.jsonl").write_bytes(with_header(scenario="mine:mine", parameters={}))
    assert main(["replay", "mine.jsonl"]) == 2
    assert not (mine / "loaded").exists()


def test_a_file_that_the_user_names_is_loaded(mine: Path) -> None:
    assert main(["replay", "mine.jsonl", "--scenario", "mine.py:mine"]) == 0
    assert (mine / "loaded").exists()


def test_parameters_from_a_trace_are_checked_for_a_scenario_of_the_users_own_too(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (mine / "mine.jsonl").write_bytes(with_header(scenario="mine.py:mine", parameters={"participants": "rm -rf"}))
    assert main(["replay", "mine.jsonl", "--scenario", "mine.py:mine"]) == 2
    assert "mine.jsonl:1: mine.py:mine: participants takes a whole number" in capsys.readouterr().err


DATA = text(GOOD)
PLACES = st.integers(0, len(DATA))


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """The good trace after one to three accidents."""
    data = DATA
    for _ in range(draw(st.integers(1, 3))):
        start, stop = sorted((draw(PLACES), draw(PLACES)))
        start, stop = min(start, len(data)), min(stop, len(data), start + draw(st.sampled_from((0, 1, 2, 20, 10_000))))
        patch = draw(st.sampled_from((data[start:stop] * 2, b"", b"\n", b"0", b"9", b"null", b'"', b"{", b"\xff")))
        data = data[:start] + (patch or draw(st.binary(max_size=4))) + data[stop:]
    return data


@given(mutations())
@settings(max_examples=400, deadline=None)
def test_a_damaged_trace_replays_or_raises_the_one_error(data: bytes) -> None:
    replays_or_is_refused(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(range(len(GOOD))), st.data())
@settings(max_examples=200, deadline=None)
def test_a_trace_with_any_value_anywhere_replays_or_raises_the_one_error(line: int, data: st.DataObject) -> None:
    form = json.loads(GOOD[line])
    key = data.draw(st.sampled_from(sorted(form)))
    form[key] = data.draw(JSON)
    replays_or_is_refused(text([*GOOD[:line], json.dumps(form), *GOOD[line + 1 :]]))


def replays_or_is_refused(data: bytes) -> None:
    """Replay, or be told where it parts, in one printable line."""
    try:
        run = replay(data)
    except TraceError as error:
        said = str(error)
    else:
        assert isinstance(run, Replayed)
        return
    assert re.fullmatch(r"<trace>:\d+: .+", said)


def test_text_and_file_are_read_alike() -> None:
    assert parse(DATA, "here").lines == parse(DATA, "there").lines
