"""The Node.js that the development tools bring along: a bare Debian has none of its own."""

import subprocess
import sys
from pathlib import Path
from typing import Final

NODE: Final = Path(sys.prefix) / "bin" / "node"
RUN_S_MAX: Final = 60.0


def run_node(*arguments: str) -> str:
    """Run Node.js, which must end well; return what it prints."""
    assert NODE.exists(), f"{NODE} is missing; install it with: scripts/setup.sh test"
    done = subprocess.run(
        [str(NODE), *arguments], capture_output=True, text=True, timeout=RUN_S_MAX, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
