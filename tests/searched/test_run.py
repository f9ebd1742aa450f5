"""`stackproof run` on many seeds: whatever strikes, the answer is the plain one, and the same seed is the same run."""

from itertools import accumulate
from pathlib import Path
from random import Random

import pytest

from stackproof.checker.report import Verdict
from stackproof.checker.running.faults import ordered
from stackproof.checker.running.jobs import Asked
from stackproof.checker.running.runs import Outcome, run

FAULTS = ordered("crashes=2,cuts=1,joins=1")
MUCH = ordered("crashes=3,cuts=1,partitions=2,joins=2")
TEN_MB = 10_000_000
MINUTE = 60


def words(size: int) -> str:
    """A text of this many bytes, whose words are as unequally frequent as words are."""
    random = Random(1)
    vocabulary = ["".join(random.choices("abcdefghij", k=random.randint(2, 9))) for _ in range(20_000)]
    weights = list(accumulate(1 / rank for rank in range(1, 20_001)))
    found: list[str] = []
    length = 0
    while length < size:
        line = " ".join(random.choices(vocabulary, cum_weights=weights, k=10)) + "\n"
        found.append(line)
        length += len(line)
    return "".join(found)[:size]


def links() -> str:
    random = Random(2)
    return "".join(f"p{random.randint(0, 40)} p{random.randint(0, 20)}\n" for _ in range(600))


def points() -> str:
    random = Random(3)
    drawn = [(random.gauss(0, 1), random.gauss(0, 1)) for _ in range(600)]
    return "".join(f"{int(x + y > 0)} {x:.3f},{y:.3f}\n" for x, y in drawn)


def log() -> str:
    random = Random(4)
    level = ("INFO", "ERROR", "WARN")
    return "".join(f"{i}\t{random.choice(level)}\tmysql\tat {i % 60}\n" for i in range(600))


def requests() -> str:
    return "".join(f'10.0.0.{i % 9} - - [t] "GET /page{i % 13} HTTP/1.1" 200 1\n' for i in range(600))


def page() -> str:
    return "".join(f'<a href="/page{i % 7}">x</a> filler {i}\n' for i in range(200))


INPUT = {
    "wordcount": lambda: words(20_000),
    "grep": lambda: words(20_000),
    "sort": lambda: words(20_000),
    "link-graph": page,
    "url-frequency": requests,
    "pagerank": links,
    "logistic-regression": points,
    "log-mining": log,
}


def outcome(path: Path, job: str, seed: int, text: str, **options: object) -> Outcome:
    """One run of a job on a text."""
    file = path / "input"
    file.write_text(text, "utf-8")
    return run(Asked(job, (file,), "ab|mysql", **options), FAULTS, seed, 600)  # type: ignore[arg-type]


@pytest.mark.parametrize("job", INPUT)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_job_comes_to_the_plain_answer_with_two_crashes_a_cut_and_a_join(tmp_path: Path, job: str, seed: int) -> None:
    came = outcome(tmp_path, job, seed, INPUT[job]())
    assert (came.verdict, came.equal, came.why) == (Verdict.HELD, True, None)
    assert len([one for one in came.log.struck if not one.what.startswith("heal")]) == FAULTS.all
    assert came.log.begun >= came.log.tasks


def test_the_same_seed_is_the_same_run_and_another_is_another(tmp_path: Path) -> None:
    first, second, other = (outcome(tmp_path, "wordcount", seed, words(5_000)) for seed in (5, 5, 6))
    assert first.digest == second.digest != other.digest
    assert (first.log.again, first.log.struck, first.events) == (second.log.again, second.log.struck, second.events)


@pytest.mark.slow
@pytest.mark.parametrize("job", ["wordcount", "pagerank", "log-mining"])
def test_and_with_eight_faults_on_twenty_seeds(tmp_path: Path, job: str) -> None:
    file = tmp_path / "input"
    file.write_text(INPUT[job](), "utf-8")
    for seed in range(20):
        came = run(Asked(job, (file,)), MUCH, seed, 600)
        assert (seed, came.verdict, came.why) == (seed, Verdict.HELD, None)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_word_count_of_ten_megabytes_takes_less_than_a_minute(tmp_path: Path, seed: int) -> None:
    came = outcome(tmp_path, "wordcount", seed, words(TEN_MB))
    assert (came.verdict, came.equal) == (Verdict.HELD, True)
    assert came.seconds + came.plain_seconds < MINUTE


def test_any_bytes_are_a_text(tmp_path: Path) -> None:
    file = tmp_path / "bytes"
    file.write_bytes(bytes(range(256)) * 20 + b"\xff\xfe\n\r\n\x00 end without a newline")
    came = run(Asked("wordcount", (file,)), FAULTS, 1, 600)
    assert came.verdict is Verdict.HELD


def test_an_empty_file_has_an_empty_answer(tmp_path: Path) -> None:
    came = outcome(tmp_path, "wordcount", 1, "")
    assert came.verdict is Verdict.HELD
    assert came.log.answer is not None
    assert not any(came.log.answer.files)


def test_three_machines_that_remain_are_enough(tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_text(words(4_000), "utf-8")
    for seed in range(3):
        came = run(Asked("wordcount", (file,), agents=4), ordered("crashes=1,joins=1"), seed, 600)
        assert (seed, came.verdict, came.why) == (seed, Verdict.HELD, None)
