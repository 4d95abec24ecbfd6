"""Fixes: from edit intents to new text, proven, and written so that nothing is lost.

The only package that imports libcst, and only when there is something to fix.
``brackets.py`` edits calls and dict displays with libcst, ``edits.py`` places edits in a text,
``proof.py`` checks the new text, ``rounds.py`` applies the fixes of one file, ``write.py``
replaces the file.
"""
