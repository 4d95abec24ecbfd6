"""The policy: what a security team has decided, read from one YAML file.

``policy.py`` is the decision as data, ``schema.py`` what may stand in the file,
``load.py`` how the file is found and read, ``globs.py`` how patterns match.
"""
