"""One verdict on one answer."""
