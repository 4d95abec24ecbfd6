"""The rules that speak of comments and of the policy file: they look at what all others say."""

from __future__ import annotations

from bgmode.finding import Finding
from bgmode.policy.load import parse_policy
from bgmode.policy.policy import Policy
from bgmode.policy_findings import policy_findings, unused_waivers
from tests.expectations import TODAY, findings_of

OF_COMMENTS = frozenset({"BGM002", "BGM003", "BGM004", "BGM005"})
OF_POLICIES = frozenset({"BGM003", "BGM004", "BGM005", "BGM205"})
WITHOUT_CHECK = frozenset({"BGM001", "BGM009", "BGM205"}) | OF_COMMENTS


def findings_of_rule(
    text: str, policy: Policy, code: str, *, path: str = "example.py"
) -> list[Finding]:
    """What one rule says of a Python text; a comment is only unused where the others have run."""
    if code not in OF_COMMENTS:
        return findings_of(text, policy, path=path, code=code)
    found = findings_of(text, policy, path=path)
    return [finding for finding in found if finding.code in {code, "BGM001", "BGM009"}]


def findings_in_policy(text: str, code: str) -> list[Finding]:
    """What one rule says of a policy's own text, where no finding needs its waivers."""
    policy = parse_policy(text, "bgmode.yaml")
    found = [
        *policy_findings(policy, TODAY, lambda rule: True),  # noqa: ARG005
        *unused_waivers(policy, [], TODAY, lambda rule: True),  # noqa: ARG005
    ]
    return [finding for finding in found if finding.code == code]
