"""A small web shop that grew one language model call at a time."""
