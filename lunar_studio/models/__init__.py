"""The networks, their losses, and the one file a trained model lives in. Knows torch, never Qt."""
