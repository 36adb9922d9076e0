"""What the floor can be asked: commands, reads, push, printing, timers."""
