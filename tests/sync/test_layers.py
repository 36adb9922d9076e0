"""What the parts of sync may need."""

import subprocess
import sys


def test_importing_the_api_does_not_load_the_web() -> None:
    """The box starts fast: aiohttp and the hub load when first used."""
    code = "import sys, sync.api; print([m for m in sys.modules if m in ('aiohttp', 'sqlite3')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"
