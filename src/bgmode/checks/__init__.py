"""The rules' functions: one file each, named as the rule is. ``CHECKS`` lists them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from bgmode.checks.abandoned_job import abandoned_job
from bgmode.checks.background_in_zdr_module import background_in_zdr_module
from bgmode.checks.background_reachable_from_zdr import background_reachable_from_zdr
from bgmode.checks.blocking_poll import blocking_poll
from bgmode.checks.busy_poll import busy_poll
from bgmode.checks.client_retried_create import client_retried_create
from bgmode.checks.conflicting_job_type import conflicting_job_type
from bgmode.checks.constant_idempotency_key import constant_idempotency_key
from bgmode.checks.deadline_burning_poll import deadline_burning_poll
from bgmode.checks.disabled_store import disabled_store
from bgmode.checks.discarded_response import discarded_response
from bgmode.checks.endless_poll import endless_poll
from bgmode.checks.forbidden_job_type import forbidden_job_type
from bgmode.checks.implicit_store import implicit_store
from bgmode.checks.lost_parsed_output import lost_parsed_output
from bgmode.checks.missing_idempotency_key import missing_idempotency_key
from bgmode.checks.missing_job_type import missing_job_type
from bgmode.checks.outlived_retention import outlived_retention
from bgmode.checks.poll_in_request_handler import poll_in_request_handler
from bgmode.checks.poll_interval import poll_interval
from bgmode.checks.premature_poll_exit import premature_poll_exit
from bgmode.checks.regenerated_idempotency_key import regenerated_idempotency_key
from bgmode.checks.retried_create import retried_create
from bgmode.checks.stale_poll import stale_poll
from bgmode.checks.stored_state_in_zdr_module import stored_state_in_zdr_module
from bgmode.checks.subject import Subject
from bgmode.checks.swallowed_poll_error import swallowed_poll_error
from bgmode.checks.unapproved_job_type import unapproved_job_type
from bgmode.checks.unawaited_result import unawaited_result
from bgmode.checks.unbounded_poll import unbounded_poll
from bgmode.checks.unchecked_outcome import unchecked_outcome
from bgmode.checks.undecided_job_type import undecided_job_type
from bgmode.checks.undecided_store import undecided_store
from bgmode.checks.unguarded_poll import unguarded_poll
from bgmode.checks.unknown_job_type import unknown_job_type
from bgmode.checks.unknown_status import unknown_status
from bgmode.checks.unpersisted_id import unpersisted_id
from bgmode.checks.unresumable_stream import unresumable_stream
from bgmode.checks.unsupported_idempotency_argument import unsupported_idempotency_argument
from bgmode.checks.unswitched_create import unswitched_create
from bgmode.checks.wrong_lane import wrong_lane
from bgmode.finding import Finding

Check: TypeAlias = Callable[[Subject], Iterator[Finding]]

CHECKS: Mapping[str, Check] = {
    "BGM101": implicit_store,
    "BGM102": disabled_store,
    "BGM103": undecided_store,
    "BGM110": background_in_zdr_module,
    "BGM111": background_reachable_from_zdr,
    "BGM112": stored_state_in_zdr_module,
    "BGM120": outlived_retention,
    "BGM201": missing_job_type,
    "BGM202": unknown_job_type,
    "BGM203": forbidden_job_type,
    "BGM204": unapproved_job_type,
    "BGM206": conflicting_job_type,
    "BGM207": undecided_job_type,
    "BGM208": wrong_lane,
    "BGM301": endless_poll,
    "BGM302": deadline_burning_poll,
    "BGM303": unbounded_poll,
    "BGM304": premature_poll_exit,
    "BGM305": busy_poll,
    "BGM306": blocking_poll,
    "BGM307": stale_poll,
    "BGM308": swallowed_poll_error,
    "BGM309": unknown_status,
    "BGM310": poll_interval,
    "BGM311": unguarded_poll,
    "BGM401": missing_idempotency_key,
    "BGM402": regenerated_idempotency_key,
    "BGM403": constant_idempotency_key,
    "BGM404": retried_create,
    "BGM405": unsupported_idempotency_argument,
    "BGM406": client_retried_create,
    "BGM501": discarded_response,
    "BGM502": unawaited_result,
    "BGM503": unchecked_outcome,
    "BGM504": abandoned_job,
    "BGM505": unresumable_stream,
    "BGM506": poll_in_request_handler,
    "BGM507": unswitched_create,
    "BGM508": lost_parsed_output,
    "BGM509": unpersisted_id,
}
