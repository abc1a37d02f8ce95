"""`python -m public_site` is `public-site`."""

from public_site import garbage

with garbage.beginning():
    from public_site.commands import main

if __name__ == "__main__":
    main()
