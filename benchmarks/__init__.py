"""Programs that measure; none of them is shipped."""
