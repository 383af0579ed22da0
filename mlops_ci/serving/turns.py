"""An entry script computes one request after the other, in a thread of its own."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor

from mlops_ci.serving.batching import Room
from mlops_ci.serving.contracts import EntryScript, RequestError, ScriptAnswer, ScriptRequest


class Turns:
    """The requests to one entry script."""

    def __init__(self, script: EntryScript, room: Room, timeout: float) -> None:
        self._script = script
        self._room = room
        self._timeout = timeout
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=script.model.name)

    async def answer(self, request: ScriptRequest) -> ScriptAnswer:
        """Let the script answer, when it is this request's turn.

        Raises:
            RequestError: too many are waiting (503), or it took too long (504); what had not begun then never does.
        """
        loop = asyncio.get_running_loop()
        self._room.enter()

        def run() -> ScriptAnswer:
            loop.call_soon_threadsafe(self._room.leave)
            return self._script.answer(request)

        def leave(job: Future[ScriptAnswer]) -> None:
            if job.cancelled():
                loop.call_soon_threadsafe(self._room.leave)

        job = self._thread.submit(run)
        job.add_done_callback(leave)
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.wrap_future(job)
        except TimeoutError as error:
            if job.done() and not job.cancelled():  # the script's own
                raise RuntimeError("the entry script gave up waiting for something") from error
            raise RequestError(504, "the model did not answer in time") from error

    def close(self) -> None:
        """Let the thread go, without waiting for what it computes."""
        self._thread.shutdown(wait=False, cancel_futures=True)
