"""Rulesets: one versioned document that says what may happen on this floor.

Expressions are CEL (https://cel.dev), compiled once. A ruleset is checked as a whole before it is
used; every problem is reported with its place. An expression that fails at run time fails closed.
"""

from edge.domain.rules.check import DOCUMENT_BYTES_MAX, EXPRESSION_CHARS_MAX, GRADES, check
from edge.domain.rules.compiled import Ruleset, RulesetError, load_ruleset
from edge.domain.rules.document import Document, GiftRule, Reason, Transition, Workflow

__all__ = [
    "DOCUMENT_BYTES_MAX",
    "EXPRESSION_CHARS_MAX",
    "GRADES",
    "Document",
    "GiftRule",
    "Reason",
    "Ruleset",
    "RulesetError",
    "Transition",
    "Workflow",
    "check",
    "load_ruleset",
]
