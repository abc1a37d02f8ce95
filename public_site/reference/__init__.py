"""Reference data with a source for every line: scales, schemes, industries, places that have another name.

What stands here was read somewhere, and the `source` column says where; what nobody published is left empty.
"""
