"""How alike models are, tensor by tensor."""
