"""What the statistics pages share: which test set, read how, and what to do about its faults."""
