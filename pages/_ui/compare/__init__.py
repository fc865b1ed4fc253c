"""The parts of the model comparison page."""
