"""Where a demo keeps its files, which ports it takes, and the configuration of its box."""

import json
import secrets
import shutil
import socket
from pathlib import Path
from typing import Any, Final

import msgspec

BOX: Final = "W1-A"
BOX_NAME: Final = "上海一仓"
WAREHOUSE: Final = "W1"
HOST: Final = "127.0.0.1"
PORTS: Final = ("hub", "wan", "box", "pda", "station", "tspl", "zpl")
PORT_BASE: Final = 8440
PORT_MAX: Final = 65_535
STATIONS_MIN: Final = 2
TOKEN_BYTES: Final = 16


class DemoError(Exception):
    """The demo cannot go on; the text says why and what to do."""


class Site(msgspec.Struct, frozen=True):
    """The folder and the ports of one demo. `lan_host` is this machine's name for other devices."""

    root: Path
    port_base: int = PORT_BASE
    stations: int = STATIONS_MIN
    listen: str = HOST
    lan_host: str = "localhost"
    names_printers: bool = False
    """The configuration names the printers; else the box finds them and somebody adopts them."""

    @property
    def box_data(self) -> Path:
        """Everything that the box keeps."""
        return self.root / "box"

    @property
    def hub_data(self) -> Path:
        """Everything that the hub keeps."""
        return self.root / "hub"

    @property
    def labels(self) -> Path:
        """Pictures of printed labels."""
        return self.root / "labels"

    @property
    def badges(self) -> Path:
        """Cards of badges, as the box prints them."""
        return self.root / "badges"

    @property
    def logs(self) -> Path:
        """What hub and box said."""
        return self.root / "log"

    @property
    def config_file(self) -> Path:
        """The box's configuration, written at each start."""
        return self.root / "floorgate.toml"

    def port(self, name: str) -> int:
        """Return the port of one of `PORTS`."""
        return self.port_base + PORTS.index(name)

    @property
    def hub_url(self) -> str:
        """Where the hub's API and page are."""
        return f"http://{HOST}:{self.port('hub')}"

    @property
    def box_url(self) -> str:
        """Where the box itself is, behind the access point."""
        return f"https://{HOST}:{self.port('box')}"

    @property
    def pda_url(self) -> str:
        """Where PDAs find the box: through the access point."""
        return f"https://localhost:{self.port('pda')}"

    @property
    def bots_url(self) -> str:
        """The same for bots: a machine without /etc/hosts cannot resolve "localhost"."""
        return f"https://{HOST}:{self.port('pda')}"

    @property
    def station_url(self) -> str:
        """Where the packing station's screen finds the box."""
        return f"https://localhost:{self.port('station')}"

    @staticmethod
    def languages() -> tuple[str, ...]:
        """Return the languages of the virtual printers, one printer each."""
        return ("tspl", "zpl")

    def printer_url(self, lang: str) -> str:
        """Return how the printer of a language is reached."""
        return f"tcp://{HOST}:{self.port(lang)}?lang={lang}"

    def printer_name(self, lang: str) -> str:
        """Return what people call the printer of a language."""
        return f"{lang.upper()} {_printer_id(lang)}"

    def prefers_first(self, station: str) -> bool:
        """Tell whether a station prints on the first printer before the others."""
        return self.station_ids().index(station) % 2 == 0

    def addresses(self) -> dict[str, Any]:
        """Return every address and path, for people and for `--json`."""
        return {
            "demo": f"{self.pda_url}/demo/",
            "pda": f"{self.pda_url}/",
            "station": f"{self.station_url}/",
            "box": self.box_url,
            "hub": self.hub_url,
            "printers": {lang: self.printer_url(lang) for lang in self.languages()},
            "data": {
                "root": str(self.root),
                "box": str(self.box_data),
                "hub": str(self.hub_data),
                "labels": str(self.labels),
                "badges": str(self.badges),
                "log": str(self.logs),
                "config": str(self.config_file),
                "ca": str(self.box_data / "tls" / "ca.pem"),
            },
        }

    def wipe(self) -> None:
        """Begin anew. Only what a demo wrote is removed."""
        for path in (self.box_data, self.hub_data, self.labels, self.badges, self.logs):
            shutil.rmtree(path, ignore_errors=True)
        for path in self.root.glob("seeded-*"):
            path.unlink()

    def prepare(self) -> str:
        """Make the folder, write the box's configuration, and return the enrolment token."""
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            token_file = self.root / "token"
            if not token_file.exists():
                token_file.touch(mode=0o600)
                token_file.write_text(secrets.token_hex(TOKEN_BYTES))
            token = token_file.read_text()
            self.config_file.touch(mode=0o600)
            self.config_file.write_text(self._config(token), "utf-8")
        except OSError as error:
            raise DemoError(f"{self.root}: {error.strerror}; choose another --data DIR") from error
        return token

    def check_ports(self) -> None:
        """Raise `DemoError` if a port is taken or does not exist."""
        if not 0 < self.port_base <= PORT_MAX - len(PORTS):
            raise DemoError(f"--port-base {self.port_base}: 1 to {PORT_MAX - len(PORTS)}")
        for name in PORTS:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((HOST, self.port(name)))
                except OSError as error:
                    raise DemoError(
                        f"port {self.port(name)} ({name}) cannot be opened: {error.strerror}; "
                        f"end what uses it (another demo?), or choose another --port-base"
                    ) from error

    def mark(self, what: str) -> Path:
        """Return the file that stands for "`what` is in the hub"."""
        return self.root / f"seeded-{what}"

    def station_ids(self) -> tuple[str, ...]:
        """Return the packing stations."""
        return tuple(f"S{n}" for n in range(1, max(self.stations, STATIONS_MIN) + 1))

    def _config(self, token: str) -> str:
        origins = [
            f"https://{host}:{self.port(door)}"
            for host in dict.fromkeys(("localhost", HOST, self.lan_host))
            for door in ("pda", "station")
        ]
        names = [] if self.lan_host == "localhost" else [self.lan_host]
        lines = [
            f"data = {json.dumps(str(self.box_data))}",
            f'[box]\nid = "{BOX}"\nname = "{BOX_NAME}"',
            f'[http]\nhost = "{HOST}"\nport = {self.port("box")}\nopen_devices = true',
            f"origins = {json.dumps(origins)}\nnames = {json.dumps(names)}",
            f'[hub]\nurl = "ws://{HOST}:{self.port("wan")}/link"\ntoken = "{token}"',
        ]
        printers = [_printer_id(lang) for lang in self.languages()] * self.names_printers
        for printer, lang in zip(printers, self.languages(), strict=False):
            lines.append(
                f'[[printers]]\nid = "{printer}"\nname = "{self.printer_name(lang)}"\n'
                f'url = "{self.printer_url(lang)}"'
            )
        for station in self.station_ids():
            bound = printers if self.prefers_first(station) else printers[::-1]
            number = station.removeprefix("S")
            name = f'{{ zh = "{number}号打包台", en = "Station {number}" }}'
            lines.append(
                f'[[stations]]\nid = "{station}"\nname = {name}\nprinters = {json.dumps(bound)}'
            )
        return "\n".join(lines) + "\n"


def _printer_id(lang: str) -> str:
    return f"P{Site.languages().index(lang) + 1}"
