"""What a running worker shows of itself: health for probes, metrics for Prometheus, traces for OpenTelemetry."""
