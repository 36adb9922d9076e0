"""Rulesets: one versioned document that says what may happen on this floor.

Expressions are CEL (https://cel.dev), compiled once. A ruleset is checked as a whole before it is
used; every problem is reported with its place. An expression that fails at run time fails closed.
"""

from edge.domain.rules.check import DOCUMENT_BYTES_MAX, GRADES, read
from edge.domain.rules.compiled import Ruleset, in_force, load_ruleset
from edge.domain.rules.difference import Change, diff_documents
from edge.domain.rules.document import (
    Document,
    GiftRule,
    PrintQueueRules,
    Reason,
    Transition,
    Workflow,
)
from edge.domain.rules.problems import Problem, RulesetError, problem
from edge.domain.rules.source import locate

__all__ = [
    "DOCUMENT_BYTES_MAX",
    "GRADES",
    "Change",
    "Document",
    "GiftRule",
    "PrintQueueRules",
    "Problem",
    "Reason",
    "Ruleset",
    "RulesetError",
    "Transition",
    "Workflow",
    "diff_documents",
    "in_force",
    "load_ruleset",
    "locate",
    "problem",
    "read",
]
