"""S5's entities and filters, under the import paths that its document names."""
