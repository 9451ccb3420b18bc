"""The mailbox holds the newest only, whoever posts and whoever takes."""

from __future__ import annotations

import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.workers.mailbox import Mailbox

LIMIT_S = 30.0


def test_an_empty_mailbox_gives_nothing() -> None:
    mailbox: Mailbox[str] = Mailbox()
    assert mailbox.take() is None
    assert mailbox.generation == 0
    assert not mailbox.is_waiting


def test_the_newest_replaces_what_waits() -> None:
    mailbox: Mailbox[str] = Mailbox()
    assert mailbox.post("old") == 1
    assert mailbox.post("new") == 2
    assert mailbox.is_waiting
    assert mailbox.take() == (2, "new")
    assert mailbox.take() is None


@given(st.lists(st.one_of(st.integers(), st.just("take"), st.just("clear"))))
def test_it_is_a_register_with_a_counter(actions: list[int | str]) -> None:
    """Whatever is done to it, it behaves as one optional value and a count of posts."""
    mailbox: Mailbox[int] = Mailbox()
    model: tuple[int, int] | None = None
    posts = 0
    for action in actions:
        if action == "take":
            assert mailbox.take() == model
            model = None
        elif action == "clear":
            mailbox.clear()
            model = None
        elif isinstance(action, int):
            posts += 1
            model = (posts, action)
            assert mailbox.post(action) == posts
        assert mailbox.is_waiting == (model is not None)
        assert mailbox.generation == posts


def test_waiting_ends_with_a_post_a_limit_or_the_close() -> None:
    mailbox: Mailbox[str] = Mailbox()
    begun_s = time.monotonic()
    assert mailbox.wait(0.05) is None
    assert time.monotonic() - begun_s >= 0.05

    def later() -> None:
        time.sleep(0.02)
        mailbox.post("hello")

    poster = threading.Thread(target=later)
    poster.start()
    assert mailbox.wait(LIMIT_S) == (1, "hello")
    poster.join()
    closer = threading.Timer(0.02, mailbox.close)
    closer.start()
    assert mailbox.wait(LIMIT_S) is None
    closer.join()
    mailbox.post("nobody reads this")
    assert mailbox.wait(LIMIT_S) is None


def test_a_drag_of_360_moves_takes_a_job_for_each_pause_and_one_for_the_last() -> None:
    """Twelve jobs end during the drag, the next is under way at its end, and then comes the newest move at once."""
    mailbox: Mailbox[int] = Mailbox()
    turns, ended = threading.Semaphore(0), threading.Semaphore(0)
    done: list[tuple[int, int]] = []

    def work() -> None:
        while (taken := mailbox.wait()) is not None:
            turns.acquire(timeout=LIMIT_S)
            done.append(taken)
            ended.release()

    worker = threading.Thread(target=work)
    worker.start()
    for move in range(360):
        mailbox.post(move)
        if move % 30 == 29:
            turns.release()
            assert ended.acquire(timeout=LIMIT_S), "no job ended"
    during = len(done)
    assert during == 12
    turns.release(1000)
    while done[-1][1] != 359:
        assert ended.acquire(timeout=LIMIT_S), "the newest move was never served"
    mailbox.close()
    worker.join()
    # The job under way at the last post, then the last move's own; a queue would need 360 of them.
    assert len(done) <= during + 2
    generations = [generation for generation, _ in done]
    assert generations == sorted(set(generations))
    assert all(generation == move + 1 for generation, move in done)


def test_many_posters_lose_no_generation() -> None:
    mailbox: Mailbox[int] = Mailbox()
    given_out: list[int] = []
    lock = threading.Lock()

    def post() -> None:
        for _ in range(500):
            generation = mailbox.post(0)
            with lock:
                given_out.append(generation)

    posters = [threading.Thread(target=post) for _ in range(8)]
    for poster in posters:
        poster.start()
    for poster in posters:
        poster.join()
    assert sorted(given_out) == list(range(1, 4001))
    assert mailbox.generation == 4000
