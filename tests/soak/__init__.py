"""Long forms of tests that a suite has no time for; each is a command."""
