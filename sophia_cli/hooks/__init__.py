"""Quality checks in front of every commit: what is new is stopped, what is old stays."""
