"""Python without running it: names, values, and the ways out of loops.

This package knows Python and nothing else. It does not know what OpenAI is, what a
job is, or what any rule wants. Somebody else (``bgmode.model``) tells it which calls
*poll*, and what such a call answers. It tells back how each loop is left.

How a loop is judged
====================

The question is: *if every poll answers the same from now on, how is this loop left?*
It is asked once for each answer (``queued``, ``failed``, ...), and it is answered by
running the function with values that may be unknown.

**Values** (``values.py``). A value is ``Known`` (this very constant), a ``Record``
(some of its fields are known: a response whose ``status`` is ``"failed"``, a dict that
is being filled, an object of a class in this project), ``Many`` (a list or set of any
length, whose items are all alike), a ``Stream`` (a generator of this project), something
to call (``Function``, ``ClassRef``, ``Instance``, ``Partial``, ``Symbol``), or
``Unknown``. Sums are never computed: ``attempts + 1`` is unknown at once. So clocks and
counters decide nothing, which is right: they are bounds, and a bound is what ends a loop
*whatever* the poll answers. Each value also says whether it was ``polled``: whether the
answer of a poll has gone into it.

**Conditions** are three-valued. A condition that is true or false takes one branch. An
undecided one takes both, and what the two branches leave behind is *joined*: a name
that has the same value in both keeps it, any other becomes unknown. In the branch that is
taken, ``while pending:`` has shown that there is something in ``pending``; as long as
nothing is removed, the next test of it is no longer undecided.

**Ways out** (``exits.py``). A statement either falls through to the next one or leaves
by a way out: ``break``, ``return``, ``raise``, or the loop's own header. A way out is
named by the node that takes it, so "left by the deadline's ``raise``" and "left by the
``return`` for completed" are two things. ``try``, ``with`` and ``finally``
(``contexts.py``) catch and redirect ways out just as Python does. A way out that is taken
only because something else has failed (an ``accident``) is no bound: nothing says that it
will fail.

**Turns** (``turns.py``). A loop is run turn by turn, each turn from the state that the
last one left. A turn that nothing falls out of ends the loop: it is ALWAYS left. A state
that has been there before means that all later turns are known: if no way out was seen,
the loop is NEVER left, otherwise it is left MAYBE. *Why this ends*: there are finitely
many names; after a few turns each new state is joined with the one before it, a join can
only turn a value into one that says less, and nothing says less than unknown. A function
that calls itself, or that a retry decorator calls again, is a loop as well, and a round of
it is one run of its body (``rounds.py``, ``retrying.py``). What a round raises, those before it may
catch, where they have begun it in a ``try``.

**Before the first poll** of a loop its tests read what was there before. Unless that came
from an earlier poll, it says nothing about the poll's answer. A way out that is taken
before an answer is there in this loop is therefore not counted.

**Guesses**. Where an undecided condition depends on the poll's answer in a way that
cannot be seen (``if looks_finished(response)``), the ways out behind it are marked as
guesses. A rule must not conclude anything from the absence or presence of those. Neither
may it compare two outcomes that look alike but rest on different counters: ``effects``
says which unknown values a run has changed, ``doubts`` which branches it could not decide,
what their conditions read, and which comparisons with an answer in them it could. An object may
have several names: an undecided condition that looks into such a one makes two runs incomparable
if they have changed objects at different places (``shared.py``), and so does anything it reads
that was set behind an earlier poll.

**Several answers** (``judging.py``, ``sharing.py``). What stands before the first poll is run
once. A run takes down what it has asked of the answer; another answer that would reply the same
to all of it shares the run. So a loop on the pending set is run twice, not six times. And as
long as nothing has been asked in the first turn, it is the same turn for every answer: later
runs begin behind that part of it.

**Other modules**. A function or class that is imported from the project has its own nodes,
and its own names around them. A run that comes to such code enters its module (``World.home``)
and goes on there, with the same state and the same notes, until it comes back.

**Limits**. A run has a budget of work, calls are followed three deep, texts and
collections are known up to a size. Past a limit the run is given up, and a run that was
given up says nothing. What a function sets that is not followed is unknown from there on, and
so is what may be changed under another name (``aliases.py``).

What is deliberately not known: implicit exceptions that leave the function (every call
may fail; that is a crash, not a design; a lookup that finds nothing counts where a handler
expects it), other threads, ``globals()["done"] = True``, and whatever is more than a few calls
away. Of an object whose class does something where no call is written (``__getitem__``,
``__add__``, a descriptor) nothing is known, nor of a number that a function which calls itself
is given.
"""
