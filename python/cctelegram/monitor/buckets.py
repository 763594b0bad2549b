"""Upper bounds of histogram buckets. Start-cheap: imports nothing."""

# Seconds: from a fast disk to a slow network. 5 s is the budget of a delivery.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
# Seconds of a tool call: a tool that asks waits for a person.
CALL_SECONDS = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    5.0,
    30.0,
    300.0,
    1800.0,
    7200.0,
)
# Seconds that a person takes: up to a day.
HUMAN_SECONDS = (1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0)
# Events of a batch.
COUNTS = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 512.0, 1000.0)
