"""The parts of preference_baselines.py: training pairs, training, rows of the table."""
