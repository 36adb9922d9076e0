"""Printers reached by IPP: `drivers.api.Printer` over pyipp.

Each copy is a job of its own under its own name, so its state can be of no other copy, and a copy
sent before a crash is found again by its name.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import aiohttp
from pyipp import IPP
from pyipp.enums import IppOperation
from pyipp.exceptions import IPPConnectionError, IPPError, IPPResponseError
from pyipp.parser import parse

from drivers.api import CopyId, DriverError, Mark, PrinterStatus, Proof, Raster
from drivers.labelprinter import Waits
from drivers.printers import ipp

REQUEST_TIMEOUT_S: Final = 20
"""For one answer; a printer may take a page only as fast as it prints."""
JOBS_REMEMBERED_MAX: Final = 16
_STATUS_OK_MAX: Final = 0x1FF
_BUSY: Final = 0x0507
_JOB_CANCELED: Final = 0x0508
_HTTP_SERVER_ERROR: Final = 500
_LISTS: Final = ("not-completed", "completed")
_LOOK: Final = "the copy may have come out: look for it and scan it, do not send it again"


class _RefusedError(Exception):
    """The printer answered that it will not do it."""

    def __init__(self, status: int) -> None:
        super().__init__(f"it answers 0x{status:04x}")
        self.status = status


class IppPrinter:
    """An IPP printer. Proof: its job's state."""

    def __init__(self, host: str, port: int, path: str, waits: Waits, *, is_secure: bool) -> None:
        self.subject = f"{host}:{port}{path}"
        self._make: Callable[[], IPP] = lambda: IPP(
            host=host, port=port, base_path=path, tls=is_secure, request_timeout=REQUEST_TIMEOUT_S
        )
        self._waits = waits
        self._turn = asyncio.Lock()
        self._client: IPP | None = None
        self._takes = ipp.Takes()
        self._jobs: dict[CopyId, int] = {}
        self._last_copy: CopyId | None = None
        self._last_bytes = 0

    async def open(self) -> None:
        """Ask what the printer takes; nothing happens when open. After a failure it is closed."""
        async with self._turn:
            if self._client is not None:
                return
            self._client = self._make()
            try:
                self._takes = ipp.takes(await self._attributes("open"))
            except BaseException:
                await self.close()
                raise

    async def close(self) -> None:
        """Disconnect; may be called at any time, any number of times."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def probe(self) -> str | None:
        """Return the model if the device speaks IPP; leaves no state in the device."""
        async with self._turn:
            was_open = self._client is not None
            self._client = self._client or self._make()
            try:
                attributes = await self._attributes("probe")
            except DriverError as error:
                if isinstance(error.__cause__, aiohttp.ClientConnectorError):
                    raise
                return None
            finally:
                if not was_open:
                    await self.close()
            model = attributes.get("printer-make-and-model")
            return model if isinstance(model, str) and model else "IPP"

    async def status(self) -> PrinterStatus:
        """Return the printer's account of itself."""
        async with self._turn:
            return ipp.parse_status(await self._attributes("status"))

    async def mark(self) -> Mark | None:
        """Return None: a job has a state of its own."""
        return None

    def encode(self, label: Raster, copy_id: CopyId) -> bytes:
        """Return the document that prints `label` once, in a format that the printer takes. Pure.

        Before `open` has asked, that is PWG raster.
        """
        return ipp.encode(label, copy_id, self._takes)

    async def send(self, copy: bytes, copy_id: CopyId) -> int:
        """Send one copy as one job and return the bytes sent; never retries.

        A printer that has a fault, is busy, or does not take the format accepts nothing: the
        error is retryable and its `bytes_out` 0.
        """
        async with self._turn:
            faults = ipp.parse_status(await self._attributes("send")).faults
            if faults:
                raise self._refusal("send", f"the printer reports: {', '.join(faults)}")
            self._last_copy = copy_id
            self._last_bytes = len(copy)
            job = {
                "operation-attributes-tag": {
                    "job-name": copy_id,
                    "document-format": ipp.format_of(copy),
                },
                "job-attributes-tag": {"copies": 1},
                "data": copy,
            }
            jobs = (await self._execute("send", IppOperation.PRINT_JOB, job, len(copy)))["jobs"]
            self._remember(copy_id, jobs[0] if jobs else {})
            return len(copy)

    async def await_proof(self, copy_id: CopyId, mark: Mark | None, timeout_s: float) -> Proof:
        """Wait for the copy's job to be completed; NONE when it is not, or ended otherwise.

        Needs no earlier `send` by this object: a job is also found by its name.
        """
        del mark
        until_s = _now_s() + timeout_s
        while True:
            async with self._turn:
                end = await self._job_end(copy_id)
            if end is ipp.JobEnd.PRINTED:
                return Proof.JOB_STATE
            left_s = until_s - _now_s()
            if left_s <= 0 or end is ipp.JobEnd.NOT_PRINTED:
                return Proof.NONE
            await asyncio.sleep(min(left_s, self._waits.poll_s))

    async def cancel(self) -> None:
        """Drop what the printer still holds of the copy sent last; a page that is out stays."""
        async with self._turn:
            if self._last_copy is None:
                await self._attributes("cancel")  # says so if it is not open
                return
            number = await self._number(self._last_copy)
            if number is None:
                return
            which = {"operation-attributes-tag": {"job-id": number}}
            try:
                await self._asked(IppOperation.CANCEL_JOB, which)
            except _RefusedError:
                return  # it is over already
            except IPPError as error:
                raise self._trouble("cancel", error, 0) from error

    async def _job_end(self, copy_id: CopyId) -> ipp.JobEnd:
        number = await self._number(copy_id)
        if number is None:
            return ipp.JobEnd.OPEN
        which = {"job-id": number, "requested-attributes": list(ipp.JOB_ATTRIBUTES)}
        message = {"operation-attributes-tag": which}
        jobs = (await self._execute("await_proof", IppOperation.GET_JOB_ATTRIBUTES, message))[
            "jobs"
        ]
        return ipp.parse_job(jobs[0] if jobs else {})

    async def _number(self, copy_id: CopyId) -> int | None:
        """Return the printer's number of the copy's job, looked up by name if it is not known."""
        for which in _LISTS:
            if copy_id in self._jobs:
                break
            asked = {"which-jobs": which, "requested-attributes": list(ipp.JOB_ATTRIBUTES)}
            message = {"operation-attributes-tag": asked}
            for job in (await self._execute("await_proof", IppOperation.GET_JOBS, message))["jobs"]:
                if job.get("job-name") == copy_id:
                    self._remember(copy_id, job)
        return self._jobs.get(copy_id)

    def _remember(self, copy_id: CopyId, job: dict[str, Any]) -> None:
        number = job.get("job-id")
        if isinstance(number, int):
            self._jobs[copy_id] = number
        while len(self._jobs) > JOBS_REMEMBERED_MAX:
            del self._jobs[next(iter(self._jobs))]

    async def _attributes(self, op: str) -> dict[str, Any]:
        asked = {"requested-attributes": list(ipp.PRINTER_ATTRIBUTES)}
        message = {"operation-attributes-tag": asked}
        reply = await self._execute(op, IppOperation.GET_PRINTER_ATTRIBUTES, message)
        printers = reply["printers"]
        return dict(printers[0]) if printers else {}

    async def _execute(
        self, op: str, operation: IppOperation, message: dict[str, Any], copy_bytes: int = 0
    ) -> dict[str, Any]:
        """Return the printer's answer. `copy_bytes` is how much of a copy is in `message`."""
        try:
            return await self._asked(operation, message)
        except (_RefusedError, IPPError) as error:
            raise self._trouble(op, error, copy_bytes) from (error.__cause__ or error)

    async def _asked(self, operation: IppOperation, message: dict[str, Any]) -> dict[str, Any]:
        if self._client is None:
            raise self._refusal("send", "not connected", "open the printer first")
        raw = await self._client.raw(operation, message)
        if not ipp.is_sound(raw):
            raise IPPError("its answer is not IPP")
        try:
            reply: dict[str, Any] = parse(raw)
        except Exception as error:
            raise IPPError("its answer cannot be read") from error
        if not 0 <= reply["status-code"] <= _STATUS_OK_MAX:
            raise _RefusedError(reply["status-code"])
        return reply

    def _trouble(self, op: str, error: Exception, copy_bytes: int) -> DriverError:
        """Return the error for one of pyipp's: how much of a copy may be with the printer."""
        cause = error.__cause__
        if isinstance(error, _RefusedError):
            out = copy_bytes if error.status == _JOB_CANCELED else 0
            hint = "wait until it is free" if error.status == _BUSY else "look at the printer"
            return self._error(op, str(error), hint, out)
        if isinstance(error, IPPConnectionError) and isinstance(
            cause, aiohttp.ClientConnectorError
        ):
            hint = "check that the printer is switched on, on the network, and at this address"
            return self._error(op, str(cause), hint, 0)
        if isinstance(error, IPPResponseError):
            status = error.args[1]["status-code"]
            out = copy_bytes if status >= _HTTP_SERVER_ERROR else 0
            return self._error(op, str(error.args[0]), "check the path in the printer's URL", out)
        said = str(cause) if cause is not None and str(cause) else str(error.args[0])
        return self._error(op, said, "check the printer, then open it again", copy_bytes)

    def _error(self, op: str, cause: str, hint: str, bytes_out: int) -> DriverError:
        if op == "await_proof":
            bytes_out = self._last_bytes
        is_lost = op == "await_proof" or bytes_out > 0
        return DriverError(
            op,
            self.subject,
            cause,
            _LOOK if is_lost else hint,
            is_retryable=not is_lost,
            bytes_out=bytes_out,
        )

    def _refusal(self, op: str, cause: str, hint: str = "clear the fault") -> DriverError:
        return DriverError(op, self.subject, cause, hint, is_retryable=True)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
