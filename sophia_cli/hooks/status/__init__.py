"""A doctor for the hooks of a clone: each thing that is wrong, with its mend."""
