"""``bgmode rule``: a rule's page, or the list of all rules."""

from __future__ import annotations

import click

from bgmode.knowledge import RULES, find_rule, nearest_rule, shown_page


@click.command("rule")
@click.argument("code", required=False)
@click.option("--all", "every", is_flag=True, help="List all rules.")
def command(code: str | None, every: bool) -> None:
    """Show the page of the rule CODE (a code or a name)."""
    if every or code is None:
        for rule in RULES.values():
            click.echo(f"{rule.code}  {rule.severity:<7}  {rule.name:<32}  {rule.summary}")
        return
    rule_found = find_rule(code)
    if rule_found is None:
        close = nearest_rule(code)
        hint = f", did you mean {close}?" if close else ""
        raise click.UsageError(f"no rule is called {code}{hint}")
    click.echo(shown_page(rule_found))
