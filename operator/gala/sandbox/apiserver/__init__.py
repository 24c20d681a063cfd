"""A stand-in Kubernetes API server on one loopback port; objects live in memory."""
