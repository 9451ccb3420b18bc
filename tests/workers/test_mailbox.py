"""The mailbox holds the newest only, whoever posts and whoever takes."""

from __future__ import annotations

import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.workers.mailbox import Mailbox


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
    assert mailbox.wait(5.0) == (1, "hello")
    poster.join()
    closer = threading.Timer(0.02, mailbox.close)
    closer.start()
    assert mailbox.wait(5.0) is None
    closer.join()
    mailbox.post("nobody reads this")
    assert mailbox.wait(5.0) is None


def test_a_drag_of_360_moves_settles_within_a_job_of_the_last() -> None:
    """A 30 ms job against moves 1 ms apart: done one job after the last move, having skipped most of them."""
    job_s = 0.03
    mailbox: Mailbox[int] = Mailbox()
    done: list[tuple[int, int, float]] = []

    def work() -> None:
        while (taken := mailbox.wait()) is not None:
            time.sleep(job_s)
            done.append((*taken, time.monotonic()))

    worker = threading.Thread(target=work)
    worker.start()
    for move in range(360):
        mailbox.post(move)
        time.sleep(0.001)
    last_post_s = time.monotonic()
    while not done or done[-1][1] != 359:
        assert time.monotonic() - last_post_s < 5.0, "the newest move was never served"
        time.sleep(0.001)
    mailbox.close()
    worker.join()
    # The job under way at the last post, then the last move's own; a queue would need 360 of them.
    assert done[-1][2] - last_post_s < 2 * job_s + 0.15
    assert len(done) < 60
    generations = [generation for generation, _, _ in done]
    assert generations == sorted(set(generations))
    assert all(generation == move + 1 for generation, move, _ in done)


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
