"""Pictures: bytes for the viewer, the overlay as PNG, the mask as NIfTI, and the colours of all three."""
