"""Background jobs in one module: clients, calls, polling, retries, job types, ZDR.

Facts, no opinions: nothing here knows a policy or a rule.
"""
