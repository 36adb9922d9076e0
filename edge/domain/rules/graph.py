"""Whether every state of a workflow can be reached and left, and every way can be taken.

Automatic actions must come to rest: one that leads back to where it began would never let a
decision end, so it is refused here, whatever gates it has.
"""

from collections.abc import Iterable
from typing import Final

from edge.domain.rules.document import Document
from edge.domain.rules.problems import Path, Report

ACCEPT: Final = "order.accept"
"""What becomes of an order in the first state, unless a rule lets it wait."""

Edges = dict[str, set[str]]
"""State → states to which something leads from it."""


def check_graph(document: Document, report: Report) -> None:
    """No state is out of reach, none lets nothing go, no way is hidden behind another."""
    if not document.workflow.transitions:
        report.fault(("workflow", "transitions"), "no_ways")
        return
    out: Edges = {state.id: set() for state in document.workflow.states}
    back: Edges = {state.id: set() for state in document.workflow.states}
    for way in document.workflow.transitions:
        if not out.keys() >= {*way.sources, way.to} - {None}:
            return  # a name is wrong, which is told: the rest would follow from it
        for source in way.sources if way.to else ():
            out[source].add(str(way.to))
            back[str(way.to)].add(source)
    # A hold rule, or the hub's order.hold, brings an order into any waiting state.
    waiting = [state.id for state in document.workflow.states if state.kind == "hold"]
    starts = [state.id for state in document.workflow.states if state.kind == "start"]
    reached = _from([*starts, *waiting], out)
    ends = [state.id for state in document.workflow.states if state.kind == "end"]
    ending = _from(ends, back)
    for at, state in enumerate(document.workflow.states):
        path = ("workflow", "states", at)
        if state.id not in reached:
            starting = ", ".join(starts)
            report.fault(path, "unreachable_state", state=state.id, starts=starting)
        if state.id not in ending:
            report.fault(path, "trapping_state", state=state.id)
    _hidden_ways(document, report)
    _auto_cycles(document, report)


def _from(begin: Iterable[str], edges: Edges) -> set[str]:
    """Return what can be reached from `begin`, itself among it."""
    seen = edges.keys() & set(begin)
    left = list(seen)
    while left:
        for state in edges[left.pop()] - seen:
            seen.add(state)
            left.append(state)
    return seen


def _hidden_ways(document: Document, report: Report) -> None:
    """Ways are tried in order: behind one without gates, no other is ever taken."""
    open_ways: dict[tuple[str, str], int] = {}
    for at, way in enumerate(document.workflow.transitions):
        for n, source in enumerate(way.sources):
            first = open_ways.get((way.action, source))
            if first is not None:
                path = ("workflow", "transitions", at, "from", n)
                report.fault(path, "hidden_way", action=way.action, state=source, first=first)
            elif not way.gates:
                open_ways[way.action, source] = at


def _auto_cycles(document: Document, report: Report) -> None:
    """No chain of automatic actions comes back to a state that it has left.

    What comes to the first state is accepted in the same decision: that is a step of the chain. The
    search begins there, so the action that is named as closing a ring is always one of `auto`.
    """
    steps = _auto_steps(document)
    resting: set[str] = set()
    """States from which every chain is known to end."""
    starts = [state.id for state in document.workflow.states if state.kind == "start"]
    for begin in (*starts, *steps):
        trail = [] if begin in resting else [(begin, iter(steps[begin]))]
        while trail:
            state, further = trail[-1]
            path, action, to = next(further, ((), "", ""))
            walked = [each for each, _ in trail]
            if not to:
                resting.add(state)
                trail.pop()
            elif to in walked:
                ring = " → ".join([*walked[walked.index(to) :], to])
                report.fault(path, "automatic_cycle", ring=ring, action=action)
            elif to not in resting:
                trail.append((to, iter(steps[to])))


def _auto_steps(document: Document) -> dict[str, list[tuple[Path, str, str]]]:
    """Return where each state's automatic actions lead: place in the document, action, state."""
    leads: dict[tuple[str, str], list[str]] = {}
    for way in document.workflow.transitions:
        for source in way.sources if way.to else ():
            leads.setdefault((way.action, source), []).append(str(way.to))
    known = {state.id for state in document.workflow.states}
    held = [hold.state for hold in document.workflow.holds if hold.state in known]
    found = {}
    for at, state in enumerate(document.workflow.states):
        path: Path = ("workflow", "states", at, "auto")
        found[state.id] = [
            ((*path, n), action, to)
            for n, action in enumerate(state.auto)
            for to in leads.get((action, state.id), ())
        ]
        if state.kind == "start":
            accepted = [*leads.get((ACCEPT, state.id), ()), *held]
            found[state.id] += [(path, ACCEPT, to) for to in accepted]
    return found
