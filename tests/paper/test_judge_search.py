"""The judge's search against its definition, on thousands of histories, and where many clients are busy at once."""

import random

import pytest
from attrs import evolve

from stackproof.checker.judge.calls import Call
from stackproof.checker.judge.models import MODELS
from stackproof.checker.judge.search import Search
from tests.paper.test_judge import plainly, random_calls


@pytest.mark.parametrize("clients", range(2, 9))
def test_on_thousands_of_histories_with_lies_and_lost_answers_the_judge_agrees_with_the_plain_search(
    clients: int,
) -> None:
    dice, found = random.Random(clients), {True: 0, False: 0}
    for seed in range(500):
        good = random_calls(dice.randrange(4, 15), clients, dice.randrange(2, 5), seed, dice.choice((0.0, 0.3)))
        calls = [told_otherwise(dice, one) for one in good]
        answer = Search(MODELS["cas"], calls).run(100_000)
        assert answer is plainly(calls, MODELS["cas"])
        found[answer] += 1
    assert min(found.values()) > 50


def told_otherwise(dice: random.Random, one: Call) -> Call:
    """A call as it was, or never answered, or a read of something else."""
    drawn = dice.random()
    if drawn < 0.1:
        return evolve(one, done=False, refused=False, result=None, end=dice.choice((one.end, None)))
    return evolve(one, result=dice.randrange(5)) if one.name == "read" and drawn < 0.2 else one


@pytest.mark.parametrize("seed", range(20))
def test_what_many_clients_saw_at_once_has_an_order(seed: int) -> None:
    for values in (3, 8, 20, 50):
        calls = random_calls(150, 10 + 2 * seed, values, seed, 0.2 * (seed % 2))
        assert Search(MODELS["cas"], calls).run(200_000) is True
