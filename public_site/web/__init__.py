"""The only floor that knows HTTP and Jinja.

Finding rule: the first word of a URL is the module here, the folder in `templates/` and the test file in `tests/web/`.
Page modules do not import each other; what they share lives in the few modules without a route: `doors` (what a route
may ask for), `parameters` (what a URL may say), `pages` (whole page or part), `caching`, `errors`, `assets`, `words`.
"""
