"""The parts of the Models page: the list with its filters, one model in full, two models, the shelf as a whole."""
