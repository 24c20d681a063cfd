"""Queries per second, per workload and cluster, from Prometheus."""
