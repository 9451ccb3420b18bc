"""The only threads: run exploring, training, importing and exporting, and re-emit what happens as signals.

A `Worker` lives in a thread of its own, which the one `ThreadHost` starts and ends; a `Service` is its
owner in the GUI thread. Receivers of a worker's signals are `@Slot` methods of QObjects that live in the
GUI thread: a lambda, a partial or a plain object's method would run in the *worker's* thread.
Packages that load torch are imported inside functions, in the worker's thread.
"""
