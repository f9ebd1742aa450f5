"""`stackproof judge`: the formats that it reads, what it prints, its exit status, and files that are damaged."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.checker.cli import main
from stackproof.checker.judge.calls import Call, HistoryError, Map, Symbol, calls_of
from stackproof.checker.judge.edn import an_operation
from stackproof.checker.judge.files import FORMATS, REFUSALS, events_of, guessed
from tests.environments import REPOSITORY

HISTORIES = REPOSITORY / "examples" / "histories"
EDN = """; a comment
[{:process 0 :type :invoke :f :write :value 1} {:process :nemesis, :type :info, :f :start, :value nil}
 #jepsen.history.Op{:index 1, :process 0, :type :ok, :f :write, :value 1, :time 17}
 #_{:process 9} {:process 1, :type :invoke, :f :cas, :value [2 3]}
 {:process 1, :type :fail, :f :cas, :value [2 3]}
 {:process 2, :type :invoke, :f :read, :value nil}
 {:process 2, :type :info, :f :read, :value nil, :error "a \\"timeout\\""}]
"""
LOG = """INFO  jepsen.core - Running test
INFO  jepsen.util - 0\t:invoke\t:write\t1
INFO  jepsen.util - :nemesis\t:info\t:start\tnil
INFO  jepsen.util - 0   :ok  :write   1
INFO  jepsen.util - 1\t:invoke\t:cas\t[2 3]
INFO  jepsen.util - 1\t:fail\t:cas\t[2 3]
INFO  jepsen.util - 2\t:invoke\t:read\tnil
INFO  jepsen.util - 2\t:info\t:read\t:timed-out
"""
JSONL = """{"process": 0, "type": "invoke", "f": "write", "value": 1}
{"process": "nemesis", "type": "info", "f": "start"}
{"process": 0, "type": "ok", "f": "write", "value": 1}

