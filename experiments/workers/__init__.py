"""Several processes at one study: on this machine, on a cluster, or from elsewhere."""
