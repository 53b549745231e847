"""Something that answers: a causal language model in memory."""
