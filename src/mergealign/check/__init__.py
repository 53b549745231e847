"""Do these checkpoints belong together? Answered from headers and configs, before anything is merged."""
