"""Search over merge weights, and the choice among what was found: where weights and behavior meet."""
