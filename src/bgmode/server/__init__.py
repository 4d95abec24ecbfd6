"""The language server: findings, fixes and rule pages where the code is written.

The only package that imports pygls. ``judging.py`` judges a text that an editor holds,
``places.py`` turns our lines and columns into the client's, ``diagnostics.py`` and ``actions.py``
say in the protocol's words what was found and what would mend it, ``texts.py`` keeps what is open
and what was said of it, ``protocol.py`` answers the client.
"""
