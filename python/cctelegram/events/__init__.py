"""Events: `event` (the struct), `catalogue` (the types), `build` (making one)."""
