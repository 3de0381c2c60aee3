"""Many requests wait for one commit; each hears what became of its own."""

import asyncio
import threading
from concurrent.futures import Future

import pytest

from wager.errors import StoreFailed
from wager.server.durable import Commits


def test_many_wait_for_one_group() -> None:
    async def wait_for_all() -> list[object]:
        commits = Commits()
        futures: list[Future[None]] = [Future() for _ in range(500)]
        waiting = [asyncio.ensure_future(commits.wait(one)) for one in futures]
        await asyncio.sleep(0)
        assert not any(one.done() for one in waiting)

        def land() -> None:
            for number, future in enumerate(futures):
                if number % 5:
                    future.set_result(None)
                else:
                    future.set_exception(StoreFailed())

        writer = threading.Thread(target=land)
        writer.start()
        heard = await asyncio.gather(*waiting, return_exceptions=True)
        writer.join()
        return list(heard)

    heard = asyncio.run(wait_for_all())
    assert [isinstance(one, StoreFailed) for one in heard] == [n % 5 == 0 for n in range(500)]


def test_what_is_durable_already_is_not_waited_for() -> None:
    async def wait() -> None:
        commits = Commits()
        done: Future[None] = Future()
        done.set_result(None)
        await commits.wait(done)
        failed: Future[None] = Future()
        failed.set_exception(StoreFailed("not written"))
        with pytest.raises(StoreFailed, match="not written"):
            await commits.wait(failed)

    asyncio.run(wait())


def test_one_who_gave_up_disturbs_nobody() -> None:
    async def wait() -> None:
        commits = Commits()
        first: Future[None] = Future()
        second: Future[None] = Future()
        gone = asyncio.ensure_future(commits.wait(first))
        stays = asyncio.ensure_future(commits.wait(second))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        first.set_result(None)
        second.set_result(None)
        await stays
        assert gone.cancelled()

    asyncio.run(wait())
