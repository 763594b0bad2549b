"""The daemon of a home: it makes the components and runs them."""
