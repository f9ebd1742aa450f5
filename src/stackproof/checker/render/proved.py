"""What `prove` shows: what of each system is proved, what refutes the rest, and whether the model says anything."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stackproof.checker.proofs import PROVED, REFUTED, SILENT, Judged, Proof, Refutation, Sense, Shown
from stackproof.checker.render.text import COLOURS
from stackproof.checker.report import Verdict
from stackproof.spec import MODELS

WORDS = {Verdict.HELD: "PROVED", Verdict.VIOLATED: "REFUTED", Verdict.UNKNOWN: "UNKNOWN"}
ANSWERS = {PROVED: "green", REFUTED: "bold red"}


def of(found: Judged) -> Group:
    """A system: the verdict, a row for each step, and what was not proved."""
    parts: list[RenderableType] = [headline(found), Text(f"{size(found)}."), "", rows(found)]
    for one in found.proofs:
        if one.answer != PROVED:
            parts += ["", *explained(one, found)]
    if found.vacuity is not None:
        parts += ["", senses(found.vacuity)]
    return Group(*parts)


def briefly(found: Judged) -> Group:
    """A system in a line, and what was not proved."""
    bad = [one for one in found.proofs if one.answer != PROVED]
    parts: list[RenderableType] = [headline(found) + Text(f"  {size(found)}")]
    for one in bad:
        parts += ["", *explained(one, found), ""]
    if found.vacuity is not None:
        parts += ["", senses(found.vacuity), ""]
    return Group(*parts)


def headline(found: Judged) -> Text:
    """The verdict, and of what."""
    return Text.assemble((WORDS[found.verdict], COLOURS[found.verdict]), "  ", (found.system, "bold"))


def size(found: Judged) -> str:
    """How much there was to prove, and how long it took."""
    seconds = sum(one.seconds for one in found.proofs)
    return f"{len(found.proofs)} obligation{'' if len(found.proofs) == 1 else 's'} in {seconds:.2f} s"


def rows(found: Judged) -> Table:
    """The obligations of each step in a row; each consequence and each lemma in a row of its own."""
    table = columns(3)
    for kind, step, proofs in grouped(found.proofs):
        seconds = f"{sum(one.seconds for one in proofs):.2f} s"
        table.add_row(kind, what(step, proofs), answers(proofs, seconds))
    return table


def grouped(proofs: Sequence[Proof]) -> Iterator[tuple[str, str | None, list[Proof]]]:
    """Proofs about one step together, those about none one by one; with what is said of them on the left."""
    titles = {"initiation": "at first", "consecution": "step", "safety": "implied", "lemma": "lemma"}
    before = ""
    for (kind, step, _), group in groupby(proofs, key=lambda one: (one.kind, one.step, one.step or one.goal)):
        title = titles[kind]
        yield "" if title == before else title, step, list(group)
        before = title


def what(step: str | None, proofs: Sequence[Proof]) -> str:
    """What is proved."""
    if step is None:
        return proofs[0].goal
    if len(proofs) == 1:
        return proofs[0].obligation
    return f"{step} {'establishes' if proofs[0].kind == 'initiation' else 'keeps'} {len(proofs)} invariants"


def answers(proofs: Sequence[Proof], seconds: str) -> Text:
    """How many of the obligations were proved, refuted or neither, and in how many seconds."""
    kinds = list(dict.fromkeys(one.answer for one in proofs))
    if len(kinds) == 1:
        return Text.assemble((kinds[0], ANSWERS.get(kinds[0], "yellow")), f" in {seconds}")
    counts = [
        (f"{sum(one.answer == kind for one in proofs)} {kind}", ANSWERS.get(kind, "yellow"))
        for kind in sorted(kinds, key=list(ANSWERS).__contains__, reverse=True)
    ]
    return Text.assemble(*(part for one in counts for part in (one, ", ")))[:-2] + Text(f" in {seconds}")


def explained(one: Proof, found: Judged) -> Iterator[RenderableType]:
    """An obligation that is not proved: what it asks, and what refutes it or why nobody knows."""
    yield Text.assemble((one.obligation, "bold"), ": ", (one.answer, ANSWERS.get(one.answer, "yellow")))
    for name in dict.fromkeys((one.step, one.goal)):
        if name and found.sentences.get(name):
            yield Text(f"  {name}: {found.sentences[name]}", style="dim")
    if one.why:
        yield Text(f"  {one.why}.")
    if one.refutation is not None:
        yield from states(one.refutation)


def states(refutation: Refutation) -> Iterator[RenderableType]:
    """A counterexample: how many things, who they are, and the state before and after; what changes stands out."""
    if refutation.sizes:
        yield Text(f"  With {', '.join(f'{size} {sort}' for sort, size in refutation.sizes.items())}:")
    for owner, names in refutation.chosen.items():
        broken = f"{owner.removeprefix('not ')} fails" if owner.startswith("not ") else owner
        yield Text(f"  {broken} with {', '.join(f'{name} = {thing}' for name, thing in names.items())}")
    table = columns(2)
    for shown in refutation.components:
        for line in lines(shown):
            table.add_row(*line)
    yield table


def lines(shown: Shown) -> Iterator[tuple[str, Text]]:
    """A component, and what becomes of it if anything does."""
    yield f"  {shown.component}", Text(shown.before)
    if shown.change is not None:
        yield "", Text(f"then {shown.change}", style="bold")


def senses(vacuity: Sequence[Sense]) -> Table:
    """A row for each part of a model: whether it can happen, or what it adds to the others."""
    table = columns(2)
    for one in vacuity:
        things = "" if one.things is None else f", with at most {one.things} of each sort"
        table.add_row(one.part, Text(f"{one.sense}{things}", style="bold red" if one.sense in SILENT else ""))
    return table


def of_models() -> Table:
    """The formal models, each with what it is about."""
    table = columns(2)
    for name, about in MODELS.items():
        table.add_row(name, about)
    return table


def columns(count: int) -> Table:
    """Names on the left, words on the right."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="cyan", no_wrap=True)
    for _ in range(count - 1):
        table.add_column(overflow="fold")
    return table
