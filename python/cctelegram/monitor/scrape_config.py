"""The part of prometheus.yml that scrapes a bridge. The bridge does not import it."""

from __future__ import annotations

import json


def as_yaml(host: str, port: int, key_file: str) -> str:
    """Return `scrape_configs` with one job.

    Args:
        host: where the bridge listens; a number.
        port: as in the state file.
        key_file: the file with the bridge's key, which Prometheus reads at each scrape.
    """
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"""\
# Made by `cctelegram metrics --scrape-config`; docs/prometheus.md
scrape_configs:
  - job_name: cctelegram
    scrape_interval: 15s
    metrics_path: /metrics
    authorization:
      type: Bearer
      credentials_file: {json.dumps(key_file)}
    static_configs:
      - targets: [{json.dumps(target)}]
"""
