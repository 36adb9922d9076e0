"""What goes wrong for a person at a shell, in both languages."""


class ToldError(Exception):
    """Something cannot be done; the text says why and what to do, in English and in Chinese."""

    def __init__(self, en: str, zh: str = "") -> None:
        super().__init__(en)
        self._zh = zh

    def told(self, language: str) -> str:
        """Return it in `zh` or `en`."""
        return self._zh if language == "zh" and self._zh else str(self)
