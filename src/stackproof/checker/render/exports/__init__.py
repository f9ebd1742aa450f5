"""A run in the formats of others: what each can say, and what it cannot, stands at the top of its file."""

from collections.abc import Callable, Mapping

from stackproof.checker.render.exports import edn, itf, mermaid, shiviz, steps
from stackproof.checker.replay import Replayed

FORMATS: Mapping[str, Callable[[Replayed], str]] = {
    "itf": itf.text_of,
    "shiviz": shiviz.text_of,
    "mermaid": mermaid.text_of,
    "json": steps.text_of,
    "edn": edn.text_of,
}
