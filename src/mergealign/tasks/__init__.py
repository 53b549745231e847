"""Knowledge tasks, and prompt sets for safety and over-refusal."""
