"""Events: `event` (what one is), `catalogue` (the types there are), `build` (making one)."""
