"""The resilience self-test: a hub, a box and printers of its own, hurt while they work.

It touches nothing of the box that serves this site: other processes, other ports on the loopback,
a folder that is gone when it ends. One figure each for rules, printing, consistency and recovery.
"""
