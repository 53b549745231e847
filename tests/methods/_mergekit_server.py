"""Runs in mergekit's interpreter: reads one case per line of standard input, answers with one line (see peer.py)."""

import json
import os
import sys


def main() -> None:
    """Until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints goes to standard error
    import numpy as np
    import torch
    from mergekit.merge_methods.api import merge_tensors

    for line in sys.stdin:
        case = json.loads(line)
        error = ""
        try:
            torch.manual_seed(case["seed"])
            with np.load(case["given"]) as given, torch.no_grad():
                merged = {
                    name: merge_tensors(
                        [torch.from_numpy(given[f"{name}|{i}"]) for i in range(n)],
                        case["method"],
                        parameters=case["parameters"],
                        base_index=0 if case["base"] else None,
                        name=name,
                        dtype=torch.float32,
                    ).numpy()
                    for name, n in case["n_inputs"].items()
                }
            np.savez(case["made"], **merged)
        except Exception as e:  # noqa: BLE001 - whatever mergekit refuses goes back to the test
            error = f"{type(e).__name__}: {e}"
        answers.write(json.dumps({"error": error}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
