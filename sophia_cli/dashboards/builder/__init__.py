"""What makes the boards. It needs grafana-foundation-sdk; who uses the boards does not."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # The SDK would rather have the model of Grafana 13 alone; this one is read by 10 to 13.
    warnings.filterwarnings("ignore", "Prefer using dashboardv2", DeprecationWarning)
    import grafana_foundation_sdk.builders.bargauge
    import grafana_foundation_sdk.builders.dashboard  # noqa: F401
