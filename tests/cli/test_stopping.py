"""A stop wish: the first Ctrl-C asks, the second interrupts, and nothing stays behind."""

from __future__ import annotations

import signal
import threading

import pytest

from lunar_studio.cli.stopping import stoppable


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks(number: signal.Signals, capsys: pytest.CaptureFixture[str]) -> None:
    with stoppable("Stopping.") as wish:
        assert not wish()
        signal.raise_signal(number)
        assert wish()
    assert capsys.readouterr().err == "Stopping.\n"


def test_a_second_sigterm_insists(capsys: pytest.CaptureFixture[str]) -> None:
    with stoppable("Stopping.") as wish:
        signal.raise_signal(signal.SIGTERM)
        assert not wish.insists()
        signal.raise_signal(signal.SIGTERM)
        assert wish.insists()
    assert capsys.readouterr().err == "Stopping.\nStopping.\n"


def test_the_second_ctrl_c_interrupts() -> None:
    with stoppable("Stopping."):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_handlers_are_as_before() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with stoppable("Stopping."):
        assert signal.getsignal(signal.SIGINT) is not before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_elsewhere_than_in_the_main_thread_only_a_wish_counts() -> None:
    heard: list[bool] = []

    def work() -> None:
        with stoppable("Stopping.") as wish:
            heard.append(wish())
            wish.wish()
            heard.append(wish())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert heard == [False, True]
