"""Pictures: bytes for the viewer, the overlay as PNG, the mask as NIfTI, and the colours of all three."""

from core.render.display import DisplayImage, display_heat, display_image, display_labels
from core.render.nifti_out import label_table, mask_nifti, probability_facts, probability_nifti
from core.render.overlay import overlay_png
from core.render.palette import label_colour, viewer_labels

__all__ = [
    "DisplayImage",
    "display_heat",
    "display_image",
    "display_labels",
    "label_colour",
    "label_table",
    "mask_nifti",
    "overlay_png",
    "probability_facts",
    "probability_nifti",
    "viewer_labels",
]
