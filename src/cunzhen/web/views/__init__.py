"""Pages of the desk, one module an area; each view calls one operation or query and shows what came of it."""
