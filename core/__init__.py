"""Readroom's core: everything but the screen. Research use only; not a medical device."""

__version__ = "0.1.0"

NOTICE = "Research use only. Not a medical device. Do not use for diagnosis or treatment."
