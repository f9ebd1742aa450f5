"""The seams of the stack, each broken as a tired engineer might, and the property that notices."""

from typing import Any

import pytest
from attrs import define

from stackproof.checker import Report, Verdict, explore
from stackproof.checker.scenarios.stack import stack
from stackproof.reference.actor import Out
from stackproof.reference.processing.mapreduce.file_system import temporary
from stackproof.reference.processing.mapreduce.job import Records
from stackproof.reference.processing.mapreduce.messages import Write as WriteFile
from stackproof.reference.stack import cluster
from stackproof.reference.stack.machine import Machine
from stackproof.reference.stack.mapreduce import BlockWorker


@define
class Hoarder(Machine):
    """A machine whose executors outlive their tasks."""

    def launch(self, out: Out) -> None:
        before = self.executors
        Machine.launch(self, out)
        gone = tuple(one for one in before if one.framework not in {other.framework for other in self.executors})
        self.executors = (*self.executors, *gone)


@define
class Hasty(BlockWorker):
    """A worker that names the blocks of its output before they are kept."""

    def write(self, reduce: int, records: Records, out: Out) -> None:
        BlockWorker.write(self, reduce, records, out)
        for one in self.saving:
            out.send(self.files, WriteFile(temporary(one.reduce, self.id), one.keys))
        self.saving = ()


def found(**asked: Any) -> Report:
    return explore(stack(**asked), engine="native", worlds=2_000_000)


@pytest.mark.parametrize(
    ("name", "mutant", "noticed", "asked"),
    [
        ("Machine", Hoarder, "an_executor_runs_as_long_as_its_task", {"crashes": 0}),
        ("BlockWorker", Hasty, "what_a_file_names_is_in_the_block_store", {"crashes": 0}),
    ],
)
def test_a_broken_seam_is_noticed(
    monkeypatch: pytest.MonkeyPatch, name: str, mutant: type, noticed: str, asked: dict[str, Any]
) -> None:
    monkeypatch.setattr(cluster, name, mutant)
    report = found(**asked)
    assert report.verdict is Verdict.VIOLATED
    assert noticed in {one.property for one in report.violated}
