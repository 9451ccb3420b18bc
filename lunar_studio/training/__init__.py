"""One readable loop that yields events; checkpoints, schedules. Knows torch, never Qt."""
