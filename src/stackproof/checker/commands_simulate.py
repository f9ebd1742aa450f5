"""`stackproof simulate`: one seeded run of a scenario over virtual time."""

import json
import sys
from typing import Annotated, Any

import attrs
import typer
from rich.text import Text

from stackproof.checker.loading import blaming
from stackproof.checker.render import simulation
from stackproof.checker.render.terminal import Terminal
from stackproof.checker.report import Verdict
from stackproof.checker.saying import Json, NoColor
from stackproof.checker.scenario import Scenario
from stackproof.checker.simulate import simulate as simulated
from stackproof.checker.simulate.latency import latency_named
from stackproof.checker.simulate.quantities import kinds, quantities, unspent
from stackproof.checker.simulate.simulated import Simulated
from stackproof.checker.values import Unfit

MANY = 2_000


def simulate(
    scenario: Scenario,
    *,
    seed: Annotated[int, typer.Option("--seed", help="Decides all chance: the same seed, the same run.")],
    until: Annotated[float, typer.Option("--until", min=0, help="Milliseconds of virtual time.")] = 60_000,
    events: Annotated[int | None, typer.Option("--events", min=1, help="Stop after so many events.")] = None,
    latency: Annotated[
        str,
        typer.Option("--latency", help="constant:MS, uniform:LOW,HIGH, exponential:MEAN, normal:MEAN,DEVIATION ..."),
    ] = "exponential:10",
    loss: Annotated[float, typer.Option("--loss", min=0, max=1, help="Probability that a message is lost.")] = 0,
    jitter: Annotated[float, typer.Option("--jitter", min=0, max=1, help="How much timers vary, as a part of 1.")] = 0,
    as_json: Json = False,
    no_color: NoColor = False,
) -> int:
    """Run a scenario once over virtual time, and measure it."""
    with simulation.progress(scenario.name, not no_color) as watcher, blaming(scenario.name):
        run = simulated(
            scenario,
            seed=seed,
            until_ms=until,
            events=events,
            latency=latency_named(latency),
            loss=loss,
            jitter=jitter,
            watcher=watcher,
        )
        reasons = wrong_in(run)
    out = Terminal(sys.stdout, not no_color)
    if as_json:
        out.print(Text(json.dumps(form(run, reasons))), soft_wrap=True)
    else:
        out.show(simulation.of(run, verdict(run, reasons), reasons))
    return verdict(run, reasons).exit_status


def wrong_in(run: Simulated) -> dict[str, str]:
    """What does not hold at the end: nobody may raise an exception, and every invariant of the scenario holds.

    Invariants are not asked about more than 2,000 nodes: they may look at every pair.
    """
    if run.raised is not None:
        return {"no_step_raises": run.raised}
    return run.reasons() if len(run.nodes) <= MANY else {}


def verdict(run: Simulated, reasons: dict[str, str]) -> Verdict:
    """Held: in this run nothing was wrong. Unknown: it was interrupted."""
    if reasons:
        return Verdict.VIOLATED
    return Verdict.UNKNOWN if run.ended == "interrupted" else Verdict.HELD


def digest_of(run: Simulated) -> str | None:
    """The digest of a run; none where there are many nodes, or where one holds what can change and has no form."""
    try:
        return run.digest() if len(run.nodes) <= MANY else None
    except Unfit:
        return None


def form(run: Simulated, reasons: dict[str, str]) -> dict[str, Any]:
    """The run as JSON; all but `seconds` and `peak_mib` is the same whenever it is run."""
    counts = run.counts
    return {
        "scenario": run.scenario.name,
        "parameters": dict(run.scenario.parameters),
        "evidence": "searched",
        "seed": run.seed,
        "verdict": verdict(run, reasons).value,
        "ended": run.ended,
        "virtual_ms": run.now_ms,
        "nodes": len(run.nodes),
        "up": len(run.up),
        "events": counts.events,
        "messages": {
            name: getattr(counts, name)
            for name in ("sent", "delivered", "dropped", "unreachable", "bounced", "in_flight")
        },
        "timers": counts.fired,
        "observed": kinds(run.observations),
        "quantities": {name: attrs.asdict(one) for name, one in quantities(run.observations).items()},
        "unspent": unspent(run.scenario),
        "violated": [{"property": name, "reason": reason} for name, reason in reasons.items()],
        "digest": digest_of(run),
        "seconds": round(run.seconds, 3),
        "peak_mib": run.peak_mib,
    }
