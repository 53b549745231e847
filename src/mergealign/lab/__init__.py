"""A tiny real model family, trained on this machine in a minute and a half.

It shows that the code paths work, and says nothing about 8 B models.
"""