{"process": 1, "type": "invoke", "f": "cas", "value": [2, 3]}
{"process": 1, "type": "fail", "f": "cas", "value": [2, 3]}
{"process": 2, "type": "invoke", "f": "read"}
{"process": 2, "type": "info", "f": "read"}
"""
CALLS = """[["c", 0, ["write", 1]], ["r", 0, ["ok", 1]], ["c", 1, ["cas", [2, 3]]], ["r", 1, ["fail"]],
 ["c", 2, ["read", null]], ["r", 2, ["info"]]]"""
SAME = {"edn": EDN, "log": LOG, "jsonl": JSONL, "calls": CALLS}


def read(text: str, form: str, refusals: bool) -> list[str]:
    """What a text says, call by call."""
    calls: tuple[Call, ...] = calls_of(events_of(text, "file", form), refusals, frozenset({"cas"}))
    return [f"{call.process} {call} {call.begin}-{call.end}" for call in calls]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_says_the_same(form: str) -> None:
    assert guessed(SAME[form]) == form
    whole = ["0 write 1 1-2", "1 cas [2 3] -> refused 3-4", "2 read -> ? 5-6"]
    assert read(SAME[form], form, refusals=True) == whole
    assert read(SAME[form], form, refusals=False) == [whole[0], whole[2]]


def test_in_logs_a_failed_cas_was_refused_elsewhere_it_never_happened() -> None:
    assert set(FORMATS) - REFUSALS == {"edn", "jsonl"}


def test_keys_are_read() -> None:
    text = '{:process 0 :type :invoke :f :get :key "7"} {:process 0 :type :ok :f :get :key "7" :value ""}'
    assert read(text, guessed(text), refusals=False) == ["0 get '7' -> '' 1-2"]


def test_every_kind_of_edn_value_is_read() -> None:
    text = '[nil true -3 2.5 4N :a/b sym "x\\n\\"" #{1 2} (1 #tag 2) {:k [1]} #_left-out ; gone'
    assert an_operation(f"{text}\n]", "file:1") == (
        None,
        Symbol("true"),
        -3,
        2.5,
        4,
        Symbol(":a/b"),
        Symbol("sym"),
        'x\n"',
        frozenset({1, 2}),
        (1, 2),
        Map(((Symbol(":k"), (1,)),)),
    )


HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", ":1: the file is empty"),
    "no history": (b"hello\nworld\n", ": no client does anything here"),
    "binary": (b"[\n\xff\xfe", ":2: this is no UTF-8"),
    "cut off edn": (EDN.encode()[:-40], ":7: a string has no end|:7: the form that begins"),
    "an odd map": (b"[{:process 0 :type}]", ":1: a map has a value"),
    "not closed": (b"[{:process 0, :type :invoke,\n :f :read, :value nil}", ":2: the form that begins in line 1"),
    "closed twice": (b"[{:process 0 :type :invoke :f :read}]]", ":1: ] closes nothing"),
    "deep edn": (b"(" * 5_000, ":1: the forms are nested"),
    "blanks and a string": (b" ," * 2_000 + b'[ "', ":1: a string has no end"),
    "a long line": (LOG.encode() + b"x" * 20_000, ":9: a line of a log"),
    "no map": (b"[{:process 0 :type :invoke :f :read} 7]", ":1: a history is made of maps"),
    "no type": (b"\n[{:process 0 :type :begin :f :read}]", ":2: the type of an operation"),
    "no f": (b"[{:process 0 :type :invoke}]", ":1: an operation says in f"),
    "a line cut off": (LOG.encode()[:-60] + b"\nINFO x - 3\t:ok\n", "this is no whole operation"),
    "two values": (LOG.encode() + b"x - 3\t:invoke\t:write\t1 2\n", ":9: a value is one EDN form"),
    "bad json": (JSONL.encode()[:-5], ":8: this is no JSON"),
    "json that is no object": (JSONL.encode() + b"[1]\n", ":9: every line is a JSON object"),
    "deep json": (b'{"process": ' + b"[" * 100_000, "nested too deeply"),
    "a bad time": (b'{"process": 0, "type": "invoke", "f": "read", "time": "now"}', ":1: a time is a number"),
    "a time or none": (
        b'{"process": 0, "type": "invoke", "f": "read", "time": 1}\n{"process": 0, "type": "ok", "f": "read"}',
        ":2: either every event has a time",
    ),
    "a bad process": (b'{"process": [], "type": "invoke", "f": "read"}', ":1: an operation has a process"),
    "calls that are none": (b'[["c", 0, ["read"]], ["r", 1, ["ok", 1]]]', ": event 2: this is neither"),
    "a return of nothing": (b"[{:process 0 :type :ok :f :read}]", ":1: process 0 ends a read"),
    "two at once": (b"[{:process 0 :type :invoke :f :read}\n{:process 0 :type :invoke :f :read}]", ":2: process 0"),
    "an unknown operation": (b"[{:process 0 :type :invoke :f :jump}]", ":1: the model cas knows"),
    "a cas of one": (b"[{:process 0 :type :invoke :f :cas :value 1}]", ":1: the value of a cas"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_bad_file_gets_one_sentence_and_exit_status_2(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, sentence = HOSTILE[what]
    file = tmp_path / "history"
    file.write_bytes(data)
    assert main(["judge", str(file), "--model", "cas"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert any(f"{file}{one}" in err or one in err for one in sentence.split("|")), err


@given(st.sampled_from(sorted(FORMATS)), st.data())
def test_whatever_is_cut_out_of_a_file_is_read_or_refused(form: str, data: st.DataObject) -> None:
    text = SAME[form]
    start, end = sorted(data.draw(st.integers(0, len(text))) for _ in range(2))
    try:
        read(text[:start] + data.draw(st.text(max_size=3)) + text[end:], form, refusals=True)
    except HistoryError as error:
        sentence = str(error)
    else:
        sentence = "file:"
    assert sentence.startswith("file:")


def judged(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """The exit status, and what stands on standard output and on standard error."""
    status = main(["judge", *words])
    told = capsys.readouterr()
    return status, told.out, told.err


def test_a_bad_history_is_explained_and_its_shortest_part_is_judged_by_the_last_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = str(HISTORIES / "stale-read.edn")
    status, out, _ = judged(capsys, file, "--model", "register")
    assert status == 1
    assert "process 2: read -> 1 has no place: every order before it ends in 2" in re.sub(r"\s+", " ", out)
    last = out.splitlines()[-1]
    assert last == f"stackproof judge {file} --model register --events 7"
    assert main(last.split()[1:]) == 1
    assert main([*last.split()[1:-1], "6"]) == 0


def test_the_json_says_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = judged(capsys, str(HISTORIES / "stale-read.edn"), "--model", "register", "--json")
    form: dict[str, Any] = json.loads(out)
    assert (status, err) == (1, "")
    assert (form["verdict"], form["evidence"], form["format"]) == ("violated", "recorded", "edn")
    assert (form["calls"], form["pending"], form["parts"]) == (4, 0, 1)
    [bad] = form["violated"]
    assert (bad["property"], bad["length"], bad["states"]) == ("linearizable", 7, ["2"])
    assert [one["call"] for one in bad["order"]] == ["write 1", "write 2 -> ?", "read -> 2"]


def test_strictly_the_verdict_is_another(capsys: pytest.CaptureFixture[str]) -> None:
    file = str(HISTORIES / "late-write.jsonl")
    assert judged(capsys, file, "--model", "register")[0] == 0
    status, out, _ = judged(capsys, file, "--model", "register", "--ask", "strict")
    assert (status, out.splitlines()[-1]) == (
        1,
        f"stackproof judge {file} --model register --ask strict --events 6",
    )


def test_a_budget_that_ends_is_unknown_and_exits_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = judged(capsys, str(HISTORIES / "late-write.jsonl"), "--model", "register", "--steps", "1")
    assert (status, out.split()[0]) == (3, "UNKNOWN")
    assert "none was ruled out: 1 steps were made" in out


def test_a_register_may_begin_with_another_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "history.edn"
    file.write_text("{:process 0 :type :invoke :f :read} {:process 0 :type :ok :f :read :value nil}", "utf-8")
    asked = (str(file), "--model", "register")
    assert [judged(capsys, *asked, *more)[0] for more in ((), ("--initial", "0"))] == [0, 1]
    assert ["--nil-is-unknown" in judged(capsys, *asked, *more)[1] for more in ((), ("--initial", "0"))] == [
        False,
        True,
    ]
    assert judged(capsys, *asked, "--initial", "0", "--nil-is-unknown")[0] == 0
    assert judged(capsys, str(file), "--model", "queue", "--initial", "0")[0] == 2


@pytest.mark.parametrize(("option", "sentence"), [("--model", "there is no model"), ("--format", "there is no format")])
def test_what_is_not_known_is_said_with_what_is(option: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(HISTORIES / "stale-read.edn"), *(() if option == "--model" else ("--model", "cas")), option, "none"]
    status, _, err = judged(capsys, *words)
    assert (status, sentence in err) == (2, True)


def test_a_folder_and_a_missing_file_are_no_histories(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert judged(capsys, str(tmp_path), "--model", "cas")[0] == 2
    assert judged(capsys, str(tmp_path / "none"), "--model", "cas")[0] == 2


@pytest.mark.parametrize(
    ("ask", "status"),
    [("sequential", 0), ("regular", 0), ("read-your-writes", 0), ("monotonic-reads", 0), ("linearizable", 1)],
)
def test_each_question_has_its_own_answer(ask: str, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(HISTORIES / "stale-read.edn")
    found, out, _ = judged(capsys, file, "--model", "register", "--ask", ask)
    assert found == status
    assert out.splitlines()[0] == f"{'VIOLATED' if status else 'HELD'}  stale-read.edn as register, {ask}"


LOST = """{"process": 0, "type": "invoke", "f": "write", "value": 1}
{"process": 0, "type": "ok", "f": "write", "value": 1}
{"process": 0, "type": "invoke", "f": "read"}
{"process": 0, "type": "ok", "f": "read", "value": null}
{"process": 1, "type": "invoke", "f": "read"}
{"process": 1, "type": "ok", "f": "read", "value": 1}
"""


@pytest.mark.parametrize("ask", ["sequential", "regular", "read-your-writes"])
def test_the_operations_that_contradict_each_other_are_shown_and_the_last_line_judges_them(
    ask: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "history"
    file.write_text(LOST, "utf-8")
    status, out, _ = judged(capsys, str(file), "--model", "register", "--ask", ask)
    assert status == 1
    lanes = [line for line in out.splitlines() if "|" in line]
    assert [line.split("|")[-1].split() for line in lanes] == [["write", "1"], ["read", "->", "nil"]]
    last = out.splitlines()[-1]
    assert last == f"stackproof judge {file} --model register --ask {ask} --events 4"
    assert main(last.split()[1:]) == 1
    capsys.readouterr()
    status, out, _ = judged(capsys, str(file), "--model", "register", "--ask", ask, "--json")
    [bad] = json.loads(out)["violated"]
    assert (bad["property"], bad["length"], [one["call"] for one in bad["calls"]]) == (
        ask,
        4,
        ["write 1", "read -> nil"],
    )


@pytest.mark.parametrize("ask", ["sequential", "read-your-writes", "monotonic-reads"])
def test_a_format_without_processes_knows_no_sessions(
    ask: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "history"
    file.write_text(CALLS, "utf-8")
    status, out, err = judged(capsys, str(file), "--model", "cas", "--ask", ask)
    assert (status, out) == (2, "")
    assert "the format calls names no processes" in err


def test_what_is_not_asked_of_a_model_is_said_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "history"
    file.write_text(JSONL, "utf-8")
    status, _, err = judged(capsys, str(file), "--model", "cas", "--ask", "regular", "--refusals")
    assert (status, f"{file}:5: regular is asked of reads and writes, not of cas" in err) == (2, True)
