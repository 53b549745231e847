"""Models × tasks × judges → scores with intervals."""
