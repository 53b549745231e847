"""A tiny real model family, trained on this machine in a minute. It shows that the code paths work, nothing about 8 B models."""
