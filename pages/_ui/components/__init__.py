"""Our browser instruments, a folder each."""
