"""Colours that the screen, the PNG and the table share."""

from __future__ import annotations

from core.render.palette import LABELS, label_colour, rgb, viewer_labels


def test_labels_take_colours_in_the_agreed_order_and_start_again():
    """The same structure has the same colour on every page; a sixth label may repeat but not crash."""
    assert [label_colour(v) for v in (1, 2, 3)] == ["#F0E442", "#D55E00", "#56B4E9"]
    assert label_colour(len(LABELS) + 1) == LABELS[0]
    assert viewer_labels(["core", "oedema"]) == [(1, "core", "#F0E442"), (2, "oedema", "#D55E00")]


def test_rgb_reads_hexadecimal():
    """A swapped channel would show blue for orange."""
    assert rgb("#D55E00") == (213, 94, 0)
