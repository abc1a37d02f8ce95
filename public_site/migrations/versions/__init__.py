"""One file a version, numbered in order; what has been released is never changed."""
