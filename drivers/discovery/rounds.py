"""Sources that look in rounds, and keep nothing open between them."""


class Rounds:
    """See `drivers.discovery.manager.Watcher`; a subclass says how it looks."""

    async def start(self) -> None:
        """Nothing stays open between rounds."""

    async def stop(self) -> None:
        """Nothing stays open between rounds."""
