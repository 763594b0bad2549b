"""Events: `event` (the struct), `catalogue` (the types), `lane`, `build` (making one)."""
