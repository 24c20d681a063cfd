"""gala-operator: capacity Ready before each round of a scheduled show, and given back exactly."""

__version__ = "0.1.0"
