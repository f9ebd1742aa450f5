"""Pages: everything in them is escaped, they ask for nothing, and what they draw and tell is what the run was."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import attrs
import pytest

from stackproof.checker.cli import main
from stackproof.checker.judge.ask import Ask, answered
from stackproof.checker.judge.calls import Call, calls_of, shown
from stackproof.checker.judge.files import events_of
from stackproof.checker.judge.models import MODELS
from stackproof.checker.judge.search import Search
from stackproof.checker.judge.verdict import judge
from stackproof.checker.render.flights import flights
from stackproof.checker.render.html.bars import Lanes, Picture, places
from stackproof.checker.render.html.history import MOST, around
from stackproof.checker.render.html.history import page_of as page_of_history
from stackproof.checker.render.html.marks import LINES, MEANINGS
from stackproof.checker.render.html.page import VOID, element, escaped
from stackproof.checker.render.html.run import Section, page_of, seen
from stackproof.checker.render.story import SENTENCES, WHAT, sentence
from stackproof.checker.replay import Replayed
from stackproof.checker.report import Verdict
from stackproof.checker.scenario import Scenario
from stackproof.checker.trace import Trace
from stackproof.checker.trace_file import shipped_traces
from tests.environments import REPOSITORY
from tests.recorded.test_exports import LASSO, LONGEST, STALE, WALKS, replayed, walk, walks
from tests.recorded.test_traces import Player, anything_may_happen

HISTORIES = REPOSITORY / "examples" / "histories"
HOSTILE = (
    "</script><script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "\u202egnp.exe\x00\n",
    "&lt;b&amp;",
)
FETCHES = ("src", "srcset", "action", "formaction", "data", "poster", "background", "cite", "manifest", "ping")


class Page(HTMLParser):
    """A page, taken apart: its elements with their attributes and text, every end where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        """The attributes of the elements of a kind that have these among them."""
        return [had for name, had in self.elements if name == tag and had.items() >= wanted.items()]

    def classes(self, tag: str) -> Counter[str]:
        """How many elements of a kind have each class."""
        return Counter(one for had in self.all(tag) for one in had.get("class", "").split())

    def said(self, tag: str) -> list[str]:
        """The texts directly in elements of a kind."""
        return [text for name, text in self.texts if name == tag]

    @property
    def data(self) -> dict[str, Any]:
        """What the script reads."""
        (text,) = [text for text in self.said("script") if text.startswith('{"told"')]
        form: dict[str, Any] = json.loads(text)
        return form


@lru_cache
def drawn(name: str) -> str:
    """The page of a shipped trace."""
    return page_of(replayed(name), f"stackproof replay {name} --html FILE")


def judged(text: str, model: str = "register") -> str:
    """The page of a history."""
    calls = calls_of(events_of(text, "history", "jsonl"), False, MODELS[model].refusable)
    return page_of_history(
        judge(calls, MODELS[model]), calls, MODELS[model], Ask.LINEARIZABLE, "a history", "stackproof judge"
    )


def is_safe(text: str) -> Page:
    """A page that asks for nothing and runs nothing but what its policy names."""
    page = Page(text)
    assert text.isascii()
    (policy,) = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    scripts = [one for one, had in zip(page.said("script"), page.all("script"), strict=True) if "type" not in had]
    allowed = "'none'" if not scripts else " ".join(map(hashed, scripts))
    (style,) = page.said("style")
    assert policy["content"] == (
        f"default-src 'none'; style-src {hashed(style)}; script-src {allowed}; base-uri 'none'; form-action 'none'"
    )
    assert "url(http" not in text
    assert "@import" not in style
    assert not re.search(r"url\((?!#)", style)
    for tag, had in page.elements:
        assert not [name for name in had if name in FETCHES or name.startswith("on") or name == "style"], (tag, had)
        assert had.get("href", "#").startswith("#"), (tag, had)
        assert tag not in ("link", "base", "iframe", "object", "embed", "img", "form", "a:href"), tag
    ids = [had["id"] for _, had in page.elements if "id" in had]
    assert len(ids) == len({*ids})
    targets = {had["href"][1:] for _, had in page.elements if "href" in had}
    targets |= {
        found for _, had in page.elements for found in re.findall(r"url\(#([^)]+)\)", had.get("marker-end", ""))
    }
    assert targets <= {*ids}
    return page


