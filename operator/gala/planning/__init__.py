"""The product's heart: pure rules from one snapshot and `now` to a plan; no I/O, no clock."""
