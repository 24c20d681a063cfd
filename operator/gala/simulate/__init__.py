"""A night by arithmetic: the planning code under a virtual clock, beside other ways to scale."""
