"""Whether every state of a workflow can be reached and left, and every way can be taken."""

from collections.abc import Iterable

from edge.domain.rules.document import Document
from edge.domain.rules.problems import Report

Edges = dict[str, set[str]]
"""State → states to which something leads from it."""


def check_graph(document: Document, report: Report) -> None:
    """No state is out of reach, none lets nothing go, no way is hidden behind another."""
    if not document.workflow.transitions:
        report.fault(("workflow", "transitions"), "no_ways", "no transition", "add some")
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
            text = f"{state.id} is out of reach from {starts}"
            report.fault(path, "unreachable_state", text, "add a transition to it, or drop it")
        if state.id not in ending:
            text = f"{state.id} is a trap: no way leads from it to a state of kind end"
            report.fault(path, "trapping_state", text, "add a transition from it")
    _hidden_ways(document, report)


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
                text = (
                    f"{way.action} from {source} is never taken: transitions[{first}] has no gate"
                )
                report.fault(path, "hidden_way", text, "put it before that one, or gate that one")
            elif not way.gates:
                open_ways[way.action, source] = at
