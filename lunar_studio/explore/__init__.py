"""What an artist does with a trained model: draw, judge, invent, encode, refine. Knows torch, never Qt."""
