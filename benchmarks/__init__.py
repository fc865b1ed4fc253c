"""How fast, beside the usual way: `make bench`. Measured side by side in one run, never asserted."""
