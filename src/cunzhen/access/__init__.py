"""Search: the index that follows the ledger, the query language, hits and their marks."""
