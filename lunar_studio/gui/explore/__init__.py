"""The Explore page: sliders, canvas, score, shelf and strip round one document."""
