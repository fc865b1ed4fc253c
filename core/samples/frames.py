"""The frames in which heads and lesions are fitted and drawn.

Owns their measures, which fitting and drawing share.
"""

from __future__ import annotations

HEAD_GRID = (24, 96, 112)
"""Slices, left to right and back to front, of a head's box."""

HEAD_MARGIN = 0.08
"""Of the box in the plane, on each side: below its widest slices a head reaches out of it."""

HEAD_VOXEL_MM = (5.4, 2.0, 2.15)
"""Of that grid in a head of mean size, by the spacing that the data assume."""

LESION_RADII = 2.4
"""Half the side of a lesion's frame, in radii of a ball of its volume."""
