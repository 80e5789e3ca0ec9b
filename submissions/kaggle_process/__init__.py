"""The official kaggle client, run as a program of its own: one request in, an answer out.

The kaggle package fixes its address and its credentials while it is imported, so every request
gets a fresh interpreter (``python -P -m submissions.kaggle_process``) with an environment made
for it by `submissions.client`. Only this package imports kaggle, and it imports nothing else of
ours.

Standard input carries one JSON object: ``verb``, ``url``, ``is_kaggle`` and the verb's arguments.
Standard output carries JSON lines: ``{"event": …}`` while it works, then ``{"result": …}`` or
``{"failure": …}``. What the kaggle package prints goes to standard error.
"""
