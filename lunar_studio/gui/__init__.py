"""The window: widgets that show the session's state and send it commands. Never torch."""
