"""An embedded fleet for trying things out: API servers, nodes, pods, traffic, and a stepped clock.

It proves nothing about real clusters. What it leaves out is listed in ``docs/sandbox.md``.
"""
