"""Member clusters: credentials, reads, writes, and what is known of each when it does not answer."""
