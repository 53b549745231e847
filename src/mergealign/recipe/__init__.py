"""What the user asks for: strict YAML, recipes and evaluation suites."""
