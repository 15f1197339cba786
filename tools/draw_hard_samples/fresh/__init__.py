"""Papers drawn from a seed: layouts, orders of fields and wordings are picked at random from lists."""
