"""The parts of the threshold sweep page."""
