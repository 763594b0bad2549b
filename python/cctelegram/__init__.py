"""CCTelegram: a bridge between coding agents and a person's phone, over Telegram."""


def version() -> str:
    """Return the version, which is set in Cargo.toml only."""
    from cctelegram._native import __version__  # noqa: PLC0415 - importing the package alone costs nothing

    return __version__
