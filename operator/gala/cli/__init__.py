"""The command line: each command parses, delegates, and prints; what it prints was decided below."""
