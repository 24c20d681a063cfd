"""The pass, the clock, leadership and the ledger: the only place where the other rooms meet."""
