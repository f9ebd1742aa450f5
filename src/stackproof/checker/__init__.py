"""What finds out whether the reference keeps its word."""

from stackproof.checker.explore import explore
from stackproof.checker.faults import Faults
from stackproof.checker.host import ScenarioError, Status
from stackproof.checker.network import Envelope, Network
from stackproof.checker.replay import replay
from stackproof.checker.report import Report, Verdict
from stackproof.checker.scenario import Scenario
from stackproof.checker.search import search
from stackproof.checker.simulate import simulate
from stackproof.checker.world import Event, World

__all__ = [
    "Envelope",
    "Event",
    "Faults",
    "Network",
    "Report",
    "Scenario",
    "ScenarioError",
    "Status",
    "Verdict",
    "World",
    "explore",
    "replay",
    "search",
    "simulate",
]
