"""What a security officer reads: a page per rule, dated provider facts, policy presets.

These files are data. They are installed as the package ``bgmode.rules``.
"""
