"""Traces by OpenTelemetry. Nothing of it is loaded, and nothing is wrapped, unless they are on."""
