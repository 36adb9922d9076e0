"""What the command line prints."""

from edge.cli.output import aligned


def test_chinese_columns_stand_below_each_other() -> None:
    """A Chinese character takes two columns of a terminal, a combining mark none."""
    lines = aligned([("订单", "what"), ("1001", "赠品"), ("Ne\u0301ill", "x")])
    assert lines == ["订单   what", "1001   赠品", "Ne\u0301ill  x"]
