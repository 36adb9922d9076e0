"""Thousands of labels through the real print queue and real virtual printers, with seeded faults.

Store, writer, law and queue are those of the service, the drivers speak to virtual printers in
their own languages, and time is virtual. What is judged is what lies on the floor in the end.
"""
