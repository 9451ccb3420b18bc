"""One readable loop that yields events; checkpoints, schedules, evaluation. Knows torch, never Qt."""
