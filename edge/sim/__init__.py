"""The simulation: hub, box, printers and people in one thread, on a virtual clock, from one seed.

It is a composition root beside `edge.bootstrap`: the parts are those of the service, and only what
touches the outside is another: time, randomness, links, printers, the power. One seed is one world;
the same seed is the same world to the byte.
"""
