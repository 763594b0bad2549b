"""CCTelegram: a bridge between coding agents and a person's phone, over Telegram."""


def version() -> str:
    """Give the version; it stands in Cargo.toml and nowhere else."""
    from cctelegram._native import __version__  # noqa: PLC0415 - importing the package alone costs nothing

    return __version__
