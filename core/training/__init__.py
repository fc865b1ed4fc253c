"""Learning: the same readers and preprocessing as serving, the other way round."""
