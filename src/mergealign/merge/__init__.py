"""Recipe → plan → stream → Sink.

The way of one tensor: `plan.py` finds it in the headers and decides its rule and dtype; `stream.py` reads it block by
block, merges and digests it; `folder.py` writes it where `checkpoint/shards.py` has laid it out. `run.py` is the whole
job.
"""
