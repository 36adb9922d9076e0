"""Fixed scanners: serial, keyboards (HID), and both directions of TCP, into one framing."""
