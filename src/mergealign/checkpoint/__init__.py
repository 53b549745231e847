"""A model folder on disk: what it holds (headers only), how to read, write and digest it."""
