"""Self-checks: one small module each in `edge.doctor.checks`; none of them changes anything."""
