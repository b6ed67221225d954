"""The push feed of the simulated broker: MQTT 3.1.1 over TLS, on a port of its own."""
