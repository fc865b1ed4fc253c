"""Pictures: bytes for the viewer, the overlay as PNG, the mask as NIfTI, and the colours of all three."""

from core.render.display import DisplayImage, display_heat, display_image, display_labels

__all__ = ["DisplayImage", "display_heat", "display_image", "display_labels"]
