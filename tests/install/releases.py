"""Release archives to install: this commit, a newer one, one that never gets well."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parents[2]
BROKEN: Final = '"""Made by a test."""\n\nraise SystemExit("this version cannot serve")\n'


class Releases:
    """Archives in a folder; all take their packages from one folder of wheels."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def first(self) -> Path:
        """Return the archive of this commit, made by the release script with its packages."""
        _ran(HERE, "scripts/release.sh", "--with-wheels")
        return max((HERE / "dist").glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)

    def newer(self, version: str, *, is_broken: bool = False) -> Path:
        """Return the folder of a release of another version; `is_broken` ends at its start."""
        clone = self._clone(version)
        project = clone / "pyproject.toml"
        project.write_text(
            re.sub(r'(?m)^version = ".*"$', f'version = "{version}"', project.read_text())
        )
        if is_broken:
            (clone / "edge/bootstrap.py").write_text(BROKEN)
        shutil.rmtree(clone / ".git")
        return clone

    def _clone(self, name: str) -> Path:
        _ran(self._folder, "git", "clone", "--quiet", "--depth=1", f"file://{HERE}", name)
        return self._folder / name


def _ran(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert not done.returncode, f"{command}: {done.stdout}{done.stderr}"
