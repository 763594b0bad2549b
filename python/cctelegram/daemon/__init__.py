"""The daemon of a home: assembles the components and runs them."""