def hashed(text: str) -> str:
    """What a policy calls a text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@pytest.mark.parametrize("name", shipped_traces())
def test_the_page_of_every_shipped_trace_is_safe_and_tells_the_whole_story(name: str) -> None:
    text, run = drawn(name), replayed(name)
    page = is_safe(text)
    assert page.data["told"] == [sentence(step.event).plain for step in run.trace.steps]
    assert [had["href"] for had in page.all("a") if had["href"].startswith("#step=")][1:] == [
        f"#step={number}" for number in range(len(run.trace.steps))
    ]
    assert page.classes("g")["way"] == len(flights(run.trace.steps))
    assert run.verdict.value.upper() in page.said("b")


def test_the_page_of_the_longest_trace_is_small() -> None:
    sizes = {name: len(drawn(name)) for name in shipped_traces()}
    assert max(sizes, key=lambda name: sizes[name]) == LONGEST
    assert sizes[LONGEST] < 100_000


@pytest.mark.parametrize("kind", WALKS)
def test_every_event_has_its_mark_and_every_mark_its_meaning(kind: str) -> None:
    for run in walks(kind, count=8):
        page = is_safe(page_of(run, "again"))
        uses = Counter(had["href"].removeprefix("#m-") for had in page.all("use"))
        events = Counter(step.event.name for step in run.trace.steps)
        in_legend = {meaning for meaning in page.said("li") for meaning in [meaning.strip()] if meaning}
        for name in ("crash", "restart", "pause", "resume", "join", "leave", "drop", "duplicate", "bounce"):
            # one more stands in the legend; a bounce is drawn at its turning point
            assert uses[name] == events[name] + (1 if events[name] else 0), name
        assert {MEANINGS[name.removesuffix("-from")] for name in uses} <= in_legend
        lines = {one for one in page.classes("line") if one in LINES}
        assert {LINES[one] for one in lines} <= in_legend


@pytest.mark.parametrize("kind", WALKS)
def test_each_arrow_goes_from_the_step_that_sent_to_the_step_that_received(kind: str) -> None:
    for run in walks(kind, count=6):
        text = page_of(run, "again")
        rows = [18 * int(lines) + 18 for lines in re.findall(r'<li id="step=\d+" class="h(\d+)">', text)]
        y = [sum(rows[:number]) + 18 for number in range(len(rows))]
        names = run.trace.steps[0].world.names
        ways = re.findall(r'data-flight="(\d+)"><title>[^<]*</title>(.*?)</g>', text)
        assert len(ways) == len(flights(run.trace.steps))
        for one, (number, drawing) in zip(flights(run.trace.steps), ways, strict=True):
            a, b = names.index(one.envelope.source), names.index(one.envelope.target)
            x = [f"{100 * (lane + 0.5) / len(names):.4g}%" for lane in (a, b)]
            ended = y[one.ended] if one.ended is not None else None
            if one.how == "deliver" and a != b:
                assert f'<line x1="{x[0]}" y1="{y[one.sent]}" x2="{x[1]}" y2="{ended}"' in drawing, number
            elif one.ended is not None:
                assert f'y="{ended}"' in drawing or f'y="{y[one.sent]}"' in drawing
                assert ("#m-drop" in drawing, "#m-bounce" in drawing) == (one.how == "drop", one.how == "bounce")
            else:
                assert "#m-aloft" in drawing


def test_every_mark_is_drawn_in_some_run() -> None:
    found = {
        name for kind in WALKS for run in walks(kind) for name in re.findall(r'href="#m-([\w-]+)"', page_of(run, ""))
    }
    assert found >= {*MEANINGS} - {"raise"}


def test_a_step_that_raises_is_marked() -> None:
    @attrs.define
    class Fragile(Player):
        def receive(self, message: Any, source: str, out: Any) -> None:
            raise ValueError("</script>")

    run = walk(Scenario(nodes=(Fragile("a", "a"),)), 0, 2)
    page = is_safe(page_of(run, "again"))
    assert [had for had in page.all("use") if had["href"] == "#m-raise"]
    assert "ValueError: </script>" in json.dumps(page.data["changes"])


def test_what_goes_round_for_ever_is_marked_beside_the_lanes() -> None:
    page = is_safe(drawn(LASSO))
    assert page.classes("svg")["gutter"] == 1
    assert page.classes("rect")["looping"] == 1
    assert page.data["loop"] == 7
    assert "from here for ever:" in page.said("span")
    assert is_safe(drawn(STALE)).classes("svg")["gutter"] == 0


def test_the_page_says_what_does_not_hold_and_why() -> None:
    run, page = replayed(STALE), is_safe(drawn(STALE))
    assert page.said("h1") == ["reads_return_a_latest_completed_write does not hold"]
    assert run.reason
    assert any(run.reason in text for text in page.said("p"))
    assert any(run.reason in text for text in page.said("span"))


@pytest.mark.parametrize("kind", WALKS)
def test_the_changes_lead_to_the_variables_of_every_world(kind: str) -> None:
    for run in walks(kind, count=4):
        data = is_safe(page_of(run, "again")).data
        state = [[text for _, text, _ in section["entries"]] for section in data["start"]]
        for number in range(len(run.trace.steps)):
            for section, entry, text in data["changes"][number]:
                assert state[section][entry] != text
                state[section][entry] = text
            for one, texts in zip(seen(run.trace), state, strict=True):
                names = Section(0, one).names
                assert {name: text for name, text in zip(names, texts, strict=True) if text} == {
                    name: text for name, text in one.steps[number].items() if text
                }


@pytest.mark.parametrize("kind", WALKS)
def test_the_messages_in_flight_that_the_page_knows_are_those_of_every_world(kind: str) -> None:
    for run in walks(kind, count=4):
        data = is_safe(page_of(run, "again")).data
        for number, step in enumerate(run.trace.steps):
            aloft = [
                (source, target)
                for begun, ended, source, target, _, stays in data["flights"]
                if not stays and begun <= number and (ended is None or number < ended)
            ]
            assert Counter(aloft) == Counter((one.source, one.target) for one in step.world.in_flight)
            cut = [since for since, until, _ in data["cuts"] if since <= number and (until is None or number < until)]
            assert len(cut) == len(step.world.cuts)


def test_whatever_a_node_is_called_is_text() -> None:
    scenario = Scenario(nodes=tuple(Player(one, HOSTILE[0]) for one in HOSTILE))
    for seed in range(3):
        run = walk(scenario, seed, 10)
        text = page_of(attrs.evolve(run, trace=attrs.evolve(run.trace, scenario=HOSTILE[0])), HOSTILE[1])
        page = is_safe(text)
        assert len(page.all("script")) == 2
        assert page.all("img") == []
        assert "\x00" not in text
        assert any("\\u202egnp.exe\\x00\\n" in one for one in page.said("span"))
        assert HOSTILE[0] in page.said("b")


def test_whatever_a_client_reads_is_text() -> None:
    lines = []
    for place, text in enumerate([*HOSTILE, "\ud800"]):
        lines.append({"process": HOSTILE[place % 4] + str(place), "type": "invoke", "f": "write", "value": text})
        lines.append({"process": HOSTILE[place % 4] + str(place), "type": "ok", "f": "write", "value": text})
    page = is_safe(judged("\n".join(map(json.dumps, lines))))
    assert page.all("script") == page.all("img") == []
    assert any(HOSTILE[0] in text for text in page.said("b"))


def test_the_same_run_makes_the_same_bytes(tmp_path: Path) -> None:
    pages = []
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "stackproof.checker.cli", "replay", LASSO, "--html", "page.html", "--no-color"]
        done = subprocess.run(
            command, cwd=tmp_path, env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (1, "")
        assert "The picture is in page.html." in done.stdout
        pages.append((tmp_path / "page.html").read_bytes())
    assert pages[0] == pages[1]


@pytest.mark.parametrize("path", ["nowhere/page.html", "."])
def test_a_page_that_cannot_be_written_is_a_sentence(
    path: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["replay", LASSO], ["judge", str(HISTORIES / "stale-read.edn"), "--model", "register"]):
        assert main([*words, "--html", path]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert "cannot be written" in err
        assert err.endswith("--html FILE\n")


def test_every_event_has_a_sentence() -> None:
    assert [*SENTENCES] == [*WHAT]
    run = walk(anything_may_happen(), 3, 30)
    for step in run.trace.steps[1:]:
        said = sentence(step.event).plain
        named = [one for one in (step.event.source, step.event.target, step.event.node) if one]
        assert all(one in said for one in named)


def test_text_is_escaped_and_what_cannot_be_seen_is_spelled() -> None:
    assert escaped('<a href="x">\'&') == "&lt;a href=&quot;x&quot;&gt;&#x27;&amp;"
    assert escaped("a\u202eb\x1b[31m\ud800") == "a\\u202eb\\x1b[31m\\ud800"
    assert element("p", "<", element("b", ">"), None, ["&"], class_='"', hidden=True, id=None) == (
        '<p class="&quot;" hidden>&lt;<b>&gt;</b>&amp;</p>'
    )


def test_a_bad_history_is_drawn_up_to_what_no_order_gets_past(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    assert main(["judge", str(HISTORIES / "stale-read.edn"), "--model", "register", "--html", str(file)]) == 1
    page = is_safe(file.read_text("ascii"))
    assert page.classes("rect")["refused"] == 2
    assert page.classes("circle")["point"] == 3 + 1
    assert page.all("li", **{"class": "refused"}) == [{"class": "refused", "id": "event=7"}]
    assert {had["id"] for had in page.all("li") if had.get("id", "").startswith("event=")} == {
        f"event={n}" for n in range(1, 8)
    }
    assert any("it cannot have gone so in this state" in text for text in page.said("li"))


def test_a_good_history_is_drawn_with_an_order_that_explains_it(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    assert main(["judge", str(HISTORIES / "late-write.jsonl"), "--model", "register", "--html", str(file)]) == 0
    page = is_safe(file.read_text("ascii"))
    assert [text for text in page.said("code") if not text.startswith(("late", "stackproof"))] == [
        "read -> nil",
        "write 1 -> ?",
        "read -> 1",
    ]
    assert page.classes("rect")["open"] == 2


def test_every_operation_takes_effect_between_its_call_and_its_return_in_the_order_that_is_drawn() -> None:
    text = (HISTORIES / "stale-read.edn").read_text("utf-8")
    for events in range(1, 9):
        calls = tuple(calls_of(events_of(text, "history", "edn"), False, frozenset()))
        own = [one for one in calls if one.begin <= events]
        search = Search(MODELS["register"], own)
        if search.run(1_000):
            assert search.order is not None
            points = places(search.order)
            assert [number for number, _ in points.values()] == list(range(1, len(points) + 1))
            instants = [instant for _, instant in points.values()]
            assert instants == sorted({*instants})
            for one in search.order:
                assert one.begin < points[one.begin][1]
                assert one.end is None or points[one.begin][1] < one.end


def test_of_a_long_history_the_part_that_is_drawn_is_bounded_and_the_rest_is_counted() -> None:
    lines: list[str] = []
    for number in range(MOST + 50):
        said = {"process": number, "f": "write", "value": number}
        lines += [json.dumps(said | {"type": kind}) for kind in ("invoke", "ok")]
    page = is_safe(judged("\n".join(lines)))
    assert page.classes("rect")["bar"] == MOST + 2
    assert "50 operations after these are not drawn." in page.said("p")
    assert "... and 50 more." in page.said("p")


def calls(*spans: tuple[int, int | None]) -> tuple[Call, ...]:
    """A write of each of some processes, from an event to another."""
    return tuple(
        Call(process, "write", None, 1, 1, "", begin, end, done=end is not None)
        for process, (begin, end) in enumerate(spans)
    )


def test_processes_share_a_lane_only_where_there_are_many_and_never_at_one_time() -> None:
    few = Lanes(Picture(calls((1, 2), (3, 4)), {}))
    assert few.lanes == ((0,), (1,))
    many = Lanes(Picture(calls(*((1 + 2 * n, 4 + 2 * n) for n in range(12))), {}))
    assert many.lanes == ((0, 2, 4, 6, 8, 10), (1, 3, 5, 7, 9, 11))
    crashed = Lanes(Picture(calls(*((1 + 2 * n, None) for n in range(12))), {}))
    assert len(crashed.lanes) == 1


@pytest.mark.parametrize("ask", Ask)
def test_whatever_is_asked_of_a_history_has_a_picture(ask: Ask) -> None:
    for name in ("stale-read.edn", "late-write.jsonl"):
        text = (HISTORIES / name).read_text("utf-8")
        own = calls_of(events_of(text, name, "edn" if name.endswith("edn") else "jsonl"), False, frozenset())
        found = answered(ask, own, MODELS["register"])
        page = is_safe(page_of_history(found, own, MODELS["register"], ask, name, "again"))
        answer = "holds" if found.verdict is Verdict.HELD else "does not hold"
        assert page.said("h1") == [f"{ask.value} {answer}"]
        assert (page.classes("rect")["refused"] > 0) is (found.verdict is Verdict.VIOLATED)


def test_operations_that_contradict_each_other_are_marked_among_those_around_them() -> None:
    spans = [(1, 2), (3, 6), (4, 5), (7, 8), (9, 10)]
    drawn = around(calls(*spans), calls(*spans)[2:4], 8)
    assert [(one.begin, one.end) for one in drawn.calls] == [(3, 6), (4, 5), (7, 8)]
    assert (drawn.bad, drawn.last) == (frozenset({4, 7}), 8)
    assert drawn.left_out == ((1, "before"), (1, "after"))
    page = Page(Lanes(drawn).section())
    assert page.classes("rect")["refused"] == 2


def test_an_unknown_verdict_says_what_came_first() -> None:
    own = calls_of(events_of((HISTORIES / "late-write.jsonl").read_text("utf-8"), "x", "jsonl"), False, frozenset())
    found = judge(own, MODELS["register"], steps=1)
    page = is_safe(page_of_history(found, own, MODELS["register"], Ask.LINEARIZABLE, "late", "again"))
    assert found.verdict is Verdict.UNKNOWN
    assert page.said("h1") == ["linearizable may hold or not: unknown"]
    assert shown(found.why).strip("'") in page.said("p")


def steps_of(run: Replayed) -> Iterator[str]:
    """The names of the events of a run."""
    return (step.event.name for step in run.trace.steps)


def test_a_run_of_nothing_is_a_page_too() -> None:
    run = walk(anything_may_happen(), 0, 1)
    assert [*steps_of(run)] == ["start"]
    page = is_safe(page_of(Replayed(Trace("s", {}, {"verdict": "held"}, {}, run.trace.steps), Verdict.HELD), "again"))
    assert page.all("input")[0]["max"] == "0"
