"""The box's web door: pages, API, websocket."""
