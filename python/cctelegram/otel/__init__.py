"""Export to an OpenTelemetry collector: traces, metrics and logs by OTLP over HTTP.

A process of its own, `python -m cctelegram.otel`, which the bridge starts when `otel.endpoint` is set
(daemon/telemetry.py). It reads the store, the log and the bridge's /metrics, and changes none of them; its
position in them is in `state/otel.db`. The bridge imports nothing of this room.
"""
