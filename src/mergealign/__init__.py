"""mergealign: a domain expert made safe again without training.

    merged = base + λ_d · (domain − base) + λ_a · (aligned − base)
"""

from importlib.metadata import version

__version__ = version("mergealign")
