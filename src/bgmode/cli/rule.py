"""``bgmode rule``: a rule's page, or the list of all rules."""

from __future__ import annotations

import difflib

import click

from bgmode.knowledge import RULES, find_rule, read_page


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
        known = [*RULES, *(rule.name for rule in RULES.values())]
        close = difflib.get_close_matches(code, known, n=1, cutoff=0.5)
        hint = f", did you mean {close[0]}?" if close else ""
        raise click.UsageError(f"no rule is called {code}{hint}")
    click.echo(read_page(rule_found).partition("\n---\n")[2].strip())
