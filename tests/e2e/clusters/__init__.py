"""Where the clusters of the end-to-end tests come from: this machine, kind, or a kubeconfig."""
