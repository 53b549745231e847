"""Records → tables. Reads `record` only, so any report can be rebuilt on a laptop without torch."""
